//! Load balancers: made, described, deleted.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    common::{check_name, defaults, page},
    settings::{self, ATTRIBUTES},
    state::{Balancer, Elbv2Event},
};
use crate::{
    input::Input,
    rules, tags,
    world::{Event, World},
};

/// How long a balancer is being provisioned; AWS takes two or three minutes.
const PROVISIONING: Duration = Duration::from_mins(2);
/// How long the interfaces of a balancer stay after it is gone; AWS takes some minutes.
const LINGERING: Duration = Duration::from_mins(1);

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    check_name(input, "load balancer")?;
    let name = input.required("Name")?;
    let kind = input.one_of("Type", &["application", "network", "gateway"])?;
    if kind.is_some_and(|kind| kind != "application") {
        return Err(
            rules::elbv2::APPLICATION_ONLY.refuse("Only application load balancers are simulated")
        );
    }
    let scheme = input.one_of("Scheme", &["internet-facing", "internal"])?;
    let scheme = scheme.unwrap_or("internet-facing");
    let address_type = settings::address_type(input)?.unwrap_or("ipv4");
    let place = settings::check_subnets(ctx, input, None)?;
    if scheme == "internet-facing" && !has_internet_gateway(ctx, &place.vpc) {
        let text = format!("VPC {} has no internet gateway", place.vpc);
        return Err(rules::elbv2::INTERNET_GATEWAY.refuse(text));
    }
    let groups = settings::check_groups(ctx, input, &place.vpc)?;
    let tags = tags::from_list(input, "Tags");
    tags::check(&tags, "ValidationError")?;
    let elb = &ctx.here().elbv2;
    if let Some(other) = elb.balancers.values().find(|it| it.name == name).cloned() {
        let same = other.scheme == scheme
            && other.ip_address_type == address_type
            && other.subnets.keys().eq(place.subnets.iter())
            && other.groups == groups
            && other.tags == tags;
        if same {
            return Ok(json!({"LoadBalancers": [show(&other, ctx.world, &ctx.region)]}));
        }
        let text = format!(
            "A load balancer with the same name '{name}' exists, but with different settings"
        );
        return Err(rules::elbv2::BALANCER_NAME_UNIQUE.refuse(text));
    }
    if ctx.here().elbv2.balancers.len() >= 50 {
        let text = "The maximum number of load balancers has been reached";
        return Err(rules::elbv2::BALANCERS_COUNT.refuse(text));
    }
    let (id, number) = (ctx.world.ids.hex(16), ctx.world.ids.digits(9));
    let path = format!("app/{name}/{id}");
    let arn = ctx.arn("elasticloadbalancing", &format!("loadbalancer/{path}"));
    let prefix = if scheme == "internal" { "internal-" } else { "" };
    let suffix = if ctx.world.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let made = Balancer {
        arn: arn.clone(),
        path,
        name: name.to_owned(),
        dns_name: format!("{prefix}{name}-1{number}.{}.elb.{suffix}", ctx.region),
        zone_id: zone_id(&ctx.region),
        scheme: scheme.to_owned(),
        vpc: place.vpc,
        subnets: BTreeMap::new(),
        groups,
        ip_address_type: address_type.to_owned(),
        active: false,
        created: ctx.now(),
        attributes: defaults(ATTRIBUTES),
        tags,
    };
    ctx.here().elbv2.balancers.insert(arn.clone(), made);
    let region = ctx.region.clone();
    place_nodes(ctx.world, &region, &arn, &place.subnets);
    let event = Elbv2Event::Provisioned { balancer: arn.clone() };
    ctx.schedule(PROVISIONING, Event::Elbv2(event));
    let made = ctx.here().elbv2.balancers.get(&arn).cloned();
    let shown = made.map(|made| show(&made, ctx.world, &region));
    Ok(json!({"LoadBalancers": [shown]}))
}

/// Puts a node (a network interface) in each subnet and takes the others away.
pub(super) fn place_nodes(world: &mut World, region: &str, arn: &str, subnets: &[String]) {
    let Some(found) = world.region(region).elbv2.balancers.get(arn).cloned() else { return };
    let description = format!("ELB {}", found.path);
    let mut nodes = BTreeMap::new();
    for subnet in subnets {
        if let Some(eni) = found.subnets.get(subnet) {
            nodes.insert(subnet.clone(), eni.clone());
        } else if let Some(eni) = world.create_eni(region, subnet, &found.groups, &description) {
            if found.scheme == "internet-facing" {
                world.give_public_ip(region, &eni.id);
            }
            nodes.insert(subnet.clone(), eni.id);
        }
    }
    for (subnet, eni) in &found.subnets {
        if !nodes.contains_key(subnet) {
            world.delete_eni_after(LINGERING, region, eni);
        }
    }
    if let Some(found) = world.region(region).elbv2.balancers.get_mut(arn) {
        found.subnets = nodes;
    }
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let (names, arns) = (input.strings("Names"), input.strings("LoadBalancerArns"));
    if names.len() > 20 || arns.len() > 20 {
        return Err(rules::elbv2::TWENTY_DESCRIBED
            .refuse("Up to 20 load balancers can be described in a single call"));
    }
    if !names.is_empty() && !arns.is_empty() {
        let text = "Load balancer names and load balancer ARNs cannot be specified at the same \
                    time";
        return Err(rules::elbv2::ONE_SELECTION.refuse(text));
    }
    let elb = &ctx.here().elbv2;
    for arn in &arns {
        super::common::balancer(elb, arn)?;
    }
    let all: Vec<Balancer> = elb.balancers.values().cloned().collect();
    let missing: Vec<&str> = names
        .iter()
        .filter(|name| !all.iter().any(|it| it.name == **name))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        let text = format!("Load balancers '[{}]' not found", missing.join(", "));
        return Err(rules::elbv2::BALANCER_EXISTS.refuse(text));
    }
    let chosen = all.iter().filter(|it| {
        (names.is_empty() || names.contains(&it.name))
            && (arns.is_empty() || arns.contains(&it.arn))
    });
    let shown = chosen.map(|it| show(it, ctx.world, &ctx.region)).collect();
    page(input, "LoadBalancers", shown)
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("LoadBalancerArn")?;
    // Deleting one that does not exist succeeds (ELB API reference, DeleteLoadBalancer).
    let Some(found) = ctx.here().elbv2.balancers.get(arn).cloned() else { return Ok(json!({})) };
    if found.attributes.get("deletion_protection.enabled").is_some_and(|it| it == "true") {
        let text = format!(
            "Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        );
        return Err(rules::elbv2::DELETION_PROTECTION.refuse(text));
    }
    let elb = &mut ctx.here().elbv2;
    let listeners: Vec<String> =
        elb.listeners.values().filter(|it| it.balancer == arn).map(|it| it.arn.clone()).collect();
    elb.listeners.retain(|_, it| it.balancer != arn);
    elb.rules.retain(|_, it| !listeners.contains(&it.listener));
    elb.balancers.remove(arn);
    let region = ctx.region.clone();
    for eni in found.subnets.values() {
        ctx.world.delete_eni_after(LINGERING, &region, eni);
    }
    ctx.world.targets_changed(&region);
    ctx.world.certificates_changed(&region);
    Ok(json!({}))
}

fn has_internet_gateway(ctx: &mut Ctx<'_>, vpc: &str) -> bool {
    let mut gateways = ctx.here().ec2.internet_gateways.values();
    gateways.any(|gateway| gateway.vpc.as_deref() == Some(vpc))
}

/// The hosted zone of the region's balancers (AWS General Reference, ELB endpoints); regions
/// without an entry get a made-up one.
fn zone_id(region: &str) -> String {
    match region {
        "us-east-1" => "Z35SXDOTRQ7X7K".to_owned(),
        "us-east-2" => "Z3AADJGX6KTTL2".to_owned(),
        "us-west-2" => "Z1H1FL5HABSF5".to_owned(),
        "eu-west-1" => "Z32O12XQLNTSW2".to_owned(),
        "eu-central-1" => "Z215JYRZR1TBD5".to_owned(),
        _ => format!("Z{}", region.to_uppercase().replace('-', "")),
    }
}

/// The balancer's part of the answers that list its zones.
pub(super) fn show_zones(balancer: &Balancer, world: &World, region: &str) -> Value {
    let zones = balancer.subnets.keys().map(|id| {
        let zone = world.subnet(region, id).map(|subnet| subnet.zone.clone());
        json!({"ZoneName": zone, "SubnetId": id, "LoadBalancerAddresses": []})
    });
    zones.collect()
}

fn show(balancer: &Balancer, world: &World, region: &str) -> Value {
    let state = if balancer.active { "active" } else { "provisioning" };
    json!({
        "LoadBalancerArn": balancer.arn,
        "DNSName": balancer.dns_name,
        "CanonicalHostedZoneId": balancer.zone_id,
        "CreatedTime": balancer.created.iso(),
        "LoadBalancerName": balancer.name,
        "Scheme": balancer.scheme,
        "VpcId": balancer.vpc,
        "State": {"Code": state},
        "Type": "application",
        "AvailabilityZones": show_zones(balancer, world, region),
        "SecurityGroups": balancer.groups,
        "IpAddressType": balancer.ip_address_type,
    })
}
