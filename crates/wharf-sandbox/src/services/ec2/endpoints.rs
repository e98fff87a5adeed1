//! VPC endpoints.

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    filters::{Described, Kind, describe, new_tags, not_found},
    networks,
    state::Endpoint,
};
use crate::{input::Input, rules, tags};

pub(super) fn describe_endpoints(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let kind = Kind {
        set: "vpcEndpointSet",
        ids: "VpcEndpointId",
        missing: &rules::ec2::ENDPOINT_EXISTS,
        noun: "VpcEndpoint ID",
        filters: &[
            ("vpc-id", "vpcId"),
            ("service-name", "serviceName"),
            ("vpc-endpoint-id", "vpcEndpointId"),
            ("vpc-endpoint-state", "state"),
            ("vpc-endpoint-type", "vpcEndpointType"),
        ],
    };
    let account = ctx.world.account.clone();
    let all = ctx.here().ec2.endpoints.values();
    let all = all.map(|it| Described { id: &it.id, tags: &it.tags, shown: show(it, &account) });
    describe(input, &kind, &all.collect::<Vec<_>>())
}

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let vpc = input.required("VpcId")?;
    let service = input.required("ServiceName")?;
    let kind = input.one_of("VpcEndpointType", &["Interface", "Gateway"])?.unwrap_or("Gateway");
    let tags = new_tags(input, "vpc-endpoint")?;
    let ec2 = &ctx.here().ec2;
    let found = networks::vpc(ec2, vpc)?;
    let private_dns = kind == "Interface" && input.bool("PrivateDnsEnabled")?.unwrap_or(true);
    if private_dns && !(found.dns_support && found.dns_hostnames) {
        let text = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames \
                    VPC attributes set to true";
        return Err(rules::ec2::PRIVATE_NAMES.refuse(format!("{text} for {vpc}")));
    }
    let mut others = ec2.endpoints.values().filter(|it| it.vpc == vpc && it.service == service);
    if private_dns && others.any(|it| it.private_dns) {
        let text = format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain \
             for {service} in the VPC {vpc}"
        );
        return Err(rules::ec2::PRIVATE_NAME_ONCE.refuse(text));
    }
    let interfaces = ec2.endpoints.values().filter(|it| it.vpc == vpc && it.kind == "Interface");
    if kind == "Interface" && interfaces.count() >= 50 {
        let text = "The maximum number of interface endpoints has been reached.";
        return Err(rules::ec2::ENDPOINTS_COUNT.refuse(text));
    }
    let (tables, subnets) = (input.strings("RouteTableId"), input.strings("SubnetId"));
    for table in &tables {
        if !ec2.route_tables.contains_key(table) {
            return Err(not_found(&rules::ec2::ENDPOINT_TABLE_EXISTS, "routeTable ID", table));
        }
    }
    let mut zones = Vec::new();
    for subnet in &subnets {
        zones.push(networks::subnet(ec2, subnet)?.zone.clone());
    }
    zones.sort();
    if zones.windows(2).any(|pair| pair[0] == pair[1]) {
        let text = "Found another VPC endpoint subnet in the availability zone of the subnet";
        return Err(rules::ec2::ENDPOINT_ZONES.refuse(text));
    }
    let mut groups = input.strings("SecurityGroupId");
    for group in &groups {
        super::groups::find(ec2, group)?;
    }
    let region = ctx.region.clone();
    if kind == "Interface" && groups.is_empty() {
        groups.extend(ctx.world.default_group(&region, vpc).map(|group| group.id.clone()));
    }
    let id = ctx.world.ids.ec2("vpce");
    let description = format!("VPC Endpoint Interface {id}");
    let interfaces = subnets
        .iter()
        .filter_map(|subnet| ctx.world.create_eni(&region, subnet, &groups, &description))
        .map(|eni| eni.id)
        .collect();
    let made = Endpoint {
        arn: ctx.arn("ec2", &format!("vpc-endpoint/{id}")),
        id: id.clone(),
        kind: kind.to_owned(),
        vpc: vpc.to_owned(),
        service: service.to_owned(),
        route_tables: tables.into_iter().collect(),
        subnets: subnets.into_iter().collect(),
        groups: groups.into_iter().collect(),
        private_dns,
        interfaces,
        created: ctx.now(),
        tags,
    };
    let shown = show(&made, &ctx.world.account);
    ctx.here().ec2.endpoints.insert(id, made);
    Ok(json!({"vpcEndpoint": shown, "clientToken": input.str("ClientToken")}))
}

fn show(endpoint: &Endpoint, account: &str) -> Value {
    let groups = endpoint.groups.iter().map(|id| json!({"groupId": id, "groupName": id}));
    json!({
        "vpcEndpointId": endpoint.id,
        "vpcEndpointType": endpoint.kind,
        "vpcId": endpoint.vpc,
        "serviceName": endpoint.service,
        "state": "available",
        "routeTableIdSet": endpoint.route_tables,
        "subnetIdSet": endpoint.subnets,
        "groupSet": groups.collect::<Vec<Value>>(),
        "privateDnsEnabled": endpoint.private_dns,
        "requesterManaged": false,
        "networkInterfaceIdSet": endpoint.interfaces,
        "dnsEntrySet": [],
        "creationTimestamp": endpoint.created.iso(),
        "ownerId": account,
        "tagSet": tags::lower(&endpoint.tags),
    })
}
