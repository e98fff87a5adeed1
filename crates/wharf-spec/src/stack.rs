//! The complete meaning of a spec: every default filled in, every overlay merged.
//!
//! Nothing here is optional because somebody left it out; an `Option` means that absence is itself a
//! choice (a worker has no port).

use std::collections::{BTreeMap, BTreeSet};

/// One application in one environment, in one account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Name of the application.
    pub app: String,
    /// Name of the environment; `None` when the file declares none.
    pub env: Option<String>,
    /// AWS region, for example `eu-west-1`.
    pub region: String,
    /// The only account this spec may be applied to, if it names one.
    pub account: Option<String>,
    /// Tags put on everything that takes tags, beside wharf's own.
    pub tags: BTreeMap<String, String>,
    /// Where tasks and balancer stand.
    pub network: Network,
    /// The balancer in front of the services that have a port.
    pub balancer: Balancer,
    /// Services by name.
    pub services: BTreeMap<String, Service>,
    /// Names that destroy and replace refuse to touch: a kind (`balancer`) or an address.
    pub protect: BTreeSet<String>,
    /// What `destroy` keeps.
    pub destroy: Destroy,
}

impl Stack {
    /// Returns the stack's name: `{app}-{env}`, or `{app}` without environments.
    pub fn name(&self) -> String {
        match &self.env {
            Some(env) => format!("{}-{env}", self.app),
            None => self.app.clone(),
        }
    }

    /// Returns the services that take requests through the balancer, by name.
    pub fn routed(&self) -> impl Iterator<Item = &Service> {
        self.services.values().filter(|service| service.routing.is_some())
    }

    /// Returns the certificate all domains of the stack share, if any service has a domain.
    pub fn certificate(&self) -> Option<CertificateSource> {
        self.routed()
            .find_map(|service| service.routing.as_ref()?.domain.as_ref())
            .map(|d| d.certificate.clone())
    }

    /// Returns every domain name of every service, in order, without repeats.
    pub fn domain_names(&self) -> BTreeSet<String> {
        self.routed()
            .filter_map(|service| service.routing.as_ref()?.domain.as_ref())
            .flat_map(|domain| domain.names.iter().cloned())
            .collect()
    }
}

/// Where tasks and balancer stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The VPC everything is in.
    pub vpc: VpcRef,
    /// Subnets of the tasks.
    pub tasks: Placement,
    /// Subnets of the balancer.
    pub balancer: Placement,
}

/// How a VPC is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VpcRef {
    /// The region's default VPC.
    Default,
    /// `vpc-…`.
    Id(String),
    /// The one VPC with this tag.
    Tag {
        /// Tag key.
        key: String,
        /// Tag value.
        value: String,
    },
}

/// Which subnets are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Chosen from the facts: tasks private when those subnets have a way out, else public;
    /// the balancer public when it is internet-facing, else private.
    Auto,
    /// Public subnets.
    Public,
    /// Private subnets.
    Private,
    /// Exactly these subnet ids.
    Subnets(BTreeSet<String>),
}

/// The application load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balancer {
    /// Whether it has public addresses.
    pub scheme: Scheme,
    /// CIDR blocks that may connect.
    pub allow: BTreeSet<String>,
    /// Seconds until an idle connection is closed (1 to 4000).
    pub idle_timeout: u32,
}

/// Whether a balancer is reachable from the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Public addresses.
    InternetFacing,
    /// Private addresses only.
    Internal,
}

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
    /// Number of tasks.
    pub count: u32,
    /// How new revisions are rolled out.
    pub deploy: Deploy,
    /// Days logs are kept; `None` means for ever.
    pub log_retention: Option<u32>,
    /// Whether `wharf exec` is possible.
    pub exec: bool,
}

/// Where a container image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// In the service's own repository `{app}/{service}`.
    Own {
        /// Tag or digest in that repository.
        reference: ImageReference,
        /// Settings of the repository.
        repository: Repository,
    },
    /// A full reference to an image that exists elsewhere.
    Elsewhere(String),
    /// Whatever runs now (`image: keep`), in the service's own repository.
    Keep {
        /// Settings of the repository.
        repository: Repository,
    },
}

/// A tag or a digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageReference {
    /// For example `v1`.
    Tag(String),
    /// For example `sha256:…`.
    Digest(String),
}

/// Settings of a service's own repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Whether a pushed tag can never be pushed again.
    pub immutable_tags: bool,
    /// How many images are kept; older ones expire.
    pub keep: u32,
}

/// CPU architecture of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Architecture {
    /// `linux/amd64`.
    X86_64,
    /// `linux/arm64`.
    Arm64,
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

/// A health check run inside the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerHealth {
    /// `["CMD", …]` or `["CMD-SHELL", …]`.
    pub command: Vec<String>,
    /// Seconds between two checks (5 to 300).
    pub interval: u32,
    /// Seconds to wait (2 to 60).
    pub timeout: u32,
    /// Failures until unhealthy (1 to 10).
    pub retries: u32,
    /// Seconds after a start during which failures are ignored (0 to 300).
    pub start_period: u32,
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

/// Where a secret value lives. The value itself is never read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretRef {
    /// `ssm:/path`.
    Ssm {
        /// Parameter name, with its leading slash.
        name: String,
    },
    /// `sm:name#key`.
    SecretsManager {
        /// Secret name or full ARN.
        name: String,
        /// Key inside the secret's JSON, if only one value of it is meant.
        key: Option<String>,
    },
}

/// One statement of the task role's policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// Actions, for example `s3:GetObject`.
    pub allow: BTreeSet<String>,
    /// ARNs or patterns.
    pub on: BTreeSet<String>,
}

/// How new revisions are rolled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// Failed tasks after which a rollout is given up and rolled back.
    pub max_failures: u32,
    /// Seconds a task keeps answering open requests before it is stopped (0 to 3600).
    pub drain: u32,
    /// Seconds a rollout may take.
    pub timeout: u32,
    /// Lowest share of healthy tasks during a rollout, percent of the count.
    pub min_healthy: u32,
    /// Highest share of running tasks during a rollout, percent of the count.
    pub max_running: u32,
}

/// What `destroy` does with things that hold data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destroy {
    /// The services' repositories and their images.
    pub repository: Fate,
    /// The log groups.
    pub logs: Fate,
    /// The certificate.
    pub certificate: Fate,
}

/// Whether something survives `destroy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes.
    Delete,
    /// It stays, and is said to stay.
    Keep,
}
