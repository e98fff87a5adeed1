//! Schedules: writing and reading them.

use serde_json::{Map, Value, json};

use super::{
    expression, fire, groups,
    state::{DEFAULT, Schedule},
};
use crate::{
    error::AwsError,
    input::Input,
    rules::scheduler as rules,
    services::{Ctx, Reply},
};

/// Who starts what schedules are for, as roles' trust policies name it.
pub(super) const PRINCIPAL: &str = "scheduler.amazonaws.com";

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (group, name) = named(ctx, input, "GroupName")?;
    let key = format!("{group}/{name}");
    let token = input.str("ClientToken").map(str::to_owned);
    let body = body(ctx, input)?;
    if let Some(found) = ctx.here().scheduler.schedules.get(&key) {
        if token.is_some() && found.token == token && found.body == body {
            return Ok(json!({"ScheduleArn": found.arn}));
        }
        return Err(rules::SCHEDULE_NAME_UNIQUE.refuse(format!("Schedule {name} already exists.")));
    }
    let arn = ctx.arn("scheduler", &format!("schedule/{group}/{name}"));
    let now = ctx.now();
    let schedule = Schedule {
        group,
        name,
        arn: arn.clone(),
        body,
        created: now,
        modified: now,
        token,
        version: 1,
        invocations: Vec::new(),
    };
    ctx.here().scheduler.schedules.insert(key.clone(), schedule);
    let region = ctx.region.clone();
    fire::plan_next(ctx.world, &region, &key);
    Ok(json!({"ScheduleArn": arn}))
}

/// Replaces the whole schedule: what is not said takes its default again (EventBridge Scheduler API
/// reference, `UpdateSchedule`).
pub(super) fn update(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (group, name) = named(ctx, input, "GroupName")?;
    let body = body(ctx, input)?;
    let now = ctx.now();
    let found = find(ctx, &group, &name)?;
    found.body = body;
    found.modified = now;
    found.version += 1;
    let arn = found.arn.clone();
    let region = ctx.region.clone();
    fire::plan_next(ctx.world, &region, &format!("{group}/{name}"));
    Ok(json!({"ScheduleArn": arn}))
}

pub(super) fn get(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("Name")?;
    let group = input.str_or("groupName", DEFAULT);
    let found = find(ctx, group, name)?;
    let mut shown = found.body.as_object().cloned().unwrap_or_default();
    for (member, value) in [
        ("Arn", json!(found.arn)),
        ("Name", json!(found.name)),
        ("GroupName", json!(found.group)),
        ("CreationDate", found.created.epoch_seconds()),
        ("LastModificationDate", found.modified.epoch_seconds()),
    ] {
        shown.insert(member.to_owned(), value);
    }
    Ok(Value::Object(shown))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("Name")?;
    let group = input.str_or("groupName", DEFAULT);
    find(ctx, group, name)?;
    ctx.here().scheduler.schedules.remove(&format!("{group}/{name}"));
    Ok(json!({}))
}

/// Lists what is in one group, or in all of them.
pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let group = input.str("ScheduleGroup");
    if let Some(group) = group.filter(|group| *group != DEFAULT) {
        groups::find(ctx, group)?;
    }
    let prefix = input.str_or("NamePrefix", "");
    let state = input.str("State");
    let found: Vec<(String, Value)> = ctx
        .here()
        .scheduler
        .schedules
        .iter()
        .filter(|(_, it)| group.is_none_or(|group| it.group == group))
        .filter(|(_, it)| it.name.starts_with(prefix))
        .filter(|(_, it)| state.is_none_or(|state| it.body["State"] == state))
        .map(|(key, it)| {
            let shown = json!({
                "Arn": it.arn,
                "Name": it.name,
                "GroupName": it.group,
                "State": it.body["State"],
                "CreationDate": it.created.epoch_seconds(),
                "LastModificationDate": it.modified.epoch_seconds(),
                "Target": {"Arn": it.body["Target"]["Arn"]},
            });
            (key.clone(), shown)
        })
        .collect();
    let (page, next) = groups::page(input, found)?;
    Ok(json!({"Schedules": page, "NextToken": next}))
}

fn find<'c>(ctx: &'c mut Ctx<'_>, group: &str, name: &str) -> Result<&'c mut Schedule, AwsError> {
    let key = format!("{group}/{name}");
    ctx.here()
        .scheduler
        .schedules
        .get_mut(&key)
        .ok_or_else(|| rules::SCHEDULE_EXISTS.refuse(format!("Schedule {name} does not exist.")))
}

/// Returns the group, which must exist, and the name of the schedule a request is about.
fn named(ctx: &mut Ctx<'_>, input: &Input<'_>, member: &str) -> Result<(String, String), AwsError> {
    let name = input.required("Name")?.to_owned();
    let group = input.str_or(member, DEFAULT).to_owned();
    if group != DEFAULT && groups::find(ctx, &group)?.deleting {
        return Err(groups::being_deleted(&group));
    }
    Ok((group, name))
}

/// Reads what a schedule is to be, with the defaults filled in (EventBridge Scheduler API reference,
/// `CreateSchedule`).
fn body(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Result<Value, AwsError> {
    let zone = input.str_or("ScheduleExpressionTimezone", "UTC").to_owned();
    expression::check(input.required("ScheduleExpression")?, &zone)?;
    let window =
        input.structure("FlexibleTimeWindow").ok_or_else(|| input.missing("FlexibleTimeWindow"))?;
    let flexible = window.str("Mode") == Some("FLEXIBLE");
    if flexible != window.has("MaximumWindowInMinutes") {
        return Err(rules::WINDOW_LENGTH.refuse(
            "MaximumWindowInMinutes must be set when the mode is FLEXIBLE, and only then.",
        ));
    }
    let target = target(ctx, input)?;
    let mut body = Map::new();
    for member in ["ScheduleExpression", "StartDate", "EndDate", "Description", "KmsKeyArn"] {
        if let Some(value) = input.get(member) {
            body.insert(member.to_owned(), value.clone());
        }
    }
    let choice = |member, default: &str| input.str(member).unwrap_or(default).to_owned();
    body.insert("ScheduleExpressionTimezone".to_owned(), zone.into());
    body.insert("State".to_owned(), choice("State", "ENABLED").into());
    body.insert("ActionAfterCompletion".to_owned(), choice("ActionAfterCompletion", "NONE").into());
    body.insert("FlexibleTimeWindow".to_owned(), window.value().clone());
    body.insert("Target".to_owned(), target);
    Ok(Value::Object(body))
}

/// What a target names is not looked for when a schedule is written, but for its role.
fn target(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Result<Value, AwsError> {
    let target = input.structure("Target").ok_or_else(|| input.missing("Target"))?;
    let (arn, role) = (target.required("Arn")?, target.required("RoleArn")?);
    let ecs = target.structure("EcsParameters");
    let service = arn.split(':').nth(2).unwrap_or_default();
    let is_cluster = service == "ecs" && arn.contains(":cluster/");
    if ecs.is_some() != is_cluster {
        return Err(rules::TARGET_FITS.refuse(if is_cluster {
            "EcsParameters is required for a target that is an ECS cluster."
        } else {
            "The target of EcsParameters is the ARN of an ECS cluster."
        }));
    }
    if !is_cluster {
        return Err(rules::TARGET_SIMULATED
            .refuse("The sandbox simulates no other targets than ECS clusters."));
    }
    if let Some(ecs) = &ecs
        && ecs.has("LaunchType")
        && ecs.has("CapacityProviderStrategy")
    {
        return Err(rules::LAUNCH_TYPE_OR_STRATEGY.refuse(
            "Specifying both a launch type and a capacity provider strategy is not supported.",
        ));
    }
    if !ctx.world.role_assumable(role, PRINCIPAL) {
        return Err(rules::ROLE_ASSUMABLE.refuse(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        ));
    }
    let mut shown = target.value().clone();
    let retry = &mut shown["RetryPolicy"];
    if retry.is_null() {
        *retry = json!({});
    }
    for (member, default) in [("MaximumEventAgeInSeconds", 86400), ("MaximumRetryAttempts", 185)] {
        if retry[member].is_null() {
            retry[member] = default.into();
        }
    }
    let ecs = &mut shown["EcsParameters"];
    if ecs["TaskCount"].is_null() {
        ecs["TaskCount"] = 1.into();
    }
    for member in ["EnableECSManagedTags", "EnableExecuteCommand"] {
        if ecs[member].is_null() {
            ecs[member] = false.into();
        }
    }
    Ok(shown)
}
