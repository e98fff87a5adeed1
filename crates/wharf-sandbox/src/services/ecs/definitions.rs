//! Task definitions: families and their numbered revisions.

use serde_json::{Value, json};

use super::{
    definition_rules, is_name, page,
    state::{EcsState, TaskDefinition},
};
use crate::{
    input::Input,
    rules,
    services::{Ctx, Reply},
    tags,
    time::SimTime,
};

pub(super) fn register(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let family = input.required("family")?.to_owned();
    if !is_name(&family) {
        return Err(rules::ecs::FAMILY_NAME.refuse(
            "Family contains invalid characters, it should be 1 to 255 letters, numbers, hyphens \
             and underscores",
        ));
    }
    let tags = tags::from_list(input, "tags");
    tags::check(&tags, "InvalidParameterException")?;
    let body = definition_rules::read(ctx.world, input)?;
    let now = ctx.now();
    let registered_by = ctx.world.arn("iam", "", "user/sandbox");
    let entry = ctx.here().ecs.families.entry(family.clone()).or_default();
    entry.newest += 1;
    let revision = entry.newest;
    let arn = ctx.arn("ecs", &format!("task-definition/{family}:{revision}"));
    let made = TaskDefinition {
        family: family.clone(),
        revision,
        arn,
        status: "ACTIVE".to_owned(),
        registered: now,
        registered_by,
        deregistered: None,
        delete_requested: None,
        body,
        tags,
    };
    let shown = show(&made);
    let tags = tags::lower(&made.tags);
    if let Some(entry) = ctx.here().ecs.families.get_mut(&family) {
        entry.revisions.insert(revision, made);
    }
    Ok(json!({"taskDefinition": shown, "tags": tags}))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let reference = input.required("taskDefinition")?;
    let with_tags = input.strings("include").iter().any(|member| member == "TAGS");
    let found = ctx.here().ecs.definition(reference);
    let found = found.ok_or_else(|| {
        rules::ecs::DEFINITION_FOUND.refuse("Unable to describe task definition.")
    })?;
    // Tags are beside the definition, not in it.
    let tags = if with_tags { tags::lower(&found.tags) } else { json!([]) };
    Ok(json!({"taskDefinition": show(found), "tags": tags}))
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let statuses = ["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"];
    let status = input.one_of("status", &statuses)?.unwrap_or("ACTIVE");
    let sort = input.one_of("sort", &["ASC", "DESC"])?;
    // Despite its name this is the whole family (ECS API reference, ListTaskDefinitions).
    let family = input.str("familyPrefix");
    let mut arns: Vec<String> = ctx
        .here()
        .ecs
        .families
        .iter()
        .filter(|(name, _)| family.is_none_or(|family| family == name.as_str()))
        .flat_map(|(_, entry)| entry.revisions.values())
        .filter(|found| found.status == status)
        .map(|found| found.arn.clone())
        .collect();
    if sort == Some("DESC") {
        arns.reverse();
    }
    let (arns, next) = page(input, arns, 100, 100)?;
    Ok(json!({"taskDefinitionArns": arns, "nextToken": next}))
}

pub(super) fn list_families(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let status = input.one_of("status", &["ACTIVE", "INACTIVE", "ALL"])?.unwrap_or("ALL");
    let prefix = input.str_or("familyPrefix", "");
    let names = ctx
        .here()
        .ecs
        .families
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .filter(|(_, entry)| {
            let active = entry.revisions.values().any(|found| found.status == "ACTIVE");
            status == "ALL" || active == (status == "ACTIVE")
        })
        .map(|(name, _)| name.clone())
        .collect();
    let (names, next) = page(input, names, 100, 100)?;
    Ok(json!({"families": names, "nextToken": next}))
}

pub(super) fn deregister(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let reference = input.required("taskDefinition")?;
    let now = ctx.now();
    let name = reference.rsplit_once("task-definition/").map_or(reference, |(_, name)| name);
    if !name.contains(':') {
        return Err(rules::ecs::REVISION_GIVEN
            .refuse("The specified task definition is missing a revision number."));
    }
    let found = ctx.here().ecs.definition_mut(reference);
    let found = found.ok_or_else(|| {
        rules::ecs::DEFINITION_FOUND.refuse("Unable to find the specified task definition.")
    })?;
    if found.status != "ACTIVE" {
        return Err(rules::ecs::DEREGISTERED_ONCE
            .refuse("The specified task definition is inactive. Specify an active one."));
    }
    "INACTIVE".clone_into(&mut found.status);
    found.deregistered = Some(now);
    Ok(json!({"taskDefinition": show(found)}))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let references = input.strings("taskDefinitions");
    if references.is_empty() || references.len() > 10 {
        return Err(rules::ecs::TEN_DEFINITIONS
            .refuse("Task definitions must contain between 1 and 10 items."));
    }
    let now = ctx.now();
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    let ecs = &mut ctx.here().ecs;
    for reference in references {
        let Some(found) = ecs.definition_mut(&reference) else {
            let detail = "The specified task definition was not found.";
            failures.push(
                json!({"arn": reference, "reason": "TASK_DEFINITION_NOT_FOUND", "detail": detail}),
            );
            continue;
        };
        if found.status == "ACTIVE" {
            let detail = "The specified task definition is still in ACTIVE status. Please \
                          deregister the target and try again.";
            failures.push(json!({
                "arn": found.arn, "reason": "The specified task definition is still in ACTIVE status",
                "detail": detail,
            }));
            continue;
        }
        "DELETE_IN_PROGRESS".clone_into(&mut found.status);
        found.delete_requested = Some(now);
        deleted.push(show(found));
    }
    sweep(ecs);
    Ok(json!({"taskDefinitions": deleted, "failures": failures}))
}

/// Forgets the deleted task definitions that nothing uses any more.
pub(super) fn sweep(ecs: &mut EcsState) {
    let gone: Vec<(String, u32)> = ecs
        .families
        .values()
        .flat_map(|family| family.revisions.values())
        .filter(|found| found.status == "DELETE_IN_PROGRESS" && !ecs.in_use(&found.arn))
        .map(|found| (found.family.clone(), found.revision))
        .collect();
    for (family, revision) in gone {
        if let Some(family) = ecs.families.get_mut(&family) {
            family.revisions.remove(&revision);
        }
    }
}

/// Writes a task definition as ECS describes it.
pub(super) fn show(found: &TaskDefinition) -> Value {
    let mut shown = found.body.clone();
    shown["taskDefinitionArn"] = json!(found.arn);
    shown["family"] = json!(found.family);
    shown["revision"] = json!(found.revision);
    shown["status"] = json!(found.status);
    shown["registeredAt"] = found.registered.epoch_seconds();
    shown["deregisteredAt"] = json!(found.deregistered.map(SimTime::epoch_seconds));
    shown["deleteRequestedAt"] = json!(found.delete_requested.map(SimTime::epoch_seconds));
    shown["registeredBy"] = json!(found.registered_by);
    shown
}
