//! One property that differs, ready to be shown in any form: on one line, or as a diff of its lines
//! when it is a policy, another JSON value or a text.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use wharf_graph::Address;
use wharf_plan::{Action, Change, KNOWN_AFTER_APPLY, MASK};

use super::value;

/// Lines of context around each difference.
const CONTEXT: usize = 2;
/// Values that are longer than this on one line are shown as a diff.
const ONE_LINE: usize = 48;

/// What happens to a line of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Same,
    Less,
    More,
    /// Lines that did not change and are left out.
    Gap,
}

impl Sign {
    /// Returns the sign as it stands before a line.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Same => " ",
            Self::Less => "-",
            Self::More => "+",
            Self::Gap => "…",
        }
    }
}

/// One line of a value shown as a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) sign: Sign,
    pub(crate) text: String,
}

/// What a property is and becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// There was nothing before.
    New(String),
    /// Before and after.
    Moved(String, String),
    /// The lines that differ, in their context.
    Lines(Vec<Line>),
}

/// A property that differs.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) path: String,
    pub(crate) shown: Shown,
    /// Why this makes a new object necessary.
    pub(crate) replaces: Option<String>,
    /// The resource whose new object causes this.
    pub(crate) follows: Option<Address>,
}

impl Field {
    /// Prepares one change. `whole` shows the long values of something new as well.
    pub(crate) fn of(change: &Change, action: Action, revision: bool, whole: bool) -> Self {
        Self {
            path: change.path.clone(),
            shown: shown(change, action, whole),
            replaces: change.forces_replacement.clone().filter(|_| !revision),
            follows: change.follows.clone(),
        }
    }

    /// Returns the words beside the values: why it replaces, what it follows.
    pub(crate) fn beside(&self) -> Option<String> {
        let replaces = self.replaces.as_ref().map(|why| format!("replaces: {why}"));
        let follows = self.follows.as_ref().map(|of| format!("follows {of}"));
        let words: Vec<String> = replaces.into_iter().chain(follows).collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

fn shown(change: &Change, action: Action, whole: bool) -> Shown {
    let new = action == Action::Create;
    if change.sensitive {
        // Two masks for a value that changed; none for one that is not there.
        let mask = |value: &Value| {
            if value.is_null() { super::value(value) } else { MASK.to_owned() }
        };
        return if new {
            Shown::New(MASK.to_owned())
        } else if change.unknown {
            Shown::Moved(mask(&change.before), MASK.to_owned())
        } else {
            Shown::Moved(mask(&change.before), mask(&change.after))
        };
    }
    if change.unknown {
        let after = KNOWN_AFTER_APPLY.to_owned();
        return if new { Shown::New(after) } else { Shown::Moved(value(&change.before), after) };
    }
    if new {
        return if whole && is_long(&change.after) {
            Shown::Lines(diff(&Value::Null, &change.after))
        } else {
            Shown::New(value(&change.after))
        };
    }
    let comparable = !change.before.is_null() && !change.after.is_null();
    if (comparable || whole) && (is_long(&change.before) || is_long(&change.after)) {
        return Shown::Lines(diff(&change.before, &change.after));
    }
    Shown::Moved(value(&change.before), value(&change.after))
}

/// Says whether a value has lines worth comparing one by one.
fn is_long(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.contains('\n') || structure(text).is_some(),
        Value::Array(_) | Value::Object(_) => super::one_line(value).chars().count() > ONE_LINE,
    }
}

/// Reads a text that is a JSON object or array.
fn structure(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok().filter(|value: &Value| value.is_object() || value.is_array())
}

/// Writes a value over several lines.
pub(crate) fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => match structure(text) {
            Some(inner) => lines(&inner),
            None => text.lines().map(str::to_owned).collect(),
        },
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(super::one_line).collect()
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            format!("{value:#}").lines().map(str::to_owned).collect()
        }
    }
}

/// Compares two values line by line.
fn diff(before: &Value, after: &Value) -> Vec<Line> {
    let (before, after) = (lines(before), lines(after));
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.iter().map(String::as_str).collect(), after.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&before, &after);
    let mut found = Vec::new();
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            found.push(Line { sign: Sign::Gap, text: String::new() });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => Sign::Same,
                ChangeTag::Delete => Sign::Less,
                ChangeTag::Insert => Sign::More,
            };
            found.push(Line { sign, text: change.value().to_owned() });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(before: Value, after: Value) -> Change {
        Change {
            path: "policy".to_owned(),
            before,
            after,
            unknown: false,
            sensitive: false,
            forces_replacement: None,
            follows: None,
        }
    }

    fn text(change: &Change) -> Vec<String> {
        match Field::of(change, Action::Update, false, false).shown {
            Shown::Lines(lines) => {
                lines.iter().map(|line| format!("{}{}", line.sign.as_str(), line.text)).collect()
            }
            Shown::New(text) => vec![text],
            Shown::Moved(before, after) => vec![format!("{before} → {after}")],
        }
    }

    #[test]
    fn policies_are_compared_line_by_line() {
        let before = json!([{"Action": ["s3:GetObject"], "Effect": "Allow", "Resource": ["arn:aws:s3:::a"]}]);
        let mut after = before.clone();
        after[0]["Action"][0] = json!("s3:PutObject");
        let lines = text(&change(before, after));
        assert!(lines.contains(&"-      \"s3:GetObject\"".to_owned()), "{lines:?}");
        assert!(lines.contains(&"+      \"s3:PutObject\"".to_owned()), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("arn:aws")), "{lines:?}");
    }

    #[test]
    fn texts_of_several_lines_and_json_in_texts_are_compared_too() {
        assert_eq!(text(&change(json!("a\nb\nc"), json!("a\nx\nc"))), [" a", "-b", "+x", " c"]);
        let lines = text(&change(json!(r#"{"a":1}"#), json!(r#"{"a":2}"#)));
        assert_eq!(lines, [" {", "-  \"a\": 1", "+  \"a\": 2", " }"]);
    }

    #[test]
    fn short_values_stay_on_a_line_and_secrets_stay_secret() {
        assert_eq!(text(&change(json!(["a"]), json!(["a", "b"]))), ["a → a, b"]);
        let mut secret = change(json!("{\"password\":\n1}"), json!("two"));
        secret.sensitive = true;
        assert_eq!(text(&secret), ["*** → ***"]);
    }
}
