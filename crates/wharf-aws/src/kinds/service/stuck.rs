//! Rollouts that somebody else began, or an earlier run, and that have to end before a service can go another
//! way. One whose target group somebody deleted, or the rule that leads to it, does not end by itself: its tasks never
//! become healthy, and nothing about them fails.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_ecs::types::{
    Service as EcsService, ServiceDeployment, ServiceDeploymentStatus as Status,
};

use super::{Props, change};
use crate::error::AwsError;
use crate::kind::{Changed, Write};
use crate::operate::rollouts;
use crate::rollout::{
    self,
    picture::{PATIENCE, State},
};
use crate::wait::{Look, wait};

/// Time between two looks at a deployment that somebody else began.
const EVERY: Duration = Duration::from_secs(5);

/// Waits until no deployment is in progress. One that cannot succeed is stopped, and where what it goes back to
/// cannot either, its tasks are: nobody reaches them. Says whether that was done; then the change that this makes
/// way for has to say anew how many there are to be.
pub(super) async fn settle_down(cx: &Write<'_>, want: &Props) -> Result<bool, AwsError> {
    let what = "the rollout that is under way to end";
    let emptied = AtomicBool::new(false);
    let missing = AtomicU32::new(0);
    wait(cx.aws.caller.pace, cx.step, what, EVERY, cx.step.budget, async || {
        let there = change::describe(cx, cx.cluster, &want.name).await?;
        let found = there.map(|(service, _)| service);
        let busy = found.filter(|service| rollout::is(service, State::InProgress));
        let Some(service) = busy else { return Ok(Look::Ready(())) };
        let found = Box::pin(cut_off(cx, &service)).await?;
        // What is not shown once may be new, or the answer old.
        let looks = if found.is_some() { missing.fetch_add(1, Ordering::Relaxed) + 1 } else { 0 };
        if looks == 0 {
            missing.store(0, Ordering::Relaxed);
        }
        Ok(Look::not_yet(match found.filter(|_| looks >= PATIENCE) {
            None => "a rollout is in progress",
            Some(found) if is_going_back(&found) => {
                if service.desired_count() > 0 {
                    let nothing = Props { count: Some(0), ..want.clone() };
                    let arn = service.service_arn().unwrap_or_default();
                    let count = ["count".to_owned()];
                    change::send(cx, arn, &nothing, &Changed(&count), false).await?;
                }
                emptied.store(true, Ordering::Relaxed);
                "nothing leads to its tasks any more: they are stopped"
            }
            Some(found) => {
                let arn = found.service_deployment_arn().unwrap_or_default();
                rollouts::stop(cx.aws, arn).await?;
                "nothing leads to its tasks any more: ECS goes back to the release before"
            }
        }))
    })
    .await?;
    Ok(emptied.into_inner())
}

/// Returns the rollout that is under way if nothing leads to the tasks it waits for.
async fn cut_off(
    cx: &Write<'_>,
    service: &EcsService,
) -> Result<Option<ServiceDeployment>, AwsError> {
    let Some(found) = rollouts::under_way(cx.aws, service).await? else { return Ok(None) };
    let to = match found.rollback().and_then(|back| back.service_revision_arn()) {
        Some(before) => Some(before),
        None => found.target_service_revision().and_then(|revision| revision.arn()),
    };
    let Some(to) = to else { return Ok(None) };
    for group in rollouts::groups(cx.aws, to).await? {
        if rollout::look::unreached(cx.aws, &group).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn is_going_back(found: &ServiceDeployment) -> bool {
    let stopped = [Status::Pending, Status::InProgress];
    found.rollback().is_some() || found.status().is_some_and(|status| !stopped.contains(status))
}
