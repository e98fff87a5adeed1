//! What happens when a schedule is due: its task is started, with the rights of its role.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    expression, schedule_event,
    schedules::PRINCIPAL,
    state::{Invocation, Schedule, SchedulerEvent},
};
use crate::{
    services::{Ctx, ecs},
    time::SimTime,
    world::World,
};

/// How many tries are remembered of a schedule.
const REMEMBERED: usize = 20;

/// The first pause before a try is repeated; each further one is twice as long, up to the longest.
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// Plans for the next time of a schedule.
pub(super) fn plan_next(world: &mut World, region: &str, key: &str) {
    let now = world.now;
    let Some(schedule) = world.region(region).scheduler.schedules.get(key) else { return };
    let text = |member: &str| schedule.body[member].as_str().unwrap_or_default();
    let moments = (schedule.modified, now);
    let at =
        expression::next(text("ScheduleExpression"), text("ScheduleExpressionTimezone"), moments);
    let Some(at) = at else { return };
    let event = SchedulerEvent::Fire { key: key.to_owned(), version: schedule.version };
    schedule_event(world, region, at.since(now), event);
}

/// The time of a schedule has come.
pub(super) fn due(world: &mut World, region: &str, key: &str, version: u64) {
    let now = world.now;
    again(world, region, key, version, (0, now));
    if current(world, region, key, version).is_some() {
        plan_next(world, region, key);
    }
}

fn current(world: &mut World, region: &str, key: &str, version: u64) -> Option<Schedule> {
    let found = world.region(region).scheduler.schedules.get(key)?;
    (found.version == version).then(|| found.clone())
}

/// Tries to start what a schedule is for. What fails is tried again as its retry policy says
/// (EventBridge Scheduler API reference, `RetryPolicy`).
pub(super) fn again(
    world: &mut World,
    region: &str,
    key: &str,
    version: u64,
    (tried, since): (u32, SimTime),
) {
    let Some(schedule) = current(world, region, key, version) else { return };
    if schedule.body["State"] != "ENABLED" {
        return;
    }
    let error = start(world, region, &schedule).err();
    let now = world.now;
    let invocation = Invocation { at: now, attempt: tried + 1, error: error.clone() };
    if let Some(found) = world.region(region).scheduler.schedules.get_mut(key) {
        found.invocations.push(invocation);
        let surplus = found.invocations.len().saturating_sub(REMEMBERED);
        found.invocations.drain(..surplus);
    }
    if error.is_none() {
        return;
    }
    let policy = &schedule.body["Target"]["RetryPolicy"];
    let pause = PAUSE.saturating_mul(1 << tried.min(8)).min(LONGEST_PAUSE);
    let age = policy["MaximumEventAgeInSeconds"].as_u64().unwrap_or(86400);
    let most = policy["MaximumRetryAttempts"].as_u64().unwrap_or(185);
    if u64::from(tried) < most && (now + pause).since(since) <= Duration::from_secs(age) {
        let event = SchedulerEvent::Again { key: key.to_owned(), version, tried: tried + 1, since };
        schedule_event(world, region, pause, event);
    }
}

/// Starts the task; the error says what kept it from starting.
fn start(world: &mut World, region: &str, schedule: &Schedule) -> Result<(), String> {
    let target = &schedule.body["Target"];
    let parameters = &target["EcsParameters"];
    let role = target["RoleArn"].as_str().unwrap_or_default();
    let definition = parameters["TaskDefinitionArn"].as_str().unwrap_or_default();
    if !world.role_assumable(role, PRINCIPAL) {
        return Err(format!("the role {role} cannot be assumed"));
    }
    let found = world.region(region).ecs.definition(definition).cloned();
    let resource = found.as_ref().map_or(definition, |found| found.arn.as_str());
    if !world.role_allows(role, "ecs:RunTask", resource) {
        return Err(format!("{role} is not authorized to perform: ecs:RunTask on {resource}"));
    }
    for member in ["executionRoleArn", "taskRoleArn"] {
        let passed = found.as_ref().and_then(|found| found.body[member].as_str());
        if let Some(passed) =
            passed.filter(|passed| !world.role_allows(role, "iam:PassRole", passed))
        {
            return Err(format!("{role} is not authorized to perform: iam:PassRole on {passed}"));
        }
    }
    let propagates = parameters["PropagateTags"].is_string();
    let tag = "ecs:TagResource";
    let task = world.arn("ecs", region, &format!("task/{}/*", last(&target["Arn"])));
    if propagates && !world.role_allows(role, tag, &task) {
        return Err(format!("{role} is not authorized to perform: {tag} on {task}"));
    }
    let mut ctx =
        Ctx { world, region: region.to_owned(), touched: false, status: None, headers: Vec::new() };
    ecs::run_task(&mut ctx, &request(schedule)).map(drop).map_err(|error| error.message)
}

fn last(arn: &Value) -> &str {
    let arn = arn.as_str().unwrap_or_default();
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Writes the target's parameters as ECS takes them.
fn request(schedule: &Schedule) -> Value {
    let target = &schedule.body["Target"];
    let parameters = &target["EcsParameters"];
    let network = &parameters["NetworkConfiguration"]["awsvpcConfiguration"];
    let mut request = Map::new();
    let mut put = |member: &str, value: Value| {
        if !value.is_null() {
            request.insert(member.to_owned(), value);
        }
    };
    put("cluster", target["Arn"].clone());
    for (here, there) in [
        ("TaskDefinitionArn", "taskDefinition"),
        ("TaskCount", "count"),
        ("LaunchType", "launchType"),
        ("CapacityProviderStrategy", "capacityProviderStrategy"),
        ("PlatformVersion", "platformVersion"),
        ("Group", "group"),
        ("EnableECSManagedTags", "enableECSManagedTags"),
        ("EnableExecuteCommand", "enableExecuteCommand"),
        ("PropagateTags", "propagateTags"),
        ("ReferenceId", "referenceId"),
    ] {
        put(there, parameters[here].clone());
    }
    if network.is_object() {
        let network = json!({"awsvpcConfiguration": {
            "subnets": network["Subnets"],
            "securityGroups": network["SecurityGroups"],
            "assignPublicIp": network["AssignPublicIp"],
        }});
        put("networkConfiguration", network);
    }
    if let Some(text) = target["Input"].as_str() {
        put("overrides", serde_json::from_str(text).unwrap_or_default());
    }
    // As the console shows tasks that were started by a schedule.
    put(
        "startedBy",
        format!("chronos-schedule/{}", schedule.name).chars().take(36).collect::<String>().into(),
    );
    Value::Object(request)
}
