//! What exists in an account, as one reading saw it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Address, Facts, Policy, Seal};

/// Identity of a stack inside an account and region, as written in owner tags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StackId {
    /// Name of the application.
    pub app: String,
    /// Name of the environment, if the spec has any.
    pub env: Option<String>,
}

impl StackId {
    /// What the tag `wharf:env` holds when a spec has no environments. No environment can be called
    /// this, since names begin with a letter.
    pub const NO_ENV: &'static str = "-";

    /// Returns the value of the tag `wharf:env`.
    pub fn env_tag(&self) -> &str {
        self.env.as_deref().unwrap_or(Self::NO_ENV)
    }
}

impl fmt::Display for StackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.env {
            Some(env) => write!(f, "{}-{env}", self.app),
            None => f.write_str(&self.app),
        }
    }
}

/// One object that exists and belongs to the stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// The address it was made for.
    pub address: Address,
    /// AWS's own identity for it: an ARN or id.
    pub id: String,
    /// Its managed properties in canonical form, the same shape as a desired resource's.
    pub props: Value,
    /// What AWS assigned: ARNs, DNS names, ids.
    pub outputs: BTreeMap<String, String>,
    /// The tag `wharf:spec`: hash of the props last applied. `None` where the kind has no tags.
    pub applied: Option<String>,
    /// What the planner must know about its kind.
    pub policy: &'static Policy,
    /// Whether it is on its way out (a draining service keeps its name).
    pub leaving: bool,
}

/// An object that stands under a name the stack needs, and is not the stack's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    /// The address whose place it takes.
    pub address: Address,
    /// AWS's own identity for it.
    pub id: String,
    /// Whose it is, as far as its tags say: `not tagged by wharf`, `belongs to stack shop-prod`.
    pub owner: String,
}

/// Something of others that depends on an object of the stack's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Guest {
    /// AWS's own identity for the stack's object: a [`Live::id`].
    pub of: String,
    /// What depends on it, and whose that is: `service shop-web (belongs to stack shop)`.
    pub who: String,
}

/// A read that did not succeed. What it would have shown is unknown, never absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFailure {
    /// The kind whose reading failed; `facts` for the surroundings.
    pub kind: String,
    /// The call, for example `ecs:DescribeServices`.
    pub operation: String,
    /// AWS's error code, if it answered.
    pub code: Option<String>,
    /// What was said.
    pub message: String,
}

/// How much reading cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadStats {
    /// Calls made, retries included.
    pub calls: u32,
    /// Longest chain of calls in which each had to wait for the one before.
    pub rounds: u32,
    /// Wall-clock milliseconds.
    pub millis: u64,
    /// Calls by operation, for example `ecs:DescribeServices`.
    pub by_operation: BTreeMap<String, u32>,
}

/// All that one reading of an account showed.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Owned objects. During a replacement, two can stand at one address.
    pub live: BTreeMap<Address, Vec<Live>>,
    /// Objects in the way.
    pub foreign: Vec<Foreign>,
    /// The surroundings.
    pub facts: Facts,
    /// What of others depends on objects of the stack's; planning refuses to delete those.
    pub guests: Vec<Guest>,
    /// Reads that failed; planning refuses when there are any.
    pub failures: Vec<ReadFailure>,
    /// What was desired when the last complete apply ended, if one ever did: what is missing although
    /// that has not changed was removed by somebody else.
    pub seal: Option<Seal>,
    /// What the reading cost.
    pub stats: ReadStats,
}

impl Snapshot {
    /// Adds an owned object.
    pub fn insert(&mut self, live: Live) {
        self.live.entry(live.address.clone()).or_default().push(live);
    }

    /// Returns the owned objects in address order.
    pub fn iter(&self) -> impl Iterator<Item = &Live> {
        self.live.values().flatten()
    }
}
