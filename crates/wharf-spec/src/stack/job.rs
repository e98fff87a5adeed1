//! What runs to its end: jobs and the release.

use std::collections::BTreeMap;

use super::{Architecture, Image, SecretRef, Statement};

/// A container that runs to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its key under `jobs`, or `release`.
    pub name: String,
    /// The container image.
    pub image: Image,
    /// CPU units (1024 = one vCPU).
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// CPU architecture.
    pub architecture: Architecture,
    /// Overrides the image's command.
    pub command: Option<Vec<String>>,
    /// Overrides the image's entry point.
    pub entrypoint: Option<Vec<String>>,
    /// User inside the container.
    pub user: Option<String>,
    /// Seconds between SIGTERM and SIGKILL (2 to 120).
    pub stop_timeout: u32,
    /// Plain environment variables.
    pub env: BTreeMap<String, String>,
    /// Variables whose values live elsewhere.
    pub secrets: BTreeMap<String, SecretRef>,
    /// What the task role allows.
    pub permissions: Vec<Statement>,
    /// ARN of a role owned elsewhere that takes the place of the task role.
    pub task_role: Option<String>,
    /// Seconds after which a run that has not ended is stopped.
    pub timeout: u32,
    /// Days logs are kept; `None` means for ever.
    pub log_retention: Option<u32>,
}

/// A task that runs now and then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What runs.
    pub task: Task,
    /// When; `None` means only when somebody asks.
    pub schedule: Option<Schedule>,
    /// How often a run that failed is started again.
    pub retries: u32,
}

/// When something happens, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The times.
    pub timing: Timing,
    /// IANA name of the time zone that a cron expression is read in, for example `Europe/Berlin`.
    pub timezone: String,
}

/// Times of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timing {
    /// At times of the calendar.
    Cron {
        /// Five fields, as written: minute, hour, day of the month, month, day of the week.
        text: String,
        /// The same in six fields, as AWS reads it, without `cron(…)` around it.
        fields: String,
    },
    /// Every so many seconds, a whole number of minutes.
    Rate {
        /// Seconds from one time to the next.
        seconds: u32,
    },
}

impl Schedule {
    /// Writes the schedule as AWS does: `cron(…)` or `rate(…)` (EventBridge Scheduler user guide,
    /// "Schedule types in EventBridge Scheduler").
    pub fn expression(&self) -> String {
        match &self.timing {
            Timing::Cron { fields, .. } => format!("cron({fields})"),
            Timing::Rate { seconds } => {
                let (number, unit) = match seconds {
                    s if s % 86400 == 0 => (s / 86400, "day"),
                    s if s % 3600 == 0 => (s / 3600, "hour"),
                    s => (s / 60, "minute"),
                };
                let plural = if number == 1 { "" } else { "s" };
                format!("rate({number} {unit}{plural})")
            }
        }
    }
}
