//! Reading the members of a request, whatever protocol it came by.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    constraints::{self, Violation},
    error::AwsError,
    rules::input as rules,
    services::Service,
};

/// One structure (or list member) of a request.
///
/// The query protocols send every scalar as text, so numbers and booleans are accepted in both forms.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    value: &'a Value,
    service: &'static Service,
}

impl<'a> Input<'a> {
    /// Wraps a value of a request to a service.
    pub fn new(value: &'a Value, service: &'static Service) -> Self {
        Self { value, service }
    }

    /// Returns the value itself.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// Returns the member, unless it is absent or null.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    /// Says whether the member is present.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns this value as text, for members of lists.
    pub fn as_str(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    /// Returns a text member.
    pub fn str(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Returns a text member, or AWS's complaint that it is missing.
    pub fn required(&self, name: &str) -> Result<&'a str, AwsError> {
        self.str(name).ok_or_else(|| self.missing(name))
    }

    /// Returns a text member, or a default.
    pub fn str_or(&self, name: &str, default: &'a str) -> &'a str {
        self.str(name).unwrap_or(default)
    }

    /// Returns a whole number, given as such or as text.
    pub fn int(&self, name: &str) -> Result<Option<i64>, AwsError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => {
                text.trim().parse().map(Some).map_err(|_| self.mistyped(name, "Long"))
            }
            Some(value) => value.as_i64().map(Some).ok_or_else(|| self.mistyped(name, "Long")),
        }
    }

    /// Returns a whole number between two bounds, both included.
    pub fn int_in(&self, name: &str, low: i64, high: i64) -> Result<Option<i64>, AwsError> {
        let Some(number) = self.int(name)? else { return Ok(None) };
        let bound = match number {
            _ if number < low => format!("greater than or equal to {low}"),
            _ if number > high => format!("less than or equal to {high}"),
            _ => return Ok(Some(number)),
        };
        let wanted = format!("Member must have value {bound}");
        Err(self.refuse(Violation::new(&rules::RANGE, name, number.to_string(), wanted)))
    }

    /// Returns a boolean, given as such or as text.
    pub fn bool(&self, name: &str) -> Result<Option<bool>, AwsError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(self.mistyped(name, "Boolean")),
        }
    }

    /// Returns a nested structure.
    pub fn structure(&self, name: &str) -> Option<Input<'a>> {
        self.get(name).map(|value| Self { value, ..*self })
    }

    /// Returns the members of a list; an absent one is empty.
    ///
    /// restXml wraps a list's members in an element of their own name, which is looked through.
    pub fn list(&self, name: &str) -> Vec<Input<'a>> {
        let wrap = |value: &'a Value| Self { value, ..*self };
        match self.get(name) {
            Some(Value::Array(members)) => members.iter().map(wrap).collect(),
            Some(Value::Object(wrapper)) if wrapper.len() == 1 => {
                wrapper.values().flat_map(|inner| match inner {
                    Value::Array(members) => members.iter().map(wrap).collect(),
                    single => vec![wrap(single)],
                })
            }
            .collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the members of a list of text.
    pub fn strings(&self, name: &str) -> Vec<String> {
        self.list(name).iter().map(|member| member.as_str().to_owned()).collect()
    }

    /// Returns a map from text to text.
    pub fn map(&self, name: &str) -> BTreeMap<String, String> {
        let Some(Value::Object(members)) = self.get(name) else { return BTreeMap::new() };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        members.iter().map(|(key, value)| (key.clone(), text(value))).collect()
    }

    /// Returns a text member that must be one of `choices`.
    pub fn one_of(&self, name: &str, choices: &[&str]) -> Result<Option<&'a str>, AwsError> {
        match self.str(name) {
            Some(text) if !choices.contains(&text) => {
                let set = choices.join(", ");
                let wanted = format!("Member must satisfy enum value set: [{set}]");
                Err(self.refuse(Violation::new(&rules::ENUM, name, text, wanted)))
            }
            other => Ok(other),
        }
    }

    /// Checks the length of a text member, in characters, if it is present.
    pub fn length(&self, name: &str, low: usize, high: usize) -> Result<(), AwsError> {
        let Some(text) = self.str(name) else { return Ok(()) };
        let length = text.chars().count();
        let bound = match length {
            _ if length < low => format!("greater than or equal to {low}"),
            _ if length > high => format!("less than or equal to {high}"),
            _ => return Ok(()),
        };
        let wanted = format!("Member must have length {bound}");
        Err(self.refuse(Violation::new(&rules::LENGTH, name, text, wanted)))
    }

    /// Returns the complaint that a member is missing, worded as this service words it.
    pub fn missing(&self, name: &str) -> AwsError {
        self.refuse(Violation::missing(name))
    }

    fn mistyped(&self, name: &str, kind: &str) -> AwsError {
        let value = self.get(name).map(ToString::to_string).unwrap_or_default();
        let wanted = format!("Member must be a {kind}");
        self.refuse(Violation::new(&rules::TYPE, name, value, wanted))
    }

    fn refuse(&self, violation: Violation) -> AwsError {
        constraints::refuse(self.service, &[violation])
    }
}
