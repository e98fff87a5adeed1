//! The state of ECS.

use serde::{Deserialize, Serialize};

/// Everything ECS knows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EcsState {}

/// What happens by itself in ECS.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum EcsEvent {}
