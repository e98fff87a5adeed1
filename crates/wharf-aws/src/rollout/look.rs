//! One look at a service: what ECS and the balancer say right now.

use aws_sdk_ecs::types::{DeploymentRolloutState, DesiredStatus, Service, Task as EcsTask};
use aws_sdk_elasticloadbalancingv2::types::TargetHealthDescription;
use aws_smithy_types::DateTime;
use futures::future::join_all;

use super::Goal;
use super::picture::{Event, Picture, Record, Row, State, Stopped, Target, Task};
use crate::aws::Aws;
use crate::error::AwsError;

/// Most tasks of one describe call (ECS API reference, `DescribeTasks`).
const TASKS: usize = 100;

/// Counts the healthy targets of a group.
pub(crate) async fn healthy(aws: &Aws, group: &str) -> Result<usize, AwsError> {
    let got = targets_of(aws, group).await?;
    Ok(got.iter().filter(|target| target.state == "healthy").count())
}

/// Says whether no request can reach a target group, nor a check: it is gone, or nothing leads to it (ELB API
/// reference, `TargetHealth`: such targets are `unused`). What has no targets yet is not judged.
pub(crate) async fn unreached(aws: &Aws, group: &str) -> Result<bool, AwsError> {
    match targets_of(aws, group).await {
        Err(error) if error.is(&["TargetGroupNotFound"]) => Ok(true),
        Err(error) => Err(error),
        Ok(targets) => {
            Ok(!targets.is_empty() && targets.iter().all(|target| target.state == "unused"))
        }
    }
}

async fn targets_of(aws: &Aws, group: &str) -> Result<Vec<Target>, AwsError> {
    let got = aws
        .caller
        .call("elasticloadbalancing:DescribeTargetHealth", || {
            aws.elb.describe_target_health().target_group_arn(group).send()
        })
        .await?;
    Ok(got.target_health_descriptions().iter().map(target).collect())
}

/// Looks at one service.
pub(crate) struct Looker<'a> {
    pub(crate) aws: &'a Aws,
    pub(crate) goal: &'a Goal,
}

impl Looker<'_> {
    /// Asks for everything at once. Only the service itself must be readable; the rest is detail.
    pub(crate) async fn look(&self) -> Result<Picture, AwsError> {
        let (service, tasks, targets, record) =
            futures::join!(self.service(), self.tasks(), self.targets(), self.record());
        let (targets, cut_off) = targets;
        let mut picture = Picture {
            record: record.unwrap_or_default(),
            tasks_known: tasks.is_ok(),
            elsewhere: self.aws.custom_endpoint,
            targets,
            cut_off,
            ..Picture::default()
        };
        for task in tasks.unwrap_or_default() {
            if task.last_status() == Some("STOPPED") {
                picture.stopped.push(stopped(&task));
            } else {
                picture.tasks.push(Task {
                    id: id(task.task_arn()),
                    definition: task.task_definition_arn().unwrap_or_default().to_owned(),
                    status: task.last_status().unwrap_or_default().to_owned(),
                });
            }
        }
        // A service that was created a moment ago may not be visible yet.
        let Some(service) = service? else { return Ok(picture) };
        service.status().unwrap_or_default().clone_into(&mut picture.status);
        service.task_definition().unwrap_or_default().clone_into(&mut picture.definition);
        picture.rows = rows(&service);
        picture.events = service
            .events()
            .iter()
            .map(|event| Event {
                at: seconds(event.created_at()),
                text: event.message().map_or_else(String::new, |text| self.plain(text)),
            })
            .collect();
        Ok(picture)
    }

    /// Leaves out which service an event is about: it is always this one.
    fn plain(&self, text: &str) -> String {
        text.replace(&format!("(service {}) ", self.goal.name), "")
    }

    /// Describes the service itself.
    pub(crate) async fn service(&self) -> Result<Option<Service>, AwsError> {
        let got = self
            .aws
            .caller
            .call("ecs:DescribeServices", || {
                self.aws
                    .ecs
                    .describe_services()
                    .cluster(&self.goal.cluster)
                    .services(&self.goal.name)
                    .send()
            })
            .await?;
        Ok(got.services.unwrap_or_default().into_iter().next())
    }

    async fn tasks(&self) -> Result<Vec<EcsTask>, AwsError> {
        let (running, stopped) = futures::try_join!(
            self.list(DesiredStatus::Running),
            self.list(DesiredStatus::Stopped)
        )?;
        let mut arns = running;
        arns.extend(stopped);
        arns.truncate(TASKS);
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let got = self
            .aws
            .caller
            .call("ecs:DescribeTasks", || {
                self.aws
                    .ecs
                    .describe_tasks()
                    .cluster(&self.goal.cluster)
                    .set_tasks(Some(arns.clone()))
                    .send()
            })
            .await?;
        Ok(got.tasks.unwrap_or_default())
    }

    /// Lists tasks ECS wants running (which includes starting ones), or wants stopped.
    async fn list(&self, status: DesiredStatus) -> Result<Vec<String>, AwsError> {
        let got = self
            .aws
            .caller
            .call("ecs:ListTasks", || {
                self.aws
                    .ecs
                    .list_tasks()
                    .cluster(&self.goal.cluster)
                    .service_name(&self.goal.name)
                    .desired_status(status.clone())
                    .send()
            })
            .await?;
        Ok(got.task_arns.unwrap_or_default())
    }

    /// Reads how far ECS is with moving requests.
    async fn record(&self) -> Result<Option<Record>, AwsError> {
        let Some(arn) = &self.goal.record else { return Ok(None) };
        let got = self
            .aws
            .caller
            .call("ecs:DescribeServiceDeployments", || {
                self.aws.ecs.describe_service_deployments().service_deployment_arns(arn).send()
            })
            .await?;
        Ok(got.service_deployments().first().map(|found| Record {
            stage: found.lifecycle_stage().cloned(),
            status: found.status().cloned(),
            reason: found.status_reason().unwrap_or_default().to_owned(),
        }))
    }

    /// Returns the targets of the groups that could be read, and whether a group is not there.
    async fn targets(&self) -> (Vec<Target>, bool) {
        let groups = self.goal.target_groups.iter();
        let all = join_all(groups.map(|group| targets_of(self.aws, group))).await;
        let gone = |one: &Result<_, AwsError>| {
            one.as_ref().is_err_and(|error| error.is(&["TargetGroupNotFound"]))
        };
        let cut_off = all.iter().any(gone);
        (all.into_iter().flatten().flatten().collect(), cut_off)
    }
}

fn target(found: &TargetHealthDescription) -> Target {
    let address = found.target().map(|target| match target.port() {
        Some(port) => format!("{}:{port}", target.id().unwrap_or_default()),
        None => target.id().unwrap_or_default().to_owned(),
    });
    let health = found.target_health();
    Target {
        address: address.unwrap_or_default(),
        state: health
            .and_then(|health| health.state())
            .map_or_else(String::new, |state| state.as_str().to_owned()),
        description: health
            .and_then(|health| health.description())
            .unwrap_or_default()
            .trim_end_matches('.')
            .to_owned(),
    }
}

fn stopped(task: &EcsTask) -> Stopped {
    // The container that failed, where there are several; a clean exit otherwise.
    let container = task
        .containers()
        .iter()
        .find(|container| container.exit_code().is_some_and(|code| code != 0))
        .or_else(|| task.containers().first());
    Stopped {
        task: id(task.task_arn()),
        definition: task.task_definition_arn().unwrap_or_default().to_owned(),
        reason: task.stopped_reason().unwrap_or_default().to_owned(),
        code: task.stop_code().map_or_else(String::new, |code| code.as_str().to_owned()),
        exit: container.and_then(aws_sdk_ecs::types::Container::exit_code),
        container: container
            .and_then(|container| container.reason())
            .unwrap_or_default()
            .to_owned(),
        created: seconds(task.created_at()),
        ended: seconds(task.stopped_at()),
    }
}

/// Returns the deployments of a service.
fn rows(service: &Service) -> Vec<Row> {
    let natural = |value: i32| u32::try_from(value).unwrap_or_default();
    service
        .deployments()
        .iter()
        .map(|row| Row {
            id: row.id().unwrap_or_default().to_owned(),
            primary: row.status() == Some("PRIMARY"),
            definition: row.task_definition().unwrap_or_default().to_owned(),
            state: row.rollout_state().and_then(|state| match state {
                DeploymentRolloutState::Completed => Some(State::Completed),
                DeploymentRolloutState::Failed => Some(State::Failed),
                DeploymentRolloutState::InProgress => Some(State::InProgress),
                _ => None,
            }),
            reason: row.rollout_state_reason().unwrap_or_default().to_owned(),
            desired: natural(row.desired_count()),
            running: natural(row.running_count()),
            pending: natural(row.pending_count()),
            created: seconds(row.created_at()),
        })
        .collect()
}

/// Returns the deployment a service is moving to, or stands at.
pub(crate) fn primary(service: &Service) -> Option<Row> {
    rows(service).into_iter().find(|row| row.primary)
}

fn seconds(time: Option<&DateTime>) -> f64 {
    time.map_or(0.0, DateTime::as_secs_f64)
}

/// Returns the id at the end of a task's ARN.
fn id(arn: Option<&str>) -> String {
    arn.and_then(|arn| arn.rsplit('/').next()).unwrap_or_default().to_owned()
}
