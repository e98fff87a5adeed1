//! Causes of jobs that do not run.

use super::{Code, code};

pub(super) const CODES: &[Code] = &[
    code(
        ("C951", "the job's schedule does not start anything"),
        "EventBridge Scheduler has no schedule for the job, or the schedule is switched off: the job runs only by hand.",
        "What the scheduler shows of the schedule: absent, or `DISABLED`.",
        "Run `wharf apply`, which makes the schedule and switches it on.",
    ),
    code(
        ("C952", "the scheduler may not start the job"),
        "EventBridge Scheduler starts a job with a role of the stack. The role is missing, does not trust the scheduler any more, or may not run the job's task definition: every time passes without a task.",
        "The role's trust policy and its permissions.",
        "Run `wharf apply`, which restores the role and what it may do.",
    ),
    code(
        ("C953", "a run takes longer than the job may"),
        "A run that was started by its schedule has gone on for longer than the job's `timeout`. AWS does not end it; `wharf run` would.",
        "When the task was started, and the job's `timeout`.",
        "Look at its log; stop the task, or raise `timeout` if it needs that long.",
    ),
];
