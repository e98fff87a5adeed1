//! Commands in running tasks: ECS Exec.

use serde_json::{Value, json};

use super::{
    cluster_name, outside,
    state::{Container, Task},
    tasks,
};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    services::{Ctx, Reply},
    world::World,
};

/// What the task role must be allowed (ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec").
const CHANNELS: [&str; 4] = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
];

/// Returns how the agent of a task that starts now does: it needs a root filesystem it can write to, the
/// permissions, and a way to Systems Manager (ECS Developer Guide, the same page).
pub(super) fn agent(world: &mut World, region: &str, task: &Task) -> Option<String> {
    if !task.exec {
        return None;
    }
    let definition = world.region(region).ecs.definition(&task.definition).cloned()?;
    let containers = definition.body["containerDefinitions"].as_array();
    let fixed = containers.into_iter().flatten().any(|it| it["readonlyRootFilesystem"] == true);
    let role = definition.body["taskRoleArn"].as_str().unwrap_or_default();
    let runs = !fixed && connects(world, region, task, role);
    Some(if runs { "RUNNING" } else { "STOPPED" }.to_owned())
}

fn connects(world: &World, region: &str, task: &Task, role: &str) -> bool {
    let place = (task.subnet.as_str(), &task.network);
    CHANNELS.iter().all(|action| world.role_allows(role, action, "*"))
        && outside::reaches(world, region, place, Some("ssmmessages"))
}

/// Says whether a container has credentials of its own. The agent in it takes those before the task role's, and
/// nobody knows them here (AWS SDKs and Tools Reference Guide, "Standardized credential providers"; what is
/// answered then: github.com/aws-containers/amazon-ecs-exec-checker, issue 49).
fn brings_credentials(definition: &Value, container: &str) -> bool {
    let containers = definition["containerDefinitions"].as_array().into_iter().flatten();
    let own = containers.filter(|it| it["name"] == container);
    let names: Vec<&Value> = own
        .flat_map(|it| ["environment", "secrets"].map(|kind| &it[kind]))
        .filter_map(Value::as_array)
        .flat_map(|list| list.iter().map(|one| &one["name"]))
        .collect();
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        .iter()
        .all(|key| names.iter().any(|it| it == key))
}

/// ECS API reference, `ExecuteCommand`.
pub(super) fn execute(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let cluster = cluster_name(ctx, input)?;
    if input.bool("interactive")? != Some(true) {
        return Err(rules::ecs::EXEC_INTERACTIVE
            .refuse("Interactive is the only mode supported currently."));
    }
    input.required("command")?;
    let found = tasks::find(&ctx.here().ecs, &cluster, input.required("task")?).cloned();
    let task =
        found.ok_or_else(|| rules::ecs::EXEC_TASK.refuse("The referenced task was not found."))?;
    let container = container(&task, input.str("container"))?.clone();
    let running = task.last_status == "RUNNING" && container.last_status == "RUNNING";
    if !running || task.agent.as_deref() != Some("RUNNING") {
        return Err(rules::ecs::EXEC_ENABLED.refuse(
            "The execute command failed because execute command was not enabled when the task was run \
             or the execute command agent isn\u{2019}t running. Wait and try again or run a new task with \
             execute command enabled and try again.",
        ));
    }
    let region = ctx.region.clone();
    let definition = ctx.here().ecs.definition(&task.definition).cloned();
    let body = definition.map(|it| it.body).unwrap_or_default();
    let role = body["taskRoleArn"].as_str().unwrap_or_default();
    if brings_credentials(&body, &container.name) || !connects(ctx.world, &region, &task, role) {
        return Err(rules::ecs::EXEC_CONNECTED
            .refuse("The execute command failed due to an internal error. Try again later."));
    }
    let session = format!("ecs-execute-command-{}", ctx.world.ids.letters(25).to_lowercase());
    let token = ctx.world.ids.letters(64);
    let stream = format!(
        "wss://ssmmessages.{region}.amazonaws.com/v1/data-channel/{session}?role=publish_subscribe"
    );
    Ok(json!({
        "clusterArn": ctx.arn("ecs", &format!("cluster/{cluster}")),
        "containerArn": container.arn,
        "containerName": container.name,
        "interactive": true,
        "session": {"sessionId": session, "streamUrl": stream, "tokenValue": token},
        "taskArn": task.arn,
    }))
}

/// Finds the container; it need not be named where there is one.
fn container<'t>(task: &'t Task, name: Option<&str>) -> Result<&'t Container, AwsError> {
    let found = match (name, task.containers.as_slice()) {
        (Some(name), all) => all.iter().find(|it| it.name == name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.ok_or_else(|| {
        rules::ecs::EXEC_CONTAINER
            .refuse("The container was not found in the task, or none of several was named.")
    })
}

/// Writes the agent of a container.
pub(super) fn shown(task: &Task, running: bool, since: &Value) -> Option<Value> {
    let status = task.agent.as_deref().filter(|_| running)?;
    Some(json!([{"name": "ExecuteCommandAgent", "lastStatus": status, "lastStartedAt": since}]))
}
