//! What a plan does that nobody should do by accident, and how consent to it is given.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use wharf_graph::Address;

use crate::{Action, ImpactKind, Reason, Step};

/// Something a plan does only with consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Danger {
    /// What kind of harm it does.
    pub kind: DangerKind,
    /// The resource it is done to.
    pub address: Address,
    /// What would happen, in a sentence without a full stop.
    pub what: String,
    /// The flag of `wharf apply` that allows it, as it is typed.
    pub flag: String,
}

/// Kinds of harm, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DangerKind {
    /// An object goes that can be made again.
    Delete,
    /// Requests go unanswered for a while.
    Outage,
    /// Data goes that cannot be made again.
    DataLoss,
}

impl fmt::Display for DangerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delete => "deletes",
            Self::Outage => "outage",
            Self::DataLoss => "data loss",
        })
    }
}

/// Flag for everything that is deleted.
const DELETE: &str = "--allow-delete";

/// Lists what the steps do that needs consent, one entry for each resource and kind of harm.
///
/// The deletion of what answers requests counts as a deletion: whoever takes a service out of the
/// spec does not expect it to answer. An outage is what happens to something that stays.
pub(crate) fn dangers(steps: &[Step]) -> Vec<Danger> {
    let mut seen = BTreeSet::new();
    steps
        .iter()
        .filter_map(danger)
        .filter(|danger| seen.insert((danger.address.clone(), danger.kind)))
        .collect()
}

fn danger(step: &Step) -> Option<Danger> {
    let ends = matches!(step.because, Reason::Pruned | Reason::Added | Reason::Destroyed);
    let (kind, what, flag) = match step.impact.kind {
        ImpactKind::DataLoss => {
            (DangerKind::DataLoss, step.impact.sentence.clone(), DELETE.to_owned())
        }
        _ if step.action == Action::Delete && ends => {
            let id = step.op.live().map(|live| format!("`{}`: ", live.id)).unwrap_or_default();
            (DangerKind::Delete, format!("{id}{}", step.reason), DELETE.to_owned())
        }
        ImpactKind::Outage => (
            DangerKind::Outage,
            step.impact.sentence.clone(),
            format!("--allow-downtime {}", step.address),
        ),
        ImpactKind::None | ImpactKind::Rolling => return None,
    };
    Some(Danger { kind, address: step.address.clone(), what, flag })
}
