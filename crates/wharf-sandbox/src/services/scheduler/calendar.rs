//! Cron expressions of six fields: minutes, hours, day of the month, month, day of the week, year.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Weekday};

/// How many days are looked through for the next time; a leap day on a certain weekday comes after 40
/// years at most.
const DAYS: usize = 366 * 41;

/// The times a cron expression stands for.
#[derive(Debug)]
pub(super) struct Calendar {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    days: Days,
    months: BTreeSet<i16>,
    weekdays: Weekdays,
    years: BTreeSet<i16>,
}

/// Days of the month.
#[derive(Debug)]
enum Days {
    Any,
    These(BTreeSet<i16>),
    Last,
    /// The weekday nearest to a day.
    Near(i16),
}

/// Days of the week, 1 for Sunday.
#[derive(Debug)]
enum Weekdays {
    Any,
    These(BTreeSet<i16>),
    /// The last one of a month.
    Last(i16),
    /// The n-th one of a month.
    Nth(i16, i16),
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Calendar {
    /// Reads the six fields. One of the two kinds of days must be `?` (EventBridge Scheduler user
    /// guide, "Cron-based schedules").
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, day, month, weekday, year] = fields.as_slice() else { return None };
        if (*day == "?") == (*weekday == "?") {
            return None;
        }
        Some(Self {
            minutes: set(minutes, 0, 59, &[])?,
            hours: set(hours, 0, 23, &[])?,
            days: days(day)?,
            months: set(month, 1, 12, &MONTHS)?,
            weekdays: weekdays(weekday)?,
            years: set(year, 1970, 2199, &[])?,
        })
    }

    /// Returns the next time after a moment on the wall clock.
    pub(super) fn next(&self, after: DateTime) -> Option<DateTime> {
        let mut date = after.date();
        for _ in 0..DAYS {
            if self.is_on(date) {
                for &hour in &self.hours {
                    for &minute in &self.minutes {
                        let hour = i8::try_from(hour).ok()?;
                        let found = date.at(hour, i8::try_from(minute).ok()?, 0, 0);
                        if found > after {
                            return Some(found);
                        }
                    }
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn is_on(&self, date: Date) -> bool {
        let day = i16::from(date.day());
        let weekday = i16::from(date.weekday().to_sunday_one_offset());
        let last = i16::from(date.days_in_month());
        let of_month = match &self.days {
            Days::Any => true,
            Days::These(days) => days.contains(&day),
            Days::Last => day == last,
            Days::Near(wanted) => day == nearest_weekday(date, *wanted),
        };
        let of_week = match &self.weekdays {
            Weekdays::Any => true,
            Weekdays::These(days) => days.contains(&weekday),
            Weekdays::Last(wanted) => weekday == *wanted && day + 7 > last,
            Weekdays::Nth(wanted, nth) => weekday == *wanted && (day - 1) / 7 + 1 == *nth,
        };
        of_month
            && of_week
            && self.months.contains(&i16::from(date.month()))
            && self.years.contains(&date.year())
    }
}

/// Returns the day of Monday to Friday that is nearest to a day, in the same month.
fn nearest_weekday(date: Date, wanted: i16) -> i16 {
    let last = i16::from(date.days_in_month());
    let wanted = wanted.min(last);
    let Some(at) =
        i8::try_from(wanted).ok().and_then(|day| Date::new(date.year(), date.month(), day).ok())
    else {
        return 0;
    };
    match at.weekday() {
        Weekday::Saturday if wanted > 1 => wanted - 1,
        Weekday::Saturday => wanted + 2,
        Weekday::Sunday if wanted < last => wanted + 1,
        Weekday::Sunday => wanted - 2,
        _ => wanted,
    }
}

fn days(text: &str) -> Option<Days> {
    match text {
        "?" | "*" => Some(Days::Any),
        "L" => Some(Days::Last),
        _ => match text.strip_suffix('W') {
            Some(day) => day.parse().ok().filter(|day| (1..=31).contains(day)).map(Days::Near),
            None => set(text, 1, 31, &[]).map(Days::These),
        },
    }
}

fn weekdays(text: &str) -> Option<Weekdays> {
    if text == "?" || text == "*" {
        return Some(Weekdays::Any);
    }
    if let Some((day, nth)) = text.split_once('#') {
        let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth))?;
        return Some(Weekdays::Nth(one(day, 1, 7, &WEEKDAYS)?, nth));
    }
    if text == "L" {
        return Some(Weekdays::These(BTreeSet::from([7])));
    }
    match text.strip_suffix('L') {
        Some(day) => one(day, 1, 7, &WEEKDAYS).map(Weekdays::Last),
        None => set(text, 1, 7, &WEEKDAYS).map(Weekdays::These),
    }
}

/// Reads a list of numbers, ranges and steps.
fn set(text: &str, low: i16, high: i16, names: &[&str]) -> Option<BTreeSet<i16>> {
    let mut found = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<i16>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (one(from, low, high, names)?, one(to, low, high, names)?),
            None => {
                let only = one(range, low, high, names)?;
                (only, if part.contains('/') { high } else { only })
            }
        };
        let step = usize::try_from(step).ok()?;
        if from <= to {
            found.extend((from..=to).step_by(step));
        } else {
            // FRI-MON goes round.
            found.extend((from..=high).chain(low..=to).step_by(step));
        }
    }
    Some(found)
}

fn one(text: &str, low: i16, high: i16, names: &[&str]) -> Option<i16> {
    let upper = text.to_uppercase();
    if let Some(at) = names.iter().position(|name| **name == upper) {
        return i16::try_from(at).ok().map(|at| at + low);
    }
    text.parse().ok().filter(|number| (low..=high).contains(number))
}

#[cfg(test)]
mod tests {
    use super::Calendar;

    #[test]
    fn each_kind_of_day_is_found() {
        let next = |expression: &str| {
            let calendar = Calendar::parse(expression).unwrap();
            calendar.next("2026-01-15T12:00:00".parse().unwrap()).unwrap().to_string()
        };
        for (expression, wanted) in [
            ("0 9 ? * MON-FRI *", "2026-01-16T09:00:00"),
            ("*/15 * * * ? *", "2026-01-15T12:15:00"),
            ("0 0 L * ? *", "2026-01-31T00:00:00"),
            ("0 0 ? * 6L *", "2026-01-30T00:00:00"),
            ("0 0 ? * 2#1 *", "2026-02-02T00:00:00"),
            ("0 0 1W * ? *", "2026-02-02T00:00:00"),
            ("0 0 1 JAN ? *", "2027-01-01T00:00:00"),
            ("5/20 13,14 15 1 ? 2026", "2026-01-15T13:05:00"),
        ] {
            assert_eq!(next(expression), wanted, "{expression}");
        }
    }

    #[test]
    fn both_kinds_of_days_at_once_are_not_taken() {
        for bad in ["0 0 * * * *", "0 0 ? * ? *", "0 0 * * ?", "0 24 * * ? *", "0 0 32 * ? *"] {
            assert!(Calendar::parse(bad).is_none(), "{bad}");
        }
    }
}
