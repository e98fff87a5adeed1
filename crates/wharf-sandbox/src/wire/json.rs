//! awsJson 1.1, and the bodies of restJson.

use serde_json::{Map, Value, json};

use crate::{error::AwsError, rules::wire as rules};

/// Reads a body; an empty one is an empty structure.
pub(crate) fn parse(body: &[u8]) -> Result<Value, AwsError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(rules::JSON_OBJECT.refuse("The body is not a JSON object.")),
    }
}

/// Writes a response; members that are null are left out.
pub(crate) fn render(value: Value) -> Vec<u8> {
    let value = if value.is_null() { json!({}) } else { without_nulls(value) };
    value.to_string().into_bytes()
}

/// Writes an error.
pub(crate) fn error(error: &AwsError) -> Vec<u8> {
    let mut members = error.details.clone();
    members.insert("__type".to_owned(), error.code.clone().into());
    members.insert("message".to_owned(), error.message.clone().into());
    Value::Object(members).to_string().into_bytes()
}

/// Writes an error of restJson, whose members are those of the service's model; the code is in a
/// header.
pub(crate) fn rest_error(error: &AwsError) -> Vec<u8> {
    let mut members = error.details.clone();
    members.insert("__type".to_owned(), error.code.clone().into());
    members.insert("Message".to_owned(), error.message.clone().into());
    Value::Object(members).to_string().into_bytes()
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, inner)| !inner.is_null())
            .map(|(key, inner)| (key, without_nulls(inner)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
