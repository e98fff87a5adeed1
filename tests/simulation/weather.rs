//! What goes wrong with calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wharf_sandbox::faults::{After, Before, Call, Change, Fault, FaultPlan, Interceptor, Odds};
use wharf_sandbox::{CallRecord, Sandbox};

use crate::case::BrokenOff;
use crate::draw::Draw;
use crate::edits::Edit;
use crate::needed::Needed;
use crate::watch::Watch;

/// What goes wrong during a phase.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Storm {
    seed: u64,
    odds: Odds,
    /// How many calls random faults last.
    until: u64,
    /// Faults at numbered mutating calls.
    listed: Vec<(u64, Fault)>,
    /// How far back stale reads see.
    lag: Duration,
    /// An operation (by its number among [`OPERATIONS`]) that answers nothing but 5xx for a while.
    outage: Option<(&'static str, Duration)>,
    /// Faults at the n-th call of an operation.
    named: Vec<(&'static str, u64, Fault)>,
}

/// What is made by one call that AWS may have carried out although nobody heard of it.
const CREATING: &[&str] = &[
    "CreateCluster",
    "CreateService",
    "UpdateService",
    "DeleteService",
    "RegisterTaskDefinition",
    "CreateRepository",
    "CreateLogGroup",
    "CreateRole",
    "PutRolePolicy",
    "CreateSecurityGroup",
    "AuthorizeSecurityGroupIngress",
    "CreateLoadBalancer",
    "CreateTargetGroup",
    "CreateListener",
    "ModifyListener",
    "CreateRule",
    "RequestCertificate",
    "RequestCertificate",
    "ChangeResourceRecordSets",
    "PutParameter",
];

/// Reads that may be away for longer than wharf retries.
const OPERATIONS: &[&str] = &[
    "DescribeClusters",
    "DescribeServices",
    "ListServices",
    "DescribeSecurityGroups",
    "DescribeSecurityGroupRules",
    "DescribeLoadBalancers",
    "DescribeTargetGroups",
    "DescribeListeners",
    "DescribeRules",
    "DescribeTags",
    "ListRoles",
    "GetRole",
    "DescribeLogGroups",
    "DescribeRepositories",
    "ListCertificates",
    "ListResourceRecordSets",
    "DescribeTaskDefinition",
    "GetResources",
];

impl Storm {
    /// Says whether reads may not show what was just written.
    pub(crate) fn hides(&self) -> bool {
        self.odds.stale > 0.0 || !self.lag.is_zero()
    }

    pub(crate) fn calm() -> Self {
        Self {
            seed: 0,
            odds: Odds::default(),
            until: 0,
            listed: Vec::new(),
            lag: Duration::ZERO,
            outage: None,
            named: Vec::new(),
        }
    }

    /// The process dies at some point of a destroy, once AWS has carried out a call.
    pub(crate) fn death(at: BrokenOff) -> Self {
        let mut storm = Self::calm();
        match at {
            BrokenOff::Change(at) => storm.listed.push((at, Fault::DieAfter)),
            BrokenOff::Draining => storm.named.push(("DeleteService", 1, Fault::DieAfter)),
        }
        storm
    }

    /// Perhaps another storm, of those that came later.
    pub(crate) fn or_newer(self, draw: &mut Draw) -> Self {
        if !draw.since(2) || !draw.chance(35) {
            return self;
        }
        let mut storm = Self { seed: draw.bits(), ..Self::calm() };
        match draw.below(4) {
            // Every read shows for a while what was before the last writes.
            0 => {
                storm.until = 100 + draw.below(400);
                storm.odds.stale = 1.0;
                storm.lag = Duration::from_secs(1 + draw.below(12));
            }
            // Answers of what creates something are lost.
            _ => {
                for _ in 0..=draw.below(3) {
                    let faults = [
                        Fault::Lose,
                        Fault::ServerErrorAfter,
                        Fault::TimeOutAfter,
                        Fault::DieAfter,
                    ];
                    let nth = 1 + draw.below(2);
                    storm.named.push((*draw.pick(CREATING), nth, *draw.pick(&faults)));
                }
            }
        }
        storm
    }

    pub(crate) fn draw(draw: &mut Draw) -> Self {
        let mut storm = Self { seed: draw.bits(), ..Self::calm() };
        match draw.below(10) {
            0 => return Self::calm(),
            // Something happens at exactly one call.
            1..=4 => {
                let faults = [
                    Fault::Die,
                    Fault::DieAfter,
                    Fault::Die,
                    Fault::DieAfter,
                    Fault::Lose,
                    Fault::ServerErrorAfter,
                    Fault::TimeOutAfter,
                ];
                storm.listed.push((1 + draw.below(45), *draw.pick(&faults)));
                if draw.chance(30) {
                    storm.listed.push((1 + draw.below(60), *draw.pick(&faults)));
                }
            }
            // A bit of everything.
            5..=7 => {
                storm.until = 100 + draw.below(300);
                storm.odds = Odds {
                    throttle: 0.05,
                    server_error: 0.02,
                    reset: 0.02,
                    time_out: 0.004,
                    delay: 0.05,
                    stale: 0.05,
                    die: 0.004,
                    server_error_after: 0.02,
                    lose: 0.03,
                    time_out_after: 0.004,
                    die_after: 0.006,
                    ..Odds::default()
                };
                storm.lag = Duration::from_secs(1 + draw.below(8));
            }
            // Throttling beyond measure.
            8 => {
                storm.until = 300;
                storm.odds = Odds { throttle: 0.3, lose: 0.05, ..Odds::default() };
            }
            // An API is away for longer than anybody retries.
            _ => {
                let length = Duration::from_secs(100 + draw.below(120));
                storm.outage = Some((*draw.pick(OPERATIONS), length));
            }
        }
        storm
    }

    /// Weaker storms.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut list = Vec::new();
        for index in 0..self.listed.len() {
            let mut storm = self.clone();
            storm.listed.remove(index);
            list.push(storm);
        }
        for index in 0..self.named.len() {
            let mut storm = self.clone();
            storm.named.remove(index);
            list.push(storm);
        }
        let mut without = |has: bool, change: &dyn Fn(&mut Self)| {
            if has {
                let mut storm = self.clone();
                change(&mut storm);
                list.push(storm);
            }
        };
        without(self.until > 10, &|it| it.until /= 2);
        without(self.odds.stale > 0.0, &|it| it.odds.stale = 0.0);
        without(self.odds.die > 0.0, &|it| it.odds.die = 0.0);
        without(self.odds.die_after > 0.0, &|it| it.odds.die_after = 0.0);
        without(self.odds.lose > 0.0, &|it| it.odds.lose = 0.0);
        without(self.odds.throttle > 0.0, &|it| it.odds.throttle = 0.0);
        without(self.odds.conflict > 0.0, &|it| it.odds.conflict = 0.0);
        without(self.odds.delay > 0.0, &|it| it.odds.delay = 0.0);
        without(self.odds.server_error > 0.0, &|it| it.odds.server_error = 0.0);
        without(self.odds.server_error_after > 0.0, &|it| it.odds.server_error_after = 0.0);
        without(self.odds.reset > 0.0, &|it| it.odds.reset = 0.0);
        without(self.odds.time_out > 0.0, &|it| it.odds.time_out = 0.0);
        without(self.odds.time_out_after > 0.0, &|it| it.odds.time_out_after = 0.0);
        list
    }

    /// Perhaps the same with others at work on the same things, of which AWS takes one change at a time.
    pub(crate) fn or_crowded(mut self, draw: &mut Draw) -> Self {
        if draw.chance(20) {
            self.seed ^= draw.bits();
            self.odds.conflict = *draw.pick(&[0.05, 0.2, 0.5]);
            self.until = self.until.max(200);
        }
        self
    }

    fn plan(&self) -> FaultPlan {
        let mut plan = FaultPlan::new(self.seed).random(self.odds).until(self.until).lag(self.lag);
        for (index, fault) in &self.listed {
            plan = plan.at_mutating(*index, *fault);
        }
        for (operation, nth, fault) in &self.named {
            plan = plan.at_operation(operation, *nth, *fault);
        }
        plan
    }
}

/// Watches all calls of one phase of a case, and lets things go wrong with them.
pub(crate) struct Weather {
    plan: FaultPlan,
    outage: Option<(&'static str, Duration)>,
    meanwhile: Mutex<Meanwhile>,
    seen: Arc<Watch>,
    sandbox: Sandbox,
    began: Mutex<Option<wharf_sandbox::SimTime>>,
    needed: Mutex<Needed>,
    /// Where the times come from that calls take, if two runs are to overtake each other.
    uneven: Option<u64>,
}

/// What somebody does while wharf is at work: just before which changing call, and what.
pub(crate) type Meanwhile = Option<(u64, Edit)>;

impl Weather {
    pub(crate) fn new(
        storm: &Storm,
        meanwhile: Meanwhile,
        seen: &Arc<Watch>,
        sandbox: &Sandbox,
    ) -> Arc<Self> {
        Arc::new(Self {
            sandbox: sandbox.clone(),
            plan: storm.plan(),
            outage: storm.outage,
            meanwhile: Mutex::new(meanwhile),
            seen: Arc::clone(seen),
            began: Mutex::default(),
            needed: Mutex::new(Needed::new(storm.hides())),
            uneven: None,
        })
    }

    /// The same, with calls that take longer or shorter.
    pub(crate) fn uneven(
        times: u64,
        storm: &Storm,
        meanwhile: Meanwhile,
        seen: &Arc<Watch>,
        sandbox: &Sandbox,
    ) -> Arc<Self> {
        let even = Self::new(storm, meanwhile, seen, sandbox);
        let even = Arc::into_inner(even).expect("nobody else has it yet");
        Arc::new(Self { uneven: Some(times), ..even })
    }
}

impl Interceptor for Weather {
    fn before(&self, call: &Call<'_>) -> Before {
        self.seen.saw(call);
        self.seen.listen(&self.sandbox, call);
        let mut needed = self.needed.lock().unwrap_or_else(PoisonError::into_inner);
        if self.sandbox.with_world(|world| needed.before(call, world)) {
            self.seen.checked("nothing taken that is in use");
        }
        drop(needed);
        let began =
            *self.began.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(call.at);
        if let Some((operation, length)) = self.outage
            && call.operation == operation
            && call.at.since(began) < length
        {
            return Before::ServerError;
        }
        match (self.plan.before(call), self.uneven) {
            // Most are quick, some are not.
            (Before::Pass, Some(times)) => {
                let mut draw = Draw::new(times, 0).aside(&call.index.to_string());
                let most = if draw.chance(25) { 1500 } else { 40 };
                Before::Delay(Duration::from_millis(draw.below(most)))
            }
            (before, _) => before,
        }
    }

    fn after(&self, call: &Call<'_>, answer: &CallRecord) -> After {
        let mut needed = self.needed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wrong) = needed.after(call, answer) {
            self.seen.lock().wrong.push(wrong);
        }
        drop(needed);
        self.plan.after(call, answer)
    }

    fn change(&self, call: &Call<'_>) -> Option<Change> {
        let mut meanwhile = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, edit) = (*meanwhile)?;
        if call.mutating_index != Some(at) {
            return None;
        }
        *meanwhile = None;
        let mut seen = self.seen.lock();
        *seen.done.entry(format!("change meanwhile: {edit:?}")).or_default() += 1;
        seen.appeared |= edit == Edit::NewNeighbour;
        seen.harmed |= edit.harms();
        seen.unseen = true;
        Some(Box::new(move |world| edit.apply(world)))
    }

    fn lag(&self) -> Duration {
        Interceptor::lag(&self.plan)
    }
}

/// Counts of faults by kind.
pub(crate) fn faults(calls: &[CallRecord]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for fault in calls.iter().filter_map(|call| call.fault) {
        *counts.entry(fault.to_owned()).or_default() += 1;
    }
    counts
}

/// Every kind of fault that some hundreds of seeds must have met.
pub(crate) const FAULTS: &[&str] = &[
    "throttle",
    "conflict",
    "server error",
    "reset",
    "time out",
    "delay",
    "stale",
    "death",
    "server error after",
    "reset after",
    "time out after",
    "death after",
];
