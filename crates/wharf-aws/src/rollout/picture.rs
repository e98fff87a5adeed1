//! What one look at a service showed, and what follows from it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{ServiceDeploymentLifecycleStage, ServiceDeploymentStatus};

use super::Goal;

/// Looks for which a state that contradicts the change may be an old answer: reads lag behind writes
/// (ECS API reference, eventual consistency).
pub(crate) const PATIENCE: u32 = 6;
/// Looks without a single task or event after which an endpoint other than AWS's counts as one that
/// starts no tasks.
const BARE: u32 = 3;
/// Tasks that stop for the same cause before a rollout counts as doomed.
const SAME: usize = 2;
/// Seconds a new role may take until ECS can assume it (IAM User Guide, eventual consistency).
const ROLE: f64 = 120.0;

/// How far ECS says a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    InProgress,
    Completed,
    Failed,
}

impl State {
    /// Returns ECS's word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// One deployment of a service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) primary: bool,
    pub(crate) definition: String,
    /// Absent on endpoints that do not know it.
    pub(crate) state: Option<State>,
    pub(crate) reason: String,
    pub(crate) desired: u32,
    pub(crate) running: u32,
    pub(crate) pending: u32,
    /// Seconds since 1970; 0 when unknown.
    pub(crate) created: f64,
}

impl Row {
    /// Says whether ECS gave the deployment up.
    pub(crate) fn failed(&self) -> bool {
        self.state == Some(State::Failed)
    }
}

/// How far ECS is with a deployment that moves requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) stage: Option<ServiceDeploymentLifecycleStage>,
    pub(crate) status: Option<ServiceDeploymentStatus>,
    /// Why, as it says.
    pub(crate) reason: String,
}

/// A sentence ECS wrote about the service.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Seconds since 1970.
    pub(crate) at: f64,
    pub(crate) text: String,
}

/// A task that is not stopped.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) definition: String,
    pub(crate) status: String,
}

/// A task that stopped.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stopped {
    pub(crate) task: String,
    pub(crate) definition: String,
    /// Why, as ECS says.
    pub(crate) reason: String,
    /// For example `EssentialContainerExited`.
    pub(crate) code: String,
    pub(crate) exit: Option<i32>,
    /// What the container runtime said.
    pub(crate) container: String,
    /// Seconds since 1970.
    pub(crate) created: f64,
    /// Seconds since 1970.
    pub(crate) ended: f64,
}

impl Stopped {
    /// Says it the way ECS does, in one line.
    pub(crate) fn said(&self) -> String {
        let mut text = if self.reason.is_empty() { self.code.clone() } else { self.reason.clone() };
        if let Some(exit) = self.exit {
            text = format!("{text}, exit code {exit}");
        }
        if !self.container.is_empty() && !text.contains(&self.container) {
            text = format!("{text}, {}", self.container);
        }
        text
    }

    /// Returns what two tasks that stopped for one cause have in common: the reason without what
    /// differs from task to task.
    fn signature(&self) -> String {
        let words = self.reason.split_whitespace().chain(self.container.split_whitespace());
        let same: Vec<&str> = words
            .map(|word| if word.bytes().any(|b| b.is_ascii_digit()) { "#" } else { word })
            .collect();
        format!("{} {:?}", same.join(" "), self.exit)
    }

    /// Says whether the task failed, rather than being stopped by somebody or by a passing shortage.
    pub(crate) fn failed(&self, since: Option<f64>) -> bool {
        let reason = self.reason.to_lowercase();
        let says = |text: &str| reason.contains(text);
        let meant = matches!(
            self.code.as_str(),
            "UserInitiated" | "SpotInterruption" | "TerminationNotice"
        ) || says("scaling activity initiated");
        let passing = says("timeout waiting for network interface")
            || says("timeout waiting for ephemeralstorage")
            || says("capacity is unavailable");
        let role = says("unable to assume the role")
            && since.is_some_and(|since| self.ended - since < ROLE);
        !(meant || passing || role)
    }
}

/// A target of the target group.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: String,
    pub(crate) state: String,
    /// In words.
    pub(crate) description: String,
}

impl Target {
    /// Says what is wrong, unless nothing is or it is on its way out.
    pub(crate) fn trouble(&self) -> Option<String> {
        match self.state.as_str() {
            "healthy" | "draining" | "unhealthy.draining" => None,
            state if self.description.is_empty() => {
                Some(format!("target {}: {state}", self.address))
            }
            state => Some(format!("target {}: {state}, {}", self.address, self.description)),
        }
    }
}

/// What one look at a service showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    pub(crate) status: String,
    /// What the service is set to run.
    pub(crate) definition: String,
    pub(crate) rows: Vec<Row>,
    /// What is waited for, where requests move.
    pub(crate) record: Option<Record>,
    /// Newest first.
    pub(crate) events: Vec<Event>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) stopped: Vec<Stopped>,
    pub(crate) targets: Vec<Target>,
    /// Whether one of the target groups does not exist.
    pub(crate) cut_off: bool,
    /// Whether the lists of tasks could be read.
    pub(crate) tasks_known: bool,
    /// Whether this is an endpoint other than AWS's.
    pub(crate) elsewhere: bool,
}

impl Picture {
    /// Returns the deployment that brings what is wanted.
    pub(crate) fn ours(&self, goal: &Goal) -> Option<&Row> {
        let ours = |row: &&Row| row.definition == goal.definition && !old(goal, row);
        self.rows.iter().filter(ours).max_by_key(|row| row.primary)
    }

    /// Counts the targets that get requests.
    pub(crate) fn healthy(&self) -> u32 {
        let healthy = self.targets.iter().filter(|target| target.state == "healthy").count();
        u32::try_from(healthy).unwrap_or(u32::MAX)
    }

    /// Returns the tasks of this rollout that failed, oldest first.
    pub(crate) fn failures(&self, goal: &Goal) -> Vec<Stopped> {
        let mut failed: Vec<Stopped> = self
            .stopped
            .iter()
            .filter(|stopped| stopped.definition == goal.definition)
            // A task of an earlier try with the same revision stays visible for an hour.
            .filter(|stopped| goal.since.is_none_or(|since| stopped.created >= since))
            .filter(|stopped| stopped.failed(goal.since))
            .cloned()
            .collect();
        failed.sort_by(|one, two| {
            one.ended.total_cmp(&two.ended).then_with(|| one.task.cmp(&two.task))
        });
        failed
    }

    /// Says whether the service is on its way out.
    fn is_leaving(&self) -> bool {
        matches!(self.status.as_str(), "DRAINING" | "INACTIVE")
    }

    /// Says whether there is nothing at all: no task, no event.
    fn bare(&self) -> bool {
        self.tasks_known
            && self.events.is_empty()
            && self.tasks.is_empty()
            && self.stopped.is_empty()
            && !self.status.is_empty()
    }
}

/// What earlier looks showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// Looks in a row at which something else was the primary deployment.
    strange: u32,
    /// Looks in a row at which our deployment had failed.
    failed: u32,
    /// Looks in a row without any task or event.
    bare: u32,
    /// Looks in a row at which the service was on its way out.
    leaving: u32,
    /// Looks in a row at which a target group was not there.
    cut_off: u32,
    /// Tasks that had stopped before the first look: not of this change, where it started no
    /// deployment of its own.
    before: Option<BTreeSet<String>>,
    /// The last trouble a target had: it is deregistered before one can ask again.
    pub(crate) target: Option<String>,
}

impl Memory {
    /// Takes in one look.
    pub(crate) fn remember(&mut self, goal: &Goal, picture: &Picture) {
        let primary = picture.rows.iter().find(|row| row.primary);
        let count =
            |counter: &mut u32, holds: bool| *counter = if holds { *counter + 1 } else { 0 };
        count(&mut self.strange, primary.is_some_and(|row| row.definition != goal.definition));
        let failed =
            |row: &Row| row.definition == goal.definition && row.state == Some(State::Failed);
        count(&mut self.failed, primary.is_some_and(failed));
        count(&mut self.bare, picture.bare());
        count(&mut self.leaving, picture.is_leaving());
        count(&mut self.cut_off, picture.cut_off);
        self.before.get_or_insert_with(|| {
            picture.stopped.iter().map(|stopped| stopped.task.clone()).collect()
        });
        let unhealthy = picture.targets.iter().find(|target| target.state == "unhealthy");
        if let Some(target) = unhealthy.filter(|target| !target.description.is_empty()) {
            self.target = Some(target.description.clone());
        } else if let Some(said) = picture.events.iter().find_map(|event| of_event(goal, event)) {
            self.target = Some(said);
        }
    }
}

/// Finds what the balancer complained of in an event such as `… is unhealthy in (target-group …) due
/// to (reason Health checks failed with these codes: [404])` (ECS Developer Guide, service events).
fn of_event(goal: &Goal, event: &Event) -> Option<String> {
    if goal.since.is_some_and(|since| event.at < since) || !event.text.contains("is unhealthy in") {
        return None;
    }
    let (_, reason) = event.text.split_once("(reason ")?;
    Some(reason.trim_end_matches(['.', ' ']).trim_end_matches(')').to_owned())
}

/// What follows from a look.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The goal is reached.
    Done,
    /// It still can be.
    Going,
    /// ECS goes back to what ran before; why, as it says.
    RolledBack(String),
    /// ECS gave up, and there is nothing to go back to; why, as it says.
    Failed(String),
    /// Tasks keep failing for one cause; the newest of them.
    Doomed(Stopped),
    /// The service is being deleted.
    Gone,
    /// A target group was deleted, so tasks that go there never get a request.
    CutOff,
}

/// Says whether a deployment was made before the one waited for.
fn old(goal: &Goal, row: &Row) -> bool {
    goal.deployment.as_ref().is_some_and(|id| *id != row.id)
        && goal.since.is_some_and(|since| row.created > 0.0 && row.created < since)
}

/// Decides what a look means.
pub(crate) fn decide(goal: &Goal, picture: &Picture, memory: &Memory) -> Verdict {
    // An old answer may still show the service of the same name that was deleted before this one was made.
    if picture.is_leaving() {
        return if memory.leaving >= PATIENCE { Verdict::Gone } else { Verdict::Going };
    }
    // Emulators of AWS that run no tasks would be waited for until the time is up. On AWS, tasks and
    // events are there within seconds, so nothing at all for several looks tells them apart.
    if picture.elsewhere && memory.bare >= BARE && picture.definition == goal.definition {
        return Verdict::Done;
    }
    if let Some(verdict) = picture.record.as_ref().and_then(ended) {
        return verdict;
    }
    let Some(primary) = picture.rows.iter().find(|row| row.primary) else { return Verdict::Going };
    if let Some(reason) = rolled_back(goal, picture, memory, primary) {
        return Verdict::RolledBack(reason);
    }
    if primary.definition != goal.definition || old(goal, primary) {
        return Verdict::Going;
    }
    if primary.state == Some(State::Failed) {
        // With something to go back to, the rollback shows at one of the next looks.
        let soon = goal.had_release && memory.failed < PATIENCE;
        return if soon { Verdict::Going } else { Verdict::Failed(said(primary)) };
    }
    let settled = match primary.state {
        Some(state) => state == State::Completed,
        None => picture.rows.len() == 1,
    };
    let count = goal.count.unwrap_or_else(|| primary.desired.max(goal.at_least));
    let running = primary.desired == count && primary.running == count && primary.pending == 0;
    let served = goal.target_groups.is_empty() || picture.healthy() >= count;
    if settled && running && served {
        return Verdict::Done;
    }
    match doomed(goal, picture, memory) {
        Some(stopped) if !settled => Verdict::Doomed(stopped),
        _ if memory.cut_off >= PATIENCE => Verdict::CutOff,
        _ => Verdict::Going,
    }
}

/// Says how a deployment that moves requests has failed, if it has.
fn ended(record: &Record) -> Option<Verdict> {
    use ServiceDeploymentStatus as Status;
    let reason = match record.reason.trim_end_matches('.') {
        "" => "ECS gave the deployment up".to_owned(),
        reason => reason.to_owned(),
    };
    match record.status {
        Some(
            Status::RollbackRequested | Status::RollbackInProgress | Status::RollbackSuccessful,
        ) => Some(Verdict::RolledBack(reason)),
        Some(Status::RollbackFailed | Status::Stopped) => Some(Verdict::Failed(reason)),
        _ => None,
    }
}

fn said(row: &Row) -> String {
    match row.reason.trim_end_matches('.') {
        "" => "ECS gave the deployment up".to_owned(),
        reason => reason.to_owned(),
    }
}

/// Says why ECS went back, if it did. A primary deployment of another revision alone proves nothing,
/// since the answer may be older than the change.
fn rolled_back(goal: &Goal, picture: &Picture, memory: &Memory, primary: &Row) -> Option<String> {
    let back = |text: &str| text.to_lowercase().contains("rolling back");
    // Where ECS stands at the end of an earlier rollback, and that is what is wanted, it is no news.
    let known = goal.deployment.as_ref() == Some(&primary.id);
    if back(&primary.reason) && !known && !old_reason(goal, primary) {
        let failed = picture.ours(goal).filter(|row| row.state == Some(State::Failed));
        return Some(said(failed.unwrap_or(primary)));
    }
    if primary.definition == goal.definition {
        return None;
    }
    if let Some(failed) = picture.ours(goal).filter(|row| row.state == Some(State::Failed)) {
        return Some(said(failed));
    }
    let since = goal.since.unwrap_or(f64::INFINITY);
    let event = picture.events.iter().find(|event| event.at >= since && back(&event.text));
    if let Some(event) = event {
        return Some(event.text.trim_end_matches('.').to_owned());
    }
    (memory.strange >= PATIENCE).then(|| {
        "the service was set to run another task definition while this one was rolled out"
            .to_owned()
    })
}

/// A deployment that itself once was a rollback keeps saying so; it is no news when it stood there
/// before ours was made and nothing of ours has failed.
fn old_reason(goal: &Goal, primary: &Row) -> bool {
    old(goal, primary) && primary.state == Some(State::Completed)
}

/// Returns the newest of several tasks that failed for the same cause.
fn doomed(goal: &Goal, picture: &Picture, memory: &Memory) -> Option<Stopped> {
    let before = |task: &String| memory.before.as_ref().is_some_and(|all| all.contains(task));
    let mut by_cause: BTreeMap<String, Vec<Stopped>> = BTreeMap::new();
    for stopped in picture.failures(goal).into_iter().filter(|one| !before(&one.task)) {
        by_cause.entry(stopped.signature()).or_default().push(stopped);
    }
    by_cause
        .into_values()
        .filter(|same| same.len() >= SAME)
        .max_by_key(Vec::len)
        .and_then(|same| same.into_iter().last())
}

#[cfg(test)]
#[path = "picture_tests.rs"]
pub(super) mod tests;
