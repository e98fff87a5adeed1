//! Gathers what `wharf-doctor` judges. Reads only.

mod balancer;
mod exec;
mod job;
mod network;
mod people;
mod scaling;
mod task;

use std::sync::Arc;

use aws_sdk_ecr::types::{ImageDetail, ImageIdentifier};
use aws_sdk_ecs::types::Service as EcsService;
use wharf_doctor::{Evidence, ImageEvidence, Intent, LOOP, Seen, ServiceEvidence, StoppedTask};
use wharf_graph::StackId;
use wharf_spec::Stack;
use wharf_spec::stack::{Architecture, Image, Scheme, Service};

use crate::aws::Aws;
use crate::error::AwsError;
use crate::names;
use crate::operate::rollouts;
use crate::reads::Reads;
use crate::reads::images::reference_text;
use crate::rollout::look::{Looker, primary};
use crate::rollout::picture::{Memory, Picture, Stopped};
use crate::rollout::{Goal, groups, short_definition};

pub(crate) use exec::{agent, examine_exec};
pub use job::examine_job;
pub(crate) use job::of_job;

/// What ECS writes when a service has all its tasks: what is older is over (ECS Developer Guide,
/// service event messages).
const STEADY: &str = "has reached a steady state";

/// Examines one service of a stack: what the spec wants, what runs, and everything in between.
///
/// Fails when the services cannot be read; what else cannot be read is left out of the evidence.
pub async fn examine(aws: &Aws, stack: &Stack, name: &str) -> Result<Evidence, AwsError> {
    let reads = Reads::new(aws.clone(), Arc::new(stack.clone()));
    let (services, images) = futures::join!(reads.services(), reads.images());
    let services = services?;
    let Some(wanted) = stack.services.get(name) else { return Ok(Evidence::default()) };
    let mut evidence = Evidence { intent: intent(stack, wanted), ..Evidence::default() };
    if let Ok(images) = images {
        evidence.image = match images.value.get(name) {
            Some(fact) if fact.digest.is_some() || evidence.intent.elsewhere => {
                Seen::There(ImageEvidence {
                    digest: fact.digest.clone(),
                    architectures: fact.architectures.clone(),
                    bytes: None,
                })
            }
            Some(_) => Seen::Absent,
            None => Seen::Unread,
        };
    }
    let own = |found: &&crate::reads::ecs::TaggedService| {
        !found.leaving() && found.name(&reads.id).as_deref() == Some(name)
    };
    let Some(found) = services.value.iter().find(own) else {
        evidence.service = Seen::Absent;
        return Ok(evidence);
    };
    let home = reads.stack.workload(name).map_or(name, |one| one.home);
    let goal = goal(&reads.id, (name, home), &found.service);
    let looker = Looker { aws, goal: &goal };
    let picture = Box::pin(looker.look()).await?;
    let mut memory = Memory::default();
    let recent = since_steady(&picture);
    memory.remember(&goal, &recent);
    let stopped: Vec<Stopped> = recent
        .stopped
        .iter()
        .filter(|task| task.definition == goal.definition)
        .filter(|task| unasked(task))
        .cloned()
        .collect();
    observe(&mut evidence, &recent, memory.target.clone(), stopped);
    Box::pin(around(aws, &reads.id, &goal, &found.service, &mut evidence)).await;
    if let Seen::There(group) = &mut evidence.group {
        group.astray = rollouts::astray(aws, &found.service).await;
    }
    if evidence.stopped.len() >= LOOP {
        weigh(aws, stack, name, &mut evidence).await;
    }
    Box::pin(people::add(&reads, wanted, &mut evidence)).await;
    let groups: Vec<String> = found
        .service
        .load_balancers()
        .iter()
        .filter_map(|one| one.target_group_arn().map(str::to_owned))
        .collect();
    let arn = found.service.service_arn().unwrap_or_default();
    Box::pin(scaling::add(aws, &reads, arn, &groups, &mut evidence)).await;
    Ok(evidence)
}

/// Finds out how many bytes the tasks of a service pull, if the image is in a repository of the app's. Of an image
/// for several processors ECR says the largest (ECR API reference, `ImageDetail`).
async fn weigh(aws: &Aws, stack: &Stack, name: &str, evidence: &mut Evidence) {
    let Seen::There(image) = &mut evidence.image else { return };
    let Some(digest) = image.digest.clone().filter(|_| !evidence.intent.elsewhere) else { return };
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let home = stack.workload(name).map_or(name, |one| one.home);
    let repository = names::repository(&id, home);
    let wanted = ImageIdentifier::builder().image_digest(digest).build();
    let got = aws
        .caller
        .call("ecr:DescribeImages", || {
            aws.ecr.describe_images().repository_name(&repository).image_ids(wanted.clone()).send()
        })
        .await;
    // Without it the cause is the same.
    let Ok(got) = got else { return };
    let bytes = got.image_details().first().and_then(ImageDetail::image_size_in_bytes);
    image.bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok());
}

/// Gathers what is known of a rollout that failed. `complaint` is what the balancer last said.
pub(crate) async fn of_rollout(
    aws: &Aws,
    stack: &StackId,
    goal: &Goal,
    picture: &Picture,
    complaint: Option<String>,
) -> Evidence {
    let ours = picture.ours(goal).map(|row| row.desired);
    let count = goal.count.or(ours).unwrap_or_default();
    let mut evidence = Evidence {
        intent: Intent { service: goal.service.clone(), count, ..Intent::default() },
        ..Evidence::default()
    };
    let mut recent = picture.clone();
    recent.events.retain(|event| goal.since.is_none_or(|since| event.at >= since));
    observe(&mut evidence, &recent, complaint, picture.failures(goal));
    let looker = Looker { aws, goal };
    if let Ok(Some(service)) = looker.service().await {
        Box::pin(around(aws, stack, goal, &service, &mut evidence)).await;
    }
    // However the service is by now, the rollout has failed.
    let desired = count.max(1);
    let failed = ServiceEvidence {
        desired,
        running: 0,
        rollout: "FAILED".to_owned(),
        reason: String::new(),
        release: short_definition(&goal.definition),
    };
    evidence.service = Seen::There(failed);
    evidence
}

/// Says whether nobody asked for a task's end: no person, no deployment, no maintenance of AWS.
fn unasked(task: &Stopped) -> bool {
    !matches!(task.code.as_str(), "UserInitiated" | "TerminationNotice")
        && !task.reason.to_lowercase().contains("scaling activity initiated")
}

/// Leaves out of a picture what happened before the service last was as it should be.
fn since_steady(picture: &Picture) -> Picture {
    let mut recent = picture.clone();
    let steady = picture.events.iter().position(|event| event.text.contains(STEADY));
    if let Some(at) = steady {
        let since = picture.events[at].at;
        recent.events.truncate(at);
        recent.stopped.retain(|task| task.ended >= since || task.ended <= 0.0);
    }
    recent
}

fn observe(
    evidence: &mut Evidence,
    picture: &Picture,
    complaint: Option<String>,
    mut stopped: Vec<Stopped>,
) {
    stopped.sort_by(|one, two| one.ended.total_cmp(&two.ended));
    if let Some(row) = picture.rows.iter().find(|row| row.primary) {
        evidence.service = Seen::There(ServiceEvidence {
            desired: row.desired,
            running: row.running,
            rollout: row.state.map_or("", |state| state.word()).to_owned(),
            reason: row.reason.clone(),
            release: short_definition(&row.definition),
        });
    }
    evidence.stopped = stopped
        .into_iter()
        .map(|task| StoppedTask {
            id: task.task,
            reason: task.reason,
            code: task.code,
            exit: task.exit,
            container: task.container,
            created: task.created,
            ended: task.ended,
        })
        .collect();
    evidence.events = picture.events.iter().map(|event| event.text.clone()).collect();
    evidence.targets = picture
        .targets
        .iter()
        .filter(|target| target.state != "draining")
        .map(|target| wharf_doctor::TargetEvidence {
            address: target.address.clone(),
            state: target.state.clone(),
            description: target.description.clone(),
        })
        .collect();
    let unused = picture.targets.iter().find(|target| target.state == "unused");
    evidence.complaint = complaint.or_else(|| Some(unused?.description.clone()));
}

/// Reads what is around a service: its task definition, network, balancer, log.
async fn around(
    aws: &Aws,
    stack: &StackId,
    goal: &Goal,
    service: &EcsService,
    evidence: &mut Evidence,
) {
    let newest = evidence.stopped.last().map(|task| task.id.clone());
    let (definition, group, running) = futures::join!(
        task::definition(aws, &goal.definition),
        balancer::group(aws, goal.target_groups.first().map(String::as_str)),
        task::running(aws, goal),
    );
    if let Some(definition) = definition {
        task::complete(&mut evidence.intent, &goal.service, &definition);
    }
    if let Some(group) = &group.1 {
        balancer::complete(&mut evidence.intent, group);
    }
    evidence.group = group.0;
    let log = newest.or(running);
    let (balancer, logs, log_group) = futures::join!(
        balancer::balancer(aws, stack, goal, group.1.as_ref()),
        task::logs(aws, goal, log.as_deref()),
        task::log_group(aws, goal),
    );
    evidence.logs = logs;
    evidence.log_group = log_group;
    evidence.balancer = balancer;
    Box::pin(network::add(aws, service, evidence)).await;
}

/// Returns what a service is set to run.
fn goal(stack: &StackId, (name, home): (&str, &str), service: &EcsService) -> Goal {
    let primary = primary(service);
    Goal {
        service: name.to_owned(),
        cluster: crate::operate::cluster(service),
        name: service.service_name().unwrap_or_default().to_owned(),
        definition: service.task_definition().unwrap_or_default().to_owned(),
        count: u32::try_from(service.desired_count()).ok(),
        at_least: 0,
        target_groups: groups(service),
        log_group: names::log_group(stack, home),
        deployment: primary.map(|row| row.id),
        record: None,
        since: None,
        had_release: false,
        grace: 0,
    }
}

/// Returns what the spec wants of a service.
fn intent(stack: &Stack, service: &Service) -> Intent {
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let repository = service.image.repository().map_or(&service.name, |found| &found.name);
    let home = names::repository(&id, repository);
    let (image, elsewhere) = match &service.image {
        Image::Own { reference, .. } => (format!("{home}{}", reference_text(reference)), false),
        Image::Elsewhere(reference) => {
            (reference.clone(), crate::reads::ecr::registry(reference).is_none())
        }
        Image::Built { .. } | Image::Keep { .. } => (home, false),
    };
    let health = service.routing.as_ref().map(|routing| &routing.health);
    Intent {
        service: service.name.clone(),
        count: service.count,
        port: service.routing.as_ref().map(|routing| routing.port),
        health_path: health.map(|health| health.path.clone()).unwrap_or_default(),
        health_codes: health.map(|health| health.codes.clone()).unwrap_or_default(),
        health_timeout: health.map(|health| health.timeout).unwrap_or_default(),
        grace: health.map(|health| health.grace).unwrap_or_default(),
        image,
        elsewhere,
        architecture: match service.architecture {
            Architecture::X86_64 => "amd64",
            Architecture::Arm64 => "arm64",
        }
        .to_owned(),
        memory: service.memory,
        stop_timeout: service.stop_timeout,
        variables: service.env.keys().chain(service.secrets.keys()).cloned().collect(),
        public: stack.balancer.scheme == Scheme::InternetFacing,
    }
}
