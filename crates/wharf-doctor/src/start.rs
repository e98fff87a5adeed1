//! What keeps tasks from being started at all: no image, no capacity, no role.

use crate::{Cause, Evidence, Seen};

/// What ECS writes when it starts no task, by a stable part of it (ECS Developer Guide, service
/// event messages).
const EVENTS: &[(&str, &str, &str)] = &[
    ("capacity is unavailable at this time", "C601", "Fargate has no capacity left for the tasks"),
    ("limit on the number of vcpus", "C602", "the account's quota of vCPUs is used up"),
    ("limit on the number of tasks", "C602", "the account's quota of tasks is used up"),
    ("configuration is above your limit", "C603", "the account may not run tasks of this size"),
    ("reason: internal error", "C604", "Fargate cannot run tasks in a subnet's availability zone"),
    ("provisioning capacity limit", "C611", "too many tasks of the cluster start at once"),
    (
        "operations are being throttled",
        "C607",
        "calls that ECS makes for the service are throttled",
    ),
    ("number of protected tasks", "C608", "protected tasks keep the deployment from going on"),
    ("no container instance", "C609", "the service wants EC2 instances, and the cluster has none"),
    (
        "because of the service deployment configuration",
        "C606",
        "the deployment can neither start nor stop a task",
    ),
    (
        "missing permissions on ecs infrastructure role",
        "C808",
        "ECS may not move requests to the new tasks",
    ),
    ("invalid networking configuration", "C713", "ECS cannot move requests to the new tasks"),
    ("trust relationship has been misconfigured", "C806", "ECS cannot use its own role any more"),
    ("permissions policies have been", "C806", "ECS cannot use its own role any more"),
    ("unable to assume the role", "C804", "ECS cannot assume a role of the task"),
    ("target group is not found", "C702", "the target group of the service does not exist"),
    (
        "are not in the target group vpc",
        "C510",
        "the target group is in another VPC than the tasks",
    ),
];

pub(crate) fn causes(evidence: &Evidence) -> Vec<Cause> {
    let mut found = Vec::new();
    found.extend(image(evidence));
    let Some(service) = evidence.service.get() else { return found };
    if service.desired == 0 && evidence.intent.count > 0 {
        let cause = Cause::new("C610", "the service is set to run no task")
            .fact(format!("it wants 0 tasks, the spec {}", evidence.intent.count))
            .at(4);
        found.push(cause);
    }
    if settled(evidence) {
        return found;
    }
    for (part, code, what) in EVENTS {
        let event = evidence.events.iter().find(|event| event.to_lowercase().contains(part));
        let Some(event) = event else { continue };
        let mut cause = Cause::new(code, *what).fact(format!("ECS says: {event}")).at(6);
        if *code == "C607" {
            cause = cause.likely();
        }
        found.push(cause);
    }
    found
}

/// Says whether the service does what it shall; old events then mean nothing.
pub(crate) fn settled(evidence: &Evidence) -> bool {
    let Some(service) = evidence.service.get() else { return false };
    let healthy = evidence.targets.iter().filter(|target| target.state == "healthy").count();
    let served = evidence.intent.port.is_none()
        || evidence.group.get().is_some() && u32::try_from(healthy).unwrap_or(0) >= service.desired;
    service.rollout != "FAILED" && service.running >= service.desired && served
}

fn image(evidence: &Evidence) -> Option<Cause> {
    let gone = match &evidence.image {
        Seen::Absent => true,
        Seen::There(image) => image.digest.is_none() && !evidence.intent.elsewhere,
        Seen::Unread => false,
    };
    if !gone || settled(evidence) {
        return None;
    }
    let image = &evidence.intent.image;
    Some(
        Cause::new("C101", "the image does not exist")
            .fact(format!("the repository has no {image}"))
            .at(5),
    )
}

#[cfg(test)]
mod tests {
    use super::causes;
    use crate::{Evidence, Intent, Seen, ServiceEvidence};

    #[test]
    fn events_have_causes_while_they_matter() {
        let mut evidence = Evidence {
            intent: Intent { count: 1, ..Intent::default() },
            service: Seen::There(ServiceEvidence { desired: 1, ..ServiceEvidence::default() }),
            ..Evidence::default()
        };
        for (text, wanted) in [
            ("was unable to place a task. Reason: Capacity is unavailable at this time.", "C601"),
            ("You've reached the limit on the number of vCPUs you can run", "C602"),
            ("Reason: The requested MEMORY configuration is above your limit.", "C603"),
            ("was unable to place a task. Reason: Internal error.", "C604"),
            ("because of the service deployment configuration. Update", "C606"),
            ("operations are being throttled. Will try again later.", "C607"),
            ("Reason: The number of protected tasks are more than", "C608"),
            ("because no container instance met all of its requirements", "C609"),
            ("the tasks provisioning capacity limit was exceeded.", "C611"),
            ("IAM trust relationship has been misconfigured or changed", "C806"),
            ("ECS was unable to assume the role 'x'", "C804"),
            ("due to TARGET GROUP IS NOT FOUND", "C702"),
            ("The following targets are not in the target group VPC 'vpc-1'", "C510"),
        ] {
            evidence.events = vec![text.to_owned()];
            assert_eq!(causes(&evidence).first().map(|cause| cause.code), Some(wanted), "{text}");
        }
        let running = ServiceEvidence { desired: 1, running: 1, ..ServiceEvidence::default() };
        evidence.service = Seen::There(running);
        assert!(causes(&evidence).is_empty(), "what is over is over");
        let none = ServiceEvidence::default();
        evidence.service = Seen::There(none);
        assert_eq!(causes(&evidence)[0].code, "C610");
        evidence.service = Seen::Absent;
        evidence.image = Seen::Absent;
        assert_eq!(causes(&evidence)[0].code, "C101");
    }
}
