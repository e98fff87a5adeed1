//! The tasks of a service, and what the balancer says of them.

use aws_sdk_ecs::types::{DesiredStatus, Service, Task};
use aws_sdk_elasticloadbalancingv2::operation::describe_target_health::DescribeTargetHealthOutput;
use aws_sdk_elasticloadbalancingv2::types::TargetDescription;
use aws_smithy_types::DateTime;
use futures::future::try_join_all;

use super::{TargetStatus, TaskStatus, last, time};
use crate::aws::Aws;
use crate::error::AwsError;
use crate::rollout::groups;

/// Most tasks of one describe call (ECS API reference, `DescribeTasks`).
const TASKS: usize = 100;

/// Reads the tasks of a service, oldest first.
pub(super) async fn running(aws: &Aws, service: &Service) -> Result<Vec<TaskStatus>, AwsError> {
    let cluster = crate::operate::cluster(service);
    let name = service.service_name().unwrap_or_default();
    if service.running_count() + service.pending_count() == 0 {
        return Ok(Vec::new());
    }
    let listed = aws
        .caller
        .call("ecs:ListTasks", || {
            aws.ecs
                .list_tasks()
                .cluster(&cluster)
                .service_name(name)
                .desired_status(DesiredStatus::Running)
                .send()
        })
        .await?;
    let batches = listed.task_arns().chunks(TASKS).map(async |batch| {
        aws.caller
            .call("ecs:DescribeTasks", || {
                aws.ecs.describe_tasks().cluster(&cluster).set_tasks(Some(batch.to_vec())).send()
            })
            .await
    });
    let described = try_join_all(batches).await?;
    let mut all: Vec<Task> =
        described.into_iter().flat_map(|got| got.tasks.unwrap_or_default()).collect();
    all.sort_by(|one, two| {
        let key = |task: &Task| {
            (task.created_at().map(DateTime::secs), task.task_arn().map(str::to_owned))
        };
        key(one).cmp(&key(two))
    });
    Ok(all
        .iter()
        .map(|task| TaskStatus {
            id: task.task_arn().map(last).unwrap_or_default(),
            status: task.last_status().unwrap_or_default().to_owned(),
            health: task.health_status().map(|health| health.as_str().to_owned()),
            started: time(task.started_at()),
            revision: task.task_definition_arn().map(last).unwrap_or_default(),
        })
        .collect())
}

/// Reads what is registered behind the balancer, in every target group of a service.
pub(super) async fn targets(aws: &Aws, service: &Service) -> Result<Vec<TargetStatus>, AwsError> {
    let groups = groups(service);
    let reads = groups.iter().map(async |group| {
        let read = || aws.elb.describe_target_health().target_group_arn(group).send();
        aws.caller.call("elasticloadbalancing:DescribeTargetHealth", read).await
    });
    let read = try_join_all(reads).await?;
    let mut all: Vec<TargetStatus> = read
        .iter()
        .flat_map(DescribeTargetHealthOutput::target_health_descriptions)
        .map(|one| {
            let health = one.target_health();
            TargetStatus {
                ip: one.target().and_then(|target| target.id()).unwrap_or_default().to_owned(),
                port: one.target().and_then(TargetDescription::port),
                state: health
                    .and_then(|health| health.state())
                    .map_or_else(String::new, |state| state.as_str().to_owned()),
                reason: health.and_then(|health| health.description()).map(str::to_owned),
            }
        })
        .collect();
    all.sort_by(|one, two| (&one.ip, one.port).cmp(&(&two.ip, two.port)));
    Ok(all)
}
