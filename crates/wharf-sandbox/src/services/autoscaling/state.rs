//! The state of Application Auto Scaling, and the load that the sandbox pretends services have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{tags::Tags, time::SimTime};

/// Everything Application Auto Scaling knows in a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AutoscalingState {
    /// What is registered, by resource: `service/cluster/name`.
    pub targets: BTreeMap<String, Target>,
    /// What services have to carry, by resource; a service without an entry has no metrics.
    pub load: BTreeMap<String, Load>,
}

/// What a service has to carry, all its tasks together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Load {
    /// CPU, in percent of what one task has: 240 keeps two tasks busy and a third at 40 %.
    pub cpu: Option<f64>,
    /// Memory, in percent of what one task has.
    pub memory: Option<f64>,
    /// Requests in a minute.
    pub requests: Option<f64>,
}

/// Something whose number is scaled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Target {
    /// `service/cluster/name`.
    pub resource: String,
    /// Its ARN.
    pub arn: String,
    /// Fewest.
    pub min: i64,
    /// Most.
    pub max: i64,
    /// What is suspended.
    pub suspended: Suspended,
    /// When it was registered.
    pub created: SimTime,
    /// Its tags.
    pub tags: Tags,
    /// Its policies by name.
    pub policies: BTreeMap<String, Policy>,
    /// Its scheduled actions by name.
    pub actions: BTreeMap<String, Action>,
    /// What was done, newest first.
    pub activities: Vec<Activity>,
    /// How many times in a row each alarm's condition was seen, by alarm.
    pub breaches: BTreeMap<String, u32>,
    /// When the number last went up because of a policy.
    pub scaled_out: Option<SimTime>,
    /// When the number last went down because of a policy.
    pub scaled_in: Option<SimTime>,
    /// Which of the registrations of this name it is: events of an earlier one are not its own.
    pub registration: u64,
}

/// What is suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspended {
    /// Removing by policies.
    pub dynamic_in: bool,
    /// Adding by policies.
    pub dynamic_out: bool,
    /// Scheduled actions.
    pub scheduled: bool,
}

/// A scaling policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `TargetTrackingScaling`, `StepScaling` or `PredictiveScaling`.
    pub kind: String,
    /// The configuration of its type, as it was sent.
    pub configuration: Value,
    /// When it was made.
    pub created: SimTime,
    /// The alarms AWS made for it: names and ARNs, the high one first.
    pub alarms: Vec<(String, String)>,
}

/// A scheduled action.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// When.
    pub schedule: String,
    /// The time zone `cron` and `at` are read in, if one was given.
    pub timezone: Option<String>,
    /// Not before, in epoch seconds.
    pub start: Option<f64>,
    /// Not after, in epoch seconds.
    pub end: Option<f64>,
    /// Fewest from then on.
    pub min: Option<i64>,
    /// Most from then on.
    pub max: Option<i64>,
    /// When it was made.
    pub created: SimTime,
    /// When it happens next.
    pub next: Option<SimTime>,
}

/// Something the autoscaler did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Activity {
    /// Its id.
    pub id: String,
    /// What.
    pub description: String,
    /// Why.
    pub cause: String,
    /// When.
    pub at: SimTime,
    /// Why nothing was done, and how many there are and may be; nothing if something was done.
    #[serde(default)]
    pub not_scaled: Option<(String, i64)>,
}

/// What happens by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum AutoscalingEvent {
    /// The alarms of a resource are looked at.
    Evaluate {
        /// The resource.
        resource: String,
        /// Of which registration.
        registration: u64,
    },
    /// The time of a scheduled action has come.
    Act {
        /// The resource.
        resource: String,
        /// The action's name.
        action: String,
        /// The time it was meant for.
        at: SimTime,
    },
}

impl Target {
    /// Returns the key ECS has for the service: `cluster/name`.
    pub fn service(&self) -> &str {
        self.resource.strip_prefix("service/").unwrap_or(&self.resource)
    }
}
