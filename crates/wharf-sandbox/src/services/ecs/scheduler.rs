//! The service scheduler: it looks at a service and starts and stops tasks.

use std::time::Duration;

use super::{
    definitions, outside, rollout,
    service_show::has_failed,
    shift,
    state::{Revision, Rollout, Service, StopCode, Task, TaskDefinition},
    task_health::{self, Fault},
    task_life, task_start,
};
use crate::world::World;

/// How often a service is looked at that is not steady.
pub(super) const RESTLESS: Duration = Duration::from_secs(5);

/// How often a steady service is looked at, for targets that became unhealthy.
const STEADY: Duration = Duration::from_secs(30);

/// How long alarms are watched when everything is there. ECS computes it from the alarms; this is for one that
/// looks at five periods of a minute.
const BAKE: Duration = Duration::from_mins(5);

/// How long a launch is put off that could not be made.
const PUT_OFF: Duration = Duration::from_secs(10);

/// A task as the scheduler sees it.
pub(super) struct View {
    pub(super) id: String,
    number: u64,
    pub(super) deployment: String,
    pub(super) wanted: bool,
    pub(super) healthy: bool,
    protected: bool,
}

/// The regular look.
pub(super) fn watch(world: &mut World, region: &str, key: &str) {
    if let Some(service) = world.region(region).ecs.services.get_mut(key) {
        service.watched = false;
    }
    look(world, region, key);
}

/// Looks at a service and does what is to be done now.
pub(super) fn look(world: &mut World, region: &str, key: &str) {
    let services = &mut world.region(region).ecs.services;
    // Taken out while it changes, so that the rest of the world can change too.
    let Some(mut service) = services.remove(key) else { return };
    match service.status.as_str() {
        "ACTIVE" => round(world, region, &mut service),
        "DRAINING" => drain(world, region, &mut service),
        _ => {}
    }
    world.region(region).ecs.services.insert(key.to_owned(), service);
}

pub(super) fn views(world: &mut World, region: &str, service: &Service) -> Vec<View> {
    let now = world.now;
    let tasks: Vec<Task> =
        world.region(region).ecs.tasks_of(&service.key()).into_iter().cloned().collect();
    tasks
        .into_iter()
        .map(|task| View {
            healthy: task_health::is_healthy(world, region, &task),
            wanted: task.is_wanted(),
            protected: task.is_protected(now),
            number: task.number,
            deployment: task.started_by.unwrap_or_default(),
            id: task.id,
        })
        .collect()
}

fn round(world: &mut World, region: &str, service: &mut Service) {
    stop_faulty(world, region, service);
    if shift::is_under_way(service) {
        return shift::round(world, region, service);
    }
    let tasks = views(world, region, service);
    let Some(primary) = service.deployments.first().map(|it| it.id.clone()) else { return };
    let (own, others): (Vec<&View>, Vec<&View>) =
        tasks.iter().partition(|task| task.deployment == primary);
    let healthy_own = count(own.iter().filter(|task| task.healthy));
    settle(world, region, service, (&own, &others), healthy_own);
    // A rollback made another deployment the primary one: look again with that in view.
    if service.deployments.first().is_some_and(|it| it.id != primary) {
        return round(world, region, service);
    }
    let stopped = make_room(world, region, service, &tasks);
    let wanted = |task: &&&View| task.wanted && !stopped.contains(&task.id);
    let alive_own = count(own.iter().filter(wanted));
    let alive = alive_own + count(others.iter().filter(wanted));
    let need = service.desired - alive_own;
    let room = service.most() - alive;
    let given_up = service.deployments.first().is_some_and(has_failed);
    if need > 0 && !given_up {
        if room > 0 && world.now >= service.throttled_until {
            launch(world, region, service, need.min(room));
        } else if room <= 0 && stopped.is_empty() && count(tasks.iter()) == alive {
            let message = "was unable to stop or start tasks during a deployment because of the \
                           service deployment configuration. Update the minimumHealthyPercent or \
                           maximumPercent value and try again.";
            let stuck = tasks.iter().all(|task| task.healthy) && service.most() <= service.least();
            if stuck {
                rollout::event(world, service, message, false);
            }
        }
    }
    let done = service.deployments.first().is_some_and(|it| it.rollout == Rollout::Completed);
    let all_there = healthy_own == service.desired && count(tasks.iter()) == service.desired;
    if done && all_there && !service.steady {
        rollout::event(world, service, "has reached a steady state.", true);
    }
    service.steady = done && all_there;
    let idle = service.steady || (given_up && tasks.iter().all(|task| task.wanted));
    if !idle {
        rollout::look_again(world, region, service, RESTLESS);
    } else if !tasks.is_empty() {
        rollout::look_again(world, region, service, STEADY);
    }
}

pub(super) fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}

/// Ends the primary deployment if it has succeeded or failed.
fn settle(
    world: &mut World,
    region: &str,
    service: &mut Service,
    (own, others): (&[&View], &[&View]),
    healthy: i64,
) {
    let (desired, now) = (service.desired, world.now);
    let breaker = service.configuration.breaker.clone();
    // Rows of earlier deployments drop out when their last task has stopped.
    let primary_id = service.deployments.first().map(|it| it.id.clone());
    service.deployments.retain(|it| {
        Some(&it.id) == primary_id.as_ref() || others.iter().any(|task| task.deployment == it.id)
    });
    let watched = if rolls_back(service) { Vec::new() } else { service.configuration.watched() };
    let rang = rang(world, region, service, &watched);
    let Some(primary) = service.deployments.first_mut() else { return };
    if primary.rollout != Rollout::InProgress {
        return;
    }
    if healthy > 0 && breaker.reset != Some(false) && primary.failures > 0 {
        (primary.failures, primary.updated) = (0, now);
    }
    let alive = count(own.iter().filter(|task| task.wanted));
    let there = alive == desired && healthy == desired && others.is_empty();
    let since = if there { primary.there.or(Some(now)) } else { None };
    primary.there = since;
    let baked = watched.is_empty() || since.is_some_and(|since| now.since(since) >= BAKE);
    if !rang.is_empty() {
        rollout::alarmed(world, service, &rang);
    } else if there && baked {
        rollout::complete(world, service);
    } else if breaker.enable && primary.failures >= breaker.limit(desired) {
        rollout::give_up(world, service);
    }
}

/// Says whether the service is on its way back, which no alarm stops.
fn rolls_back(service: &Service) -> bool {
    service.history.iter().any(|record| !record.is_over() && record.rollback.is_some())
}

/// Returns the watched alarms that went off since the deployment began.
pub(super) fn rang(
    world: &mut World,
    region: &str,
    service: &Service,
    watched: &[String],
) -> Vec<String> {
    let ringing = world.region(region).cloudwatch.ringing();
    let open = service.history.iter().find(|record| !record.is_over());
    let old = |name: &String| open.is_some_and(|record| record.overlooked.contains(name));
    watched.iter().filter(|name| ringing.contains(*name) && !old(name)).cloned().collect()
}

/// Stops running tasks that are not healthy, once their grace period is over.
fn stop_faulty(world: &mut World, region: &str, service: &mut Service) {
    let tasks: Vec<Task> =
        world.region(region).ecs.tasks_of(&service.key()).into_iter().cloned().collect();
    for task in tasks {
        let Some(fault) = task_health::fault(world, region, &task, service.grace_seconds) else {
            continue;
        };
        let reason = match fault {
            Fault::Target { group, port, reason } => {
                let message = format!(
                    "(port {port}) is unhealthy in (target-group {group}) due to (reason {reason})."
                );
                rollout::event(world, service, &message, true);
                format!("Task failed ELB health checks in (target-group {group})")
            }
            Fault::NoGroup { group, port } => {
                let message = format!(
                    "(port {port}) is not healthy in target-group ({group}) due to TARGET GROUP IS \
                     NOT FOUND."
                );
                rollout::event(world, service, &message, false);
                continue;
            }
            Fault::Container => {
                let message = format!("(task {}) failed container health checks.", task.id);
                rollout::event(world, service, &message, true);
                "Task failed container health checks".to_owned()
            }
        };
        let deployment = task.started_by.clone().unwrap_or_default();
        rollout::count_failure(service, &deployment, true, world.now);
        task_life::stop(world, region, &task.id, StopCode::ServiceSchedulerInitiated, &reason);
        farewell(world, service, &[&task.id], !task.balancers.is_empty());
    }
}

/// Writes the events of tasks that are stopped.
pub(super) fn farewell(world: &mut World, service: &mut Service, ids: &[&str], balanced: bool) {
    if ids.is_empty() {
        return;
    }
    let (number, list) = (ids.len(), listed(ids));
    let message = format!("has stopped {number} running tasks: {list}.");
    rollout::event(world, service, &message, true);
    if balanced {
        let message = format!("has begun draining connections on {number} tasks.");
        rollout::event(world, service, &message, true);
    }
}

fn listed(ids: &[&str]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("(task {id})")).collect();
    ids.join(" ")
}

/// Stops the tasks that are too many or of earlier deployments, as far as enough healthy ones
/// remain. Returns which.
fn make_room(
    world: &mut World,
    region: &str,
    service: &mut Service,
    tasks: &[View],
) -> Vec<String> {
    let Some(primary) = service.deployments.first().cloned() else { return Vec::new() };
    let least = service.least();
    let mut healthy = count(tasks.iter().filter(|task| task.healthy));
    let alive: Vec<&View> = tasks.iter().filter(|task| task.wanted).collect();
    let (mut own, mut old): (Vec<&View>, Vec<&View>) =
        alive.iter().partition(|task| task.deployment == primary.id);
    // Unhealthy ones first; of the present deployment the newest, of earlier ones the oldest.
    own.sort_by_key(|task| (task.healthy, std::cmp::Reverse(task.number)));
    old.sort_by_key(|task| (task.healthy, task.number));
    let given_up = has_failed(&primary);
    let total = count(alive.iter());
    let excess = if given_up { total } else { count(own.iter()) } - service.desired;
    let mut stopping: Vec<&View> = Vec::new();
    if !given_up {
        for task in old {
            if task.protected || (task.healthy && healthy - 1 < least) {
                continue;
            }
            healthy -= i64::from(task.healthy);
            stopping.push(task);
        }
    }
    let (surplus, kept): (Vec<&View>, Vec<&View>) =
        own.into_iter().filter(|_| excess > 0).partition(|task| !task.protected);
    let excess = usize::try_from(excess).unwrap_or(0);
    if surplus.len() < excess && !kept.is_empty() {
        let message = "was unable to scale in. Reason: The number of protected tasks are more than \
                       the desired count of tasks.";
        rollout::event(world, service, message, false);
    }
    stopping.extend(surplus.into_iter().take(excess));
    let ids: Vec<&str> = stopping.iter().map(|task| task.id.as_str()).collect();
    for task in &stopping {
        let reason = format!("Scaling activity initiated by (deployment {})", primary.id);
        task_life::stop(world, region, &task.id, StopCode::ServiceSchedulerInitiated, &reason);
    }
    let balanced = service.current().is_some_and(|revision| !revision.balancers.is_empty());
    farewell(world, service, &ids, balanced);
    ids.into_iter().map(ToOwned::to_owned).collect()
}

/// Starts tasks of the primary deployment.
pub(super) fn launch(world: &mut World, region: &str, service: &mut Service, number: i64) {
    let Some(revision) = service.current().cloned() else { return };
    let found = world.region(region).ecs.definition(&revision.definition).cloned();
    let Some(definition) = found else { return };
    if let Err(message) = launchable(world, &revision, &definition) {
        rollout::event(world, service, &message, false);
        service.throttled_until = world.now + PUT_OFF;
        return;
    }
    let mut ids = Vec::new();
    for _ in 0..number {
        ids.push(task_start::for_service(world, region, service, &revision, &definition));
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let message = format!("has started {number} tasks: {}.", listed(&ids));
    rollout::event(world, service, &message, true);
}

fn launchable(
    world: &World,
    revision: &Revision,
    definition: &TaskDefinition,
) -> Result<(), String> {
    let containers = definition.body["containerDefinitions"].as_array();
    let names = containers.into_iter().flatten().filter_map(|it| it["name"].as_str());
    if let Some(words) = world.trouble.refusal(&names.collect::<Vec<_>>()) {
        return Err(words.to_owned());
    }
    if revision.launch_type.as_deref() == Some("EC2") {
        return Err("was unable to place a task because no container instance met all of its \
                    requirements. Reason: No Container Instances were found in your cluster."
            .to_owned());
    }
    for member in ["executionRoleArn", "taskRoleArn"] {
        let Some(role) = definition.body[member].as_str() else { continue };
        if !outside::assumable(world, role) {
            return Err(format!("failed to launch a task with (error {}).", not_assumed(role)));
        }
    }
    Ok(())
}

/// ECS's words for a role that tasks cannot have.
pub(super) fn not_assumed(role: &str) -> String {
    format!(
        "ECS was unable to assume the role '{role}' that was provided for this task. Please verify \
         that the role being passed has the proper trust relationship and permissions and that \
         your IAM user has permissions to pass this role."
    )
}

/// Stops the tasks of a deleted service; when the last has stopped it is `INACTIVE`.
fn drain(world: &mut World, region: &str, service: &mut Service) {
    let tasks = views(world, region, service);
    if tasks.is_empty() {
        "INACTIVE".clone_into(&mut service.status);
        service.deployments.clear();
        let now = world.now;
        rollout::end_records(service, "STOPPED", "The service was deleted.", now);
        definitions::sweep(&mut world.region(region).ecs);
        return;
    }
    let deployment = service.deployments.first().map(|it| it.id.clone()).unwrap_or_default();
    let reason = format!("Scaling activity initiated by (deployment {deployment})");
    let ids: Vec<&str> =
        tasks.iter().filter(|task| task.wanted).map(|task| task.id.as_str()).collect();
    for id in &ids {
        task_life::stop(world, region, id, StopCode::ServiceSchedulerInitiated, &reason);
    }
    let balanced = service.current().is_some_and(|revision| !revision.balancers.is_empty());
    farewell(world, service, &ids, balanced);
    rollout::look_again(world, region, service, RESTLESS);
}
