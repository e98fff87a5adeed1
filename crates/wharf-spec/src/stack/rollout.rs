//! How new revisions replace old ones.

use std::collections::BTreeSet;

/// How new revisions are rolled out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// How requests move from the old revision to the new one.
    pub strategy: Strategy,
    /// CloudWatch alarms that roll a rollout back.
    pub alarms: BTreeSet<String>,
    /// Failed tasks after which a rollout is given up and rolled back.
    pub max_failures: u32,
    /// Seconds a task keeps answering open requests before it is stopped (0 to 3600).
    pub drain: u32,
    /// Seconds a rollout may take.
    pub timeout: u32,
    /// Lowest share of healthy tasks during a rollout, percent of the count.
    pub min_healthy: u32,
    /// Highest share of running tasks during a rollout, percent of the count.
    pub max_running: u32,
}

/// How requests move from the old revision to the new one (ECS API reference,
/// `DeploymentConfiguration`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Task by task.
    Rolling,
    /// All at once, when the new revision stands beside the old one.
    BlueGreen {
        /// Seconds the old revision stays after that.
        bake: u32,
    },
    /// In equal steps.
    Linear {
        /// Percent of the requests moved in each step (3 to 100).
        step: u32,
        /// Seconds between two steps.
        interval: u32,
        /// Seconds the old revision stays after the last one.
        bake: u32,
    },
    /// A few first, then the rest.
    Canary {
        /// Percent of the requests moved first.
        step: u32,
        /// Seconds until the rest follows.
        interval: u32,
        /// Seconds the old revision stays after that.
        bake: u32,
    },
}

impl Strategy {
    /// Returns the seconds a rollout waits by the strategy alone, its steps and what follows them.
    pub fn waits(&self) -> u32 {
        match *self {
            Self::Rolling => 0,
            Self::BlueGreen { bake } => bake,
            Self::Linear { step, interval, bake } => {
                let steps = 100_u32.div_ceil(step.max(1));
                (steps - 1).saturating_mul(interval).saturating_add(bake)
            }
            Self::Canary { interval, bake, .. } => interval.saturating_add(bake),
        }
    }
}
