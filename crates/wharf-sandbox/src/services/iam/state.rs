//! The state of IAM.

use serde::{Deserialize, Serialize};

/// Everything IAM knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IamState {}

/// What happens by itself in IAM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum IamEvent {}
