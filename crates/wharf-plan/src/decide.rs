//! Decides, for each desired resource, which live object it is and what has to happen to it.

use std::collections::BTreeMap;

use serde_json::Value;
use wharf_graph::input::references;
use wharf_graph::{Address, Desired, Graph, Live, OutputRef, Policy, ReplaceOrder, Snapshot};

use crate::diff::Context;
use crate::toposort::{self, Before};
use crate::{Change, Reason};

/// What has to happen to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same,
    Create,
    Update,
    Replace(ReplaceOrder),
}

/// A desired resource, the live objects at its address, and what has to happen.
#[derive(Debug)]
pub(crate) struct Decision<'a> {
    pub(crate) desired: &'a Desired,
    /// The object that is, or is to be replaced as, this resource.
    pub(crate) live: Option<&'a Live>,
    /// Objects at the address that are not.
    pub(crate) leftovers: Vec<&'a Live>,
    /// Objects at the address that are on their way out.
    pub(crate) leaving: Vec<&'a Live>,
    pub(crate) verdict: Verdict,
    pub(crate) changes: Vec<Change>,
    pub(crate) drift: bool,
    pub(crate) reason: Reason,
    /// Whether the tag `wharf:spec` says something else although nothing differs.
    pub(crate) stale_tag: bool,
}

/// What was decided, by address.
pub(crate) type Decisions<'a> = BTreeMap<&'a Address, Decision<'a>>;

/// Returns an output of a desired resource, if it is known now.
pub(crate) fn known(decided: &Decisions<'_>, reference: &OutputRef) -> Option<String> {
    decided.get(&reference.of).and_then(|decision| decision.output(&reference.output))
}

/// Compares props of a kind, given what was decided about the resources they refer to.
pub(crate) fn compare(
    policy: &'static Policy,
    live: &Value,
    desired: &Value,
    decided: &Decisions<'_>,
) -> Vec<Change> {
    let known = |reference: &OutputRef| known(decided, reference);
    let moved = |address: &Address| decided.get(address).is_some_and(Decision::moved);
    Context { policy, known: &known, moved: &moved }.diff(live, desired)
}

impl Decision<'_> {
    /// Returns an output that is known now and still holds when dependents are changed.
    fn output(&self, name: &str) -> Option<String> {
        let of_live = match self.verdict {
            Verdict::Same | Verdict::Update => self.live.and_then(|live| live.outputs.get(name)),
            Verdict::Create | Verdict::Replace(_) => None,
        };
        of_live.or_else(|| self.desired.known_outputs.get(name)).cloned()
    }

    /// Says whether the address gets a new object, or got one in a run that was interrupted.
    fn moved(&self) -> bool {
        matches!(self.verdict, Verdict::Create | Verdict::Replace(_)) || !self.leftovers.is_empty()
    }
}

/// Returns the addresses so that each comes after what it needs.
fn by_need(graph: &Graph) -> Vec<&Desired> {
    let nodes: Vec<&Desired> = graph.iter().collect();
    let index: BTreeMap<&Address, usize> =
        nodes.iter().enumerate().map(|(index, node)| (&node.address, index)).collect();
    let before: Before = nodes
        .iter()
        .map(|node| graph.needs(&node.address).filter_map(|to| index.get(to).copied()).collect())
        .collect();
    let order = toposort::sort(&before).expect("a graph is acyclic by construction");
    order.into_iter().map(|index| nodes[index]).collect()
}

/// Decides about every desired resource.
pub(crate) fn decide<'a>(graph: &'a Graph, snapshot: &'a Snapshot) -> Decisions<'a> {
    let seal = graph.seal();
    let sealed = snapshot.seal.as_ref().filter(|known| known.names == seal.names);
    let settled = Settled { names: sealed.is_some(), props: sealed == Some(&seal) };
    let mut decided = Decisions::new();
    for desired in by_need(graph) {
        let decision = decide_one(desired, snapshot, settled, &decided);
        decided.insert(&desired.address, decision);
    }
    decided
}

/// What has not changed in the spec since the last complete apply.
#[derive(Clone, Copy)]
struct Settled {
    /// The set of resources.
    names: bool,
    /// Nothing at all.
    props: bool,
}

fn decide_one<'a>(
    desired: &'a Desired,
    snapshot: &'a Snapshot,
    settled: Settled,
    decided: &Decisions<'a>,
) -> Decision<'a> {
    let known = |reference: &OutputRef| known(decided, reference);
    let moved = |address: &Address| decided.get(address).is_some_and(Decision::moved);
    let context = Context { policy: desired.policy, known: &known, moved: &moved };

    let all = snapshot.live.get(&desired.address).map_or(&[][..], Vec::as_slice);
    let leaving: Vec<&Live> = all.iter().filter(|live| live.leaving).collect();
    let mut matching = candidates(desired, all, &context);
    if matching.is_empty() {
        let drift = settled.names && leaving.is_empty();
        let reason = if !leaving.is_empty() {
            Reason::Leaving
        } else if drift {
            Reason::Removed
        } else {
            Reason::Missing
        };
        let changes = context.all(&desired.props);
        return Decision {
            desired,
            live: None,
            leftovers: Vec::new(),
            leaving,
            verdict: Verdict::Create,
            changes,
            drift,
            reason,
            stale_tag: false,
        };
    }
    let (live, changes) = matching.remove(0);
    let leftovers: Vec<&Live> = matching.into_iter().map(|(live, _)| live).collect();
    let hash = desired.hash();
    let own = changes.iter().any(|change| change.follows.is_none());
    let drift = own && live.applied.as_ref().map_or(settled.props, |applied| *applied == hash);
    let mut decision = Decision {
        desired,
        live: Some(live),
        leftovers,
        leaving,
        verdict: Verdict::Same,
        stale_tag: changes.is_empty() && live.applied.as_ref().is_some_and(|tag| *tag != hash),
        reason: reason(&changes, drift, desired.policy.seen),
        changes,
        drift,
    };
    if decision.changes.iter().any(|change| change.forces_replacement.is_some()) {
        decision.verdict = Verdict::Replace(replace_order(&decision, decided));
    } else if !decision.changes.is_empty() {
        decision.verdict = Verdict::Update;
    }
    decision
}

/// Returns the objects that can be this resource, the likeliest first, each with what differs.
///
/// After an interrupted replacement two objects stand at one address. The new one is told by its
/// identity, else by differing least.
fn candidates<'a>(
    desired: &Desired,
    all: &'a [Live],
    context: &Context<'_>,
) -> Vec<(&'a Live, Vec<Change>)> {
    let mut list: Vec<_> = all
        .iter()
        .filter(|live| !live.leaving)
        .map(|live| (live, context.diff(&live.props, &desired.props)))
        .collect();
    let identity = desired.policy.identity.and_then(|prop| Some((prop, desired.props.get(prop)?)));
    list.sort_by_key(|(live, changes)| {
        let other = identity.is_some_and(|(prop, want)| live.props.get(prop) != Some(want));
        let replaced = changes.iter().any(|change| change.forces_replacement.is_some());
        (other, replaced, changes.len())
    });
    list
}

fn reason(changes: &[Change], drift: bool, seen: Option<&str>) -> Reason {
    if !changes.is_empty() && changes.iter().all(|change| Some(change.path.as_str()) == seen) {
        return Reason::Unseen;
    }
    let forcing = changes.iter().find_map(|change| {
        let text = change.forces_replacement.clone()?;
        Some(Reason::Fixed { path: change.path.clone(), text, drift })
    });
    let followed = || {
        let all: Option<Vec<&Address>> =
            changes.iter().map(|change| change.follows.as_ref()).collect();
        all.and_then(|all| all.first().map(|of| Reason::Follows { of: (*of).clone() }))
    };
    let plain = if drift { Reason::Drifted } else { Reason::Changed };
    forcing.or_else(followed).unwrap_or(plain)
}

/// Chooses the order of a replacement. Where the old object must go before one it refers to can be
/// made anew, it goes first as well, whatever its kind prefers.
fn replace_order(decision: &Decision<'_>, decided: &Decisions<'_>) -> ReplaceOrder {
    let first = Verdict::Replace(ReplaceOrder::DeleteFirst);
    let forced = references(&decision.desired.props).iter().any(|reference| {
        decided.get(&reference.of).is_some_and(|referent| referent.verdict == first)
    });
    if forced { ReplaceOrder::DeleteFirst } else { decision.desired.policy.replace_order }
}
