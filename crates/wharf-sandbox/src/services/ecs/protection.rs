//! Protecting tasks from scale-in.

use std::time::Duration;

use serde_json::{Value, json};

use super::{cluster_name, service_show::moment, tasks};
use crate::{
    input::Input,
    rules,
    services::{Ctx, Reply},
    time::SimTime,
};

pub(super) fn update(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let Some(protect) = input.bool("protectionEnabled")? else {
        return Err(input.missing("protectionEnabled"));
    };
    // ECS API reference, UpdateTaskProtection: 2 hours unless said, at most 48.
    let minutes = input.int_in("expiresInMinutes", 1, 2880)?.unwrap_or(120);
    let now = ctx.now();
    let until = now + Duration::from_secs(u64::try_from(minutes * 60).unwrap_or(0));
    each(ctx, input, if protect { Change::Until(until) } else { Change::Lift })
}

pub(super) fn get(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    each(ctx, input, Change::None)
}

/// What is done to the protection of tasks.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    None,
    Until(SimTime),
    Lift,
}

fn each(ctx: &mut Ctx<'_>, input: &Input<'_>, change: Change) -> Reply {
    let cluster = cluster_name(ctx, input)?;
    let references = input.strings("tasks");
    if change != Change::None && (references.is_empty() || references.len() > 10) {
        return Err(
            rules::ecs::PROTECTED_COUNT.refuse("Tasks must contain between 1 and 10 items.")
        );
    }
    let now = ctx.now();
    let (mut protected, mut failures): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    for reference in references {
        let ecs = &mut ctx.here().ecs;
        let found = tasks::find(ecs, &cluster, &reference).map(|task| task.id.clone());
        let Some(task) = found.and_then(|id| ecs.tasks.get_mut(&id)) else {
            failures.push(json!({"arn": reference, "reason": "MISSING"}));
            continue;
        };
        if task.service.is_none() || !task.is_wanted() {
            failures.push(json!({"arn": task.arn, "reason": "TASK_NOT_VALID"}));
            continue;
        }
        match change {
            Change::None => {}
            Change::Until(until) => task.protected_until = Some(until),
            Change::Lift => task.protected_until = None,
        }
        let on = task.is_protected(now);
        protected.push(json!({
            "taskArn": task.arn,
            "protectionEnabled": on,
            "expirationDate": moment(task.protected_until.filter(|_| on)),
        }));
    }
    Ok(json!({"protectedTasks": protected, "failures": failures}))
}
