//! Registering targets by hand, and their health.

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    common::target_group,
    state::{Health, RegisteredTarget, TargetGroup, TargetState},
    targets::health,
};
use crate::{error::AwsError, input::Input, rules};

pub(super) fn register(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("TargetGroupArn")?;
    let group = target_group(&ctx.here().elbv2, arn)?.clone();
    let targets = targets(input, &group)?;
    if targets.is_empty() {
        return Err(input.missing("Targets"));
    }
    if group.target_type != "ip" {
        let text = "The sandbox has no instances to register";
        return Err(rules::elbv2::NO_INSTANCES.refuse(text));
    }
    for (ip, _) in &targets {
        if ip.parse::<std::net::Ipv4Addr>().is_err() {
            let text = format!("The IP address '{ip}' is not a valid IPv4 address");
            return Err(rules::elbv2::TARGET_ADDRESS.refuse(text));
        }
        if ctx.world.zone_of_ip(&ctx.region, &group.vpc, ip).is_none() {
            let text = format!(
                "The following targets are not in the target group VPC '{}': '{ip}'",
                group.vpc
            );
            return Err(rules::elbv2::TARGET_IN_VPC.refuse(text));
        }
    }
    if group.targets.len() + targets.len() > 1000 {
        let text = format!("The maximum number of targets has been reached for '{arn}'");
        return Err(rules::elbv2::TARGETS_COUNT.refuse(text));
    }
    let region = ctx.region.clone();
    for (ip, port) in targets {
        ctx.world.add_target(&region, arn, &ip, port, None);
    }
    Ok(json!({}))
}

pub(super) fn deregister(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("TargetGroupArn")?;
    let group = target_group(&ctx.here().elbv2, arn)?.clone();
    let region = ctx.region.clone();
    for given in input.list("Targets") {
        let ip = given.required("Id")?;
        let port = given.int_in("Port", 1, 65535)?;
        // Without a port, the target goes with all its ports.
        for target in group.targets.values() {
            if target.ip == ip && port.is_none_or(|port| port == i64::from(target.port)) {
                ctx.world.deregister_target(&region, arn, ip, target.port);
            }
        }
    }
    Ok(json!({}))
}

pub(super) fn describe_health(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("TargetGroupArn")?;
    let group = target_group(&ctx.here().elbv2, arn)?.clone();
    let wanted = targets(input, &group)?;
    let none = health(
        TargetState::Unused,
        "Target.NotRegistered",
        "Target is not registered to the target group",
    );
    let shown: Vec<Value> = if wanted.is_empty() {
        group.targets.values().map(|it| show(ctx, &group, it)).collect()
    } else {
        let find =
            |ip: &str, port: u16| group.targets.values().find(|it| it.ip == ip && it.port == port);
        let each = wanted.iter().map(|(ip, port)| match find(ip, *port) {
            Some(target) => show(ctx, &group, target),
            None => json!({"Target": {"Id": ip, "Port": port}, "TargetHealth": show_health(&none)}),
        });
        each.collect()
    };
    Ok(json!({"TargetHealthDescriptions": shown}))
}

fn targets(input: &Input<'_>, group: &TargetGroup) -> Result<Vec<(String, u16)>, AwsError> {
    let mut all = Vec::new();
    for target in input.list("Targets") {
        let port = target.int_in("Port", 1, 65535)?.and_then(|port| u16::try_from(port).ok());
        all.push((target.required("Id")?.to_owned(), port.unwrap_or(group.port)));
    }
    Ok(all)
}

fn show(ctx: &Ctx<'_>, group: &TargetGroup, target: &RegisteredTarget) -> Value {
    let port = if group.check.port == "traffic-port" {
        target.port.to_string()
    } else {
        group.check.port.clone()
    };
    json!({
        "Target": {
            "Id": target.ip,
            "Port": target.port,
            "AvailabilityZone": ctx.world.zone_of_ip(&ctx.region, &group.vpc, &target.ip),
        },
        "HealthCheckPort": port,
        "TargetHealth": show_health(&target.health),
    })
}

fn show_health(health: &Health) -> Value {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    json!({
        "State": health.state.as_str(),
        "Reason": some(&health.reason),
        "Description": some(&health.description),
    })
}
