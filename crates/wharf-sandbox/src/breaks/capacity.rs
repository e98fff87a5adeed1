//! Cases of capacity and of deployments.

use super::case::{Case, Condition, condition, edit};

const CAPACITY: &str = "was unable to place a task. Reason: Capacity is unavailable at this time. \
                        Please try again later or in a different availability zone.";
const QUOTA: &str = "was unable to place a task. Reason: You've reached the limit on the number of \
                     vCPUs you can run concurrently.";
const SIZE: &str = "was unable to place a task. Reason: The requested CPU configuration is above \
                    your limit.";
const ZONE: &str = "was unable to place a task. Reason: Internal error.";
const PROVISIONING: &str = "was unable to place tasks in your cluster because the tasks \
                            provisioning capacity limit was exceeded.";
const THROTTLED: &str = "operations are being throttled. Will try again later.";
const TRUST: &str = "IAM trust relationship has been misconfigured or changed, and ECS can no \
                     longer maintain your service.";

pub(super) const CASES: &[Case] = &[
    condition(
        "no-capacity",
        "C601",
        "Fargate has no capacity left",
        "event: Capacity is unavailable at this time",
        Condition::NotPlaced(CAPACITY),
    ),
    condition(
        "vcpu-quota",
        "C602",
        "the account's vCPU quota is used up",
        "event: You've reached the limit on the number of vCPUs",
        Condition::NotPlaced(QUOTA),
    ),
    condition(
        "log-quota",
        "C616",
        "the account has as many log groups as it may",
        "call: LimitExceededException, Resource limit exceeded",
        Condition::NoMoreLogGroups,
    )
    .in_place(),
    condition(
        "size-quota",
        "C603",
        "the account may not run tasks of this size",
        "event: The requested CPU configuration is above your limit",
        Condition::NotPlaced(SIZE),
    ),
    condition(
        "zone-without-fargate",
        "C604",
        "Fargate cannot run tasks in the subnets' availability zones",
        "event: Reason: Internal error.",
        Condition::NotPlaced(ZONE),
    ),
    condition(
        "provisioning-limit",
        "C611",
        "too many tasks of the cluster start at once",
        "event: the tasks provisioning capacity limit was exceeded",
        Condition::NotPlaced(PROVISIONING),
    ),
    condition(
        "throttled",
        "C607",
        "ECS's own calls are throttled",
        "event: operations are being throttled",
        Condition::NotPlaced(THROTTLED),
    ),
    condition(
        "linked-role-broken",
        "C806",
        "somebody changed the role ECS works with",
        "event: IAM trust relationship has been misconfigured or changed",
        Condition::NotPlaced(TRUST),
    ),
    condition(
        "spot-reclaimed",
        "C605",
        "Fargate takes its spare capacity back, again and again",
        "stopped task: Your Spot Task was interrupted (SpotInterruption)",
        Condition::SpotReclaimed,
    ),
    condition(
        "runtime-slow",
        "C208",
        "containers do not come up within a minute",
        "stopped task: ContainerRuntimeTimeoutError",
        Condition::RuntimeSlow,
    ),
    condition(
        "runtime-broken",
        "C208",
        "the container runtime fails",
        "stopped task: CannotInspectContainerError",
        Condition::RuntimeBroken,
    ),
    edit(
        "scaled-to-zero",
        "C610",
        "somebody sets the number of tasks to 0",
        "no targets; the balancer answers with 503",
        |world, place| {
            let services = &mut world.region(&place.region).ecs.services;
            if let Some(service) = services.get_mut(&place.key) {
                service.desired = 0;
            }
            Ok(())
        },
    )
    .replacing(),
];
