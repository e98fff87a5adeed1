//! How many tasks run, and who decides.

use std::collections::BTreeMap;

use super::context::Cx;
use super::schedule;
use crate::document::{Entry, Node};
use crate::keys::{self, Fields};
use crate::problem::{Problem, Span};
use crate::stack::{Scaling, TimedRange};
use crate::units;

/// Most tasks of one service (ECS quotas).
const MAX_TASKS: u32 = 5000;
/// Most scheduled changes of one service's range (Application Auto Scaling quotas).
const MAX_TIMES: usize = 200;
/// What is aimed at when the spec does not say.
const COOLDOWN: u32 = 300;

/// The number of tasks, and the range if the autoscaler decides.
pub(super) type Scale = (u32, Option<Scaling>);

pub(super) fn read(cx: &mut Cx, node: &Node, routed: bool) -> Option<Scale> {
    if node.map().is_none() {
        return units::integer(cx, node, "`scale`", 0, MAX_TASKS).map(|count| (count, None));
    }
    let fields = Fields::of(cx, node, &keys::SCALE)?;
    for (key, example) in [("min", "min: 2"), ("max", "max: 10")] {
        if fields.entry(key).is_none() {
            cx.missing(node.span, "a scale", key, example);
        }
    }
    let range = range(cx, fields);
    let cpu = fields.get(cx, "cpu").and_then(|n| units::percent(cx, n, "`cpu`", 1, 100));
    let memory = fields.get(cx, "memory").and_then(|n| units::percent(cx, n, "`memory`", 1, 100));
    let requests = fields.get(cx, "requests");
    let requests = requests.and_then(|n| units::integer(cx, n, "`requests`", 1, 10_000_000));
    let cooldown_node = fields.get(cx, "cooldown");
    let (cooldown_out, cooldown_in) = cooldown(cx, cooldown_node);
    let schedule = fields.get(cx, "schedule").map(|n| times(cx, n)).unwrap_or_default();
    if let Some(entry) = fields.entry("requests")
        && !routed
    {
        cx.push(
            Problem::error("E034", entry.key.span, "`requests` needs `port`")
                .label("a service without a port gets no requests")
                .help("write `cpu:` or `memory:` instead"),
        );
    }
    let (min, max) = range?;
    let metrics: Vec<&Entry> =
        ["cpu", "memory", "requests"].iter().filter_map(|key| fields.entry(key)).collect();
    let mover = metrics.first().copied().or_else(|| fields.entry("schedule"));
    if min == max {
        return Some(fixed(cx, fields, min, mover));
    }
    if mover.is_none() {
        cx.push(
            Problem::error("E034", node.span, "nothing says when to add or remove tasks")
                .label(format!("there would always be {min}"))
                .help("add what to aim at, for example `cpu: 60` (percent) or `requests: 800`")
                .help(format!("for a fixed number of tasks, write `scale: {min}`")),
        );
    }
    if let (Some(cooldown), true) = (fields.entry("cooldown"), metrics.is_empty())
        && mover.is_some()
    {
        cx.push(
            Problem::error("E034", cooldown.key.span, "`cooldown` needs something to aim at")
                .label("nothing is waited for")
                .help("add `cpu:`, `memory:` or `requests:`, or remove it"),
        );
    }
    let scaling = Scaling { min, max, cpu, memory, requests, cooldown_out, cooldown_in, schedule };
    Some((min, Some(scaling)))
}

/// Reads `min` and `max`.
fn range(cx: &mut Cx, fields: Fields<'_>) -> Option<(u32, u32)> {
    let (low, high) = (fields.get(cx, "min"), fields.get(cx, "max"));
    let min = low.and_then(|node| units::integer(cx, node, "`min`", 0, MAX_TASKS));
    let max = high.and_then(|node| units::integer(cx, node, "`max`", 0, MAX_TASKS));
    let (min, max) = (min?, max?);
    if min > max {
        let at = |node: Option<&Node>| node.map_or(Span::default(), |node| node.span);
        cx.push(
            Problem::error("E033", at(high), "`max` is less than `min`")
                .label(format!("less than {min}"))
                .also(at(low), "the least"),
        );
        return None;
    }
    Some((min, max))
}

/// A map that names one number: fine as it is, and odd with anything that would move it.
fn fixed(cx: &mut Cx, fields: Fields<'_>, count: u32, mover: Option<&Entry>) -> Scale {
    if let Some(entry) = mover.or_else(|| fields.entry("cooldown")) {
        let span = fields.entry("max").map_or(entry.key.span, |max| max.value.span);
        cx.push(
            Problem::error("E034", entry.key.span, format!("`{}` needs a range", entry.key.text))
                .label("has nothing to decide")
                .also(span, format!("no more than `min`, {count}"))
                .help(format!("raise `max`, or write `scale: {count}`")),
        );
    }
    (count, None)
}

fn cooldown(cx: &mut Cx, node: Option<&Node>) -> (u32, u32) {
    let Some(node) = node else { return (COOLDOWN, COOLDOWN) };
    let read = |cx: &mut Cx, node: &Node, what: &str| {
        units::duration(cx, node, what, 0, 86400).unwrap_or(COOLDOWN)
    };
    if node.scalar().is_some() {
        let both = read(cx, node, "`cooldown`");
        return (both, both);
    }
    let Some(fields) = Fields::of(cx, node, &keys::COOLDOWN) else { return (COOLDOWN, COOLDOWN) };
    let (out, back) = (fields.get(cx, "out"), fields.get(cx, "in"));
    let out = out.map_or(COOLDOWN, |node| read(cx, node, "`out`"));
    (out, back.map_or(COOLDOWN, |node| read(cx, node, "`in`")))
}

/// Reads the ranges that hold from certain times on, by name.
fn times(cx: &mut Cx, node: &Node) -> BTreeMap<String, TimedRange> {
    let mut times = BTreeMap::new();
    let Some(entries) = node.map() else {
        cx.wrong_type(node, "`schedule` (a map of names, each with `cron`, `min` and `max`)");
        return times;
    };
    if entries.len() > MAX_TIMES {
        cx.push(
            Problem::error("E002", node.span, format!("there can be {MAX_TIMES} times at most"))
                .label(format!("{} are written", entries.len())),
        );
        return times;
    }
    for entry in entries {
        units::name(cx, &entry.key.text, entry.key.span, "a time of a scale");
        let Some(fields) = Fields::of(cx, &entry.value, &keys::SCALE_TIME) else { continue };
        for (key, example) in
            [("cron", "cron: \"0 7 * * MON-FRI\""), ("min", "min: 4"), ("max", "max: 20")]
        {
            if fields.entry(key).is_none() {
                cx.missing(entry.key.span, "a time of a scale", key, example);
            }
        }
        let at = schedule::of_fields(cx, fields);
        if let (Some(at), Some((min, max))) = (at, range(cx, fields)) {
            times.insert(entry.key.text.clone(), TimedRange { at, min, max });
        }
    }
    times
}
