//! Which of its two target groups a service's requests go to.
//!
//! With every release ECS moves them from one to the other, and it begins a move only from where the last one
//! ended (Amazon ECS Developer Guide, "Troubleshooting Amazon ECS blue/green deployments"). So a release that
//! comes while another is still moved has to make way first, and weights that somebody else left behind are put
//! right.

use std::time::Duration;

use aws_sdk_ecs::types::{Service as EcsService, ServiceDeployment, ServiceDeploymentStatus};
use aws_sdk_elasticloadbalancingv2::types::{Action, ForwardActionConfig, Rule};
use wharf_graph::ErrorClass;

use super::{Alternate, LoadBalancer, Props, change};
use crate::error::AwsError;
use crate::kind::{Changed, Write};
use crate::kinds::forward;
use crate::kinds::load_balancer::settled;
use crate::operate::rollouts;
use crate::rollout::{self, look, picture::State};
use crate::wait::{Look, wait};

/// Time between two looks at a rollout that is taken back.
const EVERY: Duration = Duration::from_secs(5);
/// How long that may take. The tasks that requests go back to still run, so it is a matter of seconds; but they may
/// have become ill meanwhile, and then the new release is what helps.
const TAKEN_BACK: Duration = Duration::from_mins(10);
/// Props whose change makes ECS begin a rollout.
const BEGINS: &[&str] = &[
    "task_definition",
    "launch",
    "platform",
    "subnets",
    "public_ip",
    "security_groups",
    "load_balancer",
];

/// Reads the rule whose weights ECS moves.
pub(super) async fn rule(cx: &Write<'_>, alternate: &Alternate) -> Result<Rule, AwsError> {
    let arn = alternate.rule.get()?;
    let by_listener = arn.contains(":listener/");
    let got = settled(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:DescribeRules", || {
                let request = cx.aws.elb.describe_rules();
                if by_listener {
                    request.listener_arn(arn).send()
                } else {
                    request.rule_arns(arn).send()
                }
            })
            .await
    })
    .await?;
    let mut rules = got.rules.unwrap_or_default().into_iter();
    let found = rules.find(|rule| !by_listener || rule.is_default() == Some(true));
    found.ok_or_else(|| {
        AwsError::own(ErrorClass::Other, format!("there is no rule {arn}"))
            .hint("run the same command again")
    })
}

/// Returns the weight of a target group in a rule; `None` if the rule does not lead there.
fn named(rule: &Rule, group: &str) -> Option<i32> {
    let groups = rule.actions().iter().filter_map(Action::forward_config);
    let mut groups = groups.flat_map(ForwardActionConfig::target_groups);
    let found = groups.find(|tuple| tuple.target_group_arn() == Some(group))?;
    Some(found.weight().unwrap_or_default())
}

/// Returns the weight of a target group in a rule.
fn weight(rule: &Rule, group: &str) -> i32 {
    named(rule, group).unwrap_or_default()
}

/// Says whether the second target group gets the requests.
pub(super) async fn is_swapped(cx: &Write<'_>, balancer: &LoadBalancer) -> Result<bool, AwsError> {
    let Some(alternate) = &balancer.alternate else { return Ok(false) };
    let rule = rule(cx, alternate).await?;
    Ok(weight(&rule, balancer.target_group.get()?) == 0
        && weight(&rule, alternate.target_group.get()?) > 0)
}

/// Leads the requests to the first target group, where the tasks of a new service go. They may lead to the second, or
/// to both, where the service was deleted by hand after a release. Where tasks still answer in the second, the service
/// is not gone, and only an old answer said so.
pub(super) async fn prepare(cx: &Write<'_>, want: &Props) -> Result<(), AwsError> {
    let Some(balancer) = &want.load_balancer else { return Ok(()) };
    let Some(alternate) = &balancer.alternate else { return Ok(()) };
    let rule = rule(cx, alternate).await?;
    let second = alternate.target_group.get()?;
    let (Some(_), Some(1..)) = (named(&rule, balancer.target_group.get()?), named(&rule, second))
    else {
        return Ok(());
    };
    if healthy(cx, second).await? == Some(true) {
        return Ok(());
    }
    lead(cx, balancer, alternate, (1, 0)).await
}

/// Makes way for a rollout that a change begins: takes back one that still moves requests, and leads them to where
/// ECS expects them. Returns the service as it then is.
pub(super) async fn make_way(
    cx: &Write<'_>,
    there: EcsService,
    want: &Props,
    changed: &Changed<'_>,
    force: bool,
) -> Result<EcsService, AwsError> {
    let moves = rollout::shifts(&there) && rollout::groups(&there).len() > 1;
    if !moves || !(force || changed.any(BEGINS)) {
        return Ok(there);
    }
    let there = if rollout::is(&there, State::InProgress) {
        match take_back(cx, want).await {
            Err(error) if error.class != ErrorClass::TimedOut => return Err(error),
            _ => change::there(cx, want).await?,
        }
    } else {
        there
    };
    mend(cx, &there, want.load_balancer.as_ref()).await?;
    Ok(there)
}

/// Takes back the rollout that is under way, and waits until what served before serves again. What ECS does with
/// requests that it has moved already when another rollout replaces this one is not documented; what it does when
/// this one is stopped is (ECS API reference, `StopServiceDeployment` with `ROLLBACK`).
async fn take_back(cx: &Write<'_>, want: &Props) -> Result<(), AwsError> {
    let what = "the release before to serve again";
    let budget = TAKEN_BACK.min(cx.step.budget);
    wait(cx.aws.caller.pace, cx.step, what, EVERY, budget, async || {
        let there = change::there(cx, want).await?;
        let Some(found) = rollouts::under_way(cx.aws, &there).await? else {
            return Ok(Look::Ready(()));
        };
        // Where nothing ran before, nothing is moved.
        if found.source_service_revisions().is_empty() || serves_again(cx, &found, want).await? {
            return Ok(Look::Ready(()));
        }
        let goes_on = [ServiceDeploymentStatus::Pending, ServiceDeploymentStatus::InProgress];
        if found.status().is_some_and(|status| goes_on.contains(status)) {
            rollouts::stop(cx.aws, found.service_deployment_arn().unwrap_or_default()).await?;
        }
        Ok(Look::not_yet("another release is under way: ECS takes it back first"))
    })
    .await
}

/// Says whether a rollout that goes back has got as far as that the requests have.
async fn serves_again(
    cx: &Write<'_>,
    found: &ServiceDeployment,
    want: &Props,
) -> Result<bool, AwsError> {
    let Some(balancer) = &want.load_balancer else { return Ok(false) };
    let Some(alternate) = &balancer.alternate else { return Ok(false) };
    let Some(to) = found.rollback().and_then(|back| back.service_revision_arn()) else {
        return Ok(false);
    };
    let groups = rollouts::groups(cx.aws, to).await?;
    let rule = rule(cx, alternate).await?;
    let both = [balancer.target_group.get()?, alternate.target_group.get()?];
    let mut leads = both.into_iter().filter(|group| weight(&rule, group) > 0);
    Ok(leads.clone().count() == 1 && leads.all(|group| groups.contains(group)))
}

/// Leads the requests to the target group of the release that last succeeded, unless its tasks are ill and those of
/// the other group are not. What ECS does not remember is told by where tasks are: nothing is guessed where both groups
/// have some, and where none has, the first release is still to come, which goes to the first.
pub(super) async fn mend(
    cx: &Write<'_>,
    there: &EcsService,
    balancer: Option<&LoadBalancer>,
) -> Result<(), AwsError> {
    let Some(balancer) = balancer else { return Ok(()) };
    let Some(alternate) = &balancer.alternate else { return Ok(()) };
    if rollout::is(there, State::InProgress) {
        return Ok(());
    }
    let both = [balancer.target_group.get()?, alternate.target_group.get()?];
    let (rule, served) =
        futures::try_join!(rule(cx, alternate), rollouts::last_groups(cx.aws, there))?;
    // A rule that does not lead to both is repaired as a rule, or is somebody else's.
    let [Some(first), Some(second)] = both.map(|group| named(&rule, group)) else { return Ok(()) };
    let gets = [first > 0, second > 0];
    let expected = both.map(|group| served.contains(group));
    let known = expected[0] != expected[1];
    if known && gets == expected {
        return Ok(());
    }
    // A rule can only lead to what is there; a target group that is gone is replaced before this, or after.
    let (Some(first), Some(second)) =
        futures::try_join!(healthy(cx, both[0]), healthy(cx, both[1]))?
    else {
        return Ok(());
    };
    let weights = match (first, second) {
        (true, false) => (1, 0),
        (false, true) => (0, 1),
        _ if known => (i32::from(expected[0]), i32::from(expected[1])),
        (false, false) => (1, 0),
        (true, true) => return Ok(()),
    };
    if (weights.0 > 0, weights.1 > 0) == (gets[0], gets[1]) {
        return Ok(());
    }
    cx.step.say("leading all requests to the target group whose tasks serve");
    lead(cx, balancer, alternate, weights).await
}

/// Says whether a target group has healthy tasks; `None` of one that is gone.
async fn healthy(cx: &Write<'_>, group: &str) -> Result<Option<bool>, AwsError> {
    match look::healthy(cx.aws, group).await {
        Err(error) if error.is(&["TargetGroupNotFound"]) => Ok(None),
        found => Ok(Some(found? > 0)),
    }
}

/// Sets the weights of the two target groups in the rule that ECS moves.
async fn lead(
    cx: &Write<'_>,
    balancer: &LoadBalancer,
    alternate: &Alternate,
    weights: (i32, i32),
) -> Result<(), AwsError> {
    let (first, second) = (balancer.target_group.get()?, alternate.target_group.get()?);
    let action = forward::weighted(&[(first, weights.0), (second, weights.1)]);
    let arn = alternate.rule.get()?;
    if arn.contains(":listener/") {
        cx.aws
            .caller
            .call("elasticloadbalancing:ModifyListener", || {
                cx.aws
                    .elb
                    .modify_listener()
                    .listener_arn(arn)
                    .default_actions(action.clone())
                    .send()
            })
            .await?;
    } else {
        cx.aws
            .caller
            .call("elasticloadbalancing:ModifyRule", || {
                cx.aws.elb.modify_rule().rule_arn(arn).actions(action.clone()).send()
            })
            .await?;
    }
    Ok(())
}
