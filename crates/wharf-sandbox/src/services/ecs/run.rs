//! Running a task that belongs to no service.

use serde_json::{Value, json};

use super::{
    cluster, outside, preconditions, scheduler,
    state::{Revision, TaskDefinition},
    tagging, task_show,
    task_start::{self, Plan},
};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    services::{Ctx, Reply},
    tags,
};

pub(super) fn run(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let cluster = cluster(ctx, input)?.clone();
    if let Some(again) = repeated(ctx, input)? {
        return Ok(again);
    }
    let definition = preconditions::active_definition(ctx, input.required("taskDefinition")?)?;
    let count = input.int_in("count", 1, 10)?.unwrap_or(1);
    let mut place = Revision {
        arn: String::new(),
        created: ctx.now(),
        definition: definition.arn.clone(),
        launch_type: None,
        strategy: Vec::new(),
        platform: "LATEST".to_owned(),
        network: None,
        balancers: Vec::new(),
        resolved: Vec::new(),
        registries: Vec::new(),
        connect: None,
        volumes: Vec::new(),
        images: Vec::new(),
    };
    preconditions::launch(input, &cluster, true, &mut place)?;
    if place.launch_type.as_deref() == Some("EC2") {
        return Err(rules::ecs::INSTANCES_GIVEN
            .refuse("No Container Instances were found in your cluster."));
    }
    preconditions::compatible(&definition, place.launch_type.as_deref())?;
    let network = preconditions::network(ctx, input)?;
    let network = network.ok_or_else(preconditions::no_network)?;
    let overrides = overrides(input, &definition)?;
    for member in ["executionRoleArn", "taskRoleArn"] {
        let role = overrides[member].as_str().or_else(|| definition.body[member].as_str());
        let Some(role) = role else { continue };
        if !outside::assumable(ctx.world, role) {
            return Err(rules::ecs::ROLE_ASSUMABLE.refuse(scheduler::not_assumed(role)));
        }
    }
    let mut own = tags::from_list(input, "tags");
    tags::check(&own, "InvalidParameterException")?;
    if input.str("propagateTags") == Some("TASK_DEFINITION") {
        let inherited = definition.tags.clone();
        own = inherited.into_iter().chain(own).collect();
    }
    if input.bool("enableECSManagedTags")? == Some(true) {
        own.extend(tagging::managed(&cluster.name, None));
    }
    let exec = input.bool("enableExecuteCommand")?.unwrap_or(false);
    let provider = place.strategy.first().and_then(|item| item["capacityProvider"].as_str());
    let region = ctx.region.clone();
    let (mut shown, mut ids) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let plan = Plan {
            cluster: &cluster.name,
            definition: &definition,
            network: network.clone(),
            group: input
                .str("group")
                .map_or_else(|| format!("family:{}", definition.family), ToOwned::to_owned),
            started_by: input.str("startedBy").map(ToOwned::to_owned),
            service: None,
            revision: None,
            launch_type: Some("FARGATE".to_owned()),
            provider: provider.map(ToOwned::to_owned),
            balancers: Vec::new(),
            exec,
            overrides: overrides.clone(),
            tags: own.clone(),
        };
        let id = task_start::make(ctx.world, &region, plan);
        let ecs = &ctx.here().ecs;
        shown.push(ecs.tasks.get(&id).map(|task| task_show::task(ecs, task, true)));
        ids.push(id);
    }
    if let Some(token) = input.str("clientToken") {
        let asked = input.value().clone();
        ctx.here().ecs.run_tokens.insert(token.to_owned(), (asked, ids));
    }
    Ok(json!({"tasks": shown, "failures": []}))
}

/// Answers a request that was made before under the same token with the tasks that it led to, also
/// when they have stopped (ECS API reference, `RunTask` and `ConflictException`).
fn repeated(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Result<Option<Value>, AwsError> {
    let Some(token) = input.str("clientToken") else { return Ok(None) };
    let ecs = &ctx.here().ecs;
    let Some((asked, ids)) = ecs.run_tokens.get(token) else { return Ok(None) };
    if asked != input.value() {
        return Err(rules::ecs::RUN_TOKEN_SAME.refuse(
            "The RunTask request could not be processed due to conflicts. The provided clientToken \
             is already in use with a different RunTask request.",
        ));
    }
    let tasks: Vec<Value> = ids
        .iter()
        .filter_map(|id| ecs.tasks.get(id).map(|task| task_show::task(ecs, task, true)))
        .collect();
    Ok(Some(json!({"tasks": tasks, "failures": []})))
}

fn overrides(input: &Input<'_>, definition: &TaskDefinition) -> Result<Value, AwsError> {
    let mut shown = json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []});
    let Some(given) = input.structure("overrides") else { return Ok(shown) };
    let containers = definition.body["containerDefinitions"].as_array();
    for item in given.list("containerOverrides") {
        let name = item.str_or("name", "");
        let known = containers.is_some_and(|list| list.iter().any(|it| it["name"] == *name));
        if !known {
            return Err(rules::ecs::OVERRIDE_CONTAINER.refuse(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
        }
    }
    if let (Some(members), Some(shown)) = (given.value().as_object(), shown.as_object_mut()) {
        for (name, value) in members {
            shown.insert(name.clone(), value.clone());
        }
    }
    Ok(shown)
}
