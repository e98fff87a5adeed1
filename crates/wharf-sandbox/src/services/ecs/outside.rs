//! What ECS asks of the other services.

use std::time::Duration;

use crate::{
    image::App,
    services::{
        ec2::state::{Egress, End},
        elbv2::{
            state::{TargetApp, TargetState},
            weights::ForwardRule,
        },
    },
    time::SimTime,
    world::World,
};

use super::state::{LoadBalancer, Network};

/// Who runs tasks, as roles' trust policies name it.
const TASKS: &str = "ecs-tasks.amazonaws.com";

/// What ECS wants to know about a target group.
pub(super) struct TargetGroup {
    /// `ip` or `instance`.
    pub(super) kind: String,
    /// Whether a listener or rule uses it.
    pub(super) attached: bool,
}

pub(super) fn target_group(world: &World, region: &str, arn: &str) -> Option<TargetGroup> {
    let found = world.target_group(region, arn)?;
    let attached = world.balancer_of_target_group(region, arn).is_some();
    Some(TargetGroup { kind: found.target_type.clone(), attached })
}

/// How a target does.
#[derive(Debug, PartialEq)]
pub(super) enum Target {
    /// It gets traffic.
    Healthy,
    /// It fails its checks, for this reason.
    Unhealthy(String),
    /// It is neither.
    Other,
}

pub(super) fn target(world: &World, region: &str, group: &str, ip: &str) -> Target {
    match world.target_health(region, group, ip) {
        None => Target::Other,
        Some(health) => match health.state {
            TargetState::Healthy => Target::Healthy,
            TargetState::Unhealthy => Target::Unhealthy(health.description),
            // ECS replaces tasks that the balancer cannot get at (ECS Developer Guide, "Amazon ECS
            // service event messages").
            TargetState::Unused if health.description.contains("Availability Zone") => {
                Target::Unhealthy(health.description)
            }
            _ => Target::Other,
        },
    }
}

/// Registers a task in a target group; the error is what ECS's event says.
pub(super) fn register(
    world: &mut World,
    region: &str,
    balancer: &LoadBalancer,
    (ip, vpc): (&str, &str),
    (app, started): (App, SimTime),
) -> Result<(), String> {
    let arn = &balancer.target_group;
    let Some(found) = world.target_group(region, arn) else {
        return Err("One or more target groups not found".to_owned());
    };
    if found.vpc != vpc {
        let group_vpc = &found.vpc;
        return Err(format!(
            "The following targets are not in the target group VPC '{group_vpc}': '{ip}'"
        ));
    }
    let port = u16::try_from(balancer.port).unwrap_or(0);
    let app = TargetApp { app, container_port: port, started };
    world.register_target(region, arn, ip, port, app);
    Ok(())
}

/// Takes a task out of a target group and returns how long it drains.
pub(super) fn deregister(
    world: &mut World,
    region: &str,
    balancer: &LoadBalancer,
    ip: &str,
) -> Duration {
    let arn = &balancer.target_group;
    let delay = world
        .target_group(region, arn)
        .and_then(|found| found.attributes.get("deregistration_delay.timeout_seconds"))
        .and_then(|text| text.parse().ok())
        .unwrap_or(300);
    let used = world.balancer_of_target_group(region, arn).is_some();
    world.deregister_target(region, arn, ip, u16::try_from(balancer.port).unwrap_or(0));
    if used { Duration::from_secs(delay) } else { Duration::ZERO }
}

/// Says whether tasks can assume a role.
pub(super) fn assumable(world: &World, role: &str) -> bool {
    world.role_assumable(role, TASKS)
}

/// Says whether ECS can change a rule with a role.
pub(super) fn may_change(world: &World, role: &str, forwards: &ForwardRule) -> bool {
    let (action, on) = &forwards.changed_by;
    world.role_assumable(role, "ecs.amazonaws.com") && world.role_allows(role, action, on)
}

/// Says whether a task reaches a host outside its VPC: through a gateway, or (one of AWS's
/// services) through an endpoint, and if its security groups let it.
pub(super) fn reaches(
    world: &World,
    region: &str,
    (subnet, network): (&str, &Network),
    service: Option<&str>,
) -> bool {
    let anywhere = End { groups: &[], cidr: "0.0.0.0/0" };
    let way = match world.subnet_egress(region, subnet) {
        Egress::Nat => true,
        Egress::InternetGateway => network.public_ip,
        Egress::None => false,
    };
    if way && world.sg_allows_out(region, &network.groups, 443, anywhere) {
        return true;
    }
    service
        .is_some_and(|service| world.subnet_has_endpoint(region, subnet, service, &network.groups))
}
