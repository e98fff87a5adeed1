//! Tags of EC2's resources.

use serde_json::json;

use super::super::{Ctx, Reply};
use crate::{error::AwsError, input::Input, rules::ec2 as rules, tags};

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let more = tags::from_list(input, "Tag");
    if more.is_empty() {
        return Err(input.missing("Tag"));
    }
    let ids = resources(ctx, input)?;
    tags::check(&more, "InvalidParameterValue")?;
    for id in &ids {
        let before = ctx.here().ec2.tags_mut(id).cloned().unwrap_or_default();
        tags::count(&before.into_iter().chain(more.clone()).collect(), "TagLimitExceeded")?;
    }
    for id in &ids {
        if let Some(tags) = ctx.here().ec2.tags_mut(id) {
            tags.extend(more.clone());
        }
    }
    Ok(json!({"return": true}))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let ids = resources(ctx, input)?;
    let doomed = input.list("Tag");
    for id in &ids {
        let Some(tags) = ctx.here().ec2.tags_mut(id) else { continue };
        // A tag with a value goes only if it has that value; without any tag, all of them go.
        tags.retain(|key, value| {
            !doomed.is_empty()
                && !doomed.iter().any(|tag| {
                    tag.str("Key") == Some(key)
                        && tag.str("Value").is_none_or(|given| given == value)
                })
        });
    }
    Ok(json!({"return": true}))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let mut shown = Vec::new();
    for (arn, tags) in ctx.here().ec2.all_tags() {
        let resource = arn.rsplit(':').next().unwrap_or_default();
        let (kind, id) = resource.split_once('/').unwrap_or_default();
        for (key, value) in tags {
            let tag = json!({
                "resourceId": id, "resourceType": kind, "key": key, "value": value,
            });
            let mut passes = true;
            for filter in input.list("Filter") {
                let name = filter.required("Name")?;
                let member = match name {
                    "resource-id" => "resourceId",
                    "resource-type" => "resourceType",
                    "key" | "value" => name,
                    _ => {
                        return Err(
                            rules::FILTER_KNOWN.refuse(format!("The filter '{name}' is invalid"))
                        );
                    }
                };
                let wanted = filter.strings("Value");
                passes &= wanted.iter().any(|it| tag[member] == it.as_str());
            }
            if passes {
                shown.push(tag);
            }
        }
    }
    Ok(json!({"tagSet": shown}))
}

fn resources(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Result<Vec<String>, AwsError> {
    let ids = input.strings("ResourceId");
    if ids.is_empty() {
        return Err(input.missing("ResourceId"));
    }
    for id in &ids {
        if ctx.here().ec2.tags_mut(id).is_some() {
            continue;
        }
        let rule = match id.split('-').next().unwrap_or_default() {
            "sg" => &rules::GROUP_EXISTS,
            "sgr" => &rules::SECURITY_RULE_EXISTS,
            "vpc" => &rules::VPC_EXISTS,
            "subnet" => &rules::SUBNET_EXISTS,
            "rtb" => &rules::TABLE_EXISTS,
            "igw" => &rules::GATEWAY_EXISTS,
            "eni" => &rules::INTERFACE_EXISTS,
            _ => &rules::RESOURCE_EXISTS,
        };
        return Err(rule.refuse(format!("The ID '{id}' is not valid")));
    }
    Ok(ids)
}
