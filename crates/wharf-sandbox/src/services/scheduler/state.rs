//! The state of EventBridge Scheduler.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{tags::Tags, time::SimTime};

/// Name of the group that every account has.
pub const DEFAULT: &str = "default";

/// Everything the scheduler knows in a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SchedulerState {
    /// The groups by name; the default one is not among them.
    pub groups: BTreeMap<String, Group>,
    /// The schedules by `group/name`.
    pub schedules: BTreeMap<String, Schedule>,
}

/// A group of schedules.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// When it was made.
    pub created: SimTime,
    /// When it was changed.
    pub modified: SimTime,
    /// The token it was made with.
    pub token: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// A schedule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Schedule {
    /// The group it is in.
    pub group: String,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What was sent last, with the defaults filled in.
    pub body: Value,
    /// When it was made.
    pub created: SimTime,
    /// When it was changed.
    pub modified: SimTime,
    /// The token it was made with.
    pub token: Option<String>,
    /// How often it was written; what was due for an earlier one does not happen.
    pub version: u64,
    /// What its times led to, oldest first.
    #[serde(default)]
    pub invocations: Vec<Invocation>,
}

/// A try to start what a schedule is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invocation {
    /// When.
    pub at: SimTime,
    /// Which try it was for that time: 1 for the first.
    pub attempt: u32,
    /// What kept it from starting, if anything did.
    pub error: Option<String>,
}

/// What happens by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum SchedulerEvent {
    /// The time of a schedule has come.
    Fire {
        /// Which, as `group/name`.
        key: String,
        /// The version it is of.
        version: u64,
    },
    /// What could not be started is tried again.
    Again {
        /// Which, as `group/name`.
        key: String,
        /// The version it is of.
        version: u64,
        /// How often it was tried.
        tried: u32,
        /// When it was due.
        since: SimTime,
    },
    /// A group and all that was in it is gone.
    GroupGone {
        /// Its name.
        name: String,
    },
}
