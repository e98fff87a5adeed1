//! What services, jobs and the release have in common: a container with its image, size and rights.

use std::collections::BTreeMap;

use super::{
    Architecture, Condition, ContainerHealth, Image, SecretRef, Service, Sidecar, Stack, Statement,
    Task,
};

/// What a workload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// It runs all the time.
    Service,
    /// It runs to its end, now and then.
    Job,
    /// It runs to its end, before any service is touched.
    Release,
}

/// A view of a service, a job or the release, as far as they are alike.
#[derive(Clone, Copy, Debug)]
pub struct Workload<'s> {
    /// What it is.
    pub kind: WorkloadKind,
    /// Its key under `services` or `jobs`, or `release`; no two of a stack have the same.
    pub name: &'s str,
    /// The name that what cannot be renamed goes by: log group, repository, rules. It is the name, or what
    /// the service was called before.
    pub home: &'s str,
    /// The container image.
    pub image: &'s Image,
    /// CPU units (1024 = one vCPU).
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// CPU architecture.
    pub architecture: Architecture,
    /// Overrides the image's command.
    pub command: Option<&'s Vec<String>>,
    /// Overrides the image's entry point.
    pub entrypoint: Option<&'s Vec<String>>,
    /// User inside the container.
    pub user: Option<&'s str>,
    /// Seconds between SIGTERM and SIGKILL (2 to 120).
    pub stop_timeout: u32,
    /// The port requests arrive at.
    pub port: Option<u16>,
    /// A command run inside the container that tells whether it is healthy.
    pub container_health: Option<&'s ContainerHealth>,
    /// Plain environment variables.
    pub env: &'s BTreeMap<String, String>,
    /// Variables whose values live elsewhere.
    pub secrets: &'s BTreeMap<String, SecretRef>,
    /// What the task role allows.
    pub permissions: &'s [Statement],
    /// ARN of a role owned elsewhere that takes the place of the task role.
    pub task_role: Option<&'s str>,
    /// Containers beside its own, by name.
    pub sidecars: &'s BTreeMap<String, Sidecar>,
    /// Sidecars that must have come this far before its own container starts.
    pub depends_on: &'s BTreeMap<String, Condition>,
    /// Days logs are kept; `None` means for ever.
    pub log_retention: Option<u32>,
    /// Whether commands can be run inside its tasks.
    pub exec: bool,
}

static NO_SIDECARS: BTreeMap<String, Sidecar> = BTreeMap::new();
static NO_CONDITIONS: BTreeMap<String, Condition> = BTreeMap::new();

impl<'s> Workload<'s> {
    fn task(kind: WorkloadKind, task: &'s Task) -> Self {
        Self {
            kind,
            name: &task.name,
            home: &task.name,
            image: &task.image,
            cpu: task.cpu,
            memory: task.memory,
            architecture: task.architecture,
            command: task.command.as_ref(),
            entrypoint: task.entrypoint.as_ref(),
            user: task.user.as_deref(),
            stop_timeout: task.stop_timeout,
            port: None,
            container_health: None,
            env: &task.env,
            secrets: &task.secrets,
            permissions: &task.permissions,
            task_role: task.task_role.as_deref(),
            sidecars: &NO_SIDECARS,
            depends_on: &NO_CONDITIONS,
            log_retention: task.log_retention,
            exec: false,
        }
    }

    /// Says whether it runs to its end.
    pub fn ends(self) -> bool {
        self.kind != WorkloadKind::Service
    }

    /// Lists the references to secrets of all its containers.
    pub fn secret_refs(self) -> impl Iterator<Item = &'s SecretRef> {
        let sidecars = self.sidecars.values().flat_map(|sidecar| sidecar.secrets.values());
        self.secrets.values().chain(sidecars)
    }
}

impl<'s> From<&'s Service> for Workload<'s> {
    fn from(service: &'s Service) -> Self {
        Self {
            kind: WorkloadKind::Service,
            name: &service.name,
            home: service.home(),
            image: &service.image,
            cpu: service.cpu,
            memory: service.memory,
            architecture: service.architecture,
            command: service.command.as_ref(),
            entrypoint: service.entrypoint.as_ref(),
            user: service.user.as_deref(),
            stop_timeout: service.stop_timeout,
            port: service.routing.as_ref().map(|routing| routing.port),
            container_health: service.container_health.as_ref(),
            env: &service.env,
            secrets: &service.secrets,
            permissions: &service.permissions,
            task_role: service.task_role.as_deref(),
            sidecars: &service.sidecars,
            depends_on: &service.depends_on,
            log_retention: service.log_retention,
            exec: service.exec,
        }
    }
}

impl Stack {
    /// Returns everything that runs a container of its own: services, jobs, the release.
    pub fn workloads(&self) -> impl Iterator<Item = Workload<'_>> {
        let services = self.services.values().map(Workload::from);
        let jobs = self.jobs.values().map(|job| Workload::task(WorkloadKind::Job, &job.task));
        let release = self.release.iter().map(|task| Workload::task(WorkloadKind::Release, task));
        services.chain(jobs).chain(release)
    }

    /// Returns the workload of this name.
    pub fn workload(&self, name: &str) -> Option<Workload<'_>> {
        if let Some(service) = self.services.get(name) {
            return Some(service.into());
        }
        self.workloads().find(|workload| workload.name == name)
    }

    /// Returns the jobs that run by themselves, at times of their own.
    pub fn scheduled(&self) -> impl Iterator<Item = &super::Job> {
        self.jobs.values().filter(|job| job.schedule.is_some())
    }
}
