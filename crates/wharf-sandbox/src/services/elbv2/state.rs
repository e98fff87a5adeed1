//! The state of Elastic Load Balancing.

use serde::{Deserialize, Serialize};

/// Everything Elastic Load Balancing knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Elbv2State {}

/// What happens by itself in Elastic Load Balancing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Elbv2Event {}
