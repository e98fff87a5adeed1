//! The effective spec as YAML.

use super::Effective;
use crate::layout::quoted;

/// Column at which origins stand, if there is room.
const COLUMN: usize = 48;

/// Writes the spec in canonical form; with `why`, the origin of each value stands beside it.
pub fn text(spec: &Effective, why: bool) -> String {
    let mut out = String::new();
    if let Effective::Map(pairs) = spec {
        map(pairs, 0, why, &mut out);
    }
    out
}

fn map(pairs: &[(String, Effective)], indent: usize, why: bool, out: &mut String) {
    for (key, value) in pairs {
        let head = format!("{}{}:", " ".repeat(indent), name(key));
        match value {
            Effective::Map(inner) if inner.is_empty() => line(&format!("{head} {{}}"), None, out),
            Effective::Map(inner) => {
                line(&head, None, out);
                map(inner, indent + 2, why, out);
            }
            Effective::List { items, origin } if items.iter().any(is_map) => {
                line(&head, why.then_some(origin), out);
                for item in items {
                    line(&format!("{}- {}", " ".repeat(indent + 2), inline(item)), None, out);
                }
            }
            Effective::List { origin, .. } | Effective::Scalar { origin, .. } => {
                line(&format!("{head} {}", inline(value)), why.then_some(origin), out);
            }
        }
    }
}

fn is_map(value: &Effective) -> bool {
    matches!(value, Effective::Map(_))
}

fn line(text: &str, origin: Option<&String>, out: &mut String) {
    out.push_str(text);
    if let Some(origin) = origin {
        let width = text.chars().count();
        out.push_str(&" ".repeat(COLUMN.saturating_sub(width).max(2)));
        out.push_str("# ");
        // A name of a file may hold anything.
        out.push_str(&origin.replace(char::is_control, " "));
    }
    out.push('\n');
}

fn inline(value: &Effective) -> String {
    match value {
        Effective::Scalar { text, quoted: true, .. } => quoted(text),
        Effective::Scalar { text, .. } => text.clone(),
        Effective::List { items, .. } => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Effective::Map(pairs) if pairs.is_empty() => "{}".to_owned(),
        Effective::Map(pairs) => {
            let pair =
                |(key, value): &(String, Effective)| format!("{}: {}", name(key), inline(value));
            format!("{{ {} }}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Writes a key, in quotes where it could be anything else.
fn name(key: &str) -> String {
    let simple = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    let word = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if simple && !word.contains(&key.to_lowercase().as_str()) {
        key.to_owned()
    } else {
        quoted(key)
    }
}
