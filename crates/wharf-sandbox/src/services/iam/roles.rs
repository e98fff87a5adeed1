//! Roles.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    documents, role,
    state::{IamEvent, Role},
};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    tags::{self, Tags},
    world::Event,
};

/// How long ECS does not know a new role. AWS states no number; seconds are usual.
const PROPAGATION: Duration = Duration::from_secs(8);

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("RoleName")?;
    let path = input.str_or("Path", "/");
    if path.starts_with("/aws-service-role/") {
        let text = "The specified value for path is invalid. It must begin and end with / and \
                    contain only alphanumeric characters and/or / characters.";
        return Err(rules::iam::ROLE_PATH.refuse(text));
    }
    let trust = input.required("AssumeRolePolicyDocument")?;
    check_trust(trust)?;
    principals_exist(ctx, trust)?;
    let max_session = input.int_in("MaxSessionDuration", 3600, 43200)?.unwrap_or(3600);
    let tags = tags::from_list(input, "Tags");
    tags::check(&tags, "InvalidInput")?;
    if ctx.world.global.iam.roles.contains_key(&name.to_lowercase()) {
        let text = format!("Role with name {name} already exists.");
        return Err(rules::iam::ROLE_NAME_UNIQUE.refuse(text));
    }
    if ctx.world.global.iam.roles.len() >= 1000 {
        return Err(rules::iam::ROLES_COUNT.refuse("Cannot exceed quota for RolesPerAccount: 1000"));
    }
    let made = Role {
        description: input.str("Description").map(str::to_owned),
        boundary: input.str("PermissionsBoundary").map(str::to_owned),
        ..new_role(ctx, name, path, trust, max_session, tags)
    };
    let shown = show(&made, true);
    let id = made.id.clone();
    ctx.world.global.iam.roles.insert(name.to_lowercase(), made);
    ctx.schedule(PROPAGATION, Event::Iam(IamEvent::Propagated { id }));
    Ok(json!({"Role": shown}))
}

fn new_role(
    ctx: &mut Ctx<'_>,
    name: &str,
    path: &str,
    trust: &str,
    max_session: i64,
    tags: Tags,
) -> Role {
    Role {
        name: name.to_owned(),
        path: path.to_owned(),
        id: format!("AROA{}", ctx.world.ids.upper(17)),
        arn: ctx.world.arn("iam", "", &format!("role{path}{name}")),
        created: ctx.now(),
        trust: trust.to_owned(),
        description: None,
        max_session,
        boundary: None,
        inline: std::collections::BTreeMap::new(),
        attached: std::collections::BTreeMap::new(),
        tags,
        propagated: false,
        service_linked: false,
    }
}

fn check_trust(trust: &str) -> Result<(), AwsError> {
    documents::check_trust(trust)?;
    if documents::size(trust) > 2048 {
        return Err(rules::iam::TRUST_SIZE.refuse("Cannot exceed quota for ACLSizePerRole: 2048"));
    }
    Ok(())
}

pub(super) fn get(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    Ok(json!({"Role": show(role(ctx, input)?, true)}))
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let prefix = input.str_or("PathPrefix", "/");
    let roles = ctx.world.global.iam.roles.values();
    let roles = roles.filter(|role| role.path.starts_with(prefix));
    page(input, "Roles", roles.map(|role| (role.name.clone(), show(role, false))).collect())
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let found = modifiable(ctx, input)?;
    if !found.attached.is_empty() {
        let text = "Cannot delete entity, must detach all policies first.";
        return Err(rules::iam::ROLE_DETACHED.refuse(text));
    }
    if !found.inline.is_empty() {
        let text = "Cannot delete entity, must delete policies first.";
        return Err(rules::iam::ROLE_WITHOUT_POLICIES.refuse(text));
    }
    let name = found.name.to_lowercase();
    ctx.world.global.iam.roles.remove(&name);
    Ok(json!({}))
}

pub(super) fn update(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let max_session = input.int_in("MaxSessionDuration", 3600, 43200)?;
    let found = modifiable(ctx, input)?;
    // Both are replaced: a missing one goes back to its default (IAM API reference, UpdateRole).
    found.description = input.str("Description").map(str::to_owned);
    found.max_session = max_session.unwrap_or(3600);
    Ok(json!({}))
}

/// Refuses a trust policy that names a role which is not there or not yet known everywhere.
fn principals_exist(ctx: &Ctx<'_>, trust: &str) -> Result<(), AwsError> {
    let own = ctx.world.arn("iam", "", "role/");
    for arn in documents::principals(trust) {
        let Some(path) = arn.strip_prefix(&own) else { continue };
        let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
        if !ctx.world.global.iam.roles.get(&name).is_some_and(|role| role.propagated) {
            let text = format!("Invalid principal in policy: \"AWS\":\"{arn}\"");
            return Err(rules::iam::PRINCIPAL_EXISTS.refuse(text));
        }
    }
    Ok(())
}

pub(super) fn update_trust(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let trust = input.required("PolicyDocument")?;
    check_trust(trust)?;
    principals_exist(ctx, trust)?;
    trust.clone_into(&mut modifiable(ctx, input)?.trust);
    Ok(json!({}))
}

pub(super) fn tag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let more = tags::from_list(input, "Tags");
    let found = modifiable(ctx, input)?;
    let mut all = found.tags.clone();
    all.extend(more);
    tags::check(&all, "InvalidInput")?;
    found.tags = all;
    Ok(json!({}))
}

pub(super) fn untag(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let keys = input.strings("TagKeys");
    modifiable(ctx, input)?.tags.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

pub(super) fn list_tags(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    Ok(json!({"Tags": tags::upper(&role(ctx, input)?.tags), "IsTruncated": false}))
}

pub(super) fn instance_profiles(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    role(ctx, input)?;
    Ok(json!({"InstanceProfiles": [], "IsTruncated": false}))
}

pub(super) fn create_service_linked(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let service = input.required("AWSServiceName")?;
    let name = match service {
        "ecs.amazonaws.com" => "AWSServiceRoleForECS",
        "elasticloadbalancing.amazonaws.com" => "AWSServiceRoleForElasticLoadBalancing",
        "ecs.application-autoscaling.amazonaws.com" => {
            "AWSServiceRoleForApplicationAutoScaling_ECSService"
        }
        _ => {
            let text = format!("Service-linked roles of {service} are not simulated.");
            return Err(rules::iam::SERVICE_SIMULATED.refuse(text));
        }
    };
    if ctx.world.global.iam.roles.contains_key(&name.to_lowercase()) {
        let text = format!(
            "Service role name {name} has been taken in this account, please try a different \
             suffix."
        );
        return Err(rules::iam::SERVICE_LINKED_ONCE.refuse(text));
    }
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]});
    let path = format!("/aws-service-role/{service}/");
    let made = Role {
        propagated: true,
        service_linked: true,
        description: input.str("Description").map(str::to_owned),
        ..new_role(ctx, name, &path, &trust.to_string(), 3600, Tags::new())
    };
    let shown = show(&made, true);
    ctx.world.global.iam.roles.insert(name.to_lowercase(), made);
    Ok(json!({"Role": shown}))
}

/// Finds a role that its owner may change.
pub(super) fn modifiable<'c>(
    ctx: &'c mut Ctx<'_>,
    input: &Input<'_>,
) -> Result<&'c mut Role, AwsError> {
    let found = role(ctx, input)?;
    if found.service_linked {
        let text = format!(
            "Cannot perform the operation on the protected role '{}' - this role is only \
             modifiable by AWS",
            found.name
        );
        return Err(rules::iam::SERVICE_LINKED.refuse(text));
    }
    Ok(found)
}

/// Cuts a list into pages of `MaxItems`; the marker is the last name of the page before.
pub(super) fn page(input: &Input<'_>, member: &str, items: Vec<(String, Value)>) -> Reply {
    let limit = input.int_in("MaxItems", 1, 1000)?.unwrap_or(100);
    let limit = usize::try_from(limit).unwrap_or(100);
    let after = input.str("Marker");
    let mut rest: Vec<(String, Value)> = items
        .into_iter()
        .filter(|(name, _)| after.is_none_or(|after| name.as_str() > after))
        .collect();
    rest.sort_by(|one, other| one.0.cmp(&other.0));
    let more = rest.len() > limit;
    rest.truncate(limit);
    let marker = if more { rest.last().map(|(name, _)| name.clone()) } else { None };
    let shown: Vec<Value> = rest.into_iter().map(|(_, value)| value).collect();
    Ok(json!({member: shown, "IsTruncated": more, "Marker": marker}))
}

/// `ListRoles` leaves out tags and the permissions boundary (IAM API reference, `ListRoles`).
fn show(role: &Role, whole: bool) -> Value {
    let mut shown = json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created.iso(),
        "AssumeRolePolicyDocument": documents::encode(&role.trust),
        "Description": role.description,
        "MaxSessionDuration": role.max_session,
    });
    if whole {
        if !role.tags.is_empty() {
            shown["Tags"] = tags::upper(&role.tags);
        }
        if let Some(boundary) = &role.boundary {
            shown["PermissionsBoundary"] = json!({
                "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
                "PermissionsBoundaryArn": boundary,
            });
        }
    }
    shown
}
