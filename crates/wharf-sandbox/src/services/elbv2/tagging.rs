//! Tags of balancers, target groups, listeners and rules.

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    state::Elbv2State,
};
use crate::{
    error::AwsError, input::Input, rules::elbv2 as rules, tags, tags::Tags, world::RegionState,
};

pub(super) fn add(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let more = tags::from_list(input, "Tags");
    if more.is_empty() {
        return Err(input.missing("Tags"));
    }
    let arns = resources(ctx, input)?;
    for arn in &arns {
        let mut all = ctx.here().elbv2.tags_mut(arn).cloned().unwrap_or_default();
        all.extend(more.clone());
        tags::count(&all, "TooManyTags")?;
        tags::check(&all, "ValidationError")?;
    }
    for arn in &arns {
        if let Some(tags) = ctx.here().elbv2.tags_mut(arn) {
            tags.extend(more.clone());
        }
    }
    Ok(json!({}))
}

pub(super) fn remove(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let keys = input.strings("TagKeys");
    for arn in resources(ctx, input)? {
        if let Some(tags) = ctx.here().elbv2.tags_mut(&arn) {
            tags.retain(|key, _| !keys.contains(key));
        }
    }
    Ok(json!({}))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arns = resources(ctx, input)?;
    if arns.len() > 20 {
        let text = "Up to 20 resources can be described in a single call";
        return Err(rules::TWENTY_DESCRIBED.refuse(text));
    }
    let mut shown: Vec<Value> = Vec::new();
    for arn in arns {
        let tags = ctx.here().elbv2.tags_mut(&arn).map(|tags| tags::upper(tags));
        shown.push(json!({"ResourceArn": arn, "Tags": tags}));
    }
    Ok(json!({"TagDescriptions": shown}))
}

fn resources(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Result<Vec<String>, AwsError> {
    let arns = input.strings("ResourceArns");
    if arns.is_empty() {
        return Err(input.missing("ResourceArns"));
    }
    for arn in &arns {
        if ctx.here().elbv2.tags_mut(arn).is_some() {
            continue;
        }
        let kinds = [
            (":loadbalancer/", &rules::BALANCER_EXISTS, "load balancers"),
            (":targetgroup/", &rules::TARGET_GROUP_EXISTS, "target groups"),
            (":listener/", &rules::LISTENER_EXISTS, "listeners"),
            (":listener-rule/", &rules::RULE_EXISTS, "rules"),
        ];
        let kind = kinds.iter().find(|(part, _, _)| arn.contains(part));
        return Err(match kind {
            Some((_, rule, noun)) => rule.refuse(format!("One or more {noun} not found")),
            None => rules::ARN_FORM.refuse(format!("'{arn}' is not a valid resource ARN")),
        });
    }
    Ok(arns)
}

/// Lists all resources for the tagging API.
pub(super) fn tagged(region: &RegionState) -> Vec<(String, Tags)> {
    let elb = &region.elbv2;
    let mut all: Vec<(String, Tags)> = Vec::new();
    all.extend(elb.balancers.values().map(|it| (it.arn.clone(), it.tags.clone())));
    all.extend(elb.target_groups.values().map(|it| (it.arn.clone(), it.tags.clone())));
    all.extend(elb.listeners.values().map(|it| (it.arn.clone(), it.tags.clone())));
    all.extend(elb.rules.values().map(|it| (it.arn.clone(), it.tags.clone())));
    all
}

impl Elbv2State {
    fn tags_mut(&mut self, arn: &str) -> Option<&mut Tags> {
        if let Some(found) = self.balancers.get_mut(arn) {
            return Some(&mut found.tags);
        }
        if let Some(found) = self.target_groups.get_mut(arn) {
            return Some(&mut found.tags);
        }
        if let Some(found) = self.listeners.get_mut(arn) {
            return Some(&mut found.tags);
        }
        self.rules.get_mut(arn).map(|found| &mut found.tags)
    }
}
