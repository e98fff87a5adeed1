//! From a graph and a snapshot to a plan.

use std::collections::{BTreeMap, BTreeSet};

use wharf_graph::input::references;
use wharf_graph::props::short_hash;
use wharf_graph::{Address, Foreign, Graph, Snapshot, StackId};

use crate::decide::{Decision, Decisions, Verdict, decide};
use crate::document::FORMAT;
use crate::doomed::{depended_on, doomed, holders, objects, protected};
use crate::estimate::Estimator;
use crate::impact;
use crate::nodes::{Node, Nodes};
use crate::scope::{Relations, dependents};
use crate::{
    Action, Change, Check, Cost, Inputs, Part, Plan, Refusal, Step, StepId, Summary, TwoApplies,
    Waiting, consent, edges, seal, toposort,
};

/// What a plan depends on besides graph and snapshot.
#[derive(Clone, Debug)]
pub struct Options {
    /// The stack.
    pub stack: StackId,
    /// Kinds (`load_balancer`), words of the spec (`balancer`) or addresses that must not be
    /// deleted or replaced.
    pub protect: BTreeSet<String>,
    /// Whether the stack is to go: the graph is taken as empty.
    pub destroy: bool,
    /// Kinds and addresses that stay when the stack is destroyed.
    pub keep: BTreeSet<String>,
    /// Services that are called otherwise now: the old name, and the new one.
    pub renamed: BTreeMap<String, String>,
    /// Restricts the plan to these resources and what they cannot do without.
    pub only: Option<Vec<Address>>,
    /// What the stack costs; goes into the plan.
    pub cost: Option<Cost>,
    /// What was noticed before planning; goes into the plan.
    pub checks: Vec<Check>,
    /// What only somebody outside can provide; goes into the plan.
    pub waiting: Vec<Waiting>,
    /// What the plan is made from; goes into the plan (`destroy` and `only` are filled in).
    pub inputs: Inputs,
}

impl Options {
    /// Asks for the plan of a whole stack, with nothing special about it.
    pub fn new(stack: StackId) -> Self {
        Self {
            stack,
            protect: BTreeSet::new(),
            destroy: false,
            keep: BTreeSet::new(),
            renamed: BTreeMap::new(),
            only: None,
            cost: None,
            checks: Vec::new(),
            waiting: Vec::new(),
            inputs: Inputs::default(),
        }
    }
}

/// Compares what is desired with what exists, and orders the steps between the two.
///
/// Refuses when part of the account could not be read, when objects of somebody else stand in the
/// way, and when the spec protects what would be deleted.
pub fn plan(desired: &Graph, snapshot: &Snapshot, options: &Options) -> Result<Plan, Refusal> {
    if !snapshot.failures.is_empty() {
        return Err(Refusal::Partial(snapshot.failures.clone()));
    }
    let nothing = Graph::default();
    let graph = if options.destroy { &nothing } else { desired };
    let objects = objects(snapshot);
    let decided = decide(graph, snapshot);
    let doomed = doomed(graph, snapshot, options, &objects, &decided);
    let holders = holders(&objects, &doomed);
    let dependents = dependents(graph);
    let relations = Relations {
        graph,
        decided: &decided,
        doomed: &doomed,
        holders: &holders,
        dependents: &dependents,
    };
    let scope = match &options.only {
        Some(only) => Some(scope(only, &relations, snapshot)?),
        None => None,
    };
    let inside = |address: &Address| scope.as_ref().is_none_or(|scope| scope.contains(address));
    refuse(graph, snapshot, options, &relations, &inside)?;

    let nodes = Nodes::new(&decided, &doomed, &dependents, &inside);
    let must = edges::must(&nodes, &relations);
    let before = toposort::with_wishes(&must, &edges::wishes(&nodes, &relations, &objects));
    let Some(order) = toposort::sort(&before) else {
        let names = toposort::cycle(&before).unwrap_or_default();
        return Err(Refusal::Bug(
            names.into_iter().map(|index| nodes.list[index].address.to_string()).collect(),
        ));
    };
    let steps = steps(nodes, &before, &order, &Estimator { decided: &decided, snapshot });
    Ok(document(steps, graph, snapshot, options, &decided, &inside))
}

fn scope<'a>(
    only: &'a [Address],
    relations: &Relations<'a>,
    snapshot: &Snapshot,
) -> Result<BTreeSet<&'a Address>, Refusal> {
    let strangers: Vec<Address> = only
        .iter()
        .filter(|one| !relations.decided.contains_key(one) && !snapshot.live.contains_key(*one))
        .cloned()
        .collect();
    if strangers.is_empty() {
        Ok(relations.scope(only))
    } else {
        Err(Refusal::NoSuchAddress(strangers))
    }
}

fn refuse(
    graph: &Graph,
    snapshot: &Snapshot,
    options: &Options,
    relations: &Relations<'_>,
    inside: &dyn Fn(&Address) -> bool,
) -> Result<(), Refusal> {
    let in_the_way: Vec<Foreign> = snapshot
        .foreign
        .iter()
        .filter(|foreign| graph.get(&foreign.address).is_some() && inside(&foreign.address))
        .cloned()
        .collect();
    if !in_the_way.is_empty() {
        return Err(Refusal::Foreign(in_the_way));
    }
    let going = relations.doomed.iter().filter(|(key, _)| inside(key.0)).map(|(_, doom)| doom);
    let protected = protected(options, going);
    if !protected.is_empty() {
        return Err(Refusal::Protected(protected));
    }
    let going = relations.doomed.iter().filter(|(key, _)| inside(key.0)).map(|(_, doom)| doom);
    let depends = depended_on(snapshot, going);
    if !depends.is_empty() {
        return Err(Refusal::Guests(depends));
    }
    let decisions = relations.decided.iter().filter(|(address, _)| inside(address));
    let later: Vec<TwoApplies> = decisions
        .filter_map(|(_, one)| two_applies(one).or_else(|| takes_over(one, snapshot, options)))
        .collect();
    if later.is_empty() { Ok(()) } else { Err(Refusal::TwoApplies(later)) }
}

/// Finds what is to take over from something of another name that still serves.
fn takes_over(
    decision: &Decision<'_>,
    snapshot: &Snapshot,
    options: &Options,
) -> Option<TwoApplies> {
    let desired = decision.desired;
    let stays = desired.policy.stays.filter(|stays| stays.holds(&desired.props))?;
    let mut renamed = options.renamed.iter();
    let (before, _) = renamed.find(|(_, now)| *now == desired.address.name())?;
    let there = snapshot.live.get(&Address::new(desired.policy.kind, before))?;
    let serves = there.iter().any(|live| !live.leaving) && decision.verdict == Verdict::Create;
    serves.then(|| TwoApplies {
        address: desired.address.clone(),
        why: stays.why,
        first: stays.first,
        paths: vec!["name".to_owned()],
    })
}

/// Finds what cannot be changed without a gap before something else is.
fn two_applies(decision: &Decision<'_>) -> Option<TwoApplies> {
    let stays = decision.desired.policy.stays?;
    let live = decision.live?;
    let stays_there = |change: &&Change| {
        let moved = change.path.split('.').next() == Some(stays.prop);
        change.forces_replacement.is_some() || (moved && stays.holds(&live.props))
    };
    let held = stays.holds(&decision.desired.props) && decision.verdict != Verdict::Same;
    let paths: Vec<String> = decision
        .changes
        .iter()
        .filter(|_| held)
        .filter(stays_there)
        .map(|change| change.path.clone())
        .collect();
    let (why, first) = (stays.why, stays.first);
    let address = decision.desired.address.clone();
    (!paths.is_empty()).then_some(TwoApplies { address, why, first, paths })
}

fn steps(
    nodes: Nodes<'_>,
    before: &toposort::Before,
    order: &[usize],
    estimator: &Estimator<'_>,
) -> Vec<Step> {
    let mut ids = vec![StepId::at(0); order.len()];
    for (place, &index) in order.iter().enumerate() {
        ids[index] = StepId::at(place);
    }
    let mut list: Vec<Option<Node<'_>>> = nodes.list.into_iter().map(Some).collect();
    order
        .iter()
        .filter_map(|&index| {
            let node = list[index].take()?;
            Some(Step {
                id: ids[index].clone(),
                impact: estimator.step(&node),
                address: node.address.clone(),
                action: node.action,
                part: node.part,
                reason: node.because.to_string(),
                because: node.because,
                needs: before[index].iter().map(|need| ids[*need].clone()).collect(),
                drift: node.drift,
                changes: node.changes,
                note: node.note,
                op: node.op,
            })
        })
        .collect()
}

fn document(
    steps: Vec<Step>,
    graph: &Graph,
    snapshot: &Snapshot,
    options: &Options,
    decided: &Decisions<'_>,
    inside: &dyn Fn(&Address) -> bool,
) -> Plan {
    let busy: BTreeSet<&Address> = steps.iter().map(|step| &step.address).collect();
    let same: Vec<(&Address, bool)> = decided
        .iter()
        .filter(|(address, one)| one.verdict == Verdict::Same && inside(address))
        .map(|(address, one)| (*address, one.stale_tag))
        .collect();
    let unchanged: Vec<Address> =
        same.iter().map(|(at, _)| *at).filter(|at| !busy.contains(at)).cloned().collect();
    let stale_tags = same.iter().filter(|(_, stale)| *stale).map(|(at, _)| (*at).clone()).collect();
    let observed = seal::observe(snapshot);
    let facts: Vec<String> = observed.iter().map(|(name, hash)| format!("{name} {hash}")).collect();
    let plan = Plan {
        format: FORMAT.to_owned(),
        wharf: env!("CARGO_PKG_VERSION").to_owned(),
        stack: options.stack.to_string(),
        account: snapshot.facts.account.clone(),
        region: snapshot.facts.region.clone(),
        id: String::new(),
        facts: short_hash(&facts.join("\n"), 16),
        seal: graph.seal().to_string(),
        summary: summary(&steps, unchanged.len()),
        impact: impact::total(&steps),
        consent: consent::dangers(&steps),
        cost: options.cost.clone(),
        outputs: outputs(&steps, decided),
        steps,
        checks: options.checks.clone(),
        waiting: options.waiting.clone(),
        inputs: Inputs {
            destroy: options.destroy,
            only: options.only.clone(),
            ..options.inputs.clone()
        },
        unchanged,
        stale_tags,
        observed,
    };
    plan.seal()
}

/// Counts by resource, so that a replacement or a cut update counts once.
fn summary(steps: &[Step], unchanged: usize) -> Summary {
    let mut counts = Summary { unchanged, ..Summary::default() };
    let mut drifted = BTreeSet::new();
    for step in steps {
        if step.drift {
            drifted.insert(&step.address);
        }
        match (step.action, step.part) {
            (_, Some(Part::Attach))
            | (Action::Update, Some(Part::Join | Part::Widen))
            | (Action::Replace, Some(Part::Delete)) => {}
            (Action::Create, _) => counts.create += 1,
            (Action::Update, _) => counts.update += 1,
            (Action::Replace, _) => counts.replace += 1,
            (Action::Delete, _) => counts.delete += 1,
            (Action::Adopt, _) => counts.adopt += 1,
        }
    }
    counts.drift = drifted.len();
    counts
}

/// Collects the outputs that steps refer to and that exist already.
fn outputs(steps: &[Step], decided: &Decisions<'_>) -> BTreeMap<Address, BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for reference in steps.iter().filter_map(|step| step.op.props()).flat_map(references) {
        let Some(decision) = decided.get(&reference.of) else { continue };
        if !matches!(decision.verdict, Verdict::Same | Verdict::Update) {
            continue;
        }
        let mut all = decision.desired.known_outputs.clone();
        all.extend(decision.live.into_iter().flat_map(|live| live.outputs.clone()));
        found.insert(reference.of, all);
    }
    found
}
