//! The state of Systems Manager's parameter store.

use serde::{Deserialize, Serialize};

/// Everything Systems Manager's parameter store knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SsmState {}
