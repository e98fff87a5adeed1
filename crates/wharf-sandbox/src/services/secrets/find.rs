//! Finding and reading secrets.

use serde_json::{Value, json};

use super::{marked_for_deletion, no_secret, state::Secret};
use crate::{
    input::Input,
    rules::secrets as rules,
    services::{Ctx, Reply},
    tags,
    time::SimTime,
};

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (id, now) = (input.required("SecretId")?, ctx.now());
    let found = ctx.here().secrets.find(id, now).ok_or_else(no_secret)?;
    let mut shown = show(found);
    if found.value.is_some() {
        let stages =
            Value::Object([(found.version.clone(), json!(["AWSCURRENT"]))].into_iter().collect());
        shown["VersionIdsToStages"] = stages;
    }
    Ok(shown)
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let planned = input.bool("IncludePlannedDeletion")?.unwrap_or(false);
    let limit = input.int_in("MaxResults", 1, 100)?.unwrap_or(100);
    let limit = usize::try_from(limit).unwrap_or(100);
    let start: usize = match input.str("NextToken") {
        Some(token) => token
            .parse()
            .map_err(|_| rules::PAGE_TOKEN.refuse("The NextToken value is invalid."))?,
        None => 0,
    };
    let filters = input.list("Filters");
    let now = ctx.now();
    let found: Vec<&Secret> = ctx
        .here()
        .secrets
        .secrets
        .values()
        .filter(|secret| is_there(secret, now) && (planned || secret.deleted.is_none()))
        .filter(|secret| filters.iter().all(|filter| fits(secret, filter)))
        .collect();
    let next = (found.len() > start + limit).then(|| (start + limit).to_string());
    let shown: Vec<Value> = found.into_iter().skip(start).take(limit).map(show).collect();
    Ok(json!({"SecretList": shown, "NextToken": next}))
}

fn is_there(secret: &Secret, now: SimTime) -> bool {
    secret.purge.is_none_or(|purge| purge > now)
}

/// Filters match prefixes (Secrets Manager API reference, Filter).
fn fits(secret: &Secret, filter: &Input<'_>) -> bool {
    let values = filter.strings("Values");
    let begins = |text: &str| values.iter().any(|value| text.starts_with(value.as_str()));
    match filter.str_or("Key", "") {
        "name" => begins(&secret.name),
        "description" => secret.description.as_deref().is_some_and(begins),
        "tag-key" => secret.tags.keys().any(|key| begins(key)),
        "tag-value" => secret.tags.values().any(|value| begins(value)),
        "all" => begins(&secret.name) || secret.description.as_deref().is_some_and(begins),
        _ => false,
    }
}

pub(super) fn get_value(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (id, now) = (input.required("SecretId")?, ctx.now());
    let found = ctx.here().secrets.find(id, now).ok_or_else(no_secret)?;
    if found.deleted.is_some() {
        return Err(marked_for_deletion());
    }
    let stage = input.str_or("VersionStage", "AWSCURRENT");
    let wanted = input.str("VersionId").is_none_or(|id| id == found.version);
    match &found.value {
        Some(value) if wanted && stage == "AWSCURRENT" => Ok(json!({
            "ARN": found.arn,
            "Name": found.name,
            "VersionId": found.version,
            "SecretString": value,
            "VersionStages": ["AWSCURRENT"],
            "CreatedDate": found.changed.epoch_seconds(),
        })),
        _ => {
            let message = format!(
                "Secrets Manager can't find the specified secret value for staging label: {stage}"
            );
            Err(rules::VALUE_EXISTS.refuse(message))
        }
    }
}

fn show(secret: &Secret) -> Value {
    json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "Description": secret.description,
        "KmsKeyId": secret.key,
        "CreatedDate": secret.created.epoch_seconds(),
        "LastChangedDate": secret.changed.epoch_seconds(),
        "DeletedDate": secret.deleted.map(SimTime::epoch_seconds),
        "Tags": tags::upper(&secret.tags),
    })
}
