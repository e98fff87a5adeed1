//! What happens during a run, one thing at a time.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wharf_graph::{Address, Failure};
use wharf_plan::{Action, Op, Part, Step, StepId};

use crate::Verdict;

/// Version of the events. Minor additions never break a reader.
pub const FORMAT: &str = "wharf.events/1";

/// Receives events in the order in which they happen.
pub type Sink = Arc<dyn Fn(Event) + Send + Sync>;

/// Tells the time for [`Event::t`], as RFC 3339. Injected, so that tests own time.
pub type Clock = Arc<dyn Fn() -> String + Send + Sync>;

/// Something that happened. A reader that does not know `type` prints `message`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When, as RFC 3339.
    pub t: String,
    /// How serious it is.
    pub level: Level,
    /// One line for people.
    pub message: String,
    /// What, as data.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// How serious an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As expected.
    Info,
    /// Not as hoped.
    Warn,
    /// Failed.
    Error,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// The run begins. Always the first event.
    Start {
        /// [`FORMAT`].
        format: String,
        /// Version of wharf.
        wharf: String,
        /// Id of the plan.
        plan: String,
        /// Name of the stack.
        stack: String,
        /// Account id.
        account: String,
        /// Region.
        region: String,
        /// Number of steps.
        steps: usize,
    },
    /// A step begins.
    StepStarted {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// What happens to the resource.
        action: Action,
        /// Which part of that.
        part: Option<Part>,
        /// How long the step may take, in seconds.
        budget: u64,
    },
    /// A step tells what it waits for.
    StepNote {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// Further lines.
        details: Vec<String>,
        /// Whether it matters after the step as well.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        lasting: bool,
    },
    /// A step is done.
    StepDone {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// What happened to the resource.
        action: Action,
        /// Which part of that.
        part: Option<Part>,
        /// How long it took, in milliseconds.
        millis: u64,
        /// AWS's identity of the object; `None` when it was deleted.
        id: Option<String>,
    },
    /// A step failed.
    StepFailed {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// What happens to the resource.
        action: Action,
        /// Which part of that.
        part: Option<Part>,
        /// How long it took, in milliseconds.
        millis: u64,
        /// Why.
        failure: Failure,
    },
    /// A step is not carried out because one it needs was not.
    StepSkipped {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// What would have happened to the resource.
        action: Action,
        /// The step that failed or waits.
        because: StepId,
        /// That step's resource.
        because_address: Address,
    },
    /// A step can only go on when somebody outside does something.
    StepWaiting {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// What is missing.
        what: String,
        /// Commands or records that provide it.
        how: Vec<String>,
    },
    /// Somebody asked to stop.
    Interrupted {
        /// How often by now: the first finishes what runs, the second aborts it.
        times: u8,
    },
    /// The time for the whole run is spent.
    TimedOut,
    /// The last step has ended. What follows is verification.
    Settled {
        /// How it ended.
        verdict: Verdict,
        /// Steps done.
        done: usize,
        /// Steps failed.
        failed: usize,
        /// Steps skipped.
        skipped: usize,
        /// Steps waiting for somebody outside.
        waiting: usize,
        /// How long the run took, in milliseconds.
        millis: u64,
    },
    /// The command ends. Always the last event; whoever owns the exit code sends it.
    End {
        /// The exit code.
        exit: u8,
    },
}

/// Says what a step is doing, for people.
pub(crate) fn doing(step: &Step) -> &'static str {
    match (&step.op, step.part) {
        (Op::Create { .. }, _) => "creating",
        (Op::Update { .. }, Some(Part::Attach)) => "attaching",
        (Op::Update { .. }, Some(Part::Join)) => "joining the new target",
        (Op::Update { .. }, Some(Part::Move)) => "moving traffic",
        (Op::Update { .. }, Some(Part::Release)) => "releasing the old target",
        (Op::Update { .. }, Some(Part::Widen)) => "granting what is new",
        (Op::Update { .. }, Some(Part::Narrow)) => "taking away what is not needed",
        (Op::Update { .. }, _) => "updating",
        (Op::Delete { .. }, _) => "deleting",
    }
}

/// Says what a step did, for people.
pub(crate) fn did(step: &Step) -> &'static str {
    match (&step.op, step.part) {
        (Op::Create { .. }, _) => "created",
        (Op::Update { .. }, Some(Part::Attach)) => "attached",
        (Op::Update { .. }, Some(Part::Join)) => "joined the new target",
        (Op::Update { .. }, Some(Part::Move)) => "traffic moved",
        (Op::Update { .. }, Some(Part::Release)) => "released the old target",
        (Op::Update { .. }, Some(Part::Widen)) => "granted what is new",
        (Op::Update { .. }, Some(Part::Narrow)) => "took away what is not needed",
        (Op::Update { .. }, _) => "updated",
        (Op::Delete { .. }, _) => "deleted",
    }
}
