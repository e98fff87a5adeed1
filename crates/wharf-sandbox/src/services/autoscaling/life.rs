//! What the autoscaler does as time passes.
//!
//! Target tracking watches two alarms a minute: the high one goes off after three minutes above what is
//! aimed at, the low one after fifteen minutes below nine tenths of it (Application Auto Scaling user
//! guide, "How target tracking scaling works"; ECS Developer Guide, "Use a target metric to scale Amazon
//! ECS services"). Where several policies disagree, the largest number wins, and tasks are only removed
//! when all agree. Nothing is removed while a deployment is under way, tasks are still added.

use std::time::Duration;

use serde_json::Value;

use super::{
    actions,
    policies::{self, CPU, MEMORY, REQUESTS},
    state::{Activity, AutoscalingEvent, Load, Policy, Target},
};
use crate::{
    services::ecs,
    time::SimTime,
    world::{Event, World},
};

/// How often alarms are looked at.
const MINUTE: Duration = Duration::from_mins(1);
/// How many minutes above it take to add.
const HIGH: u32 = 3;
/// How many minutes below it take to remove.
const LOW: u32 = 15;
/// Below which part of the aim the low alarm goes off.
const SLACK: f64 = 0.9;
/// Seconds a policy rests unless it says so (Application Auto Scaling API reference,
/// `TargetTrackingScalingPolicyConfiguration`).
const COOLDOWN: u64 = 300;
/// How many activities are remembered.
const REMEMBERED: usize = 100;

/// Looks at the alarms of a resource from now on.
pub(super) fn watch(world: &mut World, region: &str, resource: &str, registration: u64) {
    let event = AutoscalingEvent::Evaluate { resource: resource.to_owned(), registration };
    world.schedule(MINUTE, region, Event::Autoscaling(event));
}

/// Brings the number of tasks into the range. A service on its way out is left alone (Application Auto
/// Scaling API reference, `RegisterScalableTarget`).
pub(super) fn keep_within(world: &mut World, region: &str, resource: &str, cause: &str) {
    let Some(target) = world.region(region).autoscaling.targets.get(resource).cloned() else {
        return;
    };
    let Some(now) = desired(world, region, &target) else { return };
    set(world, region, &target, now.clamp(target.min, target.max), cause);
}

/// Returns how many tasks an active service is to have.
fn desired(world: &mut World, region: &str, target: &Target) -> Option<i64> {
    let service = world.region(region).ecs.services.get(target.service())?;
    (service.status == "ACTIVE").then_some(service.desired)
}

fn set(world: &mut World, region: &str, target: &Target, count: i64, cause: &str) {
    let key = target.service().to_owned();
    let Some(service) = world.region(region).ecs.services.get_mut(&key) else { return };
    if service.desired == count {
        return;
    }
    service.desired = count;
    service.steady = false;
    ecs::wake(world, region, &key);
    let activity = Activity {
        id: world.ids.uuid(),
        description: format!("Setting desired count to {count}."),
        cause: cause.to_owned(),
        at: world.now,
        not_scaled: None,
    };
    if let Some(target) = world.region(region).autoscaling.targets.get_mut(&target.resource) {
        target.activities.insert(0, activity);
        target.activities.truncate(REMEMBERED);
    }
}

/// The time of a scheduled action has come.
pub(super) fn act(world: &mut World, region: &str, resource: &str, action: &str, at: SimTime) {
    let now = world.now;
    let Some(target) = world.region(region).autoscaling.targets.get_mut(resource) else { return };
    let suspended = target.suspended.scheduled;
    let Some(found) = target.actions.get_mut(action).filter(|it| it.next == Some(at)) else {
        return;
    };
    found.next = actions::again(found, now);
    let found = found.clone();
    if !suspended {
        target.min = found.min.unwrap_or(target.min);
        target.max = found.max.unwrap_or(target.max);
    }
    if let Some(next) = found.next {
        let event = AutoscalingEvent::Act {
            resource: resource.to_owned(),
            action: action.to_owned(),
            at: next,
        };
        world.schedule(next.since(now), region, Event::Autoscaling(event));
    }
    if !suspended {
        let cause = format!("scheduled action name {action} was triggered");
        keep_within(world, region, resource, &cause);
    }
}

/// A minute has passed: counts what the alarms see, and scales.
pub(super) fn evaluate(world: &mut World, region: &str, resource: &str, registration: u64) {
    let here = world.region(region);
    let found = here.autoscaling.targets.get(resource).cloned();
    let Some(mut target) = found.filter(|it| it.registration == registration) else { return };
    watch(world, region, resource, registration);
    let load = world.region(region).autoscaling.load.get(resource).copied();
    let Some((service, load)) = present(world, region, &target).zip(load) else { return };
    let (mut most, mut all_low, mut any) = (None::<i64>, true, false);
    for policy in target.policies.clone().values() {
        let Some(follow) = Follow::of(policy, &load, service.running) else { continue };
        any = true;
        let high = breach(&mut target, policy, 0, follow.metric > follow.aim);
        let low = breach(&mut target, policy, 1, follow.metric < follow.aim * SLACK);
        let rested = |since: Option<SimTime>, seconds: u64| {
            since.is_none_or(|since| world.now.since(since) >= Duration::from_secs(seconds))
        };
        let wanted = follow.wanted(service.running);
        if high >= HIGH && rested(target.scaled_out, follow.out) {
            most = Some(most.map_or(wanted, |most| most.max(wanted)));
        }
        let may = low >= LOW && rested(target.scaled_in.max(target.scaled_out), follow.back);
        all_low &= may && follow.removes;
    }
    let now = service.desired;
    let lowest = target.policies.values().filter_map(|policy| {
        Follow::of(policy, &load, service.running).map(|follow| follow.wanted(service.running))
    });
    let wanted = match most {
        Some(most) if most > now && !target.suspended.dynamic_out => Some(most),
        None if any && all_low && !service.deploying && !target.suspended.dynamic_in => {
            lowest.max().filter(|wanted| *wanted < now)
        }
        _ => None,
    };
    if wanted.is_some_and(|wanted| wanted > now) && now >= target.max {
        full(world, &mut target);
    }
    let count = wanted.map(|wanted| wanted.clamp(target.min, target.max)).filter(|it| *it != now);
    if let Some(count) = count {
        let at = Some(world.now);
        if count > now {
            target.scaled_out = at;
        } else {
            target.scaled_in = at;
        }
        target.breaches.clear();
    }
    world.region(region).autoscaling.targets.insert(resource.to_owned(), target.clone());
    if let Some(count) = count {
        let side = if count > now { "AlarmHigh" } else { "AlarmLow" };
        let cause = format!("monitor alarm TargetTracking-{resource}-{side} was in state ALARM");
        set(world, region, &target, count, &cause);
    }
}

/// Notes that there are as many as there may be, once until something else happens (Application Auto
/// Scaling API reference, `NotScaledReason`).
fn full(world: &mut World, target: &mut Target) {
    if target.activities.first().is_some_and(|last| last.not_scaled.is_some()) {
        return;
    }
    let activity = Activity {
        id: world.ids.uuid(),
        description: "Attempting to scale due to alarm triggered".to_owned(),
        cause: format!("monitor alarm TargetTracking-{}-AlarmHigh", target.resource),
        at: world.now,
        not_scaled: Some(("AlreadyAtMaxCapacity".to_owned(), target.max)),
    };
    target.activities.insert(0, activity);
}

/// A service as the autoscaler sees it.
struct Present {
    desired: i64,
    running: i64,
    deploying: bool,
}

fn present(world: &mut World, region: &str, target: &Target) -> Option<Present> {
    let desired = desired(world, region, target)?;
    let ecs = &world.region(region).ecs;
    let tasks = ecs.tasks_of(target.service());
    let running = tasks.iter().filter(|task| task.last_status == "RUNNING").count();
    let service = ecs.services.get(target.service())?;
    let deploying = service.deployments.iter().any(ecs::is_under_way);
    Some(Present { desired, running: i64::try_from(running).unwrap_or(0), deploying })
}

/// Counts how many minutes in a row an alarm has been off.
fn breach(target: &mut Target, policy: &Policy, side: usize, off: bool) -> u32 {
    let Some((alarm, _)) = policy.alarms.get(side) else { return 0 };
    let count = target.breaches.entry(alarm.clone()).or_default();
    *count = if off { *count + 1 } else { 0 };
    *count
}

/// A policy of target tracking, and what its metric says.
struct Follow {
    metric: f64,
    aim: f64,
    out: u64,
    back: u64,
    removes: bool,
}

impl Follow {
    /// Reads a policy. Without running tasks, or without a load that somebody described, its metric has
    /// no values, and nothing follows.
    fn of(policy: &Policy, load: &Load, running: i64) -> Option<Self> {
        let total = match policies::metric_of(policy)?.as_str() {
            CPU => load.cpu,
            MEMORY => load.memory,
            REQUESTS => load.requests,
            _ => None,
        }?;
        if running == 0 {
            return None;
        }
        let given = &policy.configuration;
        let seconds = |member: &str| given[member].as_u64().unwrap_or(COOLDOWN);
        #[expect(clippy::cast_precision_loss, reason = "a service has 5000 tasks at most")]
        let metric = total / running as f64;
        Some(Self {
            metric,
            aim: given["TargetValue"].as_f64()?,
            out: seconds("ScaleOutCooldown"),
            back: seconds("ScaleInCooldown"),
            removes: given["DisableScaleIn"] != Value::Bool(true),
        })
    }

    /// Returns how many tasks bring the metric to the aim, rounded up.
    fn wanted(&self, running: i64) -> i64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a service has 5000 tasks at most"
        )]
        let wanted = (running as f64 * self.metric / self.aim).ceil() as i64;
        wanted.max(1)
    }
}
