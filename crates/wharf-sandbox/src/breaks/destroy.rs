//! Cases in which something cannot be deleted.

use super::{
    case::{Case, edit},
    network::NO_BALANCER,
};
use crate::services::ecs;

pub(super) const CASES: &[Case] = &[
    edit(
        "deletion-protection",
        "C901",
        "somebody protects the balancer from deletion",
        "call: OperationNotPermitted … deletion protection is enabled",
        |world, place| {
            let arn = place.balancer(world).ok_or(NO_BALANCER)?.arn.clone();
            let balancers = &mut world.region(&place.region).elbv2.balancers;
            if let Some(balancer) = balancers.get_mut(&arn) {
                let attributes = &mut balancer.attributes;
                attributes.insert("deletion_protection.enabled".to_owned(), "true".to_owned());
            }
            Ok(())
        },
    ),
    edit(
        "logs-protected",
        "C901",
        "somebody protects the service's log group from deletion",
        "call: ValidationException … deletion protection is enabled",
        |world, place| {
            let name = place.log_group().ok_or("it writes no log")?;
            let groups = &mut world.region(&place.region).logs.groups;
            let group = groups.get_mut(name).ok_or("its log group is gone already")?;
            group.protected = true;
            Ok(())
        },
    ),
    edit(
        "group-in-use",
        "C902",
        "something else uses the tasks' security group",
        "call: DependencyViolation … has a dependent object",
        |world, place| {
            let subnet = place.network.subnets.first().ok_or("it has no subnet")?;
            let made = world.create_eni(
                &place.region,
                subnet,
                &place.network.groups,
                "somebody else's interface",
            );
            made.map(|_| ()).ok_or_else(|| "its subnet is full".to_owned())
        },
    ),
    edit(
        "cluster-busy",
        "C907",
        "somebody runs a task by hand in the cluster",
        "call: ClusterContainsTasksException",
        |world, place| {
            ecs::run_beside(world, &place.region, &place.key);
            Ok(())
        },
    ),
];
