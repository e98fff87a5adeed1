//! Holding the stack's lease while something is done to it.

use std::time::Duration;

use futures::future::BoxFuture;
use wharf_apply::lease::{Created, LeaseError, LeaseStore, Value, acquire, keep, release};
use wharf_aws::lease::{self, Claim, LeaseEntry};
use wharf_aws::{Aws, AwsError};
use wharf_graph::{ErrorClass, Failure, StackId};

use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;

/// How long a lease outlives a holder that died, unless told otherwise. Renewed three times as often.
const TERM: Duration = Duration::from_secs(90);
/// Terms that make sense, in seconds: expiry is written in whole ones, and clocks differ.
const TERMS: std::ops::RangeInclusive<u64> = 2..=86_400;
/// The variable that says otherwise.
const TERM_VARIABLE: &str = "WHARF_LEASE_TERM";

/// Does `work` while holding the lease of the session's stack, and gives the lease back at the end.
pub(crate) async fn holding(
    session: &Session,
    work: impl Future<Output = Result<Exit, CliError>>,
) -> Result<Exit, CliError> {
    let store = Parameters { aws: session.aws.clone(), stack: session.id() };
    let nonce = nonce();
    let held = acquire(&store, &holder(), &nonce, now(), term()?).await?;
    let result = {
        let clock: &(dyn Fn() -> u64 + Send + Sync) = &now;
        tokio::select! {
            result = work => result,
            lost = keep(&store, held.clone(), clock) => return Err(lost.into()),
        }
    };
    match release(&store, &held).await {
        // What was done is done; a lease that stays behind expires by itself.
        Err(LeaseError::Store(failure)) if result.is_ok() => {
            session.ui.say(&format!(
                "The lease could not be given back ({failure}); it expires by itself."
            ));
            result
        }
        _ => result,
    }
}

/// Removes a lease whose holder died, if there is one; says who holds it if the holder lives.
pub(crate) async fn sweep(session: &Session) -> Result<(), CliError> {
    if lease::list(&session.aws, &session.id()).await.map_err(Failure::from)?.is_empty() {
        return Ok(());
    }
    holding(session, async { Ok(Exit::Done) }).await.map(drop)
}

/// How long a lease outlives a holder that died. Every machine that applies the stack should say the
/// same, and it has to be longer than their clocks differ.
fn term() -> Result<Duration, CliError> {
    let Some(text) = std::env::var_os(TERM_VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(TERM);
    };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    match seconds.filter(|seconds| TERMS.contains(seconds)) {
        Some(seconds) => Ok(Duration::from_secs(seconds)),
        None => Err(CliError::new(
            Exit::Usage,
            format!("{TERM_VARIABLE} is `{}`, which is no term for a lease", text.display()),
        )
        .hint(format!("give whole seconds from {} to {}", TERMS.start(), TERMS.end()))),
    }
}

/// Says who this is, for whoever has to wait.
fn holder() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user =
        variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "somebody".to_owned());
    let host = variable("HOSTNAME")
        .or_else(|| {
            std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned())
        })
        .unwrap_or_else(|| "some machine".to_owned());
    let ci = variable("GITHUB_RUN_ID")
        .or_else(|| variable("CI_JOB_ID"))
        .map(|id| format!(", CI run {id}"))
        .unwrap_or_default();
    format!("{user}@{host} (process {}{ci})", std::process::id())
}

/// Tells two runs of one person apart.
fn nonce() -> String {
    let moment = jiff::Timestamp::now().as_nanosecond();
    wharf_graph::props::short_hash(&format!("{moment} {}", std::process::id()), 16)
}

fn now() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}

/// Keeps leases as parameters of the account.
struct Parameters {
    aws: Aws,
    stack: StackId,
}

impl LeaseStore for Parameters {
    fn list(&self) -> BoxFuture<'_, Result<Vec<(u64, Value)>, Failure>> {
        Box::pin(async move {
            let entries = lease::list(&self.aws, &self.stack).await?;
            let mut leases = Vec::with_capacity(entries.len());
            for entry in entries {
                let value = serde_json::from_str(&entry.value)
                    .map_err(|error| unreadable(entry.epoch, &error))?;
                leases.push((entry.epoch, value));
            }
            Ok(leases)
        })
    }

    fn create<'a>(
        &'a self,
        epoch: u64,
        value: &'a Value,
    ) -> BoxFuture<'a, Result<Created, Failure>> {
        Box::pin(async move {
            let claim = lease::create(&self.aws, &self.stack, &entry(epoch, value)?).await?;
            Ok(match claim {
                Claim::Made => Created::Created,
                Claim::Taken => Created::Exists,
            })
        })
    }

    fn renew<'a>(&'a self, epoch: u64, value: &'a Value) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(
            async move { Ok(lease::renew(&self.aws, &self.stack, &entry(epoch, value)?).await?) },
        )
    }

    fn delete(&self, epoch: u64) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { Ok(lease::remove(&self.aws, &self.stack, epoch).await?) })
    }
}

fn entry(epoch: u64, value: &Value) -> Result<LeaseEntry, AwsError> {
    let value = serde_json::to_string(value).map_err(|error| {
        AwsError::own(ErrorClass::Other, format!("a lease cannot be written: {error}"))
    })?;
    Ok(LeaseEntry { epoch, value })
}

fn unreadable(epoch: u64, error: &serde_json::Error) -> Failure {
    Failure::own(ErrorClass::Other, format!("lease {epoch} is not one of wharf's: {error}"))
        .hint("somebody wrote that parameter by hand; delete it if nobody is applying")
}
