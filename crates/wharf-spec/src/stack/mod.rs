//! The complete meaning of a spec: every default filled in, every overlay merged.
//!
//! Nothing here is optional because somebody left it out; an `Option` means that absence is itself a
//! choice (a worker has no port).

mod container;
mod job;
mod rollout;
mod scaling;
mod service;
mod sidecar;
mod whole;
mod workload;

pub use container::{
    Architecture, Build, ContainerHealth, Image, ImageReference, Repository, SecretRef, Statement,
};
pub use job::{Job, Schedule, Task, Timing};
pub use rollout::{Deploy, Strategy};
pub use scaling::{Scaling, TimedRange};
pub use service::{CertificateSource, Domain, Health, Routing, Service, Zone};
pub use sidecar::{Condition, Sidecar};
pub use whole::{Balancer, BalancerRef, Destroy, Fate, Network, Placement, Scheme, Stack, VpcRef};
pub use workload::{Workload, WorkloadKind};
