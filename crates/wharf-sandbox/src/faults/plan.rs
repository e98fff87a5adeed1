//! Faults by list or by seed.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{After, Before, Call, Change, Interceptor};
use crate::{call_record::CallRecord, ids::Ids, world::World};

/// Something that goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused with the service's throttling error.
    Throttle,
    /// Refused because another change of the same thing is under way, where the service has an
    /// error for that; other calls pass.
    Conflict,
    /// A 5xx answer, and nothing happened.
    ServerError,
    /// The connection breaks, and nothing happened.
    Reset,
    /// No answer, and nothing happened.
    TimeOut,
    /// Carried out after this long.
    Delay(Duration),
    /// A read sees the state before the last writes ([`FaultPlan::lag`]).
    Stale,
    /// The calling process dies, and nothing happened.
    Die,
    /// A 5xx answer, but it happened.
    ServerErrorAfter,
    /// The connection breaks, but it happened.
    Lose,
    /// No answer, but it happened.
    TimeOutAfter,
    /// The calling process dies, but it happened.
    DieAfter,
}

impl Fault {
    fn before(self) -> Before {
        match self {
            Self::Throttle => Before::Throttle,
            Self::Conflict => Before::Conflict,
            Self::ServerError => Before::ServerError,
            Self::Reset => Before::Reset,
            Self::TimeOut => Before::TimeOut,
            Self::Delay(time) => Before::Delay(time),
            Self::Stale => Before::Stale,
            Self::Die => Before::Die,
            Self::ServerErrorAfter | Self::Lose | Self::TimeOutAfter | Self::DieAfter => {
                Before::Pass
            }
        }
    }

    fn after(self) -> After {
        match self {
            Self::ServerErrorAfter => After::ServerError,
            Self::Lose => After::Lose,
            Self::TimeOutAfter => After::TimeOut,
            Self::DieAfter => After::Die,
            _ => After::Deliver,
        }
    }
}

/// How likely each fault is for a call, from 0 to 1; the sum is at most 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Odds {
    /// Of [`Fault::Throttle`].
    pub throttle: f64,
    /// Of [`Fault::Conflict`].
    pub conflict: f64,
    /// Of [`Fault::ServerError`].
    pub server_error: f64,
    /// Of [`Fault::Reset`].
    pub reset: f64,
    /// Of [`Fault::TimeOut`].
    pub time_out: f64,
    /// Of [`Fault::Delay`], of up to a second.
    pub delay: f64,
    /// Of [`Fault::Stale`].
    pub stale: f64,
    /// Of [`Fault::Die`].
    pub die: f64,
    /// Of [`Fault::ServerErrorAfter`].
    pub server_error_after: f64,
    /// Of [`Fault::Lose`].
    pub lose: f64,
    /// Of [`Fault::TimeOutAfter`].
    pub time_out_after: f64,
    /// Of [`Fault::DieAfter`].
    pub die_after: f64,
}

/// Which call a listed fault or change hits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Call(u64),
    Mutating(u64),
    Operation(String, u64),
}

impl At {
    /// Returns the keys a call is found under.
    fn of(call: &Call<'_>) -> impl Iterator<Item = Self> {
        let operation = Self::Operation(call.operation.to_owned(), call.operation_index);
        let mutating = call.mutating_index.map(Self::Mutating);
        [Self::Call(call.index), operation].into_iter().chain(mutating)
    }
}

/// Faults that follow a list, or a seed: the same plan does the same to the same calls.
///
/// Every decision depends on nothing but the call's numbers, so a run can be repeated.
pub struct FaultPlan {
    seed: u64,
    listed: BTreeMap<At, Fault>,
    odds: Odds,
    last: u64,
    lag: Duration,
    only: fn(&Call<'_>) -> bool,
    changes: Mutex<BTreeMap<At, Change>>,
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultPlan")
            .field("seed", &self.seed)
            .field("listed", &self.listed)
            .field("odds", &self.odds)
            .field("last", &self.last)
            .field("lag", &self.lag)
            .finish_non_exhaustive()
    }
}

impl FaultPlan {
    /// Returns a plan in which nothing goes wrong yet.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            listed: BTreeMap::new(),
            odds: Odds::default(),
            last: u64::MAX,
            lag: Duration::ZERO,
            only: |_| true,
            changes: Mutex::default(),
        }
    }

    /// Puts a fault into the n-th call, counted from 1.
    #[must_use]
    pub fn at(mut self, index: u64, fault: Fault) -> Self {
        self.listed.insert(At::Call(index), fault);
        self
    }

    /// Puts a fault into the n-th call that changes things, counted from 1.
    #[must_use]
    pub fn at_mutating(mut self, index: u64, fault: Fault) -> Self {
        self.listed.insert(At::Mutating(index), fault);
        self
    }

    /// Puts a fault into the n-th call of an operation, counted from 1.
    #[must_use]
    pub fn at_operation(mut self, operation: &str, index: u64, fault: Fault) -> Self {
        self.listed.insert(At::Operation(operation.to_owned(), index), fault);
        self
    }

    /// Puts random faults into calls without a listed one.
    #[must_use]
    pub fn random(mut self, odds: Odds) -> Self {
        self.odds = odds;
        self
    }

    /// Ends random faults after this many calls, so that what can converge does.
    #[must_use]
    pub fn until(mut self, last: u64) -> Self {
        self.last = last;
        self
    }

    /// Limits random faults to some calls.
    #[must_use]
    pub fn only(mut self, only: fn(&Call<'_>) -> bool) -> Self {
        self.only = only;
        self
    }

    /// Sets how far back, in simulated time, stale reads see.
    #[must_use]
    pub fn lag(mut self, lag: Duration) -> Self {
        self.lag = lag;
        self
    }

    /// Lets somebody else change the world just before the n-th call, counted from 1.
    #[must_use]
    pub fn change_at(self, index: u64, change: impl FnOnce(&mut World) + Send + 'static) -> Self {
        self.change(At::Call(index), Box::new(change))
    }

    /// Lets somebody else change the world just before the n-th call that changes things.
    #[must_use]
    pub fn change_at_mutating(
        self,
        index: u64,
        change: impl FnOnce(&mut World) + Send + 'static,
    ) -> Self {
        self.change(At::Mutating(index), Box::new(change))
    }

    /// Lets somebody else change the world just before the n-th call of an operation.
    #[must_use]
    pub fn change_at_operation(
        self,
        operation: &str,
        index: u64,
        change: impl FnOnce(&mut World) + Send + 'static,
    ) -> Self {
        self.change(At::Operation(operation.to_owned(), index), Box::new(change))
    }

    fn change(self, at: At, change: Change) -> Self {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).insert(at, change);
        self
    }

    /// Returns what goes wrong with a call.
    pub fn fault(&self, call: &Call<'_>) -> Option<Fault> {
        let listed = At::of(call).find_map(|at| self.listed.get(&at).copied());
        listed.or_else(|| {
            (call.index <= self.last && (self.only)(call)).then(|| self.draw(call.index)).flatten()
        })
    }

    fn draw(&self, index: u64) -> Option<Fault> {
        // Mixing the seed first keeps the draws of neighbouring seeds apart.
        let mut bits = Ids::new(Ids::new(self.seed).bits() ^ index);
        let mut point = unit(bits.bits());
        let delay = Duration::from_millis(bits.bits() % 1000);
        let odds = &self.odds;
        [
            (odds.throttle, Fault::Throttle),
            (odds.server_error, Fault::ServerError),
            (odds.reset, Fault::Reset),
            (odds.time_out, Fault::TimeOut),
            (odds.delay, Fault::Delay(delay)),
            (odds.stale, Fault::Stale),
            (odds.die, Fault::Die),
            (odds.server_error_after, Fault::ServerErrorAfter),
            (odds.lose, Fault::Lose),
            (odds.time_out_after, Fault::TimeOutAfter),
            (odds.die_after, Fault::DieAfter),
            (odds.conflict, Fault::Conflict),
        ]
        .into_iter()
        .find_map(|(odds, fault)| {
            point -= odds;
            (point < 0.0).then_some(fault)
        })
    }
}

/// Maps bits to a number from 0 to below 1.
fn unit(bits: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
    let number = (bits >> 11) as f64;
    number / 9_007_199_254_740_992.0
}

impl Interceptor for FaultPlan {
    fn before(&self, call: &Call<'_>) -> Before {
        self.fault(call).map_or(Before::Pass, Fault::before)
    }

    fn after(&self, call: &Call<'_>, _: &CallRecord) -> After {
        self.fault(call).map_or(After::Deliver, Fault::after)
    }

    fn change(&self, call: &Call<'_>) -> Option<Change> {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        At::of(call).find_map(|at| changes.remove(&at))
    }

    fn lag(&self) -> Duration {
        self.lag
    }
}
