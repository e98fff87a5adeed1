//! Quotas that a spec alone comes near, by AWS's default values.
//!
//! Quotas can be raised, and whether they were is not read: so these warn and do not stop.

use wharf_graph::{Address, Facts};
use wharf_plan::Check;
use wharf_spec::Stack;

use super::warning;

/// Rules of a balancer, default ones aside (Elastic Load Balancing User Guide, quotas).
const RULES: usize = 100;
/// Targets of a balancer (Elastic Load Balancing User Guide, quotas).
const TARGETS: u64 = 1000;
/// Inbound rules of a security group, IPv4 and IPv6 each (Amazon VPC User Guide, quotas).
const INGRESS: usize = 60;

pub(super) fn checks(stack: &Stack, facts: &Facts) -> Vec<Check> {
    let mut checks = Vec::new();
    let main = || Some(Address::new("load_balancer", "main"));
    let mut near = |what: &str, count: u64, most: u64| {
        if count > most {
            checks.push(warning(
                "W204",
                main(),
                format!(
                    "the spec makes {count} {what}; AWS allows {most} unless the quota was raised in {}",
                    facts.region
                ),
            ));
        }
    };
    let many = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    near("rules of one balancer", many(wharf_aws::rule_count(stack)), many(RULES));
    let targets: u64 = stack
        .routed()
        .map(|service| u64::from(service.count) * u64::from(service.deploy.max_running) / 100)
        .sum();
    near("targets of one balancer while it rolls out", targets, TARGETS);
    let ports = if stack.certificate().is_some() { 2 } else { 1 };
    for (family, word) in [('.', "IPv4"), (':', "IPv6")] {
        let ranges = stack.balancer.allow.iter().filter(|range| range.contains(family)).count();
        near(
            &format!("{word} rules of the balancer's security group"),
            many(ranges * ports),
            many(INGRESS),
        );
    }
    checks
}
