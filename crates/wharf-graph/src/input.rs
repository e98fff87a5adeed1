//! A value that is known now, or the promise of another resource's output.

use std::collections::BTreeSet;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::Address;

/// The key that marks a reference inside serialised props. No AWS field begins with a dollar sign.
const MARK: &str = "$ref";

/// Names one output of one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OutputRef {
    /// The resource that provides the value.
    pub of: Address,
    /// The name of the output, for example `arn`.
    pub output: String,
}

impl std::fmt::Display for OutputRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.of, self.output)
    }
}

/// A property that is either known or another resource's output.
///
/// A known value serialises as itself, a reference as `{"$ref": {"of": …, "output": …}}`, so that
/// desired and live props have one shape once references are resolved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input<T> {
    /// The value itself.
    Known(T),
    /// The value another resource will have.
    Ref(OutputRef),
}

impl<T> Input<T> {
    /// Builds a reference to `output` of `of`.
    pub fn of(of: &Address, output: &str) -> Self {
        Self::Ref(OutputRef { of: of.clone(), output: output.to_owned() })
    }

    /// Returns the value, or says which output is still missing.
    pub fn get(&self) -> Result<&T, Unresolved> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Ref(reference) => Err(Unresolved(reference.clone())),
        }
    }
}

impl<T> From<T> for Input<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl From<&str> for Input<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}

impl<T: Serialize> Serialize for Input<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::Ref(reference) => serializer.collect_map([(MARK, reference)]),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Input<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match as_ref(&value) {
            Some(reference) => Ok(Self::Ref(reference)),
            None => serde_json::from_value(value).map(Self::Known).map_err(D::Error::custom),
        }
    }
}

/// Says that props still hold a reference whose output does not exist.
///
/// Reaching AWS with one would be a bug in wharf, so [`resolve`] and [`Input::get`] refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value of `{0}` is not known yet")]
pub struct Unresolved(pub OutputRef);

/// Returns the reference that `value` stands for, if it is one.
pub fn as_ref(value: &Value) -> Option<OutputRef> {
    let map = value.as_object()?;
    if map.len() != 1 {
        return None;
    }
    serde_json::from_value(map.get(MARK)?.clone()).ok()
}

/// Collects every reference inside `value`.
pub fn references(value: &Value) -> BTreeSet<OutputRef> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<OutputRef>) {
    if let Some(reference) = as_ref(value) {
        found.insert(reference);
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(map) => map.values().for_each(|item| collect(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Replaces each reference that `known` can answer; the others stay references.
pub fn resolve_known(value: &Value, known: &dyn Fn(&OutputRef) -> Option<String>) -> Value {
    if let Some(reference) = as_ref(value) {
        return known(&reference).map_or_else(|| value.clone(), Value::String);
    }
    match value {
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| resolve_known(item, known)).collect())
        }
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, item)| (key.clone(), resolve_known(item, known)))
                .collect::<Map<_, _>>(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Replaces every reference, or names the first one that has no value.
pub fn resolve(
    value: &Value,
    known: &dyn Fn(&OutputRef) -> Option<String>,
) -> Result<Value, Unresolved> {
    let resolved = resolve_known(value, known);
    match references(&resolved).pop_first() {
        Some(missing) => Err(Unresolved(missing)),
        None => Ok(resolved),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Props {
        arn: Input<String>,
        size: Input<u32>,
    }

    fn props() -> Props {
        let balancer = Address::new("load_balancer", "main");
        Props { arn: Input::of(&balancer, "arn"), size: Input::Known(3) }
    }

    #[test]
    fn survives_serialisation() {
        let value = serde_json::to_value(props()).unwrap();
        assert_eq!(
            value,
            json!({"arn": {"$ref": {"of": "load_balancer.main", "output": "arn"}}, "size": 3})
        );
        assert_eq!(serde_json::from_value::<Props>(value).unwrap(), props());
    }

    #[test]
    fn resolves_or_names_what_is_missing() {
        let value = serde_json::to_value(props()).unwrap();
        let resolved = resolve(&value, &|_| Some("arn:x".to_owned())).unwrap();
        assert_eq!(resolved, json!({"arn": "arn:x", "size": 3}));
        let missing = resolve(&value, &|_| None).unwrap_err();
        assert_eq!(missing.to_string(), "the value of `load_balancer.main.arn` is not known yet");
    }
}
