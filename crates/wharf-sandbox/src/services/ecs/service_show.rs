//! Services as ECS describes them, with the defaults it fills in.

use serde_json::{Value, json};

use super::state::{
    Deployment, DeploymentConfiguration, EcsState, LoadBalancer, Network, Revision, Rollout,
    Service, Steps, Strategy,
};
use crate::{tags, time::SimTime};

/// Writes the service with this key.
pub(super) fn service(account: &str, ecs: &EcsState, key: &str, with_tags: bool) -> Value {
    let Some(found) = ecs.services.get(key) else { return Value::Null };
    let partition = found.arn.split(':').nth(1).unwrap_or("aws");
    let role = format!(
        "arn:{partition}:iam::{account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    );
    let (running, pending) = counts(ecs, key, None);
    let revision = found.current();
    let deployments: Vec<Value> = found
        .deployments
        .iter()
        .enumerate()
        .map(|(at, deployment)| show_deployment(ecs, found, deployment, at == 0))
        .collect();
    let events: Vec<Value> = found
        .events
        .iter()
        .map(|event| {
            json!({"id": event.id, "createdAt": event.at.epoch_seconds(), "message": event.message})
        })
        .collect();
    let current = found.deployments.first();
    let revisions: Vec<Value> = found
        .deployments
        .iter()
        .map(|deployment| {
            let (running, pending) = counts(ecs, key, Some(&deployment.id));
            json!({
                "arn": deployment.revision,
                "requestedTaskCount": wanted(ecs, found, deployment),
                "runningTaskCount": running,
                "pendingTaskCount": pending,
            })
        })
        .collect();
    let mut shown = json!({
        "serviceArn": found.arn,
        "serviceName": found.name,
        "clusterArn": found.arn.replace(
            &format!(":service/{key}"),
            &format!(":cluster/{}", found.cluster),
        ),
        "status": found.status,
        "desiredCount": found.desired,
        "runningCount": running,
        "pendingCount": pending,
        "deploymentConfiguration": configuration(&found.configuration),
        "deployments": deployments,
        "roleArn": role,
        "events": events,
        "createdAt": found.created.epoch_seconds(),
        "createdBy": format!("arn:{partition}:iam::{account}:user/sandbox"),
        "currentServiceDeployment": current.map(|it| it.service_deployment.clone()),
        "currentServiceRevisions": revisions,
        "placementConstraints": [],
        "placementStrategy": [],
        "healthCheckGracePeriodSeconds": found.grace_seconds,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "enableECSManagedTags": found.managed_tags,
        "propagateTags": found.propagate,
        "enableExecuteCommand": found.exec,
        "availabilityZoneRebalancing": found.zone_rebalancing,
    });
    if let Some(revision) = revision {
        shown["taskDefinition"] = json!(revision.definition);
        shown["loadBalancers"] = balancers(&revision.balancers);
        shown["serviceRegistries"] = json!(revision.registries);
        place(&mut shown, revision);
    }
    if with_tags {
        shown["tags"] = tags::lower(&found.tags);
    }
    shown
}

/// Writes where a revision's tasks run: the same members on services, deployments and revisions.
pub(super) fn place(shown: &mut Value, revision: &Revision) {
    if revision.strategy.is_empty() {
        shown["launchType"] = json!(revision.launch_type);
    } else {
        shown["capacityProviderStrategy"] = json!(revision.strategy);
    }
    let fargate = revision.launch_type.as_deref() != Some("EC2");
    if fargate {
        shown["platformVersion"] = json!(revision.platform);
        shown["platformFamily"] = json!("Linux");
    }
    if let Some(network) = &revision.network {
        shown["networkConfiguration"] = show_network(network);
    }
}

pub(super) fn show_network(network: &Network) -> Value {
    json!({"awsvpcConfiguration": {
        "subnets": network.subnets,
        "securityGroups": network.groups,
        "assignPublicIp": if network.public_ip { "ENABLED" } else { "DISABLED" },
    }})
}

/// Writes the target groups of a service.
pub(super) fn balancers(balancers: &[LoadBalancer]) -> Value {
    balancers
        .iter()
        .map(|it| {
            let advanced = it.advanced.as_ref().map(|advanced| {
                json!({
                    "alternateTargetGroupArn": advanced.alternate,
                    "productionListenerRule": advanced.rule,
                    "roleArn": advanced.role,
                })
            });
            json!({
                "targetGroupArn": it.target_group,
                "containerName": it.container,
                "containerPort": it.port,
                "advancedConfiguration": advanced,
            })
        })
        .collect()
}

/// Writes where requests to a revision really go.
fn resolved(revision: &Revision) -> Value {
    let each = revision.registered().into_iter().map(|it| {
        json!({
            "targetGroupArn": it.target_group,
            "productionListenerRule": it.advanced.map(|advanced| advanced.rule),
        })
    });
    each.collect()
}

/// Writes a deployment configuration with its defaults.
pub(super) fn configuration(found: &DeploymentConfiguration) -> Value {
    let steps =
        |steps: Steps, percent: &str, bake: &str| json!({percent: steps.percent, bake: steps.bake});
    let (linear, canary) = match found.strategy {
        Strategy::Linear(it) => (steps(it, "stepPercent", "stepBakeTimeInMinutes"), Value::Null),
        Strategy::Canary(it) => {
            (Value::Null, steps(it, "canaryPercent", "canaryBakeTimeInMinutes"))
        }
        Strategy::Rolling | Strategy::BlueGreen => (Value::Null, Value::Null),
    };
    json!({
        "deploymentCircuitBreaker": {
            "enable": found.breaker.enable,
            "rollback": found.breaker.rollback,
            "resetOnHealthyTask": found.breaker.reset,
            "thresholdConfiguration": found.breaker.threshold,
        },
        "maximumPercent": found.maximum,
        "minimumHealthyPercent": found.minimum,
        "alarms": found.alarms,
        "strategy": found.strategy.word(),
        "bakeTimeInMinutes": found.bake,
        "linearConfiguration": linear,
        "canaryConfiguration": canary,
    })
}

/// Counts the running and the pending tasks of a service, or of one of its deployments.
pub(super) fn counts(ecs: &EcsState, key: &str, deployment: Option<&str>) -> (usize, usize) {
    let tasks = ecs.tasks_of(key);
    let of = |task: &&&super::state::Task| {
        deployment.is_none() || task.started_by.as_deref() == deployment
    };
    let running = tasks.iter().filter(of).filter(|task| task.last_status == "RUNNING").count();
    let pending = ["PROVISIONING", "PENDING", "ACTIVATING"];
    let pending =
        tasks.iter().filter(of).filter(|it| pending.contains(&it.last_status.as_str())).count();
    (running, pending)
}

/// Returns how many tasks a deployment shall have now.
pub(super) fn wanted(ecs: &EcsState, found: &Service, deployment: &Deployment) -> i64 {
    let primary = found.deployments.first().is_some_and(|first| first.id == deployment.id);
    if primary {
        return found.desired;
    }
    let tasks = ecs.tasks_of(&found.key());
    let alive = tasks
        .iter()
        .filter(|task| task.is_wanted() && task.started_by.as_deref() == Some(&deployment.id));
    i64::try_from(alive.count()).unwrap_or(0)
}

fn show_deployment(
    ecs: &EcsState,
    found: &Service,
    deployment: &Deployment,
    primary: bool,
) -> Value {
    let (running, pending) = counts(ecs, &found.key(), Some(&deployment.id));
    let mut shown = json!({
        "id": deployment.id,
        "status": if primary { "PRIMARY" } else { "ACTIVE" },
        "desiredCount": wanted(ecs, found, deployment),
        "pendingCount": pending,
        "runningCount": running,
        "failedTasks": deployment.failed_tasks,
        "createdAt": deployment.created.epoch_seconds(),
        "updatedAt": deployment.updated.epoch_seconds(),
        "rolloutState": deployment.rollout.word(),
        "rolloutStateReason": deployment.reason,
    });
    if let Some(revision) = found.revision(&deployment.revision) {
        shown["taskDefinition"] = json!(revision.definition);
        shown["serviceConnectConfiguration"] = json!(revision.connect);
        if !revision.volumes.is_empty() {
            shown["volumeConfigurations"] = json!(revision.volumes);
        }
        place(&mut shown, revision);
    }
    shown
}

/// Writes a service revision.
pub(super) fn show_revision(found: &Service, cluster_arn: &str, revision: &Revision) -> Value {
    let images: Vec<Value> = revision
        .images
        .iter()
        .map(|image| {
            json!({
                "containerName": image.container,
                "image": image.image,
                "imageDigest": image.digest,
            })
        })
        .collect();
    let mut shown = json!({
        "serviceRevisionArn": revision.arn,
        "serviceArn": found.arn,
        "clusterArn": cluster_arn,
        "taskDefinition": revision.definition,
        "loadBalancers": balancers(&revision.balancers),
        "serviceRegistries": revision.registries,
        "containerImages": images,
        "guardDutyEnabled": false,
        "serviceConnectConfiguration": revision.connect,
        "createdAt": revision.created.epoch_seconds(),
        "resolvedConfiguration": {"loadBalancers": resolved(revision)},
    });
    place(&mut shown, revision);
    shown
}

/// Says in which words a service deployment's circuit breaker reports.
pub(super) fn breaker_status(enabled: bool, triggered: bool, over: bool) -> &'static str {
    match (enabled, triggered, over) {
        (false, ..) => "DISABLED",
        (_, true, _) => "TRIGGERED",
        (_, _, true) => "MONITORING_COMPLETE",
        _ => "MONITORING",
    }
}

/// Writes an optional moment.
pub(super) fn moment(at: Option<SimTime>) -> Value {
    at.map_or(Value::Null, SimTime::epoch_seconds)
}

/// Says whether a deployment was given up.
pub(super) fn has_failed(deployment: &Deployment) -> bool {
    deployment.rollout == Rollout::Failed
}
