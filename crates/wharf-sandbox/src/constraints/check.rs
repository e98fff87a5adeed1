//! Walking an input beside its shape.

use serde_json::{Map, Value};

use super::{
    model::{Kind, Model, Shape},
    violation::Violation,
};
use crate::{
    rules::input as rules,
    services::{Protocol, Service},
};

/// Every violation found is one more sentence of the answer; no honest request has so many.
const MOST: usize = 20;

/// Compares requests of one service with its model.
pub(super) struct Checker<'m> {
    model: &'m Model,
    protocol: Protocol,
    found: Vec<Violation>,
}

impl<'m> Checker<'m> {
    /// Makes a checker of a service's requests.
    pub(super) fn new(service: &Service, model: &'m Model) -> Self {
        Self { model, protocol: service.protocol, found: Vec::new() }
    }

    /// Returns what an input breaks of its operation's shape.
    pub(super) fn request(mut self, shape: Option<&str>, input: &Value) -> Vec<Violation> {
        let Value::Object(members) = input else { return self.found };
        // What names the operation is not a member of its request.
        let own = |name: &str| match self.protocol {
            Protocol::Query { .. } | Protocol::Ec2 { .. } => !["Action", "Version"].contains(&name),
            Protocol::Json | Protocol::Cbor | Protocol::RestXml { .. } | Protocol::RestJson => true,
        };
        let members: Map<String, Value> = members
            .iter()
            .filter(|(name, _)| own(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        match shape.and_then(|name| self.model.shapes.get(name)) {
            Some(shape) => self.structure(shape, "", &members),
            None => self.unknown(members.keys().next().map(String::as_str), ""),
        }
        // What cannot be read as what it should be says nothing about its other constraints.
        self.found.sort_by_key(|it| *it.rule != rules::TYPE && *it.rule != rules::MEMBER_KNOWN);
        self.found
    }

    fn add(&mut self, violation: Violation) {
        if self.found.len() < MOST {
            self.found.push(violation);
        }
    }

    fn unknown(&mut self, name: Option<&str>, path: &str) {
        let Some(name) = name else { return };
        let path = self.join(path, name);
        self.add(Violation::new(&rules::MEMBER_KNOWN, path, "", "Member is not known"));
    }

    /// AWS names members with a small first letter; EC2 and XML name them as they are sent.
    fn join(&self, path: &str, name: &str) -> String {
        let own = match self.protocol {
            Protocol::Json | Protocol::Cbor | Protocol::Query { .. } | Protocol::RestJson => {
                lower_first(name)
            }
            Protocol::Ec2 { .. } | Protocol::RestXml { .. } => name.to_owned(),
        };
        if path.is_empty() { own } else { format!("{path}.{own}") }
    }

    fn structure(&mut self, shape: &Shape, path: &str, members: &Map<String, Value>) {
        for name in &shape.required {
            if members.get(name).is_none_or(Value::is_null) {
                let path = self.join(path, name);
                self.add(Violation::missing(path));
            }
        }
        for (name, value) in members {
            if value.is_null() {
                continue;
            }
            match shape.members.get(name) {
                Some(inner) => {
                    let path = self.join(path, name);
                    self.value(inner, &path, value);
                }
                None => self.unknown(Some(name), path),
            }
        }
    }

    fn value(&mut self, shape: &str, path: &str, value: &Value) {
        let Some(shape) = self.model.shapes.get(shape) else { return };
        let is_text = !self.protocol.is_typed();
        // restJson has typed members in its bodies, and text in the query of its URLs.
        let both = self.protocol == Protocol::RestJson;
        let typed = || if both { whole(value, false) } else { None };
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(members)) => self.structure(shape, path, members),
            // An empty element, or a name without anything under it.
            (Kind::Structure, Value::String(text)) if is_text && text.is_empty() => {
                self.structure(shape, path, &Map::new());
            }
            (Kind::List, value) => self.list(shape, path, value),
            (Kind::Map, Value::Object(members)) => self.map(shape, path, members),
            (Kind::String, Value::String(text)) => self.string(shape, path, text),
            (Kind::Blob, Value::String(text)) => {
                let bytes = text.trim_end_matches('=').len() * 3 / 4;
                self.size(shape, path, "****", bytes, &rules::LENGTH);
            }
            (Kind::Integer | Kind::Long, _) => match whole(value, is_text).or_else(typed) {
                Some(number) => self.range(shape, path, number),
                None => self.mistyped(shape, path, value),
            },
            (kind, value) if scalar_fits(kind, value, is_text) => {}
            (kind, value) if both && scalar_fits(kind, value, false) => {}
            _ => self.mistyped(shape, path, value),
        }
    }

    fn mistyped(&mut self, shape: &Shape, path: &str, value: &Value) {
        let kind = format!("{:?}", shape.kind);
        let shown = if shape.sensitive { "****".to_owned() } else { show(value) };
        self.add(Violation::new(&rules::TYPE, path, shown, format!("Member must be a {kind}")));
    }

    fn list(&mut self, shape: &Shape, path: &str, value: &Value) {
        let Some(inner) = &shape.member else { return };
        let wrapped = |members: &Map<String, Value>| match (&shape.name, members.len()) {
            (Some(name), 1) => members.get(name).cloned(),
            _ => None,
        };
        let members = match (value, self.protocol) {
            (Value::Array(members), Protocol::RestXml { .. }) if shape.name.is_some() => {
                // The list's own element, repeated.
                return self.mistyped(shape, path, &Value::from(members.clone()));
            }
            (Value::Array(members), _) => members.clone(),
            // A list in the query of a URL that has one member.
            (Value::String(_), Protocol::RestJson) => vec![value.clone()],
            (Value::String(text), protocol) if !protocol.is_typed() && text.is_empty() => {
                Vec::new()
            }
            (Value::Object(members), Protocol::RestXml { .. }) => match wrapped(members) {
                Some(Value::Array(members)) => members,
                Some(single) => vec![single],
                None => return self.mistyped(shape, path, value),
            },
            _ => return self.mistyped(shape, path, value),
        };
        self.size(shape, path, &show(value), members.len(), &rules::SIZE);
        for (at, member) in members.iter().enumerate() {
            let path = match self.protocol {
                Protocol::Ec2 { .. } => format!("{path}.{}", at + 1),
                _ => format!("{path}.{}.member", at + 1),
            };
            self.value(inner, &path, member);
        }
    }

    fn map(&mut self, shape: &Shape, path: &str, members: &Map<String, Value>) {
        self.size(shape, path, "{}", members.len(), &rules::SIZE);
        let (Some(keys), Some(values)) = (&shape.key, &shape.value) else { return };
        for (key, value) in members {
            self.value(keys, path, &Value::from(key.clone()));
            if !value.is_null() {
                self.value(values, &format!("{path}.{key}.member"), value);
            }
        }
    }

    fn string(&mut self, shape: &Shape, path: &str, text: &str) {
        let shown = if shape.sensitive { "****" } else { text };
        self.size(shape, path, shown, text.chars().count(), &rules::LENGTH);
        if !shape.choices.is_empty() && !shape.choices.iter().any(|choice| choice == text) {
            let set = shape.choices.join(", ");
            let wanted = format!("Member must satisfy enum value set: [{set}]");
            self.add(Violation::new(&rules::ENUM, path, shown, wanted));
        }
        if let Some(pattern) = &shape.pattern
            && !shape.fits(text)
        {
            let wanted = format!("Member must satisfy regular expression pattern: {pattern}");
            self.add(Violation::new(&rules::PATTERN, path, shown, wanted));
        }
    }

    fn size(
        &mut self,
        shape: &Shape,
        path: &str,
        shown: &str,
        size: usize,
        rule: &'static crate::rules::Rule,
    ) {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let bound = match (shape.min, shape.max) {
            (Some(min), _) if size < min => format!("greater than or equal to {min}"),
            (_, Some(max)) if size > max => format!("less than or equal to {max}"),
            _ => return,
        };
        self.add(Violation::new(rule, path, shown, format!("Member must have length {bound}")));
    }

    fn range(&mut self, shape: &Shape, path: &str, number: i64) {
        let bound = match (shape.min, shape.max) {
            (Some(min), _) if number < min => format!("greater than or equal to {min}"),
            (_, Some(max)) if number > max => format!("less than or equal to {max}"),
            _ => return,
        };
        let wanted = format!("Member must have value {bound}");
        self.add(Violation::new(&rules::RANGE, path, number.to_string(), wanted));
    }
}

/// Says whether a moment, a boolean or a number with a fraction is written as its protocol has it.
fn scalar_fits(kind: Kind, value: &Value, is_text: bool) -> bool {
    match (kind, value) {
        (Kind::Timestamp | Kind::Float | Kind::Double, Value::Number(_))
        | (Kind::Boolean, Value::Bool(_)) => !is_text,
        (Kind::Timestamp, Value::String(_)) => is_text,
        (Kind::Boolean, Value::String(text)) => {
            is_text && ["true", "false"].iter().any(|flag| text.eq_ignore_ascii_case(flag))
        }
        (Kind::Float | Kind::Double, Value::String(text)) => {
            is_text && text.trim().parse::<f64>().is_ok()
        }
        _ => false,
    }
}

fn whole(value: &Value, is_text: bool) -> Option<i64> {
    match value {
        Value::String(text) if is_text => text.trim().parse().ok(),
        other if !is_text => other.as_i64(),
        _ => None,
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(show).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let names: Vec<&str> = members.keys().map(String::as_str).collect();
            format!("{{{}}}", names.join(", "))
        }
        other => other.to_string(),
    }
}

pub(super) fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|ch| ch.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}
