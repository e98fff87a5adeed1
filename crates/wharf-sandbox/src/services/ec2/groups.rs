//! Security groups.

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    filters::{Described, Kind, describe as describe_all, new_tags},
    networks,
    permissions::show_permissions,
    seed,
    state::{Ec2State, Group, Peer},
};
use crate::{error::AwsError, input::Input, rules, tags};

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let kind = Kind {
        set: "securityGroupInfo",
        ids: "GroupId",
        missing: &rules::ec2::GROUP_EXISTS,
        noun: "security group",
        filters: &[
            ("group-name", "groupName"),
            ("group-id", "groupId"),
            ("vpc-id", "vpcId"),
            ("description", "groupDescription"),
            ("owner-id", "ownerId"),
            ("ip-permission.group-id", "ipPermissions.groups.groupId"),
            ("egress.ip-permission.group-id", "ipPermissionsEgress.groups.groupId"),
        ],
    };
    for id in input.strings("GroupId") {
        check_form(&id)?;
    }
    let account = ctx.world.account.clone();
    let ec2 = &ctx.here().ec2;
    let names = input.strings("GroupName");
    let groups = ec2.groups.values().filter(|it| names.is_empty() || names.contains(&it.name));
    let all = groups.map(|it| {
        let shown = show(ec2, it, &account);
        Described { id: &it.id, tags: &it.tags, shown }
    });
    describe_all(input, &kind, &all.collect::<Vec<_>>())
}

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("GroupName")?;
    let description = input.required("GroupDescription")?;
    for (member, text) in [("GroupName", name), ("GroupDescription", description)] {
        // EC2 API reference, CreateSecurityGroup.
        if text.is_empty() || text.chars().count() > 255 || !text.chars().all(is_allowed) {
            let text = format!(
                "Value ({text}) for parameter {member} is invalid. Character sets beyond ASCII \
                 are not supported."
            );
            return Err(rules::ec2::GROUP_TEXT.refuse(text));
        }
    }
    if name.to_ascii_lowercase().starts_with("sg-") {
        let text = format!("Group names may not be in the format sg-*: '{name}'");
        return Err(rules::ec2::GROUP_NAME.refuse(text));
    }
    let tags = new_tags(input, "security-group")?;
    let ec2 = &ctx.here().ec2;
    let vpc = if let Some(id) = input.str("VpcId") {
        networks::vpc(ec2, id)?
    } else {
        let default = ec2.vpcs.values().find(|vpc| vpc.is_default);
        let text = "No default VPC for this user";
        default.ok_or_else(|| rules::ec2::DEFAULT_VPC.refuse(text))?
    };
    let vpc = vpc.id.clone();
    if name.eq_ignore_ascii_case("default") {
        let text = format!("Cannot use reserved security group name: {name}");
        return Err(rules::ec2::GROUP_NAME_RESERVED.refuse(text));
    }
    let mut others = ec2.groups.values().filter(|group| group.vpc == vpc);
    if others.any(|group| group.name.eq_ignore_ascii_case(name)) {
        let text = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(rules::ec2::GROUP_NAME_UNIQUE.refuse(text));
    }
    if ec2.groups.len() >= 2500 {
        let text = "The maximum number of security groups has been reached.";
        return Err(rules::ec2::GROUPS_COUNT.refuse(text));
    }
    let region = ctx.region.clone();
    let id = seed::group(ctx.world, &region, &vpc, name, description, tags.clone());
    let arn = ctx.arn("ec2", &format!("security-group/{id}"));
    Ok(json!({
        "return": true,
        "groupId": id,
        "securityGroupArn": arn,
        "tagSet": tags::lower(&tags),
    }))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let id = input.required("GroupId")?;
    check_form(id)?;
    let ec2 = &mut ctx.here().ec2;
    if find(ec2, id)?.name == "default" {
        let text =
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(rules::ec2::DEFAULT_GROUP_STAYS.refuse(text));
    }
    let itself = Peer::Group(id.to_owned());
    let referenced = ec2.rules.values().any(|it| it.group != id && it.what.peer == itself);
    let used = ec2.interfaces.values().any(|eni| eni.groups.iter().any(|group| group == id));
    if referenced || used {
        let text = format!("resource {id} has a dependent object");
        return Err(rules::ec2::GROUP_UNUSED.refuse(text));
    }
    ec2.groups.remove(id);
    ec2.rules.retain(|_, rule| rule.group != id);
    Ok(json!({"return": true, "groupId": id}))
}

/// Finds a group, or answers as EC2 does.
pub(super) fn find<'e>(ec2: &'e Ec2State, id: &str) -> Result<&'e Group, AwsError> {
    check_form(id)?;
    ec2.groups.get(id).ok_or_else(|| {
        let text = format!("The security group '{id}' does not exist");
        rules::ec2::GROUP_EXISTS.refuse(text)
    })
}

fn check_form(id: &str) -> Result<(), AwsError> {
    let hex = id.strip_prefix("sg-").unwrap_or_default();
    if hex.is_empty() || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let text = format!("Invalid id: \"{id}\" (expecting \"sg-...\")");
        return Err(rules::ec2::GROUP_ID_FORM.refuse(text));
    }
    Ok(())
}

/// The characters of names and descriptions (EC2 API reference, `CreateSecurityGroup`).
pub(super) fn is_allowed(ch: char) -> bool {
    ch.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(ch)
}

fn show(ec2: &Ec2State, group: &Group, account: &str) -> Value {
    let permissions = |egress: bool| {
        let rules = ec2.rules.values();
        show_permissions(rules.filter(|it| it.group == group.id && it.egress == egress), account)
    };
    json!({
        "groupId": group.id,
        "groupName": group.name,
        "groupDescription": group.description,
        "ownerId": account,
        "vpcId": group.vpc,
        "securityGroupArn": group.arn,
        "ipPermissions": permissions(false),
        "ipPermissionsEgress": permissions(true),
        "tagSet": tags::lower(&group.tags),
    })
}
