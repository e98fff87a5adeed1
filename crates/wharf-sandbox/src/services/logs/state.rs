//! The state of CloudWatch Logs.

use serde::{Deserialize, Serialize};

/// Everything CloudWatch Logs knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogsState {}
