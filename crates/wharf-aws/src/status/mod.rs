//! How a stack is doing, in as few calls as it takes: what `wharf status` shows.

mod tasks;

use std::collections::BTreeMap;

use aws_sdk_ecs::types::Service;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use futures::future::join_all;
use serde::Serialize;
use wharf_doctor::JobEvidence;
use wharf_graph::StackId;
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::doctor;
use crate::error::AwsError;
use crate::names;
use crate::operate::rollouts;
use crate::reads::Reads;
use crate::reads::autoscaling::{Scaled, resource_of};
use crate::reads::ecs::{TaggedService, UsedDefinition};
use crate::rollout::{self, picture::State};

/// Name and version of the document.
pub const FORMAT: &str = "wharf.status/1";
/// Events shown for each service.
const EVENTS: usize = 5;

/// How a stack is doing.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Always [`FORMAT`].
    pub format: &'static str,
    /// Name of the stack.
    pub stack: String,
    /// Region, for example `eu-west-1`.
    pub region: String,
    /// Whether the stack's cluster exists.
    pub deployed: bool,
    /// Where it is reached, main name first; empty when nothing is reachable.
    pub urls: Vec<String>,
    /// Its services by name.
    pub services: Vec<ServiceStatus>,
    /// Its jobs by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobStatus>,
    /// Its own certificates; more than one while one replaces another.
    pub certificates: Vec<CertificateStatus>,
}

/// How one service is doing.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceStatus {
    /// Its name in the spec.
    pub name: String,
    /// Its name in ECS.
    pub physical_name: String,
    /// `ACTIVE` or `DRAINING`; `None` when it does not exist.
    pub status: Option<String>,
    /// Task definition with revision: `notes-prod-web:7`.
    pub revision: Option<String>,
    /// The image it is set to run.
    pub image: Option<String>,
    /// Number of tasks wanted.
    pub desired: i32,
    /// Number of tasks running.
    pub running: i32,
    /// Number of tasks starting.
    pub pending: i32,
    /// How the autoscaler decides how many are wanted; `None` where the spec does.
    pub scaling: Option<ScalingStatus>,
    /// `COMPLETED`, `IN_PROGRESS` or `FAILED`.
    pub rollout: Option<String>,
    /// What ECS says about that.
    pub rollout_reason: Option<String>,
    /// How far requests have moved to the new tasks, in a rollout that moves them between two target groups; or where
    /// they go, if that is not to its tasks.
    pub requests: Option<String>,
    /// Its tasks, oldest first.
    pub tasks: Vec<TaskStatus>,
    /// Its targets behind the balancer.
    pub targets: Vec<TargetStatus>,
    /// What ECS last said, newest first.
    pub events: Vec<EventStatus>,
    /// Why it does not do what it shall, the primary cause first; empty when it does.
    pub causes: Vec<CauseStatus>,
}

/// How the autoscaler decides about a service.
#[derive(Clone, Debug, Serialize)]
pub struct ScalingStatus {
    /// Fewest tasks, at this time.
    pub min: i32,
    /// Most tasks, at this time.
    pub max: i32,
    /// Whether somebody stopped part of it.
    pub suspended: bool,
}

/// Why a service does not do what it shall.
#[derive(Clone, Debug, Serialize)]
pub struct CauseStatus {
    /// The code that `wharf explain` explains.
    pub code: &'static str,
    /// What is wrong.
    pub what: String,
}

/// How one task is doing.
#[derive(Clone, Debug, Serialize)]
pub struct TaskStatus {
    /// Task id.
    pub id: String,
    /// `RUNNING`, `PENDING`, …
    pub status: String,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`, by the container's own check.
    pub health: Option<String>,
    /// When it started running, RFC 3339.
    pub started: Option<String>,
    /// Task definition with revision.
    pub revision: String,
}

/// How one job is doing.
#[derive(Clone, Debug, Serialize)]
pub struct JobStatus {
    /// Its name in the spec.
    pub name: String,
    /// When it runs, as EventBridge Scheduler writes it; `None` for by hand only.
    pub schedule: Option<String>,
    /// The time zone of that.
    pub timezone: Option<String>,
    /// Whether the schedule is switched on.
    pub enabled: bool,
    /// The newest run that is still shown.
    pub last_run: Option<RunStatus>,
}

/// A run of a job.
#[derive(Clone, Debug, Serialize)]
pub struct RunStatus {
    /// Id of its task.
    pub task: String,
    /// `RUNNING`, `STOPPED`, …
    pub status: String,
    /// What its container exited with.
    pub exit_code: Option<i32>,
    /// Why it stopped, as ECS says.
    pub reason: Option<String>,
}

/// How the balancer sees one task.
#[derive(Clone, Debug, Serialize)]
pub struct TargetStatus {
    /// IP address.
    pub ip: String,
    /// Port.
    pub port: Option<i32>,
    /// `healthy`, `unhealthy`, `initial`, `draining`, `unused`.
    pub state: String,
    /// Why, where there is something to say.
    pub reason: Option<String>,
}

/// What ECS said about a service.
#[derive(Clone, Debug, Serialize)]
pub struct EventStatus {
    /// When, RFC 3339.
    pub at: Option<String>,
    /// What.
    pub message: String,
}

/// How a certificate is doing.
#[derive(Clone, Debug, Serialize)]
pub struct CertificateStatus {
    /// Its ARN.
    pub arn: String,
    /// All its names.
    pub names: Vec<String>,
    /// `ISSUED`, `PENDING_VALIDATION`, `FAILED`, …
    pub status: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// When it ends, RFC 3339.
    pub ends: Option<String>,
}

/// Reads how `stack` is doing. Nothing is changed.
///
/// Fails when the services cannot be read; what else cannot be read is left out.
pub async fn status(aws: &Aws, stack: &Stack) -> Result<Status, AwsError> {
    let reads = Reads::new(aws.clone(), std::sync::Arc::new(stack.clone()));
    let (cluster, services, definitions, balancer, elsewhere, certificates, scaled) = futures::join!(
        reads.cluster(),
        reads.services(),
        reads.definitions(),
        reads.balancer(),
        reads.shared_balancer(),
        reads.own_certificates(),
        reads.scaled(),
    );
    let scaled = scaled.map(|got| got.value.clone()).unwrap_or_default();
    let cluster = cluster?;
    let services = services?;
    let definitions = definitions.map(|got| got.value.clone()).unwrap_or_default();
    let mut found: BTreeMap<String, Vec<&TaggedService>> =
        stack.services.keys().map(|name| (name.clone(), Vec::new())).collect();
    for service in &services.value {
        if let Some(name) = service.name(&reads.id) {
            found.entry(name).or_default().push(service);
        }
    }
    let each = found.iter().flat_map(|(name, services)| {
        let absent = services.is_empty().then_some(None);
        services.iter().map(|service| Some(*service)).chain(absent).map(move |one| (name, one))
    });
    let services = join_all(each.map(async |(name, service)| match service {
        Some(service) => {
            let mut shown = Box::pin(present(aws, name, service, &definitions)).await;
            shown.scaling = scaling(&scaled, service);
            shown.causes = causes(aws, stack, &shown).await;
            shown
        }
        None => missing(&reads.id, name),
    }))
    .await;
    let jobs = stack.jobs.values().map(|job| doctor::of_job(&reads, job, 0.0));
    let jobs = join_all(jobs).await.into_iter().flatten().map(job).collect();
    let own = balancer.ok().and_then(|got| got.value.clone());
    let elsewhere = elsewhere.ok().flatten().and_then(|got| got.value.clone().ok());
    let balancer = if stack.balancer.shared.is_some() { elsewhere } else { own };
    let dns = balancer.and_then(|found| found.dns_name().map(str::to_lowercase));
    let certificates = certificates.map(|got| got.value.iter().map(certificate).collect());
    Ok(Status {
        format: FORMAT,
        stack: stack.name(),
        region: aws.region.clone(),
        deployed: cluster.value.is_some(),
        urls: urls(stack, dns.as_deref()),
        services,
        jobs,
        certificates: certificates.unwrap_or_default(),
    })
}

fn job(evidence: JobEvidence) -> JobStatus {
    let schedule = evidence.schedule.get();
    let last_run = evidence.runs.last().map(|run| RunStatus {
        task: run.task.id.clone(),
        status: run.status.clone(),
        exit_code: run.task.exit,
        reason: Some(run.task.reason.clone()).filter(|reason| !reason.is_empty()),
    });
    JobStatus {
        schedule: schedule.map(|one| one.expression.clone()),
        timezone: schedule.map(|one| one.timezone.clone()),
        enabled: schedule.is_some_and(|one| one.enabled),
        last_run,
        name: evidence.job,
    }
}

/// Returns where the stack is reached: its names, or the balancer's.
fn urls(stack: &Stack, balancer: Option<&str>) -> Vec<String> {
    let Some(balancer) = balancer else { return Vec::new() };
    let mut urls: Vec<String> = Vec::new();
    for domain in stack.routed().filter_map(|service| service.routing.as_ref()?.domain.as_ref()) {
        for name in &domain.names {
            let url = format!("https://{name}");
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
    }
    if urls.is_empty() && stack.routed().next().is_some() {
        urls.push(format!("http://{balancer}"));
    }
    urls
}

fn missing(id: &StackId, name: &str) -> ServiceStatus {
    ServiceStatus {
        name: name.to_owned(),
        physical_name: names::service(id, name, None),
        status: None,
        revision: None,
        image: None,
        desired: 0,
        running: 0,
        pending: 0,
        scaling: None,
        rollout: None,
        rollout_reason: None,
        requests: None,
        tasks: Vec::new(),
        targets: Vec::new(),
        events: Vec::new(),
        causes: Vec::new(),
    }
}

async fn present(
    aws: &Aws,
    name: &str,
    found: &TaggedService,
    definitions: &[UsedDefinition],
) -> ServiceStatus {
    let service = &found.service;
    let (tasks, targets, requests) = futures::join!(
        tasks::running(aws, service),
        tasks::targets(aws, service),
        requests(aws, service)
    );
    let primary = service.deployments().iter().find(|row| row.status() == Some("PRIMARY"));
    let arn = service.task_definition();
    let image = definitions
        .iter()
        .find(|one| one.definition.task_definition_arn() == arn)
        .and_then(|one| {
            let containers = one.definition.container_definitions();
            containers.iter().find(|container| container.name() == Some(name))?.image()
        });
    ServiceStatus {
        name: name.to_owned(),
        physical_name: service.service_name().unwrap_or_default().to_owned(),
        status: service.status().map(str::to_owned),
        revision: arn.map(last),
        image: image.map(str::to_owned),
        desired: service.desired_count(),
        running: service.running_count(),
        pending: service.pending_count(),
        scaling: None,
        rollout: primary.and_then(|row| row.rollout_state()).map(|state| state.as_str().to_owned()),
        rollout_reason: primary.and_then(|row| row.rollout_state_reason()).map(str::to_owned),
        requests,
        tasks: tasks.unwrap_or_default(),
        targets: targets.unwrap_or_default(),
        events: service
            .events()
            .iter()
            .take(EVENTS)
            .map(|event| EventStatus {
                at: time(event.created_at()),
                message: event.message().unwrap_or_default().to_owned(),
            })
            .collect(),
        causes: Vec::new(),
    }
}

/// Says how far requests have moved to the new tasks, if ECS moves them.
async fn requests(aws: &Aws, service: &Service) -> Option<String> {
    if !rollout::shifts(service) {
        return None;
    }
    if !rollout::is(service, State::InProgress) {
        let astray = rollouts::astray(aws, service).await?;
        return Some(format!("requests go {astray}: `wharf apply` leads them back"));
    }
    let found = rollouts::under_way(aws, service).await.ok()??;
    Some(rollout::stage_words(found.lifecycle_stage()?).to_owned())
}

/// Says how the autoscaler decides about a service, if it does.
fn scaling(scaled: &[Scaled], service: &TaggedService) -> Option<ScalingStatus> {
    let arn = service.service.service_arn()?;
    let target = &scaled.iter().find(|one| one.target.resource_id() == resource_of(arn))?.target;
    let state = target.suspended_state();
    let suspended = state.is_some_and(|state| {
        let flags = [
            state.dynamic_scaling_in_suspended(),
            state.dynamic_scaling_out_suspended(),
            state.scheduled_scaling_suspended(),
        ];
        flags.contains(&Some(true))
    });
    Some(ScalingStatus { min: target.min_capacity(), max: target.max_capacity(), suspended })
}

/// Says why a service does not do what it shall; says nothing of one that does.
async fn causes(aws: &Aws, stack: &Stack, service: &ServiceStatus) -> Vec<CauseStatus> {
    let well = service.rollout.as_deref() != Some("FAILED")
        && service.running >= service.desired
        && service.desired > 0
        && service.targets.iter().all(|target| target.state != "unhealthy");
    if well || service.status.is_none() {
        return Vec::new();
    }
    let Ok(evidence) = Box::pin(crate::doctor::examine(aws, stack, &service.name)).await else {
        return Vec::new();
    };
    let found = wharf_doctor::judge(&evidence);
    found.into_iter().map(|cause| CauseStatus { code: cause.code, what: cause.what }).collect()
}

fn certificate(found: &crate::reads::acm::OwnCertificate) -> CertificateStatus {
    let detail = &found.detail;
    CertificateStatus {
        arn: detail.certificate_arn().unwrap_or_default().to_owned(),
        names: detail.subject_alternative_names().to_vec(),
        status: detail.status().map_or_else(String::new, |status| status.as_str().to_owned()),
        reason: detail.failure_reason().map(|reason| reason.as_str().to_owned()),
        ends: time(detail.not_after()),
    }
}

/// Returns what stands behind the last slash of an ARN.
fn last(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

fn time(at: Option<&DateTime>) -> Option<String> {
    at?.fmt(Format::DateTime).ok()
}

#[cfg(test)]
mod tests {
    use wharf_spec::stack::{CertificateSource, Domain, Zone};

    use super::*;
    use crate::testing;

    #[test]
    fn a_stack_is_reached_by_its_names_else_by_the_balancer() {
        let mut stack = testing::stack();
        assert_eq!(urls(&stack, None), Vec::<String>::new());
        assert_eq!(urls(&stack, Some("lb.example")), ["http://lb.example"]);
        let web = stack.services.get_mut("web").unwrap();
        web.routing.as_mut().unwrap().domain = Some(Domain {
            names: vec!["notes.example.com".to_owned(), "www.example.com".to_owned()],
            zone: Zone::Auto,
            certificate: CertificateSource::Auto,
            tls_policy: "policy".to_owned(),
        });
        assert_eq!(
            urls(&stack, Some("lb.example")),
            ["https://notes.example.com", "https://www.example.com"]
        );
    }
}
