//! Runs a case and judges it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use wharf_apply::Verdict;
use wharf_apply::lease::Value;
use wharf_sandbox::image::{self, App};
use wharf_sandbox::{CallRecord, Options, Sandbox, SimTime};

use crate::account::{self, Inventory, inventory};
use crate::bugs::Bug;
use crate::case::{Broken, Case, Second, TERM};
use crate::process::{End, Goal, Process};
use crate::spec::{APP, REGION, Spec};
use crate::tally::One;
use crate::watch::{self, Watch};
use crate::weather::{Storm, Weather};

/// How often a run may be repeated while things go wrong; then they stop.
const STORMY_RUNS: usize = 12;
/// How long somebody waits between two tries.
const PAUSE: Duration = Duration::from_secs(20);
/// How often a second run that is kept out tries again.
const TRIES: usize = 6;
/// How often the lease may be found held by somebody else.
const MOST_HELD: usize = 400;

/// A case that went wrong.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) what: String,
    pub(crate) log: Vec<String>,
    pub(crate) calls: Vec<CallRecord>,
}

/// What a case did.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) tally: One,
    /// Stands for the whole history of calls.
    pub(crate) history: String,
    /// How its runs ended.
    pub(crate) log: Vec<String>,
}

/// Runs a case on a thread of its own clock.
pub(crate) fn run(case: &Case, bug: Option<Bug>) -> Result<Passed, Failed> {
    // Jitter and idempotency tokens come from here.
    fastrand::seed(case.seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without sockets can be built");
    runtime.block_on(async {
        let mut trial = Trial::new(case, bug);
        let judged = AssertUnwindSafe(Box::pin(trial.run())).catch_unwind().await;
        let result = judged.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            Err(format!("a panic: {}", text.unwrap_or_default()))
        });
        trial.conclude(result)
    })
}

pub(crate) struct Trial<'a> {
    pub(crate) case: &'a Case,
    bug: Option<Bug>,
    pub(crate) sandbox: Sandbox,
    pub(crate) watch: Arc<Watch>,
    pub(crate) foreign: Inventory,
    log: Vec<String>,
    deaths: u64,
    runs: u64,
    began: SimTime,
    /// Whether somebody destroyed, or changed, the stack beside us.
    disturbed: bool,
}

impl<'a> Trial<'a> {
    fn new(case: &'a Case, bug: Option<Bug>) -> Self {
        // Calls that take no time are never under way at once.
        let latency = case.beside.as_ref().map_or(Duration::ZERO, |_| Duration::from_millis(20));
        let sandbox = Sandbox::in_memory(Options { latency, ..Options::default() });
        let began = sandbox.now();
        Self {
            case,
            bug,
            sandbox,
            watch: Arc::default(),
            foreign: Inventory::new(),
            log: Vec::new(),
            deaths: 0,
            runs: 0,
            began,
            disturbed: false,
        }
    }

    fn conclude(self, result: Result<(), String>) -> Result<Passed, Failed> {
        self.sandbox.stop_intercepting();
        let calls = self.sandbox.calls();
        if let Err(what) = result {
            return Err(Failed { what, log: self.log, calls });
        }
        let history = serde_json::to_string(&calls).unwrap_or_default();
        let history = image::digest_of(&format!("{history}{:?}", self.log));
        let disturbed = calls.iter().filter(|call| call.fault.is_some() || call.status >= 500);
        let seen = self.watch.lock();
        let tally = One {
            seed: self.case.seed,
            runs: self.runs,
            calls: calls.len() as u64,
            deaths: self.deaths,
            retries: disturbed.count() as u64,
            faults: crate::weather::faults(&calls),
            done: seen.done.clone(),
            checked: seen.checked.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect(),
            virtual_seconds: self.sandbox.now().since(self.began).as_secs(),
            real_millis: 0,
        };
        drop(seen);
        Ok(Passed { tally, history, log: self.log })
    }

    pub(crate) fn calm(&self) {
        self.sandbox.intercept(Weather::new(&Storm::calm(), None, &self.watch, &self.sandbox));
    }

    pub(crate) fn process(&self, spec: &Spec) -> Process {
        let term = self.case.beside.as_ref().map_or(TERM, |beside| beside.term);
        Process::new(&self.sandbox, spec, &self.watch, self.bug).term(term)
    }

    pub(crate) fn right(&self) -> Result<(), String> {
        let wrong = &self.watch.lock().wrong;
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    async fn run(&mut self) -> Result<(), String> {
        self.settle_in().await?;
        self.calm();
        if let Some(before) = &self.case.before {
            self.converge("before", before, Goal::Apply, &Storm::calm()).await?;
            self.check_applied(before).await?;
        }
        for edit in &self.case.edits {
            self.watch.did(format!("edit: {edit:?}"));
            let seen = self.foreign_or_new();
            self.sandbox.with_world(|world| edit.apply(world));
            self.adopt_new(&seen);
        }
        if let (Some(broken), Some(before)) = (self.case.broken, &self.case.before) {
            self.release_broken(broken, before).await?;
        }
        self.blocked().await?;
        self.abandoned().await?;
        self.change().await?;
        let wanted = &self.case.wanted;
        self.check_applied(wanted).await?;
        self.protected().await?;
        self.kept().await?;
        self.converge("destroy", wanted, Goal::Destroy, &self.case.destroy_storm).await?;
        self.check_destroyed().await
    }

    /// Fills the account with what belongs to others.
    async fn settle_in(&mut self) -> Result<(), String> {
        self.sandbox.with_world(|world| {
            world.region(REGION);
        });
        account::secret(&self.sandbox).await;
        if self.case.generation >= 4 {
            account::role(&self.sandbox).await;
        }
        if self.case.generation >= 7 {
            account::commons(&self.sandbox).await;
        }
        if self.case.neighbours {
            account::neighbours(&self.sandbox).await;
        }
        let other_stack = Spec { app: "notes2x".to_owned(), ..Spec::small() };
        let others =
            [(self.case.other_stack, other_stack), (self.case.other_env, Spec::other_env())];
        for (_, other) in others.iter().filter(|(there, _)| *there) {
            self.watch.did(if other.env.is_some() { "other environment" } else { "other stack" });
            let process = Process::new(&self.sandbox, other, &self.watch, None);
            let end = Box::pin(process.run(Goal::Apply)).await;
            self.expect("other stack", &end, &End::Done)?;
        }
        // Certificates show their records, services become steady, and roles can be assumed.
        tokio::time::sleep(Duration::from_mins(30)).await;
        self.foreign = inventory(&self.sandbox);
        Ok(())
    }

    pub(crate) fn expect(&mut self, what: &str, end: &End, wanted: &End) -> Result<(), String> {
        self.log.push(format!("{what}: {end:?}"));
        self.right()?;
        if end == wanted {
            Ok(())
        } else {
            Err(format!("{what} should have ended {wanted:?}, not {end:?}"))
        }
    }

    /// Applies (or destroys) until that succeeds, whatever goes wrong meanwhile.
    pub(crate) async fn converge(
        &mut self,
        what: &str,
        spec: &Spec,
        goal: Goal,
        storm: &Storm,
    ) -> Result<(), String> {
        let calm = *storm == Storm::calm();
        let meanwhile = self.case.meanwhile.filter(|_| what == "change");
        let uneven = self.case.beside.as_ref().is_some_and(|beside| beside.uneven);
        let (watch, sandbox) = (&self.watch, &self.sandbox);
        let weather = if uneven && what == "change" {
            Weather::uneven(self.case.seed, storm, meanwhile, watch, sandbox)
        } else {
            Weather::new(storm, meanwhile, watch, sandbox)
        };
        self.sandbox.intercept(weather);
        let from = self.sandbox.calls().len();
        let seen = self.foreign_or_new();
        // The run that meets a change by somebody else, and the one that meets what ECS still does about it.
        let mut surprises = 2 * usize::from(meanwhile.is_some());
        if self.disturbed && what == "change" {
            surprises += TRIES;
        }
        let (mut number, mut held) = (0, 0);
        // What is applied first, where that is what the refusal says.
        let mut first = None;
        while number < STORMY_RUNS + 4 && held < MOST_HELD {
            number += 1;
            let stormy = !calm && number <= STORMY_RUNS;
            if number == STORMY_RUNS + 1 {
                self.calm();
            }
            self.runs += 1;
            let process = self.process(first.as_ref().unwrap_or(spec));
            let end = Box::pin(process.run(goal)).await;
            self.log.push(format!("{what} {number} at {}: {end:?}", self.sandbox.now()));
            self.right()?;
            if self.watch.lock().appeared {
                self.adopt_new(&seen);
            }
            let now = inventory(&self.sandbox);
            self.check_foreign_in(&now)?;
            self.check_once(&now)?;
            match end {
                End::TwoApplies if first.is_none() => {
                    self.watch.did("a change in two applies");
                    first = Some(spec.rolling());
                    number -= 1;
                }
                End::Done if first.take().is_some() => number -= 1,
                End::Done if self.quiet(what) => return self.check_order(from),
                End::Done => return Ok(()),
                End::Died => {
                    self.deaths += 1;
                    if self.case.interrupted {
                        self.give_lease_back(&process.holder());
                    }
                }
                End::Held(until) => {
                    // Whoever is kept out waits as long as the other takes.
                    number -= 1;
                    held += 1;
                    let now = u64::try_from(self.sandbox.now().0 / 1000).unwrap_or(0);
                    tokio::time::sleep(Duration::from_secs(until.saturating_sub(now) + 1)).await;
                }
                _ if stormy => {}
                // A change by somebody else may cost one run.
                _ if surprises > 0 => surprises -= 1,
                end => return Err(format!("{what}: nothing went wrong, and yet: {end:?}")),
            }
            if stormy && !self.case.interrupted {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Err(format!("{what} does not converge"))
    }

    /// A release that cannot become healthy must not be taken for a success, nor harm anybody.
    async fn release_broken(&mut self, broken: Broken, before: &Spec) -> Result<(), String> {
        let name = before.services.keys().next_back().cloned().unwrap_or_default();
        let mut spec = before.clone();
        let Some(service) = spec.services.get_mut(&name) else { return Ok(()) };
        self.watch.did(format!("broken release: {broken:?}"));
        "bad".clone_into(&mut service.image);
        let app = match broken {
            Broken::Ill if service.port.is_some() => App { other_paths: 500, ..App::default() },
            _ => App { exit_code: Some(3), exit_after_seconds: 1, ..App::default() },
        };
        let repository = format!("{APP}/{name}");
        self.sandbox.with_world(|world| {
            let platforms = image::both_platforms();
            world.push_image(REGION, &repository, "bad", &platforms, app);
        });
        self.calm();
        let start = self.sandbox.now();
        self.watch.lock().outage_planned = false;
        let end = Box::pin(self.process(&spec).run(Goal::Apply)).await;
        self.log.push(format!("broken release: {end:?}"));
        self.right()?;
        match end {
            End::Failed(Verdict::RolledBack | Verdict::Failed, _) => {}
            // What was changed by hand comes first, and takes an apply of its own.
            End::TwoApplies if !self.case.edits.is_empty() => return Ok(()),
            end => return Err(format!("a broken release ended {end:?}")),
        }
        if self.case.edits.is_empty() { self.check_availability(start) } else { Ok(()) }
    }

    /// The change itself, perhaps with a second apply beside it.
    async fn change(&mut self) -> Result<(), String> {
        let wanted = &self.case.wanted;
        if wanted.services.values().any(|service| service.renamed_from.is_some()) {
            self.watch.did("rename of a service");
        }
        {
            let mut seen = self.watch.lock();
            seen.outage_planned = false;
            let case = self.case;
            seen.harmed = case.abandoned.is_some() || case.edits.iter().any(|edit| edit.harms());
            seen.silent.clear();
            seen.answering = self.sandbox.with_world(watch::answering);
            seen.answering.retain(|name| {
                wanted.services.get(name).is_some_and(|service| service.port.is_some())
            });
        }
        let start = self.sandbox.now();
        let beside = self.case.beside.as_ref().map(|beside| {
            let (sandbox, watch, bug) = (self.sandbox.clone(), Arc::clone(&self.watch), self.bug);
            let (spec, goal) = match &beside.what {
                Second::Same => (wanted.clone(), Goal::Apply),
                Second::Other(other) => (other.as_ref().clone(), Goal::Apply),
                Second::Destroy => (wanted.clone(), Goal::Destroy),
            };
            self.disturbed = beside.what != Second::Same;
            // Whoever applies the same waits for nothing; whoever wants something else insists.
            let tries = if self.disturbed { TRIES } else { 1 };
            let (after, skew, term) = (beside.after, beside.skew, beside.term);
            async move {
                tokio::time::sleep(after).await;
                let mut ends = Vec::new();
                for _ in 0..tries {
                    let process = Process::new(&sandbox, &spec, &watch, bug);
                    let process = process.skewed(skew).term(term);
                    let end = Box::pin(process.run(goal)).await;
                    let done = end == End::Done;
                    ends.push(end);
                    if done {
                        watch.did(format!("a second run ended: {goal:?}"));
                        break;
                    }
                    tokio::time::sleep(Duration::from_secs(31)).await;
                }
                ends
            }
        });
        let seen = self.foreign_or_new();
        match beside {
            None => self.converge("change", wanted, Goal::Apply, &self.case.storm).await?,
            Some(beside) => {
                let storm = &self.case.storm;
                let main = self.converge("change", wanted, Goal::Apply, storm);
                let (main, beside) = futures::join!(main, beside);
                if self.watch.lock().appeared {
                    self.adopt_new(&seen);
                }
                self.log.push(format!("beside: {beside:?}"));
                main?;
                // Whoever came second may have met the storm; a last word settles it.
                self.converge("afterwards", wanted, Goal::Apply, &Storm::calm()).await?;
            }
        }
        if self.watch.lock().unseen {
            // A run ends well although somebody changed something after its last look; the next one sees it.
            self.converge("what came last", wanted, Goal::Apply, &Storm::calm()).await?;
        }
        let harmed = std::mem::take(&mut self.watch.lock().harmed) || self.disturbed;
        let available = self.check_availability(start);
        if harmed { Ok(()) } else { available }
    }

    /// A destroy of what was there is broken off on its way.
    async fn abandoned(&mut self) -> Result<(), String> {
        let (Some(at), Some(before)) = (self.case.abandoned, &self.case.before) else {
            return Ok(());
        };
        self.watch.did("a destroy was broken off");
        let storm = Storm::death(at);
        self.sandbox.intercept(Weather::new(&storm, None, &self.watch, &self.sandbox));
        self.runs += 1;
        let process = self.process(before);
        let end = Box::pin(process.run(Goal::Destroy)).await;
        self.log.push(format!("destroy that is broken off: {end:?}"));
        self.deaths += u64::from(end == End::Died);
        self.give_lease_back(&process.holder());
        self.calm();
        self.right()?;
        self.check_foreign()
    }

    /// Whoever interrupts a run twice leaves everything as it is, but for the lease of that run.
    fn give_lease_back(&self, holder: &str) {
        let held = |value: &str| {
            serde_json::from_str::<Value>(value).is_ok_and(|value| value.holder == holder)
        };
        self.sandbox.with_world(|world| {
            let parameters = &mut world.region(REGION).ssm.parameters;
            parameters.retain(|name, parameter| {
                !name.starts_with("/wharf/notes/lease/") || !held(&parameter.value)
            });
        });
    }

    /// Says whether nothing whatsoever goes wrong in a part of this case.
    fn quiet(&self, what: &str) -> bool {
        let case = self.case;
        match what {
            "before" => true,
            "destroy" => case.destroy_storm == Storm::calm(),
            _ => {
                case.storm == Storm::calm()
                    && case.edits.is_empty()
                    && case.meanwhile.is_none()
                    && case.beside.is_none()
                    && case.broken.is_none()
                    && case.abandoned.is_none()
            }
        }
    }

    fn foreign_or_new(&self) -> Inventory {
        inventory(&self.sandbox)
    }

    /// What somebody else made meanwhile is foreign from now on.
    fn adopt_new(&mut self, seen: &Inventory) {
        for (path, thing) in inventory(&self.sandbox) {
            if path.contains("notes-appeared") && !seen.contains_key(&path) {
                self.foreign.insert(path, thing);
            }
        }
    }
}
