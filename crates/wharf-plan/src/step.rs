//! One operation of a plan, as plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wharf_graph::{Address, Live, Policy};

use crate::{Change, Impact, Reason};

/// Identity of a step inside its plan: `s1`, `s2`, … in the order of the plan.
///
/// A replacement has two steps at one address, so an address cannot serve.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepId(pub String);

impl StepId {
    /// Returns the id of the step at `index`, counted from 0.
    pub(crate) fn at(index: usize) -> Self {
        Self(format!("s{}", index + 1))
    }

    /// Orders `s2` before `s10`.
    fn rank(&self) -> (usize, &str) {
        (self.0.len(), &self.0)
    }
}

impl Ord for StepId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for StepId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for StepId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StepId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It does not exist and is made.
    Create,
    /// It is changed in place.
    Update,
    /// A new object takes the place of the old one; two steps.
    Replace,
    /// It is deleted.
    Delete,
    /// An object that exists is taken over.
    Adopt,
}

impl Action {
    /// Returns the verb as written in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Adopt => "adopt",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which part of an action that takes several steps a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The half of a replacement that makes the new object.
    Create,
    /// The half of a replacement that deletes the old one.
    Delete,
    /// A new target is added beside the old one, without traffic.
    Attach,
    /// A service serves the new target and the old one.
    Join,
    /// Traffic goes to the new target.
    Move,
    /// The service serves the old target no longer.
    Release,
    /// A role gets what is new beside what it has.
    Widen,
    /// A role loses what nothing needs any more.
    Narrow,
}

impl Part {
    /// Returns the word as written in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Attach => "attach",
            Self::Join => "join",
            Self::Move => "move",
            Self::Release => "release",
            Self::Widen => "widen",
            Self::Narrow => "narrow",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A live object as a plan remembers it: a [`Live`] without its policy, which is code and not data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// The address it was made for.
    pub address: Address,
    /// AWS's own identity for it.
    pub id: String,
    /// Its managed properties when it was read.
    pub props: Value,
    /// What AWS assigned.
    pub outputs: BTreeMap<String, String>,
    /// The tag `wharf:spec` when it was read.
    pub applied: Option<String>,
    /// Whether it was on its way out already.
    pub leaving: bool,
}

impl Object {
    /// Gives the object its policy back.
    pub fn to_live(&self, policy: &'static Policy) -> Live {
        Live {
            address: self.address.clone(),
            id: self.id.clone(),
            props: self.props.clone(),
            outputs: self.outputs.clone(),
            applied: self.applied.clone(),
            policy,
            leaving: self.leaving,
        }
    }
}

impl From<&Live> for Object {
    fn from(live: &Live) -> Self {
        Self {
            address: live.address.clone(),
            id: live.id.clone(),
            props: live.props.clone(),
            outputs: live.outputs.clone(),
            applied: live.applied.clone(),
            leaving: live.leaving,
        }
    }
}

/// What to ask of the provider. Props may hold references, which are resolved from finished steps
/// and from [`Plan::outputs`](crate::Plan::outputs).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Op {
    /// Make an object.
    Create {
        /// Its props as desired.
        props: Value,
    },
    /// Change an object in place.
    Update {
        /// The object.
        live: Object,
        /// Its props afterwards.
        props: Value,
        /// The paths that differ.
        changed: Vec<String>,
    },
    /// Delete an object.
    Delete {
        /// The object.
        live: Object,
    },
}

impl Op {
    /// Returns the props the object has afterwards, unless it is deleted.
    pub fn props(&self) -> Option<&Value> {
        match self {
            Self::Create { props } | Self::Update { props, .. } => Some(props),
            Self::Delete { .. } => None,
        }
    }

    /// Returns the object it is about, unless that does not exist yet.
    pub fn live(&self) -> Option<&Object> {
        match self {
            Self::Create { .. } => None,
            Self::Update { live, .. } | Self::Delete { live } => Some(live),
        }
    }
}

/// One operation: all that whoever carries out a plan ever sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its identity in the plan.
    pub id: StepId,
    /// The resource.
    pub address: Address,
    /// What happens to the resource, over all its steps.
    pub action: Action,
    /// Which of them this is, when there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// Why, in words.
    pub reason: String,
    /// Why, as data. It explains and never decides.
    pub because: Reason,
    /// The steps that must be done before.
    pub needs: BTreeSet<StepId>,
    /// Whether it only puts back what somebody changed outside wharf.
    pub drift: bool,
    /// What differs. Creating lists every prop; deleting lists none.
    pub changes: Vec<Change>,
    /// What users of the stack notice.
    pub impact: Impact,
    /// A sentence for people beside the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What to ask of the provider.
    pub op: Op,
}
