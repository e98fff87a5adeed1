//! Whether the shares of a rollout let a task move at all.

use wharf_graph::Address;
use wharf_plan::Check;
use wharf_spec::Stack;

use super::error;

/// ECS rounds the least share up and the largest down (Amazon ECS Developer Guide, service definition
/// parameters, `minimumHealthyPercent` and `maximumPercent`).
pub(super) fn checks(stack: &Stack) -> Vec<Check> {
    let blocked = stack.services.values().filter(|service| {
        let count = u64::from(service.count);
        let least = (count * u64::from(service.deploy.min_healthy)).div_ceil(100);
        let most = count * u64::from(service.deploy.max_running) / 100;
        count > 0 && least >= count && most <= count
    });
    blocked
        .map(|service| {
            let deploy = &service.deploy;
            error(
                "E209",
                Some(Address::new("service", &service.name)),
                format!(
                    "of {} running, {}% rounds up to all and {}% down to no more: no task can be stopped or started first, and a rollout would wait for ever; lower deploy.min_healthy or raise deploy.max_running",
                    if service.count == 1 { "1 task".to_owned() } else { format!("{} tasks", service.count) },
                    deploy.min_healthy,
                    deploy.max_running
                ),
            )
        })
        .collect()
}
