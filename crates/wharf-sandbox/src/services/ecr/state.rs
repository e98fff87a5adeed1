//! The state of ECR.

use serde::{Deserialize, Serialize};

/// Everything ECR knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EcrState {}
