//! The state of Route 53.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::names;
use crate::{tags::Tags, time::SimTime};

/// Everything Route 53 knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Route53State {
    /// Hosted zones by id.
    pub zones: BTreeMap<String, Zone>,
    /// Changes by id.
    pub changes: BTreeMap<String, Change>,
}

/// A hosted zone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Zone {
    /// Its id.
    pub id: String,
    /// Its name, with the final dot.
    pub name: String,
    /// The reference of the request that made it.
    pub reference: String,
    /// Its comment.
    pub comment: Option<String>,
    /// Whether only VPCs see it.
    pub private: bool,
    /// Whether the registrar of the domain points to its name servers. A zone below another
    /// zone of the account is delegated by an `NS` record there instead.
    pub registered: bool,
    /// Its name servers.
    pub name_servers: Vec<String>,
    /// Its record sets, in Route 53's order.
    pub records: Vec<RecordSet>,
    /// Its tags.
    pub tags: Tags,
}

/// A record set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// Its name in canonical form: lower case, final dot, octal escapes.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// What tells it from others of the same name and type.
    pub set_identifier: Option<String>,
    /// Its weight.
    pub weight: Option<i64>,
    /// Seconds it may be cached; none for aliases.
    pub ttl: Option<i64>,
    /// Its values; none for aliases.
    pub values: Vec<String>,
    /// What it is an alias of.
    pub alias: Option<Alias>,
}

/// The target of an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The hosted zone of the target.
    pub zone: String,
    /// The target's name: lower case, final dot.
    pub name: String,
    /// Whether the answer depends on the target's health.
    pub evaluate_health: bool,
}

/// A change on its way to the name servers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    /// Its id.
    pub id: String,
    /// When it was submitted.
    pub submitted: SimTime,
    /// Its comment.
    pub comment: Option<String>,
    /// Whether all name servers know it.
    pub in_sync: bool,
}

/// What happens by itself in Route 53.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Route53Event {
    /// All name servers know a change.
    InSync {
        /// The change's id.
        change: String,
    },
}

impl RecordSet {
    /// Returns what Route 53 orders record sets by: the labels from the right, type, identifier.
    pub(super) fn key(&self) -> (Vec<String>, String, String) {
        let identifier = self.set_identifier.clone().unwrap_or_default();
        (names::reversed(&self.name), self.kind.clone(), identifier)
    }
}
