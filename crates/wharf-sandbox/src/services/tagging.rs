//! The Resource Groups Tagging API: what carries a tag.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{ALL, Ctx, Operation, Protocol, Reply, Service, nothing_tagged, read};
use crate::{
    error::AwsError,
    input::Input,
    rules::tagging as rules,
    tags::{self, Tags},
};

/// The tagging API.
pub(super) static SERVICE: Service = Service {
    name: "tagging",
    protocol: Protocol::Json,
    global: false,
    invalid: "InvalidParameterException",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] =
    &[read("GetResources", get_resources), read("GetTagKeys", get_tag_keys)];

/// Filters by tags and types, or by ARNs, never both; lists what has tags, in the order of ARNs
/// (Resource Groups Tagging API reference, `GetResources`).
fn get_resources(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arns: BTreeSet<String> = input.strings("ResourceARNList").into_iter().collect();
    let types = input.strings("ResourceTypeFilters");
    let filters = filters(input)?;
    if types.len() > 100 {
        return Err(rules::HUNDRED_TYPES.refuse("ResourceTypeFilters can hold at most 100 types"));
    }
    let paged = input.has("ResourcesPerPage") || !input.str_or("PaginationToken", "").is_empty();
    if !arns.is_empty() && (!types.is_empty() || !filters.is_empty() || paged) {
        return Err(rules::ARNS_OR_FILTERS.refuse(
            "You can't specify ResourceARNList together with TagFilters, ResourceTypeFilters or \
             ResourcesPerPage in the same request",
        ));
    }
    let limit = match input.int_in("ResourcesPerPage", 1, 100)? {
        Some(limit) => usize::try_from(limit).unwrap_or(50),
        None if arns.is_empty() => 50,
        None => 100,
    };
    let after = input.str_or("PaginationToken", "");
    let mut page: Vec<(String, Tags)> = all(ctx)
        .into_iter()
        .filter(|(arn, tags)| !tags.is_empty() && arn.as_str() > after)
        .filter(|(arn, _)| arns.is_empty() || arns.contains(arn))
        .filter(|(arn, _)| types.is_empty() || types.iter().any(|kind| is_of_type(arn, kind)))
        .filter(|(_, tags)| filters.iter().all(|filter| filter.fits(tags)))
        .take(limit + 1)
        .collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let next = page.last().filter(|_| more).map_or("", |(arn, _)| arn.as_str()).to_owned();
    let shown: Vec<Value> = page
        .iter()
        .map(|(arn, tags)| json!({"ResourceARN": arn, "Tags": tags::upper(tags)}))
        .collect();
    Ok(json!({"PaginationToken": next, "ResourceTagMappingList": shown}))
}

#[expect(clippy::unnecessary_wraps, reason = "a handler")]
fn get_tag_keys(ctx: &mut Ctx<'_>, _input: &Input<'_>) -> Reply {
    let keys: BTreeSet<String> = all(ctx).into_values().flat_map(Tags::into_keys).collect();
    Ok(json!({"PaginationToken": "", "TagKeys": keys}))
}

fn all(ctx: &mut Ctx<'_>) -> BTreeMap<String, Tags> {
    let here = &*ctx.here();
    ALL.iter().flat_map(|service| (service.tagged)(here)).collect()
}

/// A wanted tag; no values means any value.
struct Filter {
    key: String,
    values: Vec<String>,
}

impl Filter {
    fn fits(&self, tags: &Tags) -> bool {
        let value = tags.get(&self.key);
        value.is_some_and(|value| self.values.is_empty() || self.values.contains(value))
    }
}

fn filters(input: &Input<'_>) -> Result<Vec<Filter>, AwsError> {
    let list = input.list("TagFilters");
    list.iter()
        .map(|filter| {
            let values = filter.strings("Values");
            Ok(Filter { key: filter.required("Key")?.to_owned(), values })
        })
        .collect()
}

/// Types are written `service` or `service:type`, in the words of ARNs.
fn is_of_type(arn: &str, kind: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let (service, resource) = (parts.nth(2).unwrap_or_default(), parts.nth(2).unwrap_or_default());
    match kind.split_once(':') {
        None => kind == service,
        Some((wanted, prefix)) => {
            wanted == service
                && resource.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['/', ':']))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_type;

    #[test]
    fn types_are_read_from_the_arn() {
        let balancer = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/x/1";
        assert!(is_of_type(balancer, "elasticloadbalancing"));
        assert!(is_of_type(balancer, "elasticloadbalancing:loadbalancer"));
        assert!(is_of_type(balancer, "elasticloadbalancing:loadbalancer/app"));
        assert!(!is_of_type(balancer, "elasticloadbalancing:load"));
        assert!(is_of_type("arn:aws:logs:eu-west-1:1:log-group:/a", "logs:log-group"));
        assert!(!is_of_type(balancer, "ecs"));
    }
}
