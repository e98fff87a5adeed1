//! Route tables and what routes lead to.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    cidr::Cidr,
    filters::{Described, Kind, describe, new_tags, not_found},
    networks, seed,
    state::{Ec2Event, Ec2State, InternetGateway, NatGateway, RouteTable, Target},
};
use crate::{error::AwsError, input::Input, rules, tags, world::Event};

pub(super) fn describe_tables(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let kind = Kind {
        set: "routeTableSet",
        ids: "RouteTableId",
        missing: &rules::ec2::TABLE_EXISTS,
        noun: "routeTable ID",
        filters: &[
            ("vpc-id", "vpcId"),
            ("route-table-id", "routeTableId"),
            ("association.subnet-id", "associationSet.subnetId"),
            ("association.main", "associationSet.main"),
            ("association.route-table-association-id", "associationSet.routeTableAssociationId"),
            ("route.destination-cidr-block", "routeSet.destinationCidrBlock"),
            ("route.gateway-id", "routeSet.gatewayId"),
            ("route.nat-gateway-id", "routeSet.natGatewayId"),
            ("route.state", "routeSet.state"),
        ],
    };
    let account = ctx.world.account.clone();
    let ec2 = &ctx.here().ec2;
    let all = ec2.route_tables.values().map(|it| {
        let shown = show_table(ec2, it, &account);
        Described { id: &it.id, tags: &it.tags, shown }
    });
    describe(input, &kind, &all.collect::<Vec<_>>())
}

pub(super) fn create_table(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let vpc = input.required("VpcId")?;
    networks::vpc(&ctx.here().ec2, vpc)?;
    let tags = new_tags(input, "route-table")?;
    if ctx.here().ec2.route_tables.values().filter(|table| table.vpc == vpc).count() >= 200 {
        let text = "The maximum number of route tables has been reached.";
        return Err(rules::ec2::TABLES_COUNT.refuse(text));
    }
    let (account, region) = (ctx.world.account.clone(), ctx.region.clone());
    let id = seed::route_table(ctx.world, &region, vpc, false, tags);
    let ec2 = &ctx.here().ec2;
    let shown = ec2.route_tables.get(&id).map(|table| show_table(ec2, table, &account));
    Ok(json!({"routeTable": shown}))
}

pub(super) fn create_route(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (table_id, cidr) = route_key(input)?;
    let ec2 = &ctx.here().ec2;
    let vpc = table(ec2, table_id)?.vpc.clone();
    if table(ec2, table_id)?.routes.contains_key(&cidr) {
        let text = format!("The route identified by {cidr} already exists.");
        return Err(rules::ec2::ROUTE_ONCE.refuse(text));
    }
    if table(ec2, table_id)?.routes.len() >= 50 {
        let text = format!("The maximum number of routes has been reached in table {table_id}.");
        return Err(rules::ec2::ROUTES_COUNT.refuse(text));
    }
    let target = match (input.str("GatewayId"), input.str("NatGatewayId")) {
        (Some(id), None) => {
            let gateway = ec2
                .internet_gateways
                .get(id)
                .ok_or_else(|| not_found(&rules::ec2::GATEWAY_EXISTS, "internetGateway ID", id))?;
            if gateway.vpc.as_deref() != Some(vpc.as_str()) {
                let text = format!(
                    "route table {table_id} and network gateway {id} belong to different networks"
                );
                return Err(rules::ec2::GATEWAY_OF_THE_VPC.refuse(text));
            }
            Target::InternetGateway(id.to_owned())
        }
        (None, Some(id)) => {
            let known = ec2.nat_gateways.get(id).is_some_and(|it| it.vpc == vpc);
            if !known {
                return Err(not_found(&rules::ec2::NAT_EXISTS, "natGateway ID", id));
            }
            Target::Nat(id.to_owned())
        }
        _ => {
            let text = "Exactly one of GatewayId and NatGatewayId must be given; other targets \
                        are not simulated";
            return Err(rules::ec2::ONE_TARGET.refuse(text));
        }
    };
    if let Some(table) = ctx.here().ec2.route_tables.get_mut(table_id) {
        table.routes.insert(cidr, target);
    }
    Ok(json!({"return": true}))
}

pub(super) fn delete_route(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (table_id, cidr) = route_key(input)?;
    table(&ctx.here().ec2, table_id)?;
    let found = ctx.here().ec2.route_tables.get_mut(table_id);
    if found.and_then(|table| table.routes.remove(&cidr)).is_none() {
        let text = format!("no route with destination-cidr-block {cidr} in route table {table_id}");
        return Err(rules::ec2::ROUTE_EXISTS.refuse(text));
    }
    Ok(json!({"return": true}))
}

fn route_key<'a>(input: &Input<'a>) -> Result<(&'a str, String), AwsError> {
    let table = input.required("RouteTableId")?;
    let text = input.required("DestinationCidrBlock")?;
    let cidr = Cidr::parse(text).filter(|cidr| cidr.is_v4()).ok_or_else(|| {
        rules::ec2::BLOCK_FORM.refuse(format!(
            "Value ({text}) for parameter destinationCidrBlock is invalid. This is not a valid \
             CIDR block."
        ))
    })?;
    Ok((table, cidr.to_string()))
}

pub(super) fn associate(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (table_id, subnet) = (input.required("RouteTableId")?, input.required("SubnetId")?);
    let ec2 = &ctx.here().ec2;
    let (found, place) = (table(ec2, table_id)?, networks::subnet(ec2, subnet)?);
    if found.vpc != place.vpc {
        let text =
            format!("Route table {table_id} and subnet {subnet} belong to different networks");
        return Err(rules::ec2::TABLE_OF_THE_VPC.refuse(text));
    }
    for other in ec2.route_tables.values() {
        if let Some((association, _)) = other.subnets.iter().find(|(_, it)| *it == subnet) {
            if other.id == table_id {
                return Ok(associated(association));
            }
            let text = format!(
                "the specified association for route table {table_id} conflicts with an existing \
                 association"
            );
            return Err(rules::ec2::TABLE_ONCE.refuse(text));
        }
    }
    let association = ctx.world.ids.ec2("rtbassoc");
    if let Some(table) = ctx.here().ec2.route_tables.get_mut(table_id) {
        table.subnets.insert(association.clone(), subnet.to_owned());
    }
    Ok(associated(&association))
}

fn associated(association: &str) -> Value {
    json!({"associationId": association, "associationState": {"state": "associated"}})
}

fn table<'e>(ec2: &'e Ec2State, id: &str) -> Result<&'e RouteTable, AwsError> {
    let missing = || not_found(&rules::ec2::TABLE_EXISTS, "routeTable ID", id);
    ec2.route_tables.get(id).ok_or_else(missing)
}

pub(super) fn describe_internet_gateways(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let kind = Kind {
        set: "internetGatewaySet",
        ids: "InternetGatewayId",
        missing: &rules::ec2::GATEWAY_EXISTS,
        noun: "internetGateway ID",
        filters: &[
            ("attachment.vpc-id", "attachmentSet.vpcId"),
            ("attachment.state", "attachmentSet.state"),
            ("internet-gateway-id", "internetGatewayId"),
        ],
    };
    let account = ctx.world.account.clone();
    let gateways = ctx.here().ec2.internet_gateways.values();
    let all = gateways.map(|it| Described {
        id: &it.id,
        tags: &it.tags,
        shown: show_internet_gateway(it, &account),
    });
    describe(input, &kind, &all.collect::<Vec<_>>())
}

pub(super) fn create_internet_gateway(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let tags = new_tags(input, "internet-gateway")?;
    if ctx.here().ec2.internet_gateways.len() >= 5 {
        let text = "The maximum number of internet gateways has been reached.";
        return Err(rules::ec2::GATEWAYS_COUNT.refuse(text));
    }
    let (account, region) = (ctx.world.account.clone(), ctx.region.clone());
    let id = seed::internet_gateway(ctx.world, &region, None, tags);
    let made = ctx.here().ec2.internet_gateways.get(&id);
    Ok(json!({"internetGateway": made.map(|it| show_internet_gateway(it, &account))}))
}

pub(super) fn attach_internet_gateway(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (id, vpc) = (input.required("InternetGatewayId")?, input.required("VpcId")?);
    let ec2 = &mut ctx.here().ec2;
    networks::vpc(ec2, vpc)?;
    let mut others = ec2.internet_gateways.values();
    let taken = others.any(|it| it.id != id && it.vpc.as_deref() == Some(vpc));
    let gateway = ec2
        .internet_gateways
        .get_mut(id)
        .ok_or_else(|| not_found(&rules::ec2::GATEWAY_EXISTS, "internetGateway ID", id))?;
    if let Some(attached) = &gateway.vpc {
        let text = format!("resource {id} is already attached to network {attached}");
        return Err(rules::ec2::GATEWAY_ONCE.refuse(text));
    }
    if taken {
        let text = format!("Network {vpc} already has an internet gateway attached");
        return Err(rules::ec2::ONE_GATEWAY.refuse(text));
    }
    gateway.vpc = Some(vpc.to_owned());
    Ok(json!({"return": true}))
}

pub(super) fn allocate_address(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let tags = new_tags(input, "elastic-ip")?;
    if ctx.here().ec2.addresses.len() >= 5 {
        let text = "The maximum number of addresses has been reached.";
        return Err(rules::ec2::FIVE_ADDRESSES.refuse(text));
    }
    let region = ctx.region.clone();
    let id = seed::address(ctx.world, &region, tags);
    let ip = ctx.here().ec2.addresses.get(&id).map(|it| it.ip.clone());
    Ok(json!({
        "allocationId": id,
        "publicIp": ip,
        "domain": "vpc",
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": region,
    }))
}

pub(super) fn describe_nat_gateways(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let kind = Kind {
        set: "natGatewaySet",
        ids: "NatGatewayId",
        missing: &rules::ec2::NAT_DESCRIBED,
        noun: "NatGateway",
        filters: &[
            ("vpc-id", "vpcId"),
            ("subnet-id", "subnetId"),
            ("state", "state"),
            ("nat-gateway-id", "natGatewayId"),
        ],
    };
    let gateways = ctx.here().ec2.nat_gateways.values();
    let all = gateways.map(|it| Described { id: &it.id, tags: &it.tags, shown: show_nat(it) });
    describe(input, &kind, &all.collect::<Vec<_>>())
}

pub(super) fn create_nat_gateway(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let subnet = input.required("SubnetId")?;
    let allocation = input.required("AllocationId")?;
    let tags = new_tags(input, "natgateway")?;
    let ec2 = &ctx.here().ec2;
    let zone = &networks::subnet(ec2, subnet)?.zone;
    let there = |it: &&NatGateway| ec2.subnets.get(&it.subnet).is_some_and(|it| it.zone == *zone);
    if ec2.nat_gateways.values().filter(there).count() >= 5 {
        let text = format!("The maximum number of NAT gateways has been reached in {zone}.");
        return Err(rules::ec2::NATS_COUNT.refuse(text));
    }
    if !ec2.addresses.contains_key(allocation) {
        return Err(not_found(&rules::ec2::ADDRESS_EXISTS, "allocation ID", allocation));
    }
    if ec2.nat_gateways.values().any(|it| it.allocation == allocation) {
        let text = format!("Elastic IP address [{allocation}] is already associated");
        return Err(rules::ec2::ADDRESS_FREE.refuse(text));
    }
    let region = ctx.region.clone();
    let id = seed::nat_gateway(ctx.world, &region, subnet, allocation, tags);
    ctx.schedule(Duration::from_secs(90), Event::Ec2(Ec2Event::NatAvailable { id: id.clone() }));
    let shown = ctx.here().ec2.nat_gateways.get(&id).map(show_nat);
    Ok(json!({"natGateway": shown, "clientToken": input.str("ClientToken")}))
}

/// Lets a gateway become available, or fail: what it needs is looked at only now (VPC user guide, "Troubleshoot
/// NAT gateways").
pub(super) fn settle_nat(ec2: &mut Ec2State, id: &str) {
    let Some(nat) = ec2.nat_gateways.get(id) else { return };
    let mut gateways = ec2.internet_gateways.values();
    let attached = gateways.any(|it| it.vpc.as_deref() == Some(nat.vpc.as_str()));
    let failure = if nat.interface.is_empty() {
        let text = format!("Subnet {} has insufficient free addresses", nat.subnet);
        Some(("InsufficientFreeAddressesInSubnet", text))
    } else if !attached {
        let text = format!("Network {} has no Internet gateway attached", nat.vpc);
        Some(("Gateway.NotAttached", text))
    } else {
        None
    };
    let failure = failure.map(|(code, text)| (code.to_owned(), text));
    let Some(nat) = ec2.nat_gateways.get_mut(id) else { return };
    let state = if failure.is_some() { "failed" } else { "available" };
    state.clone_into(&mut nat.state);
    nat.failure = failure;
}

fn show_table(ec2: &Ec2State, table: &RouteTable, account: &str) -> Value {
    let local = ec2.vpcs.get(&table.vpc).map(|vpc| vpc.cidr.clone());
    let mut routes = vec![json!({
        "destinationCidrBlock": local,
        "gatewayId": "local",
        "origin": "CreateRouteTable",
        "state": "active",
    })];
    for (cidr, target) in &table.routes {
        let active = ec2.is_active(&table.vpc, target);
        let mut route = json!({
            "destinationCidrBlock": cidr,
            "origin": "CreateRoute",
            "state": if active { "active" } else { "blackhole" },
        });
        match target {
            Target::InternetGateway(id) => route["gatewayId"] = json!(id),
            Target::Nat(id) => route["natGatewayId"] = json!(id),
        }
        routes.push(route);
    }
    let gateways: BTreeSet<&str> = ec2
        .endpoints
        .values()
        .filter(|it| it.route_tables.contains(&table.id))
        .map(|it| it.id.as_str())
        .collect();
    routes.extend(gateways.into_iter().map(|id| {
        json!({
            "destinationPrefixListId": id.replace("vpce-", "pl-"),
            "gatewayId": id,
            "origin": "CreateRoute",
            "state": "active",
        })
    }));
    let association = |id: &String, subnet: Option<&String>| {
        json!({
            "routeTableAssociationId": id,
            "routeTableId": table.id,
            "subnetId": subnet,
            "main": subnet.is_none(),
            "associationState": {"state": "associated"},
        })
    };
    let main = table.main.iter().map(|id| association(id, None));
    let explicit = table.subnets.iter().map(|(id, subnet)| association(id, Some(subnet)));
    json!({
        "routeTableId": table.id,
        "vpcId": table.vpc,
        "ownerId": account,
        "routeSet": routes,
        "associationSet": main.chain(explicit).collect::<Vec<Value>>(),
        "propagatingVgwSet": [],
        "tagSet": tags::lower(&table.tags),
    })
}

fn show_internet_gateway(gateway: &InternetGateway, account: &str) -> Value {
    let attachments: Vec<Value> =
        gateway.vpc.iter().map(|vpc| json!({"vpcId": vpc, "state": "available"})).collect();
    json!({
        "internetGatewayId": gateway.id,
        "ownerId": account,
        "attachmentSet": attachments,
        "tagSet": tags::lower(&gateway.tags),
    })
}

fn show_nat(nat: &NatGateway) -> Value {
    json!({
        "natGatewayId": nat.id,
        "subnetId": nat.subnet,
        "vpcId": nat.vpc,
        "state": nat.state,
        "failureCode": nat.failure.as_ref().map(|(code, _)| code),
        "failureMessage": nat.failure.as_ref().map(|(_, message)| message),
        "createTime": nat.created.iso(),
        "connectivityType": "public",
        "natGatewayAddressSet": [{
            "allocationId": nat.allocation,
            "networkInterfaceId": nat.interface,
            "privateIp": nat.private_ip,
            "publicIp": nat.public_ip,
            "isPrimary": true,
            "status": "succeeded",
        }],
        "tagSet": tags::lower(&nat.tags),
    })
}
