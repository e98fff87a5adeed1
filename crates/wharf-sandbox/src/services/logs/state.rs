//! The state of CloudWatch Logs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{tags::Tags, time::SimTime, world::World};

/// Everything CloudWatch Logs knows in a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogsState {
    /// The log groups by name.
    pub groups: BTreeMap<String, LogGroup>,
}

/// A log group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// Its ARN, without the `:*` that some operations add.
    pub arn: String,
    /// When it was made.
    pub created: SimTime,
    /// How many days events are kept; `None` is for ever.
    pub retention_days: Option<i64>,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
    pub class: String,
    /// The customer's key, if any.
    pub kms_key: Option<String>,
    /// Whether it cannot be deleted.
    #[serde(default)]
    pub protected: bool,
    /// Its tags.
    pub tags: Tags,
    /// Its streams by name.
    pub streams: BTreeMap<String, LogStream>,
}

/// A log stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogStream {
    /// When it was made.
    pub created: SimTime,
    /// Its events, oldest first.
    pub events: Vec<LogEvent>,
}

/// A line in a log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogEvent {
    /// When it happened, as its writer says.
    pub at: SimTime,
    /// When it was received.
    pub received: SimTime,
    /// What it says.
    pub message: String,
}

impl World {
    /// Says whether a log group exists.
    pub fn log_group_exists(&self, region: &str, group: &str) -> bool {
        self.regions.get(region).is_some_and(|state| state.logs.groups.contains_key(group))
    }

    /// Makes a log group as a container agent does under `awslogs-create-group`.
    pub fn ensure_log_group(&mut self, region: &str, group: &str) {
        let arn = self.arn("logs", region, &format!("log-group:{group}"));
        let now = self.now;
        let groups = &mut self.region(region).logs.groups;
        groups.entry(group.to_owned()).or_insert_with(|| LogGroup::new(group, arn, now));
    }

    /// Writes a line as the `awslogs` driver does, making the stream if need be. Returns whether
    /// there is such a group.
    pub fn write_log(&mut self, region: &str, group: &str, stream: &str, message: &str) -> bool {
        let now = self.now;
        let Some(state) = self.regions.get_mut(region) else { return false };
        let Some(group) = state.logs.groups.get_mut(group) else { return false };
        let new = || LogStream { created: now, events: Vec::new() };
        let stream = group.streams.entry(stream.to_owned()).or_insert_with(new);
        stream.events.push(LogEvent { at: now, received: now, message: message.to_owned() });
        true
    }
}

impl LogGroup {
    /// Makes an empty group that keeps its events for ever.
    pub(super) fn new(name: &str, arn: String, created: SimTime) -> Self {
        Self {
            name: name.to_owned(),
            arn,
            created,
            retention_days: None,
            class: "STANDARD".to_owned(),
            kms_key: None,
            protected: false,
            tags: Tags::new(),
            streams: BTreeMap::new(),
        }
    }
}
