//! Steps before they are ordered.

use std::collections::{BTreeMap, BTreeSet};

use wharf_graph::{Address, Policy, ReplaceOrder};

use crate::decide::{Decision, Decisions, Verdict};
use crate::doomed::{Doomed, ObjectKey};
use crate::staging::{Staged, stage};
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
            (_, Some(Part::Attach)) => 0,
            (Op::Create { .. } | Op::Update { .. }, None | Some(Part::Create | Part::Delete)) => 1,
            (_, Some(Part::Move)) => 2,
            (Op::Delete { .. }, _) => 3,
        };
        (self.address, part, self.op.live().map_or("", |live| &live.id))
    }
}

/// Every step, with the ways to find them.
#[derive(Debug)]
pub(crate) struct Nodes<'a> {
    pub(crate) list: Vec<Node<'a>>,
    /// How updates are cut in two, by address.
    pub(crate) staged: BTreeMap<&'a Address, Staged<'a>>,
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
        let mut staged = BTreeMap::new();
        for (address, decision) in decided.iter().filter(|(address, _)| inside(address)) {
            if let Some(stages) = stage(decision, decided, dependents, inside) {
                staged.insert(*address, stages);
            }
        }
        let unfinished: BTreeSet<&Address> =
            staged.values().flat_map(|stages| stages.servers.iter().copied()).collect();
        let mut list = Vec::new();
        for (address, decision) in decided.iter().filter(|(address, _)| inside(address)) {
            match decision.verdict {
                Verdict::Same if unfinished.contains(address) => list.extend(settle(decision)),
                Verdict::Same => {}
                Verdict::Create => list.push(create(decision, None)),
                Verdict::Replace(_) => list.push(create(decision, Some(Part::Create))),
                Verdict::Update => update(decision, staged.get(address), &mut list),
            }
        }
        for (key, doom) in doomed.iter().filter(|(key, _)| inside(key.0)) {
            list.push(delete(*key, doom));
        }
        list.sort_by(|one, two| one.rank().cmp(&two.rank()));
        Self::index(list, staged)
    }

    fn index(list: Vec<Node<'a>>, staged: BTreeMap<&'a Address, Staged<'a>>) -> Self {
        let mut ready = BTreeMap::new();
        let mut last = BTreeMap::new();
        let mut deletes = BTreeMap::new();
        for (index, node) in list.iter().enumerate() {
            if let Some(key) = node.deletes {
                deletes.insert(key, index);
                continue;
            }
            last.insert(node.address, index);
            if node.part != Some(Part::Move) {
                ready.insert(node.address, index);
            }
        }
        Self { list, staged, ready, last, deletes }
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
            Some(note) => format!("{note}; {wait}"),
            None => wait,
        });
    }
    node
}

fn update<'a>(decision: &Decision<'a>, staged: Option<&Staged<'a>>, list: &mut Vec<Node<'a>>) {
    let Some(live) = decision.live.map(Object::from) else { return };
    let changed = decision.changes.iter().map(|change| change.path.clone()).collect();
    let props = decision.desired.props.clone();
    let mut whole =
        node(decision, Action::Update, Op::Update { live: live.clone(), props, changed });
    if let Some(stages) = staged {
        if let Some((props, changes)) = &stages.attach {
            let changed = decision.desired.policy.traffic.into_iter().map(str::to_owned).collect();
            let op = Op::Update { live, props: props.clone(), changed };
            let mut attach = node(decision, Action::Update, op);
            attach.part = Some(Part::Attach);
            attach.because = Reason::Attaches { target: stages.target.clone() };
            attach.changes.clone_from(changes);
            attach.drift = false;
            list.push(attach);
        }
        whole.part = Some(Part::Move);
        whole.because = Reason::Moves { target: stages.target.clone() };
    }
    list.push(whole);
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

impl<'a> Doomed<'a> {
    /// Says whether the new object is made before this one goes.
    pub(crate) fn goes_last(&self) -> bool {
        self.replaced == Some(ReplaceOrder::CreateFirst) || self.reason == Reason::LeftOver
    }
}
