//! The state of tasks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::service_state::{LoadBalancer, Network};
use crate::{tags::Tags, time::SimTime};

/// A task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// Its place in the order of starts.
    pub number: u64,
    /// Its ARN.
    pub arn: String,
    /// The name of its cluster.
    pub cluster: String,
    /// `service:…` or `family:…`, or what `RunTask` said.
    pub group: String,
    /// The deployment it belongs to, or what `RunTask` said.
    pub started_by: Option<String>,
    /// The service it belongs to, as `cluster/name`.
    pub service: Option<String>,
    /// The ARN of its task definition.
    pub definition: String,
    /// The ARN of the service revision it belongs to.
    pub revision: Option<String>,
    /// Where it is on its way.
    pub last_status: String,
    /// Where it shall be: `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// Why it stops.
    pub stop_code: Option<StopCode>,
    /// Why it stops, in words.
    pub stopped_reason: Option<String>,
    /// `FARGATE`, or absent with a capacity provider.
    pub launch_type: Option<String>,
    /// The capacity provider.
    pub provider: Option<String>,
    /// The network configuration.
    pub network: Network,
    /// The subnet it runs in.
    pub subnet: String,
    /// The availability zone it runs in.
    pub zone: String,
    /// Its network interface.
    pub attachment: Option<Attachment>,
    /// Its containers.
    pub containers: Vec<Container>,
    /// The target groups it is to be registered in.
    pub balancers: Vec<LoadBalancer>,
    /// Whether it is registered in them.
    pub registered: bool,
    /// When it was made.
    pub created: SimTime,
    /// When the first image began to be pulled.
    pub pull_started: Option<SimTime>,
    /// When the last image had been pulled.
    pub pull_stopped: Option<SimTime>,
    /// When it was running.
    pub started: Option<SimTime>,
    /// When it began to stop.
    pub stopping: Option<SimTime>,
    /// When its containers had stopped.
    pub execution_stopped: Option<SimTime>,
    /// When it had stopped.
    pub stopped: Option<SimTime>,
    /// Whether commands can be run in it.
    pub exec: bool,
    /// How the agent that takes them does, once the task was started.
    #[serde(default)]
    pub agent: Option<String>,
    /// The overrides, as they were sent.
    pub overrides: Value,
    /// Until when it is protected from scale-in.
    pub protected_until: Option<SimTime>,
    /// Its tags.
    pub tags: Tags,
    /// How often it changed.
    pub version: i64,
}

/// Why a task stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopCode {
    /// It did not get as far as running.
    TaskFailedToStart,
    /// A container it cannot do without ended.
    EssentialContainerExited,
    /// Somebody stopped it.
    UserInitiated,
    /// The service scheduler stopped it.
    ServiceSchedulerInitiated,
    /// Fargate wanted its spare capacity back.
    SpotInterruption,
    /// AWS takes the host it runs on out of service.
    TerminationNotice,
}

impl StopCode {
    /// Returns the word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::UserInitiated => "UserInitiated",
            Self::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
            Self::SpotInterruption => "SpotInterruption",
            Self::TerminationNotice => "TerminationNotice",
        }
    }
}

/// The network interface of a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attachment {
    /// The id of the attachment.
    pub id: String,
    /// The id of the interface.
    pub eni: String,
    /// Its private address.
    pub ip: String,
    /// Its hardware address.
    pub mac: String,
}

/// A container of a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The image as the task definition names it.
    pub image: String,
    /// The digest that was pulled.
    pub digest: Option<String>,
    /// The id of the process that runs it.
    pub runtime_id: Option<String>,
    /// `PENDING`, `RUNNING` or `STOPPED`.
    pub last_status: String,
    /// What it exited with.
    pub exit_code: Option<i32>,
    /// Why it is where it is.
    pub reason: Option<String>,
    /// `UNKNOWN`, `HEALTHY` or `UNHEALTHY`.
    pub health: String,
    /// Whether it has a health check.
    pub checked: bool,
    /// Whether the task cannot do without it.
    pub essential: bool,
    /// CPU units, as text.
    pub cpu: String,
    /// Memory limits in MiB, as text: `memory` and `memoryReservation`.
    pub memory: BTreeMap<String, String>,
}

/// What a task gets to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum TaskStep {
    /// Its network interface is there.
    Provisioned,
    /// Secrets are read and images looked up.
    Prepare,
    /// Its images are pulled.
    Pulled,
    /// Its containers run.
    Started,
    /// What containers still wait for in others of the task comes too late.
    Overdue,
    /// It will not start.
    Failed {
        /// Why.
        reason: String,
        /// The container it is about, if it is about one.
        container: Option<String>,
    },
    /// A container ends by itself.
    Exited {
        /// Which.
        container: String,
        /// With which code.
        code: i32,
        /// Why, if the code does not say it.
        reason: Option<String>,
        /// What it says last.
        log: Vec<String>,
    },
    /// Fargate wants its spare capacity back.
    Reclaimed,
    /// A container's health check comes to a result.
    Health {
        /// Which container.
        container: String,
        /// Whether it is healthy.
        healthy: bool,
    },
    /// The balancer sends it nothing any more.
    Drained,
    /// Its containers have ended.
    Terminated,
    /// Its network interface is gone.
    Gone,
    /// Nobody can describe it any more.
    Forgotten,
}

impl Task {
    /// Returns the names of its containers.
    pub fn names(&self) -> Vec<&str> {
        self.containers.iter().map(|container| container.name.as_str()).collect()
    }

    /// Says whether it has stopped for good.
    pub fn has_stopped(&self) -> bool {
        self.last_status == "STOPPED"
    }

    /// Says whether it shall run on.
    pub fn is_wanted(&self) -> bool {
        self.desired_status == "RUNNING"
    }

    /// Returns `UNHEALTHY` if an essential container with a health check is, `HEALTHY` if all are,
    /// else `UNKNOWN` (ECS API reference, `Task`).
    pub fn health(&self) -> &'static str {
        let mut checked = self.containers.iter().filter(|found| found.essential && found.checked);
        let mut seen = false;
        let mut all = true;
        for container in &mut checked {
            seen = true;
            match container.health.as_str() {
                "UNHEALTHY" => return "UNHEALTHY",
                "HEALTHY" => {}
                _ => all = false,
            }
        }
        if seen && all { "HEALTHY" } else { "UNKNOWN" }
    }

    /// Says whether it has a container with a health check that counts.
    pub fn is_checked(&self) -> bool {
        self.containers.iter().any(|found| found.essential && found.checked)
    }

    /// Says whether it is protected from scale-in.
    pub fn is_protected(&self, now: SimTime) -> bool {
        self.protected_until.is_some_and(|until| now < until)
    }
}
