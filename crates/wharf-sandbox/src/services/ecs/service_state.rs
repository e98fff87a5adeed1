//! The state of services and their deployments.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{tags::Tags, time::SimTime};

/// A service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "settings and marks that do not depend on each other"
)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The name of its cluster.
    pub cluster: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// How many tasks it shall run.
    pub desired: i64,
    /// How deployments go.
    pub configuration: DeploymentConfiguration,
    /// Seconds after a task's start in which bad health is overlooked.
    pub grace_seconds: i64,
    /// Whether commands can be run in its new tasks.
    pub exec: bool,
    /// Whether ECS tags its new tasks.
    pub managed_tags: bool,
    /// Where its new tasks' tags come from: `NONE`, `SERVICE` or `TASK_DEFINITION`.
    pub propagate: String,
    /// `ENABLED` or `DISABLED`.
    pub zone_rebalancing: String,
    /// Its tags.
    pub tags: Tags,
    /// When it was made.
    pub created: SimTime,
    /// The request it was made by, without the token: the same again is no error.
    pub request: Value,
    /// The token it was made with.
    pub token: Option<String>,
    /// Every revision it ever had, oldest first.
    pub revisions: Vec<Revision>,
    /// The deployments that still matter: the `PRIMARY` one first.
    pub deployments: Vec<Deployment>,
    /// The deployment that last succeeded, to which a failed one goes back.
    pub completed: Option<Deployment>,
    /// Every service deployment, oldest first.
    pub history: Vec<ServiceDeployment>,
    /// The newest events, newest first.
    pub events: Vec<ServiceEvent>,
    /// Whether nothing was left to do when the scheduler last looked.
    pub steady: bool,
    /// Whether an [`EcsEvent::Watch`](super::state::EcsEvent::Watch) is due.
    pub watched: bool,
    /// How many starts failed one after the other since the last deployment began.
    pub failed_starts: u32,
    /// Until when the scheduler starts no task, because starts kept failing.
    pub throttled_until: SimTime,
}

/// What a deployment brings: the part of a service whose change starts a deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// Its ARN.
    pub arn: String,
    /// When it was made.
    pub created: SimTime,
    /// The ARN of the task definition.
    pub definition: String,
    /// `FARGATE` or `EC2`; absent with a strategy.
    pub launch_type: Option<String>,
    /// The capacity provider strategy, as it is reported.
    pub strategy: Vec<Value>,
    /// The platform version asked for.
    pub platform: String,
    /// Where tasks run.
    pub network: Option<Network>,
    /// The target groups tasks are registered in.
    pub balancers: Vec<LoadBalancer>,
    /// The target groups tasks really go to, in the order of `balancers`: under another strategy than
    /// `ROLLING` a service and its alternate group change places with every deployment.
    #[serde(default)]
    pub resolved: Vec<String>,
    /// The service registries, as they were sent.
    pub registries: Vec<Value>,
    /// The Service Connect configuration, as it was sent.
    pub connect: Option<Value>,
    /// The volume configurations, as they were sent.
    pub volumes: Vec<Value>,
    /// The digests its images were resolved to.
    pub images: Vec<ImageDigest>,
}

impl Revision {
    /// Says whether a change from the other to this one needs a deployment.
    pub fn differs_from(&self, other: &Self) -> bool {
        let same = Self {
            arn: other.arn.clone(),
            created: other.created,
            images: other.images.clone(),
            resolved: other.resolved.clone(),
            ..self.clone()
        };
        same != *other
    }

    /// Returns the entries its tasks are registered by.
    pub fn registered(&self) -> Vec<LoadBalancer> {
        let mut list = self.balancers.clone();
        for (entry, group) in list.iter_mut().zip(&self.resolved) {
            entry.target_group.clone_from(group);
        }
        list
    }

    /// Returns the target group that the tasks of an entry go to.
    pub fn group(&self, entry: usize) -> Option<&String> {
        self.resolved.get(entry).or_else(|| Some(&self.balancers.get(entry)?.target_group))
    }
}

/// The network configuration of a service or a standalone task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// The subnets, sorted.
    pub subnets: Vec<String>,
    /// The security groups, sorted.
    pub groups: Vec<String>,
    /// Whether tasks get a public address.
    pub public_ip: bool,
}

/// A target group of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// The target group's ARN.
    pub target_group: String,
    /// The container that serves.
    pub container: String,
    /// The port it serves on.
    pub port: i64,
    /// What it takes to move requests between two target groups.
    #[serde(default)]
    pub advanced: Option<Advanced>,
}

/// How requests move between two target groups (ECS API reference, `AdvancedConfiguration`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advanced {
    /// The ARN of the other target group.
    pub alternate: String,
    /// The ARN of the rule whose weights are moved.
    pub rule: String,
    /// The ARN of the role ECS moves them with.
    pub role: String,
}

/// The digest the image of a container was resolved to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageDigest {
    /// The container.
    pub container: String,
    /// The image as the task definition names it.
    pub image: String,
    /// The digest, once a task pulled it.
    pub digest: Option<String>,
}

/// How deployments of a service go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeploymentConfiguration {
    /// How many tasks may run during a deployment, in percent of the desired ones.
    pub maximum: i64,
    /// How many tasks must be healthy during a deployment, in percent of the desired ones.
    pub minimum: i64,
    /// The circuit breaker.
    pub breaker: Breaker,
    /// The alarms, as they were sent.
    pub alarms: Option<Value>,
    /// How requests move to a new revision.
    #[serde(default)]
    pub strategy: Strategy,
    /// How many minutes the old revision stays when they have moved.
    #[serde(default)]
    pub bake: i64,
}

/// How requests move to a new revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Strategy {
    /// Task by task.
    #[default]
    Rolling,
    /// All at once.
    BlueGreen,
    /// In equal steps.
    Linear(Steps),
    /// A few first.
    Canary(Steps),
}

/// The steps of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// How much moves in one, in percent.
    pub percent: f64,
    /// How many minutes pass until the next.
    pub bake: i64,
}

impl Strategy {
    /// Returns the word on the wire.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Rolling => "ROLLING",
            Self::BlueGreen => "BLUE_GREEN",
            Self::Linear(_) => "LINEAR",
            Self::Canary(_) => "CANARY",
        }
    }
}

impl Default for DeploymentConfiguration {
    fn default() -> Self {
        Self {
            maximum: 200,
            minimum: 100,
            breaker: Breaker::default(),
            alarms: None,
            strategy: Strategy::Rolling,
            bake: 0,
        }
    }
}

impl DeploymentConfiguration {
    /// Returns the alarms that are watched.
    pub fn watched(&self) -> Vec<String> {
        let Some(alarms) = self.alarms.as_ref().filter(|alarms| alarms["enable"] == true) else {
            return Vec::new();
        };
        let names = alarms["alarmNames"].as_array().into_iter().flatten();
        names.filter_map(|name| name.as_str().map(ToOwned::to_owned)).collect()
    }

    /// Says whether an alarm makes a deployment go back.
    pub fn alarms_roll_back(&self) -> bool {
        self.alarms.as_ref().is_some_and(|alarms| alarms["rollback"] == true)
    }
}

/// The deployment circuit breaker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Breaker {
    /// Whether deployments fail by it.
    pub enable: bool,
    /// Whether a failed deployment goes back to the last one that succeeded.
    pub rollback: bool,
    /// Whether a healthy task makes it count afresh; on unless switched off.
    pub reset: Option<bool>,
    /// The threshold configuration, as it was sent.
    pub threshold: Option<Value>,
}

impl Breaker {
    /// Returns how many failures fail a deployment of `desired` tasks: half of them, but 3 to 200
    /// (ECS Developer Guide, "How the deployment circuit breaker detects failures"), unless set.
    pub fn limit(&self, desired: i64) -> i64 {
        let percent = |value: i64| desired.saturating_mul(value).saturating_add(99) / 100;
        let Some(set) = &self.threshold else { return percent(50).clamp(3, 200) };
        let value = set["value"].as_i64().unwrap_or(50);
        match set["type"].as_str() {
            Some("COUNT") => value.max(1),
            Some("UNBOUNDED_PERCENT") => percent(value).max(1),
            _ => percent(value).clamp(3, 200),
        }
    }
}

/// Where a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rollout {
    /// Under way.
    InProgress,
    /// Done.
    Completed,
    /// Given up.
    Failed,
}

impl Rollout {
    /// Returns the word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// A deployment of a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// Its id, `ecs-svc/…`.
    pub id: String,
    /// The ARN of the revision it brings.
    pub revision: String,
    /// The ARN of the service deployment it belongs to.
    pub service_deployment: String,
    /// When it began.
    pub created: SimTime,
    /// When it last changed.
    pub updated: SimTime,
    /// Where it is.
    pub rollout: Rollout,
    /// Why it is there.
    pub reason: String,
    /// Tasks that did not start since the last one that did.
    pub failed_tasks: i64,
    /// What the circuit breaker counted.
    pub failures: i64,
    /// Since when all is there, while alarms are watched on.
    #[serde(default)]
    pub there: Option<SimTime>,
}

/// A service deployment: the record of a change from revisions to a revision.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServiceDeployment {
    /// Its ARN.
    pub arn: String,
    /// The revisions it came from.
    pub sources: Vec<String>,
    /// The revision it goes to.
    pub target: String,
    /// The status on the wire, such as `IN_PROGRESS`.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
    /// When it was made.
    pub created: SimTime,
    /// When its work began.
    pub started: Option<SimTime>,
    /// When it came to its end.
    pub finished: Option<SimTime>,
    /// When it was stopped.
    pub stopped: Option<SimTime>,
    /// When it last changed.
    pub updated: SimTime,
    /// The rollback: why, since when, to which revision.
    pub rollback: Option<(String, SimTime, String)>,
    /// What the circuit breaker counted, and its threshold.
    pub breaker: (i64, i64),
    /// Whether the circuit breaker triggered.
    pub triggered: bool,
    /// The alarms that had gone off before it began, which do not count.
    #[serde(default)]
    pub overlooked: BTreeSet<String>,
    /// The alarms that failed it.
    #[serde(default)]
    pub rang: Vec<String>,
    /// The deployment configuration it began with.
    pub configuration: DeploymentConfiguration,
    /// How far it is, under another strategy than `ROLLING`, and since when.
    #[serde(default)]
    pub stage: Option<(Stage, SimTime)>,
    /// How much of the requests it has moved, in percent.
    #[serde(default)]
    pub shifted: f64,
}

/// The stages of a deployment that moves requests (ECS Developer Guide, "Amazon ECS blue/green service
/// deployments workflow").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// What an earlier deployment left half done is put right.
    Reconcile,
    /// The new tasks start.
    ScaleUp,
    /// Requests move to them.
    Shift,
    /// The old tasks stay, in case they are needed.
    Bake,
    /// The old tasks stop.
    CleanUp,
}

impl Stage {
    /// Returns the word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reconcile => "RECONCILE_SERVICE",
            Self::ScaleUp => "SCALE_UP",
            Self::Shift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::Bake => "BAKE_TIME",
            Self::CleanUp => "CLEAN_UP",
        }
    }
}

impl ServiceDeployment {
    /// Says whether it has come to its end.
    pub fn is_over(&self) -> bool {
        self.finished.is_some() || self.stopped.is_some()
    }
}

/// An event of a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServiceEvent {
    /// Its id.
    pub id: String,
    /// When it happened.
    pub at: SimTime,
    /// What happened.
    pub message: String,
}

impl Service {
    /// Returns its key, `cluster/name`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.cluster, self.name)
    }

    /// Returns a revision by ARN.
    pub fn revision(&self, arn: &str) -> Option<&Revision> {
        self.revisions.iter().find(|revision| revision.arn == arn)
    }

    /// Returns the revision of the primary deployment, or of the last one there was.
    pub fn current(&self) -> Option<&Revision> {
        let primary = self.deployments.first().and_then(|found| self.revision(&found.revision));
        primary.or_else(|| self.revisions.last())
    }

    /// Returns the service deployment with this ARN, to change.
    pub fn record(&mut self, arn: &str) -> Option<&mut ServiceDeployment> {
        self.history.iter_mut().find(|found| found.arn == arn)
    }

    /// Returns how many tasks may run at most: the percentage rounded down.
    pub fn most(&self) -> i64 {
        self.desired.saturating_mul(self.configuration.maximum) / 100
    }

    /// Returns how many tasks must be healthy at least: the percentage rounded up.
    pub fn least(&self) -> i64 {
        self.desired.saturating_mul(self.configuration.minimum).saturating_add(99) / 100
    }
}
