//! Cron expressions of five fields, and what EventBridge makes of them.
//!
//! AWS reads six fields, starts the week at 1 on Sunday and wants `?` in one of the two fields about
//! days (EventBridge Scheduler user guide, "Schedule types"). Five fields are
//! what people know, so those are read here, and the sixth never has to be thought of.

use std::collections::BTreeSet;

/// A good expression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cron {
    /// The six fields of AWS.
    pub(crate) fields: String,
    /// What may not be meant, one sentence each.
    pub(crate) doubts: Vec<String>,
}

/// What is wrong with an expression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The sentence.
    pub(crate) message: String,
    /// How to put it right.
    pub(crate) help: String,
}

struct Field {
    what: &'static str,
    low: u8,
    high: u8,
    /// Names of the values, from the lowest.
    names: &'static [&'static str],
}

const MINUTE: Field = Field { what: "minute", low: 0, high: 59, names: &[] };
const HOUR: Field = Field { what: "hour", low: 0, high: 23, names: &[] };
const DAY: Field = Field { what: "day of the month", low: 1, high: 31, names: &[] };
const MONTH: Field = Field {
    what: "month",
    low: 1,
    high: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
const WEEKDAY: Field = Field { what: "day of the week", low: 0, high: 7, names: WEEKDAYS };
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// Days of the months, in leap years.
const LENGTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Words that some crons take for whole expressions.
const MACROS: &[(&str, &str)] = &[
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// Reads five fields.
pub(crate) fn read(text: &str) -> Result<Cron, Wrong> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = parts.as_slice() else {
        return Err(not_five(text, &parts));
    };
    let mut doubts = Vec::new();
    for (part, field, whole) in [(minute, &MINUTE, 60), (hour, &HOUR, 24)] {
        if let Some(step) = part.strip_prefix("*/").and_then(|step| step.parse::<u8>().ok())
            && step > 0
            && step < whole
            && whole % step != 0
        {
            doubts.push(format!(
                "the steps of {step} begin anew at {} 0, so the last one is shorter",
                field.what
            ));
        }
    }
    let (minutes, hours) = (set(minute, &MINUTE)?, set(hour, &HOUR)?);
    let months = set(month, &MONTH)?;
    let mut weekdays = set(weekday, &WEEKDAY)?;
    if weekdays.remove(&7) {
        weekdays.insert(0);
    }
    let last = day.eq_ignore_ascii_case("L");
    let days = if last { BTreeSet::from([31]) } else { set(day, &DAY)? };
    let (every_day, every_weekday) = (days.len() == 31, weekdays.len() == 7);
    if !every_day && !every_weekday {
        return Err(Wrong {
            message: "the expression names days of the month and days of the week".to_owned(),
            help: "keep one of the two, and write `*` for the other; for both, write two jobs"
                .to_owned(),
        });
    }
    if !last {
        check_dates(&days, &months, &mut doubts)?;
    }
    let (day, weekday) = if !every_weekday {
        let names: Vec<&str> = weekdays.iter().map(|day| WEEKDAYS[usize::from(*day % 7)]).collect();
        ("?".to_owned(), names.join(","))
    } else if last {
        ("L".to_owned(), "?".to_owned())
    } else {
        (list(&days, &DAY), "?".to_owned())
    };
    let (minutes, hours) = (list(&minutes, &MINUTE), list(&hours, &HOUR));
    let fields = format!("{minutes} {hours} {day} {} {weekday} *", list(&months, &MONTH));
    Ok(Cron { fields, doubts })
}

fn not_five(text: &str, parts: &[&str]) -> Wrong {
    let lower = text.trim().to_ascii_lowercase();
    let known = MACROS.iter().find(|(word, _)| *word == lower);
    let help = if let Some((_, five)) = known {
        format!("write \"{five}\"")
    } else if lower.starts_with("cron(") || lower.starts_with("rate(") || lower.starts_with("at(") {
        "write the five fields alone, without the name and brackets of AWS".to_owned()
    } else if parts.len() == 6 {
        "leave out the year or the seconds: schedules run every year, and once a minute at most"
            .to_owned()
    } else {
        "for example \"30 2 * * *\" for half past two every night".to_owned()
    };
    let message = if known.is_some() {
        "words such as `@daily` are not read".to_owned()
    } else {
        format!("a cron expression has five fields, and this has {}", parts.len())
    };
    Wrong { message, help }
}

/// Refuses dates that no month has, and doubts those that most months lack.
fn check_dates(
    days: &BTreeSet<u8>,
    months: &BTreeSet<u8>,
    doubts: &mut Vec<String>,
) -> Result<(), Wrong> {
    let first = days.first().copied().unwrap_or(1);
    let length = |month: &u8| LENGTHS[usize::from(month.saturating_sub(1).min(11))];
    let without: Vec<&str> = months
        .iter()
        .filter(|month| length(month) < first)
        .map(|month| MONTH.names[usize::from(month.saturating_sub(1).min(11))])
        .collect();
    if without.len() == months.len() {
        return Err(Wrong {
            message: format!("there is no day {first} in {}", without.join(", ")),
            help: "this would never run; for the last day of a month, write `L`".to_owned(),
        });
    }
    if !without.is_empty() {
        doubts.push(format!("there is no day {first} in {}", without.join(", ")));
    } else if first == 29 && months.contains(&2) {
        doubts.push("there is a day 29 in February in leap years only".to_owned());
    }
    Ok(())
}

/// Reads one field into the values it names.
fn set(text: &str, field: &Field) -> Result<BTreeSet<u8>, Wrong> {
    let mut values = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let by = match step.map(str::parse::<u8>) {
            None => 1,
            Some(Ok(by)) if by > 0 && by <= field.high => by,
            Some(_) => {
                return Err(wrong(part, field, "the step behind `/` is no number that fits"));
            }
        };
        let day = field.high == 31 || field.high == 7;
        let (low, high) = if range == "*" || (range == "?" && day) {
            // Sunday has two numbers; a star means each day once.
            (field.low, field.high.min(if field.high == 7 { 6 } else { field.high }))
        } else if let Some((low, high)) = range.split_once('-') {
            (value(low, part, field)?, value(high, part, field)?)
        } else {
            let low = value(range, part, field)?;
            (low, if step.is_some() { field.high } else { low })
        };
        if low > high {
            return Err(wrong(part, field, "a range runs from the lower to the higher value"));
        }
        values.extend((low..=high).step_by(usize::from(by)));
    }
    Ok(values)
}

fn value(text: &str, part: &str, field: &Field) -> Result<u8, Wrong> {
    let upper = text.to_ascii_uppercase();
    if let Some(at) = field.names.iter().position(|name| *name == upper) {
        let at = u8::try_from(at).unwrap_or(0);
        return Ok(at + field.low);
    }
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u8>() {
        Ok(number) if digits && (field.low..=field.high).contains(&number) => Ok(number),
        _ => Err(wrong(part, field, "not a value of this field")),
    }
}

fn wrong(part: &str, field: &Field, why: &str) -> Wrong {
    let part: String = part.chars().take(30).collect();
    let names = match (field.names.first(), field.names.last()) {
        (Some(first), Some(last)) => format!(", or {first} to {last}"),
        _ => String::new(),
    };
    Wrong {
        message: format!("`{part}` cannot be the {}: {why}", field.what),
        help: format!(
            "numbers from {} to {}{names}, with `*`, `,`, `-` and `/`",
            field.low, field.high
        ),
    }
}

/// Writes values as AWS reads them: all, or single values and ranges.
fn list(values: &BTreeSet<u8>, field: &Field) -> String {
    if values.len() == usize::from(field.high - field.low) + 1 {
        return "*".to_owned();
    }
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *value => *last = *value,
            _ => runs.push((*value, *value)),
        }
    }
    let write = |(first, last): &(u8, u8)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    };
    runs.iter().map(write).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> String {
        read(text).unwrap().fields
    }

    #[test]
    fn five_fields_become_six() {
        for (text, want) in [
            ("30 2 * * *", "30 2 * * ? *"),
            ("*/15 * * * *", "0,15,30,45 * * * ? *"),
            ("0 9-17/2 * * MON-FRI", "0 9,11,13,15,17 ? * MON,TUE,WED,THU,FRI *"),
            ("0 0 * * 0", "0 0 ? * SUN *"),
            ("0 0 * * 5-7", "0 0 ? * SUN,FRI,SAT *"),
            ("0 0 1 1,7 *", "0 0 1 1,7 ? *"),
            ("0 0 ? * ?", "0 0 * * ? *"),
            ("0 0 L * *", "0 0 L * ? *"),
            ("5/20 1,2,3 * jan-mar *", "5,25,45 1-3 * 1-3 ? *"),
            ("* * 1-31 * 0-6", "* * * * ? *"),
        ] {
            assert_eq!(fields(text), want, "{text}");
        }
    }

    #[test]
    fn the_longest_expression_fits_what_aws_takes() {
        // EventBridge Scheduler API reference, CreateSchedule: ScheduleExpression has 256 at most.
        let odd = |low: u8, high: u8| {
            (low..=high).step_by(2).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
        };
        let text = format!("{} {} {} {} *", odd(1, 59), odd(1, 23), odd(1, 31), odd(1, 12));
        assert!(fields(&text).len() + "cron()".len() <= 256);
    }

    #[test]
    fn what_never_runs_or_is_no_expression_is_refused() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "@daily",
            "cron(0 2 * * ? *)",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "5-1 * * * *",
            "1,,2 * * * *",
            "0 0 1 * MON",
            "0 0 31 2 *",
            "0 0 31 4,6,9,11 *",
            "0 0 30 FEB *",
            "+1 * * * *",
            "0 0 * * MON#2",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_odd_is_doubted() {
        for text in ["*/45 * * * *", "0 */5 * * *", "0 0 31 * *", "0 0 29 2 *"] {
            assert_eq!(read(text).unwrap().doubts.len(), 1, "{text}");
        }
        assert!(read("*/15 */6 28 * *").unwrap().doubts.is_empty());
    }
}
