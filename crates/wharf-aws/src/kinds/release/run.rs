//! Running the command of a release: never two at once, and to its end.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, DesiredStatus, LaunchType, NetworkConfiguration, Task,
};
use tokio::time::Instant;
use wharf_doctor::{Evidence, Intent, StoppedTask, judge};
use wharf_graph::props::short_hash;
use wharf_graph::{ErrorClass, Note};

use super::{Props, WORKLOAD};
use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::Write;
use crate::kinds::task_definition::STREAM_PREFIX;
use crate::names;
use crate::operate::{self, logs};
use crate::reads::ecs;

/// Who started the task, as ECS shows it.
const STARTED_BY: &str = "wharf release";
/// Time between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// How long a task that was started may be unknown to ECS.
const UNSEEN: Duration = Duration::from_mins(2);
/// How long a task that is stopped may take to end: `stop_timeout` is 120 s at most.
const STOPPING: Duration = Duration::from_mins(5);
/// Looks for further lines after the task has ended: they arrive a little late.
const LATE_LOOKS: u32 = 2;
/// How many tries of earlier runs are looked through.
const TRIES: u32 = 10;
/// Lines of the log that a failure repeats.
const LAST_LINES: usize = 10;
/// Longest client token (ECS API reference, `RunTask`).
const TOKEN: usize = 32;
/// Errors that pass once everything a task refers to is known everywhere.
const SETTLING: &[Transient] = &[
    Transient {
        codes: &["ClientException", "InvalidParameterException"],
        text: "unable to assume the role",
        budget: Duration::from_mins(4),
    },
    Transient { codes: &["ClusterNotFoundException"], text: "", budget: Duration::from_mins(1) },
    Transient {
        codes: &["InvalidParameterException"],
        text: "Error retrieving",
        budget: Duration::from_mins(1),
    },
    Transient {
        codes: &["ClientException"],
        text: "TaskDefinition not found",
        budget: Duration::from_mins(1),
    },
];

/// Runs the command to its end, and returns the id of the task that ended well. One that an earlier run
/// started and that still goes is followed instead of starting a second one; one that has ended well
/// counts.
pub(super) async fn to_its_end(cx: &Write<'_>, want: &Props) -> Result<String, AwsError> {
    let definition = want.task_definition.get()?.as_str();
    others_first(cx, want, definition).await?;
    let own: Vec<Task> =
        tasks(cx).await?.into_iter().filter(|task| is_of(task, definition)).collect();
    if let Some(done) = own.iter().find(|task| ended_well(task)) {
        return Ok(id(done));
    }
    if let Some(going) = own.iter().find(|task| !has_stopped(task)) {
        cx.step.say(format!("task {} of an earlier run still runs; it is followed", id(going)));
        return follow(cx, want, &id(going)).await;
    }
    // The token says which try this is: whoever repeats it, with whatever knowledge, gets the same
    // task. What was tried before is known by its end, or by being told of it here.
    let mut tried: BTreeSet<String> = own.iter().map(id).collect();
    for _ in 0..TRIES {
        let last = newest(&own).filter(|_| tried.len() == own.len());
        let last = last.or_else(|| tried.iter().next_back().cloned()).unwrap_or_default();
        let seed = format!("{definition} after {} {last}", tried.len());
        let task = start(cx, want, definition, &short_hash(&seed, TOKEN)).await?;
        match task {
            // A try of an earlier run that is no longer shown, or not shown yet.
            Some(task) if has_stopped(&task) && !ended_well(&task) => {
                tried.insert(id(&task));
            }
            Some(task) => return follow(cx, want, &id(&task)).await,
            None => {
                tried.insert(format!("forgotten {}", tried.len()));
            }
        }
    }
    let message = "ECS keeps answering with tasks that ended long ago";
    Err(AwsError::own(ErrorClass::Unavailable, message).hint("run the same command again"))
}

/// Waits until no command of an earlier release runs any more; one that takes too long is stopped.
async fn others_first(cx: &Write<'_>, want: &Props, definition: &str) -> Result<(), AwsError> {
    let begun = Instant::now();
    let limit = Duration::from_secs(want.timeout.into());
    let mut stopped = false;
    loop {
        let others: Vec<Task> = tasks(cx)
            .await?
            .into_iter()
            .filter(|task| !is_of(task, definition) && !has_stopped(task))
            .collect();
        let Some(other) = others.first() else { return Ok(()) };
        let passed = cx.aws.caller.pace.since(begun);
        if passed > limit + STOPPING {
            let message = format!("task {} of an earlier release does not end", id(other));
            return Err(AwsError::own(ErrorClass::TimedOut, message));
        }
        if passed > limit && !stopped {
            for other in &others {
                stop(cx, &id(other), "takes longer than the release may").await?;
            }
            stopped = true;
        }
        cx.step.say(format!("waiting for task {} of an earlier release to end", id(other)));
        cx.aws.caller.pace.sleep(EVERY).await;
    }
}

/// Lists the tasks of the release's family that were started for a release. Nothing but the family may
/// be said beside the status (ECS API reference, `ListTasks`).
async fn tasks(cx: &Write<'_>) -> Result<Vec<Task>, AwsError> {
    let cluster = cx.cluster;
    let family = names::family(cx.stack, WORKLOAD);
    let mut arns = BTreeSet::new();
    for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
        let got = cx
            .aws
            .caller
            .call("ecs:ListTasks", || {
                cx.aws
                    .ecs
                    .list_tasks()
                    .cluster(cluster)
                    .family(&family)
                    .desired_status(status.clone())
                    .send()
            })
            .await?;
        arns.extend(got.task_arns.unwrap_or_default());
    }
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let arns: Vec<String> = arns.into_iter().collect();
    let got = cx
        .aws
        .caller
        .call("ecs:DescribeTasks", || {
            cx.aws.ecs.describe_tasks().cluster(cluster).set_tasks(Some(arns.clone())).send()
        })
        .await?;
    let all = got.tasks.unwrap_or_default().into_iter();
    Ok(all.filter(|task| task.started_by() == Some(STARTED_BY)).collect())
}

fn id(task: &Task) -> String {
    operate::last(task.task_arn().unwrap_or_default()).to_owned()
}

fn is_of(task: &Task, definition: &str) -> bool {
    task.task_definition_arn() == Some(definition)
}

fn has_stopped(task: &Task) -> bool {
    task.last_status() == Some("STOPPED")
}

fn ended_well(task: &Task) -> bool {
    has_stopped(task) && exit_code(task) == Some(0)
}

fn exit_code(task: &Task) -> Option<i32> {
    let own = task.containers().iter().find(|one| one.name() == Some(WORKLOAD));
    own.and_then(aws_sdk_ecs::types::Container::exit_code)
}

fn newest(tasks: &[Task]) -> Option<String> {
    let newest = tasks.iter().max_by_key(|task| {
        task.created_at().map(|at| (at.secs(), at.subsec_nanos())).unwrap_or_default()
    });
    newest.map(id)
}

/// Starts the task, or returns the one that the token stands for; nothing if ECS has forgotten it.
async fn start(
    cx: &Write<'_>,
    want: &Props,
    definition: &str,
    token: &str,
) -> Result<Option<Task>, AwsError> {
    let public = if want.public_ip { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled };
    let groups: Result<Vec<String>, _> =
        want.security_groups.iter().map(|group| group.get().cloned()).collect();
    let network = AwsVpcConfiguration::builder()
        .set_subnets(Some(want.subnets.iter().cloned().collect()))
        .set_security_groups(Some(groups?))
        .assign_public_ip(public)
        .build()
        .map_err(|error| {
            AwsError::own(ErrorClass::Other, format!("{error}; this is a bug in wharf"))
        })?;
    let network = NetworkConfiguration::builder().awsvpc_configuration(network).build();
    let cluster = want.cluster.get()?;
    let caller = &cx.aws.caller;
    let got = caller
        .retrying(SETTLING, async || {
            caller
                .call("ecs:RunTask", || {
                    cx.aws
                        .ecs
                        .run_task()
                        .cluster(cluster)
                        .task_definition(definition)
                        .launch_type(LaunchType::Fargate)
                        .network_configuration(network.clone())
                        .started_by(STARTED_BY)
                        .client_token(token)
                        .send()
                })
                .await
        })
        .await?;
    if let Some(failure) = got.failures().first() {
        let reason = failure.reason().unwrap_or("no reason given");
        let message = format!("ECS did not start the release command: {reason}");
        return Err(AwsError::own(ErrorClass::Unavailable, message));
    }
    Ok(got.tasks.unwrap_or_default().into_iter().next())
}

async fn stop(cx: &Write<'_>, task: &str, reason: &str) -> Result<(), AwsError> {
    let cluster = cx.cluster;
    cx.aws
        .caller
        .call("ecs:StopTask", || {
            cx.aws.ecs.stop_task().cluster(cluster).task(task).reason(reason).send()
        })
        .await?;
    Ok(())
}

/// Shows what the task writes until it has ended, and says why if that was not well.
async fn follow(cx: &Write<'_>, want: &Props, task: &str) -> Result<String, AwsError> {
    let cluster = cx.cluster;
    let limit = Duration::from_secs(want.timeout.into());
    let (begun, mut stopped) = (Instant::now(), None::<Instant>);
    let mut tail = Tail { task: task.to_owned(), seen: BTreeSet::new(), last: Vec::new() };
    loop {
        let got = cx
            .aws
            .caller
            .call("ecs:DescribeTasks", || {
                cx.aws.ecs.describe_tasks().cluster(cluster).tasks(task).send()
            })
            .await?;
        let found = got.tasks.unwrap_or_default().into_iter().next();
        let status = found.as_ref().and_then(|found| found.last_status()).unwrap_or("PENDING");
        tail.more(cx, &status.to_lowercase()).await;
        let pace = cx.aws.caller.pace;
        match found {
            Some(found) if has_stopped(&found) => {
                for _ in 0..LATE_LOOKS {
                    pace.sleep(EVERY).await;
                    tail.more(cx, "ended").await;
                }
                if ended_well(&found) && stopped.is_none() {
                    return Ok(task.to_owned());
                }
                return Err(failed(want, &found, &tail, stopped.is_some()));
            }
            None if pace.since(begun) > UNSEEN => {
                let message = format!("ECS does not show task {task} of the release");
                return Err(AwsError::own(ErrorClass::Unavailable, message)
                    .hint("run the same command again"));
            }
            _ => {}
        }
        let late = pace.since(begun) > limit;
        match stopped {
            None if late => {
                stop(cx, task, "takes longer than the release may").await?;
                stopped = Some(Instant::now());
            }
            Some(since) if pace.since(since) > STOPPING => {
                let message = format!("task {task} of the release does not end when stopped");
                return Err(AwsError::own(ErrorClass::TimedOut, message));
            }
            _ => {}
        }
        pace.sleep(EVERY).await;
    }
}

/// Lines of the task, each told once.
struct Tail {
    task: String,
    seen: BTreeSet<String>,
    last: Vec<String>,
}

impl Tail {
    /// Tells what is new. Lines that cannot be read are no reason to stop watching.
    async fn more(&mut self, cx: &Write<'_>, status: &str) {
        let query = logs::Query {
            since: 0,
            filter: None,
            stream: Some(format!("{STREAM_PREFIX}/{WORKLOAD}/{}", self.task)),
        };
        let lines = logs::lines(cx.aws, cx.stack, (WORKLOAD, WORKLOAD), &query)
            .await
            .unwrap_or_default()
            .lines;
        let new: Vec<String> = lines
            .into_iter()
            .filter(|line| self.seen.insert(line.id.clone()))
            .map(|line| line.message)
            .collect();
        self.last.extend(new.iter().cloned());
        let surplus = self.last.len().saturating_sub(LAST_LINES);
        self.last.drain(..surplus);
        let message = format!("task {} {status}", self.task);
        cx.step.note(Note { message, details: new, lasting: false });
    }
}

/// Puts the end of a task into words, with its cause.
fn failed(want: &Props, task: &Task, tail: &Tail, late: bool) -> AwsError {
    let command = want.command.join(" ");
    let said = task.stopped_reason().unwrap_or_default();
    let own = task.containers().iter().find(|one| one.name() == Some(WORKLOAD));
    let message = match exit_code(task) {
        _ if late => format!(
            "the release command `{command}` took longer than {} s and was stopped; no service \
             was touched",
            want.timeout
        ),
        Some(code) => format!(
            "the release command `{command}` ended with exit code {code}; no service was touched"
        ),
        None => {
            format!("the release command `{command}` did not run; no service was touched: {said}")
        }
    };
    let mut error = AwsError::own(ErrorClass::Other, message);
    if !late {
        let evidence = Evidence {
            intent: Intent { service: WORKLOAD.to_owned(), ..Intent::default() },
            stopped: vec![StoppedTask {
                id: tail.task.clone(),
                reason: said.to_owned(),
                code: task.stop_code().map(|code| code.as_str().to_owned()).unwrap_or_default(),
                exit: exit_code(task),
                container: own.and_then(|one| one.reason()).unwrap_or_default().to_owned(),
                ..StoppedTask::default()
            }],
            logs: tail.last.clone(),
            ..Evidence::default()
        };
        if let Some(cause) = judge(&evidence).first() {
            error = error.hint(format!("{}: {}", cause.code, cause.what));
        }
    }
    for line in &tail.last {
        error = error.hint(format!("| {line}"));
    }
    let group = ecs::family_of(task.task_definition_arn().unwrap_or_default());
    let again = "the release before is still live; `wharf apply` runs the command again";
    error.hint(format!("{again} (task definition {group}, logs: wharf logs {WORKLOAD})"))
}
