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
