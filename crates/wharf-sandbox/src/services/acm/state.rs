//! The state of Certificate Manager.

use serde::{Deserialize, Serialize};

/// Everything Certificate Manager knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AcmState {}

/// What happens by itself in Certificate Manager.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum AcmEvent {}
