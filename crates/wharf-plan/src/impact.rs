//! What users of a stack notice while a step runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wharf_graph::ReplaceOrder;
use wharf_graph::input::references;

use crate::decide::{Decisions, Verdict};
use crate::nodes::Node;
use crate::{Op, Reason, Step, StepId};

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

/// How long a task takes from being asked for to answering its first health check, in seconds: to
/// attach a network interface, pull an image and start. A rule of thumb; nothing depends on it.
const TASK_START: u64 = 30;

/// Estimates from props. It looks for figures by name and does without those it does not find, so
/// that kinds owe it nothing.
pub(crate) struct Estimator<'a> {
    pub(crate) decided: &'a Decisions<'a>,
}

/// The figures of a rollout.
struct Rollout {
    count: u64,
    min_percent: u64,
    max_percent: u64,
    /// Seconds from a task's start until it counts as healthy.
    healthy: u64,
    /// Seconds a task keeps answering open requests before it is stopped.
    drain: u64,
}

impl Estimator<'_> {
    /// Estimates what users notice of one step.
    pub(crate) fn step(&self, node: &Node<'_>) -> Impact {
        let name = format!("{} {}", node.policy.title, node.address.name());
        match &node.op {
            Op::Delete { .. } => Self::delete(node, &name),
            Op::Create { .. } => self.create(node, &name),
            Op::Update { props, changed, .. } => self.update(node, props, changed, &name),
        }
    }

    fn delete(node: &Node<'_>, name: &str) -> Impact {
        if node.policy.holds_data {
            return Impact {
                kind: ImpactKind::DataLoss,
                downtime: false,
                seconds: 0,
                sentence: format!("{name} is deleted with the data in it"),
            };
        }
        let ends = matches!(node.because, Reason::Pruned | Reason::Added | Reason::Destroyed);
        if ends && node.policy.serves_traffic {
            return outage(0, format!("{name} is deleted and does not answer any more"));
        }
        Impact::default()
    }

    fn create(&self, node: &Node<'_>, name: &str) -> Impact {
        let replaced = self.decided.get(node.address).map(|decision| decision.verdict);
        match replaced {
            Some(Verdict::Replace(order)) if node.policy.serves_traffic => match order {
                ReplaceOrder::CreateFirst => return self.beside(node, name),
                ReplaceOrder::DeleteFirst => {}
            },
            _ => return Impact::default(),
        }
        let healthy = node
            .op
            .props()
            .and_then(|props| self.rollout(props))
            .map_or(TASK_START, |rollout| rollout.healthy);
        outage(
            healthy,
            format!("{name} is deleted before its successor is made; about {}", words(healthy)),
        )
    }

    /// A successor starts beside what answers now.
    fn beside(&self, node: &Node<'_>, name: &str) -> Impact {
        let Some(rollout) = node.op.props().and_then(|props| self.rollout(props)) else {
            return Impact::default();
        };
        let seconds = rollout.healthy + rollout.drain;
        let sentence = format!(
            "new tasks of {name} start beside the old ones, about {}, no downtime",
            words(seconds)
        );
        Impact { kind: ImpactKind::Rolling, downtime: false, seconds, sentence }
    }

    fn update(&self, node: &Node<'_>, props: &Value, changed: &[String], name: &str) -> Impact {
        let Some(rollout) = self.rollout(props).filter(|_| node.policy.serves_traffic) else {
            return Impact::default();
        };
        let scaling = |path: &String| COUNT.contains(&path.as_str());
        if changed.iter().all(scaling) || rollout.count == 0 {
            return Impact::default();
        }
        let seconds = rollout.seconds();
        let tasks = if rollout.count == 1 {
            "1 task".to_owned()
        } else {
            format!("{} tasks", rollout.count)
        };
        let in_service = (rollout.count * rollout.min_percent).div_ceil(100);
        if in_service == 0 && node.policy.serves_traffic {
            return outage(
                rollout.healthy,
                format!(
                    "{name} stops {tasks} before their successors run, about {}",
                    words(rollout.healthy)
                ),
            );
        }
        Impact {
            kind: ImpactKind::Rolling,
            downtime: false,
            seconds,
            sentence: format!(
                "rolling restart of {tasks} of {name}, about {}, no downtime",
                words(seconds)
            ),
        }
    }

    /// Finds the figures of a rollout in the props of something that runs tasks, and in those of the
    /// targets it refers to.
    fn rollout(&self, props: &Value) -> Option<Rollout> {
        let count = number(props, COUNT)?;
        let targets: Vec<&Value> = references(props)
            .iter()
            .filter_map(|reference| self.decided.get(&reference.of))
            .map(|decision| &decision.desired.props)
            .collect();
        let find = |names: &[&str]| {
            number(props, names).or_else(|| targets.iter().find_map(|one| number(one, names)))
        };
        let checks = find(INTERVAL).unwrap_or(0) * find(GOOD).unwrap_or(1);
        Some(Rollout {
            count,
            min_percent: find(MIN_PERCENT).unwrap_or(100),
            max_percent: find(MAX_PERCENT).unwrap_or(200),
            healthy: TASK_START + checks,
            drain: find(DRAIN).unwrap_or(0),
        })
    }
}

const COUNT: &[&str] = &["count", "desired_count"];
const MIN_PERCENT: &[&str] =
    &["min_healthy", "min_percent", "min_healthy_percent", "minimum_healthy_percent"];
const MAX_PERCENT: &[&str] =
    &["max_healthy", "max_percent", "max_healthy_percent", "maximum_percent"];
const INTERVAL: &[&str] = &["interval", "interval_seconds", "health_check_interval"];
const GOOD: &[&str] = &["good", "healthy_threshold", "healthy_threshold_count"];
const DRAIN: &[&str] = &["drain", "drain_seconds", "deregistration_delay.timeout_seconds"];

impl Rollout {
    /// Returns how long replacing all tasks takes. Tasks are replaced in batches: as many as may run
    /// beyond the count, and as many as may be missing (Amazon ECS Developer Guide, rolling update).
    fn seconds(&self) -> u64 {
        let beyond = (self.count * self.max_percent / 100).saturating_sub(self.count);
        let keep = (self.count * self.min_percent).div_ceil(100);
        let batch = (beyond + self.count.saturating_sub(keep)).max(1);
        self.count.div_ceil(batch) * self.healthy + self.drain
    }
}

/// Finds a number by one of its names, at any depth, the shallowest first.
fn number(props: &Value, names: &[&str]) -> Option<u64> {
    let map = props.as_object()?;
    names
        .iter()
        .find_map(|name| whole(map.get(*name)?))
        .or_else(|| map.values().find_map(|below| number(below, names)))
}

/// Reads a number, also where AWS keeps it as text.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn outage(seconds: u64, sentence: String) -> Impact {
    Impact { kind: ImpactKind::Outage, downtime: true, seconds, sentence }
}

/// Writes seconds the way people say them: `45 s`, `3 min 20 s`.
fn words(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, rest) => format!("{rest} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, rest) => format!("{minutes} min {rest} s"),
    }
}

/// How many sentences a sum quotes.
const SENTENCES: usize = 3;

/// Sums up: the worst kind with its sentence, and the time of the longest chain of steps.
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
    let mut sentences: Vec<&str> = Vec::new();
    for step in steps.iter().filter(|step| step.impact.kind == kind && kind != ImpactKind::None) {
        if !sentences.contains(&step.impact.sentence.as_str()) {
            sentences.push(&step.impact.sentence);
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
    }
}
