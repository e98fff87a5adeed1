//! Alarms that are to roll a rollout back.

use wharf_graph::{Address, Facts};
use wharf_plan::Check;
use wharf_spec::Stack;

use super::warning;

/// Warns of alarms that are not there, and of those that ECS ignores because they are going off already (ECS
/// Developer Guide, "How CloudWatch alarms detect Amazon ECS deployment failures").
pub(super) fn checks(stack: &Stack, facts: &Facts) -> Vec<Check> {
    let mut checks = Vec::new();
    for service in stack.services.values() {
        for name in &service.deploy.alarms {
            let problem = match facts.alarms.get(name) {
                Some(alarm) if !alarm.there => format!(
                    "there is no alarm {name} in {}: it can roll no release of service {} back",
                    facts.region, service.name
                ),
                Some(alarm) if alarm.ringing => format!(
                    "alarm {name} is going off already: ECS ignores it in a rollout of service {} that begins now",
                    service.name
                ),
                _ => continue,
            };
            checks.push(warning("W206", Some(Address::new("service", &service.name)), problem));
        }
    }
    checks
}
