//! Policies of one environment, made into those of all whose names begin alike.

use serde_json::{Map, Value};

/// Puts `pattern` (`pr-*`) in the place of an environment's name, `one`, in policies that were built for it. What
/// is compared with a tag is compared as a pattern then.
pub fn widen(policies: Vec<Value>, one: &str, pattern: &str) -> Vec<Value> {
    policies.into_iter().map(|policy| replaced(policy, one, pattern)).collect()
}

fn replaced(value: Value, one: &str, pattern: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace(one, pattern)),
        Value::Array(items) => items.into_iter().map(|item| replaced(item, one, pattern)).collect(),
        Value::Object(map) => {
            let all = map.into_iter().map(|(key, value)| (key, replaced(value, one, pattern)));
            Value::Object(compared(all.collect()))
        }
        other => other,
    }
}

/// Moves comparisons with a pattern from `StringEquals` to `StringLike` (IAM User Guide, "Condition operators").
fn compared(mut map: Map<String, Value>) -> Map<String, Value> {
    let Some(Value::Object(equals)) = map.remove("StringEquals") else { return map };
    let is_pattern = |value: &Value| value.as_str().is_some_and(|text| text.contains('*'));
    let (like, equal): (Map<_, _>, Map<_, _>) =
        equals.into_iter().partition(|(_, value)| is_pattern(value));
    for (operator, conditions) in [("StringEquals", equal), ("StringLike", like)] {
        if !conditions.is_empty() {
            map.insert(operator.to_owned(), Value::Object(conditions));
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_become_patterns_and_tags_are_compared_with_them() {
        let one = json!({
            "Action": ["ecs:DeleteService"], "Resource": ["arn:aws:ecs:r:a:service/main/notes-pr-0-*"],
            "Condition": {"StringEquals": {"aws:ResourceTag/wharf:app": "notes", "aws:ResourceTag/wharf:env": "pr-0"}},
        });
        let all = json!({
            "Action": ["ecs:DeleteService"], "Resource": ["arn:aws:ecs:r:a:service/main/notes-pr-*-*"],
            "Condition": {
                "StringEquals": {"aws:ResourceTag/wharf:app": "notes"},
                "StringLike": {"aws:ResourceTag/wharf:env": "pr-*"},
            },
        });
        assert_eq!(widen(vec![one.clone()], "pr-0", "pr-*"), [all]);
        assert_eq!(widen(vec![one.clone()], "staging", "s-*"), [one]);
    }
}
