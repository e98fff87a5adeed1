//! Rollouts as ECS remembers them: how the last one ended, and stopping one that is under way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ecs::types::{
    Service, ServiceDeployment, ServiceDeploymentBrief, ServiceDeploymentStatus,
    StopServiceDeploymentStopType,
};
use futures::future::try_join_all;
use wharf_graph::{ErrorClass, StepContext};
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::kinds::forward;
use crate::operate;
use crate::reads::ecs;
use crate::rollout::picture::State;
use crate::rollout::{self, primary, short_definition};
use crate::wait::{Look, wait};

/// How many rollouts are looked back at; a page holds as many (`ListServiceDeployments`).
const MOST: i32 = 100;
/// Time between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// What a rollout can be in while it can still be stopped, or is being stopped.
const UNDER_WAY: &[ServiceDeploymentStatus] = &[
    ServiceDeploymentStatus::Pending,
    ServiceDeploymentStatus::InProgress,
    ServiceDeploymentStatus::StopRequested,
    ServiceDeploymentStatus::RollbackRequested,
    ServiceDeploymentStatus::RollbackInProgress,
];

/// How a rollout that was to be stopped ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// No rollout was under way.
    Nothing,
    /// What ran before runs again.
    Back {
        /// The revision that was being rolled out, `notes-web:8`.
        from: String,
        /// The revision that runs again, `notes-web:7`.
        to: String,
    },
    /// It had succeeded before ECS could stop it.
    TooLate {
        /// The revision that runs.
        on: String,
    },
}

/// Stops the rollout of a service and waits until what ran before runs again; the tasks that serve
/// keep serving meanwhile (ECS API reference, `StopServiceDeployment` with `ROLLBACK`).
///
/// A rollback that ECS or somebody else began already is waited for. Fails with [`ErrorClass::Other`]
/// where nothing ran before, [`ErrorClass::RolloutFailed`] when ECS cannot go back, and
/// [`ErrorClass::TimedOut`] when the step's budget is spent.
pub async fn cancel(
    aws: &Aws,
    stack: &Stack,
    name: &str,
    step: &StepContext,
) -> Result<Cancelled, AwsError> {
    let service = operate::service(aws, stack, name).await?;
    let rollout = Rollout { aws, cluster: operate::cluster(&service), name, service: &service };
    let Some((arn, ..)) = rollout.newest(UNDER_WAY).await? else { return Ok(Cancelled::Nothing) };
    let found = rollout.describe(&arn).await?;
    let from = definition(&service);
    let going = |status: &ServiceDeploymentStatus| {
        matches!(status, ServiceDeploymentStatus::Pending | ServiceDeploymentStatus::InProgress)
    };
    if found.status().is_some_and(going) {
        if found.source_service_revisions().is_empty() {
            let message = format!("service {name} has no earlier release to go back to");
            return Err(AwsError::own(ErrorClass::Other, message)
                .hint(
                    "where it replaces another (a new port, a rename), that one goes on answering: take the \
                     change back in the spec and apply that; otherwise apply another image, or take the \
                     service out of the spec",
                ));
        }
        stop(aws, &arn).await?;
    }
    let what = format!("service {name} to go back");
    let state = wait(aws.caller.pace, step, &what, EVERY, step.budget, async || {
        let found = rollout.describe(&arn).await?;
        let status = found.status().cloned().unwrap_or(ServiceDeploymentStatus::Pending);
        if UNDER_WAY.contains(&status) {
            return Ok(Look::not_yet(said(&found)));
        }
        Ok(Look::Ready((status, said(&found))))
    });
    let (status, said) = state.await?;
    let now = operate::service(aws, stack, name).await?;
    match status {
        ServiceDeploymentStatus::Successful => Ok(Cancelled::TooLate { on: definition(&now) }),
        ServiceDeploymentStatus::RollbackFailed => Err(AwsError::own(
            ErrorClass::RolloutFailed,
            format!("ECS could not take service {name} back: {said}"),
        )),
        _ => Ok(Cancelled::Back { from, to: definition(&now) }),
    }
}

/// Says why the newest rollout of a service went back to what ran before, or failed to; `None` if it did
/// not, or is still under way.
pub async fn went_back(aws: &Aws, stack: &Stack, name: &str) -> Result<Option<String>, AwsError> {
    let service = operate::service(aws, stack, name).await?;
    let rollout = Rollout { aws, cluster: operate::cluster(&service), name, service: &service };
    let Some((_, status, reason)) = rollout.newest(&[]).await? else { return Ok(None) };
    let back = matches!(
        status,
        Some(
            ServiceDeploymentStatus::RollbackSuccessful
                | ServiceDeploymentStatus::RollbackFailed
                | ServiceDeploymentStatus::Stopped
        )
    );
    Ok(back.then(|| reason.unwrap_or_else(|| "ECS does not say why".to_owned())))
}

/// Says of each task definition, by ARN, how its newest rollout by this service ended: `succeeded`,
/// `rolled back`, `stopped`, `failed`, `under way`.
pub(crate) async fn results(
    aws: &Aws,
    service: &Service,
) -> Result<BTreeMap<String, &'static str>, AwsError> {
    let name = service.service_name().unwrap_or_default();
    let rollout = Rollout { aws, cluster: operate::cluster(service), name, service };
    let rollouts = rollout.list(&[]).await?;
    let revisions: BTreeSet<&str> =
        rollouts.iter().filter_map(|one| one.target_service_revision_arn()).collect();
    let revisions: Vec<&str> = revisions.into_iter().collect();
    let batches = revisions.chunks(ecs::REVISIONS_PER_CALL).map(async |batch| {
        let arns: Vec<String> = batch.iter().map(|arn| (*arn).to_owned()).collect();
        aws.caller
            .call("ecs:DescribeServiceRevisions", || {
                aws.ecs
                    .describe_service_revisions()
                    .set_service_revision_arns(Some(arns.clone()))
                    .send()
            })
            .await
    });
    let definitions: BTreeMap<String, String> = try_join_all(batches)
        .await?
        .into_iter()
        .flat_map(|got| got.service_revisions.unwrap_or_default())
        .filter_map(|one| Some((one.service_revision_arn?, one.task_definition?)))
        .collect();
    let mut found = BTreeMap::new();
    for one in &rollouts {
        let definition = one.target_service_revision_arn().and_then(|arn| definitions.get(arn));
        let ended = match one.status() {
            Some(ServiceDeploymentStatus::Successful) => "succeeded",
            Some(ServiceDeploymentStatus::RollbackSuccessful) => "rolled back",
            Some(ServiceDeploymentStatus::RollbackFailed) => "failed",
            Some(ServiceDeploymentStatus::Stopped) => "stopped",
            _ => "under way",
        };
        if let Some(definition) = definition {
            // The newest comes first.
            found.entry(definition.clone()).or_insert(ended);
        }
    }
    Ok(found)
}

/// Returns the alarms that the newest rollout of a service was failed by.
pub(crate) async fn alarms(
    aws: &Aws,
    cluster: &str,
    service: &str,
) -> Result<Vec<String>, AwsError> {
    let listed = aws
        .caller
        .call("ecs:ListServiceDeployments", || {
            aws.ecs.list_service_deployments().cluster(cluster).service(service).send()
        })
        .await?;
    let newest = listed.service_deployments().first();
    let Some(arn) = newest.and_then(ServiceDeploymentBrief::service_deployment_arn) else {
        return Ok(Vec::new());
    };
    let found = describe(aws, arn).await?;
    let found = found.as_ref().and_then(ServiceDeployment::alarms);
    Ok(found.map(|alarms| alarms.triggered_alarm_names().to_vec()).unwrap_or_default())
}

/// The rollouts of one service.
struct Rollout<'a> {
    aws: &'a Aws,
    cluster: String,
    name: &'a str,
    service: &'a Service,
}

impl Rollout<'_> {
    /// Lists the newest rollouts with these statuses, or with any, newest first (ECS API reference,
    /// `ListServiceDeployments`).
    async fn list(
        &self,
        statuses: &[ServiceDeploymentStatus],
    ) -> Result<Vec<ServiceDeploymentBrief>, AwsError> {
        let service = self.service.service_arn().unwrap_or_default();
        let got = self
            .aws
            .caller
            .call("ecs:ListServiceDeployments", || {
                self.aws
                    .ecs
                    .list_service_deployments()
                    .cluster(&self.cluster)
                    .service(service)
                    .set_status((!statuses.is_empty()).then(|| statuses.to_vec()))
                    .max_results(MOST)
                    .send()
            })
            .await?;
        Ok(got.service_deployments.unwrap_or_default())
    }

    /// Returns the newest rollout with one of these statuses, or with any: its ARN, its status, and why.
    async fn newest(
        &self,
        statuses: &[ServiceDeploymentStatus],
    ) -> Result<Option<(String, Option<ServiceDeploymentStatus>, Option<String>)>, AwsError> {
        Ok(self.list(statuses).await?.first().and_then(|one| {
            let reason = one.status_reason().map(|text| text.trim_end_matches('.').to_owned());
            Some((one.service_deployment_arn()?.to_owned(), one.status().cloned(), reason))
        }))
    }

    async fn describe(&self, arn: &str) -> Result<ServiceDeployment, AwsError> {
        describe(self.aws, arn).await?.ok_or_else(|| {
            let message = format!("ECS does not show the rollout of service {}", self.name);
            AwsError::own(ErrorClass::Other, message).hint("run the same command again")
        })
    }
}

async fn describe(aws: &Aws, arn: &str) -> Result<Option<ServiceDeployment>, AwsError> {
    let got = aws
        .caller
        .call("ecs:DescribeServiceDeployments", || {
            aws.ecs.describe_service_deployments().service_deployment_arns(arn).send()
        })
        .await?;
    Ok(got.service_deployments.unwrap_or_default().into_iter().next())
}

/// Returns the rollout of a service that is under way.
pub(crate) async fn under_way(
    aws: &Aws,
    service: &Service,
) -> Result<Option<ServiceDeployment>, AwsError> {
    let name = service.service_name().unwrap_or_default();
    let rollout = Rollout { aws, cluster: operate::cluster(service), name, service };
    match rollout.newest(UNDER_WAY).await? {
        Some((arn, ..)) => describe(aws, &arn).await,
        None => Ok(None),
    }
}

/// Returns the target groups that the tasks of the release which last succeeded go to; none where ECS remembers
/// none.
pub(crate) async fn last_groups(aws: &Aws, service: &Service) -> Result<Vec<String>, AwsError> {
    let name = service.service_name().unwrap_or_default();
    let rollout = Rollout { aws, cluster: operate::cluster(service), name, service };
    let succeeded = rollout.list(&[ServiceDeploymentStatus::Successful]).await?;
    match succeeded.first().and_then(|one| one.target_service_revision_arn()) {
        Some(revision) => groups(aws, revision).await,
        None => Ok(Vec::new()),
    }
}

/// Returns the target groups that the tasks of a service revision go to, which ECS chooses where a service has
/// two (ECS API reference, `ResolvedConfiguration`).
pub(crate) async fn groups(aws: &Aws, revision: &str) -> Result<Vec<String>, AwsError> {
    let got = aws
        .caller
        .call("ecs:DescribeServiceRevisions", || {
            aws.ecs.describe_service_revisions().service_revision_arns(revision).send()
        })
        .await?;
    Ok(got.service_revisions().iter().flat_map(ecs::resolved).collect())
}

/// Says where the requests of a service with two target groups go, if it is not to its tasks although no rollout moves
/// them. What cannot be read says nothing.
pub(crate) async fn astray(aws: &Aws, service: &Service) -> Option<String> {
    let both = rollout::groups(service);
    let at_rest = rollout::is(service, State::Completed);
    let advanced = service.load_balancers().first()?.advanced_configuration()?;
    let (true, 2, [revision]) = (at_rest, both.len(), service.current_service_revisions()) else {
        return None;
    };
    let rule = advanced.production_listener_rule()?;
    let rules = aws.caller.call("elasticloadbalancing:DescribeRules", || {
        aws.elb.describe_rules().rule_arns(rule).send()
    });
    let (rules, own) = futures::join!(rules, groups(aws, revision.arn()?));
    let (rules, own) = (rules.ok()?, own.ok()?);
    let mut gets: Vec<String> = forward::weights(rules.rules().first()?.actions())
        .into_iter()
        .filter(|(group, weight)| *weight > 0 && both.contains(group))
        .map(|(group, _)| group)
        .collect();
    let other = gets.pop().filter(|_| gets.is_empty());
    match other {
        None if gets.is_empty() => None,
        None => Some("to both target groups".to_owned()),
        Some(other) if own.contains(&other) => None,
        Some(other) => {
            let name = other.rsplit('/').nth(1).unwrap_or_default();
            Some(format!("to target group {name}, without its tasks"))
        }
    }
}

/// Asks ECS to go back. A rollout that is over meanwhile, or goes back already, needs no asking.
pub(crate) async fn stop(aws: &Aws, arn: &str) -> Result<(), AwsError> {
    let stopped = aws
        .caller
        .call("ecs:StopServiceDeployment", || {
            aws.ecs
                .stop_service_deployment()
                .service_deployment_arn(arn)
                .stop_type(StopServiceDeploymentStopType::Rollback)
                .send()
        })
        .await;
    match stopped {
        Err(error) if !error.is(&["ConflictException"]) => Err(error),
        _ => Ok(()),
    }
}

/// Returns the revision a service moves to or stands at, `notes-web:7`.
fn definition(service: &Service) -> String {
    let row = primary(service).map(|row| row.definition);
    short_definition(row.as_deref().or(service.task_definition()).unwrap_or_default())
}

/// Returns what ECS says about a rollout.
fn said(found: &ServiceDeployment) -> String {
    match (found.status_reason(), found.status()) {
        (Some(reason), _) if !reason.is_empty() => reason.trim_end_matches('.').to_owned(),
        (_, Some(status)) => status.as_str().to_lowercase().replace('_', " "),
        _ => "under way".to_owned(),
    }
}
