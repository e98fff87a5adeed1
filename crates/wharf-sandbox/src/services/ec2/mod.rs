//! EC2.

pub(crate) mod cidr;
mod endpoints;
mod filters;
mod groups;
mod interfaces;
mod lookup;
mod networks;
mod permissions;
mod routes;
mod rules;
mod seed;
pub mod state;
mod tagging;

use super::{Operation, Protocol, Service, read, write};
use crate::{
    tags::Tags,
    world::{RegionState, World},
};

pub(crate) use self::seed::seed;
use self::state::Ec2Event;

/// EC2.
pub static SERVICE: Service = Service {
    name: "ec2",
    protocol: Protocol::Ec2 { xmlns: "http://ec2.amazonaws.com/doc/2016-11-15/" },
    global: false,
    invalid: "InvalidParameterValue",
    operations: OPERATIONS,
    tagged,
};

const OPERATIONS: &[Operation] = &[
    read("DescribeVpcs", networks::describe_vpcs),
    write("CreateVpc", networks::create_vpc),
    read("DescribeVpcAttribute", networks::describe_attribute),
    write("ModifyVpcAttribute", networks::modify_attribute),
    read("DescribeSubnets", networks::describe_subnets),
    write("CreateSubnet", networks::create_subnet),
    read("DescribeAvailabilityZones", networks::describe_zones),
    read("DescribeRouteTables", routes::describe_tables),
    write("CreateRouteTable", routes::create_table),
    write("CreateRoute", routes::create_route),
    write("DeleteRoute", routes::delete_route),
    write("AssociateRouteTable", routes::associate),
    read("DescribeInternetGateways", routes::describe_internet_gateways),
    write("CreateInternetGateway", routes::create_internet_gateway),
    write("AttachInternetGateway", routes::attach_internet_gateway),
    write("AllocateAddress", routes::allocate_address),
    read("DescribeNatGateways", routes::describe_nat_gateways),
    write("CreateNatGateway", routes::create_nat_gateway),
    read("DescribeVpcEndpoints", endpoints::describe_endpoints),
    write("CreateVpcEndpoint", endpoints::create),
    read("DescribeSecurityGroups", groups::describe),
    write("CreateSecurityGroup", groups::create),
    write("DeleteSecurityGroup", groups::delete),
    write("AuthorizeSecurityGroupIngress", rules::authorize_ingress),
    write("AuthorizeSecurityGroupEgress", rules::authorize_egress),
    write("RevokeSecurityGroupIngress", rules::revoke_ingress),
    write("RevokeSecurityGroupEgress", rules::revoke_egress),
    read("DescribeSecurityGroupRules", rules::describe),
    write("ModifySecurityGroupRules", rules::modify),
    read("DescribeNetworkInterfaces", interfaces::describe),
    write("CreateTags", tagging::create),
    write("DeleteTags", tagging::delete),
    read("DescribeTags", tagging::describe),
];

/// Lets an event of this service happen.
pub(crate) fn happen(world: &mut World, region: &str, event: Ec2Event) {
    match event {
        Ec2Event::InterfaceGone { id } => world.delete_eni(region, &id),
        Ec2Event::NatAvailable { id } => routes::settle_nat(&mut world.region(region).ec2, &id),
    }
}

fn tagged(region: &RegionState) -> Vec<(String, Tags)> {
    let all = region.ec2.all_tags();
    all.into_iter().map(|(arn, tags)| (arn.to_owned(), tags.clone())).collect()
}

/// Returns how many addresses of a subnet are free.
pub(crate) fn free_addresses(ec2: &state::Ec2State, subnet: &str) -> u64 {
    let cidr = ec2.subnets.get(subnet).and_then(|subnet| cidr::Cidr::parse(&subnet.cidr));
    let used = u64::try_from(ec2.addresses_in(subnet).len()).unwrap_or(u64::MAX);
    if ec2.subnets.get(subnet).is_some_and(|subnet| subnet.full) {
        return 0;
    }
    cidr.map_or(0, |cidr| cidr.size().saturating_sub(5).saturating_sub(used))
}

/// Drops rules without a group, and those that say the same as another.
pub(crate) fn tidy(world: &mut World, region: &str) {
    let ec2 = &mut world.region(region).ec2;
    let groups = &ec2.groups;
    let mut seen = std::collections::BTreeSet::new();
    ec2.rules.retain(|_, rule| {
        groups.contains_key(&rule.group)
            && seen.insert((rule.group.clone(), rule.egress, rule.what.clone()))
    });
}
