//! Compares desired with live props, path by path.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wharf_graph::input::{as_ref, references, resolve_known};
use wharf_graph::{Address, OutputRef, Policy};

/// How a value is shown that only applying can tell.
pub const KNOWN_AFTER_APPLY: &str = "(known after apply)";

/// How a value is shown that must not be shown.
pub const MASK: &str = "***";

/// One prop that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Where it is: `health.path`, `containers.0.image`.
    pub path: String,
    /// What it is; `null` when it is not there.
    pub before: Value,
    /// What it is to be; `null` when it is to go, and when it is unknown.
    pub after: Value,
    /// Whether only applying can tell what it will be.
    pub unknown: bool,
    /// Whether the values are masked.
    pub sensitive: bool,
    /// Why this makes a new object necessary, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forces_replacement: Option<String>,
    /// The resource whose new object causes this change, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Address>,
}

/// What comparing needs to know about the resources that are referred to.
pub(crate) struct Context<'a> {
    /// The kind compared.
    pub(crate) policy: &'static Policy,
    /// Returns an output that is known now and still holds when the step runs.
    pub(crate) known: &'a dyn Fn(&OutputRef) -> Option<String>,
    /// Says whether a resource gets a new object, or got one in a run that was interrupted.
    pub(crate) moved: &'a dyn Fn(&Address) -> bool,
}

impl Context<'_> {
    /// Lists what differs between live and desired props, in path order.
    pub(crate) fn diff(&self, live: &Value, desired: &Value) -> Vec<Change> {
        let mut found = Vec::new();
        let lasting = |props: &Value| self.policy.lasting(props);
        self.walk("", Some(&lasting(live)), Some(&lasting(desired)), &mut found);
        found
    }

    /// Lists every prop of an object that does not exist yet.
    pub(crate) fn all(&self, desired: &Value) -> Vec<Change> {
        let mut found = Vec::new();
        self.walk("", None, Some(desired), &mut found);
        for change in &mut found {
            change.forces_replacement = None;
            change.follows = None;
        }
        found
    }

    fn walk(
        &self,
        path: &str,
        live: Option<&Value>,
        desired: Option<&Value>,
        found: &mut Vec<Change>,
    ) {
        if let Some(reference) = desired.and_then(as_ref) {
            self.reference(path, live, &reference, found);
            return;
        }
        let is_map = |value: Option<&Value>| match value {
            None | Some(Value::Null) => None,
            Some(Value::Object(map)) => Some(!map.is_empty()),
            Some(_) => Some(false),
        };
        match (is_map(live), is_map(desired)) {
            // A map against nothing is listed key by key, an empty map is a value of its own.
            (Some(true), Some(true) | None) | (None, Some(true)) => {
                let keys: BTreeSet<&String> =
                    [live, desired].into_iter().flatten().flat_map(keys).collect();
                for key in keys {
                    let below = join(path, key);
                    let live = live.and_then(|value| value.get(key));
                    let desired = desired.and_then(|value| value.get(key));
                    self.walk(&below, live, desired, found);
                }
            }
            _ => match (live, desired) {
                // Which target is served first means nothing.
                (Some(before), Some(after))
                    if self.policy.serves == Some(path)
                        && same_elements(before, &resolve_known(after, self.known)) => {}
                (Some(Value::Array(before)), Some(Value::Array(after)))
                    if before.len() == after.len()
                        && before.iter().chain(after).all(is_struct)
                        && !self.is_traffic(path) =>
                {
                    for (index, (before, after)) in before.iter().zip(after).enumerate() {
                        self.walk(
                            &join(path, &index.to_string()),
                            Some(before),
                            Some(after),
                            found,
                        );
                    }
                }
                _ => self.leaf(path, live, desired, found),
            },
        }
    }

    fn reference(
        &self,
        path: &str,
        live: Option<&Value>,
        reference: &OutputRef,
        found: &mut Vec<Change>,
    ) {
        let known = (self.known)(reference).map(Value::String);
        if known.is_some() && known.as_ref() == live {
            return;
        }
        let follows = (self.moved)(&reference.of).then(|| reference.of.clone());
        found.push(self.change(path, live, known, follows));
    }

    fn leaf(
        &self,
        path: &str,
        live: Option<&Value>,
        desired: Option<&Value>,
        found: &mut Vec<Change>,
    ) {
        let desired = desired.unwrap_or(&Value::Null);
        let resolved = resolve_known(desired, self.known);
        let held = references(desired);
        let unknown = !held.is_empty() && !references(&resolved).is_empty();
        if !unknown && self.same(path, live.unwrap_or(&Value::Null), &resolved) {
            return;
        }
        let follows = held.iter().map(|one| &one.of).find(|of| (self.moved)(of)).cloned();
        found.push(self.change(path, live, (!unknown).then_some(resolved), follows));
    }

    /// Compares two leaves. The order in which traffic is written down means nothing.
    fn same(&self, path: &str, live: &Value, desired: &Value) -> bool {
        if live == desired {
            return true;
        }
        self.is_traffic(path) && same_elements(live, desired)
    }

    fn is_traffic(&self, path: &str) -> bool {
        self.policy.traffic == Some(path)
    }

    fn change(
        &self,
        path: &str,
        before: Option<&Value>,
        after: Option<Value>,
        follows: Option<Address>,
    ) -> Change {
        let top = path.split('.').next().unwrap_or(path);
        let sensitive = self.policy.sensitive.contains(&top);
        let forces_replacement = self
            .policy
            .replace_on
            .iter()
            .find(|(prop, _)| *prop == top || *prop == "*")
            .map(|(_, text)| (*text).to_owned());
        let mask = |value: Value| match value {
            Value::Null => Value::Null,
            _ if sensitive => Value::String(MASK.to_owned()),
            value => value,
        };
        Change {
            path: path.to_owned(),
            before: mask(before.cloned().unwrap_or(Value::Null)),
            unknown: after.is_none(),
            after: mask(after.unwrap_or(Value::Null)),
            sensitive,
            forces_replacement,
            follows,
        }
    }
}

fn keys(value: &Value) -> impl Iterator<Item = &String> {
    value.as_object().into_iter().flat_map(serde_json::Map::keys)
}

/// Says whether two arrays hold the same elements, in whatever order.
pub(crate) fn same_elements(one: &Value, two: &Value) -> bool {
    let sorted = |value: &Value| {
        let mut texts: Vec<String> = value.as_array()?.iter().map(Value::to_string).collect();
        texts.sort();
        Some(texts)
    };
    sorted(one).is_some_and(|one| Some(one) == sorted(two))
}

fn is_struct(value: &Value) -> bool {
    value.is_object() && as_ref(value).is_none()
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
