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
    refuse_partial_services(&base, &mut kept, problems);
    merge(&base, &kept, Some(problems))
}

/// Reports services that only the overlay knows and that are not complete, and drops them.
fn refuse_partial_services(base: &Node, overlay: &mut Node, problems: &mut Vec<Problem>) {
    let known: Vec<&str> = names(base.get("services"));
    let default_image = [base.get("defaults"), overlay.get("defaults")]
        .into_iter()
        .flatten()
        .any(|defaults| defaults.get("image").is_some());
    let Value::Map(entries) = &mut overlay.value else { return };
    let Some(services) = entries.iter_mut().find(|entry| entry.key.text == "services") else {
        return;
    };
    let Value::Map(services) = &mut services.value.value else { return };
    services.retain(|service| {
        let complete = service.value.get("image").is_some()
            || service.value.get("build").is_some()
            || (default_image && service.value.get("port").is_some());
        if known.contains(&service.key.text.as_str()) || complete {
            return true;
        }
        problems.push(unknown_service(&service.key.text, service.key.span, &known));
        false
    });
}

fn unknown_service(name: &str, span: Span, known: &[&str]) -> Problem {
    let problem = Problem::error("E023", span, format!("there is no service `{name}` to change"))
        .label("the base of the file has no such service")
        .note("an environment may add a service, but only a complete one: with an `image`");
    match keys::nearest(name, known.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => problem,
        None => problem.help(format!("the services are: {}", known.join(", "))),
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

/// Gives `environment` under a service or the defaults its canonical name, `env`.
pub(crate) fn rename_aliases(root: &mut Node, problems: &mut Vec<Problem>) {
    let Value::Map(entries) = &mut root.value else { return };
    for entry in entries {
        match entry.key.text.as_str() {
            "defaults" => rename(&mut entry.value, problems),
            "services" => {
                if let Value::Map(services) = &mut entry.value.value {
                    for service in services {
                        rename(&mut service.value, problems);
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

/// Puts every service over the defaults, then drops the defaults.
pub(crate) fn apply_defaults(root: &mut Node) {
    let Some(defaults) = root.get("defaults").filter(|node| node.map().is_some()).cloned() else {
        return;
    };
    let Value::Map(entries) = &mut root.value else { return };
    let services = entries.iter_mut().find(|entry| entry.key.text == "services");
    if let Some(Value::Map(services)) = services.map(|entry| &mut entry.value.value) {
        for service in services {
            if service.value.is_null() {
                let span = service.key.span;
                service.value = Node { value: Value::Map(Vec::new()), span };
            }
            if service.value.map().is_some() {
                let span = service.value.span;
                service.value = Node { span, ..merge(&defaults, &service.value, None) };
            }
        }
    }
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
