//! Groups of schedules, and their tags.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    schedule_event,
    state::{DEFAULT, Group, SchedulerEvent},
};
use crate::{
    error::AwsError,
    input::Input,
    rules::scheduler as rules,
    services::{Ctx, Reply},
    tags,
};

/// How long it takes until a deleted group is gone.
const GONE_AFTER: Duration = Duration::from_secs(20);

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("Name")?.to_owned();
    let own = tags::from_list(input, "Tags");
    tags::check(&own, "ValidationException")?;
    let arn = ctx.arn("scheduler", &format!("schedule-group/{name}"));
    let token = input.str("ClientToken").map(str::to_owned);
    if let Some(found) = ctx.here().scheduler.groups.get(&name) {
        if found.deleting {
            return Err(being_deleted(&name));
        }
        if token.is_some() && found.token == token {
            return Ok(json!({"ScheduleGroupArn": found.arn}));
        }
    }
    if name == DEFAULT || ctx.here().scheduler.groups.contains_key(&name) {
        return Err(
            rules::GROUP_NAME_UNIQUE.refuse(format!("Schedule group {name} already exists."))
        );
    }
    let now = ctx.now();
    let group = Group {
        name: name.clone(),
        arn: arn.clone(),
        deleting: false,
        created: now,
        modified: now,
        token,
        tags: own,
    };
    ctx.here().scheduler.groups.insert(name, group);
    Ok(json!({"ScheduleGroupArn": arn}))
}

pub(super) fn get(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("Name")?;
    if name == DEFAULT && !ctx.here().scheduler.groups.contains_key(name) {
        let arn = ctx.arn("scheduler", "schedule-group/default");
        return Ok(json!({"Arn": arn, "Name": DEFAULT, "State": "ACTIVE"}));
    }
    find(ctx, name).map(|group| shown(group))
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let prefix = input.str_or("NamePrefix", "");
    let groups = ctx.here().scheduler.groups.values();
    let found: Vec<(String, Value)> = groups
        .filter(|group| group.name.starts_with(prefix))
        .map(|group| (group.name.clone(), shown(group)))
        .collect();
    let (page, next) = page(input, found)?;
    Ok(json!({"ScheduleGroups": page, "NextToken": next}))
}

/// Its schedules go with it, a while later (EventBridge Scheduler API reference,
/// `DeleteScheduleGroup`).
pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("Name")?;
    if name == DEFAULT {
        return Err(
            rules::DEFAULT_GROUP_STAYS.refuse("The default schedule group cannot be deleted.")
        );
    }
    let now = ctx.now();
    let group = find(ctx, name)?;
    if group.deleting {
        return Err(being_deleted(name));
    }
    group.deleting = true;
    group.modified = now;
    let region = ctx.region.clone();
    let event = SchedulerEvent::GroupGone { name: name.to_owned() };
    schedule_event(ctx.world, &region, GONE_AFTER, event);
    Ok(json!({}))
}

pub(super) fn tag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let new = tags::from_list(input, "Tags");
    let group = tagged(ctx, input)?;
    let mut all = group.tags.clone();
    all.extend(new);
    tags::check(&all, "ValidationException")?;
    group.tags = all;
    Ok(json!({}))
}

pub(super) fn untag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let keys = match input.get("TagKeys") {
        Some(Value::String(one)) => vec![one.clone()],
        _ => input.strings("TagKeys"),
    };
    let group = tagged(ctx, input)?;
    group.tags.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

pub(super) fn list_tags(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let group = tagged(ctx, input)?;
    Ok(json!({"Tags": tags::upper(&group.tags)}))
}

/// Finds the group of an ARN.
fn tagged<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut Group, AwsError> {
    let arn = input.required("ResourceArn")?;
    let name = arn.rsplit('/').next().unwrap_or_default();
    find(ctx, name)
}

/// Finds a group.
pub(super) fn find<'c>(ctx: &'c mut Ctx<'_>, name: &str) -> Result<&'c mut Group, AwsError> {
    ctx.here()
        .scheduler
        .groups
        .get_mut(name)
        .ok_or_else(|| rules::GROUP_EXISTS.refuse(format!("Schedule group {name} does not exist.")))
}

/// The scheduler's answer while a group is being deleted.
pub(super) fn being_deleted(name: &str) -> AwsError {
    rules::GROUP_STAYS.refuse(format!("Schedule group {name} is being deleted."))
}

fn shown(group: &Group) -> Value {
    json!({
        "Arn": group.arn,
        "Name": group.name,
        "State": if group.deleting { "DELETING" } else { "ACTIVE" },
        "CreationDate": group.created.epoch_seconds(),
        "LastModificationDate": group.modified.epoch_seconds(),
    })
}

/// Cuts the page a request asks for out of what was found; the token is the last name of the page
/// before.
pub(super) fn page(
    input: &Input<'_>,
    found: Vec<(String, Value)>,
) -> Result<(Vec<Value>, Option<String>), AwsError> {
    let limit = input.int_in("MaxResults", 1, 100)?.unwrap_or(100);
    let limit = usize::try_from(limit).unwrap_or(100);
    let start = match input.str("NextToken") {
        None => 0,
        Some(token) => match found.iter().position(|(name, _)| name == token) {
            Some(at) => at + 1,
            None => return Err(rules::PAGE_TOKEN.refuse("Invalid NextToken.")),
        },
    };
    let more = found.len() > start + limit;
    let page: Vec<(String, Value)> = found.into_iter().skip(start).take(limit).collect();
    let next = more.then(|| page.last().map(|(name, _)| name.clone())).flatten();
    Ok((page.into_iter().map(|(_, value)| value).collect(), next))
}
