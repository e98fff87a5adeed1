//! One lease per stack, so that two runs do not interleave.
//!
//! A lease is one small object per epoch (`…/lease/{n}`), created with overwrite off. Whoever creates
//! it holds the stack until the expiry written in it; an expired lease is taken over by creating epoch
//! n + 1, which only one contender can do. Nobody cleans up by hand.
//!
//! A holder that could not renew in time (its machine slept, the store was away) may go on if nobody took
//! over: it makes epoch n + 1 itself.

use std::time::Duration;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use wharf_graph::Failure;

/// What an epoch's object holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// Who holds the lease, for people: `ada@laptop, wharf apply, pid 4711`.
    pub holder: String,
    /// Tells two runs of one holder apart.
    pub nonce: String,
    /// When it expires, in seconds since 1970 (UTC).
    pub until: u64,
}

/// Whether an epoch could be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is ours.
    Created,
    /// Somebody was faster.
    Exists,
}

/// Where leases are kept. Creation must be atomic: of several contenders, one succeeds.
pub trait LeaseStore: Send + Sync {
    /// Lists the epochs that exist with their values, in any order.
    fn list(&self) -> BoxFuture<'_, Result<Vec<(u64, Value)>, Failure>>;
    /// Creates an epoch, never overwriting.
    fn create<'a>(
        &'a self,
        epoch: u64,
        value: &'a Value,
    ) -> BoxFuture<'a, Result<Created, Failure>>;
    /// Overwrites an epoch's value; only its holder does.
    fn renew<'a>(&'a self, epoch: u64, value: &'a Value) -> BoxFuture<'a, Result<(), Failure>>;
    /// Deletes an epoch; absence is success.
    fn delete(&self, epoch: u64) -> BoxFuture<'_, Result<(), Failure>>;
}

/// A lease that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its epoch.
    pub epoch: u64,
    /// What is written in it.
    pub value: Value,
    /// How long each renewal lasts.
    pub ttl: Duration,
}

/// Why a lease was not acquired.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LeaseError {
    /// Somebody else holds it.
    #[error("{holder} is applying this stack; the lease expires in {seconds} s")]
    HeldBy {
        /// Who.
        holder: String,
        /// Until when, in seconds since 1970 (UTC).
        until: u64,
        /// How far away that is, in seconds.
        seconds: u64,
    },
    /// The holder was too slow to renew, and somebody else took over.
    #[error("the lease was lost to {holder}")]
    Lost {
        /// Who took over.
        holder: String,
    },
    /// The lease expired, and its store did not answer in time to tell whether somebody took over.
    #[error("the lease expired before it could be renewed")]
    Expired,
    /// The store failed.
    #[error("the lease could not be read or written")]
    Store(#[source] Failure),
}

impl Held {
    /// Says when a lease written at `now` expires.
    fn expiry(now: u64, ttl: Duration) -> u64 {
        now.saturating_add(ttl.as_secs())
    }

    /// Returns how often to renew: three times within each term, so that two misses are survived.
    pub fn beat(&self) -> Duration {
        (self.ttl / 3).max(Duration::from_millis(250))
    }
}

/// Takes the lease, or says who holds it. `now` is in seconds since 1970 (UTC); clocks of two
/// machines may differ by less than the term.
///
/// `nonce` tells runs apart: an answer that was lost is recognised when it is asked for again.
pub async fn acquire(
    store: &dyn LeaseStore,
    holder: &str,
    nonce: &str,
    now: u64,
    ttl: Duration,
) -> Result<Held, LeaseError> {
    let value =
        Value { holder: holder.to_owned(), nonce: nonce.to_owned(), until: Held::expiry(now, ttl) };
    let mut epochs = store.list().await.map_err(LeaseError::Store)?;
    epochs.sort_by_key(|(epoch, _)| *epoch);
    let latest = epochs.last();
    if let Some((epoch, held)) = latest
        && held.until > now
    {
        if held.nonce == nonce {
            return Ok(Held { epoch: *epoch, value: held.clone(), ttl });
        }
        return Err(held_by(held, now));
    }
    let epoch = latest.map_or(1, |(epoch, _)| epoch + 1);
    let created = store.create(epoch, &value).await.map_err(LeaseError::Store)?;
    let mut seen = store.list().await.map_err(LeaseError::Store)?;
    seen.sort_by_key(|(epoch, _)| std::cmp::Reverse(*epoch));
    let ours = seen.iter().any(|(found, held)| *found == epoch && held.nonce == nonce);
    // Between listing and creating, a whole run of somebody else may have come and gone and yet
    // another begun at a lower epoch. Whoever sees another live lease beside their own steps back.
    let other = seen.iter().find(|(_, held)| held.nonce != nonce && held.until > now);
    if let Some((_, held)) = other {
        if ours {
            store.delete(epoch).await.map_err(LeaseError::Store)?;
        }
        return Err(held_by(held, now));
    }
    if created == Created::Exists && !ours {
        // Somebody was faster and is done already.
        let gone = Value { holder: "somebody".to_owned(), nonce: String::new(), until: now };
        return Err(held_by(&gone, now));
    }
    for (old, _) in seen.iter().filter(|(found, _)| *found != epoch) {
        // Its holder, should it live after all, finds out by this that somebody else was here.
        store.delete(*old).await.map_err(LeaseError::Store)?;
    }
    Ok(Held { epoch, value, ttl })
}

/// Extends a lease that is held, or says that it was lost in the meantime.
///
/// One that has expired is taken over from ourselves, as anybody else would take it: by making the
/// next epoch, which only one contender can. That our own epoch is still there shows that nobody was
/// faster, not even somebody who is done already, and so that what we know of the account still holds.
pub async fn renew(store: &dyn LeaseStore, held: &mut Held, now: u64) -> Result<(), LeaseError> {
    let epochs = store.list().await.map_err(LeaseError::Store)?;
    if let Some(holder) = successor(&epochs, held) {
        return Err(LeaseError::Lost { holder });
    }
    if held.value.until <= now {
        return retake(store, held, now).await;
    }
    let value = Value { until: Held::expiry(now, held.ttl), ..held.value.clone() };
    store.renew(held.epoch, &value).await.map_err(LeaseError::Store)?;
    let epochs = store.list().await.map_err(LeaseError::Store)?;
    if let Some(holder) = successor(&epochs, held) {
        return Err(LeaseError::Lost { holder });
    }
    held.value = value;
    Ok(())
}

/// Takes over one's own expired lease.
async fn retake(store: &dyn LeaseStore, held: &mut Held, now: u64) -> Result<(), LeaseError> {
    let value = Value { until: Held::expiry(now, held.ttl), ..held.value.clone() };
    let next = Held { epoch: held.epoch + 1, value, ttl: held.ttl };
    let created = store.create(next.epoch, &next.value).await.map_err(LeaseError::Store)?;
    let seen = store.list().await.map_err(LeaseError::Store)?;
    if created == Created::Exists
        && let Some(holder) = successor(&seen, &next)
    {
        return Err(LeaseError::Lost { holder });
    }
    // Whoever takes a lease removes the one before: if ours is gone, somebody came and went.
    let gone = successor(&seen, held).or_else(|| {
        let still = seen.iter().any(|(epoch, _)| *epoch == held.epoch);
        (!still).then(|| DONE.to_owned())
    });
    if let Some(holder) = gone {
        store.delete(next.epoch).await.map_err(LeaseError::Store)?;
        return Err(LeaseError::Lost { holder });
    }
    store.delete(held.epoch).await.map_err(LeaseError::Store)?;
    *held = next;
    Ok(())
}

/// Stands for a holder that left nothing behind.
const DONE: &str = "somebody who is done already";

/// Returns who took a lease over, if somebody did.
fn successor(epochs: &[(u64, Value)], held: &Held) -> Option<String> {
    let other = |value: &Value| value.nonce != held.value.nonce;
    if let Some((_, value)) = epochs.iter().find(|(at, value)| *at >= held.epoch && other(value)) {
        return Some(value.holder.clone());
    }
    let ours = epochs.iter().any(|(at, _)| *at >= held.epoch);
    (!ours).then(|| DONE.to_owned())
}

/// Gives a lease back, with whatever else of this run is left.
pub async fn release(store: &dyn LeaseStore, held: &Held) -> Result<(), LeaseError> {
    let epochs = store.list().await.map_err(LeaseError::Store)?;
    for (epoch, _) in epochs.iter().filter(|(_, value)| value.nonce == held.value.nonce) {
        store.delete(*epoch).await.map_err(LeaseError::Store)?;
    }
    Ok(())
}

/// Renews a lease until it is lost; runs beside whatever the lease protects, and is dropped with it.
///
/// A store that fails now and then is forgiven until the lease expires. From then on somebody else may
/// be at work, so there is one more try, no longer than a beat, to take the lease anew.
pub async fn keep(
    store: &dyn LeaseStore,
    mut held: Held,
    now: &(dyn Fn() -> u64 + Send + Sync),
) -> LeaseError {
    loop {
        let left = Duration::from_secs(held.value.until.saturating_sub(now()));
        tokio::time::sleep(held.beat().min(left)).await;
        let left = Duration::from_secs(held.value.until.saturating_sub(now()));
        let expired = left.is_zero();
        let limit = if expired { held.beat() } else { left };
        match tokio::time::timeout(limit, renew(store, &mut held, now())).await {
            Ok(Ok(())) => {}
            Ok(Err(LeaseError::Store(_))) | Err(_) if !expired => {}
            Ok(Err(error)) => return error,
            Err(_) => return LeaseError::Expired,
        }
    }
}

fn held_by(held: &Value, now: u64) -> LeaseError {
    LeaseError::HeldBy {
        holder: held.holder.clone(),
        until: held.until,
        seconds: held.until.saturating_sub(now),
    }
}
