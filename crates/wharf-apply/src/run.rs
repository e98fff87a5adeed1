//! The run: one task owns its state, workers report by message.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use wharf_graph::{Address, Failure, Note, Provider};
use wharf_plan::{Op, Plan, StepId};

use crate::event::{self, Event, EventKind, Level};
use crate::worker::{self, Ended, Job};
use crate::{Cancel, Options, Report, Sink, StepReport, StepState};

/// What workers tell the run.
pub(crate) enum Message {
    /// A step tells what it waits for.
    Note(usize, Note),
    /// A step has ended.
    Ended(usize, Ended),
}

/// The state of a run. Only the task that drives it touches it.
pub(crate) struct Run<'a> {
    plan: &'a Plan,
    provider: Arc<dyn Provider>,
    options: &'a Options,
    sink: &'a Sink,
    /// Per step, those that need it.
    dependents: Vec<Vec<usize>>,
    /// Per step, how many it needs that are not done.
    missing: Vec<usize>,
    free: BTreeSet<usize>,
    running: BTreeMap<usize, Instant>,
    states: Vec<Option<StepState>>,
    millis: Vec<u64>,
    notes: BTreeMap<usize, Note>,
    outputs: BTreeMap<Address, BTreeMap<String, String>>,
    /// What creations of this run arrived at: the kind, AWS's identity, for whom.
    made: BTreeMap<(String, String), Address>,
    began: Instant,
    stopping: bool,
    timed_out: bool,
}

impl<'a> Run<'a> {
    /// Prepares to carry out a plan.
    pub(crate) fn new(
        plan: &'a Plan,
        provider: Arc<dyn Provider>,
        options: &'a Options,
        sink: &'a Sink,
    ) -> Self {
        let places: BTreeMap<&StepId, usize> =
            plan.steps.iter().enumerate().map(|(place, step)| (&step.id, place)).collect();
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        for (place, step) in plan.steps.iter().enumerate() {
            for need in &step.needs {
                if let Some(&need) = places.get(need) {
                    dependents[need].push(place);
                }
            }
        }
        let missing: Vec<usize> = plan.steps.iter().map(|step| step.needs.len()).collect();
        let free = (0..missing.len()).filter(|place| missing[*place] == 0).collect();
        Self {
            plan,
            provider,
            options,
            sink,
            dependents,
            missing,
            free,
            running: BTreeMap::new(),
            states: vec![None; plan.steps.len()],
            millis: vec![0; plan.steps.len()],
            notes: BTreeMap::new(),
            outputs: plan.outputs.clone(),
            made: BTreeMap::new(),
            began: Instant::now(),
            stopping: false,
            timed_out: false,
        }
    }

    /// Runs to the end.
    pub(crate) async fn drive(mut self, cancel: &Cancel) -> Report {
        let (sender, mut messages) = mpsc::unbounded_channel();
        let mut workers = JoinSet::new();
        // A budget beyond what an instant can hold is no budget.
        let far = Duration::from_hours(24 * 365);
        let deadline = self.began + self.options.total_budget.min(far);
        let mut interrupts = cancel.level();
        self.start();
        if interrupts > 0 {
            self.interrupted(interrupts);
        }
        loop {
            self.launch(&mut workers, &sender, deadline);
            if self.running.is_empty() {
                break;
            }
            tokio::select! {
                // What has ended counts before anybody's wish to stop.
                biased;
                Some(message) = messages.recv() => match message {
                    Message::Note(place, note) => self.noted(place, note),
                    Message::Ended(place, ended) => self.ended(place, ended),
                },
                // Reaps what has ended; how it ended came as a message.
                Some(_) = workers.join_next(), if !workers.is_empty() => {}
                level = cancel.beyond(interrupts) => {
                    interrupts = level;
                    self.interrupted(level);
                    if level > 1 {
                        break;
                    }
                }
                () = tokio::time::sleep_until(deadline) => {
                    self.timed_out = true;
                    self.tell(Level::Error, "the time for the whole run is spent", EventKind::TimedOut);
                    break;
                }
            }
        }
        workers.shutdown().await;
        // What ended while the others were dropped has taken effect all the same.
        while let Ok(message) = messages.try_recv() {
            if let Message::Ended(place, ended) = message {
                self.ended(place, ended);
            }
        }
        self.report()
    }

    fn start(&self) {
        let plan = self.plan;
        let count = plan.steps.len();
        self.tell(
            Level::Info,
            format!("{}: {count} steps", plan.stack),
            EventKind::Start {
                format: event::FORMAT.to_owned(),
                wharf: env!("CARGO_PKG_VERSION").to_owned(),
                plan: plan.id.clone(),
                stack: plan.stack.clone(),
                account: plan.account.clone(),
                region: plan.region.clone(),
                steps: count,
            },
        );
    }

    /// Starts what is free, as far as there is room.
    fn launch(
        &mut self,
        workers: &mut JoinSet<()>,
        sender: &mpsc::UnboundedSender<Message>,
        deadline: Instant,
    ) {
        while !self.stopping && self.running.len() < self.options.parallelism.max(1) {
            let Some(place) = self.free.pop_first() else { return };
            let plan = self.plan;
            let step = &plan.steps[place];
            let now = Instant::now();
            let budget = self.options.step_budget.min(deadline.saturating_duration_since(now));
            self.running.insert(place, now);
            self.tell(
                Level::Info,
                format!("{} {}", step.address, event::doing(step)),
                EventKind::StepStarted {
                    step: step.id.clone(),
                    address: step.address.clone(),
                    action: step.action,
                    part: step.part,
                    budget: budget.as_secs(),
                },
            );
            if let Some(owner) = self.taken_over(place) {
                let message = format!("stays: {owner} has taken it over");
                self.noted(place, Note { message, lasting: true, ..Note::default() });
                let outputs = BTreeMap::new();
                self.ended(place, Ok(worker::Result::Done { id: None, outputs }));
                continue;
            }
            let detach = self.options.detach && self.may_be_left(place);
            match Job::new(plan, step, &self.outputs, self.options, budget) {
                Ok(job) => {
                    let job = job.detached(detach);
                    let sender = sender.clone();
                    workers.spawn(worker::work(place, job, Arc::clone(&self.provider), sender));
                }
                Err(failure) => self.ended(place, Err(*failure)),
            }
        }
    }

    /// Returns who has taken over in this run what a step is to delete. AWS gives an object that exists to whoever makes
    /// it once more; a plan from before that was visible still has it among what is left over.
    fn taken_over(&self, place: usize) -> Option<Address> {
        let Op::Delete { live } = &self.plan.steps[place].op else { return None };
        self.made.get(&(live.address.kind().to_owned(), live.id.clone())).cloned()
    }

    /// Whether nothing else of the plan needs what AWS goes on with after this step.
    fn may_be_left(&self, place: usize) -> bool {
        let kind = |place: usize| self.plan.steps[place].address.kind();
        let followers = (self.options.policy)(kind(place)).and_then(|policy| policy.goes_on);
        followers.is_some_and(|followers| {
            self.dependents[place].iter().all(|next| followers.contains(&kind(*next)))
        })
    }

    fn noted(&mut self, place: usize, note: Note) {
        if !self.running.contains_key(&place) || self.notes.get(&place) == Some(&note) {
            return;
        }
        let step = &self.plan.steps[place];
        let kind = EventKind::StepNote {
            step: step.id.clone(),
            address: step.address.clone(),
            details: note.details.clone(),
            lasting: note.lasting,
        };
        self.tell(Level::Info, note.message.clone(), kind);
        self.notes.insert(place, note);
    }

    fn ended(&mut self, place: usize, ended: Ended) {
        let Some(since) = self.running.remove(&place) else { return };
        self.millis[place] = millis(since.elapsed());
        match ended {
            Ok(worker::Result::Done { id, outputs }) => self.done(place, id, outputs),
            Ok(worker::Result::Waiting { what, how }) => self.waits(place, what, how),
            Err(failure) => self.failed(place, failure),
        }
    }

    fn done(&mut self, place: usize, id: Option<String>, outputs: BTreeMap<String, String>) {
        let step = &self.plan.steps[place];
        if let Some(id) = &id {
            if matches!(step.op, Op::Create { .. }) {
                let key = (step.address.kind().to_owned(), id.clone());
                self.made.insert(key, step.address.clone());
            }
            self.outputs.entry(step.address.clone()).or_default().extend(outputs);
        }
        self.tell(
            Level::Info,
            format!("{} {}", step.address, event::did(step)),
            EventKind::StepDone {
                step: step.id.clone(),
                address: step.address.clone(),
                action: step.action,
                part: step.part,
                millis: self.millis[place],
                id,
            },
        );
        self.states[place] = Some(StepState::Done);
        for &next in &self.dependents[place] {
            self.missing[next] -= 1;
            if self.missing[next] == 0 && self.states[next].is_none() {
                self.free.insert(next);
            }
        }
    }

    fn failed(&mut self, place: usize, failure: Failure) {
        let step = &self.plan.steps[place];
        self.tell(
            Level::Error,
            format!("{}: {failure}", step.address),
            EventKind::StepFailed {
                step: step.id.clone(),
                address: step.address.clone(),
                action: step.action,
                part: step.part,
                millis: self.millis[place],
                failure: failure.clone(),
            },
        );
        self.states[place] = Some(StepState::Failed { failure });
        self.skip_dependents(place);
    }

    fn waits(&mut self, place: usize, what: String, how: Vec<String>) {
        let step = &self.plan.steps[place];
        self.tell(
            Level::Warn,
            format!("{} waits: {what}", step.address),
            EventKind::StepWaiting {
                step: step.id.clone(),
                address: step.address.clone(),
                what: what.clone(),
                how: how.clone(),
            },
        );
        self.states[place] = Some(StepState::Waiting { what, how });
        self.skip_dependents(place);
    }

    /// Skips everything that needs a step, over any number of edges, in the order of the plan.
    fn skip_dependents(&mut self, root: usize) {
        let cause = &self.plan.steps[root];
        let mut queue: BTreeSet<usize> = self.dependents[root].iter().copied().collect();
        while let Some(place) = queue.pop_first() {
            if self.states[place].is_some() {
                continue;
            }
            let step = &self.plan.steps[place];
            let message = format!("{} skipped because of {}", step.address, cause.address);
            self.tell(
                Level::Warn,
                message,
                EventKind::StepSkipped {
                    step: step.id.clone(),
                    address: step.address.clone(),
                    action: step.action,
                    because: cause.id.clone(),
                    because_address: cause.address.clone(),
                },
            );
            self.states[place] = Some(StepState::Skipped {
                because: cause.id.clone(),
                because_address: cause.address.clone(),
            });
            self.free.remove(&place);
            queue.extend(self.dependents[place].iter().copied());
        }
    }

    fn interrupted(&mut self, times: u8) {
        self.stopping = true;
        let message = match (times, self.running.len()) {
            (1, running) => format!("stopping when {running} running steps have ended"),
            (_, running) => format!("aborting {running} running steps"),
        };
        self.tell(Level::Warn, message, EventKind::Interrupted { times });
    }

    fn report(mut self) -> Report {
        let running = std::mem::take(&mut self.running);
        let open = self.states.iter().any(Option::is_none);
        let interrupted = self.stopping && (open || !running.is_empty());
        for (place, since) in running {
            self.millis[place] = millis(since.elapsed());
            self.states[place] = Some(StepState::Aborted);
        }
        let states = std::mem::take(&mut self.states);
        let steps = self
            .plan
            .steps
            .iter()
            .zip(states)
            .zip(&self.millis)
            .map(|((step, state), millis)| StepReport {
                id: step.id.clone(),
                address: step.address.clone(),
                action: step.action,
                part: step.part,
                millis: *millis,
                state: state.unwrap_or(StepState::NotStarted),
            })
            .collect();
        let report = Report {
            plan: self.plan.id.clone(),
            steps,
            interrupted,
            timed_out: self.timed_out,
            millis: millis(self.began.elapsed()),
        };
        let (done, failed) = (report.done().count(), report.failures().count());
        let (skipped, waiting) = (report.skipped().count(), report.waiting().count());
        let verdict = report.verdict();
        let level = if failed > 0 { Level::Error } else { Level::Info };
        self.tell(
            level,
            format!("{done} done, {failed} failed, {skipped} skipped, {waiting} waiting"),
            EventKind::Settled { verdict, done, failed, skipped, waiting, millis: report.millis },
        );
        report
    }

    fn tell(&self, level: Level, message: impl Into<String>, kind: EventKind) {
        (self.sink)(Event { t: (self.options.clock)(), level, message: message.into(), kind });
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
