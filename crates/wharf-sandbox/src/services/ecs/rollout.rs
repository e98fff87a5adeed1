//! Deployments: how they begin, succeed, fail and go back.

use serde_json::Value;

use super::{
    shift,
    state::{
        Deployment, EcsEvent, ImageDigest, Revision, Rollout, Service, ServiceDeployment,
        ServiceEvent, Stage, Strategy,
    },
};
use crate::{
    time::SimTime,
    world::{Event, World},
};

/// How many events a service shows (ECS API reference, `Service`).
const MOST_EVENTS: usize = 100;

/// For how long the same event is not repeated (ECS Developer Guide, "Amazon ECS service event
/// messages").
const NOT_REPEATED: std::time::Duration = std::time::Duration::from_hours(6);

/// Why a deployment failed that had nothing to go back to.
const NO_CANDIDATE: &str = "No rollback candidate was found to run the rollback.";

/// Begins a deployment of a revision, whose ARN is made here.
pub(super) fn begin(
    world: &mut World,
    region: &str,
    service: &mut Service,
    mut revision: Revision,
) {
    let now = world.now;
    let key = service.key();
    let id = world.ids.digits(19);
    revision.arn = world.arn("ecs", region, &format!("service-revision/{key}/{id}"));
    revision.created = now;
    revision.images = images(world, region, &revision.definition);
    let letters = world.ids.letters(21);
    let arn = world.arn("ecs", region, &format!("service-deployment/{key}/{letters}"));
    supersede(service, now);
    revision.resolved = shift::groups(service, &revision);
    let shifts = service.configuration.strategy != Strategy::Rolling;
    let overlooked = world.region(region).cloudwatch.ringing();
    service.history.push(ServiceDeployment {
        arn: arn.clone(),
        sources: service.deployments.iter().map(|it| it.revision.clone()).collect(),
        target: revision.arn.clone(),
        status: "IN_PROGRESS".to_owned(),
        reason: None,
        created: now,
        started: Some(now),
        finished: None,
        stopped: None,
        updated: now,
        rollback: None,
        breaker: (0, service.configuration.breaker.limit(service.desired)),
        triggered: false,
        overlooked,
        rang: Vec::new(),
        configuration: service.configuration.clone(),
        stage: shifts.then_some((Stage::Reconcile, now)),
        shifted: 0.0,
    });
    let id = format!("ecs-svc/{}", world.ids.digits(19));
    let deployment = Deployment {
        reason: format!("ECS deployment {id} in progress."),
        id,
        revision: revision.arn.clone(),
        service_deployment: arn,
        created: now,
        updated: now,
        rollout: Rollout::InProgress,
        failed_tasks: 0,
        failures: 0,
        there: None,
    };
    service.revisions.push(revision);
    service.deployments.insert(0, deployment);
    service.steady = false;
    (service.failed_starts, service.throttled_until) = (0, SimTime::default());
}

fn images(world: &mut World, region: &str, definition: &str) -> Vec<ImageDigest> {
    let Some(found) = world.region(region).ecs.definition(definition) else { return Vec::new() };
    let containers = found.body["containerDefinitions"].as_array();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    containers
        .into_iter()
        .flatten()
        .map(|it| ImageDigest {
            container: text(&it["name"]),
            image: text(&it["image"]),
            digest: None,
        })
        .collect()
}

/// Ends the records of service deployments that a newer one replaces.
fn supersede(service: &mut Service, now: SimTime) {
    for record in service.history.iter_mut().filter(|record| !record.is_over()) {
        let rolling_back = record.status.starts_with("ROLLBACK");
        if rolling_back { "ROLLBACK_FAILED" } else { "STOPPED" }.clone_into(&mut record.status);
        record.reason = Some("Replaced by a newer service deployment.".to_owned());
        (record.stopped, record.finished, record.updated) = (Some(now), Some(now), now);
    }
}

/// The primary deployment has done its work.
pub(super) fn complete(world: &mut World, service: &mut Service) {
    let now = world.now;
    service.deployments.truncate(1);
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.rollout = Rollout::Completed;
    primary.reason = format!("ECS deployment {} completed.", primary.id);
    primary.updated = now;
    let (id, done) = (primary.id.clone(), primary.clone());
    let counted = done.failures;
    service.completed = Some(done);
    for record in service.history.iter_mut().filter(|record| !record.is_over()) {
        if record.rollback.is_some() {
            "ROLLBACK_SUCCESSFUL".clone_into(&mut record.status);
        } else {
            "SUCCESSFUL".clone_into(&mut record.status);
            record.breaker.0 = counted;
        }
        (record.finished, record.updated) = (Some(now), now);
    }
    event(world, service, &format!("(deployment {id}) deployment completed."), true);
}

/// The circuit breaker gives the primary deployment up.
pub(super) fn give_up(world: &mut World, service: &mut Service) {
    let now = world.now;
    let enabled = service.configuration.breaker.rollback;
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.rollout = Rollout::Failed;
    "ECS deployment circuit breaker: tasks failed to start.".clone_into(&mut primary.reason);
    primary.updated = now;
    let (id, counted) = (primary.id.clone(), primary.failures);
    let message = format!("(deployment {id}) deployment failed: tasks failed to start.");
    event(world, service, &message, true);
    for record in service.history.iter_mut().filter(|record| !record.is_over()) {
        record.triggered = true;
        record.breaker.0 = counted;
        record.updated = now;
    }
    if enabled {
        let reason = "Service deployment rolled back because the circuit breaker threshold was \
                      exceeded.";
        roll_back(world, service, reason);
    } else {
        let reason = "Service deployment stopped because the circuit breaker threshold was \
                      exceeded.";
        end_records(service, "STOPPED", reason, now);
    }
}

/// Alarms fail the primary deployment (ECS Developer Guide, "How CloudWatch alarms detect Amazon ECS deployment
/// failures").
pub(super) fn alarmed(world: &mut World, service: &mut Service, rang: &[String]) {
    let now = world.now;
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.rollout = Rollout::Failed;
    "ECS deployment failed: alarm detected.".clone_into(&mut primary.reason);
    primary.updated = now;
    let id = primary.id.clone();
    event(world, service, &format!("(deployment {id}) deployment failed: alarm detected."), true);
    for record in service.history.iter_mut().filter(|record| !record.is_over()) {
        record.rang = rang.to_vec();
        record.updated = now;
    }
    if service.configuration.alarms_roll_back() {
        roll_back(world, service, "Service deployment rolled back because of an alarm.");
    } else {
        end_records(service, "STOPPED", "Service deployment stopped because of an alarm.", now);
    }
}

/// Ends the service deployments that are under way.
pub(super) fn end_records(service: &mut Service, status: &str, reason: &str, now: SimTime) {
    for record in service.history.iter_mut().filter(|record| !record.is_over()) {
        status.clone_into(&mut record.status);
        record.reason = Some(reason.to_owned());
        (record.finished, record.stopped, record.updated) = (Some(now), Some(now), now);
    }
}

/// Goes back to the last deployment that succeeded, if there is one.
pub(super) fn roll_back(world: &mut World, service: &mut Service, reason: &str) {
    let now = world.now;
    let again = service.history.iter().any(|it| !it.is_over() && it.rollback.is_some());
    let failed = service.deployments.first().map(|it| it.id.clone()).unwrap_or_default();
    let target = service.completed.clone().filter(|target| !again && target.id != failed);
    let Some(mut target) = target else {
        end_records(service, "ROLLBACK_FAILED", NO_CANDIDATE, now);
        event(world, service, &format!("(deployment {failed}) {NO_CANDIDATE}"), true);
        return;
    };
    shift::back(world, service, &target.revision);
    service.deployments.retain(|it| it.id != target.id);
    target.rollout = Rollout::InProgress;
    target.reason =
        format!("ECS deployment circuit breaker: rolling back to deploymentId {}.", target.id);
    (target.updated, target.failures, target.failed_tasks) = (now, 0, 0);
    for record in service.history.iter_mut().filter(|record| !record.is_over()) {
        "ROLLBACK_IN_PROGRESS".clone_into(&mut record.status);
        record.reason = Some(reason.to_owned());
        record.rollback = Some((reason.to_owned(), now, target.revision.clone()));
        record.updated = now;
    }
    (service.failed_starts, service.throttled_until) = (0, SimTime::default());
    event(world, service, &format!("rolling back to deployment {}.", target.id), false);
    service.deployments.insert(0, target);
}

/// Counts a task that failed, against its deployment.
pub(super) fn count_failure(service: &mut Service, deployment: &str, started: bool, now: SimTime) {
    if let Some(found) = service.deployments.iter_mut().find(|it| it.id == deployment) {
        found.failures += i64::from(found.rollout == Rollout::InProgress);
        found.failed_tasks += i64::from(!started);
        found.updated = now;
        let (arn, failures) = (found.service_deployment.clone(), found.failures);
        if let Some(record) = service.record(&arn).filter(|record| !record.is_over()) {
            record.breaker.0 = failures;
            record.updated = now;
        }
    }
    if started {
        return;
    }
    // Starts that keep failing are tried ever more slowly, at most every 15 minutes (ECS Developer
    // Guide, "Service throttle logic"); failures after the start are not.
    service.failed_starts += 1;
    if service.failed_starts >= 3 {
        let doublings = (service.failed_starts - 3).min(6);
        let seconds = (15_u64 << doublings).min(900);
        service.throttled_until = now + std::time::Duration::from_secs(seconds);
    }
}

/// Writes an event of a service, unless it is the same as a recent one.
pub(super) fn event(world: &mut World, service: &mut Service, message: &str, repeat: bool) {
    let message = format!("(service {}) {message}", service.name);
    let now = world.now;
    let said =
        service.events.iter().any(|it| it.message == message && now.since(it.at) < NOT_REPEATED);
    if said && !repeat {
        return;
    }
    let id = world.ids.uuid();
    service.events.insert(0, ServiceEvent { id, at: now, message });
    service.events.truncate(MOST_EVENTS);
}

/// Schedules the next look at a service.
pub(super) fn look_again(
    world: &mut World,
    region: &str,
    service: &mut Service,
    after: std::time::Duration,
) {
    if !service.watched {
        service.watched = true;
        world.schedule(after, region, Event::Ecs(EcsEvent::Watch(service.key())));
    }
}
