//! The state of EC2.

use serde::{Deserialize, Serialize};

/// Everything EC2 knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ec2State {}

/// What happens by itself in EC2.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ec2Event {}
