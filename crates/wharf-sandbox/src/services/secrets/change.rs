//! Changing secrets.

use std::time::Duration;

use serde_json::json;

use super::{marked_for_deletion, no_secret, state::Secret};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    services::{Ctx, Reply},
    tags::{self, Tags},
    world::RegionState,
};

const DAY: Duration = Duration::from_hours(24);

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("Name")?;
    let allowed = |ch: char| ch.is_ascii_alphanumeric() || "/_+=.@-".contains(ch);
    if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) {
        // Secrets Manager API reference, `CreateSecret`.
        return Err(rules::secrets::NAME_FORM.refuse(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of \
             the following: -/_+=.@!",
        ));
    }
    let tags = tags::from_list(input, "Tags");
    tags::check(&tags, "InvalidParameterException")?;
    let value = value(input);
    let now = ctx.now();
    if let Some(present) = ctx.here().secrets.find(name, now) {
        if present.deleted.is_some() {
            return Err(rules::secrets::NAME_NOT_MARKED.refuse(
                "You can't create this secret because a secret with this name is already \
                 scheduled for deletion.",
            ));
        }
        let message = format!("The operation failed because the secret {name} already exists.");
        return Err(rules::secrets::NAME_UNIQUE.refuse(message));
    }
    let suffix = ctx.world.ids.letters(6);
    let version = match input.str("ClientRequestToken") {
        Some(token) => token.to_owned(),
        None => ctx.world.ids.uuid(),
    };
    let made = Secret {
        name: name.to_owned(),
        arn: ctx.arn("secretsmanager", &format!("secret:{name}-{suffix}")),
        description: input.str("Description").map(str::to_owned),
        key: input.str("KmsKeyId").map(str::to_owned),
        value,
        version,
        created: now,
        changed: now,
        deleted: None,
        purge: None,
        tags,
    };
    let version = made.value.is_some().then(|| made.version.clone());
    let shown = json!({"ARN": made.arn, "Name": name, "VersionId": version});
    ctx.here().secrets.secrets.insert(name.to_owned(), made);
    Ok(shown)
}

fn value(input: &Input<'_>) -> Option<String> {
    let value = input.str("SecretString").or_else(|| input.str("SecretBinary"));
    value.map(str::to_owned)
}

/// Finds a secret to change; one marked for deletion can only be restored.
fn present<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut Secret, AwsError> {
    let found = any(ctx, input)?;
    if found.deleted.is_some() {
        return Err(marked_for_deletion());
    }
    Ok(found)
}

fn any<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut Secret, AwsError> {
    let id = input.required("SecretId")?;
    let now = ctx.now();
    let state = &mut ctx.here().secrets;
    let name = state.find(id, now).ok_or_else(no_secret)?.name.clone();
    state.secrets.get_mut(&name).ok_or_else(no_secret)
}

pub(super) fn put_value(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let value = value(input).ok_or_else(|| {
        let message = "You must provide either SecretString or SecretBinary.";
        rules::secrets::VALUE_GIVEN.refuse(message)
    })?;
    let (version, now) = (ctx.world.ids.uuid(), ctx.now());
    let found = present(ctx, input)?;
    (found.value, found.version, found.changed) = (Some(value), version, now);
    Ok(json!({
        "ARN": found.arn, "Name": found.name, "VersionId": found.version,
        "VersionStages": ["AWSCURRENT"],
    }))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let window = input.int("RecoveryWindowInDays")?;
    let force = input.bool("ForceDeleteWithoutRecovery")?.unwrap_or(false);
    if force && window.is_some() {
        return Err(rules::secrets::FORCE_OR_WINDOW.refuse(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        ));
    }
    let window = window.unwrap_or(30);
    if !(7..=30).contains(&window) {
        let message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).";
        return Err(rules::secrets::RECOVERY_WINDOW.refuse(message));
    }
    let now = ctx.now();
    let found = if force { any(ctx, input)? } else { present(ctx, input)? };
    let days = if force { 0 } else { u32::try_from(window).unwrap_or(30) };
    let purge = now + DAY * days;
    (found.deleted, found.purge) = (Some(now), Some(purge));
    let (name, arn) = (found.name.clone(), found.arn.clone());
    Ok(json!({"ARN": arn, "Name": name, "DeletionDate": purge.epoch_seconds()}))
}

pub(super) fn restore(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let found = any(ctx, input)?;
    (found.deleted, found.purge) = (None, None);
    Ok(json!({"ARN": found.arn, "Name": found.name}))
}

pub(super) fn tag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let more = tags::from_list(input, "Tags");
    tags::check(&more, "InvalidParameterException")?;
    present(ctx, input)?.tags.extend(more);
    Ok(json!({}))
}

pub(super) fn untag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let keys = input.strings("TagKeys");
    present(ctx, input)?.tags.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

pub(super) fn tagged(region: &RegionState) -> Vec<(String, Tags)> {
    let secrets = region.secrets.secrets.values().filter(|secret| secret.deleted.is_none());
    secrets.map(|secret| (secret.arn.clone(), secret.tags.clone())).collect()
}
