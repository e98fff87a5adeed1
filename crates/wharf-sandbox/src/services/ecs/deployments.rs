//! Service deployments and service revisions.

use serde_json::{Value, json};

use super::{
    cluster_name, page, rollout, service_not_found, service_show,
    service_show::moment,
    short,
    state::{EcsState, Service, ServiceDeployment},
    wake,
};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    services::{Ctx, Reply},
};

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let reference = input.required("service")?;
    let key = match reference.split_once(":service/") {
        Some((_, key)) => key.to_owned(),
        None => format!("{}/{}", cluster_name(ctx, input)?, short(reference)),
    };
    let statuses = input.strings("status");
    let bound = |name: &str| input.get("createdAt").and_then(|range| range[name].as_f64());
    let (after, before) = (bound("after"), bound("before"));
    let ecs = &ctx.here().ecs;
    let found = ecs.services.get(&key).ok_or_else(service_not_found)?;
    let fits = |record: &&ServiceDeployment| {
        let at = record.created.epoch_seconds().as_f64();
        (statuses.is_empty() || statuses.contains(&record.status))
            && after.is_none_or(|after| at.is_some_and(|at| at >= after))
            && before.is_none_or(|before| at.is_some_and(|at| at <= before))
    };
    // Newest first.
    let records: Vec<&ServiceDeployment> = found.history.iter().rev().filter(fits).collect();
    let arns = records.iter().map(|record| record.arn.clone()).collect();
    let (arns, next) = page(input, arns, 20, 100)?;
    let cluster_arn = cluster_arn(found);
    let shown: Vec<Value> = records
        .iter()
        .filter(|record| arns.contains(&record.arn))
        .map(|record| {
            json!({
                "serviceDeploymentArn": record.arn,
                "serviceArn": found.arn,
                "clusterArn": cluster_arn,
                "startedAt": moment(record.started),
                "createdAt": record.created.epoch_seconds(),
                "finishedAt": moment(record.finished),
                "targetServiceRevisionArn": record.target,
                "status": record.status,
                "statusReason": record.reason,
            })
        })
        .collect();
    Ok(json!({"serviceDeployments": shown, "nextToken": next}))
}

fn cluster_arn(found: &Service) -> String {
    found.arn.replace(&format!(":service/{}", found.key()), &format!(":cluster/{}", found.cluster))
}

/// Finds the service with a service deployment or a service revision of this ARN.
fn owner<'e>(ecs: &'e EcsState, arn: &str) -> Option<&'e Service> {
    let (_, rest) = arn.split_once('/')?;
    let (key, _) = rest.rsplit_once('/')?;
    ecs.services.get(key)
}

fn arns(input: &Input<'_>, name: &str) -> Result<Vec<String>, AwsError> {
    let arns = input.strings(name);
    if arns.is_empty() || arns.len() > 20 {
        return Err(rules::ecs::DEPLOYMENTS_COUNT
            .refuse(format!("{name} must contain between 1 and 20 items.")));
    }
    Ok(arns)
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    let arns = arns(input, "serviceDeploymentArns")?;
    let ecs = &ctx.here().ecs;
    for arn in arns {
        let service = owner(ecs, &arn);
        let record = service.and_then(|it| it.history.iter().find(|record| record.arn == arn));
        match service.zip(record) {
            Some((service, record)) => found.push(show(ecs, service, record)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceDeployments": found, "failures": failures}))
}

fn show(ecs: &EcsState, service: &Service, record: &ServiceDeployment) -> Value {
    let (failures, threshold) = record.breaker;
    let enabled = record.configuration.breaker.enable;
    let watched = record.configuration.watched();
    let alarms = match (watched.is_empty(), record.rang.is_empty(), record.is_over()) {
        (true, ..) => "DISABLED",
        (_, false, _) => "TRIGGERED",
        (_, _, true) => "MONITORING_COMPLETE",
        _ => "MONITORING",
    };
    let status = service_show::breaker_status(enabled, record.triggered, record.is_over());
    let summary = |arn: &String| {
        let deployment = service.deployments.iter().find(|it| it.revision == *arn);
        let counts = |id: &str| service_show::counts(ecs, &service.key(), Some(id));
        let (running, pending) = deployment.map_or((0, 0), |it| counts(&it.id));
        let wanted = deployment.map_or(0, |it| service_show::wanted(ecs, service, it));
        json!({
            "arn": arn,
            "requestedTaskCount": wanted,
            "runningTaskCount": running,
            "pendingTaskCount": pending,
        })
    };
    let rollback = record.rollback.as_ref().map(|(reason, since, revision)| {
        json!({
            "reason": reason,
            "startedAt": since.epoch_seconds(),
            "serviceRevisionArn": revision,
        })
    });
    json!({
        "serviceDeploymentArn": record.arn,
        "serviceArn": service.arn,
        "clusterArn": cluster_arn(service),
        "createdAt": record.created.epoch_seconds(),
        "startedAt": moment(record.started),
        "finishedAt": moment(record.finished),
        "stoppedAt": moment(record.stopped),
        "updatedAt": record.updated.epoch_seconds(),
        "sourceServiceRevisions": record.sources.iter().map(summary).collect::<Vec<_>>(),
        "targetServiceRevision": summary(&record.target),
        "status": record.status,
        "statusReason": record.reason,
        "deploymentConfiguration": service_show::configuration(&record.configuration),
        "rollback": rollback,
        "lifecycleStage": record.stage.map(|(stage, _)| stage.word()),
        "deploymentCircuitBreaker": {
            "status": status,
            "failureCount": failures,
            "threshold": threshold,
        },
        "alarms": {"status": alarms, "alarmNames": watched, "triggeredAlarmNames": record.rang},
    })
}

pub(super) fn describe_revisions(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    let arns = arns(input, "serviceRevisionArns")?;
    let ecs = &ctx.here().ecs;
    for arn in arns {
        let service = owner(ecs, &arn);
        match service.and_then(|it| it.revision(&arn).map(|revision| (it, revision))) {
            Some((service, revision)) => {
                let cluster = cluster_arn(service);
                found.push(service_show::show_revision(service, &cluster, revision));
            }
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceRevisions": found, "failures": failures}))
}

/// Stops a service deployment, which goes back to the last one that succeeded (ECS API reference,
/// `StopServiceDeployment`). One that is on its way back goes on with that (ECS Developer Guide, "Stopping
/// Amazon ECS service deployments").
pub(super) fn stop(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("serviceDeploymentArn")?.to_owned();
    if input.one_of("stopType", &["ABORT", "ROLLBACK"])? == Some("ABORT") {
        return Err(rules::ecs::STOP_TYPE.refuse("The valid value of stopType is ROLLBACK."));
    }
    let missing = || rules::ecs::DEPLOYMENT_EXISTS.refuse("Service deployment not found.");
    let mut service = owner(&ctx.here().ecs, &arn).cloned().ok_or_else(missing)?;
    let record = service.record(&arn).ok_or_else(missing)?;
    if record.is_over() {
        return Err(rules::ecs::DEPLOYMENT_RUNNING
            .refuse("The service deployment cannot be stopped in its present status."));
    }
    if record.rollback.is_some() {
        return Ok(json!({"serviceDeploymentArn": arn}));
    }
    let now = ctx.now();
    if let Some(primary) = service.deployments.first_mut() {
        primary.rollout = super::state::Rollout::Failed;
        "Service deployment was stopped by the user.".clone_into(&mut primary.reason);
        primary.updated = now;
    }
    let reason = "Service deployment rolled back because it was stopped by the user.";
    rollout::roll_back(ctx.world, &mut service, reason);
    let key = service.key();
    service.steady = false;
    ctx.here().ecs.services.insert(key.clone(), service);
    let region = ctx.region.clone();
    wake(ctx.world, &region, &key);
    Ok(json!({"serviceDeploymentArn": arn}))
}
