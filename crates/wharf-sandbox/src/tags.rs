//! Tags and the shapes in which the services write them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{error::AwsError, input::Input, rules::tags as rules};

/// The tags of one resource.
pub type Tags = BTreeMap<String, String>;

/// Reads a list of `{Key, Value}` (or `{key, value}`) structures.
pub(crate) fn from_list(input: &Input<'_>, member: &str) -> Tags {
    input
        .list(member)
        .iter()
        .filter_map(|tag| {
            let key = tag.str("Key").or_else(|| tag.str("key"))?;
            let value = tag.str("Value").or_else(|| tag.str("value")).unwrap_or_default();
            Some((key.to_owned(), value.to_owned()))
        })
        .collect()
}

/// Writes tags as a list of `{Key, Value}`.
pub(crate) fn upper(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// Writes tags as a list of `{key, value}`.
pub(crate) fn lower(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// Checks the rules most services share: at most 50 tags, key 1 to 128 characters, value at most
/// 256, prefix `aws:` reserved (AWS General Reference, "Tagging AWS resources").
pub(crate) fn check(tags: &Tags, code: &'static str) -> Result<(), AwsError> {
    count(tags, code)?;
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            let text = format!("The tag key '{key}' must be 1-128 long.");
            return Err(rules::KEY.refuse_as(code, text));
        }
        if value.chars().count() > 256 {
            let text = format!("The value of tag '{key}' is too long.");
            return Err(rules::VALUE.refuse_as(code, text));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            let text = format!("The tag key '{key}' is reserved: aws: prefixed keys are.");
            return Err(rules::RESERVED.refuse_as(code, text));
        }
    }
    Ok(())
}

/// Refuses more than 50 tags under the code that a service has for that.
pub(crate) fn count(tags: &Tags, code: &'static str) -> Result<(), AwsError> {
    if tags.len() > 50 {
        return Err(rules::COUNT.refuse_as(code, "A resource can have at most 50 tags."));
    }
    Ok(())
}
