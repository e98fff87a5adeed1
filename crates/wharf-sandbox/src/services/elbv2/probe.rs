//! What a health check finds.

use std::time::Duration;

use super::{
    state::{Balancer, Health, RegisteredTarget, TargetGroup, TargetState},
    targets::health,
};
use crate::{services::ec2::state::End, world::World};

/// The outcome of one check.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The target answered with a code that the matcher takes.
    Success,
    /// It did not.
    Failure {
        /// The code of the reason.
        reason: String,
        /// The reason in words.
        description: String,
        /// Whether only a change elsewhere can make the next check succeed.
        lasting: bool,
    },
}

/// Says whether a target is used, or the health of one that is not.
pub(super) fn use_of(world: &World, region: &str, group: &str, key: &str) -> Result<(), Health> {
    let unused = |text| Err(health(TargetState::Unused, "Target.NotInUse", text));
    let Some((balancer, group, target)) = find(world, region, group, key) else {
        return unused("Target group is not configured to receive traffic from the load balancer");
    };
    let zone = world.zone_of_ip(region, &group.vpc, &target.ip);
    let enabled = balancer
        .subnets
        .keys()
        .any(|id| world.subnet(region, id).is_some_and(|it| Some(it.zone.as_str()) == zone));
    if enabled {
        Ok(())
    } else {
        unused("Target is in an Availability Zone that is not enabled for the load balancer")
    }
}

/// Checks a target that is used.
pub(super) fn probe(world: &World, region: &str, group: &str, key: &str) -> Verdict {
    let Some((balancer, group, target)) = find(world, region, group, key) else {
        return failure("Elb.InternalError", "Health checks failed due to an internal error");
    };
    let timed_out = || failure("Target.Timeout", "Request timed out");
    let port = group.check.port.parse().unwrap_or(target.port);
    let eni = world.eni_by_ip(region, &group.vpc, &target.ip);
    let groups = eni.map(|eni| eni.groups.as_slice()).unwrap_or_default();
    let there = End { groups, cidr: &target.ip };
    if !world.sg_allows_out(region, &balancer.groups, port, there)
        || !lets_in(world, region, balancer, groups, port)
    {
        return timed_out();
    }
    let Some(app) = &target.app else { return timed_out() };
    if !balancer.active {
        return passing("Target.Timeout", "Request timed out");
    }
    if app.app.bind != "0.0.0.0" && app.app.bind != "::" {
        return timed_out();
    }
    let up = app.started + Duration::from_secs(app.app.startup_seconds.into());
    if world.now < up {
        return passing("Target.FailedHealthChecks", "Health checks failed");
    }
    if app.app.listens.unwrap_or(app.container_port) != port {
        return failure("Target.FailedHealthChecks", "Health checks failed");
    }
    if app.app.response_seconds >= group.check.timeout {
        return timed_out();
    }
    let code = app.app.answers(&group.check.path);
    if group.protocol_version == "GRPC" || matches_code(&group.check.matcher, code) {
        return Verdict::Success;
    }
    let text = format!("Health checks failed with these codes: [{code}]");
    failure("Target.ResponseCodeMismatch", &text)
}

fn failure(reason: &str, description: &str) -> Verdict {
    let (reason, description) = (reason.to_owned(), description.to_owned());
    Verdict::Failure { reason, description, lasting: true }
}

fn passing(reason: &str, description: &str) -> Verdict {
    let (reason, description) = (reason.to_owned(), description.to_owned());
    Verdict::Failure { reason, description, lasting: false }
}

/// Every node of the balancer must get in.
fn lets_in(
    world: &World,
    region: &str,
    balancer: &Balancer,
    target_groups: &[String],
    port: u16,
) -> bool {
    balancer.subnets.values().all(|eni| {
        let ip = world.regions.get(region).and_then(|state| state.ec2.interfaces.get(eni));
        let cidr = ip.map(|eni| eni.ip.as_str()).unwrap_or_default();
        let from = End { groups: &balancer.groups, cidr };
        world.sg_allows(region, target_groups, port, from)
    })
}

fn find<'w>(
    world: &'w World,
    region: &str,
    group: &str,
    key: &str,
) -> Option<(&'w Balancer, &'w TargetGroup, &'w RegisteredTarget)> {
    let elb = &world.regions.get(region)?.elbv2;
    let found = elb.target_groups.get(group)?;
    Some((elb.balancer_of(group)?, found, found.targets.get(key)?))
}

/// Says whether a code is among those of a matcher such as `200,301-302`.
pub(super) fn matches_code(matcher: &str, code: u16) -> bool {
    matcher.split(',').any(|part| {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let bounds = (low.trim().parse::<u16>(), high.trim().parse::<u16>());
        matches!(bounds, (Ok(low), Ok(high)) if (low..=high).contains(&code))
    })
}

#[cfg(test)]
mod tests {
    use super::matches_code;

    #[test]
    fn matchers_take_codes_and_ranges() {
        for (matcher, code, taken) in [
            ("200", 200, true),
            ("200", 201, false),
            ("200-299", 204, true),
            ("200,301-302", 302, true),
            ("200,301-302", 303, false),
        ] {
            assert_eq!(matches_code(matcher, code), taken, "{matcher} {code}");
        }
    }
}
