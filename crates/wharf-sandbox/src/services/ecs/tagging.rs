//! Tags on what ECS has.

use serde_json::json;

use super::{no_cluster, service_not_found, state::EcsState};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    services::{Ctx, Reply},
    tags::{self, Tags},
    world::RegionState,
};

/// Lists everything that can have tags, for the tagging API.
pub(super) fn tagged(region: &RegionState) -> Vec<(String, Tags)> {
    let ecs = &region.ecs;
    let clusters = ecs
        .clusters
        .values()
        .filter(|found| found.active)
        .map(|found| (found.arn.clone(), found.tags.clone()));
    let definitions = ecs
        .families
        .values()
        .flat_map(|family| family.revisions.values())
        .map(|found| (found.arn.clone(), found.tags.clone()));
    let services = ecs
        .services
        .values()
        .filter(|found| found.status != "INACTIVE")
        .map(|found| (found.arn.clone(), found.tags.clone()));
    let tasks = ecs
        .tasks
        .values()
        .filter(|task| !task.has_stopped())
        .map(|task| (task.arn.clone(), task.tags.clone()));
    clusters.chain(definitions).chain(services).chain(tasks).collect()
}

/// Returns the tags ECS adds by itself.
pub(super) fn managed(cluster: &str, service: Option<&str>) -> Tags {
    let mut tags = Tags::new();
    tags.insert("aws:ecs:clusterName".to_owned(), cluster.to_owned());
    if let Some(service) = service {
        tags.insert("aws:ecs:serviceName".to_owned(), service.to_owned());
    }
    tags
}

pub(super) fn tag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("resourceArn")?;
    if !input.has("tags") {
        return Err(input.missing("tags"));
    }
    let added = tags::from_list(input, "tags");
    let found = find(&mut ctx.here().ecs, arn)?;
    let mut wanted = found.clone();
    wanted.extend(added.clone());
    tags::check(&added, "InvalidParameterException")?;
    let own = wanted.clone().into_iter().filter(|(key, _)| !key.starts_with("aws:")).collect();
    tags::count(&own, "InvalidParameterException")?;
    *found = wanted;
    Ok(json!({}))
}

pub(super) fn untag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("resourceArn")?;
    let keys = input.strings("tagKeys");
    if keys.is_empty() {
        return Err(input.missing("tagKeys"));
    }
    let found = find(&mut ctx.here().ecs, arn)?;
    for key in keys {
        found.remove(&key);
    }
    Ok(json!({}))
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("resourceArn")?;
    let found = find(&mut ctx.here().ecs, arn)?;
    Ok(json!({"tags": tags::lower(found)}))
}

/// Finds the tags of what an ARN names.
fn find<'e>(ecs: &'e mut EcsState, arn: &str) -> Result<&'e mut Tags, AwsError> {
    let no_arn = || rules::ecs::RESOURCE_ARN.refuse("The specified resource ARN is not valid.");
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let Some((kind, rest)) = resource.split_once('/') else {
        return Err(no_arn());
    };
    match kind {
        "cluster" => {
            let found = ecs.clusters.get_mut(rest).filter(|found| found.active);
            found.map(|found| &mut found.tags).ok_or_else(|| no_cluster(false))
        }
        "service" => {
            let found = ecs.services.get_mut(rest).filter(|found| found.status != "INACTIVE");
            found.map(|found| &mut found.tags).ok_or_else(service_not_found)
        }
        "task-definition" => {
            let found = ecs.definition_mut(arn).filter(|found| found.status == "ACTIVE");
            let missing = || {
                rules::ecs::TAGGED_EXISTS
                    .refuse("The specified task definition is inactive or missing.")
            };
            found.map(|found| &mut found.tags).ok_or_else(missing)
        }
        "task" => {
            let id = rest.rsplit('/').next().unwrap_or(rest);
            let found = ecs.tasks.get_mut(id).filter(|task| !task.has_stopped());
            let missing =
                || rules::ecs::TAGGED_EXISTS.refuse("The specified task is stopped or missing.");
            found.map(|found| &mut found.tags).ok_or_else(missing)
        }
        _ => Err(no_arn()),
    }
}
