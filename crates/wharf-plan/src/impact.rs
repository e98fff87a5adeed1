//! What users of a stack notice while a step runs.

use serde::{Deserialize, Serialize};

/// How much users notice, mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImpactKind {
    /// Nothing.
    #[default]
    None,
    /// Tasks are replaced a few at a time; requests are answered throughout.
    Rolling,
    /// Requests are not answered for a while, or ever.
    Outage,
    /// Data is deleted that cannot be made again.
    DataLoss,
}

/// What users notice, for how long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// How much they notice.
    pub kind: ImpactKind,
    /// Whether requests go unanswered.
    pub downtime: bool,
    /// An estimate of how long it takes, in seconds.
    pub seconds: u64,
    /// The same in words; empty when nothing is noticed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sentence: String,
}
