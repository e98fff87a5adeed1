//! Network interfaces.

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    filters::{Described, Kind, describe as describe_all},
    state::{Ec2State, Eni},
};
use crate::{input::Input, rules, tags};

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let kind = Kind {
        set: "networkInterfaceSet",
        ids: "NetworkInterfaceId",
        missing: &rules::ec2::INTERFACE_EXISTS,
        noun: "networkInterface ID",
        filters: &[
            ("group-id", "groupSet.groupId"),
            ("group-name", "groupSet.groupName"),
            ("description", "description"),
            ("requester-id", "requesterId"),
            ("requester-managed", "requesterManaged"),
            ("vpc-id", "vpcId"),
            ("subnet-id", "subnetId"),
            ("status", "status"),
            ("interface-type", "interfaceType"),
            ("network-interface-id", "networkInterfaceId"),
            ("availability-zone", "availabilityZone"),
            ("addresses.private-ip-address", "privateIpAddress"),
            ("private-ip-address", "privateIpAddress"),
            ("association.public-ip", "association.publicIp"),
        ],
    };
    let account = ctx.world.account.clone();
    let ec2 = &ctx.here().ec2;
    let all = ec2.interfaces.values().map(|it| {
        let shown = show(ec2, it, &account);
        Described { id: &it.id, tags: &it.tags, shown }
    });
    describe_all(input, &kind, &all.collect::<Vec<_>>())
}

fn show(ec2: &Ec2State, eni: &Eni, account: &str) -> Value {
    let groups = eni.groups.iter().map(|id| {
        let name = ec2.groups.get(id).map(|group| group.name.clone());
        json!({"groupId": id, "groupName": name})
    });
    let association = eni.public_ip.as_ref().map(|ip| {
        let owner = if eni.requester == "amazon-elb" { "amazon-elb" } else { "amazon" };
        json!({"publicIp": ip, "ipOwnerId": owner})
    });
    let kind = if eni.description.starts_with("Interface for NAT") {
        "nat_gateway"
    } else if eni.description.starts_with("VPC Endpoint") {
        "vpc_endpoint"
    } else {
        "interface"
    };
    let dns = format!("ip-{}.internal", eni.ip.replace('.', "-"));
    json!({
        "networkInterfaceId": eni.id,
        "subnetId": eni.subnet,
        "vpcId": eni.vpc,
        "availabilityZone": eni.zone,
        "description": eni.description,
        "ownerId": account,
        "requesterId": eni.requester,
        "requesterManaged": true,
        "status": "in-use",
        "interfaceType": kind,
        "macAddress": eni.mac,
        "privateIpAddress": eni.ip,
        "privateDnsName": dns,
        "sourceDestCheck": kind != "nat_gateway",
        "groupSet": groups.collect::<Vec<Value>>(),
        "association": association,
        "privateIpAddressesSet": [{
            "primary": true,
            "privateIpAddress": eni.ip,
            "privateDnsName": dns,
            "association": association,
        }],
        "ipv6AddressesSet": [],
        "tagSet": tags::lower(&eni.tags),
    })
}
