//! Application Auto Scaling, for services of ECS: targets, policies, scheduled actions, and what they
//! do as time passes.

mod actions;
mod life;
mod policies;
mod show;
pub mod state;
mod targets;

use super::{Ctx, Operation, Protocol, Service, read, write};
use crate::{
    error::AwsError,
    input::Input,
    rules::autoscaling as rules,
    tags::Tags,
    world::{RegionState, World},
};

use self::state::{AutoscalingEvent, Target};

/// Application Auto Scaling.
pub static SERVICE: Service = Service {
    name: "application-autoscaling",
    protocol: Protocol::Json,
    global: false,
    invalid: "ValidationException",
    operations: OPERATIONS,
    tagged,
};

const OPERATIONS: &[Operation] = &[
    write("RegisterScalableTarget", targets::register),
    write("DeregisterScalableTarget", targets::deregister),
    read("DescribeScalableTargets", targets::describe),
    read("DescribeScalingActivities", targets::activities),
    write("PutScalingPolicy", policies::put),
    write("DeleteScalingPolicy", policies::delete),
    read("DescribeScalingPolicies", policies::describe),
    write("PutScheduledAction", actions::put),
    write("DeleteScheduledAction", actions::delete),
    read("DescribeScheduledActions", actions::describe),
];

/// The namespace of everything here.
const NAMESPACE: &str = "ecs";
/// The dimension of everything here.
const DIMENSION: &str = "ecs:service:DesiredCount";

/// Lets an event of this service happen.
pub(crate) fn happen(world: &mut World, region: &str, event: AutoscalingEvent) {
    match event {
        AutoscalingEvent::Evaluate { resource, registration } => {
            life::evaluate(world, region, &resource, registration);
        }
        AutoscalingEvent::Act { resource, action, at } => {
            life::act(world, region, &resource, &action, at);
        }
    }
}

fn tagged(region: &RegionState) -> Vec<(String, Tags)> {
    let targets = region.autoscaling.targets.values();
    let tagged = targets.filter(|target| !target.tags.is_empty());
    tagged.map(|target| (target.arn.clone(), target.tags.clone())).collect()
}

/// Checks the namespace, and the dimension where one is given.
fn scope(input: &Input<'_>) -> Result<(), AwsError> {
    let namespace = input.required("ServiceNamespace")?;
    if namespace != NAMESPACE {
        return Err(rules::NAMESPACE
            .refuse(format!("The sandbox scales services of ECS, and nothing of {namespace}.")));
    }
    match input.str("ScalableDimension") {
        Some(dimension) if dimension != DIMENSION => Err(rules::DIMENSION.refuse(format!(
            "Unsupported service namespace, resource type or scalable dimension: {dimension}"
        ))),
        _ => Ok(()),
    }
}

/// Checks namespace and dimension, and returns the resource a request is about.
fn resource(input: &Input<'_>) -> Result<String, AwsError> {
    scope(input)?;
    input.required("ScalableDimension")?;
    let resource = input.required("ResourceId")?;
    let parts: Vec<&str> = resource.split('/').collect();
    match parts[..] {
        ["service", cluster, name] if !cluster.is_empty() && !name.is_empty() => {
            Ok(resource.to_owned())
        }
        _ => Err(rules::RESOURCE_FORM.refuse(format!(
            "Unsupported service namespace, resource type or scalable dimension: {resource}"
        ))),
    }
}

/// Finds what is registered of the resource a request is about.
fn registered<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut Target, AwsError> {
    let resource = resource(input)?;
    let found = ctx.here().autoscaling.targets.get_mut(&resource);
    found.ok_or_else(|| {
        rules::TARGET_REGISTERED.refuse(format!(
            "No scalable target registered for service namespace: {NAMESPACE}, resource ID: \
             {resource}, scalable dimension: {DIMENSION}"
        ))
    })
}

/// Lists the targets that a describing request is about: of one resource, or all.
fn described(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Result<Vec<Target>, AwsError> {
    scope(input)?;
    if input.has("ScalableDimension") && !input.has("ResourceId") {
        return Err(rules::DIMENSION_ALONE
            .refuse("If you specify a scalable dimension, you must also specify a resource ID."));
    }
    let wanted = input.str("ResourceId");
    let targets = ctx.here().autoscaling.targets.values();
    Ok(targets.filter(|it| wanted.is_none_or(|id| id == it.resource)).cloned().collect())
}

/// Cuts the page a request asks for out of what was found; the token is a place in the list.
fn page<T>(
    input: &Input<'_>,
    found: Vec<T>,
    most: i64,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let limit = match input.int("MaxResults")? {
        None => most,
        Some(limit) if (1..=most).contains(&limit) => limit,
        Some(_) => {
            return Err(
                rules::PAGE_SIZE.refuse(format!("MaxResults must be between 1 and {most}."))
            );
        }
    };
    let limit = usize::try_from(limit).unwrap_or(1);
    let start: usize = match input.str("NextToken") {
        None => 0,
        Some(token) => match token.strip_prefix("page-").and_then(|at| at.parse().ok()) {
            Some(at) if at > 0 && at <= found.len() => at,
            _ => return Err(rules::PAGE_TOKEN.refuse("The specified next token is not valid.")),
        },
    };
    let more = found.len() > start + limit;
    let page = found.into_iter().skip(start).take(limit).collect();
    Ok((page, more.then(|| format!("page-{}", start + limit))))
}
