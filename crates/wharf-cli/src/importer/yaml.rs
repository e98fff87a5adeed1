//! Values as YAML that only wharf's own reader has to take; its formatter makes it pretty.

use std::collections::BTreeMap;

use serde_json::Value;

use super::draft::Place;
use crate::starter::text::scalar;

/// Longest line of a comment.
const WIDE: usize = 100;
/// Longest map or list that stays on its line.
const FLOW: usize = 72;
/// Maps down to this depth (of a service) have a line for each key.
const DEEP: usize = 3;

/// Writes a spec, its remarks in comments above what they are about.
pub(super) fn spec(root: &Value, heading: &str, notes: &BTreeMap<Place, Vec<String>>) -> String {
    let mut out = String::new();
    comment(&mut out, 0, heading);
    let mut left = notes.clone();
    for note in left.remove(&Vec::new()).unwrap_or_default() {
        comment(&mut out, 0, &note);
    }
    map(&mut out, root, &mut Vec::new(), &mut left);
    // What would stand in places that were not made.
    for (place, notes) in left {
        for note in notes {
            comment(&mut out, 0, &format!("{}: {note}", place.join(".")));
        }
    }
    out
}

fn map(
    out: &mut String,
    value: &Value,
    place: &mut Place,
    notes: &mut BTreeMap<Place, Vec<String>>,
) {
    let depth = place.len();
    let indent = "  ".repeat(depth);
    for (key, value) in value.as_object().into_iter().flatten() {
        place.push(key.clone());
        for note in notes.remove(place).unwrap_or_default() {
            comment(out, depth, &note);
        }
        let empty = value.as_object().is_some_and(serde_json::Map::is_empty);
        let short = flow(value);
        let remarked = notes.keys().any(|other| other.starts_with(place));
        let open =
            value.is_object() && !empty && (depth < DEEP - 1 || remarked || short.len() > FLOW);
        let variables = matches!(key.as_str(), "env" | "secrets") && depth == DEEP - 1;
        out.push_str(&indent);
        out.push_str(&scalar(key));
        out.push(':');
        if open || (variables && !empty) {
            out.push('\n');
            map(out, value, place, notes);
        } else {
            out.push(' ');
            out.push_str(&short);
            out.push('\n');
        }
        place.pop();
    }
}

/// Writes a value on one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(quoted).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar(key), flow(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// Items of lists are in quotes, as commands are written everywhere.
fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => Value::from(text.as_str()).to_string(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            flow(value)
        }
    }
}

/// Writes a comment, over as many lines as it takes.
fn comment(out: &mut String, depth: usize, text: &str) {
    let indent = "  ".repeat(depth);
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut line = String::new();
    let mut first = true;
    for word in clean.split_whitespace() {
        if !line.is_empty()
            && indent.len() + 4 + line.chars().count() + word.chars().count() >= WIDE
        {
            flush(out, &indent, &line, first);
            first = false;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        flush(out, &indent, &line, first);
    }
}

fn flush(out: &mut String, indent: &str, line: &str, first: bool) {
    out.push_str(indent);
    out.push_str(if first { "# " } else { "#   " });
    out.push_str(line);
    out.push('\n');
}
