//! Rules of security groups.

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    filters::{Described, Kind, describe as describe_all, new_tags},
    groups::find,
    permissions::{self, Wanted},
    seed,
    state::{Ec2State, Peer, Rule},
};
use crate::{error::AwsError, input::Input, rules, tags};

/// Rules in one direction for one family of addresses (VPC user guide, quotas).
const LIMIT: usize = 60;

pub(super) fn authorize_ingress(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    authorize(ctx, input, false)
}

pub(super) fn authorize_egress(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    authorize(ctx, input, true)
}

fn authorize(ctx: &mut Ctx<'_>, input: &Input<'_>, egress: bool) -> Reply {
    let group = input.required("GroupId")?;
    let tags = new_tags(input, "security-group-rule")?;
    let ec2 = &ctx.here().ec2;
    find(ec2, group)?;
    let wanted = permissions::read(ec2, input)?;
    let own = || ec2.rules.values().filter(|it| it.group == group && it.egress == egress);
    // One rule that exists fails them all.
    for (what, _) in &wanted {
        if own().any(|rule| rule.what == *what) {
            return Err(duplicate(what));
        }
    }
    for v6 in [false, true] {
        let counts = |peer: &Peer| matches!(peer, Peer::Ipv6(_)) == v6;
        let before = own().filter(|rule| counts(&rule.what.peer)).count();
        if before + wanted.iter().filter(|(what, _)| counts(&what.peer)).count() > LIMIT {
            let text = "The maximum number of rules per security group has been reached.";
            return Err(rules::ec2::RULES_COUNT.refuse(text));
        }
    }
    let region = ctx.region.clone();
    let mut made = Vec::new();
    for (what, description) in wanted {
        let tags = tags.clone();
        made.push(seed::rule(ctx.world, &region, group, egress, what, description, tags));
    }
    ctx.world.targets_changed(&region);
    let account = ctx.world.account.clone();
    let ec2 = &ctx.here().ec2;
    let shown: Vec<Value> = made.iter().map(|rule| show(ec2, rule, &account)).collect();
    Ok(json!({"return": true, "securityGroupRuleSet": shown}))
}

fn duplicate(what: &super::state::Traffic) -> AwsError {
    let peer = match &what.peer {
        Peer::Ipv4(text) | Peer::Ipv6(text) | Peer::Group(text) | Peer::PrefixList(text) => text,
    };
    let traffic = match what.protocol.as_str() {
        "-1" => "ALL".to_owned(),
        name => {
            let name = name.to_uppercase();
            format!("{name}, from port: {}, to port: {}", what.from, what.to)
        }
    };
    let text = format!("the specified rule \"peer: {peer}, {traffic}, ALLOW\" already exists");
    rules::ec2::RULE_ONCE.refuse(text)
}

pub(super) fn revoke_ingress(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    revoke(ctx, input, false)
}

pub(super) fn revoke_egress(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    revoke(ctx, input, true)
}

fn revoke(ctx: &mut Ctx<'_>, input: &Input<'_>, egress: bool) -> Reply {
    let group = input.required("GroupId")?;
    let ids = input.strings("SecurityGroupRuleId");
    let ec2 = &ctx.here().ec2;
    find(ec2, group)?;
    let mut doomed = Vec::new();
    for id in &ids {
        let found = ec2.rules.get(id).filter(|it| it.group == group && it.egress == egress);
        doomed.push(found.ok_or_else(|| no_rule(id))?.clone());
    }
    if ids.is_empty() || input.has("IpPermissions") {
        for (what, _) in permissions::read(ec2, input)? {
            let mut own = ec2.rules.values().filter(|it| it.group == group && it.egress == egress);
            let found = own.find(|it| it.what == what).ok_or_else(|| {
                let text = "The specified rule does not exist in this security group.";
                rules::ec2::RULE_EXISTS.refuse(text)
            })?;
            doomed.push(found.clone());
        }
    }
    let ec2 = &mut ctx.here().ec2;
    for rule in &doomed {
        ec2.rules.remove(&rule.id);
    }
    let region = ctx.region.clone();
    ctx.world.targets_changed(&region);
    let revoked: Vec<Value> = doomed.iter().map(show_revoked).collect();
    Ok(json!({
        "return": true,
        "unknownIpPermissionSet": [],
        "revokedSecurityGroupRuleSet": revoked,
    }))
}

pub(super) fn modify(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let group = input.required("GroupId")?;
    let ec2 = &ctx.here().ec2;
    find(ec2, group)?;
    let changes = input.list("SecurityGroupRule");
    if changes.is_empty() {
        return Err(input.missing("SecurityGroupRule"));
    }
    let mut wanted: Vec<(String, Wanted)> = Vec::new();
    for change in changes {
        let id = change.required("SecurityGroupRuleId")?;
        let rule = ec2.rules.get(id).filter(|it| it.group == group).ok_or_else(|| no_rule(id))?;
        let new = change.structure("SecurityGroupRule");
        let new = new.ok_or_else(|| change.missing("SecurityGroupRule"))?;
        let (what, description) = permissions::read_flat(ec2, &new)?;
        let kind = std::mem::discriminant::<Peer>;
        if kind(&what.peer) != kind(&rule.what.peer) {
            // EC2 API reference, ModifySecurityGroupRules.
            let text = "The source type of a security group rule cannot be modified";
            return Err(rules::ec2::SOURCE_TYPE_STAYS.refuse(text));
        }
        let mut others = ec2.rules.values().filter(|it| it.group == group && it.id != id);
        if others.any(|it| it.egress == rule.egress && it.what == what) {
            return Err(duplicate(&what));
        }
        wanted.push((id.to_owned(), (what, description)));
    }
    for (id, (what, description)) in wanted {
        if let Some(rule) = ctx.here().ec2.rules.get_mut(&id) {
            (rule.what, rule.description) = (what, description);
        }
    }
    let region = ctx.region.clone();
    ctx.world.targets_changed(&region);
    Ok(json!({"return": true}))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let kind = Kind {
        set: "securityGroupRuleSet",
        ids: "SecurityGroupRuleId",
        missing: &rules::ec2::SECURITY_RULE_EXISTS,
        noun: "security group rule ID",
        filters: &[("group-id", "groupId"), ("security-group-rule-id", "securityGroupRuleId")],
    };
    let account = ctx.world.account.clone();
    let ec2 = &ctx.here().ec2;
    let all = ec2.rules.values().map(|it| {
        let shown = show(ec2, it, &account);
        Described { id: &it.id, tags: &it.tags, shown }
    });
    describe_all(input, &kind, &all.collect::<Vec<_>>())
}

fn no_rule(id: &str) -> AwsError {
    let text = format!("The security group rule ID '{id}' does not exist");
    rules::ec2::SECURITY_RULE_EXISTS.refuse(text)
}

fn peer(rule: &Rule) -> [Option<&str>; 4] {
    let mut all = [None; 4];
    match &rule.what.peer {
        Peer::Ipv4(text) => all[0] = Some(text.as_str()),
        Peer::Ipv6(text) => all[1] = Some(text.as_str()),
        Peer::Group(text) => all[2] = Some(text.as_str()),
        Peer::PrefixList(text) => all[3] = Some(text.as_str()),
    }
    all
}

fn show(ec2: &Ec2State, rule: &Rule, account: &str) -> Value {
    let [v4, v6, group, prefix_list] = peer(rule);
    let referenced = group.map(|id| {
        let vpc = ec2.groups.get(id).map(|group| group.vpc.clone());
        json!({"groupId": id, "userId": account, "vpcId": vpc})
    });
    json!({
        "securityGroupRuleId": rule.id,
        "securityGroupRuleArn": rule.arn,
        "groupId": rule.group,
        "groupOwnerId": account,
        "isEgress": rule.egress,
        "ipProtocol": rule.what.protocol,
        "fromPort": rule.what.from,
        "toPort": rule.what.to,
        "cidrIpv4": v4,
        "cidrIpv6": v6,
        "prefixListId": prefix_list,
        "referencedGroupInfo": referenced,
        "description": rule.description,
        "tagSet": tags::lower(&rule.tags),
    })
}

fn show_revoked(rule: &Rule) -> Value {
    let [v4, v6, group, prefix_list] = peer(rule);
    json!({
        "securityGroupRuleId": rule.id,
        "groupId": rule.group,
        "isEgress": rule.egress,
        "ipProtocol": rule.what.protocol,
        "fromPort": rule.what.from,
        "toPort": rule.what.to,
        "cidrIpv4": v4,
        "cidrIpv6": v6,
        "referencedGroupId": group,
        "prefixListId": prefix_list,
        "description": rule.description,
    })
}
