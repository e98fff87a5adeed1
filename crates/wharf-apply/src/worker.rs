//! One step in the hands of the provider.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use serde_json::Value;
use tokio::sync::mpsc;
use wharf_graph::input::resolve;
use wharf_graph::props::{short_hash, spec_hash};
use wharf_graph::{Address, ErrorClass, Failure, Live, Outcome, OutputRef, Provider, StepContext};
use wharf_plan::{Op, Plan, Step};

use crate::Options;
use crate::run::Message;

/// How much longer than its budget a step may take to say itself what it waited for.
const GRACE: Duration = Duration::from_secs(5);

/// How a step ended.
pub(crate) type Ended = std::result::Result<Result, Failure>;

/// How a step ended that did not fail.
pub(crate) enum Result {
    Done { id: Option<String>, outputs: BTreeMap<String, String> },
    Waiting { what: String, how: Vec<String> },
}

/// A step with everything it needs, ready to be sent off.
pub(crate) struct Job {
    address: Address,
    token: String,
    budget: Duration,
    /// Whether it is left alone once AWS goes on by itself.
    detach: bool,
    call: Call,
}

/// An operation whose props hold no references any more.
enum Call {
    Create { props: Value, hash: String },
    Update { live: Live, props: Value, changed: Vec<String>, hash: String },
    Delete { live: Live },
}

impl Job {
    /// Resolves the references of a step. One without a value is a bug and never reaches AWS.
    pub(crate) fn new(
        plan: &Plan,
        step: &Step,
        outputs: &BTreeMap<Address, BTreeMap<String, String>>,
        options: &Options,
        budget: Duration,
    ) -> std::result::Result<Self, Box<Failure>> {
        let known =
            |reference: &OutputRef| outputs.get(&reference.of)?.get(&reference.output).cloned();
        let concrete = |props: &Value| {
            resolve(props, &known)
                .map_err(|error| Box::new(bug(format!("{error}; this is a bug in wharf"))))
        };
        let live = |object: &wharf_plan::Object| {
            let kind = object.address.kind();
            (options.policy)(kind)
                .map(|policy| object.to_live(policy))
                .ok_or_else(|| Box::new(bug(format!("this wharf does not know the kind `{kind}`"))))
        };
        // As [`wharf_graph::Desired::hash`] has it.
        let hash = |props: &Value| {
            let policy = (options.policy)(step.address.kind());
            spec_hash(&policy.map_or_else(|| props.clone(), |policy| policy.lasting(props)))
        };
        let call = match &step.op {
            Op::Create { props } => Call::Create { props: concrete(props)?, hash: hash(props) },
            Op::Update { live: object, props, changed } => Call::Update {
                live: live(object)?,
                props: concrete(props)?,
                changed: changed.clone(),
                hash: hash(props),
            },
            Op::Delete { live: object } => Call::Delete { live: live(object)? },
        };
        let token = short_hash(&format!("{} {}", plan.id, step.id), 32);
        Ok(Self { address: step.address.clone(), token, budget, detach: false, call })
    }

    /// The same, to be left alone once AWS goes on by itself, or not.
    pub(crate) fn detached(self, detach: bool) -> Self {
        Self { detach, ..self }
    }
}

fn bug(message: String) -> Failure {
    Failure::own(ErrorClass::Other, message)
}

/// Carries a step out and tells the run how it ended.
pub(crate) async fn work(
    place: usize,
    job: Job,
    provider: Arc<dyn Provider>,
    sender: mpsc::UnboundedSender<Message>,
) {
    let notes = sender.clone();
    let cx = StepContext {
        token: job.token.clone(),
        budget: job.budget,
        detach: job.detach,
        // A run that has stopped listening has no use for notes.
        notes: Arc::new(move |note| drop(notes.send(Message::Note(place, note)))),
    };
    let limit = job.budget.saturating_add(GRACE);
    // A provider that panics is a bug, but must not leave its step open for ever.
    let guarded = AssertUnwindSafe(call(&job, &cx, provider.as_ref())).catch_unwind();
    let ended = match tokio::time::timeout(limit, guarded).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => Err(bug("the step crashed; this is a bug in wharf".to_owned())),
        Err(_) => Err(Failure::own(
            ErrorClass::TimedOut,
            format!("not finished after {} s", job.budget.as_secs()),
        )),
    };
    drop(sender.send(Message::Ended(place, ended)));
}

async fn call(job: &Job, cx: &StepContext, provider: &dyn Provider) -> Ended {
    let outcome = match &job.call {
        Call::Create { props, hash } => provider.create(cx, &job.address, props, hash).await?,
        Call::Update { live, props, changed, hash } => {
            provider.update(cx, live, props, changed, hash).await?
        }
        Call::Delete { live } => {
            provider.delete(cx, live).await?;
            return Ok(Result::Done { id: None, outputs: BTreeMap::new() });
        }
    };
    Ok(match outcome {
        Outcome::Done { id, outputs } => Result::Done { id: Some(id), outputs },
        Outcome::Waiting { what, how } => Result::Waiting { what, how },
    })
}
