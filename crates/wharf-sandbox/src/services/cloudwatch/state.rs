//! The state of CloudWatch.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{tags::Tags, time::SimTime};

/// Everything CloudWatch knows in a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CloudWatchState {
    /// The alarms by name.
    pub alarms: BTreeMap<String, Alarm>,
}

/// An alarm of a metric.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alarm {
    /// Its ARN.
    pub arn: String,
    /// The members it was put with.
    pub body: Map<String, Value>,
    /// What it says.
    pub state: AlarmState,
    /// Why, in words.
    pub reason: String,
    /// When somebody last put it.
    pub configured: SimTime,
    /// When it last changed its state.
    pub changed: SimTime,
    /// Its tags.
    pub tags: Tags,
}

/// What an alarm says (CloudWatch API reference, `MetricAlarm`, `StateValue`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmState {
    /// The metric is within its bounds.
    Ok,
    /// The metric is beyond them.
    Alarm,
    /// There are not enough values to tell.
    InsufficientData,
}

impl AlarmState {
    /// Returns the word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl CloudWatchState {
    /// Returns the alarms that are going off.
    pub fn ringing(&self) -> BTreeSet<String> {
        let ringing = self.alarms.iter().filter(|(_, alarm)| alarm.state == AlarmState::Alarm);
        ringing.map(|(name, _)| name.clone()).collect()
    }
}
