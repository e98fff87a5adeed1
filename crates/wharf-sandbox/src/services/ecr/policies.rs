//! Lifecycle policies and repository policies: text, kept as sent.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Ctx, invalid_parameter, repository};
use crate::{error::AwsError, input::Input, rules, services::Reply};

pub(super) fn put_lifecycle(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let text = input.required("lifecyclePolicyText")?;
    check_lifecycle(text).map_err(|problem| {
        let rule = format!("Lifecycle policy validation failure: {problem}");
        invalid_parameter(&rules::ecr::LIFECYCLE_VALID, "LifecyclePolicyText", &rule)
    })?;
    let account = ctx.world.account.clone();
    let found = repository(ctx, input)?;
    found.lifecycle = Some(text.to_owned());
    Ok(json!({
        "registryId": account, "repositoryName": found.name, "lifecyclePolicyText": text,
    }))
}

pub(super) fn get_lifecycle(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (account, now) = (ctx.world.account.clone(), ctx.now());
    let found = repository(ctx, input)?;
    let text = found.lifecycle.as_ref().ok_or_else(|| no_lifecycle(&found.name, &account))?;
    Ok(json!({
        "registryId": account, "repositoryName": found.name, "lifecyclePolicyText": text,
        "lastEvaluatedAt": now.epoch_seconds(),
    }))
}

pub(super) fn delete_lifecycle(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (account, now) = (ctx.world.account.clone(), ctx.now());
    let found = repository(ctx, input)?;
    let text = found.lifecycle.take().ok_or_else(|| no_lifecycle(&found.name, &account))?;
    Ok(json!({
        "registryId": account, "repositoryName": found.name, "lifecyclePolicyText": text,
        "lastEvaluatedAt": now.epoch_seconds(),
    }))
}

pub(super) fn set_policy(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let text = input.required("policyText")?;
    if serde_json::from_str::<Value>(text).is_err() {
        let rule = "Invalid repository policy provided";
        return Err(invalid_parameter(&rules::ecr::POLICY_JSON, "PolicyText", rule));
    }
    let account = ctx.world.account.clone();
    let found = repository(ctx, input)?;
    found.policy = Some(text.to_owned());
    Ok(json!({"registryId": account, "repositoryName": found.name, "policyText": text}))
}

pub(super) fn get_policy(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let account = ctx.world.account.clone();
    let found = repository(ctx, input)?;
    let text = found.policy.as_ref().ok_or_else(|| no_policy(&found.name, &account))?;
    Ok(json!({"registryId": account, "repositoryName": found.name, "policyText": text}))
}

pub(super) fn delete_policy(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let account = ctx.world.account.clone();
    let found = repository(ctx, input)?;
    let text = found.policy.take().ok_or_else(|| no_policy(&found.name, &account))?;
    Ok(json!({"registryId": account, "repositoryName": found.name, "policyText": text}))
}

fn no_lifecycle(name: &str, account: &str) -> AwsError {
    rules::ecr::LIFECYCLE_EXISTS.refuse(format!(
        "Lifecycle policy does not exist for the repository with name '{name}' in the registry \
         with id '{account}'"
    ))
}

fn no_policy(name: &str, account: &str) -> AwsError {
    rules::ecr::POLICY_EXISTS.refuse(format!(
        "Repository policy does not exist for the repository with name '{name}' in the registry \
         with id '{account}'"
    ))
}

/// The rules of lifecycle policies (ECR user guide, "Lifecycle policy properties").
fn check_lifecycle(text: &str) -> Result<(), String> {
    let policy: Value =
        serde_json::from_str(text).map_err(|_| "string is not valid JSON".to_owned())?;
    let rules = policy.get("rules").and_then(Value::as_array);
    let rules = rules.filter(|rules| !rules.is_empty());
    let rules = rules.ok_or("object has missing required properties ([\"rules\"])")?;
    let mut priorities = BTreeSet::new();
    let (mut any, mut untagged) = (None, 0);
    for rule in rules {
        let priority = rule.get("rulePriority").and_then(Value::as_u64).filter(|p| *p > 0);
        let priority = priority.ok_or("object has missing required properties (rulePriority)")?;
        if !priorities.insert(priority) {
            return Err(format!("rule priority {priority} is used more than once"));
        }
        let selection = rule.get("selection").ok_or("a rule has no selection")?;
        let member = |name: &str| selection.get(name).and_then(Value::as_str);
        let listed = |name: &str| {
            selection.get(name).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
        };
        match member("tagStatus") {
            Some("any") => any = Some(priority),
            Some("untagged") => untagged += 1,
            Some("tagged") if listed("tagPrefixList") || listed("tagPatternList") => {}
            Some("tagged") => return Err("tagged needs tagPrefixList or tagPatternList".into()),
            _ => return Err("tagStatus must be one of tagged, untagged, any".into()),
        }
        match member("countType") {
            Some("imageCountMoreThan") => {}
            Some("sinceImagePushed") if member("countUnit") == Some("days") => {}
            Some("sinceImagePushed") => return Err("sinceImagePushed needs countUnit days".into()),
            _ => {
                let choices = "imageCountMoreThan, sinceImagePushed";
                return Err(format!("countType must be one of {choices}"));
            }
        }
        if selection.get("countNumber").and_then(Value::as_u64).unwrap_or(0) == 0 {
            return Err("countNumber must be greater than 0".into());
        }
        if rule.pointer("/action/type").and_then(Value::as_str) != Some("expire") {
            return Err("the action's type must be expire".into());
        }
    }
    if untagged > 1 {
        return Err("only one rule may select untagged images".into());
    }
    if any.is_some_and(|any| priorities.last() != Some(&any)) {
        return Err("a rule with tagStatus any must have the highest rulePriority".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check_lifecycle;

    fn rule(priority: u32, status: &str) -> serde_json::Value {
        json!({
            "rulePriority": priority,
            "selection": {
                "tagStatus": status, "countType": "imageCountMoreThan", "countNumber": 5,
            },
            "action": {"type": "expire"},
        })
    }

    #[test]
    fn any_is_last_and_untagged_single() {
        let check =
            |rules: serde_json::Value| check_lifecycle(&json!({"rules": rules}).to_string());
        assert_eq!(check(json!([rule(1, "untagged"), rule(2, "any")])), Ok(()));
        assert!(check(json!([rule(2, "untagged"), rule(1, "any")])).is_err());
        assert!(check(json!([rule(1, "untagged"), rule(2, "untagged")])).is_err());
        assert!(check(json!([rule(1, "tagged")])).is_err());
        assert!(check(json!([rule(1, "untagged"), rule(1, "any")])).is_err());
        assert!(check(json!([])).is_err());
        assert!(check_lifecycle("{").is_err());
    }
}
