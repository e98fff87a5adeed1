//! Steps before they are ordered.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wharf_graph::{Address, Policy, ReplaceOrder};

use crate::decide::{Decision, Decisions, Verdict};
use crate::doomed::{Doomed, ObjectKey};
use crate::narrowing::Narrowing;
use crate::staging::Staging;
use crate::{Action, Change, Object, Op, Part, Reason};

/// A step before it is ordered.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) address: &'a Address,
    pub(crate) policy: &'static Policy,
    pub(crate) action: Action,
    pub(crate) part: Option<Part>,
    pub(crate) because: Reason,
    pub(crate) drift: bool,
    pub(crate) changes: Vec<Change>,
    pub(crate) note: Option<String>,
    pub(crate) op: Op,
    /// The object it deletes.
    pub(crate) deletes: Option<ObjectKey<'a>>,
}

impl Node<'_> {
    /// Orders the steps of one address as they are carried out, and all of them by address.
    fn rank(&self) -> (&Address, u8, &str) {
        let part = match (&self.op, self.part) {
            (_, Some(Part::Attach | Part::Widen)) => 0,
            (_, Some(Part::Move | Part::Release | Part::Narrow)) => 2,
            (Op::Create { .. } | Op::Update { .. }, _) => 1,
            (Op::Delete { .. }, _) => 3,
        };
        (self.address, part, self.op.live().map_or("", |live| &live.id))
    }
}

/// Every step, with the ways to find them.
#[derive(Debug)]
pub(crate) struct Nodes<'a> {
    pub(crate) list: Vec<Node<'a>>,
    /// How updates are cut up while traffic moves.
    pub(crate) staging: Staging<'a>,
    /// The step after which others can rely on a resource.
    pub(crate) ready: BTreeMap<&'a Address, usize>,
    /// The step after which a resource is as desired.
    pub(crate) last: BTreeMap<&'a Address, usize>,
    /// The step that deletes an object.
    pub(crate) deletes: BTreeMap<ObjectKey<'a>, usize>,
}

impl<'a> Nodes<'a> {
    /// Turns decisions into steps.
    pub(crate) fn new(
        decided: &Decisions<'a>,
        doomed: &BTreeMap<ObjectKey<'a>, Doomed<'a>>,
        dependents: &BTreeMap<&'a Address, Vec<&'a Address>>,
        inside: &dyn Fn(&Address) -> bool,
    ) -> Self {
        let staging = Staging::new(decided, dependents, inside);
        let unfinished: BTreeSet<&Address> =
            staging.moves.values().flat_map(|cut| cut.servers.iter().copied()).collect();
        let mut list = Vec::new();
        for (address, decision) in decided.iter().filter(|(address, _)| inside(address)) {
            match decision.verdict {
                Verdict::Same if unfinished.contains(address) => list.extend(settle(decision)),
                Verdict::Same => {}
                Verdict::Create => list.push(create(decision, None)),
                Verdict::Replace(_) => list.push(create(decision, Some(Part::Create))),
                Verdict::Update => match Narrowing::of(decision, decided) {
                    Some(cut) => narrow(decision, cut, &mut list),
                    None => update(decision, &staging, &mut list),
                },
            }
        }
        for (key, doom) in doomed.iter().filter(|(key, _)| inside(key.0)) {
            list.push(delete(*key, doom));
        }
        list.sort_by(|one, two| one.rank().cmp(&two.rank()));
        Self::index(list, staging)
    }

    fn index(list: Vec<Node<'a>>, staging: Staging<'a>) -> Self {
        let mut ready = BTreeMap::new();
        let mut finished = BTreeMap::new();
        let mut deletes = BTreeMap::new();
        for (index, node) in list.iter().enumerate() {
            if let Some(key) = node.deletes {
                deletes.insert(key, index);
                continue;
            }
            finished.insert(node.address, index);
            if !matches!(node.part, Some(Part::Move | Part::Release | Part::Narrow)) {
                ready.insert(node.address, index);
            }
        }
        Self { list, staging, ready, last: finished, deletes }
    }
}

fn node<'a>(decision: &Decision<'a>, action: Action, op: Op) -> Node<'a> {
    Node {
        address: &decision.desired.address,
        policy: decision.desired.policy,
        action,
        part: None,
        because: decision.reason.clone(),
        drift: decision.drift,
        changes: decision.changes.clone(),
        note: decision.desired.note.clone(),
        op,
        deletes: None,
    }
}

fn create<'a>(decision: &Decision<'a>, part: Option<Part>) -> Node<'a> {
    let op = Op::Create { props: decision.desired.props.clone() };
    let action = if part.is_some() { Action::Replace } else { Action::Create };
    let mut node = node(decision, action, op);
    node.part = part;
    if !decision.leaving.is_empty() {
        let ids: Vec<String> =
            decision.leaving.iter().map(|live| format!("`{}`", live.id)).collect();
        let wait = format!("waits until {}, on its way out, is gone", ids.join(", "));
        node.note = Some(match node.note {
            Some(given) => format!("{given}; {wait}"),
            None => wait,
        });
    }
    node
}

fn update<'a>(decision: &Decision<'a>, staging: &Staging<'a>, list: &mut Vec<Node<'a>>) {
    let Some(live) = decision.live.map(Object::from) else { return };
    let step = |props: &Value, changes: &[Change]| {
        let changed = changes.iter().map(|change| change.path.clone()).collect();
        let op = Op::Update { live: live.clone(), props: props.clone(), changed };
        Node { changes: changes.to_vec(), ..node(decision, Action::Update, op) }
    };
    let address = &decision.desired.address;
    let whole = step(&decision.desired.props, &decision.changes);
    if let Some(cut) = staging.moves.get(address) {
        if let Some((props, changes)) = &cut.attach {
            list.push(Node {
                part: Some(Part::Attach),
                because: Reason::Attaches { target: cut.target.clone() },
                drift: false,
                ..step(props, changes)
            });
        }
        let because = Reason::Moves { target: cut.target.clone() };
        list.push(Node { part: Some(Part::Move), because, ..whole });
    } else if let Some(cut) = staging.joins.get(address) {
        if let Some((props, changes)) = &cut.first {
            list.push(Node {
                part: Some(Part::Join),
                because: Reason::Joins { target: cut.target.clone() },
                ..step(props, changes)
            });
        }
        list.push(Node {
            part: Some(Part::Release),
            because: Reason::Releases,
            drift: decision.drift,
            ..step(&decision.desired.props, &cut.release)
        });
    } else {
        list.push(whole);
    }
}

/// Grants what is new first, and takes away last.
fn narrow<'a>(decision: &Decision<'a>, cut: Narrowing, list: &mut Vec<Node<'a>>) {
    let Some(live) = decision.live.map(Object::from) else { return };
    if let Some((props, changes)) = cut.widen {
        let changed = changes.iter().map(|change| change.path.clone()).collect();
        let op = Op::Update { live: live.clone(), props, changed };
        list.push(Node {
            part: Some(Part::Widen),
            because: Reason::Widens,
            drift: false,
            changes,
            ..node(decision, Action::Update, op)
        });
    }
    let changed = decision.changes.iter().map(|change| change.path.clone()).collect();
    let op = Op::Update { live, props: decision.desired.props.clone(), changed };
    list.push(Node { part: Some(Part::Narrow), ..node(decision, Action::Update, op) });
}

/// Sees a change through that is complete as far as props tell.
fn settle<'a>(decision: &Decision<'a>) -> Option<Node<'a>> {
    let live = Object::from(decision.live?);
    let props = decision.desired.props.clone();
    let mut node = node(decision, Action::Update, Op::Update { live, props, changed: Vec::new() });
    node.because = Reason::Unfinished;
    Some(node)
}

fn delete<'a>(key: ObjectKey<'a>, doom: &Doomed<'a>) -> Node<'a> {
    let action = if doom.replaced.is_some() { Action::Replace } else { Action::Delete };
    let note = (doom.live.leaving && doom.reason != Reason::Leaving)
        .then(|| "on its way out already".to_owned());
    Node {
        address: key.0,
        policy: doom.live.policy,
        action,
        part: doom.replaced.map(|_| Part::Delete),
        because: doom.reason.clone(),
        drift: doom.drift,
        changes: Vec::new(),
        note,
        op: Op::Delete { live: Object::from(doom.live) },
        deletes: Some(key),
    }
}

impl Doomed<'_> {
    /// Says whether the new object is made before this one goes.
    pub(crate) fn goes_last(&self) -> bool {
        self.replaced == Some(ReplaceOrder::CreateFirst) || self.reason == Reason::LeftOver
    }
}
