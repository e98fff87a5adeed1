//! How many tasks run, how new ones replace old ones, and how long logs stay.

use super::context::Cx;
use super::stack::not_yet;
use crate::document::Node;
use crate::keys::{self, Fields};
use crate::problem::Problem;
use crate::stack::Deploy;
use crate::units;

/// Most tasks of one service (ECS quotas).
const MAX_TASKS: u32 = 5000;

/// Days a log group can keep its lines (CloudWatch Logs API reference, `PutRetentionPolicy`).
const RETENTION: &[u32] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

pub(super) fn scale(cx: &mut Cx, node: &Node) -> Option<u32> {
    if node.map().is_none() {
        return units::integer(cx, node, "`scale`", 0, MAX_TASKS);
    }
    let fields = Fields::of(cx, node, &keys::SCALE)?;
    for (key, example) in [("min", "min: 2"), ("max", "max: 2")] {
        if fields.entry(key).is_none() {
            cx.missing(node.span, "a scale", key, example);
        }
    }
    let max_node = fields.get(cx, "max");
    let min = fields.get(cx, "min").and_then(|n| units::integer(cx, n, "`min`", 0, MAX_TASKS))?;
    let max = max_node.and_then(|n| units::integer(cx, n, "`max`", 0, MAX_TASKS))?;
    let span = max_node.map_or(node.span, |node| node.span);
    if min > max {
        cx.push(
            Problem::error("E033", span, "`max` is less than `min`")
                .label(format!("less than {min}")),
        );
    } else if min < max {
        not_yet(cx, span, "a range of tasks (`min` and `max` that differ)");
    }
    Some(min)
}

pub(super) fn read(cx: &mut Cx, node: Option<&Node>) -> Deploy {
    let mut deploy =
        Deploy { max_failures: 3, drain: 30, timeout: 600, min_healthy: 100, max_running: 200 };
    let Some(node) = node else { return deploy };
    let Some(fields) = Fields::of(cx, node, &keys::DEPLOY) else { return deploy };
    if let Some(strategy) = fields.get(cx, "strategy") {
        let words = ["rolling", "blue-green", "linear", "canary"];
        if let Some(word) = units::word(cx, strategy, "`strategy`", &words)
            && word != "rolling"
        {
            not_yet(cx, strategy.span, &format!("`strategy: {word}`"));
        }
    }
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
    if deploy.min_healthy == 100 && deploy.max_running == 100 {
        let span = fields.entry("max_running").map_or(node.span, |entry| entry.value.span);
        cx.push(
            Problem::error("E033", span, "a rollout could neither start a task nor stop one")
                .label("no task beyond the count may run")
                .note("`min_healthy` is 100% (by default), so no running task may be stopped first")
                .help("raise `max_running`, or lower `min_healthy`"),
        );
    }
    deploy
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
