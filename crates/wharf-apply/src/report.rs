//! How a run ended.

use serde::{Deserialize, Serialize};
use wharf_graph::{Address, ErrorClass, Failure};
use wharf_plan::{Action, Part, StepId};

/// How a run ended, step by step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Id of the plan.
    pub plan: String,
    /// Every step, in the order of the plan.
    pub steps: Vec<StepReport>,
    /// Whether somebody asked to stop before the last step had ended.
    pub interrupted: bool,
    /// Whether the time for the whole run was spent before the last step had ended.
    pub timed_out: bool,
    /// How long the run took, in milliseconds.
    pub millis: u64,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// The step.
    pub id: StepId,
    /// Its resource.
    pub address: Address,
    /// What was to happen to the resource.
    pub action: Action,
    /// Which part of that.
    pub part: Option<Part>,
    /// How long it took, in milliseconds; 0 when it never began.
    pub millis: u64,
    /// How it ended.
    #[serde(flatten)]
    pub state: StepState,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    /// As planned.
    Done,
    /// It did not succeed.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Only somebody outside can go on.
    Waiting {
        /// What is missing.
        what: String,
        /// Commands or records that provide it.
        how: Vec<String>,
    },
    /// It was not carried out because a step it needs was not.
    Skipped {
        /// The step that failed or waits, perhaps several edges away.
        because: StepId,
        /// That step's resource.
        because_address: Address,
    },
    /// It was running when the run was aborted; whether it took effect is unknown.
    Aborted,
    /// It was never begun, because the run stopped.
    NotStarted,
}

/// How a run ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every step is done.
    Done,
    /// Everything that could be done is; the rest waits for somebody outside.
    Waiting,
    /// A rollout failed and the old release is live again.
    RolledBack,
    /// Credentials or permission are missing, and nothing was done.
    Denied,
    /// Some step failed.
    Failed,
    /// The time for the whole run is spent.
    TimedOut,
    /// Somebody asked to stop.
    Interrupted,
}

impl Report {
    /// Returns how the run ended, in one word.
    pub fn verdict(&self) -> Verdict {
        if self.interrupted {
            return Verdict::Interrupted;
        }
        if self.timed_out {
            return Verdict::TimedOut;
        }
        let classes: Vec<ErrorClass> = self.failures().map(|(_, failure)| failure.class).collect();
        if classes.contains(&ErrorClass::RolledBack) {
            return Verdict::RolledBack;
        }
        let nothing_done = self.count(|state| matches!(state, StepState::Done)) == 0;
        if nothing_done && classes.contains(&ErrorClass::Denied) {
            return Verdict::Denied;
        }
        if !classes.is_empty() {
            return Verdict::Failed;
        }
        if self.waiting().next().is_some() {
            return Verdict::Waiting;
        }
        Verdict::Done
    }

    /// Returns the steps that failed, with why.
    pub fn failures(&self) -> impl Iterator<Item = (&StepReport, &Failure)> {
        self.steps.iter().filter_map(|step| match &step.state {
            StepState::Failed { failure } => Some((step, failure)),
            _ => None,
        })
    }

    /// Returns the steps that wait for somebody outside.
    pub fn waiting(&self) -> impl Iterator<Item = &StepReport> {
        self.steps.iter().filter(|step| matches!(step.state, StepState::Waiting { .. }))
    }

    /// Returns the steps that were skipped because of another.
    pub fn skipped(&self) -> impl Iterator<Item = &StepReport> {
        self.steps.iter().filter(|step| matches!(step.state, StepState::Skipped { .. }))
    }

    /// Returns the steps that are done.
    pub fn done(&self) -> impl Iterator<Item = &StepReport> {
        self.steps.iter().filter(|step| matches!(step.state, StepState::Done))
    }

    /// Counts the steps that ended in a certain way.
    pub fn count(&self, how: impl Fn(&StepState) -> bool) -> usize {
        self.steps.iter().filter(|step| how(&step.state)).count()
    }
}
