//! Another number of tasks, now.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use wharf_graph::{Address, ErrorClass, StackId, StepContext};
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::kind::{Origin, Write, homes};
use crate::names;
use crate::operate;
use crate::reads::autoscaling::resource_of;
use crate::reads::{Reads, ecs};
use crate::rollout::{self, Goal};
use crate::tags::Tags;

/// The range within which an autoscaler decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
}

/// How a service is scaled now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// ARN of the service.
    pub arn: String,
    /// How many tasks it is to have.
    pub count: u32,
    /// The range, if an autoscaler decides.
    pub range: Option<Range>,
}

/// Reads how a service is scaled now.
///
/// Fails when the service does not exist.
pub async fn look(aws: &Aws, stack: &Stack, name: &str) -> Result<Scale, AwsError> {
    let found = operate::service(aws, stack, name).await?;
    let arn = found.service_arn().unwrap_or_default().to_owned();
    let reads = Reads::new(aws.clone(), Arc::new(stack.clone()));
    let scaled = reads.scaled().await?;
    let number = |value: i32| u32::try_from(value).unwrap_or_default();
    let own = scaled.value.iter().find(|one| one.target.resource_id() == resource_of(&arn));
    let range = own.map(|one| Range {
        min: number(one.target.min_capacity()),
        max: number(one.target.max_capacity()),
    });
    Ok(Scale { arn, count: number(found.desired_count()), range })
}

/// Gives a service so many tasks, and waits until all of them run and are healthy. Under a range the
/// autoscaler may go on to another number meanwhile; whatever it wants is waited for.
///
/// Fails as any rollout does, and with [`ErrorClass::TimedOut`] when the step's budget is spent.
pub async fn scale(
    aws: &Aws,
    stack: &Stack,
    name: &str,
    from: &Scale,
    count: u32,
    step: &StepContext,
) -> Result<(), AwsError> {
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let homes = homes(stack);
    let address = Address::new("service", name);
    let own = names::cluster(stack);
    let cluster = ecs::cluster_of(&from.arn).unwrap_or(&own);
    let updated = aws
        .caller
        .call("ecs:UpdateService", || {
            aws.ecs
                .update_service()
                .cluster(cluster)
                .service(&from.arn)
                .desired_count(i32::try_from(count).unwrap_or(i32::MAX))
                .send()
        })
        .await?;
    let updated = updated.service.ok_or_else(|| {
        AwsError::own(ErrorClass::Other, "ECS changed the service and did not show it")
    })?;
    let goal = Goal {
        service: name.to_owned(),
        cluster: cluster.to_owned(),
        name: updated.service_name().unwrap_or_default().to_owned(),
        definition: updated.task_definition().unwrap_or_default().to_owned(),
        count: from.range.is_none().then_some(count),
        at_least: count,
        target_groups: rollout::groups(&updated),
        log_group: names::log_group(&id, homes.get(name).map_or(name, String::as_str)),
        deployment: None,
        record: None,
        since: None,
        had_release: true,
        grace: 0,
    };
    let cx = Write {
        aws,
        step,
        stack: &id,
        cluster,
        address: &address,
        spec_hash: "",
        origin: &Origin::default(),
        homes: &homes,
        marks: &Tags::new(),
        patience: Duration::ZERO,
    };
    Box::pin(rollout::wait_for(&cx, &goal)).await
}
