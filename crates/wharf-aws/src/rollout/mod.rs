//! Waiting for a service to run what it is meant to run, and saying why it does not.
//!
//! ECS's own waiter looks for one deployment with all tasks running, and so takes a rollback for a
//! success (ECS API reference, waiter `ServicesStable`). This one wants the deployment to be ours.

mod boot;
pub(crate) mod look;
pub(crate) mod picture;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ecs::types::{
    DeploymentStrategy, LoadBalancer, Service, ServiceDeploymentLifecycleStage,
};
use tokio::time::Instant;
use wharf_doctor::{Cause, judge, of_alarms, of_shift};
use wharf_graph::{ErrorClass, Note};

use self::boot::Boots;
use self::look::Looker;
pub(crate) use self::look::primary;
use self::picture::{Memory, Picture, State, Verdict};
use crate::doctor;
use crate::error::AwsError;
use crate::kind::Write;
use crate::operate::rollouts;
use crate::wait::{Look, wait};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// What a rollout is to arrive at.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    /// The spec's name of the service, and its container's.
    pub(crate) service: String,
    /// Name of the cluster.
    pub(crate) cluster: String,
    /// Name of the ECS service.
    pub(crate) name: String,
    /// ARN of the task definition to be run.
    pub(crate) definition: String,
    /// Number of tasks; `None` where the autoscaler decides, and whatever it wants will do.
    pub(crate) count: Option<u32>,
    /// Fewest tasks it has been told to run, where the autoscaler decides.
    pub(crate) at_least: u32,
    /// ARNs of the target groups, if requests come through any.
    pub(crate) target_groups: Vec<String>,
    /// Where the container's output goes.
    pub(crate) log_group: String,
    /// The deployment that brings it, as the call that started it said.
    pub(crate) deployment: Option<String>,
    /// ARN of ECS's record of it, where requests move all at once or in steps: only that tells how far they are.
    pub(crate) record: Option<String>,
    /// When that was made, in seconds since 1970; what is older is not about it.
    pub(crate) since: Option<f64>,
    /// Whether something ran before, to which ECS can go back.
    pub(crate) had_release: bool,
    /// Seconds after its start in which a task's failed checks do not count; 0 when unknown.
    pub(crate) grace: u32,
}

impl Goal {
    /// Takes the deployment to wait for from what ECS answered to the change.
    pub(crate) fn started(mut self, service: &Service) -> Self {
        if let Some(row) = primary(service).filter(|row| row.definition == self.definition) {
            self.deployment = Some(row.id);
            self.since = (row.created > 0.0).then_some(row.created);
            let grace = service.health_check_grace_period_seconds().unwrap_or_default();
            self.grace = u32::try_from(grace).unwrap_or_default();
            let groups = groups(service);
            if !groups.is_empty() {
                self.target_groups = groups;
            }
            if shifts(service) {
                self.record = service.current_service_deployment().map(str::to_owned);
            }
        }
        self
    }
}

/// Returns the ARNs of the target groups that a service's tasks can be in.
pub(crate) fn groups(service: &Service) -> Vec<String> {
    fn of(balancer: &LoadBalancer) -> [Option<&str>; 2] {
        let alternate = balancer.advanced_configuration();
        let alternate = alternate.and_then(|more| more.alternate_target_group_arn());
        [balancer.target_group_arn(), alternate]
    }
    service.load_balancers().iter().flat_map(of).flatten().map(str::to_owned).collect()
}

/// Says whether requests move to new tasks all at once or in steps.
pub(crate) fn shifts(service: &Service) -> bool {
    let strategy = service.deployment_configuration().and_then(|config| config.strategy());
    strategy.is_some_and(|strategy| *strategy != DeploymentStrategy::Rolling)
}

/// Says whether the deployment a service moves to, or stands at, is in this state.
pub(crate) fn is(service: &Service, state: State) -> bool {
    primary(service).is_some_and(|row| row.state == Some(state))
}

/// Waits until the goal is reached, or cannot be any more.
pub(crate) async fn wait_for(cx: &Write<'_>, goal: &Goal) -> Result<(), AwsError> {
    let looker = Looker { aws: cx.aws, goal };
    let state = Mutex::new((Memory::default(), None::<Picture>));
    let (began, boots) = (Instant::now(), Mutex::new(Boots::default()));
    let what = format!("service {} to run its new tasks", goal.service);
    let result = wait(cx.aws.caller.pace, cx.step, &what, EVERY, cx.step.budget, async || {
        let picture = Box::pin(looker.look()).await?;
        let tight = {
            let mut boots = boots.lock().unwrap_or_else(PoisonError::into_inner);
            boots.look(&picture.targets, cx.aws.caller.pace.since(began));
            boots.tight(goal)
        };
        let verdict = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.0.remember(goal, &picture);
            let verdict = picture::decide(goal, &picture, &state.0);
            state.1 = Some(picture.clone());
            verdict
        };
        match verdict {
            Verdict::Done => {
                if let Some(said) = tight {
                    cx.step.remark(said);
                }
                Ok(Look::Ready(()))
            }
            Verdict::Going => Ok(Look::NotYet(note(goal, &picture))),
            verdict => Err(failed(cx, goal, &picture, &verdict, &state).await),
        }
    })
    .await;
    let Err(mut error) = result else { return Ok(()) };
    if error.class == ErrorClass::TimedOut {
        let (memory, last) = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(picture) = last {
            error.hints.extend(late(cx, goal, &memory, &picture).await);
        }
    }
    Err(error)
}

/// Collects what a wait that ran out of time knows about the cause.
async fn late(cx: &Write<'_>, goal: &Goal, memory: &Memory, picture: &Picture) -> Vec<String> {
    let evidence =
        Box::pin(doctor::of_rollout(cx.aws, cx.stack, goal, picture, memory.target.clone())).await;
    let mut lines = Vec::new();
    match judge(&evidence).first() {
        Some(cause) => {
            lines.push(format!("{}: {}", cause.code, cause.what));
            lines.extend(cause.lines());
        }
        None => lines.extend(memory.target.iter().map(|said| format!("the balancer says: {said}"))),
    }
    if let Some(event) = picture.events.first() {
        lines.push(format!("ECS says: {}", event.text));
    }
    lines
}

/// Puts a rollout that cannot succeed into words.
async fn failed(
    cx: &Write<'_>,
    goal: &Goal,
    picture: &Picture,
    verdict: &Verdict,
    state: &Mutex<(Memory, Option<Picture>)>,
) -> AwsError {
    if matches!(verdict, Verdict::Gone) {
        let message = format!("service {} is being deleted by somebody else", goal.service);
        return AwsError::own(ErrorClass::Other, message);
    }
    if matches!(verdict, Verdict::CutOff) {
        let message = format!(
            "C702: somebody deleted a target group of service {} while its tasks were rolled out; those that \
             go there never get a request",
            goal.service
        );
        return AwsError::own(ErrorClass::Other, message).hint(
            "run the same command again: it makes the target group and moves the service to it",
        );
    }
    let target = {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.target.clone()
    };
    let evidence =
        Box::pin(doctor::of_rollout(cx.aws, cx.stack, goal, picture, target.clone())).await;
    let causes = judge(&evidence);
    let mut hints = Vec::new();
    // An alarm ends a rollout whatever else is not as it should be.
    let rang = of_alarms(&rang(cx, goal, verdict).await);
    let shift = match verdict {
        Verdict::RolledBack(reason) | Verdict::Failed(reason) => of_shift(reason),
        _ => None,
    };
    let known = |cause: &Cause| shift.as_ref().is_none_or(|shift| shift.code != cause.code);
    let causes: Vec<Cause> = causes.into_iter().filter(known).collect::<Vec<_>>();
    let causes: Vec<Cause> = rang.into_iter().chain(shift).chain(causes).collect();
    let sentence = match (causes.first(), verdict) {
        (Some(cause), _) => {
            hints.extend(cause.lines());
            format!("{}: {}", cause.code, cause.what)
        }
        (None, Verdict::Doomed(stopped)) => format!("its tasks stop: {}", stopped.said()),
        (None, Verdict::RolledBack(reason) | Verdict::Failed(reason)) => match target {
            Some(target) => format!("{reason}; the balancer says: {target}"),
            None => reason.clone(),
        },
        (None, _) => "its tasks do not stay up".to_owned(),
    };
    if causes.len() > 1 {
        let others: Vec<String> =
            causes.iter().skip(1).map(|it| format!("{} {}", it.code, it.what)).collect();
        hints.push(format!("also: {}", others.join("; ")));
    }
    let live = picture.rows.iter().find(|row| row.definition != goal.definition);
    let live = live.map_or_else(
        || "the release before".to_owned(),
        |row| format!("release {}", short_definition(&row.definition)),
    );
    let (class, outcome) = match verdict {
        Verdict::RolledBack(_) => (ErrorClass::RolledBack, format!("ECS went back to {live}")),
        Verdict::Doomed(_) if goal.had_release => {
            hints.push(
                "ECS goes back to it by itself as soon as its circuit breaker has counted enough \
                 failed tasks"
                    .to_owned(),
            );
            (ErrorClass::RolledBack, format!("{live} keeps serving"))
        }
        _ => {
            let outcome = "there is no earlier release to go back to".to_owned();
            (ErrorClass::RolloutFailed, outcome)
        }
    };
    let mut error = AwsError::own(
        class,
        format!("the rollout of service {} failed: {sentence}; {outcome}", goal.service),
    );
    error.hints = hints;
    error
}

/// Returns the alarms that made ECS go back, by its own record of the rollout.
async fn rang(cx: &Write<'_>, goal: &Goal, verdict: &Verdict) -> Vec<String> {
    let (Verdict::RolledBack(reason) | Verdict::Failed(reason)) = verdict else {
        return Vec::new();
    };
    if !reason.to_lowercase().contains("alarm") {
        return Vec::new();
    }
    rollouts::alarms(cx.aws, &goal.cluster, &goal.name).await.unwrap_or_default()
}

/// Tells whoever watches how far the rollout is.
fn note(goal: &Goal, picture: &Picture) -> Note {
    let ours = picture.ours(goal);
    let count = goal.count.or_else(|| Some(ours?.desired)).unwrap_or_default();
    let running = ours.map_or(0, |row| row.running);
    let mut message = format!("{running} of {count} tasks running");
    if !goal.target_groups.is_empty() {
        let healthy = picture.healthy();
        message = format!("{message}, {healthy} of {count} targets healthy");
    }
    let old = picture.tasks.iter().filter(|task| task.definition != goal.definition).count();
    if old > 0 {
        message = format!("{message}, {old} of the release before left");
    }
    if let Some(stage) = picture.record.as_ref().and_then(|record| record.stage.as_ref()) {
        message = format!("{message}; {}", stage_words(stage));
    }
    let tasks = picture.tasks.iter().filter(|task| task.status != "RUNNING");
    let failures = picture.failures(goal);
    let since = goal.since.unwrap_or_default();
    let details =
        tasks
            .map(|task| format!("task {}: {}", short(&task.id), task.status.to_lowercase()))
            .chain(failures.iter().map(|stopped| {
                format!("task {} stopped: {}", short(&stopped.task), stopped.said())
            }))
            .chain(picture.targets.iter().filter_map(picture::Target::trouble))
            .chain(
                picture
                    .events
                    .iter()
                    .filter(|event| event.at >= since)
                    .take(3)
                    .map(|event| event.text.clone()),
            )
            .collect();
    Note { message, details, lasting: false }
}

/// Says in words how far a deployment that moves requests is (ECS API reference,
/// `ServiceDeployment`, `lifecycleStage`).
pub(crate) fn stage_words(stage: &ServiceDeploymentLifecycleStage) -> &str {
    use ServiceDeploymentLifecycleStage as Stage;
    match stage {
        Stage::ReconcileService => "clearing away what an earlier deployment left",
        Stage::PreScaleUp | Stage::ScaleUp | Stage::PostScaleUp => {
            "the release before answers all requests"
        }
        Stage::ProductionTrafficShift => "requests move to the new tasks",
        Stage::BakeTime => "the new tasks answer; those of the release before wait, to go back to",
        Stage::CleanUp => "the release before is stopped",
        other => other.as_str(),
    }
}

/// Returns `notes-web:7` of a task definition's ARN.
pub(crate) fn short_definition(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

/// Shortens a task id to what people compare by eye.
fn short(task: &str) -> &str {
    task.get(..8).unwrap_or(task)
}
