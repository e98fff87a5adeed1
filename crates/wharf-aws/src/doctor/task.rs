//! The task definition, and what the containers wrote.

use aws_sdk_ecs::types::{CpuArchitecture, DesiredStatus, PortMapping, Secret, TaskDefinition};
use wharf_doctor::{Intent, Seen};

use crate::aws::Aws;
use crate::kinds::task_definition::STREAM_PREFIX;
use crate::rollout::Goal;

/// Lines of the container's log that are looked at.
const LOG_LINES: i32 = 10;

pub(super) async fn definition(aws: &Aws, arn: &str) -> Option<TaskDefinition> {
    let got = aws.caller.call("ecs:DescribeTaskDefinition", || {
        aws.ecs.describe_task_definition().task_definition(arn).send()
    });
    got.await.ok()?.task_definition
}

/// Fills in what is known from the task definition alone.
pub(super) fn complete(intent: &mut Intent, service: &str, definition: &TaskDefinition) {
    let containers = definition.container_definitions();
    let Some(own) = containers.iter().find(|it| it.name() == Some(service)) else { return };
    if intent.image.is_empty() {
        own.image().unwrap_or_default().clone_into(&mut intent.image);
    }
    let natural = |value: i32| u32::try_from(value).unwrap_or_default();
    let task = definition.memory().and_then(|text| text.parse().ok());
    intent.memory = own.memory().map(natural).or(task).unwrap_or(intent.memory);
    intent.stop_timeout = own.stop_timeout().map_or(30, natural);
    let port = own.port_mappings().first().and_then(PortMapping::container_port);
    intent.port = intent.port.or_else(|| u16::try_from(port?).ok());
    let platform = definition.runtime_platform().and_then(|it| it.cpu_architecture());
    if platform == Some(&CpuArchitecture::Arm64) { "arm64" } else { "amd64" }
        .clone_into(&mut intent.architecture);
    let plain = own.environment().iter().filter_map(|it| it.name());
    let mut variables: Vec<String> =
        plain.chain(own.secrets().iter().map(Secret::name)).map(str::to_owned).collect();
    variables.sort();
    intent.variables = variables;
}

/// Returns the id of a task that ECS wants running.
pub(super) async fn running(aws: &Aws, goal: &Goal) -> Option<String> {
    let got = aws.caller.call("ecs:ListTasks", || {
        aws.ecs
            .list_tasks()
            .cluster(&goal.cluster)
            .service_name(&goal.name)
            .desired_status(DesiredStatus::Running)
            .send()
    });
    let arns = got.await.ok()?.task_arns.unwrap_or_default();
    arns.first()?.rsplit('/').next().map(str::to_owned)
}

/// Reads the last lines a task wrote; nothing when they cannot be read.
pub(super) async fn logs(aws: &Aws, goal: &Goal, task: Option<&str>) -> Vec<String> {
    let Some(task) = task else { return Vec::new() };
    let stream = format!("{STREAM_PREFIX}/{}/{task}", goal.service);
    let got = aws.caller.call("logs:GetLogEvents", || {
        aws.logs
            .get_log_events()
            .log_group_name(&goal.log_group)
            .log_stream_name(&stream)
            .limit(LOG_LINES)
            .start_from_head(false)
            .send()
    });
    let Ok(got) = got.await else { return Vec::new() };
    got.events()
        .iter()
        .filter_map(|event| event.message())
        .map(|it| it.trim_end().to_owned())
        .collect()
}

pub(super) async fn log_group(aws: &Aws, goal: &Goal) -> Seen<String> {
    let got = aws.caller.call("logs:DescribeLogGroups", || {
        aws.logs.describe_log_groups().log_group_name_prefix(&goal.log_group).send()
    });
    let Ok(got) = got.await else { return Seen::Unread };
    let found = got.log_groups().iter().any(|it| it.log_group_name() == Some(&goal.log_group));
    if found { Seen::There(goal.log_group.clone()) } else { Seen::Absent }
}
