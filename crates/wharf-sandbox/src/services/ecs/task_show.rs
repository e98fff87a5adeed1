//! Tasks as ECS describes them.

use serde_json::{Value, json};

use super::{
    exec,
    service_show::moment,
    state::{Container, EcsState, StopCode, Task},
};
use crate::tags;

/// Writes a task.
pub(super) fn task(ecs: &EcsState, found: &Task, with_tags: bool) -> Value {
    let definition = ecs.definition(&found.definition);
    let body = definition.map(|it| it.body.clone()).unwrap_or_default();
    let arm = body["runtimePlatform"]["cpuArchitecture"] == "ARM64";
    let cluster_arn = ecs.clusters.get(&found.cluster).map(|it| it.arn.clone());
    let running = ["RUNNING", "DEACTIVATING", "STOPPING"].contains(&found.last_status.as_str());
    let containers: Vec<Value> =
        found.containers.iter().map(|it| container(found, it, running)).collect();
    let architecture = if arm { "arm64" } else { "x86_64" };
    let storage = body["ephemeralStorage"]["sizeInGiB"].as_i64().unwrap_or(20);
    let connected = found.attachment.is_some() && !found.has_stopped();
    let mut shown = json!({
        "taskArn": found.arn,
        "taskDefinitionArn": found.definition,
        "clusterArn": cluster_arn,
        "availabilityZone": found.zone,
        "attachments": attachments(found),
        "attributes": [{"name": "ecs.cpu-architecture", "value": architecture}],
        "connectivity": connected.then_some("CONNECTED"),
        "connectivityAt": moment(found.pull_started.filter(|_| connected)),
        "containers": containers,
        "cpu": body["cpu"],
        "memory": body["memory"],
        "createdAt": found.created.epoch_seconds(),
        "pullStartedAt": moment(found.pull_started),
        "pullStoppedAt": moment(found.pull_stopped),
        "startedAt": moment(found.started),
        "stoppingAt": moment(found.stopping),
        "executionStoppedAt": moment(found.execution_stopped),
        "stoppedAt": moment(found.stopped),
        "stopCode": found.stop_code.map(StopCode::word),
        "stoppedReason": found.stopped_reason,
        "desiredStatus": found.desired_status,
        "lastStatus": found.last_status,
        "healthStatus": found.health(),
        "group": found.group,
        "startedBy": found.started_by,
        "enableExecuteCommand": found.exec,
        "overrides": found.overrides,
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "version": found.version,
        "ephemeralStorage": {"sizeInGiB": storage},
        "fargateEphemeralStorage": {"sizeInGiB": storage},
        "launchType": found.launch_type,
        "capacityProviderName": found.provider,
        "tags": [],
    });
    if with_tags {
        shown["tags"] = tags::lower(&found.tags);
    }
    shown
}

fn attachments(found: &Task) -> Value {
    let Some(attachment) = &found.attachment else { return json!([]) };
    let status = if found.has_stopped() { "DELETED" } else { "ATTACHED" };
    let details: Vec<Value> = [
        ("subnetId", &found.subnet),
        ("networkInterfaceId", &attachment.eni),
        ("macAddress", &attachment.mac),
        ("privateIPv4Address", &attachment.ip),
    ]
    .iter()
    .map(|(name, value)| json!({"name": name, "value": value}))
    .collect();
    json!([{
        "id": attachment.id,
        "type": "ElasticNetworkInterface",
        "status": status,
        "details": details,
    }])
}

fn container(task: &Task, found: &Container, running: bool) -> Value {
    let interfaces = task.attachment.as_ref().map(
        |attachment| json!([{"attachmentId": attachment.id, "privateIpv4Address": attachment.ip}]),
    );
    let agents = exec::shown(task, running, &moment(task.started));
    json!({
        "containerArn": found.arn,
        "taskArn": task.arn,
        "name": found.name,
        "image": found.image,
        "imageDigest": found.digest,
        "runtimeId": found.runtime_id,
        "lastStatus": found.last_status,
        "exitCode": found.exit_code,
        "reason": found.reason,
        "networkBindings": [],
        "networkInterfaces": interfaces.unwrap_or_else(|| json!([])),
        "healthStatus": found.health,
        "managedAgents": agents,
        "cpu": found.cpu,
        "memory": found.memory.get("memory"),
        "memoryReservation": found.memory.get("memoryReservation"),
    })
}
