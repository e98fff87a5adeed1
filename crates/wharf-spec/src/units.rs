//! Single values: texts, numbers, durations, sizes, names. Each reports what is wrong by itself.

use crate::document::{Node, Scalar};
use crate::keys::{nearest, shorten};
use crate::problem::{Problem, Span};
use crate::read::Cx;

/// Returns the text of a value that is meant as a text.
///
/// A word that other readers of YAML take for a boolean, a number or a date must be quoted, so that
/// nobody has to know which version of YAML they are looking at.
pub(crate) fn text(cx: &mut Cx, node: &Node, what: &str) -> Option<String> {
    let Some(scalar) = node.scalar() else {
        cx.wrong_type(node, &format!("{what} (a text)"));
        return None;
    };
    if let Some(other) = scalar.plain.then(|| other_meaning(&scalar.text)).flatten() {
        cx.push(
            Problem::error(
                "E008",
                node.span,
                format!("`{}` must be quoted here", shorten(&scalar.text)),
            )
            .label(format!("could be read as {other}"))
            .help(format!("write \"{}\"", shorten(&scalar.text))),
        );
        return None;
    }
    Some(scalar.text.clone())
}

/// Says what else a plain scalar may be taken for; a plain decimal integer reads the same always.
fn other_meaning(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_str(), "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n") {
        return Some("a boolean (true or false)");
    }
    if matches!(lower.as_str(), ".inf" | "-.inf" | "+.inf" | ".nan") {
        return Some("a number");
    }
    let digits = lower.trim_start_matches(['+', '-']);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let all = |rest: &str, set: &str| !rest.is_empty() && rest.chars().all(|c| set.contains(c));
    if all(digits, "0123456789") {
        let octal = digits.len() > 1 && digits.starts_with('0');
        return match (octal, digits.len() < lower.len()) {
            (true, _) => Some("a number in base 8"),
            (false, true) => Some("a number, without its sign"),
            (false, false) => None,
        };
    }
    if let Some(rest) = digits.strip_prefix("0x") {
        return all(rest, "0123456789abcdef_").then_some("a number in base 16");
    }
    if let Some(rest) = digits.strip_prefix("0o").or_else(|| digits.strip_prefix("0b")) {
        return all(rest, "01234567_").then_some("a number in base 8 or 2");
    }
    if digits.contains(':') && all(digits, "0123456789:.") {
        return Some("a time or a number in base 60");
    }
    let date: Vec<&str> = digits.split('-').collect();
    if date.len() == 3 && date[0].len() == 4 && all(&digits.replace('-', ""), "0123456789") {
        return Some("a date");
    }
    let number = all(digits, "0123456789._e+-") && digits.replace('_', "").parse::<f64>().is_ok();
    number.then_some("a number, and as numbers 1.10 and 1.1 are the same")
}

/// Returns a boolean; only `true` and `false` are.
pub(crate) fn boolean(cx: &mut Cx, node: &Node, what: &str) -> Option<bool> {
    let Some(scalar) = node.scalar() else {
        cx.wrong_type(node, &format!("{what} (true or false)"));
        return None;
    };
    match (scalar.text.as_str(), scalar.plain) {
        ("true", true) => return Some(true),
        ("false", true) => return Some(false),
        _ => {}
    }
    let lower = scalar.text.to_ascii_lowercase();
    let meant = match lower.as_str() {
        "true" | "yes" | "on" | "y" | "1" => Some("true"),
        "false" | "no" | "off" | "n" | "0" => Some("false"),
        _ => None,
    };
    let mut problem =
        Problem::error("E008", node.span, format!("{what} must be `true` or `false`"))
            .label("not a boolean");
    if scalar.plain && meant.is_some() {
        problem = problem.note(
            "`yes`, `no`, `on` and `off` are booleans to some readers of YAML and texts to others",
        );
    }
    if let Some(meant) = meant {
        problem = problem.help(format!("write `{meant}`, without quotes"));
    }
    cx.push(problem);
    None
}

/// Returns a whole number within a range.
pub(crate) fn integer(cx: &mut Cx, node: &Node, what: &str, low: u32, high: u32) -> Option<u32> {
    let Some(scalar) = node.scalar() else {
        cx.wrong_type(node, &format!("{what} (a number)"));
        return None;
    };
    let text = scalar.text.as_str();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !scalar.plain && digits {
        cx.push(
            Problem::error("E007", node.span, format!("{what} must be a number, not a text"))
                .label("quotes make it a text")
                .help(format!("write {}", shorten(text))),
        );
        return None;
    }
    if digits && text.len() > 1 && text.starts_with('0') {
        let plain = text.trim_start_matches('0');
        cx.push(
            Problem::error("E008", node.span, format!("{what} starts with a zero"))
                .label("some readers of YAML take this for a number in base 8")
                .help(format!("write {}", shorten(if plain.is_empty() { "0" } else { plain }))),
        );
        return None;
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        let mut problem =
            Problem::error("E007", node.span, format!("{what} must be a whole number"))
                .label("not a whole number");
        if let Some(number) =
            text.split(['.', '%', ' ']).next().filter(|n| n.parse::<u32>().is_ok())
        {
            problem = problem.help(format!("for example {number}"));
        }
        cx.push(problem);
        return None;
    }
    match text.parse::<u32>() {
        Ok(number) if (low..=high).contains(&number) => Some(number),
        _ => {
            out_of_range(cx, node.span, what, &low.to_string(), &high.to_string());
            None
        }
    }
}

pub(crate) fn out_of_range(cx: &mut Cx, span: Span, what: &str, low: &str, high: &str) {
    cx.push(
        Problem::error("E033", span, format!("{what} must be from {low} to {high}"))
            .label("out of range"),
    );
}

/// Returns a percentage, written `50%` or `50`.
pub(crate) fn percent(cx: &mut Cx, node: &Node, what: &str, low: u32, high: u32) -> Option<u32> {
    let bare = node.scalar().and_then(|scalar| scalar.text.strip_suffix('%'));
    match bare {
        Some(bare) if bare.parse::<u32>().is_ok() => {
            let scalar = Scalar { text: bare.to_owned(), plain: true };
            let node = Node { value: crate::document::Value::Scalar(scalar), span: node.span };
            integer(cx, &node, what, low, high)
        }
        _ => integer(cx, node, what, low, high),
    }
}

/// Returns a duration in seconds, within a range given in seconds.
pub(crate) fn duration(cx: &mut Cx, node: &Node, what: &str, low: u32, high: u32) -> Option<u32> {
    let Some(scalar) = node.scalar() else {
        cx.wrong_type(node, &format!("{what} (a duration such as 30s)"));
        return None;
    };
    match seconds(&scalar.text) {
        Ok(seconds) if (u64::from(low)..=u64::from(high)).contains(&seconds) => {
            u32::try_from(seconds).ok()
        }
        Ok(_) => {
            out_of_range(cx, node.span, what, &human(low), &human(high));
            None
        }
        Err(fix) => {
            cx.push(
                Problem::error("E032", node.span, format!("{what} must be a duration"))
                    .label("a whole number with the unit s, m, h or d")
                    .help(fix),
            );
            None
        }
    }
}

/// Reads a duration; the error is advice.
fn seconds(text: &str) -> Result<u64, String> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(at);
    let Ok(number) = digits.parse::<u64>() else {
        return Err("for example 30s, 5m, 1h".to_owned());
    };
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        "" => return Err(format!("say which unit: {number}s, {number}m or {number}h")),
        _ => {
            return Err(match unit.trim().to_ascii_lowercase().as_str() {
                "s" | "sec" | "secs" | "second" | "seconds" => format!("write {number}s"),
                "m" | "min" | "mins" | "minute" | "minutes" => format!("write {number}m"),
                "h" | "hour" | "hours" => format!("write {number}h"),
                "d" | "day" | "days" => format!("write {number}d"),
                "ms" => format!("whole seconds only; write {}s", number.div_ceil(1000).max(1)),
                _ => "one number and one unit, for example 30s, 5m, 1h; 1m30s is written 90s"
                    .to_owned(),
            });
        }
    };
    Ok(number.saturating_mul(factor))
}

/// Writes seconds the way the spec does.
pub(crate) fn human(seconds: u32) -> String {
    match seconds {
        0 => "0s".to_owned(),
        s if s % 86400 == 0 => format!("{}d", s / 86400),
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

/// Returns a size in MiB; `1GB` is 1024 MiB, as Fargate counts.
pub(crate) fn size(cx: &mut Cx, node: &Node, what: &str) -> Option<u32> {
    let Some(scalar) = node.scalar() else {
        cx.wrong_type(node, &format!("{what} (a size such as 512MB)"));
        return None;
    };
    match mebibytes(&scalar.text) {
        Ok(size) => Some(size),
        Err(fix) => {
            cx.push(
                Problem::error("E031", node.span, format!("{what} must be a size"))
                    .label("a number with the unit MB or GB")
                    .help(fix),
            );
            None
        }
    }
}

fn mebibytes(text: &str) -> Result<u32, String> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(at);
    let number = digits.parse::<f64>().map_err(|_| "for example 512MB or 1GB".to_owned())?;
    let whole = |mib: f64| {
        let fits = mib >= 1.0 && mib <= f64::from(u32::MAX) && mib.fract() == 0.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked on the line above to be a whole number within range"
        )]
        fits.then_some(mib as u32).ok_or_else(|| "for example 512MB or 1GB".to_owned())
    };
    match unit {
        "MB" | "MiB" => whole(number),
        "GB" | "GiB" => whole(number * 1024.0),
        "" if number < 128.0 => Err(format!("say which unit: {digits}GB")),
        "" => Err(format!("say which unit: {digits}MB")),
        other => Err(match other.trim().to_ascii_lowercase().as_str() {
            "m" | "mb" | "mi" | "mib" => format!("write {digits}MB"),
            "g" | "gb" | "gi" | "gib" => format!("write {digits}GB"),
            _ => "for example 512MB or 1GB".to_owned(),
        }),
    }
}

/// Writes a size the way the spec does.
pub(crate) fn human_size(mib: u32) -> String {
    if mib.is_multiple_of(1024) { format!("{}GB", mib / 1024) } else { format!("{mib}MB") }
}

/// Words people know from elsewhere, and what is written here.
const SYNONYMS: &[(&str, &str)] = &[
    ("public", "internet-facing"),
    ("external", "internet-facing"),
    ("private", "internal"),
    ("arm64", "linux/arm64"),
    ("aarch64", "linux/arm64"),
    ("amd64", "linux/amd64"),
    ("x86_64", "linux/amd64"),
    ("retain", "keep"),
    ("remove", "delete"),
];

/// Returns one of a few words.
pub(crate) fn word(
    cx: &mut Cx,
    node: &Node,
    what: &str,
    words: &[&'static str],
) -> Option<&'static str> {
    let Some(scalar) = node.scalar() else {
        cx.wrong_type(node, &format!("{what} ({})", words.join(" or ")));
        return None;
    };
    if let Some(word) = words.iter().find(|word| **word == scalar.text) {
        return Some(word);
    }
    let mut problem =
        Problem::error("E084", node.span, format!("{what} cannot be `{}`", shorten(&scalar.text)))
            .label(format!("expected {}", words.join(" or ")));
    let synonym = SYNONYMS.iter().find(|(word, _)| *word == scalar.text).map(|(_, ours)| *ours);
    let near = synonym
        .filter(|ours| words.contains(ours))
        .or_else(|| nearest(&scalar.text, words.iter().copied()));
    if let Some(near) = near {
        problem = problem.help(format!("did you mean `{near}`?"));
    }
    cx.push(problem);
    None
}

/// Returns a list of texts with their positions; an item that is wrong is reported and left out.
pub(crate) fn texts(cx: &mut Cx, node: &Node, what: &str) -> Option<Vec<(String, Span)>> {
    let Some(items) = node.list() else {
        let mut problem = Problem::error("E007", node.span, format!("{what} must be a list"))
            .label(format!("this is {}", node.describe()));
        if let Some(scalar) = node.scalar() {
            problem = problem.help(format!("write [\"{}\"]", shorten(&scalar.text)));
        }
        cx.push(problem);
        return None;
    };
    let mut out = Vec::new();
    for item in items {
        if let Some(value) = text(cx, item, &format!("an item of {what}")) {
            out.push((value, item.span));
        }
    }
    Some(out)
}

/// Returns a list of texts where one text alone is short for a list of one.
pub(crate) fn one_or_more(cx: &mut Cx, node: &Node, what: &str) -> Option<Vec<(String, Span)>> {
    if node.list().is_some() {
        texts(cx, node, what)
    } else {
        text(cx, node, what).map(|value| vec![(value, node.span)])
    }
}

/// Checks a name of an app, environment or service.
pub(crate) fn name(cx: &mut Cx, name: &str, span: Span, what: &str) -> bool {
    const LONGEST: usize = 32;
    let label = if name.chars().count() > LONGEST {
        format!("longer than {LONGEST} characters")
    } else if name.is_empty() {
        "empty".to_owned()
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        "must start with a lower-case letter".to_owned()
    } else if let Some(bad) =
        name.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-'))
    {
        format!("`{}` is not allowed", bad.escape_debug())
    } else if name.ends_with('-') {
        "must not end with a hyphen".to_owned()
    } else {
        return true;
    };
    let mut problem = Problem::error(
        "E012",
        span,
        format!("`{}` cannot be the name of {what}", shorten(name)),
    )
    .label(label)
    .note("names become part of AWS names: lower-case letters, digits and hyphens, at most 32");
    let fixed: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let fixed =
        fixed.trim_matches(|c: char| c == '-').trim_start_matches(|c: char| c.is_ascii_digit());
    let sensible = fixed.len() <= LONGEST && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !fixed.is_empty() && fixed != name && sensible {
        problem = problem.help(format!("for example `{}`", fixed.trim_matches('-')));
    }
    cx.push(problem);
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("5m"), Ok(300));
        assert_eq!(seconds("1h"), Ok(3600));
        assert_eq!(seconds("30d"), Ok(2_592_000));
        for bad in ["30", "", "s", "1m30s", "-1s", "1.5h", "30 s", "99999999999999999999s"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert_eq!(seconds("9999999999999999999d"), Ok(u64::MAX));
    }

    #[test]
    fn sizes() {
        assert_eq!(mebibytes("512MB"), Ok(512));
        assert_eq!(mebibytes("1GB"), Ok(1024));
        assert_eq!(mebibytes("0.5GB"), Ok(512));
        assert_eq!(mebibytes("2GiB"), Ok(2048));
        for bad in ["512", "1.3MB", "0MB", "GB", "1TB", "1e9GB", "99999999999GB"] {
            assert!(mebibytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ambiguous_words() {
        for bad in [
            "yes",
            "No",
            "ON",
            "true",
            "010",
            "0x1F",
            "0o17",
            "1.10",
            "1e3",
            "1_000",
            "12:30",
            "2024-01-31",
            ".inf",
            "+1",
        ] {
            assert!(other_meaning(bad).is_some(), "{bad}");
        }
        for good in ["info", "3000", "0", "v1.0", "1.2.3", "10.0.0.0/8", "200-299", "1a", "-", ""] {
            assert!(other_meaning(good).is_none(), "{good}");
        }
    }
}
