//! What is remembered of a call.

use serde::Serialize;

use crate::time::SimTime;

/// One call that was made, for tests and benchmarks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallRecord {
    /// The signing name of the service; empty if the request did not say.
    pub service: String,
    /// The operation; empty if the request did not say.
    pub operation: String,
    /// The region; empty if the request did not say.
    pub region: String,
    /// Whether the operation is one that changes things.
    pub mutating: bool,
    /// When it was carried out, in simulated time.
    pub at: SimTime,
    /// The HTTP status of the response.
    pub status: u16,
    /// The error code of the response, if it was an error.
    pub error: Option<String>,
    /// The name of the rule ([`crate::rules`]) the call broke, if it did.
    pub rule: Option<&'static str>,
    /// What went wrong with the call, if anything: `throttle`, `server error`, `reset`,
    /// `time out`, `delay`, `stale`, `death`; with ` after` if it took effect nevertheless. `rate` is a call
    /// over the limit of [`crate::Options::throttling`].
    pub fault: Option<&'static str>,
}
