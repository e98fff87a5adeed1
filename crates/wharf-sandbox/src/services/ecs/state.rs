//! The state of ECS: clusters, task definitions and what the services and tasks share.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use super::{
    service_state::{
        Advanced, Breaker, Deployment, DeploymentConfiguration, ImageDigest, LoadBalancer, Network,
        Revision, Rollout, Service, ServiceDeployment, ServiceEvent, Stage, Steps, Strategy,
    },
    task_state::{Attachment, Container, StopCode, Task, TaskStep},
};
use crate::{tags::Tags, time::SimTime};

/// How long a stopped task can still be described (ECS Developer Guide, "Viewing stopped tasks").
pub const STOPPED_VISIBLE: Duration = Duration::from_hours(1);

/// Everything ECS knows in a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EcsState {
    /// The clusters by name, those deleted included.
    pub clusters: BTreeMap<String, Cluster>,
    /// The task definitions by family.
    pub families: BTreeMap<String, Family>,
    /// The services by `cluster/name`, those deleted included.
    pub services: BTreeMap<String, Service>,
    /// The tasks by id.
    pub tasks: BTreeMap<String, Task>,
    /// How many tasks were ever started: the order in which they were.
    pub started: u64,
    /// The tokens of `RunTask`: what was asked for and which tasks it led to.
    pub run_tokens: BTreeMap<String, (Value, Vec<String>)>,
}

/// A cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it exists; a deleted one is still described as `INACTIVE`.
    pub active: bool,
    /// `containerInsights`.
    pub insights: String,
    /// The configuration, as it was sent.
    pub configuration: Option<Value>,
    /// The default Service Connect namespace.
    pub namespace: Option<String>,
    /// The capacity providers it may use.
    pub providers: Vec<String>,
    /// The default capacity provider strategy, as it is reported.
    pub strategy: Vec<Value>,
    /// Its tags.
    pub tags: Tags,
}

/// A family of task definitions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Family {
    /// The number of the newest revision; numbers are never used again.
    pub newest: u32,
    /// The revisions by number.
    pub revisions: BTreeMap<u32, TaskDefinition>,
}

/// One revision of a task definition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskDefinition {
    /// The family.
    pub family: String,
    /// The number.
    pub revision: u32,
    /// The ARN.
    pub arn: String,
    /// `ACTIVE`, `INACTIVE` or `DELETE_IN_PROGRESS`.
    pub status: String,
    /// When it was registered.
    pub registered: SimTime,
    /// The ARN of whoever registered it.
    pub registered_by: String,
    /// When it was deregistered.
    pub deregistered: Option<SimTime>,
    /// When its deletion was asked for.
    pub delete_requested: Option<SimTime>,
    /// What was registered, with the defaults AWS fills in.
    pub body: Value,
    /// Its tags.
    pub tags: Tags,
}

/// What happens by itself in ECS.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum EcsEvent {
    /// The service scheduler looks at a service, named `cluster/name`, because something changed.
    Reconcile(String),
    /// The same, and again until the service is steady.
    Watch(String),
    /// A task gets on.
    Task {
        /// Its id.
        id: String,
        /// What it gets to.
        step: TaskStep,
    },
}

impl EcsState {
    /// Finds a task definition by family, `family:revision` or ARN; a bare family is its newest
    /// active revision.
    pub fn definition(&self, reference: &str) -> Option<&TaskDefinition> {
        let name = reference.rsplit_once("task-definition/").map_or(reference, |(_, name)| name);
        if let Some((family, revision)) = name.rsplit_once(':') {
            return self.families.get(family)?.revisions.get(&revision.parse().ok()?);
        }
        let revisions = &self.families.get(name)?.revisions;
        revisions.values().rev().find(|found| found.status == "ACTIVE")
    }

    /// Returns a task definition to change; see [`Self::definition`].
    pub fn definition_mut(&mut self, reference: &str) -> Option<&mut TaskDefinition> {
        let found = self.definition(reference)?;
        let (family, revision) = (found.family.clone(), found.revision);
        self.families.get_mut(&family)?.revisions.get_mut(&revision)
    }

    /// Returns the tasks of a service that have not stopped, oldest first.
    pub fn tasks_of(&self, service: &str) -> Vec<&Task> {
        let mut tasks: Vec<&Task> = self
            .tasks
            .values()
            .filter(|task| task.service.as_deref() == Some(service) && !task.has_stopped())
            .collect();
        tasks.sort_by_key(|task| task.number);
        tasks
    }

    /// Says whether a task or a service still uses a task definition.
    pub fn in_use(&self, definition_arn: &str) -> bool {
        let task = |task: &Task| task.definition == definition_arn && !task.has_stopped();
        let service = |service: &Service| {
            service.status != "INACTIVE"
                && service.deployments.iter().any(|deployment| {
                    service
                        .revision(&deployment.revision)
                        .is_some_and(|revision| revision.definition == definition_arn)
                })
        };
        self.tasks.values().any(task) || self.services.values().any(service)
    }
}
