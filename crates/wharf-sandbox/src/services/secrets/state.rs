//! The state of Secrets Manager, and how a task's secrets are read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{tags::Tags, time::SimTime, world::World};

/// Everything Secrets Manager knows in a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SecretsState {
    /// The secrets by name.
    pub secrets: BTreeMap<String, Secret>,
}

/// A secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Its ARN, which ends in six characters nobody can guess.
    pub arn: String,
    /// What it is for.
    pub description: Option<String>,
    /// The customer's key, if any.
    pub key: Option<String>,
    /// The current value, if it has one.
    pub value: Option<String>,
    /// The id of the current version.
    pub version: String,
    /// When it was made.
    pub created: SimTime,
    /// When it last changed.
    pub changed: SimTime,
    /// When it was marked for deletion.
    pub deleted: Option<SimTime>,
    /// When it goes for good, if it is marked for deletion.
    pub purge: Option<SimTime>,
    /// Its tags.
    pub tags: Tags,
}

/// Why a task cannot read a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretProblem {
    /// There is no such secret or parameter.
    NotFound,
    /// The secret is marked for deletion.
    MarkedForDeletion,
    /// A key of the secret is asked for and its value is not JSON.
    NotJson,
    /// The value is JSON without the key asked for.
    NoKey(String),
}

impl SecretsState {
    /// Finds a secret by name, ARN, or ARN without the last six characters; those gone for good
    /// by `now` are not found.
    pub fn find(&self, id: &str, now: SimTime) -> Option<&Secret> {
        let there = |secret: &&Secret| secret.purge.is_none_or(|purge| purge > now);
        if !id.starts_with("arn:") {
            return self.secrets.get(id).filter(there);
        }
        let matches = |secret: &&Secret| {
            secret.arn == id || secret.arn.rsplit_once('-').is_some_and(|(stem, _)| stem == id)
        };
        self.secrets.values().filter(there).find(matches)
    }
}

impl World {
    /// Reads what a container's `valueFrom` refers to: a secret's ARN, which may name a JSON key
    /// (`arn:…:secret:name-AbCdEf:key:stage:version`), or a parameter's name or ARN.
    pub fn secret(&self, region: &str, value_from: &str) -> Result<String, SecretProblem> {
        let parts: Vec<&str> = value_from.split(':').collect();
        if parts.get(2) != Some(&"secretsmanager") {
            let found = self.parameter(region, value_from).ok_or(SecretProblem::NotFound)?;
            return Ok(found.value.clone());
        }
        let arn = parts.iter().take(7).copied().collect::<Vec<_>>().join(":");
        let region = parts.get(3).copied().unwrap_or(region);
        let state = self.regions.get(region).ok_or(SecretProblem::NotFound)?;
        let secret = state.secrets.find(&arn, self.now).ok_or(SecretProblem::NotFound)?;
        if secret.deleted.is_some() {
            return Err(SecretProblem::MarkedForDeletion);
        }
        let value = secret.value.clone().ok_or(SecretProblem::NotFound)?;
        let key = parts.get(7).copied().unwrap_or_default();
        if key.is_empty() {
            return Ok(value);
        }
        let json: Value = serde_json::from_str(&value).map_err(|_| SecretProblem::NotJson)?;
        match json.get(key) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Ok(other.to_string()),
            None => Err(SecretProblem::NoKey(key.to_owned())),
        }
    }
}

/// The secrets the samples refer to, each with the key `stripe_key`.
pub(crate) fn seed(world: &mut World, region: &str) {
    for name in ["notes", "notes/staging", "notes/prod"] {
        let suffix = world.ids.letters(6);
        let secret = Secret {
            name: name.to_owned(),
            arn: world.arn("secretsmanager", region, &format!("secret:{name}-{suffix}")),
            description: None,
            key: None,
            value: Some(format!("{{\"stripe_key\":\"sk_sandbox_{}\"}}", name.replace('/', "_"))),
            version: world.ids.uuid(),
            created: world.now,
            changed: world.now,
            deleted: None,
            purge: None,
            tags: Tags::new(),
        };
        world.region(region).secrets.secrets.insert(name.to_owned(), secret);
    }
}
