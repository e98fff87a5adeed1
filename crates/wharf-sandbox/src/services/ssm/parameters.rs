//! Changing parameters.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::state::Parameter;
use crate::{
    error::AwsError,
    input::Input,
    rules,
    services::{Ctx, Reply},
    tags::{self, Tags},
    world::{RegionState, World},
};

const KINDS: &[&str] = &["String", "StringList", "SecureString"];
const TIERS: &[&str] = &["Standard", "Advanced", "Intelligent-Tiering"];

/// The key AWS uses when none is named.
const DEFAULT_KEY: &str = "alias/aws/ssm";

pub(super) fn put(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("Name")?;
    let value = input.required("Value")?;
    check_name(name)?;
    let kind = input.one_of("Type", KINDS)?;
    let tier = input.one_of("Tier", TIERS)?.unwrap_or("Standard");
    let most = if tier == "Standard" { 4096 } else { 8192 };
    if value.is_empty() || value.len() > most {
        // Systems Manager user guide, "Managing parameter tiers".
        let message =
            format!("{tier} tier parameters support a maximum value of {most} characters.");
        return Err(rules::ssm::VALUE_SIZE.refuse(message));
    }
    let overwrite = input.bool("Overwrite")?.unwrap_or(false);
    let tags = tags::from_list(input, "Tags");
    tags::check(&tags, "ValidationException")?;
    if overwrite && !tags.is_empty() {
        let message = "Invalid request: tags and overwrite can't be used together. To create a \
                       parameter with tags, please remove overwrite flag. To update tags for an \
                       existing parameter, please use AddTagsToResource or \
                       RemoveTagsFromResource.";
        return Err(rules::ssm::TAGS_OR_OVERWRITE.refuse(message));
    }
    let (now, arn) = (ctx.now(), ctx.arn("ssm", &arn_suffix(name)));
    let parameters = &mut ctx.here().ssm.parameters;
    let before = parameters.get(name);
    if before.is_some() && !overwrite {
        let message = "The parameter already exists. To overwrite this value, set the overwrite \
                       option in the request to true.";
        return Err(rules::ssm::PARAMETER_NAME_UNIQUE.refuse(message));
    }
    if before.is_none() && tier == "Standard" && parameters.len() >= 10_000 {
        let message = "You have reached the maximum number of 10000 standard tier parameters.";
        return Err(rules::ssm::PARAMETERS_COUNT.refuse(message));
    }
    let kind = kind.or(before.map(|before| before.kind.as_str()));
    let kind = kind.ok_or_else(|| {
        rules::ssm::TYPE_GIVEN.refuse("A parameter type is required when you create a parameter.")
    })?;
    let key = (kind == "SecureString").then(|| input.str_or("KeyId", DEFAULT_KEY).to_owned());
    let version = before.map_or(1, |before| before.version + 1);
    let description = input.str("Description").map(str::to_owned);
    let made = Parameter {
        name: name.to_owned(),
        arn,
        kind: kind.to_owned(),
        value: value.to_owned(),
        version,
        modified: now,
        description: description.or_else(|| before.and_then(|before| before.description.clone())),
        key,
        tier: tier.to_owned(),
        tags: before.map_or(tags, |before| before.tags.clone()),
    };
    parameters.insert(name.to_owned(), made);
    Ok(json!({"Version": version, "Tier": tier}))
}

/// Names: letters, digits, `.`, `-`, `_`, `/`; fully qualified if they have a slash; at most 15
/// levels; not beginning with `aws` or `ssm` (Systems Manager API reference, `PutParameter`).
fn check_name(name: &str) -> Result<(), AwsError> {
    let invalid = |message: &str| Err(rules::ssm::NAME_FORM.refuse(message));
    let allowed = |ch: char| ch.is_ascii_alphanumeric() || "._-/".contains(ch);
    if name.is_empty() || name.len() > 1011 || !name.chars().all(allowed) {
        return invalid(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a \
             path, it can consist of sub-paths divided by slash symbol; each sub-path can be \
             formed as a mix of letters, numbers and the following 3 symbols .-_",
        );
    }
    if name.contains('/') && !name.starts_with('/') {
        return invalid("Parameter name must be a fully qualified name.");
    }
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    if first.starts_with("ssm") || first.starts_with("aws") {
        let message = "No access to reserved parameter name.";
        return Err(rules::ssm::NAME_RESERVED.refuse(message));
    }
    if name.matches('/').count() > 15 {
        return Err(
            rules::ssm::FIFTEEN_LEVELS.refuse("A hierarchy can have a maximum of 15 levels.")
        );
    }
    Ok(())
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("Name")?;
    let gone = ctx.here().ssm.parameters.remove(name);
    gone.ok_or_else(|| rules::ssm::PARAMETER_EXISTS.refuse(""))?;
    Ok(json!({}))
}

#[expect(clippy::unnecessary_wraps, reason = "a handler")]
pub(super) fn delete_many(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let names = input.strings("Names");
    let parameters = &mut ctx.here().ssm.parameters;
    let (gone, absent): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|name| parameters.remove(name).is_some());
    Ok(json!({"DeletedParameters": gone, "InvalidParameters": absent}))
}

pub(super) fn tag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let more = tags::from_list(input, "Tags");
    tags::check(&more, "ValidationException")?;
    let found = resource(ctx, input)?;
    let mut all = found.tags.clone();
    all.extend(more);
    tags::count(&all, "TooManyTagsError")?;
    found.tags = all;
    Ok(json!({}))
}

pub(super) fn untag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let keys = input.strings("TagKeys");
    resource(ctx, input)?.tags.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

pub(super) fn list_tags(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    Ok(json!({"TagList": tags::upper(&resource(ctx, input)?.tags)}))
}

fn resource<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut Parameter, AwsError> {
    let kind = input.required("ResourceType")?;
    let id = input.required("ResourceId")?;
    if kind != "Parameter" {
        let message = format!("The sandbox does not simulate the resource type '{kind}'.");
        return Err(rules::ssm::RESOURCE_TYPE.refuse(message));
    }
    let found = ctx.here().ssm.parameters.get_mut(id);
    found.ok_or_else(|| {
        rules::ssm::RESOURCE_EXISTS.refuse(
            "The resource ID isn't valid. Verify that you entered the correct ID and try again.",
        )
    })
}

pub(super) fn tagged(region: &RegionState) -> Vec<(String, Tags)> {
    let parameters = region.ssm.parameters.values();
    parameters.map(|item| (item.arn.clone(), item.tags.clone())).collect()
}

/// The last part of a parameter's ARN.
fn arn_suffix(name: &str) -> String {
    format!("parameter/{}", name.trim_start_matches('/'))
}

/// The parameters the samples refer to.
pub(crate) fn seed(world: &mut World, region: &str) {
    let now = world.now;
    let names = [
        "/notes/database_url",
        "/notes/staging/database_url",
        "/notes/prod/database_url",
        "/shop/database_url",
    ];
    let parameters: BTreeMap<String, Parameter> = names
        .into_iter()
        .map(|name| {
            let app = name.split('/').nth(1).unwrap_or_default();
            let made = Parameter {
                name: name.to_owned(),
                arn: world.arn("ssm", region, &arn_suffix(name)),
                kind: "SecureString".to_owned(),
                value: format!("postgres://{app}:sandbox@db.example.com/{app}"),
                version: 1,
                modified: now,
                description: None,
                key: Some(DEFAULT_KEY.to_owned()),
                tier: "Standard".to_owned(),
                tags: Tags::new(),
            };
            (name.to_owned(), made)
        })
        .collect();
    world.region(region).ssm.parameters.extend(parameters);
}

/// Writes a parameter without its value, as `DescribeParameters` does.
pub(super) fn metadata(item: &Parameter, user: &str) -> Value {
    json!({
        "Name": item.name,
        "ARN": item.arn,
        "Type": item.kind,
        "KeyId": item.key,
        "LastModifiedDate": item.modified.epoch_seconds(),
        "LastModifiedUser": user,
        "Description": item.description,
        "Version": item.version,
        "Tier": item.tier,
        "Policies": [],
        "DataType": "text",
    })
}
