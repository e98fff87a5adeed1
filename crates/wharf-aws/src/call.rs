//! One place through which every AWS call goes: counted, paced, retried until a deadline.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::Instant;
use wharf_graph::ErrorClass;

use crate::error::{AwsError, Retry};
use crate::pace::Pace;
use crate::permissions;

/// Longest pause between two tries of one call.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// First pause. AWS's buckets refill several times a second, so less would be wasted.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A conflict is over as soon as the other change is.
const CONFLICT_BUDGET: Duration = Duration::from_mins(2);

/// Counts calls by operation.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    calls: Mutex<BTreeMap<String, u32>>,
}

impl Counter {
    fn add(&self, operation: &str) {
        let mut calls = self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *calls.entry(operation.to_owned()).or_default() += 1;
    }

    /// Returns how often each operation was called so far.
    pub(crate) fn snapshot(&self) -> BTreeMap<String, u32> {
        self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// Makes calls until they succeed, cannot succeed, or time is up.
///
/// The SDK's own retries are switched off: their token bucket runs dry under sustained throttling,
/// and a deadline is what a person waiting can understand.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) pace: Pace,
    pub(crate) counter: Counter,
    /// How long one call may be retried.
    pub(crate) budget: Duration,
}

impl Caller {
    /// Calls `make` until it answers; `operation` is `service:Operation`.
    pub(crate) async fn call<T, E, F>(
        &self,
        operation: &str,
        make: impl Fn() -> F,
    ) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, SdkError<E, Response>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.retrying(&[], async || self.once(operation, &make).await).await
    }

    /// Calls `make` once: for calls that AWS cannot tell from a repeated one, so that whoever retries
    /// has to look first.
    pub(crate) async fn once<T, E, F>(
        &self,
        operation: &str,
        make: impl Fn() -> F,
    ) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, SdkError<E, Response>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.counter.add(operation);
        make().await.map_err(|error| {
            let error = AwsError::from_sdk(operation, &error);
            // Without a code it is the credentials that are missing, not a permission.
            let refused = error.class == ErrorClass::Denied && error.code.is_some();
            match permissions::hint(operation).filter(|_| refused) {
                Some(hint) => error.hint(hint),
                None => error,
            }
        })
    }

    /// Repeats `attempt` while its error is transient, or while it matches one of `also` (code, text)
    /// within that entry's own time: the propagation and read-after-write delays of each service.
    pub(crate) async fn retrying<T, F>(
        &self,
        also: &[Transient],
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        let start = Instant::now();
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_jitter()
            .without_max_times()
            .build();
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let budget = match error.retry {
                Retry::Throttled | Retry::Server => self.budget,
                Retry::Conflict => CONFLICT_BUDGET,
                Retry::No => match also.iter().find(|transient| transient.matches(&error)) {
                    Some(transient) => transient.budget,
                    None => return Err(error),
                },
            };
            let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
            if self.pace.since(start) + pause > budget {
                return Err(error);
            }
            self.pace.sleep(pause).await;
        }
    }
}

/// An error that passes by itself after a while.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transient {
    /// Error codes; empty matches any.
    pub(crate) codes: &'static [&'static str],
    /// Part of the message; empty matches any.
    pub(crate) text: &'static str,
    /// How long it may last.
    pub(crate) budget: Duration,
}

impl Transient {
    fn matches(&self, error: &AwsError) -> bool {
        (self.codes.is_empty() || error.is(self.codes))
            && (self.text.is_empty() || error.says(self.text))
    }
}
