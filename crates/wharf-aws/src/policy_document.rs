//! Policy documents: how they are built and read, and one canonical form for comparing them.
//!
//! IAM returns a list of one as a bare value or the other way round and orders lists as it likes
//! (IAM User Guide, policy grammar), so both sides of a comparison go through [`canonical`].

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

/// Version of the policy language; leaving it out means an older one.
const VERSION: &str = "2012-10-17";

/// Builds a statement that allows `actions` on `resources`.
pub(crate) fn allow(actions: &[&str], resources: &[&str]) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resources})
}

/// Builds a canonical document of statements.
pub(crate) fn document(statements: impl IntoIterator<Item = Value>) -> Value {
    let statements: Vec<Value> = statements.into_iter().collect();
    canonical(&json!({"Version": VERSION, "Statement": statements}))
}

/// Parses a document as IAM returns it: URL-encoded JSON. One that does not parse stays text, and
/// so differs from every document that is wanted.
pub(crate) fn decode(text: &str) -> Value {
    let plain = percent_decode_str(text).decode_utf8_lossy();
    serde_json::from_str(&plain)
        .map_or_else(|_| Value::String(text.to_owned()), |it| canonical(&it))
}

/// Brings a document into its one form: single values lifted to lists, lists sorted, no repeats.
pub(crate) fn canonical(document: &Value) -> Value {
    let Value::Object(fields) = document else { return document.clone() };
    let fields = fields.iter().map(|(key, value)| {
        let value = match key.as_str() {
            "Statement" => list(value, statement),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(fields.collect())
}

fn statement(value: &Value) -> Value {
    let Value::Object(fields) = value else { return value.clone() };
    let fields = fields.iter().map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("Action" | "NotAction" | "Resource" | "NotResource", _) => list(value, Value::clone),
            ("Principal" | "NotPrincipal", Value::Object(kinds)) => {
                each(kinds, |names| list(names, Value::clone))
            }
            ("Condition", Value::Object(operators)) => each(operators, |keys| match keys {
                Value::Object(keys) => each(keys, |values| list(values, text)),
                other => other.clone(),
            }),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(fields.collect())
}

fn each(map: &Map<String, Value>, form: impl Fn(&Value) -> Value) -> Value {
    Value::Object(map.iter().map(|(key, value)| (key.clone(), form(value))).collect())
}

/// Condition values may be written as numbers or booleans and are compared as text.
fn text(value: &Value) -> Value {
    match value {
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        other => other.clone(),
    }
}

fn list(value: &Value, form: impl Fn(&Value) -> Value) -> Value {
    let mut items: Vec<Value> = match value {
        Value::Array(items) => items.iter().map(form).collect(),
        single => vec![form(single)],
    };
    items.sort_by_cached_key(Value::to_string);
    items.dedup();
    Value::Array(items)
}

/// The tasks of ECS, as a principal.
pub(crate) const TASKS: &str = "ecs-tasks.amazonaws.com";

/// Says whether a trust policy lets a service of AWS take the role. Conditions are not judged.
pub(crate) fn trusts(trust: &Value, service: &str) -> bool {
    let named = |statement: &Value| any(&statement["Principal"]["Service"], &|it| it == service);
    says(trust, "sts:AssumeRole", &named)
}

/// Says whether a policy allows an action on everything. Conditions are not judged.
pub(crate) fn allows(policy: &Value, action: &str) -> bool {
    says(policy, action, &|statement| any(&statement["Resource"], &|it| it == "*"))
}

/// Says whether a policy allows an action on anything at all. Conditions are not judged.
pub(crate) fn allows_somewhere(policy: &Value, action: &str) -> bool {
    says(policy, action, &|_| true)
}

/// Says whether statements that fit allow an action, and none of them denies it.
fn says(document: &Value, action: &str, fits: &dyn Fn(&Value) -> bool) -> bool {
    let statements = match &document["Statement"] {
        Value::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    let with = |effect: &str| {
        statements.iter().any(|statement| {
            statement["Effect"] == effect
                && fits(statement)
                && any(&statement["Action"], &|pattern| covers(pattern, action))
        })
    };
    with("Allow") && !with("Deny")
}

/// Names of actions are the same in any case, and `*` stands for any rest (IAM User Guide, "Action").
fn covers(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    pattern == action || pattern.strip_suffix('*').is_some_and(|start| action.starts_with(start))
}

fn any(value: &Value, fits: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => fits(text),
        Value::Array(list) => list.iter().any(|it| it.as_str().is_some_and(fits)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam_policy::trust;

    #[test]
    fn form_and_order_make_no_difference() {
        let one = json!({"Version": VERSION, "Statement": [
            {"Effect": "Allow", "Action": ["b:x", "a:x"], "Resource": "*"},
            {"Effect": "Allow", "Action": "a:y", "Resource": ["*"],
             "Condition": {"Bool": {"aws:SecureTransport": true}}},
        ]});
        let two = json!({"Statement": [
            {"Effect": "Allow", "Action": ["a:y"], "Resource": "*",
             "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}},
            {"Resource": ["*"], "Effect": "Allow", "Action": ["a:x", "b:x"]},
        ], "Version": VERSION});
        assert_eq!(canonical(&one), canonical(&two));
        let mut other = two.clone();
        other["Statement"][0]["Resource"] = json!("arn:x");
        assert_ne!(canonical(&one), canonical(&other));
        assert_eq!(canonical(&canonical(&one)), canonical(&one));
    }

    #[test]
    fn tasks_take_roles_that_trust_them() {
        let statement = |effect: &str, service: &str, action: &str| {
            serde_json::json!({
                "Effect": effect, "Principal": {"Service": [service]}, "Action": action,
            })
        };
        let takes = |statements: Vec<Value>| {
            trusts(&serde_json::json!({"Version": "2012-10-17", "Statement": statements}), TASKS)
        };
        let (ecs, other) = (TASKS, "lambda.amazonaws.com");
        assert!(trusts(&trust("111122223333"), TASKS));
        for (action, fits) in [
            ("sts:AssumeRole", true),
            ("STS:assumerole", true),
            ("sts:Assume*", true),
            ("s3:*", false),
        ] {
            assert_eq!(takes(vec![statement("Allow", ecs, action)]), fits, "{action}");
        }
        assert!(!takes(vec![statement("Allow", other, "sts:AssumeRole")]));
        let denied =
            vec![statement("Allow", ecs, "sts:AssumeRole"), statement("Deny", ecs, "sts:*")];
        assert!(!takes(denied));
        assert!(!trusts(&Value::Null, TASKS));
    }

    #[test]
    fn an_action_is_allowed_on_everything_or_not() {
        let of = |action: Value, on: &str| json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": on}});
        let open = "ssmmessages:OpenDataChannel";
        assert!(allows(&of(json!(["s3:GetObject", open]), "*"), open));
        assert!(allows(&of(json!("ssmmessages:*"), "*"), open));
        let narrow = of(json!("ssmmessages:*"), "arn:aws:s3:::x");
        assert!(!allows(&narrow, open) && allows_somewhere(&narrow, open));
        assert!(!allows_somewhere(&narrow, "ecs:RunTask"));
        assert!(!allows(&of(json!("ssm:*"), "*"), open));
        assert!(!allows(&Value::Null, open));
        let denied = json!({"Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["SSMMessages:OpenDataChannel"], "Resource": ["*"]},
        ]});
        assert!(!allows(&denied, open) && allows(&denied, "s3:GetObject"));
    }
}
