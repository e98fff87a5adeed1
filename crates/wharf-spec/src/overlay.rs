//! Merging: an environment over the base, a service over the defaults.
//!
//! One sentence: maps merge, scalars and lists replace, `null` removes.

use std::collections::BTreeMap;

use crate::document::{Entry, Key, Node, Value};
use crate::keys;
use crate::problem::{Problem, Span};

/// Keys under which a scalar or a list is short for a map, with the key it is short for.
const SHORTHANDS: &[(&str, &[&str])] = &[
    ("health", &["path"]),
    ("domain", &["names"]),
    ("scale", &["min", "max"]),
    ("build", &["context"]),
    ("container_health", &["command"]),
    ("schedule", &["cron"]),
    ("cooldown", &["out", "in"]),
];

/// Merges `over` onto `base`.
///
/// With `problems`, a `null` that removes nothing is reported; without, it is kept, to be found as
/// an empty value later.
pub(crate) fn merge(base: &Node, over: &Node, mut problems: Option<&mut Vec<Problem>>) -> Node {
    let (Some(old), Some(new)) = (base.map(), over.map()) else { return over.clone() };
    let places: BTreeMap<&str, usize> =
        old.iter().enumerate().map(|(at, entry)| (entry.key.text.as_str(), at)).collect();
    let mut kept: Vec<Option<Entry>> = old.iter().cloned().map(Some).collect();
    let mut added = Vec::new();
    for entry in new {
        match places.get(entry.key.text.as_str()) {
            Some(at) if entry.value.is_null() => kept[*at] = None,
            Some(at) => {
                let value = merge_value(&old[*at], entry, problems.as_deref_mut());
                kept[*at] = Some(Entry { key: entry.key.clone(), value });
            }
            None if entry.value.is_null() && problems.is_some() => {
                if let Some(problems) = problems.as_deref_mut() {
                    problems.push(removes_nothing(entry));
                }
            }
            None => added.push(entry.clone()),
        }
    }
    let entries = kept.into_iter().flatten().chain(added).collect();
    Node { value: Value::Map(entries), span: base.span }
}

fn merge_value(old: &Entry, new: &Entry, problems: Option<&mut Vec<Problem>>) -> Node {
    let long = SHORTHANDS.iter().find(|(key, _)| *key == new.key.text);
    match (&old.value.value, &new.value.value, long) {
        (Value::Map(_), Value::Map(_), _) => merge(&old.value, &new.value, problems),
        (_, Value::Map(_), Some((_, keys))) if !old.value.is_null() => {
            merge(&expand(&old.value, keys), &new.value, problems)
        }
        _ => new.value.clone(),
    }
}

/// Writes a shorthand out as the map it stands for.
fn expand(node: &Node, keys: &[&str]) -> Node {
    let entry = |key: &&str| Entry {
        key: Key { text: (*key).to_owned(), span: node.span },
        value: node.clone(),
    };
    Node { value: Value::Map(keys.iter().map(entry).collect()), span: node.span }
}

fn removes_nothing(entry: &Entry) -> Problem {
    Problem::error("E024", entry.key.span, format!("`{}: null` removes nothing", entry.key.text))
        .label("the base has no such key here")
        .note("in an environment, `null` removes what the base says")
        .help("remove this line, or check the spelling of the key")
}

/// Puts one environment over the rest of the file.
pub(crate) fn select(root: &Node, overlay: &Entry, problems: &mut Vec<Problem>) -> Node {
    let base = without(root, "environments");
    if overlay.value.is_null() {
        return base;
    }
    let Some(entries) = overlay.value.map() else {
        problems.push(
            Problem::error(
                "E007",
                overlay.value.span,
                format!("environment `{}` must be a map", overlay.key.text),
            )
            .label(format!("this is {}", overlay.value.describe()))
            .help(format!(
                "an environment that changes nothing is written `{}: {{}}`",
                overlay.key.text
            )),
        );
        return base;
    };
    let mut kept = overlay.value.clone();
    if let Value::Map(kept) = &mut kept.value {
        kept.retain(|entry| {
            let fixed = ["version", "wharf", "app", "environments"];
            !fixed.contains(&entry.key.text.as_str())
        });
    }
    for entry in entries {
        if ["version", "wharf", "app", "environments"].contains(&entry.key.text.as_str()) {
            problems.push(
                Problem::error(
                    "E023",
                    entry.key.span,
                    format!("`{}` cannot differ between environments", entry.key.text),
                )
                .label("belongs to the top level of the file only"),
            );
        }
    }
    for kind in KINDS {
        refuse_partial(&base, &mut kept, kind, problems);
    }
    merge(&base, &kept, Some(problems))
}

/// Reports services and jobs that only the overlay knows and that are not complete, and drops them.
fn refuse_partial(base: &Node, overlay: &mut Node, kind: &Kind, problems: &mut Vec<Problem>) {
    let known: Vec<&str> = names(base.get(kind.key));
    let default_image = [base.get("defaults"), overlay.get("defaults")]
        .into_iter()
        .flatten()
        .any(|defaults| defaults.get("image").is_some());
    let shared = kind.key == "jobs" && names(base.get("services")).len() == 1;
    let Value::Map(entries) = &mut overlay.value else { return };
    let Some(added) = entries.iter_mut().find(|entry| entry.key.text == kind.key) else {
        return;
    };
    let Value::Map(added) = &mut added.value.value else { return };
    added.retain(|entry| {
        let complete = entry.value.get("image").is_some()
            || entry.value.get("build").is_some()
            || ((default_image || shared) && entry.value.get(kind.enough).is_some());
        if known.contains(&entry.key.text.as_str()) || complete || entry.value.is_null() {
            // A `null` that removes nothing is reported by the merge.
            return true;
        }
        problems.push(unknown(&entry.key.text, entry.key.span, kind, &known));
        false
    });
}

/// What an environment may add, if it is complete.
struct Kind {
    key: &'static str,
    what: &'static str,
    /// The key that shows, together with an image from elsewhere, that the thing is complete.
    enough: &'static str,
}

const KINDS: &[Kind] = &[
    Kind { key: "services", what: "service", enough: "port" },
    Kind { key: "jobs", what: "job", enough: "command" },
];

fn unknown(name: &str, span: Span, kind: &Kind, known: &[&str]) -> Problem {
    let what = kind.what;
    let problem = Problem::error(
        "E023",
        span,
        format!("there is no {what} `{}` to change", keys::shorten(name)),
    )
    .label(format!("the base of the file has no such {what}"))
    .note(format!("an environment may add a {what}, but only a complete one: with an `image`"));
    match keys::nearest(name, known.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => problem,
        None => problem.help(format!("the {what}s are: {}", known.join(", "))),
    }
}

fn names(node: Option<&Node>) -> Vec<&str> {
    node.and_then(Node::map)
        .unwrap_or_default()
        .iter()
        .map(|entry| entry.key.text.as_str())
        .collect()
}

fn without(node: &Node, key: &str) -> Node {
    let mut node = node.clone();
    if let Value::Map(entries) = &mut node.value {
        entries.retain(|entry| entry.key.text != key);
    }
    node
}

/// Gives `environment` under a service, job or the like its canonical name, `env`.
pub(crate) fn rename_aliases(root: &mut Node, problems: &mut Vec<Problem>) {
    let Value::Map(entries) = &mut root.value else { return };
    for entry in entries {
        match entry.key.text.as_str() {
            "defaults" | "release" => rename_within(&mut entry.value, problems),
            "services" | "jobs" => {
                if let Value::Map(entries) = &mut entry.value.value {
                    for entry in entries {
                        rename_within(&mut entry.value, problems);
                    }
                }
            }
            "environments" => {
                if let Value::Map(environments) = &mut entry.value.value {
                    for environment in environments {
                        rename_aliases(&mut environment.value, problems);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Renames in one service or the like, and in its sidecars.
fn rename_within(node: &mut Node, problems: &mut Vec<Problem>) {
    rename(node, problems);
    let Value::Map(entries) = &mut node.value else { return };
    for entry in entries.iter_mut().filter(|entry| entry.key.text == "sidecars") {
        if let Value::Map(sidecars) = &mut entry.value.value {
            for sidecar in sidecars {
                rename(&mut sidecar.value, problems);
            }
        }
    }
}

fn rename(node: &mut Node, problems: &mut Vec<Problem>) {
    let first = node.entry("env").map(|entry| entry.key.span);
    let Value::Map(entries) = &mut node.value else { return };
    let Some(at) = entries.iter().position(|entry| entry.key.text == "environment") else { return };
    if let Some(first) = first {
        problems.push(
            Problem::error(
                "E003",
                entries[at].key.span,
                "`env` and `environment` are the same key",
            )
            .label("second time")
            .also(first, "first time")
            .help("put all variables under `env`"),
        );
        entries.remove(at);
    } else {
        "env".clone_into(&mut entries[at].key.text);
    }
}

/// Puts every service, every job and the release over the defaults; of these, jobs and the release take
/// what they have a key for.
pub(crate) fn apply_defaults(root: &mut Node) {
    let Some(defaults) = root.get("defaults").filter(|node| node.map().is_some()).cloned() else {
        return;
    };
    let only = |shape: &keys::Shape| {
        let mut node = defaults.clone();
        if let Value::Map(entries) = &mut node.value {
            entries.retain(|entry| shape.keys.contains(&entry.key.text.as_str()));
        }
        node
    };
    let (of_jobs, of_release) = (only(&keys::JOB), only(&keys::RELEASE));
    let Value::Map(entries) = &mut root.value else { return };
    for entry in entries {
        let (below, members) = match entry.key.text.as_str() {
            "services" => (&defaults, &mut entry.value.value),
            "jobs" => (&of_jobs, &mut entry.value.value),
            "release" => {
                put_over(&of_release, entry);
                continue;
            }
            _ => continue,
        };
        if let Value::Map(members) = members {
            for member in members {
                put_over(below, member);
            }
        }
    }
}

fn put_over(defaults: &Node, entry: &mut Entry) {
    if entry.value.is_null() {
        let span = entry.key.span;
        entry.value = Node { value: Value::Map(Vec::new()), span };
    }
    if entry.value.map().is_none() {
        return;
    }
    let mut below = defaults.clone();
    if let Value::Map(entries) = &mut below.value {
        // An image of its own, named or built, takes the place of the one that all others have.
        let own = |key: &str| entry.value.get(key).is_some_and(|node| !node.is_null());
        let replaced = match (own("image"), own("build")) {
            (false, true) => Some("image"),
            (true, false) => Some("build"),
            _ => None,
        };
        entries.retain(|entry| Some(entry.key.text.as_str()) != replaced);
    }
    let span = entry.value.span;
    entry.value = Node { span, ..merge(&below, &entry.value, None) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;

    fn tree(text: &str) -> Node {
        document::read(text, &mut Vec::new()).unwrap()
    }

    fn show(node: &Node) -> String {
        match &node.value {
            Value::Scalar(scalar) => scalar.text.clone(),
            Value::List(items) => {
                format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(","))
            }
            Value::Map(entries) => {
                let show = |entry: &Entry| format!("{}:{}", entry.key.text, show(&entry.value));
                format!("{{{}}}", entries.iter().map(show).collect::<Vec<_>>().join(","))
            }
        }
    }

    fn merged(base: &str, over: &str) -> String {
        show(&merge(&tree(base), &tree(over), Some(&mut Vec::new())))
    }

    #[test]
    fn maps_merge_and_the_rest_replaces() {
        assert_eq!(merged("{a: {b: 1, c: 2}}", "{a: {c: 3, d: 4}}"), "{a:{b:1,c:3,d:4}}");
        assert_eq!(merged("{a: [1, 2]}", "{a: [3]}"), "{a:[3]}");
        assert_eq!(merged("{a: {b: 1}}", "{a: 2}"), "{a:2}");
    }

    #[test]
    fn null_removes() {
        assert_eq!(merged("{a: 1, b: 2}", "{a: null}"), "{b:2}");
        let mut problems = Vec::new();
        merge(&tree("{a: 1}"), &tree("{b: ~}"), Some(&mut problems));
        assert_eq!(problems[0].code, "E024");
    }

    #[test]
    fn a_map_over_a_shorthand_keeps_what_the_shorthand_said() {
        assert_eq!(
            merged("{health: /x}", "{health: {interval: 9s}}"),
            "{health:{path:/x,interval:9s}}"
        );
        assert_eq!(merged("{scale: 2}", "{scale: {max: 5}}"), "{scale:{min:2,max:5}}");
    }

    #[test]
    fn a_shorthand_over_a_map_replaces_it() {
        assert_eq!(merged("{scale: {min: 2, max: 9, cpu: 60}}", "{scale: 1}"), "{scale:1}");
    }

    #[test]
    fn defaults_go_under_every_service() {
        let mut root =
            tree("{defaults: {env: {A: 1}, cpu: 1}, services: {x: {env: {B: 2}}, y: {cpu: null}}}");
        apply_defaults(&mut root);
        assert_eq!(show(root.get("services").unwrap()), "{x:{env:{A:1,B:2},cpu:1},y:{env:{A:1}}}");
    }
}
