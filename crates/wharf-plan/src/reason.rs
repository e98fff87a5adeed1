//! Why a step is in a plan.

use std::fmt;

use serde::{Deserialize, Serialize};
use wharf_graph::Address;

/// Why a step is in a plan. It explains and never decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Reason {
    /// The spec asks for it and it does not exist.
    Missing,
    /// It existed after the last apply and does not any more.
    Removed,
    /// The old object is on its way out; the new one follows when it is gone.
    Leaving,
    /// The spec says something else than the account.
    Changed,
    /// The spec did not change, but the object did.
    Drifted,
    /// A prop changed that cannot be changed in place.
    Fixed {
        /// The prop.
        path: String,
        /// Why it cannot.
        text: String,
        /// Whether somebody changed it outside wharf.
        drift: bool,
    },
    /// Another resource gets a new object, and this one refers to it.
    Follows {
        /// The other resource.
        of: Address,
    },
    /// A new target is added without traffic, so that it can be served before it is used.
    Attaches {
        /// The target.
        target: Address,
    },
    /// Traffic goes to a target that is served by now.
    Moves {
        /// The target.
        target: Address,
    },
    /// It serves a new target beside the old one, until traffic has moved.
    Joins {
        /// The new target.
        target: Address,
    },
    /// Traffic has moved; it lets go of the old target.
    Releases,
    /// It grants what is new beside what it grants now, until everything that uses it has changed.
    Widens,
    /// Nobody saw what AWS went on with succeed: it went back, or was left alone.
    Unseen,
    /// A run that was interrupted did not see the change through.
    Unfinished,
    /// The new object has taken its place.
    Superseded,
    /// A replacement was interrupted before the old object was deleted.
    LeftOver,
    /// The spec does not name it any more.
    Pruned,
    /// It belongs to a service that the spec calls otherwise now.
    Renamed {
        /// The new name of the service.
        to: String,
    },
    /// The spec never named it: somebody added it.
    Added,
    /// The stack is destroyed.
    Destroyed,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("does not exist yet"),
            Self::Removed => f.write_str("deleted outside wharf"),
            Self::Leaving => f.write_str("the old one is on its way out"),
            Self::Changed => f.write_str("the spec changed"),
            Self::Drifted => f.write_str("changed outside wharf"),
            Self::Fixed { path, text, drift: false } => write!(f, "{path}: {text}"),
            Self::Fixed { path, text, drift: true } => {
                write!(f, "{path}: {text}; changed outside wharf")
            }
            Self::Follows { of } => write!(f, "follows {of}, which is made anew"),
            Self::Attaches { target } => {
                write!(f, "adds {target} beside the old target, without traffic yet")
            }
            Self::Moves { target } => {
                write!(f, "moves traffic to {target} once it is served")
            }
            Self::Joins { target } => {
                write!(f, "serves {target} beside the old target until traffic has moved")
            }
            Self::Releases => f.write_str("lets go of the old target once traffic has moved"),
            Self::Widens => f.write_str(
                "gets what is new first, and loses the rest when the old release is gone",
            ),
            Self::Unseen => f.write_str("nobody saw its last rollout succeed"),
            Self::Unfinished => f.write_str("an interrupted run did not see it through"),
            Self::Superseded => f.write_str("replaced by the new one"),
            Self::LeftOver => f.write_str("left over from an interrupted replacement"),
            Self::Pruned => f.write_str("no longer in the spec"),
            Self::Renamed { to } => write!(f, "the service is called `{to}` now"),
            Self::Added => f.write_str("added outside wharf"),
            Self::Destroyed => f.write_str("the stack is destroyed"),
        }
    }
}
