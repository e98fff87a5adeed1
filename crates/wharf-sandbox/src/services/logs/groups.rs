//! Log groups themselves.

use serde_json::{Value, json};

use super::{Ctx, group, no_group, state::LogGroup};
use crate::{
    breaks::Condition,
    error::AwsError,
    input::Input,
    rules,
    services::Reply,
    tags::{self, Tags},
    world::RegionState,
};

/// The retention periods there are, in days (CloudWatch Logs API reference, `PutRetentionPolicy`).
const RETENTIONS: &[i64] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Log groups of a region (CloudWatch Logs User Guide, quotas).
const MOST: usize = 1_000_000;

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("logGroupName")?;
    check_name(name)?;
    let classes = ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"];
    let class = input.one_of("logGroupClass", &classes)?.unwrap_or("STANDARD");
    let tags = input.map("tags");
    tags::check(&tags, "InvalidParameterException")?;
    let (arn, now) = (ctx.arn("logs", &format!("log-group:{name}")), ctx.now());
    // A group is named after its service: the last part of its name.
    let of = name.rsplit('/').next().unwrap_or(name);
    let full = ctx.world.trouble.holds(Condition::NoMoreLogGroups, &[of]);
    let groups = &mut ctx.here().logs.groups;
    if groups.contains_key(name) {
        let message = "The specified log group already exists";
        return Err(rules::logs::GROUP_NAME_UNIQUE.refuse(message));
    }
    if full || groups.len() >= MOST {
        return Err(rules::logs::GROUPS_COUNT.refuse("Resource limit exceeded."));
    }
    let made = LogGroup {
        tags,
        class: class.to_owned(),
        kms_key: input.str("kmsKeyId").map(str::to_owned),
        protected: input.bool("deletionProtectionEnabled")?.unwrap_or(false),
        ..LogGroup::new(name, arn, now)
    };
    groups.insert(name.to_owned(), made);
    Ok(json!({}))
}

/// Names do not begin with `aws/` (CloudWatch Logs API reference, `CreateLogGroup`).
fn check_name(name: &str) -> Result<(), AwsError> {
    if name.starts_with("aws/") {
        return Err(rules::logs::GROUP_NAME_RESERVED
            .refuse("Log groups starting with AWS/ are reserved for AWS."));
    }
    Ok(())
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (prefix, pattern) = (input.str("logGroupNamePrefix"), input.str("logGroupNamePattern"));
    if prefix.is_some() && pattern.is_some() {
        let message = "LogGroup name prefix and LogGroup name pattern are mutually exclusive \
                       parameters.";
        return Err(rules::logs::GROUPS_ONE_WAY.refuse(message));
    }
    let limit = input.int_in("limit", 1, 50)?.unwrap_or(50);
    let limit = usize::try_from(limit).unwrap_or(50);
    let after = input.str_or("nextToken", "");
    let pattern = pattern.map(str::to_lowercase);
    let identifiers = input.strings("logGroupIdentifiers");
    let mut page: Vec<&LogGroup> = ctx
        .here()
        .logs
        .groups
        .values()
        .filter(|group| after.is_empty() || group.name.as_str() > after)
        .filter(|group| prefix.is_none_or(|prefix| group.name.starts_with(prefix)))
        .filter(|group| {
            pattern.as_ref().is_none_or(|pattern| group.name.to_lowercase().contains(pattern))
        })
        .filter(|group| {
            identifiers.is_empty()
                || identifiers.iter().any(|id| *id == group.name || *id == group.arn)
        })
        .take(limit + 1)
        .collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let next = more.then(|| page.last().map(|group| group.name.clone())).flatten();
    let shown: Vec<Value> = page.into_iter().map(show).collect();
    Ok(json!({"logGroups": shown, "nextToken": next}))
}

fn show(group: &LogGroup) -> Value {
    let events = group.streams.values().flat_map(|stream| &stream.events);
    let stored: usize = events.map(|event| event.message.len() + 26).sum();
    json!({
        "logGroupName": group.name,
        "creationTime": group.created.0,
        "retentionInDays": group.retention_days,
        "metricFilterCount": 0,
        "arn": format!("{}:*", group.arn),
        "logGroupArn": group.arn,
        "logGroupClass": group.class,
        "kmsKeyId": group.kms_key,
        "deletionProtectionEnabled": group.protected,
        "storedBytes": stored,
    })
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("logGroupName")?;
    if group(ctx, name)?.protected {
        let message = format!(
            "Log group '{name}' cannot be deleted because deletion protection is enabled. Disable deletion \
             protection and try again."
        );
        return Err(rules::logs::GROUP_PROTECTED.refuse(message));
    }
    ctx.here().logs.groups.remove(name).ok_or_else(no_group)?;
    Ok(json!({}))
}

pub(super) fn protect(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("logGroupIdentifier")?;
    let on = input.bool("deletionProtectionEnabled")?;
    let on = on.ok_or_else(|| input.missing("deletionProtectionEnabled"))?;
    let name = name.split_once(":log-group:").map_or(name, |(_, name)| name);
    group(ctx, name)?.protected = on;
    Ok(json!({}))
}

pub(super) fn put_retention(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("logGroupName")?;
    let days = input.int("retentionInDays")?.ok_or_else(|| input.missing("retentionInDays"))?;
    if !RETENTIONS.contains(&days) {
        let set: Vec<String> = RETENTIONS.iter().map(i64::to_string).collect();
        return Err(rules::logs::RETENTION.refuse(format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy \
             constraint: Member must satisfy enum value set: [{}]",
            set.join(", ")
        )));
    }
    group(ctx, name)?.retention_days = Some(days);
    Ok(json!({}))
}

pub(super) fn delete_retention(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    group(ctx, input.required("logGroupName")?)?.retention_days = None;
    Ok(json!({}))
}

pub(super) fn associate_key(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let key = input.required("kmsKeyId")?;
    let name = input.str("logGroupName").or_else(|| input.str("resourceIdentifier"));
    let name = name.ok_or_else(|| input.missing("logGroupName"))?;
    group(ctx, name)?.kms_key = Some(key.to_owned());
    Ok(json!({}))
}

pub(super) fn disassociate_key(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.str("logGroupName").or_else(|| input.str("resourceIdentifier"));
    let name = name.ok_or_else(|| input.missing("logGroupName"))?;
    group(ctx, name)?.kms_key = None;
    Ok(json!({}))
}

pub(super) fn tag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let more = input.map("tags");
    tags::check(&more, "InvalidParameterException")?;
    let found = by_arn(ctx, input)?;
    let mut all = found.tags.clone();
    all.extend(more);
    tags::count(&all, "TooManyTagsException")?;
    found.tags = all;
    Ok(json!({}))
}

pub(super) fn untag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let keys = input.strings("tagKeys");
    by_arn(ctx, input)?.tags.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

pub(super) fn list_tags(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    Ok(json!({"tags": by_arn(ctx, input)?.tags}))
}

/// The tagging operations take the ARN without `:*` (CloudWatch Logs API reference, `TagResource`).
fn by_arn<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut LogGroup, AwsError> {
    let arn = input.required("resourceArn")?;
    let known = ctx.arn("logs", "log-group:");
    if arn.ends_with(":*") || !arn.starts_with(&known) {
        let message = format!("The ARN '{arn}' is not that of a log group.");
        return Err(rules::logs::GROUP_ARN.refuse(message));
    }
    group(ctx, arn)
}

pub(super) fn tagged(region: &RegionState) -> Vec<(String, Tags)> {
    let groups = region.logs.groups.values();
    groups.map(|group| (group.arn.clone(), group.tags.clone())).collect()
}
