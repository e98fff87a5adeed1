//! Moving traffic to a new target only when something serves it.
//!
//! A listener or rule names the targets that get traffic, and whatever serves a target (a service)
//! can only do so once a listener or rule names it (Amazon ECS API reference, `CreateService`: the
//! target group must be associated with a load balancer). So a new target is first named at weight 0
//! ("attach"). Then the service begins to serve it beside the old one ("join"), since a target that
//! gets requests must not be left empty; then traffic goes over ("move"), and only then the service
//! lets go of the old target ("release").

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use wharf_graph::Address;
use wharf_graph::input::{as_ref, resolve_known};
use wharf_graph::props::spec_hash;

use crate::Change;
use crate::decide::{Decision, Decisions, Verdict, compare, known};

/// The key of an element that names its target.
const TARGET: &str = "target_group";

/// The key of an element of the traffic prop that says how much it gets.
const WEIGHT: &str = "weight";

/// How updates are cut up while traffic moves.
#[derive(Debug, Default)]
pub(crate) struct Staging<'a> {
    /// Listeners and rules.
    pub(crate) moves: BTreeMap<&'a Address, Move<'a>>,
    /// Services that serve an old target which still gets traffic.
    pub(crate) joins: BTreeMap<&'a Address, Join<'a>>,
}

/// How the update of a listener or rule is cut in two.
#[derive(Debug)]
pub(crate) struct Move<'a> {
    /// Props and changes of the first half; `None` when the targets are named already.
    pub(crate) attach: Option<(Value, Vec<Change>)>,
    /// A target that is moved to, for people.
    pub(crate) target: &'a Address,
    /// What must be changed between the halves, because it begins to serve a target.
    pub(crate) servers: BTreeSet<&'a Address>,
}

/// How the update of a service is cut in two.
#[derive(Debug)]
pub(crate) struct Join<'a> {
    /// A target that is joined, for people.
    pub(crate) target: &'a Address,
    /// Props and changes of the first half; `None` when it is done already.
    pub(crate) first: Option<(Value, Vec<Change>)>,
    /// What the second half lets go of.
    pub(crate) release: Vec<Change>,
    /// Listeners and rules that move traffic between the halves.
    pub(crate) movers: BTreeSet<&'a Address>,
}

/// A listener or rule that sends its traffic elsewhere.
struct Mover<'a> {
    address: &'a Address,
    prop: &'static str,
    live: &'a Value,
    before: &'a [Value],
    after: &'a [Value],
}

/// By address, the desired resources that need it.
pub(crate) type Dependents<'a> = BTreeMap<&'a Address, Vec<&'a Address>>;

impl<'a> Staging<'a> {
    /// Finds the updates that have to be cut up.
    pub(crate) fn new(
        decided: &Decisions<'a>,
        dependents: &Dependents<'a>,
        inside: &dyn Fn(&Address) -> bool,
    ) -> Self {
        let movers: Vec<Mover<'a>> =
            decided.values().filter(|one| inside(&one.desired.address)).filter_map(mover).collect();
        let mut staging = Self::default();
        for mover in &movers {
            for (_, target) in mover.targets(decided) {
                for server in servers(target, decided, dependents, inside) {
                    staging.join(mover, target, server, decided);
                }
            }
        }
        for (address, join) in &mut staging.joins {
            join.first = first_half(&decided[address], &join.release, decided);
        }
        for mover in &movers {
            if let Some(cut) = mover.cut(&staging.joins, decided, dependents, inside) {
                staging.moves.insert(mover.address, cut);
            }
        }
        staging
    }

    /// Notes what a service still serves that this listener or rule sends traffic to.
    fn join(
        &mut self,
        mover: &Mover<'a>,
        target: &'a Address,
        server: &'a Address,
        decided: &Decisions<'a>,
    ) {
        let decision = &decided[server];
        let Some(prop) = decision.desired.policy.serves else { return };
        let (Verdict::Update, Some(live)) = (decision.verdict, decision.live) else { return };
        let Some(list) = live.props.get(prop).and_then(Value::as_array) else { return };
        let wanted = resolved(decision.desired.props.get(prop), decided);
        for (index, element) in list.iter().enumerate() {
            let old = element.get(TARGET);
            let busy = mover.before.iter().any(|one| one.get(TARGET) == old && trafficked(one));
            if !busy || wanted.iter().any(|one| one.get(TARGET) == old) {
                continue;
            }
            let join = self.joins.entry(server).or_insert_with(|| Join {
                target,
                first: None,
                release: Vec::new(),
                movers: BTreeSet::new(),
            });
            join.movers.insert(mover.address);
            let path = format!("{prop}.{index}.{TARGET}");
            if join.release.iter().all(|change| change.path != path) {
                join.release.push(Change {
                    path,
                    before: old.cloned().unwrap_or(Value::Null),
                    after: Value::Null,
                    unknown: false,
                    sensitive: false,
                    forces_replacement: None,
                    follows: Some(target.clone()),
                });
            }
        }
    }
}

/// Returns what serves a target: resources that need it and serve traffic, but do not send it.
fn servers<'a>(
    target: &Address,
    decided: &Decisions<'a>,
    dependents: &Dependents<'a>,
    inside: &dyn Fn(&Address) -> bool,
) -> Vec<&'a Address> {
    let serves = |address: &&Address| {
        let policy = decided[*address].desired.policy;
        inside(address) && policy.traffic.is_none() && policy.serves_traffic
    };
    dependents.get(target).into_iter().flatten().copied().filter(serves).collect()
}

/// Returns the props with which a service serves the old targets as well, unless it does already.
///
/// A rollout that nobody saw through is not done: the tag is renewed last, so a stale one tells.
fn first_half(
    decision: &Decision<'_>,
    release: &[Change],
    decided: &Decisions<'_>,
) -> Option<(Value, Vec<Change>)> {
    let prop = decision.desired.policy.serves?;
    let live = decision.live?;
    let mut props = decision.desired.props.clone();
    let list = props.get_mut(prop)?.as_array_mut()?;
    let pattern = list.first()?.clone();
    for old in release {
        let mut element = pattern.clone();
        element[TARGET] = old.before.clone();
        list.push(element);
    }
    let changes = compare(decision.desired.policy, &live.props, &props, decided);
    let done =
        changes.is_empty() && live.applied.as_ref().is_none_or(|tag| *tag == spec_hash(&props));
    (!done).then_some((props, changes))
}

fn mover<'a>(decision: &Decision<'a>) -> Option<Mover<'a>> {
    let prop = decision.desired.policy.traffic?;
    let differs = decision.changes.iter().any(|change| change.path == prop);
    let live = decision.live.filter(|_| differs && decision.verdict == Verdict::Update)?;
    let before = live.props.get(prop)?.as_array().filter(|list| !list.is_empty())?;
    let after = decision.desired.props.get(prop)?.as_array()?;
    Some(Mover { address: &decision.desired.address, prop, live: &live.props, before, after })
}

impl<'a> Mover<'a> {
    /// Returns the desired targets that get traffic.
    fn targets(&self, decided: &Decisions<'a>) -> Vec<(&'a Value, &'a Address)> {
        self.after
            .iter()
            .filter(|element| trafficked(element))
            .filter_map(|element| {
                let reference = as_ref(element.get(TARGET)?)?;
                Some((element, *decided.get_key_value(&reference.of)?.0))
            })
            .collect()
    }

    fn cut(
        &self,
        joins: &BTreeMap<&'a Address, Join<'a>>,
        decided: &Decisions<'a>,
        dependents: &Dependents<'a>,
        inside: &dyn Fn(&Address) -> bool,
    ) -> Option<Move<'a>> {
        if self.only_names_more(decided) || self.is_taken_over(decided, dependents, inside) {
            return None;
        }
        let mut all = BTreeSet::new();
        let mut first = None;
        let mut missing = Vec::new();
        for (element, target) in self.targets(decided) {
            let begins = |server: &&Address| match joins.get(server) {
                Some(join) => join.first.is_some(),
                None => decided[server].verdict != Verdict::Same || decided[server].stale_tag,
            };
            let found: Vec<&Address> =
                servers(target, decided, dependents, inside).into_iter().filter(begins).collect();
            if found.is_empty() {
                continue;
            }
            all.extend(found);
            first = first.or(Some(target));
            let value = &resolve_known(element, &|reference| known(decided, reference))[TARGET];
            if !self.before.iter().any(|one| one.get(TARGET) == Some(value)) {
                missing.push(element.clone());
            }
        }
        let attach = (!missing.is_empty()).then(|| self.attach(missing, decided));
        first.map(|target| Move { attach, target, servers: all })
    }

    /// Says whether what comes demands everything for itself from the start, and nothing else is left that serves.
    fn is_taken_over(
        &self,
        decided: &Decisions<'a>,
        dependents: &Dependents<'a>,
        inside: &dyn Fn(&Address) -> bool,
    ) -> bool {
        let targets = self.targets(decided).into_iter();
        let mut all = targets.flat_map(|(_, target)| servers(target, decided, dependents, inside));
        all.any(|server| {
            let desired = decided[server].desired;
            let stays = desired.policy.stays.is_some_and(|stays| stays.holds(&desired.props));
            stays && decided[server].verdict == Verdict::Create
        })
    }

    /// Says whether nothing moves: all targets stay as they are, and those that come get nothing yet.
    fn only_names_more(&self, decided: &Decisions<'_>) -> bool {
        let after: Vec<Value> = self
            .after
            .iter()
            .map(|one| resolve_known(one, &|reference| known(decided, reference)))
            .collect();
        let stay = self.before.iter().all(|one| after.contains(one));
        stay && after.iter().all(|one| self.before.contains(one) || !trafficked(one))
    }

    fn attach(&self, missing: Vec<Value>, decided: &Decisions<'_>) -> (Value, Vec<Change>) {
        let mut list = self.before.to_vec();
        let mut changes = Vec::new();
        for mut element in missing {
            element[WEIGHT] = json!(0);
            let resolved = resolve_known(&element, &|reference| known(decided, reference));
            let unknown = resolved.get(TARGET).is_some_and(|target| as_ref(target).is_some());
            changes.push(Change {
                path: format!("{}.{}", self.prop, list.len()),
                before: Value::Null,
                after: if unknown { Value::Null } else { resolved },
                unknown,
                sensitive: false,
                forces_replacement: None,
                follows: element.get(TARGET).and_then(as_ref).map(|reference| reference.of),
            });
            list.push(element);
        }
        let mut props = self.live.clone();
        props[self.prop] = Value::Array(list);
        (props, changes)
    }
}

fn trafficked(element: &Value) -> bool {
    element.get(WEIGHT).and_then(Value::as_u64) != Some(0)
}

fn resolved(list: Option<&Value>, decided: &Decisions<'_>) -> Vec<Value> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.map(|one| resolve_known(one, &|reference| known(decided, reference))).collect()
}
