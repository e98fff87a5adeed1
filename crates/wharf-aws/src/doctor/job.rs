//! What is known of a job: its schedule, what may start it, how its runs ended.

use std::sync::Arc;

use aws_sdk_ecs::types::{Container, ContainerDefinition, DesiredStatus, Secret, Task};
use aws_sdk_scheduler::types::ScheduleState;
use aws_smithy_types::DateTime;
use serde_json::Value;
use wharf_doctor::{JobEvidence, RoleEvidence, RunEvidence, ScheduleEvidence, Seen, StoppedTask};
use wharf_spec::Stack;
use wharf_spec::stack::Job;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::kinds::task_definition::STREAM_PREFIX;
use crate::reads::Reads;
use crate::reads::iam::SCHEDULER;
use crate::{names, operate, policy_document};

/// Lines of the log that are looked at.
const LOG_LINES: i32 = 10;

/// Examines one job of a stack, at `now` in seconds since 1970. What cannot be read is left out of the
/// evidence.
///
/// Fails when its runs cannot be listed.
pub async fn examine_job(
    aws: &Aws,
    stack: &Stack,
    job: &Job,
    now: f64,
) -> Result<JobEvidence, AwsError> {
    let reads = Reads::new(aws.clone(), Arc::new(stack.clone()));
    of_job(&reads, job, now).await
}

/// Does the same with what was read already.
pub(crate) async fn of_job(reads: &Reads, job: &Job, now: f64) -> Result<JobEvidence, AwsError> {
    let name = job.task.name.as_str();
    let (runs, schedule, role, definitions) = futures::join!(
        runs(reads, name, now),
        schedule(reads, job),
        role(reads, job),
        reads.definitions()
    );
    let runs = runs?;
    let failed = runs.iter().rev().find(|run| run.ended()).filter(|run| run.failed());
    let logs = match failed {
        Some(run) => logs(reads, name, &run.task.id).await,
        None => Vec::new(),
    };
    let mut evidence = JobEvidence {
        job: name.to_owned(),
        timeout: job.task.timeout.into(),
        scheduled: job.schedule.is_some(),
        schedule,
        role,
        runs,
        logs,
        variables: Vec::new(),
    };
    if let Ok(definitions) = definitions
        && let Some(found) = definitions.value.iter().find(|found| found.name == name)
    {
        let containers = found.definition.container_definitions();
        let own = containers.iter().find(|one| one.name() == Some(name));
        let plain =
            own.into_iter().flat_map(ContainerDefinition::environment).filter_map(|it| it.name());
        let secret = own.into_iter().flat_map(ContainerDefinition::secrets).map(Secret::name);
        evidence.variables = plain.chain(secret).map(str::to_owned).collect();
    }
    Ok(evidence)
}

async fn schedule(reads: &Reads, job: &Job) -> Seen<ScheduleEvidence> {
    if job.schedule.is_none() {
        return Seen::Unread;
    }
    let Ok(all) = reads.schedules().await else { return Seen::Unread };
    let Some(found) = all.value.iter().find(|one| one.name() == Some(job.task.name.as_str()))
    else {
        return Seen::Absent;
    };
    Seen::There(ScheduleEvidence {
        expression: found.schedule_expression().unwrap_or_default().to_owned(),
        timezone: found.schedule_expression_timezone().unwrap_or("UTC").to_owned(),
        enabled: found.state() == Some(&ScheduleState::Enabled),
    })
}

async fn role(reads: &Reads, job: &Job) -> Seen<RoleEvidence> {
    if job.schedule.is_none() {
        return Seen::Unread;
    }
    let Ok(all) = reads.roles().await else { return Seen::Unread };
    let Some(found) = all.value.iter().find(|one| one.name == SCHEDULER) else {
        return Seen::Absent;
    };
    let read = |document: Option<&str>| document.map_or(Value::Null, policy_document::decode);
    let (trust, policy) =
        (read(found.role.assume_role_policy_document()), read(found.policy.as_deref()));
    Seen::There(RoleEvidence {
        name: found.role.role_name().to_owned(),
        trusted: policy_document::trusts(&trust, "scheduler.amazonaws.com"),
        may_run: policy_document::allows_somewhere(&policy, "ecs:RunTask"),
    })
}

/// Lists the runs that are still shown, oldest first.
async fn runs(reads: &Reads, job: &str, now: f64) -> Result<Vec<RunEvidence>, AwsError> {
    let cluster = names::cluster(&reads.stack);
    let family = names::family(&reads.id, job);
    let mut arns = Vec::new();
    for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
        let got = reads
            .call(0, "ecs:ListTasks", |aws| {
                aws.ecs
                    .list_tasks()
                    .cluster(&cluster)
                    .family(&family)
                    .desired_status(status.clone())
                    .send()
            })
            .await;
        match got {
            Ok(got) => arns.extend(got.value.task_arns.unwrap_or_default()),
            Err(error) if error.is(&["ClusterNotFoundException"]) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
    }
    arns.truncate(100);
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let got = reads
        .call(1, "ecs:DescribeTasks", |aws| {
            aws.ecs.describe_tasks().cluster(&cluster).set_tasks(Some(arns.clone())).send()
        })
        .await?;
    let mut runs: Vec<RunEvidence> =
        got.value.tasks().iter().map(|task| run(task, job, now)).collect();
    runs.sort_by(|one, two| one.started.total_cmp(&two.started));
    Ok(runs)
}

fn run(task: &Task, job: &str, now: f64) -> RunEvidence {
    let own = task.containers().iter().find(|one| one.name() == Some(job));
    let seconds = |at: Option<&DateTime>| at.map(DateTime::as_secs_f64);
    let started = seconds(task.created_at()).unwrap_or_default();
    let ended = seconds(task.stopped_at()).unwrap_or(now);
    RunEvidence {
        task: StoppedTask {
            id: operate::last(task.task_arn().unwrap_or_default()).to_owned(),
            reason: task.stopped_reason().unwrap_or_default().to_owned(),
            code: task.stop_code().map(|code| code.as_str().to_owned()).unwrap_or_default(),
            exit: own.and_then(Container::exit_code),
            container: own.and_then(|one| one.reason()).unwrap_or_default().to_owned(),
            ..StoppedTask::default()
        },
        status: task.last_status().unwrap_or_default().to_owned(),
        started,
        seconds: std::time::Duration::try_from_secs_f64(ended - started)
            .map(|it| it.as_secs())
            .unwrap_or_default(),
        by: task.started_by().unwrap_or_default().to_owned(),
    }
}

/// Reads the last lines of a run; nothing when they cannot be read.
async fn logs(reads: &Reads, job: &str, task: &str) -> Vec<String> {
    let group = names::log_group(&reads.id, job);
    let stream = format!("{STREAM_PREFIX}/{job}/{task}");
    let got = reads.call(2, "logs:GetLogEvents", |aws| {
        aws.logs
            .get_log_events()
            .log_group_name(&group)
            .log_stream_name(&stream)
            .limit(LOG_LINES)
            .start_from_head(false)
            .send()
    });
    let Ok(got) = got.await else { return Vec::new() };
    let lines = got.value.events().iter().filter_map(|event| event.message());
    lines.map(|line| line.trim_end().to_owned()).collect()
}
