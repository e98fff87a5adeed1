//! One service and how requests reach it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Architecture, Condition, ContainerHealth, Deploy, Image, Scaling, SecretRef, Sidecar, Statement,
};

/// One long-running service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its key under `services`.
    pub name: String,
    /// The container image.
    pub image: Image,
    /// CPU units (1024 = one vCPU).
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// CPU architecture.
    pub architecture: Architecture,
    /// Overrides the image's command.
    pub command: Option<Vec<String>>,
    /// Overrides the image's entry point.
    pub entrypoint: Option<Vec<String>>,
    /// User inside the container.
    pub user: Option<String>,
    /// Seconds between SIGTERM and SIGKILL (2 to 120).
    pub stop_timeout: u32,
    /// The port requests arrive at, and how they get there; `None` for a worker.
    pub routing: Option<Routing>,
    /// A command run inside the container that tells whether it is healthy.
    pub container_health: Option<ContainerHealth>,
    /// Plain environment variables.
    pub env: BTreeMap<String, String>,
    /// Variables whose values live elsewhere.
    pub secrets: BTreeMap<String, SecretRef>,
    /// What the task role allows.
    pub permissions: Vec<Statement>,
    /// ARN of a role owned elsewhere that takes the place of the task role.
    pub task_role: Option<String>,
    /// Containers beside the service's own, by name.
    pub sidecars: BTreeMap<String, Sidecar>,
    /// Sidecars that must have come this far before the service's own container starts.
    pub depends_on: BTreeMap<String, Condition>,
    /// Number of tasks; with `scaling`, what a new service starts with.
    pub count: u32,
    /// The range within which the autoscaler decides; `None` when the number is wharf's.
    pub scaling: Option<Scaling>,
    /// Percent of the tasks that run on spare capacity, which AWS may take back.
    pub spot: u32,
    /// Services that must be rolled out before this one.
    pub after: BTreeSet<String>,
    /// What the service was called before.
    pub renamed_from: Option<String>,
    /// How new revisions are rolled out.
    pub deploy: Deploy,
    /// Days logs are kept; `None` means for ever.
    pub log_retention: Option<u32>,
    /// Whether `wharf exec` is possible.
    pub exec: bool,
}

impl Service {
    /// Returns the name that its repository, its log group and its rules go by: none of them can be renamed.
    pub fn home(&self) -> &str {
        self.renamed_from.as_deref().unwrap_or(&self.name)
    }

    /// Lists the references to secrets of all its containers.
    pub fn secret_refs(&self) -> impl Iterator<Item = &SecretRef> {
        let sidecars = self.sidecars.values().flat_map(|sidecar| sidecar.secrets.values());
        self.secrets.values().chain(sidecars)
    }
}

/// How requests reach a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// Port the container listens on.
    pub port: u16,
    /// How the balancer checks a task.
    pub health: Health,
    /// Host names that lead here, in order; empty for all hosts.
    pub hosts: Vec<String>,
    /// Path patterns that lead here, in order; empty for all paths.
    pub paths: Vec<String>,
    /// Names under which the service is published, with HTTPS.
    pub domain: Option<Domain>,
}

/// How the balancer checks a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Path requested.
    pub path: String,
    /// Seconds between two checks (5 to 300).
    pub interval: u32,
    /// Seconds to wait for an answer (2 to 120, less than the interval).
    pub timeout: u32,
    /// Successes in a row that make an unhealthy target healthy (2 to 10).
    pub good: u32,
    /// Failures in a row that make a target unhealthy (2 to 10).
    pub bad: u32,
    /// Seconds after a start during which failures are ignored.
    pub grace: u32,
    /// Status codes that count as success, for example `200-299`.
    pub codes: String,
}

/// Names under which a service is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Fully qualified names, lower case, no trailing dot; the first is the main one.
    pub names: Vec<String>,
    /// Where their DNS records go.
    pub zone: Zone,
    /// Where the certificate comes from; the same for all domains of a stack.
    pub certificate: CertificateSource,
    /// ELB security policy, for example `ELBSecurityPolicy-TLS13-1-2-2021-06`.
    pub tls_policy: String,
}

/// Where DNS records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zone {
    /// The public hosted zone of the account whose name is the longest suffix.
    Auto,
    /// The zone of this name.
    Name(String),
    /// `Z…`.
    Id(String),
    /// Kept elsewhere: wharf prints the records and waits for them.
    External,
}

/// Where a certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// Requested and validated by wharf.
    Auto,
    /// An existing one.
    Arn(String),
}
