//! What can be changed about a load balancer.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    super::{Ctx, Reply},
    balancers::{place_nodes, show_zones},
    common::{Attribute, Values, attributes, balancer, show_attributes},
};
use crate::{error::AwsError, input::Input, rules, services::ec2};

/// The attributes of application load balancers with their defaults (ELB API reference,
/// `LoadBalancerAttribute`).
pub(super) const ATTRIBUTES: &[Attribute] = &[
    ("access_logs.s3.bucket", "", Values::Text),
    ("access_logs.s3.enabled", "false", Values::Bool),
    ("access_logs.s3.prefix", "", Values::Text),
    ("client_keep_alive.seconds", "3600", Values::Int(60, 604_800)),
    ("connection_logs.s3.bucket", "", Values::Text),
    ("connection_logs.s3.enabled", "false", Values::Bool),
    ("connection_logs.s3.prefix", "", Values::Text),
    ("deletion_protection.enabled", "false", Values::Bool),
    ("idle_timeout.timeout_seconds", "60", Values::Int(1, 4000)),
    ("ipv6.deny_all_igw_traffic", "false", Values::Bool),
    ("load_balancing.cross_zone.enabled", "true", Values::Fixed("true")),
    (
        "routing.http.desync_mitigation_mode",
        "defensive",
        Values::One(&["monitor", "defensive", "strictest"]),
    ),
    ("routing.http.drop_invalid_header_fields.enabled", "false", Values::Bool),
    ("routing.http.preserve_host_header.enabled", "false", Values::Bool),
    ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", Values::Bool),
    ("routing.http.xff_client_port.enabled", "false", Values::Bool),
    (
        "routing.http.xff_header_processing.mode",
        "append",
        Values::One(&["append", "preserve", "remove"]),
    ),
    ("routing.http2.enabled", "true", Values::Bool),
    ("waf.fail_open.enabled", "false", Values::Bool),
    ("zonal_shift.config.enabled", "false", Values::Bool),
];

/// Where a balancer is to be.
pub(super) struct Place {
    /// The VPC of the subnets.
    pub(super) vpc: String,
    /// The subnets, sorted.
    pub(super) subnets: Vec<String>,
}

/// Reads and checks the subnets: they exist, in one VPC, one per zone, in two zones at least, with
/// eight free addresses each (ELB user guide, "Subnets for your load balancer").
pub(super) fn check_subnets(
    ctx: &mut Ctx<'_>,
    input: &Input<'_>,
    present: Option<&BTreeSet<String>>,
) -> Result<Place, AwsError> {
    let mut subnets = input.strings("Subnets");
    let mappings = input.list("SubnetMappings");
    if !subnets.is_empty() && !mappings.is_empty() {
        let text = "You must specify either subnets or subnet mappings, not both";
        return Err(rules::elbv2::SUBNETS_ONE_FORM.refuse(text));
    }
    for mapping in mappings {
        subnets.push(mapping.required("SubnetId")?.to_owned());
    }
    subnets.sort();
    subnets.dedup();
    let (mut vpcs, mut zones) = (BTreeSet::new(), BTreeSet::new());
    for id in &subnets {
        let Some(subnet) = ctx.world.subnet(&ctx.region, id).cloned() else {
            let text = format!("The subnet ID '{id}' is not valid");
            return Err(rules::elbv2::SUBNET_EXISTS.refuse(text));
        };
        vpcs.insert(subnet.vpc.clone());
        if !zones.insert(subnet.zone.clone()) {
            let text = "A load balancer cannot be attached to multiple subnets in the same \
                        Availability Zone";
            return Err(rules::elbv2::ONE_SUBNET_A_ZONE.refuse(text));
        }
        let free = ec2::free_addresses(&ctx.here().ec2, id);
        if free < 8 && present.is_none_or(|present| !present.contains(id)) {
            let text = format!(
                "Not enough IP space available in {id}. ELB requires at least 8 free IP addresses \
                 in each subnet."
            );
            return Err(rules::elbv2::FREE_ADDRESSES.refuse(text));
        }
    }
    if zones.len() < 2 {
        let text = "At least two subnets in two different Availability Zones must be specified";
        return Err(rules::elbv2::TWO_ZONES.refuse(text));
    }
    let first = vpcs.pop_first().unwrap_or_default();
    if !vpcs.is_empty() {
        let text = format!("All subnets must belong to the same VPC: '{first}'");
        return Err(rules::elbv2::SUBNETS_OF_ONE_VPC.refuse(text));
    }
    Ok(Place { vpc: first, subnets })
}

/// Reads and checks the security groups; none means the VPC's default one.
pub(super) fn check_groups(
    ctx: &Ctx<'_>,
    input: &Input<'_>,
    vpc: &str,
) -> Result<Vec<String>, AwsError> {
    let mut groups = input.strings("SecurityGroups");
    groups.sort();
    groups.dedup();
    for id in &groups {
        let found = ctx.world.security_group(&ctx.region, id);
        if found.is_none_or(|group| group.vpc != vpc) {
            let text = format!("One or more security groups are invalid: '{id}'");
            return Err(rules::elbv2::GROUPS_OF_THE_VPC.refuse(text));
        }
    }
    if groups.is_empty() {
        let default = ctx.world.default_group(&ctx.region, vpc);
        groups.extend(default.map(|group| group.id.clone()));
    }
    Ok(groups)
}

/// Reads the address type. No subnet here has IPv6, which `dualstack` needs.
pub(super) fn address_type<'a>(input: &Input<'a>) -> Result<Option<&'a str>, AwsError> {
    let kinds = &["ipv4", "dualstack", "dualstack-without-public-ipv4"];
    let wanted = input.one_of("IpAddressType", kinds)?;
    if wanted.is_some_and(|wanted| wanted != "ipv4") {
        let text = "You must specify subnets with an associated IPv6 CIDR block.";
        return Err(rules::elbv2::DUALSTACK_SUBNETS.refuse(text));
    }
    Ok(wanted)
}

pub(super) fn set_subnets(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("LoadBalancerArn")?;
    let found = balancer(&ctx.here().elbv2, arn)?.clone();
    let present: BTreeSet<String> = found.subnets.keys().cloned().collect();
    let place = check_subnets(ctx, input, Some(&present))?;
    if place.vpc != found.vpc {
        let text = format!("All subnets must belong to the same VPC: '{}'", found.vpc);
        return Err(rules::elbv2::SUBNETS_OF_ONE_VPC.refuse(text));
    }
    let region = ctx.region.clone();
    place_nodes(ctx.world, &region, arn, &place.subnets);
    ctx.world.targets_changed(&region);
    let found = balancer(&ctx.here().elbv2, arn)?.clone();
    Ok(json!({
        "AvailabilityZones": show_zones(&found, ctx.world, &region),
        "IpAddressType": found.ip_address_type,
    }))
}

pub(super) fn set_groups(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("LoadBalancerArn")?;
    let found = balancer(&ctx.here().elbv2, arn)?.clone();
    if input.list("SecurityGroups").is_empty() {
        return Err(
            rules::elbv2::GROUP_GIVEN.refuse("At least one security group must be specified")
        );
    }
    let groups = check_groups(ctx, input, &found.vpc)?;
    let here = ctx.here();
    for eni in found.subnets.values() {
        if let Some(eni) = here.ec2.interfaces.get_mut(eni) {
            eni.groups.clone_from(&groups);
        }
    }
    if let Some(found) = here.elbv2.balancers.get_mut(arn) {
        found.groups.clone_from(&groups);
    }
    let region = ctx.region.clone();
    ctx.world.targets_changed(&region);
    Ok(json!({"SecurityGroupIds": groups}))
}

pub(super) fn set_address_type(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("LoadBalancerArn")?;
    balancer(&ctx.here().elbv2, arn)?;
    input.required("IpAddressType")?;
    let wanted = address_type(input)?.unwrap_or("ipv4");
    if let Some(found) = ctx.here().elbv2.balancers.get_mut(arn) {
        wanted.clone_into(&mut found.ip_address_type);
    }
    Ok(json!({"IpAddressType": wanted}))
}

pub(super) fn describe_attributes(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let found = balancer(&ctx.here().elbv2, input.required("LoadBalancerArn")?)?;
    Ok(json!({"Attributes": show_attributes(&found.attributes)}))
}

pub(super) fn modify_attributes(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("LoadBalancerArn")?;
    let mut all = balancer(&ctx.here().elbv2, arn)?.attributes.clone();
    all.extend(attributes(input, ATTRIBUTES, "Load balancer")?);
    for logs in ["access_logs", "connection_logs"] {
        let is = |name: &str, value: &str| {
            all.get(&format!("{logs}.s3.{name}")).is_some_and(|it| it == value)
        };
        if is("enabled", "true") && is("bucket", "") {
            let text = format!("The value of '{logs}.s3.bucket' cannot be empty");
            return Err(rules::elbv2::LOGS_BUCKET.refuse(text));
        }
    }
    let shown = show_attributes(&all);
    if let Some(found) = ctx.here().elbv2.balancers.get_mut(arn) {
        found.attributes = all;
    }
    Ok(json!({"Attributes": shown}))
}
