//! Identity of a resource inside a stack.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names one resource of a stack as `kind.name`, for example `service.api`.
///
/// The name may itself contain dots and slashes (`dns_record.notes.example.com/A`); the kind may not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    kind: String,
    name: String,
}

impl Address {
    /// Builds an address from its two halves.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into() }
    }

    /// Returns the kind, for example `service`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the name within the kind, for example `api`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)
    }
}

/// Says that a text is not of the form `kind.name`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an address: expected `kind.name`, for example `service.api`")]
pub struct BadAddress(pub String);

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('.') {
            Some((kind, name))
                if !kind.is_empty()
                    && !name.is_empty()
                    && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') =>
            {
                Ok(Self::new(kind, name))
            }
            _ => Err(BadAddress(text.to_owned())),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_through_text() {
        for text in ["service.api", "dns_record.notes.example.com/A", "ingress_rule.tasks:3000"] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        assert_eq!("dns_record.a.b/A".parse::<Address>().unwrap().name(), "a.b/A");
    }

    #[test]
    fn refuses_what_has_no_two_halves() {
        for text in ["", "service", ".api", "service.", "Service.api"] {
            assert_eq!(text.parse::<Address>(), Err(BadAddress(text.to_owned())));
        }
    }
}
