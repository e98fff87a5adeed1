//! A plan by resource: its steps gathered, sorted into sections, each with what there is to say.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;
use wharf_graph::Address;
use wharf_plan::{Action, Change, Part, Plan, Reason, Step};

use super::headline;
use crate::ui::style;

/// One resource with all its steps.
pub(crate) struct Entry<'a> {
    pub(crate) address: &'a Address,
    pub(crate) steps: Vec<&'a Step>,
}

/// Where an entry stands in a plan, in the order in which people must read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    DeleteAndReplace,
    Create,
    Change,
    Drift,
}

impl Section {
    pub(crate) const ALL: [Self; 4] =
        [Self::DeleteAndReplace, Self::Create, Self::Change, Self::Drift];

    /// Returns the heading over the section.
    pub(crate) const fn heading(self, destroy: bool) -> &'static str {
        match self {
            _ if destroy => "DELETE",
            Self::DeleteAndReplace => "DELETE AND REPLACE",
            Self::Create => "CREATE",
            Self::Change => "CHANGE",
            Self::Drift => "DRIFT (changed outside wharf; apply puts it back)",
        }
    }
}

/// Gathers the steps by resource, in plan order of their first step.
pub(crate) fn entries(plan: &Plan) -> Vec<Entry<'_>> {
    let mut order: Vec<Entry<'_>> = Vec::new();
    let mut seen: BTreeMap<(&Address, Action), usize> = BTreeMap::new();
    for step in &plan.steps {
        let key = (&step.address, step.action);
        if let Some(index) = seen.get(&key) {
            order[*index].steps.push(step);
        } else {
            seen.insert(key, order.len());
            order.push(Entry { address: &step.address, steps: vec![step] });
        }
    }
    order
}

impl<'a> Entry<'a> {
    pub(crate) fn action(&self) -> Action {
        self.steps[0].action
    }

    /// Says whether every change of the kind makes a new revision, so that a replacement is nothing
    /// to worry about: the old revision stays for a rollback.
    pub(crate) fn is_revision(&self) -> bool {
        self.action() == Action::Replace && super::has_revisions(self.address)
    }

    /// Says whether the entry only puts back what somebody changed outside wharf.
    pub(crate) fn is_drift(&self) -> bool {
        self.steps.iter().all(|step| step.drift)
    }

    pub(crate) fn section(&self) -> Section {
        match self.action() {
            Action::Delete => Section::DeleteAndReplace,
            Action::Replace if !self.is_revision() => Section::DeleteAndReplace,
            _ if self.is_drift() => Section::Drift,
            Action::Create => Section::Create,
            Action::Update | Action::Replace | Action::Adopt => Section::Change,
        }
    }

    /// Returns the sign before the entry, with its colour; words always stand beside it.
    pub(crate) fn sign(&self) -> (&'static str, Style) {
        match self.action() {
            Action::Create => ("+", style::CREATE),
            Action::Replace if self.is_revision() => ("~", style::CHANGE),
            Action::Update => ("~", style::CHANGE),
            Action::Replace => ("±", style::DELETE),
            Action::Delete => ("-", style::DELETE),
            Action::Adopt => ("^", style::CHANGE),
        }
    }

    /// Says what a create makes, or why something else happens.
    pub(crate) fn detail(&self) -> String {
        let first = self.steps[0];
        if self.action() == Action::Create
            && let Some(text) = first.op.props().and_then(|props| headline::of(self.address, props))
        {
            return text;
        }
        match self.action() {
            Action::Create if !first.drift => String::new(),
            Action::Delete => {
                // An id of our own making only repeats the address.
                let id = first
                    .op
                    .live()
                    .map(|live| headline::id(&live.id))
                    .filter(|id| !id.contains('|'));
                let id = id.unwrap_or_default();
                if first.because == Reason::Destroyed {
                    return id;
                }
                format!("{id}  {}", first.reason).trim().to_owned()
            }
            Action::Replace if self.is_revision() => {
                "a new revision; older ones are kept for a rollback".to_owned()
            }
            Action::Replace => self.why().unwrap_or_else(|| first.reason.clone()),
            Action::Create | Action::Update | Action::Adopt => {
                if self.steps.iter().any(|step| step.part == Some(Part::Move)) {
                    return self.steps.last().map(|step| step.reason.clone()).unwrap_or_default();
                }
                self.rollout().map_or_else(|| first.reason.clone(), str::to_owned)
            }
        }
    }

    /// Says what became of a rollout that did not end well, or whose end nobody saw.
    fn rollout(&self) -> Option<&'static str> {
        let changes = self.changes();
        let before = changes.iter().find(|change| change.path == "rolled_out")?.before.as_str();
        let alone = changes.len() == 1;
        Some(match (before, alone) {
            (Some("rolled back"), true) => {
                "the last rollout was rolled back; what runs is what the spec asks for, which apply \
                 only notes"
            }
            (Some("rolled back"), false) => "the last rollout was rolled back; apply tries again",
            (Some(_), _) => "the last rollout failed; apply tries again",
            (None, true) => "a rollout was begun and nobody saw its end; apply waits for it",
            (None, false) if self.moves_requests() => {
                "the last rollout was not seen to its end; if it still goes on, requests go back to the \
                 release before, and apply begins another"
            }
            (None, false) => "the last rollout was not seen to its end; apply begins another",
        })
    }

    /// Says whether a rollout of what is there now moves requests between two target groups.
    fn moves_requests(&self) -> bool {
        let live = self.steps.iter().find_map(|step| step.op.live());
        live.is_some_and(|live| live.props["deploy"]["strategy"] != "rolling")
    }

    /// Why a resource is replaced: the first property that forces it. A name that follows from the
    /// others explains nothing, unless nothing else does.
    fn why(&self) -> Option<String> {
        let forced = |change: &&&Change| change.forces_replacement.is_some();
        let all = self.changes();
        let named = all.iter().filter(forced).find(|change| change.path != "name");
        named
            .or_else(|| all.iter().find(forced))
            .and_then(|change| change.forces_replacement.clone())
    }

    /// The differences of all steps of a resource, each once; creating half first.
    pub(crate) fn changes(&self) -> Vec<&'a Change> {
        let mut found: Vec<&Change> = Vec::new();
        for step in &self.steps {
            // The first half of a move, or of taking something away; the second says where it ends.
            let second = match step.part {
                Some(Part::Attach) => Some(Part::Move),
                Some(Part::Widen) => Some(Part::Narrow),
                _ => None,
            };
            if second.is_some() && self.steps.iter().any(|other| other.part == second) {
                continue;
            }
            for change in &step.changes {
                if !found.iter().any(|known| known.path == change.path) {
                    found.push(change);
                }
            }
        }
        found
    }

    /// Says in which order the halves of a replacement happen.
    pub(crate) fn how(&self) -> Option<&'static str> {
        if self.action() != Action::Replace || self.is_revision() {
            return None;
        }
        let parts: Vec<Option<Part>> = self.steps.iter().map(|step| step.part).collect();
        let create = parts.iter().position(|part| *part == Some(Part::Create))?;
        let delete = parts.iter().position(|part| *part == Some(Part::Delete))?;
        Some(if create < delete {
            "the new one is made beside the old one, which goes when nothing uses it any more"
        } else {
            "the old one is deleted first; until the new one is there, neither answers"
        })
    }

    /// Returns the sentences beside the entry that are not in `said` yet. Where a resource stands is
    /// news when it is made, and which digest a tag means when that is what changed.
    pub(crate) fn notes(&self, said: &mut BTreeSet<&'a str>) -> Vec<&'a str> {
        let image = || self.changes().iter().any(|change| change.path == "container.image");
        let news = match self.action() {
            Action::Create | Action::Adopt | Action::Delete => true,
            Action::Replace => !self.is_revision() || image(),
            Action::Update => self.changes().iter().any(|change| change.path == "subnets"),
        };
        let notes = self.steps.iter().filter_map(|step| step.note.as_deref());
        notes.filter(|note| news && said.insert(note)).collect()
    }
}

/// Counts resources by what happens to them, and the steps that takes: `2 to replace, 1 to create, in
/// 5 steps`.
pub(crate) fn totals(plan: &Plan) -> String {
    let summary = &plan.summary;
    let revisions = entries(plan).iter().filter(|entry| entry.is_revision()).count();
    let parts = [
        (summary.delete, "to delete"),
        (summary.replace.saturating_sub(revisions), "to replace"),
        (summary.create, "to create"),
        (summary.update + revisions, "to change"),
        (summary.adopt, "to adopt"),
    ];
    let mut text: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    if summary.drift > 0 {
        text.push(format!("{} of them drift", summary.drift));
    }
    text.push(format!("in {}", super::count(plan.steps.len(), "step")));
    text.join(", ")
}
