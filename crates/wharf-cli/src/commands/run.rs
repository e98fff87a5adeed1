//! Carrying out a plan, whoever made it: apply and destroy are the same from here on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wharf_apply::{Cancel, Event, EventKind, Report, Verdict};
use wharf_aws::Writer;
use wharf_graph::Snapshot;
use wharf_plan::{Plan, Reason};

use crate::args::Format;
use crate::budget::Budgeted;
use crate::error::CliError;
use crate::exit::Exit;
use crate::origin::origin;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

/// How long a run may take unless told otherwise: a certificate alone may need 75 minutes.
const TOTAL: Duration = Duration::from_mins(90);
/// How long one step may take; services are bound by their own `deploy.timeout`.
const STEP: Duration = Duration::from_mins(80);
/// How long somebody at a terminal is given to push an image.
const PATIENCE: Duration = Duration::from_hours(1);
/// In the sandbox an image appears a few simulated seconds after its repository.
const SANDBOX_PATIENCE: Duration = Duration::from_mins(10);

/// What differs between apply and destroy.
pub(super) struct Options {
    /// How long a step waits for something only a person can provide.
    pub(super) patience: Duration,
    /// Whether a second plan must be empty.
    pub(super) verify: bool,
    /// Whether rollouts of services are left to themselves.
    pub(super) detach: bool,
    /// What the stack is to say of itself.
    pub(super) marks: wharf_aws::tags::Tags,
}

/// Returns how long to wait for an image to be pushed.
pub(super) fn patience(session: &Session, asked: Option<Duration>) -> Duration {
    asked.unwrap_or(if session.global.sandbox.is_some() {
        SANDBOX_PATIENCE
    } else if Ui::can_ask() {
        PATIENCE
    } else {
        Duration::ZERO
    })
}

/// Carries the plan out, shows it happening, and looks again at the end.
pub(super) async fn run(
    session: &Session,
    plan: Plan,
    options: &Options,
) -> Result<Exit, CliError> {
    let origin = origin(session, &plan).await;
    let writer = Writer::new(session.aws.clone(), &session.spec.stack, options.patience)
        .from(origin)
        .marked(options.marks.clone());
    let writer: Arc<dyn wharf_graph::Provider> = Arc::new(writer);
    let provider: Arc<dyn wharf_graph::Provider> =
        Arc::new(Budgeted::new(writer, &session.spec.stack));
    let clock: wharf_apply::Clock = Arc::new(now);
    let mut how = wharf_apply::Options::new(wharf_aws::kinds::policy, clock);
    how.parallelism = session.global.parallelism.into();
    how.detach = options.detach;
    // What a release may take comes on top of what the rest may.
    let release = session.spec.stack.release.as_ref().map_or(0, |task| task.timeout);
    let release = Duration::from_secs(release.into());
    how.step_budget = STEP + release;
    how.total_budget = session.global.timeout.unwrap_or(TOTAL + release);
    let cancel = Cancel::new();
    let rollouts = Rollouts::default();
    let sink = rollouts.counting(view::progress::sink(session.ui, session.global.format, &plan));
    let report = {
        let work = wharf_apply::apply(&plan, provider, &how, &cancel, &sink);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                _ = tokio::signal::ctrl_c() => {
                    cancel.interrupt();
                    if rollouts.under_way() {
                        session.ui.say(
                            "A rollout is under way, and ECS goes on with it whatever becomes of this run; \
                             `wharf cancel` goes back to the release before.",
                        );
                    }
                }
                report = &mut work => break report,
            }
        }
    };
    let exit = conclude(session, &plan, &report, options).await;
    if session.global.format == Format::Json {
        let code = exit.as_ref().map_or_else(|error| error.exit, |exit| *exit);
        end(session, code)?;
    }
    exit
}

async fn conclude(
    session: &Session,
    plan: &Plan,
    report: &Report,
    options: &Options,
) -> Result<Exit, CliError> {
    let text = session.global.format == Format::Text;
    let exit = match report.verdict() {
        Verdict::Done => Exit::Done,
        Verdict::Waiting => Exit::Waiting,
        Verdict::RolledBack => Exit::RolledBack,
        Verdict::Denied => Exit::Denied,
        Verdict::Failed => Exit::Partial,
        Verdict::TimedOut => Exit::TimedOut,
        Verdict::Interrupted => Exit::Interrupted,
    };
    if text || exit != Exit::Done {
        session.ui.say(&view::report::text(plan, report));
    }
    if exit != Exit::Done || !options.verify {
        return Ok(exit);
    }
    let snapshot = session.read().await?;
    let second = session.plan(&snapshot, plan.inputs.destroy)?;
    let left = options.detach && rollouts_only(&second);
    if !second.is_empty() && !left {
        // Whoever does not wait may still look late enough to see that ECS went back.
        if options.detach
            && let Some(failed) = Box::pin(super::wait::gone_back(session, &second)).await
        {
            return Err(failed);
        }
        let mut error = CliError::new(
            Exit::StillDiffers,
            "every step succeeded, but the account still differs from the spec",
        )
        .hint("run `wharf plan` to see it in full; running `wharf apply` again may settle it");
        error.causes = view::plan::lines(&second);
        return Err(error);
    }
    if plan.inputs.destroy {
        return Ok(Exit::Done);
    }
    seal(session, &snapshot, &options.marks).await?;
    if text {
        tell_urls(session, &snapshot)?;
    }
    if left && !second.is_empty() {
        session.ui.say(
            "The rollout goes on by itself: `wharf wait` waits for its end and tells how it ended, \
             `wharf cancel` goes back.",
        );
    }
    Ok(Exit::Done)
}

/// Whether a plan has nothing to do but to see rollouts to their end.
pub(super) fn rollouts_only(plan: &Plan) -> bool {
    plan.steps.iter().all(|step| step.because == Reason::Unseen)
}

/// Notes in the account which resources exist now, so that one that vanishes can be told from one
/// that is new in the spec. A plan for a part of the stack proves nothing about the rest.
pub(super) async fn seal(
    session: &Session,
    snapshot: &Snapshot,
    marks: &wharf_aws::tags::Tags,
) -> Result<(), CliError> {
    let graph = session.graph(snapshot)?;
    let seal = graph.seal();
    let news = snapshot.seal.as_ref() != Some(&seal) || !marks.is_empty();
    if session.global.only.is_empty() && news {
        session.aws.seal(&session.id(), &seal.to_string(), marks).await?;
    }
    Ok(())
}

/// Prints where the services answer.
pub(super) fn tell_urls(session: &Session, snapshot: &Snapshot) -> Result<(), CliError> {
    for record in session.outside_records(snapshot) {
        session.ui.say(&record);
    }
    let urls = session.urls(snapshot);
    if urls.is_empty() {
        return Ok(());
    }
    session.ui.data(&format!("{}\n", urls.join("\n")))
}

/// Writes the event stream of a run that has nothing to do.
pub(super) fn nothing_to_do(session: &Session) -> Result<Exit, CliError> {
    let start = serde_json::json!({
        "t": now(), "type": "start", "format": wharf_apply::FORMAT, "wharf": env!("CARGO_PKG_VERSION"),
        "stack": session.id().to_string(), "region": session.spec.stack.region, "steps": 0,
        "level": "info", "message": "nothing to do",
    });
    session.ui.data(&format!("{start}\n"))?;
    end(session, Exit::Done)?;
    Ok(Exit::Done)
}

fn end(session: &Session, exit: Exit) -> Result<(), CliError> {
    let event = Event {
        t: now(),
        level: wharf_apply::Level::Info,
        message: format!("exit {}", exit.code()),
        kind: EventKind::End { exit: exit.code() },
    };
    let line =
        serde_json::to_string(&event).map_err(|error| CliError::from_error(Exit::Other, &error))?;
    session.ui.data(&format!("{line}\n"))
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Counts the rollouts a run is waiting for.
#[derive(Clone, Debug, Default)]
struct Rollouts(Arc<AtomicUsize>);

impl Rollouts {
    /// Counts while passing events on.
    fn counting(&self, sink: wharf_apply::Sink) -> wharf_apply::Sink {
        let Self(count) = self.clone();
        Arc::new(move |event| {
            match &event.kind {
                EventKind::StepStarted { address, .. } if address.kind() == "service" => {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                EventKind::StepDone { address, .. } | EventKind::StepFailed { address, .. }
                    if address.kind() == "service" =>
                {
                    count.fetch_sub(1, Ordering::Relaxed);
                }
                _ => {}
            }
            sink(event);
        })
    }

    /// Says whether there is one.
    fn under_way(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}
