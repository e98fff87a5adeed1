//! New tasks of the same release.

use std::time::Duration;

use wharf_graph::{Address, ErrorClass, StackId, StepContext};
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::kind::{Origin, Write, homes};
use crate::names;
use crate::operate;
use crate::rollout::{self, Goal, picture::State};
use crate::tags::Tags;

/// How a restart ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restarted {
    /// New tasks run.
    Done,
    /// ECS replaces them by itself; nobody waited.
    Begun,
    /// The service is scaled to nothing, so there is nothing to restart.
    NoTasks,
}

/// Replaces the tasks of a service by new ones of the same release, and waits until they run, unless the
/// step is to be left alone. The old ones serve until then.
///
/// Fails as any rollout does: with [`ErrorClass::RolledBack`] or [`ErrorClass::RolloutFailed`] when the
/// new tasks do not stay up, with [`ErrorClass::TimedOut`] when the step's budget is spent; and with
/// [`ErrorClass::Other`] while a rollout still moves requests.
pub async fn restart(
    aws: &Aws,
    stack: &Stack,
    name: &str,
    step: &StepContext,
) -> Result<Restarted, AwsError> {
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let homes = homes(stack);
    let address = Address::new("service", name);
    let found = operate::service(aws, stack, name).await?;
    let count = u32::try_from(found.desired_count()).unwrap_or_default();
    if count == 0 {
        return Ok(Restarted::NoTasks);
    }
    // ECS does not say what becomes of requests that it has moved already.
    let moves = rollout::shifts(&found) && rollout::groups(&found).len() > 1;
    if moves && rollout::is(&found, State::InProgress) {
        let message = format!("service {name} is being rolled out, and its requests still move");
        return Err(AwsError::own(ErrorClass::Other, message).hint(format!(
            "wait for it with `wharf wait`, or take it back with `wharf cancel {name}`"
        )));
    }
    let arn = found.service_arn().unwrap_or_default();
    let cluster = operate::cluster(&found);
    let updated = aws
        .caller
        .call("ecs:UpdateService", || {
            aws.ecs
                .update_service()
                .cluster(&cluster)
                .service(arn)
                .force_new_deployment(true)
                .send()
        })
        .await?;
    if step.detach {
        return Ok(Restarted::Begun);
    }
    let updated = updated.service.ok_or_else(|| {
        AwsError::own(ErrorClass::Other, "ECS restarted the service and did not show it")
    })?;
    let goal = Goal {
        service: name.to_owned(),
        cluster: cluster.clone(),
        name: updated.service_name().unwrap_or_default().to_owned(),
        definition: updated.task_definition().unwrap_or_default().to_owned(),
        // However many there are by then: an autoscaler may go on meanwhile.
        count: None,
        at_least: 0,
        target_groups: rollout::groups(&updated),
        log_group: names::log_group(&id, homes.get(name).map_or(name, String::as_str)),
        deployment: None,
        record: None,
        since: None,
        had_release: true,
        grace: 0,
    }
    .started(&updated);
    let cx = Write {
        aws,
        step,
        stack: &id,
        cluster: &cluster,
        address: &address,
        spec_hash: "",
        origin: &Origin::default(),
        homes: &homes,
        marks: &Tags::new(),
        patience: Duration::ZERO,
    };
    Box::pin(rollout::wait_for(&cx, &goal)).await?;
    Ok(Restarted::Done)
}
