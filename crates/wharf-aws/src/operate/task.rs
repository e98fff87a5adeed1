//! Tasks that belong to no service: run once, with the release of a service or job.

use std::sync::Arc;

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, ContainerOverride, LaunchType, NetworkConfiguration, Task,
    TaskOverride,
};
use wharf_graph::ErrorClass;
use wharf_graph::props::short_hash;
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::kinds::task_definition::STREAM_PREFIX;
use crate::operate;
use crate::reads::Reads;
use crate::tags::{self, Owner};
use crate::{names, placement};

/// Who started the task, as ECS shows it.
const STARTED_BY: &str = "wharf run";

/// A task that was started.
#[derive(Clone, Debug)]
pub struct OneOff {
    cluster: String,
    arn: String,
    container: String,
    /// Task id.
    pub id: String,
    /// Task definition with revision: `notes-prod-web:7`.
    pub release: String,
    /// The log stream of its container.
    pub stream: String,
}

/// How a task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It has not ended; `PROVISIONING`, `RUNNING`, …
    Going(String),
    /// Its container ended with this code.
    Exited(i32),
    /// It ended without one, and why, as ECS says.
    Stopped(String),
}

/// What a task is started with.
struct Plan {
    definition: String,
    platform: Option<String>,
    network: Option<NetworkConfiguration>,
}

/// Takes release and network of a service as they are.
async fn of_service(aws: &Aws, stack: &Stack, service: &str) -> Result<Plan, AwsError> {
    let found = operate::service(aws, stack, service).await?;
    Ok(Plan {
        definition: found.task_definition().unwrap_or_default().to_owned(),
        platform: found.platform_version().map(str::to_owned),
        network: found.network_configuration().cloned(),
    })
}

/// Takes the newest release of a job, and the network that tasks of the stack have.
async fn of_job(aws: &Aws, stack: &Stack, job: &str) -> Result<Plan, AwsError> {
    let reads = Reads::new(aws.clone(), Arc::new(stack.clone()));
    let (definitions, groups, facts) =
        futures::join!(reads.definitions(), reads.security_groups(), reads.facts());
    let (definitions, groups, facts) = (definitions?, groups?, facts?);
    let absent = || {
        AwsError::own(ErrorClass::Other, format!("job {job} does not exist yet"))
            .hint("`wharf apply` makes it")
    };
    let found = definitions
        .value
        .iter()
        .find(|one| one.name == job && tags::owner(&one.tags, &reads.id) == Owner::Ours)
        .ok_or_else(absent)?;
    let wanted = names::security_group(&reads.id, "tasks");
    let group = groups.value.iter().find(|one| one.group_name() == Some(&wanted));
    let group = group.and_then(|one| one.group_id()).ok_or_else(absent)?;
    let placed = placement::tasks(stack, &facts)
        .map_err(|lack| AwsError::own(ErrorClass::Other, lack.text))?;
    let public = if placed.public_ip { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled };
    let network = AwsVpcConfiguration::builder()
        .set_subnets(Some(placed.subnets.into_iter().collect()))
        .security_groups(group)
        .assign_public_ip(public)
        .build()
        .map_err(|error| {
            AwsError::own(ErrorClass::Other, format!("{error}; this is a bug in wharf"))
        })?;
    Ok(Plan {
        definition: found.definition.task_definition_arn().unwrap_or_default().to_owned(),
        platform: None,
        network: Some(NetworkConfiguration::builder().awsvpc_configuration(network).build()),
    })
}

/// Starts a task of the release that the service is set to run, in its network and with its roles; for
/// a job, of its newest release. `command` replaces the container's; `nonce` makes a repeated call
/// recognise its own first try.
///
/// Fails when the service or job does not exist, and when ECS has no place for the task.
pub async fn start(
    aws: &Aws,
    stack: &Stack,
    service: &str,
    command: &[String],
    nonce: &str,
) -> Result<OneOff, AwsError> {
    let cluster = names::cluster(stack);
    let Plan { definition, platform, network } = if stack.jobs.contains_key(service) {
        of_job(aws, stack, service).await?
    } else {
        of_service(aws, stack, service).await?
    };
    let overrides = (!command.is_empty()).then(|| {
        TaskOverride::builder()
            .container_overrides(
                ContainerOverride::builder()
                    .name(service)
                    .set_command(Some(command.to_vec()))
                    .build(),
            )
            .build()
    });
    // A client token is at most 64 characters (ECS API reference, `RunTask`).
    let token = short_hash(&format!("{definition} {nonce}"), 32);
    let got = aws
        .caller
        .call("ecs:RunTask", || {
            aws.ecs
                .run_task()
                .cluster(&cluster)
                .task_definition(&definition)
                .launch_type(LaunchType::Fargate)
                .set_platform_version(platform.clone())
                .set_network_configuration(network.clone())
                .set_overrides(overrides.clone())
                .started_by(STARTED_BY)
                .client_token(&token)
                .send()
        })
        .await?;
    let Some(arn) = got.tasks().first().and_then(Task::task_arn) else {
        let failure = got.failures().first();
        let reason = failure.and_then(|one| one.reason()).unwrap_or("no reason given");
        return Err(AwsError::own(
            ErrorClass::Unavailable,
            format!("ECS did not start the task: {reason}"),
        ));
    };
    let task = operate::last(arn).to_owned();
    Ok(OneOff {
        stream: format!("{STREAM_PREFIX}/{service}/{task}"),
        container: service.to_owned(),
        release: operate::last(&definition).to_owned(),
        id: task,
        arn: arn.to_owned(),
        cluster,
    })
}

/// Looks at a task.
pub async fn state(aws: &Aws, task: &OneOff) -> Result<State, AwsError> {
    let got = aws
        .caller
        .call("ecs:DescribeTasks", || {
            aws.ecs.describe_tasks().cluster(&task.cluster).tasks(&task.arn).send()
        })
        .await?;
    let Some(found) = got.tasks().first() else {
        // A task made a moment ago may not be visible yet.
        return Ok(State::Going("PENDING".to_owned()));
    };
    let status = found.last_status().unwrap_or_default();
    if status != "STOPPED" {
        return Ok(State::Going(status.to_owned()));
    }
    let own = found.containers().iter().find(|one| one.name() == Some(task.container.as_str()));
    let said = own.and_then(|one| one.reason()).or(found.stopped_reason()).unwrap_or_default();
    Ok(match own.and_then(aws_sdk_ecs::types::Container::exit_code) {
        Some(code) => State::Exited(code),
        None => State::Stopped(said.to_owned()),
    })
}

/// Asks a task to stop; one that has ended already is left alone.
pub async fn stop(aws: &Aws, task: &OneOff, reason: &str) -> Result<(), AwsError> {
    aws.caller
        .call("ecs:StopTask", || {
            aws.ecs.stop_task().cluster(&task.cluster).task(&task.arn).reason(reason).send()
        })
        .await?;
    Ok(())
}
