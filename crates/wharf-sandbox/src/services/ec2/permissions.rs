//! Rules as they are sent and shown.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    cidr::Cidr,
    groups,
    state::{Ec2State, Peer, Rule, Traffic},
};
use crate::{error::AwsError, input::Input, rules::ec2 as rules};

/// A rule as it is sent: what it lets through, and its description.
pub(super) type Wanted = (Traffic, Option<String>);

/// Reads `IpPermissions`: every source of every permission is one rule.
pub(super) fn read(ec2: &Ec2State, input: &Input<'_>) -> Result<Vec<Wanted>, AwsError> {
    let permissions = input.list("IpPermissions");
    if permissions.is_empty() {
        return Err(input.missing("ipPermissions"));
    }
    let mut all = Vec::new();
    for permission in permissions {
        let (protocol, from, to) = ports(&permission)?;
        let before = all.len();
        let mut add = |source: &Input<'_>, peer: Peer| -> Result<(), AwsError> {
            let what = Traffic { protocol: protocol.clone(), from, to, peer };
            all.push((what, description(source)?));
            Ok(())
        };
        for source in permission.list("IpRanges") {
            add(&source, range("CidrIp", source.required("CidrIp")?, true)?)?;
        }
        for source in permission.list("Ipv6Ranges") {
            add(&source, range("CidrIpv6", source.required("CidrIpv6")?, false)?)?;
        }
        for source in permission.list("Groups") {
            add(&source, group(ec2, source.required("GroupId")?)?)?;
        }
        for source in permission.list("PrefixListIds") {
            add(&source, Peer::PrefixList(source.required("PrefixListId")?.to_owned()))?;
        }
        if all.len() == before {
            let text = "Missing source specification: include source security group or CIDR \
                        information";
            return Err(rules::RULE_SOURCE.refuse(text));
        }
    }
    let twice = all.iter().enumerate().any(|(at, one)| all[..at].iter().any(|it| it.0 == one.0));
    if twice {
        return Err(
            rules::RULES_DIFFER.refuse("The same permission must not appear multiple times")
        );
    }
    Ok(all)
}

/// Reads the flat form of a rule that `ModifySecurityGroupRules` takes.
pub(super) fn read_flat(ec2: &Ec2State, input: &Input<'_>) -> Result<Wanted, AwsError> {
    let (protocol, from, to) = ports(input)?;
    let mut peers = Vec::new();
    if let Some(cidr) = input.str("CidrIpv4") {
        peers.push(range("CidrIpv4", cidr, true)?);
    }
    if let Some(cidr) = input.str("CidrIpv6") {
        peers.push(range("CidrIpv6", cidr, false)?);
    }
    if let Some(id) = input.str("ReferencedGroupId") {
        peers.push(group(ec2, id)?);
    }
    if let Some(id) = input.str("PrefixListId") {
        peers.push(Peer::PrefixList(id.to_owned()));
    }
    match <[Peer; 1]>::try_from(peers) {
        Ok([peer]) => Ok((Traffic { protocol, from, to, peer }, description(input)?)),
        Err(_) => {
            Err(rules::ONE_SOURCE.refuse("A security group rule must have exactly one source"))
        }
    }
}

/// Reads protocol and ports in canonical form: names for tcp, udp, icmp and icmpv6, -1 for all.
fn ports(input: &Input<'_>) -> Result<(String, i64, i64), AwsError> {
    let given = input.required("IpProtocol")?.to_ascii_lowercase();
    let protocol = match given.as_str() {
        "6" | "tcp" => "tcp",
        "17" | "udp" => "udp",
        "1" | "icmp" => "icmp",
        "58" | "icmpv6" => "icmpv6",
        "-1" | "all" => "-1",
        number if number.parse::<u8>().is_ok() => number,
        _ => {
            let text = format!("Invalid value '{given}' for IP protocol. Unknown protocol.");
            return Err(rules::PROTOCOL_KNOWN.refuse(text));
        }
    };
    let (from, to) = (input.int("FromPort")?, input.int("ToPort")?);
    match protocol {
        "tcp" | "udp" => {
            let (Some(from), Some(to)) = (from, to) else {
                let text = "Invalid value for portRange. Must specify both from and to ports with \
                            TCP/UDP.";
                return Err(rules::PORTS_GIVEN.refuse(text));
            };
            if !(0..=65535).contains(&from) || !(0..=65535).contains(&to) {
                let text = format!("Invalid value for portRange. Invalid range {from}-{to}.");
                return Err(rules::PORT_RANGE.refuse(text));
            }
            if from > to {
                let text = "Invalid TCP/UDP port range (to is less than from).";
                return Err(rules::PORT_RANGE.refuse(text));
            }
            Ok((protocol.to_owned(), from, to))
        }
        "icmp" | "icmpv6" => Ok((protocol.to_owned(), from.unwrap_or(-1), to.unwrap_or(-1))),
        _ => Ok((protocol.to_owned(), -1, -1)),
    }
}

fn range(member: &str, text: &str, v4: bool) -> Result<Peer, AwsError> {
    let cidr = Cidr::parse(text).filter(|cidr| cidr.is_v4() == v4);
    let cidr = cidr.ok_or_else(|| {
        let kind = if member == "CidrIpv6" { "IPv6 CIDR" } else { "CIDR" };
        rules::BLOCK_FORM.refuse(format!("{kind} block {text} is malformed"))
    })?;
    Ok(if v4 { Peer::Ipv4(cidr.to_string()) } else { Peer::Ipv6(cidr.to_string()) })
}

fn group(ec2: &Ec2State, id: &str) -> Result<Peer, AwsError> {
    groups::find(ec2, id).map(|group| Peer::Group(group.id.clone()))
}

fn description(input: &Input<'_>) -> Result<Option<String>, AwsError> {
    let Some(text) = input.str("Description") else { return Ok(None) };
    if text.chars().count() > 255 || !text.chars().all(groups::is_allowed) {
        let text = "Invalid rule description. Valid descriptions are strings less than 256 \
                    characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
        return Err(rules::RULE_DESCRIPTION.refuse(text));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// Groups rules by protocol and ports, as `DescribeSecurityGroups` shows them.
pub(super) fn show_permissions<'r>(
    rules: impl Iterator<Item = &'r Rule>,
    account: &str,
) -> Vec<Value> {
    let mut sorted: BTreeMap<(&str, i64, i64), [Vec<Value>; 4]> = BTreeMap::new();
    for rule in rules {
        let what = &rule.what;
        let lists = sorted.entry((&what.protocol, what.from, what.to)).or_default();
        let (at, mut shown) = match &what.peer {
            Peer::Group(id) => (0, json!({"groupId": id, "userId": account})),
            Peer::Ipv4(cidr) => (1, json!({"cidrIp": cidr})),
            Peer::Ipv6(cidr) => (2, json!({"cidrIpv6": cidr})),
            Peer::PrefixList(id) => (3, json!({"prefixListId": id})),
        };
        if let Some(text) = &rule.description {
            shown["description"] = json!(text);
        }
        lists[at].push(shown);
    }
    let show = |((protocol, from, to), lists): ((&str, i64, i64), [Vec<Value>; 4])| {
        let [groups, v4, v6, prefixes] = lists;
        let (from, to) = if protocol == "-1" { (None, None) } else { (Some(from), Some(to)) };
        json!({
            "ipProtocol": protocol,
            "fromPort": from,
            "toPort": to,
            "groups": groups,
            "ipRanges": v4,
            "ipv6Ranges": v6,
            "prefixListIds": prefixes,
        })
    };
    sorted.into_iter().map(show).collect()
}
