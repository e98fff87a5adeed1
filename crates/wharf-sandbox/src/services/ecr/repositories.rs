//! Repositories themselves.

use serde_json::{Value, json};

use super::{Ctx, invalid_parameter, no_repository, repository, state::Repository};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    services::Reply,
    tags::{self, Tags},
    world::RegionState,
};

const MUTABILITIES: &[&str] =
    &["MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"];

/// Repositories of a registry in one region (ECR User Guide, service quotas).
const MOST: usize = 100_000;

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("repositoryName")?;
    let mutability = input.one_of("imageTagMutability", MUTABILITIES)?.unwrap_or("MUTABLE");
    let scanning = input.structure("imageScanningConfiguration");
    let scan_on_push = match scanning {
        Some(scanning) => scanning.bool("scanOnPush")?.unwrap_or(false),
        None => false,
    };
    let encryption = encryption(ctx, input)?;
    let tags = tags::from_list(input, "tags");
    tags::check(&tags, "InvalidTagParameterException")?;
    let account = ctx.world.account.clone();
    if ctx.here().ecr.repositories.contains_key(name) {
        return Err(rules::ecr::REPOSITORY_NAME_UNIQUE.refuse(format!(
            "The repository with name '{name}' already exists in the registry with id \
                 '{account}'"
        )));
    }
    if ctx.here().ecr.repositories.len() >= MOST {
        return Err(rules::ecr::REPOSITORIES_COUNT.refuse(
            "The operation did not succeed because it would have exceeded a service limit for your account.",
        ));
    }
    let made = Repository {
        name: name.to_owned(),
        arn: ctx.arn("ecr", &format!("repository/{name}")),
        uri: format!("{}/{name}", registry(ctx)),
        created: ctx.now(),
        mutability: mutability.to_owned(),
        exclusions: exclusions(input),
        scan_on_push,
        encryption,
        lifecycle: None,
        policy: None,
        tags,
        images: std::collections::BTreeMap::new(),
        image_tags: std::collections::BTreeMap::new(),
        deleted_tags: std::collections::BTreeSet::new(),
    };
    let shown = show(&made, &account);
    ctx.here().ecr.repositories.insert(name.to_owned(), made);
    Ok(json!({"repository": shown}))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let account = ctx.world.account.clone();
    let repositories = &ctx.here().ecr.repositories;
    let names = input.strings("repositoryNames");
    if !names.is_empty() {
        // One missing name fails the whole call.
        let shown: Result<Vec<Value>, AwsError> = names
            .iter()
            .map(|name| {
                let found = repositories.get(name).ok_or_else(|| no_repository(name, &account))?;
                Ok(show(found, &account))
            })
            .collect();
        return Ok(json!({"repositories": shown?}));
    }
    let limit = input.int_in("maxResults", 1, 1000)?.unwrap_or(100);
    let limit = usize::try_from(limit).unwrap_or(100);
    let after = input.str_or("nextToken", "");
    let mut page: Vec<&Repository> =
        repositories.values().filter(|item| item.name.as_str() > after).take(limit + 1).collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let next = more.then(|| page.last().map(|item| item.name.clone())).flatten();
    let shown: Vec<Value> = page.into_iter().map(|item| show(item, &account)).collect();
    Ok(json!({"repositories": shown, "nextToken": next}))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let force = input.bool("force")?.unwrap_or(false);
    let account = ctx.world.account.clone();
    let found = repository(ctx, input)?;
    if !found.images.is_empty() && !force {
        return Err(rules::ecr::REPOSITORY_EMPTY.refuse(format!(
            "The repository with name '{}' in registry with id '{account}' cannot be deleted \
                 because it still contains images",
            found.name
        )));
    }
    let (name, shown) = (found.name.clone(), show(found, &account));
    ctx.here().ecr.repositories.remove(&name);
    Ok(json!({"repository": shown}))
}

pub(super) fn put_mutability(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    input.required("imageTagMutability")?;
    let wanted = input.one_of("imageTagMutability", MUTABILITIES)?.unwrap_or("MUTABLE");
    let account = ctx.world.account.clone();
    let found = repository(ctx, input)?;
    wanted.clone_into(&mut found.mutability);
    found.exclusions = exclusions(input);
    Ok(json!({
        "registryId": account,
        "repositoryName": found.name,
        "imageTagMutability": found.mutability,
        "imageTagMutabilityExclusionFilters": some_list(&found.exclusions),
    }))
}

pub(super) fn put_scanning(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let wanted = input
        .structure("imageScanningConfiguration")
        .ok_or_else(|| input.missing("imageScanningConfiguration"))?;
    let wanted = wanted.bool("scanOnPush")?.unwrap_or(false);
    let account = ctx.world.account.clone();
    let found = repository(ctx, input)?;
    found.scan_on_push = wanted;
    Ok(json!({
        "registryId": account,
        "repositoryName": found.name,
        "imageScanningConfiguration": {"scanOnPush": wanted},
    }))
}

pub(super) fn tag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let more = tags::from_list(input, "tags");
    tags::check(&more, "InvalidTagParameterException")?;
    let found = by_arn(ctx, input)?;
    let mut all = found.tags.clone();
    all.extend(more);
    tags::count(&all, "TooManyTagsException")?;
    found.tags = all;
    Ok(json!({}))
}

pub(super) fn untag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let keys = input.strings("tagKeys");
    let found = by_arn(ctx, input)?;
    found.tags.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

pub(super) fn list_tags(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    Ok(json!({"tags": tags::upper(&by_arn(ctx, input)?.tags)}))
}

pub(super) fn tagged(region: &RegionState) -> Vec<(String, Tags)> {
    let repositories = region.ecr.repositories.values();
    repositories.map(|item| (item.arn.clone(), item.tags.clone())).collect()
}

fn by_arn<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut Repository, AwsError> {
    let arn = input.required("resourceArn")?;
    let prefix = ctx.arn("ecr", "repository/");
    let Some(name) = arn.strip_prefix(&prefix) else {
        let rule = "must be the ARN of a repository";
        return Err(invalid_parameter(&rules::ecr::REPOSITORY_ARN, "resourceArn", rule));
    };
    let account = ctx.world.account.clone();
    ctx.here().ecr.repositories.get_mut(name).ok_or_else(|| no_repository(name, &account))
}

/// The host name of the region's registry.
pub(super) fn registry(ctx: &Ctx<'_>) -> String {
    let suffix = if ctx.world.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("{}.dkr.ecr.{}.{suffix}", ctx.world.account, ctx.region)
}

fn show(item: &Repository, account: &str) -> Value {
    json!({
        "repositoryArn": item.arn,
        "registryId": account,
        "repositoryName": item.name,
        "repositoryUri": item.uri,
        "createdAt": item.created.epoch_seconds(),
        "imageTagMutability": item.mutability,
        "imageTagMutabilityExclusionFilters": some_list(&item.exclusions),
        "imageScanningConfiguration": {"scanOnPush": item.scan_on_push},
        "encryptionConfiguration": item.encryption,
    })
}

/// AWS fills in the key `aws/ecr` when KMS is asked for without one.
fn encryption(ctx: &Ctx<'_>, input: &Input<'_>) -> Reply {
    let Some(wanted) = input.structure("encryptionConfiguration") else {
        return Ok(json!({"encryptionType": "AES256"}));
    };
    wanted.required("encryptionType")?;
    let kind = wanted.one_of("encryptionType", &["AES256", "KMS", "KMS_DSSE"])?;
    let kind = kind.unwrap_or("AES256");
    if kind == "AES256" {
        return Ok(json!({"encryptionType": "AES256"}));
    }
    // One key for the region, whichever repository asks first.
    let aws_key = || ctx.arn("kms", "key/0aec5000-0000-4000-8000-000000000ec5");
    let key = wanted.str("kmsKey").map_or_else(aws_key, str::to_owned);
    Ok(json!({"encryptionType": kind, "kmsKey": key}))
}

fn exclusions(input: &Input<'_>) -> Vec<Value> {
    let filters = input.list("imageTagMutabilityExclusionFilters");
    filters.iter().map(|filter| filter.value().clone()).collect()
}

fn some_list(items: &[Value]) -> Value {
    if items.is_empty() { Value::Null } else { Value::from(items) }
}
