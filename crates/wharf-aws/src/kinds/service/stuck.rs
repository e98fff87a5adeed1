//! Rollouts that somebody else began, or an earlier run, and that have to end before a service can go another
//! way. One whose target group somebody deleted does not end by itself: its tasks never become healthy, and
//! nothing about them fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_ecs::types::{
    Service as EcsService, ServiceDeployment, ServiceDeploymentStatus as Status,
};

use super::{Props, canonical, change};
use crate::error::AwsError;
use crate::kind::Write;
use crate::operate::rollouts;
use crate::rollout::{self, picture::State};
use crate::wait::{Look, wait};

/// Time between two looks at a deployment that somebody else began.
const EVERY: Duration = Duration::from_secs(5);

/// Waits until no deployment is in progress. One that cannot succeed is stopped, and where what it goes back to
/// cannot either, its tasks are: nobody reaches them. Says whether that was done; then the change that this makes
/// way for has to say anew how many there are to be.
pub(super) async fn settle_down(cx: &Write<'_>, want: &Props) -> Result<bool, AwsError> {
    let what = "the rollout that is under way to end";
    let emptied = AtomicBool::new(false);
    wait(cx.aws.caller.pace, cx.step, what, EVERY, cx.step.budget, async || {
        let there = change::describe(cx, cx.cluster, &want.name).await?;
        let busy = there.map(|(service, _)| service).filter(|service| {
            rollout::primary(service).is_some_and(|row| row.state == Some(State::InProgress))
        });
        let Some(service) = busy else { return Ok(Look::Ready(())) };
        Ok(Look::not_yet(match Box::pin(cut_off(cx, &service)).await? {
            None => "a rollout is in progress",
            Some(found) if is_going_back(&found) => {
                empty(cx, &service).await?;
                emptied.store(true, Ordering::Relaxed);
                "nothing reaches its tasks, since their target group is gone: they are stopped"
            }
            Some(found) => {
                let arn = found.service_deployment_arn().unwrap_or_default();
                rollouts::stop(cx.aws, arn).await?;
                "its target group is gone: ECS goes back to the release before"
            }
        }))
    })
    .await?;
    Ok(emptied.into_inner())
}

/// Returns the rollout that is under way if the tasks it waits for go to a target group that is gone.
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
        match rollout::look::healthy(cx.aws, &group).await {
            Err(error) if error.is(&["TargetGroupNotFound"]) => return Ok(Some(found)),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
    }
    Ok(None)
}

fn is_going_back(found: &ServiceDeployment) -> bool {
    let stopped = [Status::Pending, Status::InProgress];
    found.rollback().is_some() || found.status().is_some_and(|status| !stopped.contains(status))
}

/// Sets a service to no tasks.
async fn empty(cx: &Write<'_>, service: &EcsService) -> Result<(), AwsError> {
    if service.desired_count() == 0 {
        return Ok(());
    }
    let arn = service.service_arn().unwrap_or_default();
    cx.aws
        .caller
        .call("ecs:UpdateService", || {
            cx.aws
                .ecs
                .update_service()
                .cluster(cx.cluster)
                .service(arn)
                .desired_count(canonical::signed(0))
                .send()
        })
        .await?;
    Ok(())
}
