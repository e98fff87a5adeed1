//! Waiting for a service to run what it is meant to run, and saying why it does not.
//!
//! ECS's own waiter looks for one deployment with all tasks running, and so takes a rollback for a
//! success (ECS API reference, waiter `ServicesStable`). This one wants the deployment to be ours.

mod cause;
mod look;
mod picture;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ecs::types::Service;
use wharf_graph::{ErrorClass, Note};

use self::look::Looker;
pub(crate) use self::look::primary;
use self::picture::{Memory, Picture, Stopped, Verdict};
use crate::error::AwsError;
use crate::kind::Write;
use crate::kinds::task_definition::STREAM_PREFIX;
use crate::wait::{Look, wait};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// Lines of the container's log shown with a failure.
const LOG_LINES: i32 = 10;

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
    /// Number of tasks.
    pub(crate) count: u32,
    /// ARN of the target group, if requests come through one.
    pub(crate) target_group: Option<String>,
    /// Where the container's output goes.
    pub(crate) log_group: String,
    /// The deployment that brings it, as the call that started it said.
    pub(crate) deployment: Option<String>,
    /// When that was made, in seconds since 1970; what is older is not about it.
    pub(crate) since: Option<f64>,
    /// Whether something ran before, to which ECS can go back.
    pub(crate) had_release: bool,
}

impl Goal {
    /// Takes the deployment to wait for from what ECS answered to the change.
    pub(crate) fn started(mut self, service: &Service) -> Self {
        if let Some(row) = primary(service).filter(|row| row.definition == self.definition) {
            self.deployment = Some(row.id);
            self.since = (row.created > 0.0).then_some(row.created);
        }
        self
    }
}

/// Waits until the goal is reached, or cannot be any more.
pub(crate) async fn wait_for(cx: &Write<'_>, goal: &Goal) -> Result<(), AwsError> {
    let looker = Looker { aws: cx.aws, goal };
    let state = Mutex::new((Memory::default(), None::<Picture>));
    let what = format!("service {} to run its new tasks", goal.service);
    let result = wait(cx.aws.caller.pace, cx.step, &what, EVERY, cx.step.budget, async || {
        let picture = Box::pin(looker.look()).await?;
        let verdict = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.0.remember(goal, &picture);
            let verdict = picture::decide(goal, &picture, &state.0);
            state.1 = Some(picture.clone());
            verdict
        };
        match verdict {
            Verdict::Done => Ok(Look::Ready(())),
            Verdict::Going => Ok(Look::NotYet(note(goal, &picture))),
            verdict => Err(failed(cx, goal, &picture, &verdict, &state).await),
        }
    })
    .await;
    let Err(mut error) = result else { return Ok(()) };
    if error.class == ErrorClass::TimedOut {
        let (memory, last) = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        error.hints.extend(late(goal, &memory, last.as_ref()));
    }
    Err(error)
}

/// Collects what a wait that ran out of time knows about the cause.
fn late(goal: &Goal, memory: &Memory, last: Option<&Picture>) -> Vec<String> {
    let mut lines = Vec::new();
    let stopped = last.and_then(|picture| picture.failures(goal).into_iter().last());
    if let Some(stopped) = stopped {
        let cause = cause::of(&stopped, memory.target.as_deref());
        lines.push(cause.sentence);
        lines.extend(cause.hints);
    } else if let Some(target) = &memory.target {
        lines.push(format!("the balancer says: {target}"));
    }
    if let Some(event) = last.and_then(|picture| picture.events.first()) {
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
    let target = {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.target.clone()
    };
    let stopped = match verdict {
        Verdict::Doomed(stopped) => Some(stopped.clone()),
        _ => picture.failures(goal).into_iter().last(),
    };
    let cause = stopped.as_ref().map(|stopped| cause::of(stopped, target.as_deref()));
    let mut hints = Vec::new();
    let sentence = match (cause, verdict) {
        (Some(cause), _) => {
            hints.extend(cause.hints);
            cause.sentence
        }
        (None, Verdict::RolledBack(reason) | Verdict::Failed(reason)) => match target {
            Some(target) => format!("{reason}; the balancer says: {target}"),
            None => reason.clone(),
        },
        (None, _) => "its tasks do not stay up".to_owned(),
    };
    let (class, outcome) = match verdict {
        Verdict::RolledBack(_) => (ErrorClass::RolledBack, "ECS went back to the release before"),
        Verdict::Doomed(_) if goal.had_release => {
            hints.push(
                "ECS goes back to it by itself as soon as its circuit breaker has counted enough \
                 failed tasks"
                    .to_owned(),
            );
            (ErrorClass::RolledBack, "the release before keeps serving")
        }
        _ => (ErrorClass::RolloutFailed, "there is no earlier release to go back to"),
    };
    if let Some(stopped) = &stopped {
        hints.extend(log_tail(cx, goal, stopped).await);
    }
    let mut error = AwsError::own(
        class,
        format!("the rollout of service {} failed: {sentence}; {outcome}", goal.service),
    );
    error.hints = hints;
    error
}

/// Reads the last lines a stopped task wrote; nothing when they cannot be read.
async fn log_tail(cx: &Write<'_>, goal: &Goal, stopped: &Stopped) -> Vec<String> {
    let stream = format!("{STREAM_PREFIX}/{}/{}", goal.service, stopped.task);
    let got = cx
        .aws
        .caller
        .call("logs:GetLogEvents", || {
            cx.aws
                .logs
                .get_log_events()
                .log_group_name(&goal.log_group)
                .log_stream_name(&stream)
                .limit(LOG_LINES)
                .start_from_head(false)
                .send()
        })
        .await;
    let Ok(got) = got else { return Vec::new() };
    got.events()
        .iter()
        .filter_map(|event| event.message())
        .map(|line| format!("log: {}", line.trim_end()))
        .collect()
}

/// Tells whoever watches how far the rollout is.
fn note(goal: &Goal, picture: &Picture) -> Note {
    let running = picture.ours(goal).map_or(0, |row| row.running);
    let mut message = format!("{running} of {} tasks running", goal.count);
    if goal.target_group.is_some() {
        let healthy = picture.healthy();
        message = format!("{message}, {healthy} of {} targets healthy", goal.count);
    }
    let old = picture.tasks.iter().filter(|task| task.definition != goal.definition).count();
    if old > 0 {
        message = format!("{message}, {old} of the release before left");
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
    Note { message, details }
}

/// Shortens a task id to what people compare by eye.
fn short(task: &str) -> &str {
    task.get(..8).unwrap_or(task)
}
