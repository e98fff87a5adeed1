//! Estimates what one step means to users and how long it takes, from the spec and what is live.
//!
//! It looks for figures by name and does without those it does not find, so that kinds owe it
//! nothing.

use serde_json::Value;
use wharf_graph::input::references;
use wharf_graph::{Address, ReplaceOrder, Snapshot};

use crate::decide::{Decisions, Verdict};
use crate::impact::words;
use crate::nodes::Node;
use crate::rollout::Figures;
use crate::shifting::Shifting;
use crate::{Impact, ImpactKind, Op, Part, Reason};

/// Estimates from props.
pub(crate) struct Estimator<'a> {
    pub(crate) decided: &'a Decisions<'a>,
    pub(crate) snapshot: &'a Snapshot,
}

const COUNT: &[&str] = &["count", "desired_count"];
/// What stands in for the count where an autoscaler decides: how many there are, or will be at first.
const START: &str = "start";
/// The fewest an autoscaled service may have.
const AT_LEAST: &str = "at_least";
/// The range of an autoscaler.
const MIN: &[&str] = &["min"];
const MAX: &[&str] = &["max"];
const LEAST: &[&str] =
    &["min_healthy", "min_percent", "min_healthy_percent", "minimum_healthy_percent"];
const MOST: &[&str] = &["max_healthy", "max_percent", "max_healthy_percent", "maximum_percent"];
const INTERVAL: &[&str] = &["interval", "interval_seconds", "health_check_interval"];
const DRAIN: &[&str] = &["drain", "drain_seconds", "deregistration_delay.timeout_seconds"];
/// Props whose change moves no task (Amazon ECS API reference, `UpdateService`).
const QUIET: &[&str] = &["deploy", "exec", "grace", "propagate_tags", "tags", "wharf_tags"];

impl Estimator<'_> {
    /// Estimates one step.
    pub(crate) fn step(&self, node: &Node<'_>) -> Impact {
        let name = format!("{} {}", node.policy.title, node.address.name());
        match &node.op {
            Op::Delete { live } => self.delete(node, &live.props, &name),
            Op::Create { props } => self.create(node, props, &name),
            Op::Update { live, props, changed } => {
                self.update(node, &live.props, props, changed, &name)
            }
        }
    }

    fn delete(&self, node: &Node<'_>, live: &Value, name: &str) -> Impact {
        let seconds = match self.figures(live) {
            // What traffic has moved away from has nothing to drain.
            Some(_) if node.part == Some(Part::Delete) => STOPPED,
            Some(figures) => figures.drain + STOPPED,
            None => node.policy.takes.delete,
        };
        if node.policy.holds_data {
            return Impact {
                kind: ImpactKind::DataLoss,
                downtime: false,
                seconds,
                sentence: format!("{name} is deleted with the data in it"),
                costliest: None,
            };
        }
        // What stands beside the one that serves, in case: without it, that one goes on.
        let spare = node.policy.traffic.is_none()
            && node.address.name().split_once('/').is_some_and(|(first, _)| {
                let first = Address::new(node.policy.kind, first);
                self.decided.contains_key(&first)
            });
        if spare {
            return Impact::quiet(seconds);
        }
        let ends = matches!(node.because, Reason::Pruned | Reason::Added | Reason::Destroyed);
        if ends && governs_service(node.policy.governs, live) && node.because != Reason::Destroyed {
            let of = node.address.name();
            let sentence =
                format!("service {of} is not autoscaled any more; its number of tasks stays");
            return Impact { sentence, ..Impact::quiet(seconds) };
        }
        if ends && node.policy.serves_traffic {
            let sentence = if takes_requests(live) {
                format!("{name} is deleted and does not answer any more")
            } else {
                return Impact {
                    sentence: format!("{name} is deleted and does no more work"),
                    ..Impact::quiet(seconds)
                };
            };
            return Impact::outage(seconds, sentence);
        }
        Impact::quiet(seconds)
    }

    fn create(&self, node: &Node<'_>, props: &Value, name: &str) -> Impact {
        let figures = self.figures(props);
        let seconds = match figures {
            Some(figures) if figures.count == 0 => 0,
            Some(figures) => figures.healthy(),
            None => node.policy.takes.create,
        };
        let replaced = self.decided.get(node.address).map(|decision| decision.verdict);
        match (replaced, figures) {
            (Some(Verdict::Replace(ReplaceOrder::DeleteFirst)), _)
                if node.policy.serves_traffic =>
            {
                let gap = seconds + node.policy.takes.delete;
                let sentence = format!(
                    "{name} is deleted before its successor is made: no answer for about {}",
                    words(gap)
                );
                Impact::outage(seconds, sentence)
            }
            (Some(Verdict::Replace(ReplaceOrder::CreateFirst)), Some(_)) => Impact {
                kind: ImpactKind::Rolling,
                sentence: format!(
                    "new tasks of {name} start beside the old ones, about {}, no downtime",
                    words(seconds + STOPPED)
                ),
                ..Impact::quiet(seconds)
            },
            (None | Some(Verdict::Create), None) if governs_service(node.policy.governs, props) => {
                let (Some(min), Some(max)) = (number(props, MIN), number(props, MAX)) else {
                    return Impact::quiet(seconds);
                };
                let of = node.address.name();
                let sentence = format!(
                    "the autoscaler decides how many tasks service {of} has from now on, {min} to {max}"
                );
                Impact { sentence, ..Impact::quiet(seconds) }
            }
            _ => Impact::quiet(seconds),
        }
    }

    fn update(
        &self,
        node: &Node<'_>,
        live: &Value,
        props: &Value,
        changed: &[String],
        name: &str,
    ) -> Impact {
        let Some(mut figures) = self.figures(props) else {
            let mut impact = Impact::quiet(node.policy.takes.update);
            impact.sentence = answers_otherwise(live, props, name)
                .or_else(|| range_moves(live, props, node.address.name()))
                .unwrap_or_default();
            return impact;
        };
        let only = |list: &[&str]| {
            !changed.is_empty()
                && changed.iter().all(|path| {
                    list.contains(&path.split('.').next().unwrap_or(path))
                        || list.contains(&path.as_str())
                })
        };
        let before = count(live).unwrap_or(figures.count);
        if number(props, COUNT).is_none() {
            figures.count = before.max(number(props, &[AT_LEAST]).unwrap_or(0));
        }
        if only(&["requests"]) {
            return Impact {
                sentence: format!("all requests of {name} go to the tasks that serve"),
                ..Impact::default()
            };
        }
        // After a rollback, what is wanted may be what runs; that it is gets noted and nothing else.
        let noted = only(&["rolled_out"]) && live["rolled_out"] == "rolled back";
        if only(QUIET) || noted {
            return Impact::default();
        }
        if figures.count == 0 {
            return Self::stopped(before, props, name);
        }
        if before == 0 || only(COUNT) || only(&[AT_LEAST]) {
            return scaled(before, figures, name);
        }
        let moves = Shifting::of(props).filter(|_| Shifting::of(live).is_some());
        let mut impact = match moves {
            Some(shifting) => shifting.impact(figures, name),
            None => rolling(figures, props, name),
        };
        if live["swapped"] == true && Shifting::of(props).is_none() {
            Shifting::back(figures, &mut impact);
        }
        if node.because == Reason::Unseen && !impact.downtime {
            return Impact {
                sentence: format!(
                    "the last rollout of {name} is waited for, or tried again where it went back; no downtime"
                ),
                costliest: None,
                ..impact
            };
        }
        let spot = |props: &Value| {
            props
                .get("launch")
                .and_then(Value::as_str)
                .is_some_and(|launch| launch.contains("SPOT"))
        };
        if spot(props) && !spot(live) {
            impact.sentence.push_str("; AWS may take back those on Spot, at two minutes' notice");
        }
        impact
    }

    /// A service is scaled to nothing.
    fn stopped(before: u64, props: &Value, name: &str) -> Impact {
        if before == 0 {
            Impact::default()
        } else if takes_requests(props) {
            Impact::outage(0, format!("{name} is scaled to no task and does not answer any more"))
        } else {
            Impact {
                sentence: format!("{name} is scaled to no task and does no more work"),
                ..Impact::default()
            }
        }
    }

    /// Finds the figures in the props of something that runs tasks, and in those of what it refers
    /// to, by reference or by what AWS calls it.
    fn figures(&self, props: &Value) -> Option<Figures> {
        let count = count(props)?;
        let mut related: Vec<&Value> = references(props)
            .iter()
            .filter_map(|reference| self.decided.get(&reference.of))
            .map(|decision| &decision.desired.props)
            .collect();
        if related.is_empty() {
            let mut named = std::collections::BTreeSet::new();
            crate::doomed::each_text(props, &mut |text| {
                named.insert(text);
            });
            related.extend(
                self.snapshot
                    .iter()
                    .filter(|live| named.contains(live.id.as_str()))
                    .map(|live| &live.props),
            );
        }
        let find = |names: &[&str]| {
            number(props, names).or_else(|| related.iter().find_map(|one| number(one, names)))
        };
        Some(Figures {
            count,
            least: find(LEAST).unwrap_or(100),
            most: find(MOST).unwrap_or(200),
            interval: related.iter().filter_map(|one| number(one, INTERVAL)).max(),
            checks: if takes_requests(props) {
                "health.interval"
            } else {
                "container_health.interval"
            },
            drain: find(DRAIN).unwrap_or(0),
        })
    }
}

/// Seconds until a service without tasks is gone.
const STOPPED: u64 = 15;

/// Says whether requests come to it through a balancer; where props do not tell, they do.
fn takes_requests(props: &Value) -> bool {
    props.get("load_balancer").is_none_or(|balancer| !balancer.is_null())
}

fn scaled(before: u64, figures: Figures, name: &str) -> Impact {
    let (count, drain) = (figures.count, words(figures.gone()));
    let tasks = tasks(count);
    if count > before {
        let seconds = figures.healthy();
        let sentence =
            format!("{name} grows from {before} to {tasks}, about {}, no downtime", words(seconds));
        return Impact { sentence, ..Impact::quiet(seconds) };
    }
    let sentence = format!(
        "{name} shrinks from {before} to {tasks}; those that go finish their requests first, about \
         {drain}, no downtime"
    );
    Impact { sentence, ..Impact::default() }
}

fn rolling(figures: Figures, props: &Value, name: &str) -> Impact {
    let tasks = tasks(figures.count);
    let Some(rollout) = figures.replace_all() else {
        let sentence = format!(
            "{name} cannot replace its {tasks}: `deploy.min_healthy` and `deploy.max_running` leave \
             no room"
        );
        return Impact { kind: ImpactKind::Rolling, sentence, ..Impact::default() };
    };
    let costliest = figures.costliest(rollout);
    if rollout.gap > 0 && takes_requests(props) {
        let sentence = format!(
            "{name} stops {tasks} before any successor runs: no answer for about {}",
            words(rollout.gap)
        );
        return Impact { costliest, ..Impact::outage(rollout.seconds, sentence) };
    }
    let harm = if takes_requests(props) {
        "no downtime"
    } else if rollout.gap > 0 {
        "no work is done for some of it"
    } else {
        "work goes on"
    };
    let sentence =
        format!("rolling restart of {tasks} of {name}, about {}, {harm}", words(rollout.seconds));
    Impact {
        kind: ImpactKind::Rolling,
        downtime: false,
        seconds: rollout.seconds,
        sentence,
        costliest,
    }
}

/// What clients see of a listener that answers in another way.
fn answers_otherwise(live: &Value, props: &Value, name: &str) -> Option<String> {
    let given = |props: &Value, prop: &str| props.get(prop).is_some_and(|value| !value.is_null());
    let turned_on = |prop: &str| given(props, prop) && !given(live, prop);
    if turned_on("redirect") {
        Some(format!("{name} redirects to HTTPS from now on, no downtime for clients that follow"))
    } else if turned_on("fixed") {
        Some(format!("{name} no longer answers requests that no rule matches"))
    } else {
        None
    }
}

/// Finds the number of tasks.
fn count(props: &Value) -> Option<u64> {
    number(props, COUNT).or_else(|| whole(props.get(START)?))
}

/// Says whether it decides how many tasks a service has.
fn governs_service(governs: bool, props: &Value) -> bool {
    governs && props.get("service").is_some()
}

/// What a change of a range does to the tasks there are.
fn range_moves(live: &Value, props: &Value, service: &str) -> Option<String> {
    let moved = |names: &[&str]| Some((number(live, names)?, number(props, names)?));
    let (min, max) = (moved(MIN)?, moved(MAX)?);
    let more = (min.1 > min.0).then(|| format!("at least {}", tasks(min.1)));
    let fewer = (max.1 < max.0).then(|| format!("at most {}", tasks(max.1)));
    let both: Vec<String> = [more, fewer].into_iter().flatten().collect();
    (!both.is_empty())
        .then(|| format!("service {service} has {} at once, no downtime", both.join(" and ")))
}

pub(crate) fn tasks(count: u64) -> String {
    if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") }
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
