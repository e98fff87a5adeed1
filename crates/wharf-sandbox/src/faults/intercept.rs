//! The hook every call passes through.

use std::{collections::BTreeMap, fmt, io, sync::Arc, time::Duration};

use serde_json::Value;

use crate::{call_record::CallRecord, time::SimTime, wire::Incoming, world::World};

/// How long a call that times out hangs before its connection breaks, on tokio's clock.
pub const TIME_OUT: Duration = Duration::from_secs(30);

/// A call as an interceptor sees it. Numbers begin at 1 when the interceptor is put in.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Which call it is.
    pub index: u64,
    /// Which of the calls that change things it is; `None` if it only reads.
    pub mutating_index: Option<u64>,
    /// Which call of its service and operation it is.
    pub operation_index: u64,
    /// The signing name of the service.
    pub service: &'a str,
    /// The operation.
    pub operation: &'a str,
    /// Whether the operation is one that changes things.
    pub mutating: bool,
    /// The region the request was signed for.
    pub region: &'a str,
    /// The members of the request, under their wire names.
    pub input: &'a Value,
    /// The session of the handle that was called.
    pub session: u64,
    /// The simulated time.
    pub at: SimTime,
}

/// What becomes of a call before it is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It is carried out.
    Pass,
    /// It is refused with the service's throttling error.
    Throttle,
    /// It is refused because another change of the same thing is under way, if the operation has an
    /// error for that; else it is carried out.
    Conflict,
    /// It is refused with the service's 5xx error.
    ServerError,
    /// The connection breaks.
    Reset,
    /// Nothing happens for [`TIME_OUT`], then the connection breaks.
    TimeOut,
    /// It is carried out after this long, on tokio's clock.
    Delay(Duration),
    /// If it only reads, it sees the state before the last writes, as far back as
    /// [`Interceptor::lag`] says.
    Stale,
    /// The calling process dies: this call and all later ones of its session break.
    Die,
}

/// What becomes of the answer of a call that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It arrives.
    Deliver,
    /// The service's 5xx error arrives instead.
    ServerError,
    /// The connection breaks.
    Lose,
    /// Nothing happens for [`TIME_OUT`], then the connection breaks.
    TimeOut,
    /// The calling process dies: this call and all later ones of its session break.
    Die,
}

/// Something that somebody else does to the world.
pub type Change = Box<dyn FnOnce(&mut World) + Send>;

/// Decides what becomes of calls.
///
/// No lock of the sandbox is held while it decides, so it may call [`crate::Sandbox::with_world`]
/// or end a process.
pub trait Interceptor: Send + Sync {
    /// Decides before the call is carried out.
    fn before(&self, call: &Call<'_>) -> Before;

    /// Decides after the call was carried out; `answer` is what the caller is about to get. Calls
    /// that [`Interceptor::before`] kept from being carried out do not come here.
    fn after(&self, call: &Call<'_>, answer: &CallRecord) -> After {
        let _ = (call, answer);
        After::Deliver
    }

    /// Returns what somebody else does just before this call.
    fn change(&self, call: &Call<'_>) -> Option<Change> {
        let _ = call;
        None
    }

    /// Returns how far back, in simulated time, [`Before::Stale`] reaches.
    fn lag(&self) -> Duration {
        Duration::ZERO
    }
}

/// A call without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The connection was reset.
    #[error("connection reset by the sandbox")]
    Reset,
    /// No answer came in time.
    #[error("no answer from the sandbox in time")]
    TimedOut,
    /// The calling process is meant to be dead.
    #[error("the calling process is dead")]
    Dead,
}

impl From<Broken> for io::Error {
    fn from(broken: Broken) -> Self {
        let kind = match broken {
            Broken::Reset | Broken::Dead => io::ErrorKind::ConnectionReset,
            Broken::TimedOut => io::ErrorKind::TimedOut,
        };
        Self::new(kind, broken)
    }
}

/// An interceptor at work, with its numbers.
#[derive(Clone)]
pub(crate) struct Intercepting {
    pub(crate) by: Arc<dyn Interceptor>,
    calls: u64,
    mutating: u64,
    operations: BTreeMap<(&'static str, &'static str), u64>,
}

impl fmt::Debug for Intercepting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intercepting").field("calls", &self.calls).finish_non_exhaustive()
    }
}

impl Intercepting {
    pub(crate) fn new(by: Arc<dyn Interceptor>) -> Self {
        Self { by, calls: 0, mutating: 0, operations: BTreeMap::new() }
    }

    /// Gives a call its numbers.
    pub(crate) fn number<'a>(
        &mut self,
        incoming: &'a Incoming,
        session: u64,
        at: SimTime,
    ) -> Call<'a> {
        let (service, operation) = (incoming.service, incoming.operation);
        self.calls += 1;
        if operation.mutating {
            self.mutating += 1;
        }
        let of_operation = self.operations.entry((service.name, operation.name)).or_default();
        *of_operation += 1;
        Call {
            index: self.calls,
            mutating_index: operation.mutating.then_some(self.mutating),
            operation_index: *of_operation,
            service: service.name,
            operation: operation.name,
            mutating: operation.mutating,
            region: &incoming.region,
            input: &incoming.input,
            session,
            at,
        }
    }
}
