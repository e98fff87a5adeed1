//! Tasks that come and go with the load.

use std::collections::BTreeMap;

use super::Schedule;

/// A range of tasks within which the autoscaler decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
    /// Average CPU aimed at, percent.
    pub cpu: Option<u32>,
    /// Average memory aimed at, percent.
    pub memory: Option<u32>,
    /// Requests per task and minute aimed at.
    pub requests: Option<u32>,
    /// Seconds after tasks were added until more are.
    pub cooldown_out: u32,
    /// Seconds after tasks were removed until more are.
    pub cooldown_in: u32,
    /// Other ranges from certain times on, by name.
    pub schedule: BTreeMap<String, TimedRange>,
}

/// A range that holds from a time on, until another takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedRange {
    /// When it starts.
    pub at: Schedule,
    /// Fewest tasks from then on.
    pub min: u32,
    /// Most tasks from then on.
    pub max: u32,
}
