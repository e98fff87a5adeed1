//! Reading an account into a [`Snapshot`], and declaring what a stack wants in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use tokio::time::Instant;
use wharf_graph::desired::Problem;
use wharf_graph::{Address, Declare, Desired, Facts, Failure, ReadFailure, ReadStats, Snapshot};
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::kinds::KINDS;
use crate::reads::Reads;

/// Reads everything the stack has and needs to know. A read that fails is kept in the snapshot; it
/// never makes a resource look absent.
pub async fn read(aws: &Aws, stack: &Stack) -> Snapshot {
    read_claiming(aws, stack, BTreeMap::new()).await
}

/// Reads like [`read`], but as if these objects carried the stack's tags already: ARNs or ids, each with
/// the address it would be taken over for.
pub async fn read_claiming(
    aws: &Aws,
    stack: &Stack,
    claims: BTreeMap<String, Address>,
) -> Snapshot {
    let start = Instant::now();
    let before = aws.calls();
    let reads = Reads::new(aws.clone(), Arc::new(stack.clone())).claiming(claims);
    let (facts, kinds) = futures::join!(
        reads.facts(),
        join_all(KINDS.iter().map(async |kind| (kind.policy().kind, kind.read(&reads).await))),
    );
    let mut snapshot = Snapshot::default();
    match facts {
        Ok(facts) => snapshot.facts = facts,
        Err(error) => snapshot.failures.push(failure("facts", error)),
    }
    for (kind, result) in kinds {
        match result {
            Ok(erased) => {
                erased.live.into_iter().for_each(|live| snapshot.insert(live));
                snapshot.foreign.extend(erased.foreign);
            }
            Err(error) => snapshot.failures.push(failure(kind, error)),
        }
    }
    snapshot.foreign.sort_by(|one, two| (&one.address, &one.id).cmp(&(&two.address, &two.id)));
    for lives in snapshot.live.values_mut() {
        lives.sort_by(|one, two| one.id.cmp(&two.id));
    }
    snapshot.guests = reads.guests().await;
    snapshot.seal = reads.seal().await.as_deref().and_then(wharf_graph::Seal::parse);
    snapshot.stats = stats(&before, &aws.calls(), &reads, start);
    snapshot
}

fn failure(kind: &str, error: AwsError) -> ReadFailure {
    let Failure { operation, code, message, .. } = error.into();
    ReadFailure { kind: kind.to_owned(), operation, code, message }
}

fn stats(
    before: &BTreeMap<String, u32>,
    after: &BTreeMap<String, u32>,
    reads: &Reads,
    start: Instant,
) -> ReadStats {
    let by_operation: BTreeMap<String, u32> = after
        .iter()
        .map(|(operation, count)| {
            (operation.clone(), count - before.get(operation).copied().unwrap_or(0))
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    ReadStats {
        calls: by_operation.values().sum(),
        rounds: reads.rounds(),
        millis: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        by_operation,
    }
}

/// Declares everything `stack` wants in surroundings described by `facts`. Pure.
pub fn declare(stack: &Stack, facts: &Facts) -> (Vec<Desired>, Vec<Problem>) {
    let mut out = Declare::new();
    for kind in KINDS {
        kind.declare(stack, facts, &mut out);
    }
    out.finish()
}
