//! What is known of a service and its surroundings, in plain words and numbers.

use serde::Serialize;

/// Something that was looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen<T> {
    /// It was not read, or reading failed: nothing follows from it.
    #[default]
    Unread,
    /// It does not exist.
    Absent,
    /// It is there.
    There(T),
}

impl<T> Seen<T> {
    /// Returns what is there.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::There(found) => Some(found),
            Self::Unread | Self::Absent => None,
        }
    }

    /// Says whether it was looked for and does not exist.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// Everything known of one service.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// What the spec wants.
    pub intent: Intent,
    /// The image the spec names.
    pub image: Seen<ImageEvidence>,
    /// The ECS service.
    pub service: Seen<ServiceEvidence>,
    /// Tasks that failed lately, oldest first; without those that somebody or a deployment stopped.
    pub stopped: Vec<StoppedTask>,
    /// What ECS said about the service lately, newest first.
    pub events: Vec<String>,
    /// What the balancer last complained of, in its words.
    pub complaint: Option<String>,
    /// The targets that are registered.
    pub targets: Vec<TargetEvidence>,
    /// The last lines of the newest task that failed, or else of one that runs.
    pub logs: Vec<String>,
    /// Whether the log group exists.
    pub log_group: Seen<String>,
    /// Where the tasks run.
    pub network: Seen<Network>,
    /// The target group.
    pub group: Seen<GroupEvidence>,
    /// The balancer.
    pub balancer: Seen<BalancerEvidence>,
    /// The certificate in front of the service, if it has a name.
    pub certificate: Seen<CertificateEvidence>,
    /// The names under which it is published.
    pub names: Vec<NameEvidence>,
    /// The autoscaler that decides how many tasks there are.
    pub scaling: Seen<ScalingEvidence>,
}

/// An autoscaler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScalingEvidence {
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
    /// What somebody stopped: `scaling in`, `scaling out`, `scheduled scaling`.
    pub suspended: Vec<String>,
    /// Whether it would have more tasks than it may.
    pub wants_more: bool,
    /// Whether it counts the requests of a target group the service is not on.
    pub counts_elsewhere: bool,
}

/// What the spec wants of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Intent {
    /// Its name.
    pub service: String,
    /// Number of tasks.
    pub count: u32,
    /// The port the container listens on; `None` for a worker.
    pub port: Option<u16>,
    /// The path of the health check.
    pub health_path: String,
    /// The codes that count as healthy.
    pub health_codes: String,
    /// Seconds until a health check has failed.
    pub health_timeout: u32,
    /// Seconds after a start in which failed checks do not count.
    pub grace: u32,
    /// The image as the spec names it.
    pub image: String,
    /// Whether the image is in a registry that is not the account's.
    pub elsewhere: bool,
    /// `amd64` or `arm64`.
    pub architecture: String,
    /// Memory in MiB.
    pub memory: u32,
    /// Seconds between SIGTERM and SIGKILL.
    pub stop_timeout: u32,
    /// Names of the variables it gets, secrets included.
    pub variables: Vec<String>,
    /// Whether people outside can reach its balancer.
    pub public: bool,
}

/// An image.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImageEvidence {
    /// Its digest, if it was resolved.
    pub digest: Option<String>,
    /// The CPU architectures it is built for; empty when unknown.
    pub architectures: Vec<String>,
    /// How many bytes a task pulls; read only where tasks keep failing.
    pub bytes: Option<u64>,
}

/// An ECS service.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServiceEvidence {
    /// Number of tasks wanted.
    pub desired: u32,
    /// Number of tasks running.
    pub running: u32,
    /// `COMPLETED`, `IN_PROGRESS` or `FAILED`.
    pub rollout: String,
    /// What ECS says about that.
    pub reason: String,
    /// The release it is set to run, for example `notes-web:7`.
    pub release: String,
}

/// A task that stopped.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StoppedTask {
    /// Its id.
    pub id: String,
    /// Why, as ECS says.
    pub reason: String,
    /// For example `EssentialContainerExited`.
    pub code: String,
    /// What the container that failed exited with.
    pub exit: Option<i32>,
    /// What the container runtime said.
    pub container: String,
    /// When it was made, in seconds since 1970; 0 where that does not matter.
    pub created: f64,
    /// When it ended, likewise.
    pub ended: f64,
}

/// A target of the target group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TargetEvidence {
    /// Address and port.
    pub address: String,
    /// `healthy`, `unhealthy`, `initial`, `draining`, `unused`.
    pub state: String,
    /// Why, in the balancer's words.
    pub description: String,
}

/// Where the tasks run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Network {
    /// The subnets.
    pub subnets: Vec<SubnetEvidence>,
    /// Whether tasks get public addresses.
    pub public_ip: bool,
    /// The ids of the tasks' security groups.
    pub groups: Vec<String>,
    /// What lets traffic in to the tasks.
    pub lets_in: Vec<Permit>,
    /// What lets traffic out of the tasks.
    pub lets_out: Vec<Permit>,
}

/// A subnet.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SubnetEvidence {
    /// Its id.
    pub id: String,
    /// Its availability zone.
    pub zone: String,
    /// Where its default route leads.
    pub way: Way,
    /// Free addresses.
    pub free: u32,
}

/// Where a default route leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To an internet gateway.
    Internet,
    /// To a NAT gateway or the like.
    Nat,
    /// Nowhere, but endpoints for what a task needs are there.
    Endpoints,
    /// Nowhere.
    #[default]
    None,
}

/// One source or destination that a security group lets through.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Permit {
    /// The first port.
    pub from: u16,
    /// The last port.
    pub to: u16,
    /// The other end.
    pub peer: Peer,
}

impl Permit {
    /// Says whether it covers a port.
    pub fn covers(&self, port: u16) -> bool {
        (self.from..=self.to).contains(&port)
    }
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// A security group.
    Group(String),
    /// A range of addresses.
    Range(String),
}

/// A target group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GroupEvidence {
    /// Its name.
    pub name: String,
    /// Whether a listener or rule leads to it.
    pub reached: bool,
    /// The port it sends to.
    pub port: u16,
    /// Where requests go instead, in words, of a service with two target groups: `to both target groups`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub astray: Option<String>,
}

/// A balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BalancerEvidence {
    /// Its DNS name.
    pub dns: String,
    /// `active`, `provisioning`, …
    pub state: String,
    /// Its availability zones.
    pub zones: Vec<String>,
    /// Its subnets, where they could be read.
    pub subnets: Vec<SubnetEvidence>,
    /// The ids of its security groups.
    pub groups: Vec<String>,
    /// What lets people in.
    pub lets_in: Vec<Permit>,
    /// What lets it out.
    pub lets_out: Vec<Permit>,
    /// The ports of its listeners.
    pub listeners: Vec<u16>,
}

/// A certificate.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CertificateEvidence {
    /// `ISSUED`, `PENDING_VALIDATION`, `FAILED`, …
    pub status: String,
    /// Why it failed.
    pub reason: String,
    /// Names whose validation record is missing from the zone.
    pub missing_records: Vec<String>,
}

/// A name under which a service is published.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NameEvidence {
    /// The name.
    pub name: String,
    /// Where its record leads; absent when there is no record, unread when its zone is kept
    /// elsewhere.
    pub leads_to: Seen<String>,
}
