//! One lease per stack, so that two runs do not interleave.
//!
//! A lease is one small object per epoch (`…/lease/{n}`), created with overwrite off. Whoever creates
//! it holds the stack until the expiry written in it; an expired lease is taken over by creating epoch
//! n + 1, which only one contender can do. Nobody cleans up by hand.

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
    if let Some((epoch, held)) = latest {
        if held.nonce == nonce {
            return Ok(Held { epoch: *epoch, value: held.clone(), ttl });
        }
        if held.until > now {
            return Err(held_by(held, now));
        }
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
        // An old epoch that stays is passed over by everybody; the next holder tries again.
        drop(store.delete(*old).await);
    }
    Ok(Held { epoch, value, ttl })
}

/// Extends a lease that is held, or says that it was lost in the meantime.
pub async fn renew(store: &dyn LeaseStore, held: &mut Held, now: u64) -> Result<(), LeaseError> {
    if held.value.until <= now {
        // Somebody may have taken over, and overwriting would not tell.
        return Err(LeaseError::Lost { holder: "its own expiry".to_owned() });
    }
    let value = Value { until: Held::expiry(now, held.ttl), ..held.value.clone() };
    store.renew(held.epoch, &value).await.map_err(LeaseError::Store)?;
    let epochs = store.list().await.map_err(LeaseError::Store)?;
    if let Some((_, other)) = epochs.iter().find(|(epoch, _)| *epoch > held.epoch) {
        return Err(LeaseError::Lost { holder: other.holder.clone() });
    }
    held.value = value;
    Ok(())
}

/// Gives a lease back.
pub async fn release(store: &dyn LeaseStore, held: &Held) -> Result<(), LeaseError> {
    store.delete(held.epoch).await.map_err(LeaseError::Store)
}

/// Renews a lease until it is lost; runs beside whatever the lease protects, and is dropped with it.
///
/// A store that fails now and then is forgiven until the lease expires.
pub async fn keep(
    store: &dyn LeaseStore,
    mut held: Held,
    now: &(dyn Fn() -> u64 + Send + Sync),
) -> LeaseError {
    loop {
        tokio::time::sleep(held.beat()).await;
        match renew(store, &mut held, now()).await {
            Ok(()) => {}
            Err(LeaseError::Store(_)) if held.value.until > now() => {}
            Err(error) => return error,
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
