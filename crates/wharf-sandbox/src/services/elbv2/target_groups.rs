//! Target groups.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    common::{
        Attribute, Values, attributes, balancer, check_name, defaults, page, show_attributes,
        target_group,
    },
    state::{Elbv2State, HealthCheck, TargetGroup},
};
use crate::{error::AwsError, input::Input, rules, tags};

/// The attributes of target groups of application load balancers with their defaults (ELB API
/// reference, `TargetGroupAttribute`).
const ATTRIBUTES: &[Attribute] = &[
    ("deregistration_delay.timeout_seconds", "300", Values::Int(0, 3600)),
    ("load_balancing.algorithm.anomaly_mitigation", "off", Values::One(&["on", "off"])),
    (
        "load_balancing.algorithm.type",
        "round_robin",
        Values::One(&["round_robin", "least_outstanding_requests", "weighted_random"]),
    ),
    (
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
        Values::One(&["true", "false", "use_load_balancer_configuration"]),
    ),
    ("slow_start.duration_seconds", "0", Values::Int(0, 900)),
    ("stickiness.app_cookie.cookie_name", "", Values::Text),
    ("stickiness.app_cookie.duration_seconds", "86400", Values::Int(1, 604_800)),
    ("stickiness.enabled", "false", Values::Bool),
    ("stickiness.lb_cookie.duration_seconds", "86400", Values::Int(1, 604_800)),
    ("stickiness.type", "lb_cookie", Values::One(&["lb_cookie", "app_cookie"])),
    ("target_group_health.dns_failover.minimum_healthy_targets.count", "1", Values::Text),
    ("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", Values::Text),
    (
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        "1",
        Values::Text,
    ),
    (
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        "off",
        Values::Text,
    ),
];

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    check_name(input, "target group")?;
    let name = input.required("Name")?;
    let protocol = input.one_of("Protocol", &["HTTP", "HTTPS"])?;
    let protocol = protocol.ok_or_else(|| {
        rules::elbv2::TARGET_GROUP_SETTINGS.refuse("A protocol must be specified")
    })?;
    let version = input.one_of("ProtocolVersion", &["HTTP1", "HTTP2", "GRPC"])?.unwrap_or("HTTP1");
    let kind = input.one_of("TargetType", &["instance", "ip"])?.unwrap_or("instance");
    let address_type = input.one_of("IpAddressType", &["ipv4", "ipv6"])?.unwrap_or("ipv4");
    let port = input.int_in("Port", 1, 65535)?;
    let port =
        port.ok_or_else(|| rules::elbv2::TARGET_GROUP_SETTINGS.refuse("A port must be specified"))?;
    let vpc = input
        .str("VpcId")
        .ok_or_else(|| rules::elbv2::TARGET_GROUP_SETTINGS.refuse("A VPC ID must be specified"))?;
    if !ctx.here().ec2.vpcs.contains_key(vpc) {
        let text = format!("The VPC ID '{vpc}' is not found");
        return Err(rules::elbv2::TARGET_GROUP_VPC.refuse(text));
    }
    let check = health_check(input, first_check(protocol, version))?;
    let tags = tags::from_list(input, "Tags");
    tags::check(&tags, "ValidationError")?;
    let mut made = TargetGroup {
        arn: String::new(),
        name: name.to_owned(),
        protocol: protocol.to_owned(),
        protocol_version: version.to_owned(),
        port: u16::try_from(port).unwrap_or(u16::MAX),
        vpc: vpc.to_owned(),
        target_type: kind.to_owned(),
        ip_address_type: address_type.to_owned(),
        check,
        attributes: defaults(ATTRIBUTES),
        tags,
        targets: BTreeMap::new(),
    };
    let elb = &ctx.here().elbv2;
    if let Some(other) = elb.target_groups.values().find(|it| it.name == name) {
        let settings = |it: &TargetGroup| {
            let kinds = (it.protocol.clone(), it.protocol_version.clone(), it.target_type.clone());
            (kinds, it.port, it.vpc.clone(), it.ip_address_type.clone(), it.check.clone())
        };
        if settings(other) == settings(&made) && other.tags == made.tags {
            return Ok(json!({"TargetGroups": [show(elb, other)]}));
        }
        let text = format!(
            "A target group with the same name '{name}' exists, but with different settings"
        );
        return Err(rules::elbv2::TARGET_GROUP_NAME_UNIQUE.refuse(text));
    }
    if elb.target_groups.len() >= 3000 {
        let text = "The maximum number of target groups has been reached";
        return Err(rules::elbv2::GROUPS_COUNT.refuse(text));
    }
    let id = ctx.world.ids.hex(16);
    made.arn = ctx.arn("elasticloadbalancing", &format!("targetgroup/{name}/{id}"));
    let shown = show(&ctx.here().elbv2, &made);
    ctx.here().elbv2.target_groups.insert(made.arn.clone(), made);
    Ok(json!({"TargetGroups": [shown]}))
}

/// The defaults of health checks (ELB API reference, `CreateTargetGroup`).
fn first_check(protocol: &str, version: &str) -> HealthCheck {
    let grpc = version == "GRPC";
    HealthCheck {
        protocol: protocol.to_owned(),
        port: "traffic-port".to_owned(),
        path: if grpc { "/AWS.ALB/healthcheck" } else { "/" }.to_owned(),
        interval: 30,
        timeout: 5,
        healthy: 5,
        unhealthy: 2,
        matcher: if grpc { "12" } else { "200" }.to_owned(),
    }
}

/// Reads and checks the settings of the health check that are given.
fn health_check(input: &Input<'_>, mut check: HealthCheck) -> Result<HealthCheck, AwsError> {
    if input.bool("HealthCheckEnabled")? == Some(false) {
        let text = "Health check enabled must be true for target groups with target type 'ip' or \
                    'instance'";
        return Err(rules::elbv2::CHECK_ENABLED.refuse(text));
    }
    if let Some(protocol) = input.one_of("HealthCheckProtocol", &["HTTP", "HTTPS"])? {
        protocol.clone_into(&mut check.protocol);
    }
    if let Some(port) = input.str("HealthCheckPort") {
        if port != "traffic-port" && !port.parse::<u16>().is_ok_and(|port| port > 0) {
            let text = format!("Health check port '{port}' must be in 1-65535");
            return Err(rules::elbv2::CHECK_PORT.refuse(text));
        }
        port.clone_into(&mut check.port);
    }
    if let Some(path) = input.str("HealthCheckPath") {
        if !path.starts_with('/') {
            return Err(rules::elbv2::CHECK_PATH
                .refuse(format!("Health check path '{path}' must begin with '/'")));
        }
        path.clone_into(&mut check.path);
    }
    let number = |name, low, high, default| -> Result<u32, AwsError> {
        let given = input.int_in(name, low, high)?;
        Ok(given.and_then(|given| u32::try_from(given).ok()).unwrap_or(default))
    };
    check.interval = number("HealthCheckIntervalSeconds", 5, 300, check.interval)?;
    check.timeout = number("HealthCheckTimeoutSeconds", 2, 120, check.timeout)?;
    check.healthy = number("HealthyThresholdCount", 2, 10, check.healthy)?;
    check.unhealthy = number("UnhealthyThresholdCount", 2, 10, check.unhealthy)?;
    if check.timeout >= check.interval {
        let text = format!(
            "Health check timeout '{}' must be smaller than the interval '{}'",
            check.timeout, check.interval
        );
        return Err(rules::elbv2::CHECK_TIMEOUT.refuse(text));
    }
    if let Some(matcher) = input.structure("Matcher") {
        check.matcher = match (matcher.str("HttpCode"), matcher.str("GrpcCode")) {
            (Some(codes), None) => checked_codes(codes, 200, 499)?,
            (None, Some(codes)) => checked_codes(codes, 0, 99)?,
            _ => {
                let text = "A matcher has either HTTP or gRPC codes";
                return Err(rules::elbv2::ONE_MATCHER.refuse(text));
            }
        };
    }
    Ok(check)
}

fn checked_codes(codes: &str, low: u16, high: u16) -> Result<String, AwsError> {
    let good = codes.split(',').all(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let bounds = (from.parse::<u16>(), to.parse::<u16>());
        matches!(bounds, (Ok(from), Ok(to)) if low <= from && from <= to && to <= high)
    });
    if good {
        return Ok(codes.to_owned());
    }
    let text =
        format!("Health check matcher code '{codes}' must be within '{low}-{high}' inclusive");
    Err(rules::elbv2::CHECK_CODES.refuse(text))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let elb = &ctx.here().elbv2;
    let (names, arns) = (input.strings("Names"), input.strings("TargetGroupArns"));
    let of_balancer = input.str("LoadBalancerArn");
    let given = [!names.is_empty(), !arns.is_empty(), of_balancer.is_some()];
    if given.iter().filter(|given| **given).count() > 1 {
        let text = "Target group names, target group ARNs and a load balancer ARN cannot be \
                    specified at the same time";
        return Err(rules::elbv2::ONE_SELECTION.refuse(text));
    }
    for arn in &arns {
        target_group(elb, arn)?;
    }
    if let Some(arn) = of_balancer {
        balancer(elb, arn)?;
    }
    if names.iter().any(|name| !elb.target_groups.values().any(|it| it.name == *name)) {
        let text = "One or more target groups not found";
        return Err(rules::elbv2::TARGET_GROUP_EXISTS.refuse(text));
    }
    let chosen = elb.target_groups.values().filter(|it| {
        (names.is_empty() || names.contains(&it.name))
            && (arns.is_empty() || arns.contains(&it.arn))
            && of_balancer
                .is_none_or(|arn| elb.balancer_of(&it.arn).is_some_and(|it| it.arn == arn))
    });
    page(input, "TargetGroups", chosen.map(|it| show(elb, it)).collect())
}

pub(super) fn modify(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("TargetGroupArn")?;
    let check = target_group(&ctx.here().elbv2, arn)?.check.clone();
    let check = health_check(input, check)?;
    if let Some(found) = ctx.here().elbv2.target_groups.get_mut(arn) {
        found.check = check;
    }
    let region = ctx.region.clone();
    ctx.world.targets_changed(&region);
    let elb = &ctx.here().elbv2;
    Ok(json!({"TargetGroups": [show(elb, target_group(elb, arn)?)]}))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("TargetGroupArn")?;
    let elb = &mut ctx.here().elbv2;
    if elb.balancer_of(arn).is_some() {
        let text = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(rules::elbv2::TARGET_GROUP_UNUSED.refuse(text));
    }
    elb.target_groups.remove(arn);
    Ok(json!({}))
}

pub(super) fn describe_attributes(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let found = target_group(&ctx.here().elbv2, input.required("TargetGroupArn")?)?;
    Ok(json!({"Attributes": show_attributes(&found.attributes)}))
}

pub(super) fn modify_attributes(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("TargetGroupArn")?;
    let mut all = target_group(&ctx.here().elbv2, arn)?.attributes.clone();
    let wanted = attributes(input, ATTRIBUTES, "Target group")?;
    let slow = wanted.get("slow_start.duration_seconds").and_then(|text| text.parse().ok());
    if slow.is_some_and(|slow: u32| (1..30).contains(&slow)) {
        let text = "Slow start duration must be 0 or between 30 and 900 seconds";
        return Err(rules::elbv2::SLOW_START.refuse(text));
    }
    all.extend(wanted);
    let shown = show_attributes(&all);
    if let Some(found) = ctx.here().elbv2.target_groups.get_mut(arn) {
        found.attributes = all;
    }
    Ok(json!({"Attributes": shown}))
}

fn show(elb: &Elbv2State, group: &TargetGroup) -> Value {
    let balancers: Vec<&str> =
        elb.balancer_of(&group.arn).map(|it| it.arn.as_str()).into_iter().collect();
    let codes = if group.protocol_version == "GRPC" { "GrpcCode" } else { "HttpCode" };
    json!({
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "Protocol": group.protocol,
        "ProtocolVersion": group.protocol_version,
        "Port": group.port,
        "VpcId": group.vpc,
        "TargetType": group.target_type,
        "IpAddressType": group.ip_address_type,
        "HealthCheckProtocol": group.check.protocol,
        "HealthCheckPort": group.check.port,
        "HealthCheckEnabled": true,
        "HealthCheckPath": group.check.path,
        "HealthCheckIntervalSeconds": group.check.interval,
        "HealthCheckTimeoutSeconds": group.check.timeout,
        "HealthyThresholdCount": group.check.healthy,
        "UnhealthyThresholdCount": group.check.unhealthy,
        "Matcher": {codes: group.check.matcher},
        "LoadBalancerArns": balancers,
    })
}
