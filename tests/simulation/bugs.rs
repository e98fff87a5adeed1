//! Bugs planted at the seams between the libraries, so that the simulation can be seen to catch them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::Value;
use wharf_aws::Transport;
use wharf_graph::{
    Address, ErrorClass, Failure, Graph, Live, Outcome, Provider, Snapshot, StepContext,
};
use wharf_plan::{Action, Op, Part, Plan, Reason};
use wharf_sandbox::Sandbox;

use crate::process::Embedded;

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    DeleteBeforeCreate,
    FailedReadIsAbsence,
    ImpatientDeletes,
    ForeignTakenForOurs,
    NoLease,
    LeaseStays,
    MoveTrafficEarly,
    OldTargetsGoEarly,
    DeleteDoesNotWait,
    CertificateGoesEarly,
    DropDeleteAfter,
    RollbackIsSuccess,
    DeletesByPrefix,
    TaglessCreate,
    PlanningWrites,
    SecretInPlan,
    UpdateForgotten,
    HalfAnUpdate,
    NoMinimumHealthy,
    PruneForgotten,
    CreatesDoNotWait,
    LeaseOverwrites,
    LeaseNotKept,
    SkipListenerWait,
    NewTokenEachTime,
    LeavingIgnored,
    NarrowsEarly,
    RangeStays,
    CountSent,
    ReleaseSkipped,
    ReleaseRunsAgain,
    ScheduleStays,
    AstrayIgnored,
    ShiftForgotten,
    OtherClusterForgotten,
    SuccessorNotAwaited,
}

/// Every bug, with the first seed and the number of seeds within which it must be caught.
pub(crate) const ALL: &[(Bug, u64, u64)] = &[
    (Bug::DeleteBeforeCreate, 1, 10),
    (Bug::FailedReadIsAbsence, 50, 20),
    (Bug::ImpatientDeletes, 8, 20),
    (Bug::ForeignTakenForOurs, 10, 20),
    (Bug::NoLease, 1, 10),
    (Bug::LeaseStays, 1, 5),
    (Bug::MoveTrafficEarly, 20, 10),
    (Bug::OldTargetsGoEarly, 1, 10),
    (Bug::DeleteDoesNotWait, 1, 10),
    (Bug::CertificateGoesEarly, 1, 10),
    (Bug::DropDeleteAfter, 1, 10),
    (Bug::RollbackIsSuccess, 1, 20),
    (Bug::DeletesByPrefix, 1, 10),
    (Bug::TaglessCreate, 1, 5),
    (Bug::PlanningWrites, 1, 5),
    (Bug::SecretInPlan, 1, 5),
    (Bug::UpdateForgotten, 1, 20),
    (Bug::HalfAnUpdate, 8, 20),
    (Bug::NoMinimumHealthy, 1, 5),
    (Bug::PruneForgotten, 20, 20),
    (Bug::CreatesDoNotWait, 1, 20),
    (Bug::LeaseOverwrites, 362, 5),
    (Bug::LeaseNotKept, 55, 5),
    (Bug::SkipListenerWait, 1, 5),
    (Bug::NewTokenEachTime, 800, 5),
    (Bug::LeavingIgnored, 868, 5),
    (Bug::NarrowsEarly, 34, 5),
    (Bug::RangeStays, 1, 5),
    (Bug::CountSent, 16, 5),
    (Bug::ReleaseSkipped, 1, 20),
    (Bug::ReleaseRunsAgain, 130, 5),
    (Bug::ScheduleStays, 175, 5),
    (Bug::AstrayIgnored, 240_252, 5),
    (Bug::ShiftForgotten, 1, 20),
    (Bug::OtherClusterForgotten, 20, 10),
    (Bug::SuccessorNotAwaited, 30982, 1),
];

/// Alters what was read.
pub(crate) fn bend_snapshot(bug: Option<Bug>, mut snapshot: Snapshot) -> Snapshot {
    if bug == Some(Bug::FailedReadIsAbsence) {
        snapshot.failures.clear();
    }
    if bug == Some(Bug::OtherClusterForgotten) {
        for (address, lives) in &mut snapshot.live {
            lives.retain(|live| address.kind() != "service" || live.id.contains(":service/notes/"));
        }
    }
    if bug == Some(Bug::AstrayIgnored) {
        for live in snapshot.live.values_mut().flatten() {
            if let Some(requests) = live.props.get_mut("requests") {
                *requests = "to its tasks".into();
            }
        }
    }
    if bug == Some(Bug::LeavingIgnored) {
        for live in snapshot.live.values_mut().flatten() {
            live.leaving = false;
        }
    }
    snapshot
}

/// Takes what is in the way for the stack's own.
pub(crate) fn adopt_foreign(bug: Option<Bug>, mut snapshot: Snapshot, graph: &Graph) -> Snapshot {
    if bug != Some(Bug::ForeignTakenForOurs) {
        return snapshot;
    }
    for foreign in std::mem::take(&mut snapshot.foreign) {
        let Some(policy) = wharf_aws::kinds::policy(foreign.address.kind()) else { continue };
        let desired = graph.get(&foreign.address);
        snapshot.insert(Live {
            props: desired.map_or(Value::Null, |it| it.props.clone()),
            outputs: [
                ("arn".to_owned(), foreign.id.clone()),
                ("id".to_owned(), foreign.id.clone()),
            ]
            .into(),
            applied: desired.map(wharf_graph::Desired::hash),
            address: foreign.address,
            id: foreign.id,
            policy,
            leaving: false,
        });
    }
    snapshot
}

/// Alters the plan.
pub(crate) fn bend_plan(bug: Option<Bug>, mut plan: Plan, sandbox: &Sandbox) -> Plan {
    let kind = |plan: &Plan, id: &wharf_plan::StepId| {
        plan.step(id).map(|step| step.address.kind().to_owned()).unwrap_or_default()
    };
    match bug {
        Some(Bug::DeleteBeforeCreate) => delete_first(&mut plan),
        Some(Bug::MoveTrafficEarly) => {
            let copy = plan.clone();
            for step in plan.steps.iter_mut().filter(|step| step.part == Some(Part::Move)) {
                step.needs.retain(|need| kind(&copy, need) != "service");
            }
        }
        Some(Bug::OldTargetsGoEarly) => {
            for step in &mut plan.steps {
                if matches!(step.op, Op::Delete { .. })
                    && ["target_group", "service"].contains(&step.address.kind())
                {
                    step.needs.clear();
                }
            }
        }
        Some(Bug::SuccessorNotAwaited) => {
            for step in plan.steps.iter_mut().filter(|step| step.because == Reason::LeftOver) {
                step.needs.clear();
            }
        }
        Some(Bug::NarrowsEarly) => {
            for step in plan.steps.iter_mut().filter(|step| step.part == Some(Part::Narrow)) {
                step.needs.clear();
            }
        }
        Some(Bug::SkipListenerWait) => {
            let copy = plan.clone();
            for step in plan.steps.iter_mut().filter(|step| step.address.kind() == "service") {
                step.needs.retain(|need| !kind(&copy, need).starts_with("listener"));
            }
        }
        Some(Bug::CertificateGoesEarly) => {
            for step in &mut plan.steps {
                if matches!(step.op, Op::Delete { .. }) && step.address.kind() == "certificate" {
                    step.needs.clear();
                }
            }
        }
        Some(Bug::DropDeleteAfter) => {
            for step in plan.steps.iter_mut().filter(|step| matches!(step.op, Op::Delete { .. })) {
                step.needs.clear();
            }
        }
        Some(Bug::PruneForgotten) => {
            let gone: Vec<_> = plan
                .steps
                .iter()
                .filter(|step| step.action == Action::Delete && !plan.inputs.destroy)
                .map(|step| step.id.clone())
                .collect();
            plan.steps.retain(|step| !gone.contains(&step.id));
            for step in &mut plan.steps {
                step.needs.retain(|need| !gone.contains(need));
            }
        }
        Some(Bug::SecretInPlan) => {
            let value = sandbox.with_world(|world| {
                let found = world.parameter(crate::spec::REGION, "/notes/canary");
                found.map(|parameter| parameter.value.clone())
            });
            for step in plan.steps.iter_mut().filter(|it| it.address.kind() == "task_definition") {
                step.note.clone_from(&value);
            }
        }
        _ => {}
    }
    plan
}

/// Turns replacements round: the old object goes before the new one is made.
fn delete_first(plan: &mut Plan) {
    let copy = plan.clone();
    for step in &mut plan.steps {
        if step.action != Action::Replace {
            continue;
        }
        let other = |part: Part| {
            let half =
                copy.steps.iter().find(|it| it.address == step.address && it.part == Some(part));
            half.map(|it| it.id.clone())
        };
        match step.part {
            Some(Part::Delete) => step.needs.clear(),
            Some(Part::Create) => step.needs.extend(other(Part::Delete)),
            _ => {}
        }
    }
}

/// A provider with a bug.
pub(crate) struct Wrapped {
    inner: Arc<dyn Provider>,
    bug: Option<Bug>,
}

impl Wrapped {
    pub(crate) fn new(inner: Arc<dyn Provider>, bug: Option<Bug>, _: &Sandbox) -> Self {
        Self { inner, bug }
    }

    fn is(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn lie(
        &self,
        result: Result<Outcome, Failure>,
        live: Option<&Live>,
    ) -> Result<Outcome, Failure> {
        match result {
            Err(failure)
                if self.is(Bug::RollbackIsSuccess)
                    && matches!(
                        failure.class,
                        ErrorClass::RolledBack | ErrorClass::RolloutFailed
                    ) =>
            {
                let (id, outputs) =
                    live.map(|live| (live.id.clone(), live.outputs.clone())).unwrap_or_default();
                Ok(Outcome::Done { id, outputs })
            }
            result => result,
        }
    }
}

impl Provider for Wrapped {
    fn create<'a>(
        &'a self,
        cx: &'a StepContext,
        address: &'a Address,
        props: &'a Value,
        spec_hash: &'a str,
    ) -> BoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(async move {
            if self.is(Bug::CreatesDoNotWait) && address.kind() == "service" {
                let create = self.inner.create(cx, address, props, spec_hash);
                let waited = tokio::time::timeout(Duration::from_secs(2), create).await;
                let nothing = Outcome::Done { id: String::new(), outputs: BTreeMap::new() };
                return waited.unwrap_or(Ok(nothing));
            }
            if self.is(Bug::ReleaseSkipped) && address.kind() == "release" {
                return Ok(Outcome::Done { id: String::new(), outputs: BTreeMap::new() });
            }
            self.lie(self.inner.create(cx, address, props, spec_hash).await, None)
        })
    }

    fn update<'a>(
        &'a self,
        cx: &'a StepContext,
        live: &'a Live,
        props: &'a Value,
        changed: &'a [String],
        spec_hash: &'a str,
    ) -> BoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(async move {
            let forgotten = match live.address.kind() {
                "load_balancer" => self.is(Bug::UpdateForgotten),
                "release" => self.is(Bug::ReleaseSkipped),
                _ => false,
            };
            if forgotten {
                return Ok(Outcome::Done { id: live.id.clone(), outputs: live.outputs.clone() });
            }
            if self.is(Bug::CountSent) && props.get("count").is_some_and(Value::is_null) {
                let mut sent = props.clone();
                sent["count"] = Value::from(1);
                let changed = [changed, &["count".to_owned()]].concat();
                return self.lie(
                    self.inner.update(cx, live, &sent, &changed, spec_hash).await,
                    Some(live),
                );
            }
            if self.is(Bug::HalfAnUpdate) && changed.len() > 1 {
                let mut half = props.clone();
                if let (Value::Object(half), Value::Object(old)) = (&mut half, &live.props) {
                    for path in &changed[1..] {
                        let top =
                            path.split(['.', '[', '/']).find(|it| !it.is_empty()).unwrap_or(path);
                        if let Some(value) = old.get(top) {
                            half.insert(top.to_owned(), value.clone());
                        }
                    }
                }
                let one = &changed[..1];
                return self
                    .lie(self.inner.update(cx, live, &half, one, spec_hash).await, Some(live));
            }
            self.lie(self.inner.update(cx, live, props, changed, spec_hash).await, Some(live))
        })
    }

    fn delete<'a>(
        &'a self,
        cx: &'a StepContext,
        live: &'a Live,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            if self.is(Bug::ImpatientDeletes) {
                let cx = StepContext { budget: Duration::from_secs(1), ..cx.clone() };
                let limit =
                    tokio::time::timeout(Duration::from_secs(1), self.inner.delete(&cx, live));
                return limit.await.unwrap_or_else(|_| {
                    Err(Failure::own(ErrorClass::InUse, "DependencyViolation"))
                });
            }
            if self.is(Bug::DeleteDoesNotWait) && live.address.kind() == "service" {
                let limit =
                    tokio::time::timeout(Duration::from_secs(1), self.inner.delete(cx, live));
                return limit.await.unwrap_or(Ok(()));
            }
            let stays = match live.address.kind() {
                "scalable_target" => self.is(Bug::RangeStays),
                "schedule" => self.is(Bug::ScheduleStays),
                _ => false,
            };
            if stays {
                return Ok(());
            }
            self.inner.delete(cx, live).await
        })
    }
}

/// A wire with a bug.
pub(crate) struct Wire {
    inner: Embedded,
    bug: Option<Bug>,
    count: AtomicU64,
}

impl Wire {
    pub(crate) fn new(inner: Embedded, bug: Option<Bug>) -> Self {
        Self { inner, bug, count: AtomicU64::default() }
    }
}

impl Transport for Wire {
    fn call(
        &self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, std::io::Error>> {
        let (mut parts, body) = request.into_parts();
        let target = parts.headers.get("x-amz-target").and_then(|it| it.to_str().ok());
        let operation = target.and_then(|it| it.rsplit('.').next()).unwrap_or_default().to_owned();
        let mut body = body;
        let mut extra = None;
        match (self.bug, operation.as_str()) {
            (Some(Bug::NoMinimumHealthy), "UpdateService" | "CreateService") => {
                body = edit(&body, |input| {
                    if let Some(how) = input.get_mut("deploymentConfiguration") {
                        how["minimumHealthyPercent"] = Value::from(0);
                        how["maximumPercent"] = Value::from(100);
                    }
                });
            }
            (Some(Bug::ShiftForgotten), "UpdateService" | "CreateService") => {
                body = edit(&body, |input| {
                    for one in input["loadBalancers"].as_array_mut().into_iter().flatten() {
                        one.as_object_mut().map(|it| it.remove("advancedConfiguration"));
                    }
                });
            }
            (Some(Bug::ReleaseRunsAgain), "RunTask") => {
                let count = self.count.fetch_add(1, Ordering::Relaxed);
                body = edit(&body, |input| input["clientToken"] = Value::from(format!("t{count}")));
            }
            (Some(Bug::DeletesByPrefix), "DeleteLogGroup") => {
                let other = edit(&body, |input| {
                    input["logGroupName"] = Value::from("/wharf/notes2/web");
                });
                extra = Some(other);
            }
            (Some(Bug::TaglessCreate), "CreateLogGroup") => {
                body = edit(&body, |input| {
                    input.as_object_mut().map(|it| it.remove("tags"));
                });
            }
            (Some(Bug::LeaseOverwrites), "PutParameter") => {
                body = edit(&body, |input| input["Overwrite"] = Value::from(true));
            }
            (Some(Bug::NewTokenEachTime), "RequestCertificate") => {
                let count = self.count.fetch_add(1, Ordering::Relaxed);
                body = edit(&body, |input| {
                    input["IdempotencyToken"] = Value::from(format!("t{count}"));
                });
            }
            _ => {}
        }
        parts.headers.remove("content-length");
        let inner = self.inner.clone();
        Box::pin(async move {
            if let Some(other) = extra {
                let mut copy = http::Request::new(other);
                *copy.headers_mut() = parts.headers.clone();
                *copy.method_mut() = parts.method.clone();
                *copy.uri_mut() = parts.uri.clone();
                drop(inner.call(copy).await);
            }
            inner.call(http::Request::from_parts(parts, body)).await
        })
    }
}

fn edit(body: &Bytes, change: impl FnOnce(&mut Value)) -> Bytes {
    let Ok(mut input) = serde_json::from_slice::<Value>(body) else { return body.clone() };
    change(&mut input);
    Bytes::from(input.to_string())
}
