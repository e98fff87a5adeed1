//! Scheduled actions: another range from a time on.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{
    DIMENSION, NAMESPACE, described, page, registered, show,
    state::{Action, AutoscalingEvent},
};
use crate::{
    error::AwsError,
    input::Input,
    rules::autoscaling as rules,
    schedule::{self, Schedule},
    services::{Ctx, Reply},
    time::SimTime,
    world::Event,
};

/// Most scheduled actions of one resource (Application Auto Scaling user guide, quotas).
const MOST: usize = 200;

/// Makes a scheduled action, or changes one. Start and end are dropped when absent, the rest stays
/// (Application Auto Scaling API reference, `PutScheduledAction`).
pub(super) fn put(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("ScheduledActionName")?.to_owned();
    let target = registered(ctx, input)?.clone();
    let before = target.actions.get(&name).cloned();
    let range = input.structure("ScalableTargetAction");
    let number = |member: &str| match &range {
        Some(range) => range.int(member),
        None => Ok(None),
    };
    let (mut min, mut max) = (number("MinCapacity")?, number("MaxCapacity")?);
    if let (None, Some(before)) = (&range, &before) {
        (min, max) = (before.min, before.max);
    }
    let text =
        |member: &str, before: Option<String>| input.str(member).map(ToOwned::to_owned).or(before);
    let when = text("Schedule", before.as_ref().map(|it| it.schedule.clone()));
    let (Some(when), true) = (when, min.is_some() || max.is_some()) else {
        return Err(rules::SCHEDULE_GIVEN.refuse(
            "A new scheduled action requires a schedule and a minimum or maximum capacity.",
        ));
    };
    let (low, high) = (min.unwrap_or(0), max.unwrap_or(i64::MAX));
    if low < 0 || high < low {
        return Err(rules::CAPACITY_RANGE
            .refuse("Minimum capacity must be at least 0 and not greater than the maximum."));
    }
    let timezone = text("Timezone", before.as_ref().and_then(|it| it.timezone.clone()));
    let (parsed, zone) = timing(&when, timezone.as_deref())?;
    if before.is_none() && target.actions.len() >= MOST {
        return Err(rules::ACTION_COUNT
            .refuse(format!("The limit of {MOST} scheduled actions is exceeded.")));
    }
    let now = ctx.now();
    let (arn, created) = if let Some(before) = before {
        (before.arn, before.created)
    } else {
        let id = ctx.world.ids.uuid();
        let path = format!("{id}:resource/ecs/{}:scheduledActionName/{name}", target.resource);
        (ctx.arn("autoscaling", &format!("scheduledAction:{path}")), now)
    };
    let bound = |member: &str| input.get(member).and_then(Value::as_f64);
    let mut action = Action {
        name: name.clone(),
        arn,
        schedule: when,
        timezone,
        start: bound("StartTime"),
        end: bound("EndTime"),
        min,
        max,
        created,
        next: None,
    };
    action.next = following(&action, &parsed, &zone, now);
    if let Some(at) = action.next {
        plan(ctx, &target.resource, &name, at);
    }
    registered(ctx, input)?.actions.insert(name, action);
    Ok(json!({}))
}

fn timing(when: &str, timezone: Option<&str>) -> Result<(Schedule, TimeZone), AwsError> {
    let parsed = Schedule::parse(when).ok_or_else(|| {
        rules::SCHEDULE_FORM.refuse(format!("The schedule expression {when} is not valid."))
    })?;
    let name = timezone.unwrap_or("UTC");
    let zone = schedule::zone(name)
        .ok_or_else(|| rules::TIMEZONE.refuse(format!("The time zone {name} is not valid.")))?;
    Ok((parsed, zone))
}

/// Returns when an action comes due next, within its bounds.
fn following(action: &Action, at: &Schedule, zone: &TimeZone, now: SimTime) -> Option<SimTime> {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of any real date fit 2^53")]
    let bound = |seconds: f64| SimTime((seconds * 1000.0) as i64);
    let from = action.start.map_or(now, |start| now.max(bound(start)));
    let next = at.next(from, action.created, zone)?;
    action.end.is_none_or(|end| next <= bound(end)).then_some(next)
}

/// Returns when an action that has come due does so again.
pub(super) fn again(action: &Action, now: SimTime) -> Option<SimTime> {
    let (parsed, zone) = timing(&action.schedule, action.timezone.as_deref()).ok()?;
    following(action, &parsed, &zone, now)
}

fn plan(ctx: &mut Ctx<'_>, resource: &str, name: &str, at: SimTime) {
    let event =
        AutoscalingEvent::Act { resource: resource.to_owned(), action: name.to_owned(), at };
    let after = at.since(ctx.now());
    ctx.schedule(after, Event::Autoscaling(event));
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("ScheduledActionName")?.to_owned();
    let resource = super::resource(input)?;
    let target = ctx.here().autoscaling.targets.get_mut(&resource);
    if target.and_then(|target| target.actions.remove(&name)).is_none() {
        return Err(rules::ACTION_EXISTS.refuse(format!(
            "No scheduled action found for service namespace: {NAMESPACE}, resource ID: {resource}, \
             scalable dimension: {DIMENSION}, scheduled action name: {name}"
        )));
    }
    Ok(json!({}))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let names = input.strings("ScheduledActionNames");
    let targets = described(ctx, input)?;
    let all = targets.iter().flat_map(|target| {
        target.actions.values().map(|action| (target.resource.clone(), action.clone()))
    });
    let found = all.filter(|(_, action)| names.is_empty() || names.contains(&action.name));
    let (found, next) = page(input, found.collect(), 50)?;
    let shown: Vec<_> = found.iter().map(|(id, action)| show::action(id, action)).collect();
    Ok(json!({"ScheduledActions": shown, "NextToken": next}))
}
