//! The state of IAM.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{tags::Tags, time::SimTime};

/// Everything IAM knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IamState {
    /// Roles by their names in lower case: names are unique whatever their case.
    pub roles: BTreeMap<String, Role>,
}

/// A role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// When it was made.
    pub created: SimTime,
    /// Who may assume it, as it was sent.
    pub trust: String,
    /// Its description.
    pub description: Option<String>,
    /// The longest session, in seconds.
    pub max_session: i64,
    /// The ARN of the policy that bounds it.
    pub boundary: Option<String>,
    /// Its inline policies, as they were sent.
    pub inline: BTreeMap<String, String>,
    /// The ARNs of the managed policies attached to it, with their names.
    pub attached: BTreeMap<String, String>,
    /// Its tags.
    pub tags: Tags,
    /// Whether every service has heard of it.
    pub propagated: bool,
    /// Whether it belongs to a service.
    pub service_linked: bool,
}

/// What happens by itself in IAM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum IamEvent {
    /// Every service has heard of a new role.
    Propagated {
        /// The role's id: a role of the same name made later is another one.
        id: String,
    },
}
