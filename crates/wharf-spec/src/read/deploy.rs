//! How new tasks replace old ones, and how long logs stay.

use std::collections::BTreeSet;

use super::context::Cx;
use crate::document::{Entry, Node};
use crate::keys::{self, Fields, shorten};
use crate::problem::Problem;
use crate::stack::{Deploy, Strategy};
use crate::units;

/// Days a log group can keep its lines (CloudWatch Logs API reference, `PutRetentionPolicy`).
const RETENTION: &[u32] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];
/// Longest wait of a strategy (ECS API reference, `DeploymentConfiguration`: 1440 minutes).
const LONGEST_BAKE: u32 = 86400;
/// How long the old revision stays when the spec does not say.
const BAKE: u32 = 300;

pub(super) fn read(cx: &mut Cx, node: Option<&Node>, routed: bool, count: u32) -> Deploy {
    let mut deploy = Deploy {
        strategy: Strategy::Rolling,
        alarms: BTreeSet::new(),
        max_failures: 3,
        drain: 30,
        timeout: 600,
        min_healthy: 100,
        max_running: 200,
    };
    let Some(node) = node else { return deploy };
    let Some(fields) = Fields::of(cx, node, &keys::DEPLOY) else { return deploy };
    deploy.strategy = strategy(cx, fields, routed);
    deploy.timeout = deploy.timeout.saturating_add(deploy.strategy.waits()).min(86400);
    deploy.alarms = alarms(cx, fields);
    let failures = fields.get(cx, "max_failures");
    if let Some(number) = failures.and_then(|n| units::integer(cx, n, "`max_failures`", 1, 200)) {
        deploy.max_failures = number;
    }
    // ELB API reference, target group attribute deregistration_delay.timeout_seconds.
    let drain = fields.get(cx, "drain");
    if let Some(seconds) = drain.and_then(|n| units::duration(cx, n, "`drain`", 0, 3600)) {
        deploy.drain = seconds;
    }
    let timeout = fields.get(cx, "timeout");
    if let Some(seconds) = timeout.and_then(|n| units::duration(cx, n, "`timeout`", 60, 86400)) {
        deploy.timeout = seconds;
    }
    // ECS API reference, DeploymentConfiguration.
    let least = fields.get(cx, "min_healthy");
    if let Some(share) = least.and_then(|n| units::percent(cx, n, "`min_healthy`", 0, 100)) {
        deploy.min_healthy = share;
    }
    let most = fields.get(cx, "max_running");
    if let Some(share) = most.and_then(|n| units::percent(cx, n, "`max_running`", 100, 200)) {
        deploy.max_running = share;
    }
    if stuck(&deploy, count) {
        let span = fields.entry("max_running").or_else(|| fields.entry("min_healthy"));
        let span = span.map_or(node.span, |entry| entry.value.span);
        let mut problem =
            Problem::error("E033", span, "a rollout could neither start a task nor stop one");
        problem = if deploy.max_running == 100 {
            problem.label("no task beyond the count may run")
        } else {
            let (most, least) = (deploy.max_running, deploy.min_healthy);
            problem.label(format!("of {count}, this is rounded to {count}")).note(format!(
                "ECS rounds {most}% of {count} down and {least}% of {count} up; both are {count}"
            ))
        };
        if deploy.min_healthy == 100 {
            let why = "`min_healthy` is 100% (by default), so no running task may be stopped first";
            problem = problem.note(why);
        }
        cx.push(problem.help("raise `max_running`, or lower `min_healthy`"));
    }
    deploy
}

/// Reads `strategy` with the settings that belong to it.
fn strategy(cx: &mut Cx, fields: Fields<'_>, routed: bool) -> Strategy {
    const WORDS: [&str; 4] = ["rolling", "blue-green", "linear", "canary"];
    let node = fields.get(cx, "strategy");
    let word = node.map_or(Some("rolling"), |node| units::word(cx, node, "`strategy`", &WORDS));
    let wait = |cx: &mut Cx, key: &str, default: u32| {
        let node = fields.get(cx, key);
        node.and_then(|node| minutes(cx, node, key)).unwrap_or(default)
    };
    let bake = wait(cx, "bake", BAKE);
    // ECS API reference, LinearConfiguration and CanaryConfiguration: ranges and defaults.
    let (low, step, interval) = match word {
        Some("linear") => (3, 10, 360),
        _ => (1, 5, 600),
    };
    let interval = wait(cx, "interval", interval);
    let percent = fields.get(cx, "step");
    let step = percent.and_then(|n| units::percent(cx, n, "`step`", low, 100)).unwrap_or(step);
    let Some(word) = word else { return Strategy::Rolling };
    let takes: &[&str] = match word {
        "rolling" => &[],
        "blue-green" => &["bake"],
        _ => &["bake", "step", "interval"],
    };
    for key in ["bake", "step", "interval"] {
        if let Some(entry) = fields.entry(key).filter(|_| !takes.contains(&key)) {
            stray(cx, entry, word, node);
        }
    }
    let Some(node) = node else { return Strategy::Rolling };
    if matches!(word, "linear" | "canary") && !routed {
        cx.push(
            Problem::error("E038", node.span, format!("`strategy: {word}` needs `port`"))
                .label("a service without a port gets no requests that could be moved")
                .help("write `strategy: rolling`, or remove the line"),
        );
    }
    match word {
        "blue-green" => Strategy::BlueGreen { bake },
        "linear" => Strategy::Linear { step, interval, bake },
        "canary" => Strategy::Canary { step, interval, bake },
        _ => Strategy::Rolling,
    }
}

fn stray(cx: &mut Cx, entry: &Entry, word: &str, strategy: Option<&Node>) {
    let key = entry.key.text.as_str();
    let of = if key == "bake" { "blue-green, linear and canary" } else { "linear and canary" };
    let mut problem =
        Problem::error("E038", entry.key.span, format!("`{key}` belongs to the strategies {of}"))
            .label("has no meaning here");
    problem = match strategy {
        Some(node) => problem.also(node.span, format!("the strategy is {word}")),
        None => problem.note("the strategy is rolling by default"),
    };
    cx.push(problem.help("remove it, or name the strategy it belongs to"));
}

fn minutes(cx: &mut Cx, node: &Node, key: &str) -> Option<u32> {
    let seconds = units::duration(cx, node, &format!("`{key}`"), 0, LONGEST_BAKE)?;
    if seconds % 60 == 0 {
        return Some(seconds);
    }
    cx.push(
        Problem::error("E038", node.span, format!("`{key}` is a whole number of minutes"))
            .label("not a whole number of minutes")
            .help(format!("for example {}m", seconds.div_ceil(60))),
    );
    None
}

/// Reads the names of alarms (CloudWatch API reference, `PutMetricAlarm`: 1 to 255 characters).
fn alarms(cx: &mut Cx, fields: Fields<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let Some(node) = fields.get(cx, "rollback_on_alarms") else { return names };
    let Some(items) = units::texts(cx, node, "`rollback_on_alarms`") else { return names };
    if items.is_empty() {
        cx.push(
            Problem::error("E009", node.span, "`rollback_on_alarms` names no alarm")
                .label("empty")
                .help("remove the line if no alarm should roll back"),
        );
    }
    for (name, span) in items {
        let arn = name.starts_with("arn:");
        if arn || name.is_empty() || name.chars().count() > 255 {
            let problem = Problem::error(
                "E038",
                span,
                format!("`{}` is not the name of an alarm", shorten(&name)),
            );
            let problem = problem.label("expected 1 to 255 characters, not an ARN");
            let last = name.rsplit(':').next().unwrap_or_default();
            cx.push(if arn { problem.help(format!("write {}", shorten(last))) } else { problem });
        } else if !names.insert(name) {
            cx.push(Problem::error("E038", span, "this alarm is listed twice").label("again"));
        }
    }
    names
}

/// Says whether a rollout of so many tasks has no room to begin: ECS rounds the most that may run down,
/// and the least that must be healthy up (ECS API reference, `DeploymentConfiguration`).
fn stuck(deploy: &Deploy, count: u32) -> bool {
    let tasks = u64::from(count.max(1));
    let most = tasks * u64::from(deploy.max_running) / 100;
    let least = (tasks * u64::from(deploy.min_healthy)).div_ceil(100);
    let rounded = count > 0 && matches!(deploy.strategy, Strategy::Rolling) && most <= tasks;
    (rounded || deploy.max_running == 100) && least >= tasks
}

/// Reads days; `None` means for ever.
pub(super) fn logs(cx: &mut Cx, node: Option<&Node>) -> Option<u32> {
    const DEFAULT: Option<u32> = Some(30);
    let Some(node) = node else { return DEFAULT };
    let Some(fields) = Fields::of(cx, node, &keys::LOGS) else { return DEFAULT };
    let Some(retain) = fields.get(cx, "retain") else { return DEFAULT };
    if retain.scalar().is_some_and(|scalar| scalar.text == "forever") {
        return None;
    }
    let Some(seconds) = units::duration(cx, retain, "`retain`", 0, u32::MAX) else {
        return DEFAULT;
    };
    let days = seconds / 86400;
    if seconds.is_multiple_of(86400) && RETENTION.contains(&days) {
        return Some(days);
    }
    let below = RETENTION.iter().rev().find(|allowed| **allowed <= days);
    let above = RETENTION.iter().find(|allowed| **allowed > days);
    let near: Vec<String> = below.into_iter().chain(above).map(|days| format!("{days}d")).collect();
    cx.push(
        Problem::error("E036", retain.span, "CloudWatch cannot keep logs for this long")
            .label("not one of its values")
            .note("it knows certain numbers of days only (CloudWatch Logs, PutRetentionPolicy)")
            .help(format!("write {}, or forever", near.join(" or "))),
    );
    DEFAULT
}
