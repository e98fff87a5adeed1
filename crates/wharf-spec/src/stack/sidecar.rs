//! Containers beside the service's own.

use std::collections::BTreeMap;

use super::{ContainerHealth, SecretRef};

/// A container that runs in every task of a service, beside the service's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sidecar {
    /// Its key under `sidecars`; the name of the container.
    pub name: String,
    /// Full reference of the image.
    pub image: String,
    /// Whether the task ends when this container does.
    pub essential: bool,
    /// CPU units of the task reserved for it.
    pub cpu: Option<u32>,
    /// MiB of the task's memory it may use at most.
    pub memory: Option<u32>,
    /// Overrides the image's command.
    pub command: Option<Vec<String>>,
    /// Overrides the image's entry point.
    pub entrypoint: Option<Vec<String>>,
    /// User inside the container.
    pub user: Option<String>,
    /// Plain environment variables.
    pub env: BTreeMap<String, String>,
    /// Variables whose values live elsewhere.
    pub secrets: BTreeMap<String, SecretRef>,
    /// A command run inside the container that tells whether it is healthy.
    pub container_health: Option<ContainerHealth>,
    /// Containers of the task that must have come this far before it starts. The service's own
    /// container is named like the service.
    pub depends_on: BTreeMap<String, Condition>,
}

/// How far a container must have come before another starts (ECS API reference,
/// `ContainerDependency`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// It has started.
    Start,
    /// It has ended, with any exit code.
    Complete,
    /// It has ended with exit code 0.
    Success,
    /// Its container health check has passed.
    Healthy,
}
