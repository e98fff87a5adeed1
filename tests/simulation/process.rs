//! One run of wharf, put together from the libraries as the command line does it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use wharf_apply::lease::{self, Created, LeaseError, LeaseStore};
use wharf_apply::{Cancel, Event, Verdict};
use wharf_aws::lease::{Claim, LeaseEntry};
use wharf_aws::{Aws, Connect, Transport, Writer};
use wharf_graph::{ErrorClass, Failure, Graph, Provider, Snapshot, StackId};
use wharf_plan::{Plan, Refusal};
use wharf_sandbox::Sandbox;

use crate::account::CANARY;
use crate::budget::Budgeted;
use crate::bugs::{Bug, Wire, Wrapped};
use crate::case::TERM;
use crate::spec::Spec;
use crate::watch::{Phase, Watch};

const STEP: Duration = Duration::from_mins(80);
const TOTAL: Duration = Duration::from_mins(90);
const PATIENCE: Duration = Duration::from_mins(10);

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// Everything is as the spec says; nothing was left to do.
    Done,
    /// Every step succeeded, and yet a second plan is not empty.
    StillDiffers(String),
    /// Some step failed.
    Failed(Verdict, String),
    /// The planner refused.
    Refused(String),
    /// Objects of somebody else are in the way.
    Foreign,
    /// The spec protects what would go.
    Protected,
    /// Something else has to be applied first.
    TwoApplies,
    /// Somebody else holds the lease, until then (seconds since 1970).
    Held(u64),
    /// The lease was lost or could not be had.
    Lease(String),
    /// The process died.
    Died,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Apply,
    Destroy,
}

/// One process.
pub(crate) struct Process {
    sandbox: Sandbox,
    stack: wharf_spec::Stack,
    watch: Arc<Watch>,
    bug: Option<Bug>,
    /// How many seconds the clock of its machine is ahead.
    skew: i64,
    /// How long its leases last.
    term: Duration,
}

impl Process {
    pub(crate) fn new(
        sandbox: &Sandbox,
        spec: &Spec,
        watch: &Arc<Watch>,
        bug: Option<Bug>,
    ) -> Self {
        let text = &spec.text();
        let options = wharf_spec::Options {
            env: spec.env.clone(),
            tool_version: "0.1.0".to_owned(),
            ..wharf_spec::Options::default()
        };
        let parsed = wharf_spec::parse(text, "wharf.yaml", &options)
            .unwrap_or_else(|problems| panic!("{text}\n{}", problems.render(text, false)));
        let (sandbox, watch) = (sandbox.session(), Arc::clone(watch));
        Self { sandbox, stack: parsed.stack, watch, bug, skew: 0, term: TERM }
    }

    /// Sets how many seconds the clock of its machine is ahead.
    pub(crate) fn skewed(self, skew: i64) -> Self {
        Self { skew, ..self }
    }

    /// Sets how long its leases last.
    pub(crate) fn term(self, term: Duration) -> Self {
        Self { term, ..self }
    }

    fn id(&self) -> StackId {
        StackId { app: self.stack.app.clone(), env: self.stack.env.clone() }
    }

    fn is(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Who holds the leases it takes.
    pub(crate) fn holder(&self) -> String {
        format!("run {}", self.sandbox.session_id())
    }

    /// Runs until the end, or the death, of the process.
    pub(crate) async fn run(&self, goal: Goal) -> End {
        let us = self.sandbox.clone();
        tokio::select! {
            biased;
            () = us.died() => End::Died,
            end = self.live(goal) => end,
        }
    }

    async fn live(&self, goal: Goal) -> End {
        self.watch.enter(self.sandbox.session_id(), Phase::Reading);
        let transport: Arc<dyn Transport> =
            Arc::new(Wire::new(Embedded(self.sandbox.clone()), self.bug));
        let to = Connect {
            region: self.stack.region.clone(),
            transport: Some(transport),
            ..Connect::default()
        };
        let aws = Box::pin(Aws::connect(to)).await;
        if self.is(Bug::NoLease) {
            return Box::pin(self.read_and_apply(&aws, goal)).await;
        }
        let store = Parameters { aws: aws.clone(), stack: self.id() };
        let name = self.holder();
        let clock = self.sandbox.clone();
        let skew = self.skew;
        let now = move || u64::try_from(clock.now().0 / 1000 + skew).unwrap_or(0);
        let held = match lease::acquire(&store, &name, &name, now(), self.term).await {
            Ok(held) => held,
            Err(LeaseError::HeldBy { until, .. }) => return End::Held(until),
            Err(error) => return End::Lease(error.to_string()),
        };
        let end = {
            tokio::select! {
                biased;
                end = Box::pin(self.read_and_apply(&aws, goal)) => end,
                lost = lease::keep(&store, held.clone(), &now), if !self.is(Bug::LeaseNotKept) => {
                    return End::Lease(lost.to_string());
                }
            }
        };
        // A lease that cannot be given back expires.
        if !self.is(Bug::LeaseStays) {
            drop(lease::release(&store, &held).await);
        }
        end
    }

    async fn read_and_apply(&self, aws: &Aws, goal: Goal) -> End {
        let snapshot = self.read(aws).await;
        let plan = match self.plan(&snapshot, goal) {
            Ok(plan) => plan,
            Err(end) => return end,
        };
        if self.is(Bug::PlanningWrites) {
            drop(aws.seal(&self.id(), "premature", &BTreeMap::new()).await);
        }
        self.watch.lock().outage_planned |= plan.impact.downtime;
        if plan.is_empty() {
            return self.settle(aws, &snapshot, goal).await;
        }
        self.watch.enter(self.sandbox.session_id(), Phase::Writing);
        let end = self.carry_out(aws, &plan).await;
        self.watch.enter(self.sandbox.session_id(), Phase::Reading);
        if end != End::Done {
            return end;
        }
        let snapshot = self.read(aws).await;
        match self.plan(&snapshot, goal) {
            Ok(second) if second.is_empty() => self.settle(aws, &snapshot, goal).await,
            Ok(second) => End::StillDiffers(told(&second)),
            Err(end) => end,
        }
    }

    async fn carry_out(&self, aws: &Aws, plan: &Plan) -> End {
        let writer: Arc<dyn Provider> = Arc::new(Writer::new(aws.clone(), &self.stack, PATIENCE));
        let wrapped: Arc<dyn Provider> = Arc::new(Wrapped::new(writer, self.bug, &self.sandbox));
        let provider: Arc<dyn Provider> = Arc::new(Budgeted::new(wrapped, &self.stack));
        let mut options = wharf_apply::Options::new(
            wharf_aws::kinds::policy,
            Arc::new(|| "2026-01-01T00:00:00Z".to_owned()),
        );
        options.step_budget = STEP;
        options.total_budget = TOTAL;
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let sink: wharf_apply::Sink = {
            let events = Arc::clone(&events);
            Arc::new(move |event| {
                events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
            })
        };
        let report = wharf_apply::apply(plan, provider, &options, &Cancel::new(), &sink).await;
        let events = std::mem::take(&mut *events.lock().unwrap_or_else(PoisonError::into_inner));
        for event in events {
            self.keep_secret("an event", &serde_json::to_string(&event).unwrap_or_default());
        }
        let failures: Vec<String> =
            report.failures().map(|(step, why)| format!("{}: {why}", step.address)).collect();
        self.keep_secret("a failure", &failures.join("\n"));
        match report.verdict() {
            Verdict::Done => End::Done,
            verdict => End::Failed(verdict, failures.join("; ")),
        }
    }

    fn keep_secret(&self, what: &str, text: &str) {
        self.watch.checked("no secret in an output");
        if text.contains(CANARY) {
            self.watch.lock().wrong.push(format!("the secret's value is in {what}"));
        }
    }

    async fn read(&self, aws: &Aws) -> Snapshot {
        let snapshot = Box::pin(wharf_aws::read(aws, &self.stack)).await;
        self.watch.missed(self.sandbox.session_id(), snapshot.failures.len());
        crate::bugs::bend_snapshot(self.bug, snapshot)
    }

    fn plan(&self, snapshot: &Snapshot, goal: Goal) -> Result<Plan, End> {
        let destroy = goal == Goal::Destroy;
        let graph = if destroy { Graph::default() } else { self.graph(snapshot)? };
        let mut options = wharf_plan::Options::new(self.id());
        options.destroy = destroy;
        options.inputs.destroy = destroy;
        options.protect.clone_from(&self.stack.protect);
        options.renamed = self.stack.renamed();
        if destroy {
            options.keep = wharf_aws::kept(&self.stack, snapshot);
        }
        let snapshot = &crate::bugs::adopt_foreign(self.bug, snapshot.clone(), &graph);
        let plan = match wharf_plan::plan(&graph, snapshot, &options) {
            Ok(plan) => plan,
            Err(Refusal::Foreign(_)) => return Err(End::Foreign),
            Err(Refusal::Protected(_)) => return Err(End::Protected),
            Err(Refusal::TwoApplies(_)) => return Err(End::TwoApplies),
            Err(refusal @ Refusal::Bug(_)) => {
                self.watch.lock().wrong.push(refusal.to_string());
                return Err(End::Refused(refusal.to_string()));
            }
            Err(refusal) => return Err(End::Refused(refusal.to_string())),
        };
        self.watch.checked("the same plan twice");
        let again = wharf_plan::plan(&graph, snapshot, &options).ok();
        if again.as_ref() != Some(&plan) {
            self.watch.lock().wrong.push("the same input gives two plans".to_owned());
        }
        let plan = crate::bugs::bend_plan(self.bug, plan, &self.sandbox);
        self.keep_secret("the plan", &plan.to_json().unwrap_or_default());
        Ok(plan)
    }

    fn graph(&self, snapshot: &Snapshot) -> Result<Graph, End> {
        if !snapshot.failures.is_empty() {
            return Ok(Graph::default());
        }
        let (nodes, problems) = wharf_aws::declare(&self.stack, &snapshot.facts);
        if !problems.is_empty() {
            return Err(End::Refused(format!("{problems:?}")));
        }
        Graph::new(nodes).map_err(|error| End::Refused(error.to_string()))
    }

    /// Nothing is left to do but to note what exists.
    async fn settle(&self, aws: &Aws, snapshot: &Snapshot, goal: Goal) -> End {
        if goal == Goal::Destroy {
            return End::Done;
        }
        let Ok(graph) = self.graph(snapshot) else { return End::Done };
        let seal = graph.seal();
        self.watch.enter(self.sandbox.session_id(), Phase::Writing);
        if snapshot.seal.as_ref() != Some(&seal)
            && let Err(error) = aws.seal(&self.id(), &seal.to_string(), &BTreeMap::new()).await
        {
            return End::Failed(Verdict::Failed, format!("the seal: {error}"));
        }
        End::Done
    }

    /// Returns the addresses the spec stands for, as a calm look at the account gives them.
    pub(crate) async fn addresses(&self) -> Vec<String> {
        let to = Connect {
            region: self.stack.region.clone(),
            transport: Some(Arc::new(Embedded(self.sandbox.clone()))),
            ..Connect::default()
        };
        let aws = Box::pin(Aws::connect(to)).await;
        let snapshot = Box::pin(wharf_aws::read(&aws, &self.stack)).await;
        let (nodes, _) = wharf_aws::declare(&self.stack, &snapshot.facts);
        nodes.iter().map(|node| node.address.to_string()).collect()
    }
}

/// Says what a plan would do, a line each.
fn told(plan: &Plan) -> String {
    let lines: Vec<String> = plan
        .steps
        .iter()
        .map(|step| {
            let paths: Vec<String> =
                step.changes.iter().map(|change| format!("{change:?}")).collect();
            format!("{} {}: {} {}", step.action, step.address, step.reason, paths.join(", "))
        })
        .collect();
    lines.join("\n      ")
}

/// Leads calls into the sandbox.
#[derive(Clone)]
pub(crate) struct Embedded(pub(crate) Sandbox);

impl Transport for Embedded {
    fn call(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, std::io::Error>> {
        let sandbox = self.0.clone();
        Box::pin(async move { Ok(sandbox.try_call(request).await?) })
    }
}

/// Keeps leases as parameters of the account.
struct Parameters {
    aws: Aws,
    stack: StackId,
}

impl LeaseStore for Parameters {
    fn list(&self) -> BoxFuture<'_, Result<Vec<(u64, lease::Value)>, Failure>> {
        Box::pin(async move {
            let entries = wharf_aws::lease::list(&self.aws, &self.stack).await?;
            entries
                .into_iter()
                .map(|entry| {
                    let value = serde_json::from_str(&entry.value)
                        .map_err(|error| Failure::own(ErrorClass::Other, error.to_string()))?;
                    Ok((entry.epoch, value))
                })
                .collect()
        })
    }

    fn create<'a>(
        &'a self,
        epoch: u64,
        value: &'a lease::Value,
    ) -> BoxFuture<'a, Result<Created, Failure>> {
        Box::pin(async move {
            let entry = entry(epoch, value);
            Ok(match wharf_aws::lease::create(&self.aws, &self.stack, &entry).await? {
                Claim::Made => Created::Created,
                Claim::Taken => Created::Exists,
            })
        })
    }

    fn renew<'a>(
        &'a self,
        epoch: u64,
        value: &'a lease::Value,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            Ok(wharf_aws::lease::renew(&self.aws, &self.stack, &entry(epoch, value)).await?)
        })
    }

    fn delete(&self, epoch: u64) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { Ok(wharf_aws::lease::remove(&self.aws, &self.stack, epoch).await?) })
    }
}

fn entry(epoch: u64, value: &lease::Value) -> LeaseEntry {
    LeaseEntry { epoch, value: serde_json::to_string(value).unwrap_or_default() }
}
