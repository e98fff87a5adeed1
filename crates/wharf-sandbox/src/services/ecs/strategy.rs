//! What requests say about how deployments move requests, and what ECS refuses of it.

use super::{
    preconditions::{attached, unsupported},
    state::{
        Advanced, DeploymentConfiguration, LoadBalancer, Revision, Rollout, Service, Steps,
        Strategy,
    },
};
use crate::{error::AwsError, input::Input, rules, services::Ctx};

/// The longest time a stage takes, in minutes (ECS API reference, `DeploymentConfiguration`).
const LONGEST: i64 = 1440;

/// Reads how requests move, over what holds so far.
pub(super) fn read(
    given: &Input<'_>,
    wanted: &mut DeploymentConfiguration,
) -> Result<(), AwsError> {
    if !given.list("lifecycleHooks").is_empty() {
        return Err(unsupported("lifecycle hooks"));
    }
    let bake = given.int("bakeTimeInMinutes")?;
    let range = |minutes: Option<i64>| {
        if minutes.is_some_and(|minutes| !(0..=LONGEST).contains(&minutes)) {
            return Err(
                rules::ecs::BAKE_RANGE.refuse("Bake time must be between 0 and 1440 minutes.")
            );
        }
        Ok(minutes)
    };
    range(bake)?;
    let steps = |member: &str, percent: &str, bake: &str, default: (f64, i64), least: f64| {
        let given = given.structure(member);
        let number = given.as_ref().and_then(|given| given.get(percent)?.as_f64());
        let minutes = given.as_ref().map(|given| given.int(bake)).transpose()?.flatten();
        let percent = number.unwrap_or(default.0);
        if !(least..=100.0).contains(&percent) {
            return Err(rules::ecs::STEP_RANGE
                .refuse(format!("{member} must have a percentage from {least} to 100.")));
        }
        Ok(Steps { percent, bake: range(minutes)?.unwrap_or(default.1) })
    };
    let word = given.one_of("strategy", &["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"])?;
    match word {
        Some("BLUE_GREEN") => {
            if bake.is_none() {
                return Err(rules::ecs::BAKE_GIVEN.refuse(
                    "bakeTimeInMinutes is required when using the BLUE_GREEN deployment strategy.",
                ));
            }
            wanted.strategy = Strategy::BlueGreen;
        }
        Some("LINEAR") => {
            let (percent, bake) = ("stepPercent", "stepBakeTimeInMinutes");
            let steps = steps("linearConfiguration", percent, bake, (10.0, 6), 3.0)?;
            wanted.strategy = Strategy::Linear(steps);
        }
        Some("CANARY") => {
            let (percent, bake) = ("canaryPercent", "canaryBakeTimeInMinutes");
            let steps = steps("canaryConfiguration", percent, bake, (5.0, 10), 0.1)?;
            wanted.strategy = Strategy::Canary(steps);
        }
        Some(_) => wanted.strategy = Strategy::Rolling,
        None => {}
    }
    wanted.bake = match wanted.strategy {
        Strategy::Rolling => 0,
        _ => bake.unwrap_or(wanted.bake),
    };
    Ok(())
}

/// Reads what it takes to move requests between two target groups.
pub(super) fn advanced(item: &Input<'_>, group: &str) -> Result<Option<Advanced>, AwsError> {
    let Some(given) = item.structure("advancedConfiguration") else { return Ok(None) };
    if given.has("testListenerRule") {
        return Err(unsupported("test listener rules"));
    }
    let text = |member: &str| given.str_or(member, "").to_owned();
    let (alternate, production, role) =
        (text("alternateTargetGroupArn"), text("productionListenerRule"), text("roleArn"));
    if alternate.is_empty() || production.is_empty() || role.is_empty() {
        return Err(rules::ecs::ADVANCED_GIVEN.refuse(
            "alternateTargetGroupArn, productionListenerRule and roleArn of \
             advancedConfiguration cannot be null or empty.",
        ));
    }
    if alternate == group {
        return Err(rules::ecs::ALTERNATE_DIFFERS
            .refuse(format!("Duplicate targetGroupArn found: {alternate}")));
    }
    if !production.contains(":listener-rule/app/") {
        return Err(rules::ecs::PRODUCTION_RULE_FORM.refuse(format!(
            "productionListenerRule has an invalid ARN format. Must be RuleArn for ALB or \
             ListenerArn for NLB. Got: {production}"
        )));
    }
    Ok(Some(Advanced { alternate, rule: production, role }))
}

/// Refuses a list in which some entries have an alternate and some have none.
pub(super) fn all_or_none(balancers: &[LoadBalancer]) -> Result<(), AwsError> {
    let with = balancers.iter().filter(|balancer| balancer.advanced.is_some()).count();
    if with == 0 || with == balancers.len() {
        return Ok(());
    }
    Err(rules::ecs::ADVANCED_FOR_ALL.refuse(
        "Either all or none of the provided loadBalancers must have advancedConfiguration defined",
    ))
}

/// Refuses a rule that does not lead to both target groups.
pub(super) fn leads_to_both(ctx: &Ctx<'_>, balancer: &LoadBalancer) -> Result<(), AwsError> {
    let Some(advanced) = &balancer.advanced else { return Ok(()) };
    attached(ctx, &advanced.alternate)?;
    let rule = ctx.world.forward_rule(&ctx.region, &advanced.rule);
    let both = [&balancer.target_group, &advanced.alternate].into_iter().all(|group| {
        rule.as_ref().is_some_and(|rule| rule.groups.iter().any(|(named, _)| named == group))
    });
    if both {
        return Ok(());
    }
    Err(rules::ecs::PRODUCTION_RULE_LEADS_TO_BOTH.refuse(
        "For Application LoadBalancer, testListenerRule is required when productionListenerRule is \
         not associated with both targetGroup and alternateTargetGroup",
    ))
}

/// Refuses a strategy that the target groups are not made for.
pub(super) fn may_have(
    configuration: &DeploymentConfiguration,
    revision: &Revision,
) -> Result<(), AwsError> {
    let fine = configuration.strategy == Strategy::Rolling
        || revision.balancers.iter().all(|balancer| balancer.advanced.is_some());
    if fine {
        return Ok(());
    }
    Err(rules::ecs::STRATEGY_NEEDS_ADVANCED.refuse(
        "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING \
         deployment strategy",
    ))
}

/// Refuses another strategy in the middle of a deployment, or together with what makes the old one
/// impossible (ECS Developer Guide, "Update the Amazon ECS deployment strategy").
pub(super) fn may_move(
    service: &Service,
    wanted: &DeploymentConfiguration,
) -> Result<(), AwsError> {
    let rolling = |strategy: Strategy| strategy == Strategy::Rolling;
    let moves = rolling(service.configuration.strategy) != rolling(wanted.strategy);
    let busy = service.deployments.first().is_some_and(|it| it.rollout == Rollout::InProgress);
    if moves && busy {
        return Err(rules::ecs::STRATEGY_CHANGE_SETTLED.refuse(
            "The deployment strategy cannot be changed while a service deployment is in progress.",
        ));
    }
    Ok(())
}
