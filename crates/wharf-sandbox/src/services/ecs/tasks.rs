//! Listing, describing and stopping tasks.

use serde_json::{Value, json};

use super::{
    cluster_name, page, service_not_found, short,
    state::{EcsState, StopCode, Task},
    task_life, task_show,
};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    services::{Ctx, Reply},
};

/// Finds a task of a cluster by id or ARN.
pub(super) fn find<'e>(ecs: &'e EcsState, cluster: &str, reference: &str) -> Option<&'e Task> {
    ecs.tasks.get(short(reference)).filter(|task| task.cluster == cluster)
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let cluster = cluster_name(ctx, input)?;
    let desired = input.one_of("desiredStatus", &["RUNNING", "PENDING", "STOPPED"])?;
    let desired = desired.unwrap_or("RUNNING");
    let family = input.str("family");
    let started_by = input.str("startedBy");
    let launch_type = input.str("launchType");
    let ecs = &ctx.here().ecs;
    let service = match input.str("serviceName") {
        None => None,
        Some(name) => {
            let key = format!("{cluster}/{}", short(name));
            let known = ecs.services.get(&key).is_some_and(|found| found.status != "INACTIVE");
            if !known {
                return Err(service_not_found());
            }
            Some(key)
        }
    };
    let mut tasks: Vec<&Task> = ecs
        .tasks
        .values()
        .filter(|task| task.cluster == cluster && task.desired_status == desired)
        .filter(|task| service.is_none() || task.service == service)
        .filter(|task| started_by.is_none() || task.started_by.as_deref() == started_by)
        .filter(|task| launch_type.is_none() || task.launch_type.as_deref() == launch_type)
        .filter(|task| {
            let own = task.definition.rsplit('/').next().and_then(|it| it.split(':').next());
            family.is_none() || own == family
        })
        .collect();
    tasks.sort_by_key(|task| task.number);
    let arns = tasks.iter().map(|task| task.arn.clone()).collect();
    let (arns, next) = page(input, arns, 100, 100)?;
    Ok(json!({"taskArns": arns, "nextToken": next}))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let cluster = cluster_name(ctx, input)?;
    let references = input.strings("tasks");
    if references.is_empty() {
        return Err(rules::ecs::TASKS_COUNT.refuse("Tasks cannot be empty."));
    }
    if references.len() > 100 {
        return Err(rules::ecs::TASKS_COUNT.refuse("Tasks cannot have more than 100 elements"));
    }
    let with_tags = input.strings("include").iter().any(|member| member == "TAGS");
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for reference in references {
        let arn = ctx.arn("ecs", &format!("task/{cluster}/{}", short(&reference)));
        let ecs = &ctx.here().ecs;
        match find(ecs, &cluster, &reference) {
            Some(task) => found.push(task_show::task(ecs, task, with_tags)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"tasks": found, "failures": failures}))
}

pub(super) fn stop(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let cluster = cluster_name(ctx, input)?;
    let reference = input.required("task")?;
    let reason = input.str_or("reason", "Task stopped by user").to_owned();
    let found = find(&ctx.here().ecs, &cluster, reference);
    let id = found.map(|task| task.id.clone()).ok_or_else(not_found)?;
    let region = ctx.region.clone();
    task_life::stop(ctx.world, &region, &id, StopCode::UserInitiated, &reason);
    let ecs = &ctx.here().ecs;
    let service = ecs.tasks.get(&id).and_then(|task| task.service.clone());
    let shown = ecs.tasks.get(&id).map_or(Value::Null, |it| task_show::task(ecs, it, true));
    if let Some(service) = service {
        super::wake(ctx.world, &region, &service);
    }
    Ok(json!({"task": shown}))
}

fn not_found() -> AwsError {
    rules::ecs::TASK_EXISTS.refuse("The referenced task was not found.")
}
