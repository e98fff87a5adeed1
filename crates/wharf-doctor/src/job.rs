//! Why a job does not run, or does not end well.

use serde::Serialize;

use crate::{Cause, Evidence, Intent, Seen, StoppedTask, judge};

/// Everything known of one job.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JobEvidence {
    /// Its name.
    pub job: String,
    /// Seconds a run may take.
    pub timeout: u64,
    /// Whether the spec gives it times.
    pub scheduled: bool,
    /// Its schedule.
    pub schedule: Seen<ScheduleEvidence>,
    /// The role that starts it.
    pub role: Seen<RoleEvidence>,
    /// The runs that are still shown, oldest first; AWS forgets them after an hour or so.
    pub runs: Vec<RunEvidence>,
    /// The last lines of the newest run that failed.
    pub logs: Vec<String>,
    /// Names of the variables it gets, secrets included.
    pub variables: Vec<String>,
}

/// A schedule.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ScheduleEvidence {
    /// `cron(…)` or `rate(…)`.
    pub expression: String,
    /// IANA name.
    pub timezone: String,
    /// Whether it is switched on.
    pub enabled: bool,
}

/// What may start a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RoleEvidence {
    /// Its name.
    pub name: String,
    /// Whether the scheduler may take it.
    pub trusted: bool,
    /// Whether it may run the job's task definition.
    pub may_run: bool,
}

/// A run of a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunEvidence {
    /// The task.
    pub task: StoppedTask,
    /// Where it is on its way: `RUNNING`, `STOPPED`, …
    pub status: String,
    /// When it was started, in seconds since 1970.
    pub started: f64,
    /// How long it took or has taken, in seconds.
    pub seconds: u64,
    /// Who started it, as ECS shows it.
    pub by: String,
}

impl RunEvidence {
    /// Says whether it has ended.
    pub fn ended(&self) -> bool {
        self.status == "STOPPED"
    }

    /// Says whether it ended badly by itself; one that somebody stopped did not.
    pub fn failed(&self) -> bool {
        self.ended() && self.task.exit != Some(0) && self.task.code != "UserInitiated"
    }
}

/// Names the causes, the primary one first.
pub fn judge_job(evidence: &JobEvidence) -> Vec<Cause> {
    let mut found = Vec::new();
    found.extend(schedule(evidence));
    found.extend(role(evidence));
    found.extend(last_run(evidence));
    let late = evidence.runs.iter().find(|run| !run.ended() && run.seconds > evidence.timeout);
    found.extend(late.map(|run| {
        Cause::new("C953", "a run takes longer than the job may").fact(format!(
            "task {} has run for {} s; `timeout` is {} s",
            run.task.id, run.seconds, evidence.timeout
        ))
    }));
    found
}

fn schedule(evidence: &JobEvidence) -> Option<Cause> {
    match &evidence.schedule {
        Seen::Absent if evidence.scheduled => Some(
            Cause::new("C951", "the job has no schedule")
                .fact("EventBridge Scheduler has no schedule of this name"),
        ),
        Seen::There(schedule) if !schedule.enabled => Some(
            Cause::new("C951", "the job's schedule is switched off")
                .fact(format!("{} is DISABLED", schedule.expression)),
        ),
        Seen::Absent | Seen::Unread | Seen::There(_) => None,
    }
}

fn role(evidence: &JobEvidence) -> Option<Cause> {
    let cause = || Cause::new("C952", "EventBridge Scheduler may not start the job");
    if !evidence.scheduled {
        return None;
    }
    match &evidence.role {
        Seen::Absent => Some(cause().fact("the role that starts jobs does not exist")),
        Seen::There(role) if !role.trusted => {
            Some(cause().fact(format!("{} does not trust scheduler.amazonaws.com", role.name)))
        }
        Seen::There(role) if !role.may_run => {
            Some(cause().fact(format!("{} does not allow ecs:RunTask", role.name)))
        }
        Seen::Unread | Seen::There(_) => None,
    }
}

/// Judges the newest run that has ended, as the tasks of services are judged.
fn last_run(evidence: &JobEvidence) -> Vec<Cause> {
    let Some(last) = evidence.runs.iter().rev().find(|run| run.ended()) else { return Vec::new() };
    if !last.failed() {
        return Vec::new();
    }
    judge(&Evidence {
        intent: Intent {
            service: evidence.job.clone(),
            variables: evidence.variables.clone(),
            ..Intent::default()
        },
        stopped: vec![last.task.clone()],
        logs: evidence.logs.clone(),
        ..Evidence::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(evidence: &JobEvidence) -> Vec<&'static str> {
        judge_job(evidence).iter().map(|cause| cause.code).collect()
    }

    fn run(exit: Option<i32>, code: &str) -> RunEvidence {
        let task = StoppedTask { exit, code: code.to_owned(), ..StoppedTask::default() };
        RunEvidence { task, status: "STOPPED".to_owned(), ..RunEvidence::default() }
    }

    #[test]
    fn what_keeps_a_job_from_starting_comes_first() {
        let role = RoleEvidence { trusted: true, may_run: true, ..RoleEvidence::default() };
        let schedule = ScheduleEvidence { enabled: true, ..ScheduleEvidence::default() };
        let mut job = JobEvidence {
            scheduled: true,
            timeout: 60,
            schedule: Seen::There(schedule),
            role: Seen::There(role),
            ..JobEvidence::default()
        };
        assert!(codes(&job).is_empty());
        job.runs = vec![run(Some(3), "EssentialContainerExited")];
        assert_eq!(codes(&job), ["C303"]);
        job.role = Seen::There(RoleEvidence::default());
        assert_eq!(codes(&job), ["C952", "C303"]);
        job.schedule = Seen::Absent;
        assert_eq!(codes(&job), ["C951", "C952", "C303"]);
    }

    #[test]
    fn only_the_newest_end_counts_and_a_person_may_end_a_run() {
        let mut job = JobEvidence { timeout: 60, ..JobEvidence::default() };
        job.runs = vec![
            run(Some(1), "EssentialContainerExited"),
            run(Some(0), "EssentialContainerExited"),
        ];
        assert!(codes(&job).is_empty());
        job.runs.push(run(Some(143), "UserInitiated"));
        assert!(codes(&job).is_empty());
        job.runs.push(RunEvidence {
            status: "RUNNING".to_owned(),
            seconds: 61,
            ..RunEvidence::default()
        });
        assert_eq!(codes(&job), ["C953"]);
    }
}
