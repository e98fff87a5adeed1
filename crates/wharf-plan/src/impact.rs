//! What users of a stack notice while a plan is carried out, and how long it takes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Step, StepId};

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

/// What users notice, and how long a step or a whole plan takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// How much they notice.
    pub kind: ImpactKind,
    /// Whether requests go unanswered.
    pub downtime: bool,
    /// An estimate of how long it takes, in seconds.
    pub seconds: u64,
    /// What happens, in words; empty when there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sentence: String,
    /// The setting that costs most of the time, if one stands out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costliest: Option<Costliest>,
}

/// A setting of the spec that makes a change slow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costliest {
    /// The key below the service, for example `deploy.drain`.
    pub setting: String,
    /// What the time is spent on, as in "30 s of it is draining".
    pub spent_on: String,
    /// Seconds it costs.
    pub seconds: u64,
}

impl Impact {
    /// Nobody notices; it takes this many seconds.
    pub(crate) fn quiet(seconds: u64) -> Self {
        Self { seconds, ..Self::default() }
    }

    /// Requests go unanswered.
    pub(crate) fn outage(seconds: u64, sentence: String) -> Self {
        Self { kind: ImpactKind::Outage, downtime: true, seconds, sentence, costliest: None }
    }
}

/// Writes seconds the way people say them: `45 s`, `3 min 20 s`.
pub(crate) fn words(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, rest) => format!("{rest} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, rest) => format!("{minutes} min {rest} s"),
    }
}

/// How many sentences a sum quotes.
const SENTENCES: usize = 3;

/// Sums up: the worst kind with its sentences, and the time of the longest chain of steps.
pub(crate) fn total(steps: &[Step]) -> Impact {
    let mut until: BTreeMap<&StepId, u64> = BTreeMap::new();
    let mut seconds = 0;
    for step in steps {
        let start = step.needs.iter().filter_map(|need| until.get(need)).max().copied();
        let end = start.unwrap_or(0) + step.impact.seconds;
        until.insert(&step.id, end);
        seconds = seconds.max(end);
    }
    let kind = steps.iter().map(|step| step.impact.kind).max().unwrap_or_default();
    let of_kind = || steps.iter().map(|step| &step.impact).filter(|impact| impact.kind == kind);
    let mut sentences: Vec<&str> = Vec::new();
    for impact in of_kind().filter(|impact| !impact.sentence.is_empty()) {
        if !sentences.contains(&impact.sentence.as_str()) {
            sentences.push(&impact.sentence);
        }
    }
    let beyond = sentences.len().saturating_sub(SENTENCES);
    let more = format!("and {beyond} more like this");
    sentences.truncate(SENTENCES);
    if beyond > 0 {
        sentences.push(&more);
    }
    Impact {
        kind,
        downtime: steps.iter().any(|step| step.impact.downtime),
        seconds,
        sentence: sentences.join("; "),
        costliest: of_kind()
            .filter_map(|impact| impact.costliest.clone())
            .max_by(|one, two| (one.seconds, &two.setting).cmp(&(two.seconds, &one.setting))),
    }
}
