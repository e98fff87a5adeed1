//! Subnets: whether tasks can get out of them, and whether there is room.

use wharf_graph::facts::Egress;
use wharf_graph::{Address, Facts};
use wharf_plan::Check;
use wharf_spec::Stack;
use wharf_spec::stack::{Placement, Service};

use super::{error, warning};

/// Addresses a balancer wants free in each of its subnets (Elastic Load Balancing User Guide, subnets
/// for your load balancer).
const BALANCER: u32 = 8;

pub(super) fn checks(stack: &Stack, facts: &Facts) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Placement::Subnets(wanted) = &stack.network.tasks {
        let closed: Vec<&str> = facts
            .subnets
            .iter()
            .filter(|subnet| wanted.contains(&subnet.id) && subnet.egress == Egress::None)
            .map(|subnet| subnet.id.as_str())
            .collect();
        if !closed.is_empty() {
            checks.push(error(
                "E203",
                None,
                format!(
                    "network.tasks names {}, from which no route leads to the image store: tasks there cannot start; add a NAT gateway, or the VPC endpoints ecr.api, ecr.dkr, logs and s3, or leave the subnet out",
                    closed.join(", ")
                ),
            ));
        }
    }
    checks.extend(tasks_fit(stack, facts));
    checks.extend(balancer_fits(stack, facts));
    checks
}

/// Tasks have an address each, also those of a rollout that run beside the old ones. Whether the ones
/// that run now hold some of the free addresses is left aside: they do not, they hold others.
fn tasks_fit(stack: &Stack, facts: &Facts) -> Option<Check> {
    let (subnets, _) = wharf_aws::task_subnets(stack, facts)?;
    let free: u64 = facts
        .subnets
        .iter()
        .filter(|subnet| subnets.contains(&subnet.id))
        .map(|subnet| u64::from(subnet.free_addresses))
        .sum();
    let surge = |service: &Service| {
        let most = u64::from(service.count) * u64::from(service.deploy.max_running) / 100;
        most.saturating_sub(u64::from(service.count)).max(1)
    };
    let services = stack.services.values().filter(|service| service.count > 0);
    let largest = services.max_by_key(|service| surge(service))?;
    let needed = surge(largest);
    (free < needed).then(|| {
        warning(
            "W203",
            Some(Address::new("service", &largest.name)),
            format!(
                "a rollout starts up to {needed} more tasks, but the tasks' subnets have {free} free addresses; use larger subnets, or lower deploy.max_running"
            ),
        )
    })
}

fn balancer_fits(stack: &Stack, facts: &Facts) -> Option<Check> {
    let subnets = wharf_aws::balancer_subnets(stack, facts)?;
    let tight: Vec<String> = facts
        .subnets
        .iter()
        .filter(|subnet| subnets.contains(&subnet.id) && subnet.free_addresses < BALANCER)
        .map(|subnet| format!("{} ({} free)", subnet.id, subnet.free_addresses))
        .collect();
    (!tight.is_empty()).then(|| {
        warning(
            "W203",
            Some(Address::new("load_balancer", "main")),
            format!(
                "a balancer wants {BALANCER} free addresses in each of its subnets to grow into: {}",
                tight.join(", ")
            ),
        )
    })
}
