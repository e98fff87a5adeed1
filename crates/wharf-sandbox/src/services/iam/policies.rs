//! Policies of roles: inline ones and attached ones.

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    documents, managed, role,
    roles::{modifiable, page},
};
use crate::{error::AwsError, input::Input, rules};

pub(super) fn put(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = policy_name(input)?;
    let document = input.required("PolicyDocument")?;
    documents::check_identity(document)?;
    let found = modifiable(ctx, input)?;
    let others = found.inline.iter().filter(|(other, _)| other.as_str() != name);
    let total: usize = others.map(|(_, text)| documents::size(text)).sum();
    if total + documents::size(document) > 10_240 {
        let text = format!("Maximum policy size of 10240 bytes exceeded for role {}", found.name);
        return Err(rules::iam::POLICIES_SIZE.refuse(text));
    }
    found.inline.insert(name.to_owned(), document.to_owned());
    Ok(json!({}))
}

pub(super) fn get(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = policy_name(input)?;
    let found = role(ctx, input)?;
    let document = found.inline.get(name).ok_or_else(|| no_policy(name))?;
    Ok(json!({
        "RoleName": found.name,
        "PolicyName": name,
        "PolicyDocument": documents::encode(document),
    }))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = policy_name(input)?;
    modifiable(ctx, input)?.inline.remove(name).ok_or_else(|| no_policy(name))?;
    Ok(json!({}))
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let names = role(ctx, input)?.inline.keys();
    page(input, "PolicyNames", names.map(|it| (it.clone(), Value::from(it.clone()))).collect())
}

pub(super) fn attach(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = policy_arn(input)?;
    let found = modifiable(ctx, input)?;
    if !managed::exists(arn) {
        return Err(rules::iam::POLICY_KNOWN
            .refuse(format!("Policy {arn} does not exist or is not attachable.")));
    }
    if found.attached.len() >= 10 && !found.attached.contains_key(arn) {
        return Err(rules::iam::TEN_POLICIES.refuse("Cannot exceed quota for PoliciesPerRole: 10"));
    }
    let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
    found.attached.insert(arn.to_owned(), name);
    Ok(json!({}))
}

pub(super) fn detach(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = policy_arn(input)?;
    let found = modifiable(ctx, input)?;
    if found.attached.remove(arn).is_none() {
        return Err(rules::iam::POLICY_ATTACHED.refuse(format!("Policy {arn} was not found.")));
    }
    Ok(json!({}))
}

pub(super) fn list_attached(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let attached = role(ctx, input)?.attached.iter();
    let shown = attached
        .map(|(arn, name)| (arn.clone(), json!({"PolicyName": name, "PolicyArn": arn})))
        .collect();
    page(input, "AttachedPolicies", shown)
}

fn policy_name<'a>(input: &Input<'a>) -> Result<&'a str, AwsError> {
    input.required("PolicyName")
}

fn policy_arn<'a>(input: &Input<'a>) -> Result<&'a str, AwsError> {
    let arn = input.required("PolicyArn")?;
    if !arn.starts_with("arn:") {
        return Err(rules::iam::POLICY_ARN.refuse(format!("ARN {arn} is not valid.")));
    }
    Ok(arn)
}

fn no_policy(name: &str) -> AwsError {
    rules::iam::INLINE_EXISTS.refuse(format!("The role policy with name {name} cannot be found."))
}
