//! Elastic Load Balancing: application load balancers.

mod actions;
pub mod availability;
mod balancers;
mod certificates;
mod common;
mod conditions;
mod listeners;
mod members;
mod probe;
mod rules;
mod settings;
pub mod state;
mod tagging;
mod target_groups;
mod targets;
pub mod weights;

use super::{Operation, Protocol, Service, read, write};
use crate::world::World;

use self::state::Elbv2Event;

/// Elastic Load Balancing.
pub static SERVICE: Service = Service {
    name: "elasticloadbalancing",
    protocol: Protocol::Query {
        xmlns: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    },
    global: false,
    invalid: "ValidationError",
    operations: OPERATIONS,
    tagged: tagging::tagged,
};

const OPERATIONS: &[Operation] = &[
    write("CreateLoadBalancer", balancers::create),
    read("DescribeLoadBalancers", balancers::describe),
    write("DeleteLoadBalancer", balancers::delete),
    read("DescribeLoadBalancerAttributes", settings::describe_attributes),
    write("ModifyLoadBalancerAttributes", settings::modify_attributes),
    write("SetSubnets", settings::set_subnets),
    write("SetSecurityGroups", settings::set_groups),
    write("SetIpAddressType", settings::set_address_type),
    write("CreateTargetGroup", target_groups::create),
    read("DescribeTargetGroups", target_groups::describe),
    write("ModifyTargetGroup", target_groups::modify),
    write("DeleteTargetGroup", target_groups::delete),
    read("DescribeTargetGroupAttributes", target_groups::describe_attributes),
    write("ModifyTargetGroupAttributes", target_groups::modify_attributes),
    write("RegisterTargets", members::register),
    write("DeregisterTargets", members::deregister),
    read("DescribeTargetHealth", members::describe_health),
    write("CreateListener", listeners::create),
    read("DescribeListeners", listeners::describe),
    write("ModifyListener", listeners::modify),
    write("DeleteListener", listeners::delete),
    write("AddListenerCertificates", certificates::add),
    write("RemoveListenerCertificates", certificates::remove),
    read("DescribeListenerCertificates", certificates::describe),
    write("CreateRule", rules::create),
    read("DescribeRules", rules::describe),
    write("ModifyRule", rules::modify),
    write("DeleteRule", rules::delete),
    write("SetRulePriorities", rules::set_priorities),
    write("AddTags", tagging::add),
    write("RemoveTags", tagging::remove),
    read("DescribeTags", tagging::describe),
];

/// Lets an event of this service happen.
pub(crate) fn happen(world: &mut World, region: &str, event: Elbv2Event) {
    match event {
        Elbv2Event::Provisioned { balancer } => {
            if let Some(found) = world.region(region).elbv2.balancers.get_mut(&balancer) {
                found.active = true;
            }
            world.targets_changed(region);
        }
        Elbv2Event::Check { group, target, serial } => {
            targets::check(world, region, &group, &target, serial);
        }
        Elbv2Event::Drained { group, target, serial } => {
            targets::drained(world, region, &group, &target, serial);
        }
    }
}

/// Drops listeners without a balancer, and rules without a listener.
pub(crate) fn tidy(world: &mut World, region: &str) {
    let elb = &mut world.region(region).elbv2;
    let balancers = &elb.balancers;
    elb.listeners.retain(|_, listener| balancers.contains_key(&listener.balancer));
    let listeners = &elb.listeners;
    elb.rules.retain(|_, rule| listeners.contains_key(&rule.listener));
}
