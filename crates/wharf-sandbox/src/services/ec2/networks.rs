//! VPCs, subnets and zones.

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    cidr::Cidr,
    filters::{Described, Kind, describe, new_tags, not_found},
    seed,
    state::{Ec2State, Subnet, Vpc},
};
use crate::{error::AwsError, input::Input, rules, tags, world::World};

pub(super) fn describe_vpcs(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let kind = Kind {
        set: "vpcSet",
        ids: "VpcId",
        missing: &rules::ec2::VPC_EXISTS,
        noun: "vpc ID",
        filters: &[
            ("vpc-id", "vpcId"),
            ("is-default", "isDefault"),
            ("isDefault", "isDefault"),
            ("cidr", "cidrBlock"),
            ("cidr-block", "cidrBlock"),
            ("state", "state"),
            ("owner-id", "ownerId"),
        ],
    };
    let account = ctx.world.account.clone();
    let vpcs = ctx.here().ec2.vpcs.values();
    let all =
        vpcs.map(|it| Described { id: &it.id, tags: &it.tags, shown: show_vpc(it, &account) });
    describe(input, &kind, &all.collect::<Vec<_>>())
}

pub(super) fn create_vpc(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let cidr = parse_block(input.required("CidrBlock")?)?;
    let tags = new_tags(input, "vpc")?;
    if ctx.here().ec2.vpcs.len() >= 5 {
        let text = "The maximum number of VPCs has been reached.";
        return Err(rules::ec2::FIVE_VPCS.refuse(text));
    }
    let region = ctx.region.clone();
    let id = seed::vpc(ctx.world, &region, &cidr.to_string(), false, tags);
    let account = ctx.world.account.clone();
    let shown = ctx.here().ec2.vpcs.get(&id).map(|vpc| show_vpc(vpc, &account));
    Ok(json!({"vpc": shown}))
}

pub(super) fn describe_attribute(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let id = input.required("VpcId")?;
    input.required("Attribute")?;
    let vpc = vpc(&ctx.here().ec2, id)?;
    match input.one_of("Attribute", &["enableDnsSupport", "enableDnsHostnames"])? {
        Some("enableDnsSupport") => {
            Ok(json!({"vpcId": id, "enableDnsSupport": {"value": vpc.dns_support}}))
        }
        _ => Ok(json!({"vpcId": id, "enableDnsHostnames": {"value": vpc.dns_hostnames}})),
    }
}

pub(super) fn modify_attribute(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let id = input.required("VpcId")?;
    vpc(&ctx.here().ec2, id)?;
    let given = |name| input.structure(name).map(|it| it.bool("Value")).transpose();
    let (support, names) = (given("EnableDnsSupport")?, given("EnableDnsHostnames")?);
    if support.is_some() == names.is_some() {
        // One attribute a call (EC2 API reference, ModifyVpcAttribute).
        let text = "Exactly one attribute must be modified in a request";
        return Err(rules::ec2::ONE_ATTRIBUTE.refuse(text));
    }
    if let Some(vpc) = ctx.here().ec2.vpcs.get_mut(id) {
        vpc.dns_support = support.flatten().unwrap_or(vpc.dns_support);
        vpc.dns_hostnames = names.flatten().unwrap_or(vpc.dns_hostnames);
    }
    Ok(json!({"return": true}))
}

pub(super) fn describe_subnets(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let kind = Kind {
        set: "subnetSet",
        ids: "SubnetId",
        missing: &rules::ec2::SUBNET_EXISTS,
        noun: "subnet ID",
        filters: &[
            ("vpc-id", "vpcId"),
            ("subnet-id", "subnetId"),
            ("availability-zone", "availabilityZone"),
            ("availabilityZone", "availabilityZone"),
            ("availability-zone-id", "availabilityZoneId"),
            ("default-for-az", "defaultForAz"),
            ("defaultForAz", "defaultForAz"),
            ("map-public-ip-on-launch", "mapPublicIpOnLaunch"),
            ("cidr-block", "cidrBlock"),
            ("state", "state"),
        ],
    };
    let (account, region) = (ctx.world.account.clone(), ctx.region.clone());
    let ec2 = &ctx.here().ec2;
    let all = ec2.subnets.values().map(|it| {
        let shown = show_subnet(ec2, it, &region, &account);
        Described { id: &it.id, tags: &it.tags, shown }
    });
    describe(input, &kind, &all.collect::<Vec<_>>())
}

pub(super) fn create_subnet(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let vpc_id = input.required("VpcId")?;
    let text = input.required("CidrBlock")?;
    let cidr = parse_block(text)?;
    let zones = World::zones(&ctx.region);
    let zone = match (input.str("AvailabilityZone"), input.str("AvailabilityZoneId")) {
        (Some(zone), _) => zone.to_owned(),
        (None, Some(id)) => {
            zones.iter().find(|zone| zone_id(&ctx.region, zone) == id).cloned().unwrap_or_default()
        }
        (None, None) => zones[0].clone(),
    };
    if !zones.contains(&zone) {
        let text = format!(
            "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only \
             be created in the following availability zones: {}.",
            zones.join(", ")
        );
        return Err(rules::ec2::ZONE_KNOWN.refuse(text));
    }
    let tags = new_tags(input, "subnet")?;
    let ec2 = &ctx.here().ec2;
    let range = Cidr::parse(&vpc(ec2, vpc_id)?.cidr);
    if !range.is_some_and(|range| range.contains(cidr)) {
        let text = format!("The CIDR '{text}' is invalid.");
        return Err(rules::ec2::SUBNET_WITHIN_VPC.refuse(text));
    }
    let mut others = ec2.subnets.values().filter(|subnet| subnet.vpc == vpc_id);
    if others.clone().count() >= 200 {
        let text = "The maximum number of subnets has been reached.";
        return Err(rules::ec2::SUBNETS_COUNT.refuse(text));
    }
    if others.any(|it| Cidr::parse(&it.cidr).is_some_and(|it| it.overlaps(cidr))) {
        let text = format!("The CIDR '{text}' conflicts with another subnet");
        return Err(rules::ec2::SUBNETS_APART.refuse(text));
    }
    let (account, region) = (ctx.world.account.clone(), ctx.region.clone());
    let id = seed::subnet(ctx.world, &region, vpc_id, &zone, &cidr.to_string(), tags);
    let ec2 = &ctx.here().ec2;
    let shown = ec2.subnets.get(&id).map(|subnet| show_subnet(ec2, subnet, &region, &account));
    Ok(json!({"subnet": shown}))
}

pub(super) fn describe_zones(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let kind = Kind {
        set: "availabilityZoneInfo",
        ids: "ZoneName",
        missing: &rules::ec2::ZONE_KNOWN,
        noun: "availability zone",
        filters: &[
            ("zone-name", "zoneName"),
            ("zone-id", "zoneId"),
            ("zone-type", "zoneType"),
            ("state", "zoneState"),
            ("region-name", "regionName"),
            ("opt-in-status", "optInStatus"),
        ],
    };
    let (region, none) = (ctx.region.clone(), tags::Tags::new());
    let zones = World::zones(&region);
    let all = zones.iter().map(|zone| Described {
        id: zone,
        tags: &none,
        shown: json!({
            "zoneName": zone,
            "zoneId": zone_id(&region, zone),
            "zoneState": "available",
            "zoneType": "availability-zone",
            "regionName": region,
            "groupName": format!("{region}-zg-1"),
            "networkBorderGroup": region,
            "optInStatus": "opt-in-not-required",
            "messageSet": [],
        }),
    });
    let mut reply = describe(input, &kind, &all.collect::<Vec<_>>())?;
    if let Value::Object(members) = &mut reply {
        members.remove("nextToken");
    }
    Ok(reply)
}

/// Finds a VPC, or answers as EC2 does.
pub(super) fn vpc<'e>(ec2: &'e Ec2State, id: &str) -> Result<&'e Vpc, AwsError> {
    ec2.vpcs.get(id).ok_or_else(|| not_found(&rules::ec2::VPC_EXISTS, "vpc ID", id))
}

/// Finds a subnet, or answers as EC2 does.
pub(super) fn subnet<'e>(ec2: &'e Ec2State, id: &str) -> Result<&'e Subnet, AwsError> {
    ec2.subnets.get(id).ok_or_else(|| not_found(&rules::ec2::SUBNET_EXISTS, "subnet ID", id))
}

/// Reads a block for a VPC or subnet: /16 to /28 (VPC user guide).
fn parse_block(text: &str) -> Result<Cidr, AwsError> {
    let malformed = || {
        let rule = "This is not a valid CIDR block.";
        let text = format!("Value ({text}) for parameter cidrBlock is invalid. {rule}");
        rules::ec2::BLOCK_FORM.refuse(text)
    };
    let cidr = Cidr::parse(text).filter(|cidr| cidr.is_v4()).ok_or_else(malformed)?;
    if !(16..=28).contains(&cidr.prefix_length()) {
        let text = format!("The CIDR '{text}' is invalid.");
        return Err(rules::ec2::VPC_BLOCK.refuse(text));
    }
    Ok(cidr)
}

/// Zone ids abbreviate the region: `euw1-az1`.
fn zone_id(region: &str, zone: &str) -> String {
    let mut parts = region.split('-');
    let (area, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let number = parts.next().unwrap_or_default();
    let short: String = match rest {
        "northeast" | "northwest" | "southeast" | "southwest" => [&rest[..1], &rest[5..6]].concat(),
        _ => rest.chars().take(1).collect(),
    };
    let place = zone.bytes().last().map_or(0, |letter| letter.saturating_sub(b'a') + 1);
    format!("{area}{short}{number}-az{place}")
}

fn show_vpc(vpc: &Vpc, account: &str) -> Value {
    json!({
        "vpcId": vpc.id,
        "ownerId": account,
        "state": "available",
        "cidrBlock": vpc.cidr,
        "cidrBlockAssociationSet": [{
            "associationId": vpc.id.replace("vpc-", "vpc-cidr-assoc-"),
            "cidrBlock": vpc.cidr,
            "cidrBlockState": {"state": "associated"},
        }],
        "dhcpOptionsId": "dopt-0a1b2c3d4e5f60718",
        "instanceTenancy": "default",
        "isDefault": vpc.is_default,
        "tagSet": tags::lower(&vpc.tags),
    })
}

fn show_subnet(ec2: &Ec2State, subnet: &Subnet, region: &str, account: &str) -> Value {
    let size = Cidr::parse(&subnet.cidr).map_or(0, Cidr::size);
    let used = u64::try_from(ec2.addresses_in(&subnet.id).len()).unwrap_or(u64::MAX);
    let free = if subnet.full { 0 } else { size.saturating_sub(5).saturating_sub(used) };
    json!({
        "subnetId": subnet.id,
        "subnetArn": subnet.arn,
        "ownerId": account,
        "state": "available",
        "vpcId": subnet.vpc,
        "cidrBlock": subnet.cidr,
        "availableIpAddressCount": free,
        "availabilityZone": subnet.zone,
        "availabilityZoneId": zone_id(region, &subnet.zone),
        "defaultForAz": subnet.default_for_zone,
        "mapPublicIpOnLaunch": subnet.map_public_ip,
        "assignIpv6AddressOnCreation": false,
        "ipv6Native": false,
        "enableDns64": false,
        "ipv6CidrBlockAssociationSet": [],
        "tagSet": tags::lower(&subnet.tags),
    })
}
