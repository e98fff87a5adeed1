//! Quotas that a spec alone comes near, by AWS's default values.
//!
//! Quotas can be raised, and whether they were is not read: so these warn and do not stop.

use std::collections::BTreeSet;

use wharf_graph::{Address, Snapshot};
use wharf_plan::Check;
use wharf_spec::Stack;
use wharf_spec::stack::Strategy;

use super::warning;

/// Rules of a balancer, default ones aside (Elastic Load Balancing User Guide, quotas).
const RULES: usize = 100;
/// Targets of a balancer (Elastic Load Balancing User Guide, quotas).
const TARGETS: u64 = 1000;
/// Target groups of a balancer (Elastic Load Balancing User Guide, quotas).
const GROUPS: usize = 100;
/// vCPUs of Fargate that run at once, Spot aside. AWS raises it by itself with what an account uses (AWS General
/// Reference, Fargate quotas), so it matters to those who begin.
const VCPUS: u64 = 6;
/// Inbound rules of a security group, IPv4 and IPv6 each (Amazon VPC User Guide, quotas).
const INGRESS: usize = 60;

pub(super) fn checks(stack: &Stack, snapshot: &Snapshot) -> Vec<Check> {
    let facts = &snapshot.facts;
    let mut checks = Vec::new();
    let main = || Some(Address::new("load_balancer", "main"));
    let mut near = |of: Option<Address>, what: &str, count: u64, most: u64| {
        if count > most {
            checks.push(warning(
                "W204",
                of,
                format!(
                    "the spec asks for {count} {what}; AWS allows {most} unless the quota was raised in {}",
                    facts.region
                ),
            ));
        }
    };
    let many = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    near(main(), "rules of one balancer", many(wharf_aws::rule_count(stack)), many(RULES));
    let targets: u64 = stack
        .routed()
        .map(|service| u64::from(service.count) * u64::from(service.deploy.max_running) / 100)
        .sum();
    near(main(), "targets of one balancer while it rolls out", targets, TARGETS);
    let ports = if stack.certificate().is_some() { 2 } else { 1 };
    for (family, word) in [('.', "IPv4"), (':', "IPv6")] {
        let ranges = stack.balancer.allow.iter().filter(|range| range.contains(family)).count();
        near(
            main(),
            &format!("{word} rules of the balancer's security group"),
            many(ranges * ports),
            many(INGRESS),
        );
    }
    // Services on one port share a rule that lets the balancer in.
    let ports: BTreeSet<u16> =
        stack.routed().filter_map(|service| Some(service.routing.as_ref()?.port)).collect();
    near(
        Some(Address::new("security_group", "tasks")),
        "rules of the tasks' security group, one for each port",
        many(ports.len()),
        many(INGRESS),
    );
    let groups: usize = stack
        .routed()
        .map(|service| if service.deploy.strategy == Strategy::Rolling { 1 } else { 2 })
        .sum();
    near(main(), "target groups of one balancer", many(groups), many(GROUPS));
    if !snapshot.iter().any(|live| live.address.kind() == "service") {
        near(None, "vCPUs of Fargate while it rolls out", peak(stack), VCPUS);
    }
    checks
}

/// Returns the vCPUs that run at once at most, rounded up: every service with all its tasks, and as many more as a
/// rollout starts. What runs on Spot has a quota of its own.
fn peak(stack: &Stack) -> u64 {
    let units: u64 = stack
        .services
        .values()
        .map(|service| {
            let most = service.scaling.as_ref().map_or(service.count, |range| range.max);
            // The first task is never on Spot.
            let spot = u64::from(most.saturating_sub(1)) * u64::from(service.spot) / 100;
            let tasks = u64::from(most) - spot;
            tasks * u64::from(service.deploy.max_running) * u64::from(service.cpu) / 100
        })
        .sum();
    units.div_ceil(1024)
}
