//! Registering what is scaled.

use serde_json::json;

use super::{
    described, life, page, registered, resource, scope, show,
    state::{Suspended, Target},
};
use crate::{
    input::Input,
    rules::autoscaling as rules,
    services::{Ctx, Reply},
    tags,
};

/// Registers a service, or changes what is registered; what is absent stays as it is (Application Auto
/// Scaling API reference, `RegisterScalableTarget`).
pub(super) fn register(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let resource = resource(input)?;
    let (min, max) = (input.int("MinCapacity")?, input.int("MaxCapacity")?);
    let service = resource.trim_start_matches("service/").to_owned();
    let there = ctx.here().ecs.services.get(&service).map(|found| found.status.clone());
    if there.is_none_or(|status| status == "INACTIVE") {
        return Err(rules::SERVICE_EXISTS.refuse(format!("ECS service doesn't exist: {resource}")));
    }
    let before = ctx.here().autoscaling.targets.get(&resource).cloned();
    let known = before.as_ref().map(|target| (target.min, target.max));
    let (Some(min), Some(max)) = (min.or(known.map(|it| it.0)), max.or(known.map(|it| it.1)))
    else {
        return Err(rules::CAPACITIES_GIVEN.refuse(
            "Both the minimum and the maximum capacity must be specified when registering a new \
             scalable target.",
        ));
    };
    if min < 0 || max < min {
        return Err(rules::CAPACITY_RANGE.refuse(format!(
            "Minimum capacity must be at least 0 and not greater than the maximum capacity; they are \
             {min} and {max}."
        )));
    }
    let mut suspended = before.as_ref().map(|target| target.suspended).unwrap_or_default();
    if let Some(given) = input.structure("SuspendedState") {
        let flag = |name: &str, was: bool| given.bool(name).map(|flag| flag.unwrap_or(was));
        suspended = Suspended {
            dynamic_in: flag("DynamicScalingInSuspended", suspended.dynamic_in)?,
            dynamic_out: flag("DynamicScalingOutSuspended", suspended.dynamic_out)?,
            scheduled: flag("ScheduledScalingSuspended", suspended.scheduled)?,
        };
    }
    let own = input.map("Tags");
    tags::check(&own, "ValidationException")?;
    let fresh = before.is_none();
    let mut target = match before {
        Some(target) => target,
        None => new(ctx, &resource, own),
    };
    (target.min, target.max, target.suspended) = (min, max, suspended);
    let arn = target.arn.clone();
    let registration = target.registration;
    ctx.here().autoscaling.targets.insert(resource.clone(), target);
    let region = ctx.region.clone();
    life::keep_within(ctx.world, &region, &resource, "a scalable target was registered");
    if fresh {
        life::watch(ctx.world, &region, &resource, registration);
    }
    Ok(json!({"ScalableTargetARN": arn}))
}

fn new(ctx: &mut Ctx<'_>, resource: &str, tags: tags::Tags) -> Target {
    let id = ctx.world.ids.hex(34);
    let registration = ctx.world.ids.bits();
    Target {
        resource: resource.to_owned(),
        arn: ctx.arn("application-autoscaling", &format!("scalable-target/{id}")),
        min: 0,
        max: 0,
        suspended: Suspended::default(),
        created: ctx.now(),
        tags,
        policies: std::collections::BTreeMap::new(),
        actions: std::collections::BTreeMap::new(),
        activities: Vec::new(),
        breaches: std::collections::BTreeMap::new(),
        scaled_out: None,
        scaled_in: None,
        registration,
    }
}

/// Takes the policies and scheduled actions with it.
pub(super) fn deregister(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let resource = registered(ctx, input)?.resource.clone();
    ctx.here().autoscaling.targets.remove(&resource);
    Ok(json!({}))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    scope(input)?;
    let wanted = input.strings("ResourceIds");
    let targets = ctx.here().autoscaling.targets.values();
    let found: Vec<_> = targets
        .filter(|target| wanted.is_empty() || wanted.contains(&target.resource))
        .cloned()
        .collect();
    let (found, next) = page(input, found, 50)?;
    let shown: Vec<_> = found.iter().map(|target| show::target(ctx.world, target)).collect();
    Ok(json!({"ScalableTargets": shown, "NextToken": next}))
}

pub(super) fn activities(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let all_kinds = input.bool("IncludeNotScaledActivities")?.unwrap_or(false);
    let targets = described(ctx, input)?;
    let all = targets.iter().flat_map(|target| {
        let wanted = target.activities.iter().filter(|it| all_kinds || it.not_scaled.is_none());
        wanted.map(|activity| show::activity(&target.resource, activity))
    });
    let (shown, next) = page(input, all.collect(), 50)?;
    Ok(json!({"ScalingActivities": shown, "NextToken": next}))
}
