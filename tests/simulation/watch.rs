//! A watch over who makes which call, and over who still answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wharf_sandbox::Sandbox;
use wharf_sandbox::faults::Call;
use wharf_sandbox::world::World;

use crate::spec::{APP, REGION};

/// What a process is allowed to do at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It reads and plans.
    Reading,
    /// It carries a plan out.
    Writing,
}

/// What was seen over the whole case.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    inner: Mutex<Seen>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Default)]
pub(crate) struct Seen {
    phases: BTreeMap<u64, Phase>,
    /// How many reads failed when a session last looked.
    missed: BTreeMap<u64, usize>,
    /// The sessions in the order in which they changed things, without repetition.
    writers: Vec<u64>,
    pub(crate) wrong: Vec<String>,
    /// What was done to the stack besides faults, and how often; what was checked, and how often.
    pub(crate) done: BTreeMap<String, u64>,
    pub(crate) checked: BTreeMap<&'static str, u64>,
    /// Objects that are not the stack's and appeared meanwhile.
    pub(crate) appeared: bool,
    /// Whether every plan so far promised that users notice nothing.
    pub(crate) outage_planned: bool,
    /// Edits that were made meanwhile.
    pub(crate) harmed: bool,
    /// Whether the last of those came after the last look at the account began.
    pub(crate) unseen: bool,
    /// Services that answer and are to go on answering.
    pub(crate) answering: BTreeSet<String>,
    /// Those that did not, and when.
    pub(crate) silent: Vec<String>,
}

impl Watch {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Seen> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(&self, session: u64, phase: Phase) {
        let mut seen = self.lock();
        seen.phases.insert(session, phase);
        seen.unseen &= phase != Phase::Reading;
        if phase == Phase::Writing {
            *seen.checked.entry("nothing written after a failed read").or_default() += 1;
            if let Some(count) = seen.missed.get(&session).copied().filter(|count| *count > 0) {
                seen.wrong.push(format!("a run goes on although {count} reads failed"));
            }
        }
    }

    /// Notes how many reads of the newest look at the account failed.
    pub(crate) fn missed(&self, session: u64, count: usize) {
        self.lock().missed.insert(session, count);
    }

    /// Looks whether every service that answered still does.
    pub(crate) fn listen(&self, sandbox: &Sandbox, call: &Call<'_>) {
        let mut seen = self.lock();
        if seen.answering.is_empty() {
            return;
        }
        *seen.checked.entry("services answer").or_default() += 1;
        let now = sandbox.with_world(answering);
        let gone: Vec<String> = seen.answering.difference(&now).cloned().collect();
        for name in gone {
            seen.answering.remove(&name);
            seen.silent.push(format!("{name} has no healthy target at {}", call.at));
        }
    }

    /// Counts something that was done.
    pub(crate) fn did(&self, what: impl Into<String>) {
        *self.lock().done.entry(what.into()).or_default() += 1;
    }

    /// Counts something that was checked.
    pub(crate) fn checked(&self, what: &'static str) {
        *self.lock().checked.entry(what).or_default() += 1;
    }

    pub(crate) fn saw(&self, call: &Call<'_>) {
        // Leases are the one thing that is written while planning, and by whoever contends.
        if !call.mutating || call.service == "ssm" {
            return;
        }
        let mut seen = self.lock();
        *seen.checked.entry("a change by who may write").or_default() += 1;
        let phase = seen.phases.get(&call.session).copied();
        if phase == Some(Phase::Reading) {
            seen.wrong.push(format!("{} while reading and planning", call.operation));
        }
        if seen.writers.last() != Some(&call.session) {
            if seen.writers.contains(&call.session) {
                let what = format!(
                    "{} by session {} interleaves with another run",
                    call.operation, call.session
                );
                seen.wrong.push(what);
            }
            seen.writers.push(call.session);
        }
    }
}

/// Returns the stack's services whose targets some listener leads to and of which one is healthy.
pub(crate) fn answering(world: &mut World) -> BTreeSet<String> {
    let elb = &world.region(REGION).elbv2;
    let groups = elb.target_groups.values().filter(|group| {
        let ours = group.tags.get("wharf:app").is_some_and(|app| app == APP);
        ours && group.has_healthy() && elb.balancer_of(&group.arn).is_some()
    });
    let names = groups.filter_map(|group| group.tags.get("wharf:resource")?.split_once('.'));
    // Where requests move between two groups, either may have the tasks.
    names.map(|(_, name)| name.trim_end_matches("/alternate").to_owned()).collect()
}
