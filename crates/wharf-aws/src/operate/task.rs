//! Tasks that belong to no service: run once, with a service's release and network.

use aws_sdk_ecs::types::{ContainerOverride, LaunchType, Task, TaskOverride};
use wharf_graph::props::short_hash;
use wharf_graph::{ErrorClass, StackId};
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::kinds::task_definition::STREAM_PREFIX;
use crate::names;
use crate::operate;

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

/// Starts a task of the release the service is set to run, in its network and with its roles.
/// `command` replaces the container's; `nonce` makes a repeated call recognise its own first try.
///
/// Fails when the service does not exist, and when ECS has no place for the task.
pub async fn start(
    aws: &Aws,
    stack: &Stack,
    service: &str,
    command: &[String],
    nonce: &str,
) -> Result<OneOff, AwsError> {
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let found = operate::service(aws, stack, service).await?;
    let cluster = names::cluster(&id);
    let definition = found.task_definition().unwrap_or_default().to_owned();
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
                .set_platform_version(found.platform_version().map(str::to_owned))
                .set_network_configuration(found.network_configuration().cloned())
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
