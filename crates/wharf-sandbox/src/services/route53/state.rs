//! The state of Route 53.

use serde::{Deserialize, Serialize};

/// Everything Route 53 knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Route53State {}

/// What happens by itself in Route 53.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Route53Event {}
