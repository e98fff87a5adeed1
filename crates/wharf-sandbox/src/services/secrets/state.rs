//! The state of Secrets Manager.

use serde::{Deserialize, Serialize};

/// Everything Secrets Manager knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SecretsState {}
