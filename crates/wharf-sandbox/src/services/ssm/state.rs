//! The state of the parameter store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{tags::Tags, time::SimTime, world::World};

/// Everything the parameter store knows in a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SsmState {
    /// The parameters by name.
    pub parameters: BTreeMap<String, Parameter>,
}

/// A parameter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `String`, `StringList` or `SecureString`.
    pub kind: String,
    /// Its value, in the clear.
    pub value: String,
    /// Counts the changes of its value, from 1.
    pub version: i64,
    /// When its value last changed.
    pub modified: SimTime,
    /// What it is for.
    pub description: Option<String>,
    /// The key of a `SecureString`.
    pub key: Option<String>,
    /// `Standard`, `Advanced` or `Intelligent-Tiering`.
    pub tier: String,
    /// Its tags.
    pub tags: Tags,
}

impl World {
    /// Finds a parameter by its name or ARN; an ARN is looked up in its own region.
    pub fn parameter(&self, region: &str, name: &str) -> Option<&Parameter> {
        let (region, name) = match split_arn(name) {
            Some((region, rest)) => (region, rest),
            None => (region, name),
        };
        let parameters = &self.regions.get(region)?.ssm.parameters;
        parameters.get(name).or_else(|| parameters.get(&format!("/{name}")))
    }
}

/// Takes an ARN such as `arn:aws:ssm:eu-west-1:1:parameter/a/b` apart into region and the name
/// without its leading slash.
pub(super) fn split_arn(text: &str) -> Option<(&str, &str)> {
    let mut parts = text.splitn(6, ':');
    let (arn, _, service, region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if (arn, service) != ("arn", "ssm") {
        return None;
    }
    Some((region, parts.nth(1)?.strip_prefix("parameter/")?))
}
