//! What tasks go through, from PROVISIONING to STOPPED (ECS Developer Guide, "Amazon ECS task
//! lifecycle").

use std::time::Duration;

use serde_json::Value;

use super::{
    command, definitions, exec,
    obstacles::{self, Obstacle},
    outside, rollout,
    state::{Container, EcsEvent, STOPPED_VISIBLE, StopCode, Task, TaskStep},
    task_health::{PROVEN, verdict},
    task_order, task_start, wake,
};
use crate::{
    breaks::Condition,
    image::App,
    world::{Event, World},
};

const PREPARED_AFTER: Duration = Duration::from_secs(3);
const PULLED_AFTER: Duration = Duration::from_secs(10);
const STARTED_AFTER: Duration = Duration::from_secs(5);

/// How long a container waits for others of its task (ECS API reference, `ContainerDefinition`,
/// `startTimeout`).
const OVERDUE_AFTER: Duration = Duration::from_mins(3);

/// How long an application takes to end when it is asked to, if its container lets it.
const ENDS_AFTER: i64 = 2;

/// How long it takes until an ended task is gone.
const GONE_AFTER: Duration = Duration::from_secs(8);

/// The code of a process that ended on SIGTERM.
const SIGTERM: i32 = 143;

/// The code of a process that was killed.
const SIGKILL: i32 = 137;

/// How long a task runs on spare capacity when Fargate needs it elsewhere.
const RECLAIMED_AFTER: Duration = Duration::from_secs(90);

/// Lets a task get on.
pub(super) fn happen(world: &mut World, region: &str, id: &str, step: TaskStep) {
    // Taken out while it changes, so that the rest of the world can change too.
    let Some(mut task) = world.region(region).ecs.tasks.remove(id) else { return };
    task.version += 1;
    let service = task.service.clone();
    let mut keep = true;
    match step {
        TaskStep::Provisioned
        | TaskStep::Prepare
        | TaskStep::Pulled
        | TaskStep::Started
        | TaskStep::Overdue
        | TaskStep::Failed { .. } => {
            // A task that is being stopped starts nothing any more.
            if task.is_wanted() {
                advance(world, region, &mut task, step);
            }
        }
        TaskStep::Exited { container, code, reason, log } => {
            exited(world, region, &mut task, (&container, code, reason), log);
        }
        TaskStep::Health { container, healthy } => {
            if let Some(found) = task.containers.iter_mut().find(|it| it.name == container)
                && found.last_status == "RUNNING"
            {
                if healthy { "HEALTHY" } else { "UNHEALTHY" }.clone_into(&mut found.health);
            }
            start_ready(world, region, &mut task);
        }
        TaskStep::Reclaimed => {
            if task.is_wanted() {
                let reason = "Your Spot Task was interrupted.";
                halt(world, region, &mut task, StopCode::SpotInterruption, reason);
            }
        }
        TaskStep::Drained => end(world, region, &mut task),
        TaskStep::Terminated => terminated(world, region, &mut task),
        TaskStep::Gone => gone(world, region, &mut task),
        TaskStep::Forgotten => keep = false,
    }
    if keep {
        world.region(region).ecs.tasks.insert(id.to_owned(), task);
    } else {
        definitions::sweep(&mut world.region(region).ecs);
    }
    if let Some(service) = service {
        wake(world, region, &service);
    }
}

fn next(world: &mut World, region: &str, task: &Task, after: Duration, step: TaskStep) {
    let event = EcsEvent::Task { id: task.id.clone(), step };
    world.schedule(after, region, Event::Ecs(event));
}

fn body(world: &mut World, region: &str, task: &Task) -> Value {
    let found = world.region(region).ecs.definition(&task.definition);
    found.map(|found| found.body.clone()).unwrap_or_default()
}

fn advance(world: &mut World, region: &str, task: &mut Task, step: TaskStep) {
    let outcome = match step {
        TaskStep::Provisioned => task_start::attach(world, region, task).map(|()| {
            "PENDING".clone_into(&mut task.last_status);
            next(world, region, task, PREPARED_AFTER, TaskStep::Prepare);
        }),
        TaskStep::Prepare => {
            let body = body(world, region, task);
            obstacles::prepare(world, region, task, &body).map(|digests| {
                task.pull_started = Some(world.now);
                resolve(world, region, task, digests);
                next(world, region, task, PULLED_AFTER, TaskStep::Pulled);
            })
        }
        TaskStep::Pulled => {
            task.pull_stopped = Some(world.now);
            let body = body(world, region, task);
            obstacles::open_logs(world, region, task, &body).map(|()| {
                "ACTIVATING".clone_into(&mut task.last_status);
                next(world, region, task, STARTED_AFTER, TaskStep::Started);
            })
        }
        TaskStep::Started => obstacles::run(world, task).map(|()| {
            task.agent = exec::agent(world, region, task);
            started(world, region, task);
        }),
        TaskStep::Overdue => {
            overdue(world, region, task);
            Ok(())
        }
        TaskStep::Failed { reason, container } => {
            if let Some(found) =
                task.containers.iter_mut().find(|it| Some(&it.name) == container.as_ref())
            {
                found.reason = Some(reason.clone());
                // Exit code of a shell for a program that is not there.
                found.exit_code = reason.contains(obstacles::NO_PROGRAM).then_some(127);
            }
            blame(world, region, task, false);
            halt(world, region, task, StopCode::TaskFailedToStart, &reason);
            Ok(())
        }
        _ => Ok(()),
    };
    if let Err(Obstacle { reason, container, after }) = outcome {
        next(world, region, task, after, TaskStep::Failed { reason, container });
    }
}

/// Notes the digests, for the task and for later ones of the same revision.
fn resolve(world: &mut World, region: &str, task: &mut Task, digests: Vec<String>) {
    for (container, digest) in task.containers.iter_mut().zip(digests) {
        container.digest = Some(digest);
    }
    let (Some(service), Some(revision)) = (&task.service, &task.revision) else { return };
    let Some(service) = world.region(region).ecs.services.get_mut(service) else { return };
    let found = service.revisions.iter_mut().find(|found| found.arn == *revision);
    for image in found.into_iter().flat_map(|found| &mut found.images) {
        let container = task.containers.iter().find(|it| it.name == image.container);
        if image.digest.is_none() {
            image.digest = container.and_then(|it| it.digest.clone());
        }
    }
}

/// Counts a failure against the task's service.
fn blame(world: &mut World, region: &str, task: &Task, started: bool) {
    let now = world.now;
    let (Some(key), Some(deployment)) = (&task.service, &task.started_by) else { return };
    let Some(mut service) = world.region(region).ecs.services.remove(key) else { return };
    rollout::count_failure(&mut service, deployment, started, now);
    if !started && service.failed_starts == 5 {
        let message = "is unable to consistently start tasks successfully.";
        rollout::event(world, &mut service, message, false);
    }
    world.region(region).ecs.services.insert(key.clone(), service);
}

/// Starts the containers that wait for nothing; others follow as what they wait for comes true.
fn started(world: &mut World, region: &str, task: &mut Task) {
    next(world, region, task, OVERDUE_AFTER, TaskStep::Overdue);
    start_ready(world, region, task);
}

/// Starts what waits for nothing any more. The task runs once every container has been started.
fn start_ready(world: &mut World, region: &str, task: &mut Task) {
    if task.last_status != "ACTIVATING" || !task.is_wanted() {
        return;
    }
    let body = body(world, region, task);
    let definitions = body["containerDefinitions"].as_array().cloned().unwrap_or_default();
    while let Some(at) = task_order::ready(task, &definitions) {
        let runtime = format!("{}-{}", task.id, world.ids.digits(10));
        task.containers[at].runtime_id = Some(runtime);
        "RUNNING".clone_into(&mut task.containers[at].last_status);
        let name = &task.containers[at].name;
        let overrides = task.overrides["containerOverrides"].as_array();
        let own = overrides.and_then(|list| list.iter().find(|it| it["name"] == *name));
        let definition = definitions.get(at).cloned().unwrap_or_default();
        let app = own.and_then(command::instead).unwrap_or_else(|| {
            let app = obstacles::app(world, &task.containers[at]);
            let essential = task.containers[at].essential;
            if task.service.is_none() && essential {
                command::one_off(app, &definition)
            } else {
                app
            }
        });
        run(world, region, task, (at, &app), &definition, &body);
    }
    if !task.containers.iter().any(|it| it.last_status == "PENDING") {
        running(world, region, task);
    }
}

fn running(world: &mut World, region: &str, task: &mut Task) {
    "RUNNING".clone_into(&mut task.last_status);
    task.started = Some(world.now);
    register(world, region, task);
    if let (Some(key), Some(id)) = (&task.service, &task.started_by)
        && let Some(service) = world.region(region).ecs.services.get_mut(key)
    {
        service.failed_starts = 0;
        // The count of failed starts begins again with a task that runs.
        if let Some(found) = service.deployments.iter_mut().find(|it| it.id == *id) {
            found.failed_tasks = 0;
        }
    }
    if let Some(key) = &task.service {
        let event = EcsEvent::Reconcile(key.clone());
        world.schedule(PROVEN, region, Event::Ecs(event));
    }
}

/// Gives up a task in which a container still waits for another.
fn overdue(world: &mut World, region: &str, task: &mut Task) {
    let waits = task.containers.iter().find(|it| it.last_status == "PENDING");
    let Some(waits) = waits.filter(|_| task.last_status == "ACTIVATING") else { return };
    // The words are the sandbox's own; the code is what AWS documents.
    let reason = format!("The container {} waited in vain for another to start it.", waits.name);
    blame(world, region, task, false);
    halt(world, region, task, StopCode::TaskFailedToStart, &reason);
}

/// Lets the application of a container do what it does.
fn run(
    world: &mut World,
    region: &str,
    task: &Task,
    (at, app): (usize, &App),
    definition: &Value,
    body: &Value,
) {
    let container = &task.containers[at];
    for line in &app.log {
        write_log(world, region, task, definition, line);
    }
    let name = container.name.clone();
    let port = definition["portMappings"][0]["containerPort"].as_u64();
    let port = port.and_then(|port| u16::try_from(port).ok());
    let check = &definition["healthCheck"];
    if let Some((after, healthy)) = verdict(check, app, port) {
        let step = TaskStep::Health { container: name.clone(), healthy };
        next(world, region, task, after, step);
    }
    let exit = |code, reason: Option<&str>, log: Vec<String>| TaskStep::Exited {
        container: name.clone(),
        code,
        reason: reason.map(ToOwned::to_owned),
        log,
    };
    let text = |value: &Value| value.as_str().and_then(|text| text.parse::<i64>().ok());
    let limit = definition["memory"].as_i64().or_else(|| text(&body["memory"]));
    let overrides = task.overrides["containerOverrides"].as_array();
    let overrides = overrides.and_then(|list| list.iter().find(|it| it["name"] == *container.name));
    let set = |wanted: &str| {
        let lists = [
            &definition["environment"],
            &definition["secrets"],
            overrides.map_or(&Value::Null, |it| &it["environment"]),
        ];
        lists.iter().any(|list| {
            list.as_array().is_some_and(|list| list.iter().any(|it| it["name"] == *wanted))
        })
    };
    let up = Duration::from_secs(u64::from(app.startup_seconds.max(1)));
    let arm = body["runtimePlatform"]["cpuArchitecture"] == "ARM64";
    let own = if arm { "arm64" } else { "amd64" };
    if app.architecture.as_deref().is_some_and(|built| built != own) {
        let line = "exec /usr/local/bin/docker-entrypoint.sh: exec format error".to_owned();
        next(world, region, task, Duration::from_secs(1), exit(1, None, vec![line]));
    } else if let Some(missing) = app.requires.iter().find(|wanted| !set(wanted)) {
        let line = format!("error: {missing} is not set");
        next(world, region, task, Duration::from_secs(1), exit(1, None, vec![line]));
    } else if limit.is_some_and(|limit| limit < i64::from(app.memory_mib)) {
        let reason = "OutOfMemoryError: Container killed due to memory usage";
        next(world, region, task, up, exit(137, Some(reason), Vec::new()));
    } else if let Some(code) = app.exit_code {
        let after = Duration::from_secs(u64::from(app.exit_after_seconds));
        next(world, region, task, after, exit(code, None, app.last_words.clone()));
    }
    if task.provider.as_deref() == Some("FARGATE_SPOT")
        && world.trouble.holds(Condition::SpotReclaimed, &task.names())
    {
        next(world, region, task, RECLAIMED_AFTER, TaskStep::Reclaimed);
    }
}

/// Writes a line to `<prefix>/<container>/<task id>`.
fn write_log(world: &mut World, region: &str, task: &Task, definition: &Value, line: &str) {
    let log = &definition["logConfiguration"];
    if log["logDriver"] != "awslogs" {
        return;
    }
    let option = |name: &str| log["options"][name].as_str();
    let place = option("awslogs-region").unwrap_or(region);
    let group = option("awslogs-group").unwrap_or_default();
    let prefix = option("awslogs-stream-prefix").unwrap_or_default();
    let name = definition["name"].as_str().unwrap_or_default();
    let stream = format!("{prefix}/{name}/{}", task.id);
    world.write_log(place, group, &stream, line);
}

fn register(world: &mut World, region: &str, task: &mut Task) {
    let Some(ip) = task.attachment.as_ref().map(|found| found.ip.clone()) else { return };
    let vpc = world.subnet(region, &task.subnet).map(|it| it.vpc.clone()).unwrap_or_default();
    for balancer in task.balancers.clone() {
        let container = task.containers.iter().find(|it| it.name == balancer.container);
        let app = container.cloned().map(|it| obstacles::app(world, &it)).unwrap_or_default();
        let now = world.now;
        let done = outside::register(world, region, &balancer, (&ip, &vpc), (app, now));
        let arn = &balancer.target_group;
        let message = match done {
            Ok(()) => format!("registered 1 targets in (target-group {arn})."),
            Err(error) => {
                format!("failed to register targets in (target-group {arn}) with (error {error}).")
            }
        };
        say(world, region, task, &message);
    }
    task.registered = !task.balancers.is_empty();
}

fn say(world: &mut World, region: &str, task: &Task, message: &str) {
    let Some(key) = &task.service else { return };
    let Some(mut service) = world.region(region).ecs.services.remove(key) else { return };
    rollout::event(world, &mut service, message, true);
    world.region(region).ecs.services.insert(key.clone(), service);
}

fn exited(
    world: &mut World,
    region: &str,
    task: &mut Task,
    (name, code, reason): (&str, i32, Option<String>),
    log: Vec<String>,
) {
    let body = body(world, region, task);
    let definitions = body["containerDefinitions"].as_array();
    let definition = definitions.and_then(|list| list.iter().find(|it| it["name"] == *name));
    let definition = definition.cloned().unwrap_or_default();
    let Some(found) = task.containers.iter_mut().find(|it| it.name == name) else { return };
    if found.last_status != "RUNNING" {
        return;
    }
    "STOPPED".clone_into(&mut found.last_status);
    (found.exit_code, found.reason) = (Some(code), reason);
    let essential = found.essential;
    for line in log {
        write_log(world, region, task, &definition, &line);
    }
    if essential && task.is_wanted() {
        blame(world, region, task, true);
        let code = StopCode::EssentialContainerExited;
        halt(world, region, task, code, "Essential container in task exited");
    }
    start_ready(world, region, task);
}

/// Begins to stop a task.
pub(super) fn stop(world: &mut World, region: &str, id: &str, code: StopCode, reason: &str) {
    let Some(mut task) = world.region(region).ecs.tasks.remove(id) else { return };
    if task.is_wanted() {
        halt(world, region, &mut task, code, reason);
        task.version += 1;
    }
    world.region(region).ecs.tasks.insert(id.to_owned(), task);
}

/// Running tasks first leave their target groups; others just end.
fn halt(world: &mut World, region: &str, task: &mut Task, code: StopCode, reason: &str) {
    "STOPPED".clone_into(&mut task.desired_status);
    task.stop_code = Some(code);
    task.stopped_reason = Some(reason.to_owned());
    task.stopping = Some(world.now);
    let running = task.last_status == "RUNNING";
    let mut delay = Duration::ZERO;
    if task.registered {
        let ip = task.attachment.as_ref().map(|it| it.ip.clone()).unwrap_or_default();
        for balancer in task.balancers.clone() {
            delay = delay.max(outside::deregister(world, region, &balancer, &ip));
        }
        task.registered = false;
    }
    if running && code != StopCode::EssentialContainerExited {
        "DEACTIVATING".clone_into(&mut task.last_status);
        next(world, region, task, delay.max(Duration::from_secs(1)), TaskStep::Drained);
    } else {
        "STOPPING".clone_into(&mut task.last_status);
        next(world, region, task, Duration::from_secs(1), TaskStep::Terminated);
    }
}

/// The containers are asked to end.
fn end(world: &mut World, region: &str, task: &mut Task) {
    "STOPPING".clone_into(&mut task.last_status);
    let body = body(world, region, task);
    let definitions = body["containerDefinitions"].as_array();
    let patience = |it: &Value| it["stopTimeout"].as_i64().unwrap_or(30);
    let definitions: Vec<i64> = definitions.into_iter().flatten().map(patience).collect();
    let mut longest = 0;
    for (container, patience) in task.containers.iter().zip(definitions) {
        let deaf = obstacles::app(world, container).ignores_sigterm;
        longest = longest.max(if deaf { patience } else { patience.min(ENDS_AFTER) });
    }
    let after = Duration::from_secs(u64::try_from(longest).unwrap_or(0));
    next(world, region, task, after, TaskStep::Terminated);
}

fn terminated(world: &mut World, region: &str, task: &mut Task) {
    let ran = task.started.is_some();
    for container in &mut task.containers {
        let deaf = obstacles::app(world, container).ignores_sigterm;
        finish(container, ran, if deaf { SIGKILL } else { SIGTERM });
    }
    if let Some(ip) = task.attachment.as_ref().map(|it| it.ip.clone()) {
        world.target_app_stopped(region, &ip);
    }
    task.execution_stopped = Some(world.now);
    "DEPROVISIONING".clone_into(&mut task.last_status);
    next(world, region, task, GONE_AFTER, TaskStep::Gone);
}

fn finish(container: &mut Container, ran: bool, code: i32) {
    if container.last_status == "RUNNING" && ran {
        container.exit_code = Some(code);
    }
    "STOPPED".clone_into(&mut container.last_status);
    "UNKNOWN".clone_into(&mut container.health);
}

fn gone(world: &mut World, region: &str, task: &mut Task) {
    if let Some(found) = &task.attachment {
        world.delete_eni(region, &found.eni);
    }
    "STOPPED".clone_into(&mut task.last_status);
    task.stopped = Some(world.now);
    next(world, region, task, STOPPED_VISIBLE, TaskStep::Forgotten);
}
