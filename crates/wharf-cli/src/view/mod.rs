//! Text for people, made from plain data. Nothing here prints.

pub(crate) mod adopt;
pub(crate) mod breaks;
pub(crate) mod check;
mod consequences;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod drift;
mod entries;
pub(crate) mod explain;
mod field;
mod headline;
pub(crate) mod html;
pub(crate) mod iam;
pub(crate) mod init;
pub(crate) mod logs;
pub(crate) mod markdown;
pub(crate) mod plan;
pub(crate) mod previews;
pub(crate) mod progress;
pub(crate) mod push;
pub(crate) mod releases;
pub(crate) mod report;
pub(crate) mod scale;
pub(crate) mod status;
pub(crate) mod times;

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::Value;
use wharf_graph::Address;

/// Longest value shown on one line; the JSON form has everything.
const LONGEST: usize = 72;

/// Paints `text`; whoever prints takes the colour out again where none is wanted.
fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Returns a kind in words: `target group`.
pub(crate) fn title(address: &Address) -> String {
    wharf_aws::kinds::policy(address.kind())
        .map_or_else(|| address.kind().replace('_', " "), |policy| policy.title.to_owned())
}

/// Shortens AWS's identity for an object to what tells it apart for people.
pub(crate) fn short_id(id: &str) -> String {
    headline::id(id)
}

/// Says whether every change of a resource of this kind makes a new revision.
pub(crate) fn has_revisions(address: &Address) -> bool {
    wharf_aws::kinds::policy(address.kind())
        .is_some_and(|policy| policy.replace_on.iter().any(|(prop, _)| *prop == "*"))
}

/// Writes a value on one line of bounded length, without quotes where none are needed.
fn value(value: &Value) -> String {
    shorten(&one_line(value))
}

/// Writes a value on one line, without quotes where none are needed.
fn one_line(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => headline::id(text).replace('\n', "\\n"),
        Value::Array(items) if items.is_empty() => "(none)".to_owned(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(one_line).collect::<Vec<_>>().join(", ")
        }
        Value::Array(items) if items.iter().all(|item| item.get("target_group").is_some()) => {
            items.iter().map(share).collect::<Vec<_>>().join(" and ")
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Writes one share of the traffic: where it goes, and with which weight unless that is the usual 1.
fn share(target: &Value) -> String {
    let group = target.get("target_group").map(value).unwrap_or_default();
    match target.get("weight").and_then(Value::as_u64) {
        Some(1) | None => group,
        Some(weight) => format!("{group} (weight {weight})"),
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let head: String = text.chars().take(LONGEST - 1).collect();
    format!("{head}…")
}

/// Writes a length of time the way a person says it: `45 s`, `3 min 20 s`, `2 h 5 min`.
fn seconds(total: u64) -> String {
    match (total / 3600, total / 60 % 60, total % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Leaves the last four digits of an account's number, wherever it stands.
fn mask_account(text: &str, account: &str) -> String {
    let last = account.len().saturating_sub(4);
    match account.get(last..) {
        Some(tail) if last > 0 => text.replace(account, &format!("…{tail}")),
        _ => text.to_owned(),
    }
}

/// Writes `1 step`, `2 steps`.
pub(crate) fn count(number: usize, singular: &str) -> String {
    if number == 1 { format!("1 {singular}") } else { format!("{number} {singular}s") }
}

/// Appends formatted text.
fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes any text");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_fit_on_a_line() {
        assert_eq!(value(&json!(null)), "(none)");
        assert_eq!(value(&json!("a\nb")), "a\\nb");
        assert_eq!(value(&json!(["a", 1, true])), "a, 1, true");
        assert_eq!(value(&json!({"a": 1})), r#"{"a":1}"#);
        assert_eq!(value(&json!("x".repeat(100))).chars().count(), LONGEST);
    }

    #[test]
    fn times_read_naturally() {
        let texts: Vec<String> = [45, 60, 200, 3600, 7500].into_iter().map(seconds).collect();
        assert_eq!(texts, ["45 s", "1 min", "3 min 20 s", "1 h", "2 h 5 min"]);
    }
}
