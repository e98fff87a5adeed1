//! How often a schedule is due, in words.

/// Says when and how often an expression of EventBridge Scheduler is due.
pub(crate) fn in_words(expression: &str) -> String {
    let Some((kind, inner)) = expression.strip_suffix(')').and_then(|text| text.split_once('('))
    else {
        return expression.to_owned();
    };
    match kind {
        "rate" => format!("every {}", inner.strip_prefix("1 ").unwrap_or(inner)),
        "cron" => match often(inner) {
            Some(often) => format!("{inner} ({often})"),
            None => inner.to_owned(),
        },
        _ => inner.to_owned(),
    }
}

/// Returns how often six fields are due, where that follows from counting.
fn often(fields: &str) -> Option<String> {
    let fields: Vec<&str> = fields.split(' ').collect();
    let [minutes, hours, day, month, weekday, year] = fields.as_slice() else { return None };
    let a_day = count(minutes, 60)? * count(hours, 24)?;
    let plain = |field: &str| matches!(field, "*" | "?");
    let times = |number: u32| match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    };
    if ![day, month, weekday, year].into_iter().all(|field| plain(field)) {
        return Some(format!("{} on each of its days", times(a_day)));
    }
    Some(format!("{} a day", times(a_day)))
}

/// Returns how many values a field of minutes or hours stands for.
fn count(field: &str, all: u32) -> Option<u32> {
    let mut number = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (0, all - 1),
            Some((from, to)) => (from.parse::<u32>().ok()?, to.parse::<u32>().ok()?),
            None if part.contains('/') => (range.parse::<u32>().ok()?, all - 1),
            None => {
                let only = range.parse::<u32>().ok()?;
                (only, only)
            }
        };
        number += to.checked_sub(from)? / step + 1;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn times_are_counted() {
        for (expression, words) in [
            ("rate(1 day)", "every day"),
            ("rate(5 minutes)", "every 5 minutes"),
            ("cron(30 2 * * ? *)", "30 2 * * ? * (once a day)"),
            ("cron(*/15 8-17 * * ? *)", "*/15 8-17 * * ? * (40 times a day)"),
            ("cron(0 0,12 ? * MON-FRI *)", "0 0,12 ? * MON-FRI * (twice on each of its days)"),
        ] {
            assert_eq!(in_words(expression), words);
        }
    }
}
