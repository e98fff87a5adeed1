//! Many contenders, one lease.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use wharf_apply::lease::{
    Created, Held, LeaseError, LeaseStore, Value, acquire, keep, release, renew,
};
use wharf_graph::{ErrorClass, Failure};

const TTL: Duration = Duration::from_mins(1);

#[derive(Default)]
struct Store {
    epochs: Mutex<BTreeMap<u64, Value>>,
    /// How many of the next creations take effect without an answer.
    lost_answers: Mutex<usize>,
    /// Whether nothing answers at the moment.
    away: AtomicBool,
}

impl Store {
    async fn answer(&self) {
        tokio::task::yield_now().await;
        while self.away.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn epochs(&self) -> Vec<u64> {
        self.epochs.lock().unwrap().keys().copied().collect()
    }
}

impl LeaseStore for Store {
    fn list(&self) -> BoxFuture<'_, Result<Vec<(u64, Value)>, Failure>> {
        async {
            self.answer().await;
            let epochs = self.epochs.lock().unwrap();
            Ok(epochs.iter().map(|(epoch, value)| (*epoch, value.clone())).collect())
        }
        .boxed()
    }

    fn create<'a>(
        &'a self,
        epoch: u64,
        value: &'a Value,
    ) -> BoxFuture<'a, Result<Created, Failure>> {
        async move {
            self.answer().await;
            let mut epochs = self.epochs.lock().unwrap();
            if epochs.contains_key(&epoch) {
                return Ok(Created::Exists);
            }
            epochs.insert(epoch, value.clone());
            let mut lost = self.lost_answers.lock().unwrap();
            if *lost > 0 {
                *lost -= 1;
                return Err(Failure::own(ErrorClass::Unavailable, "the connection was reset"));
            }
            Ok(Created::Created)
        }
        .boxed()
    }

    fn renew<'a>(&'a self, epoch: u64, value: &'a Value) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            self.answer().await;
            self.epochs.lock().unwrap().insert(epoch, value.clone());
            Ok(())
        }
        .boxed()
    }

    fn delete(&self, epoch: u64) -> BoxFuture<'_, Result<(), Failure>> {
        async move {
            self.answer().await;
            self.epochs.lock().unwrap().remove(&epoch);
            Ok(())
        }
        .boxed()
    }
}

#[tokio::test]
async fn one_of_many_contenders_wins() {
    for dead in [false, true] {
        let store = Store::default();
        if dead {
            acquire(&store, "dead", "0", 0, TTL).await.unwrap();
        }
        let contenders = (1..=50).map(|index| {
            let (store, nonce) = (&store, index.to_string());
            async move { acquire(store, &nonce, &nonce, 60, TTL).await }
        });
        let won = join_all(contenders).await;
        let winners: Vec<_> = won.iter().filter_map(|result| result.as_ref().ok()).collect();
        assert_eq!(winners.len(), 1);
        let losers = won.iter().filter_map(|result| result.as_ref().err());
        for loser in losers {
            let LeaseError::HeldBy { holder, until, .. } = loser else { panic!("{loser}") };
            assert_eq!((holder, *until), (&winners[0].value.holder, 120));
        }
    }
}

#[tokio::test]
async fn a_live_lease_is_respected_and_an_expired_one_is_not() {
    let store = Store::default();
    let held = acquire(&store, "ada", "1", 0, TTL).await.unwrap();
    let refused = acquire(&store, "bob", "2", 59, TTL).await.unwrap_err();
    assert_eq!(refused, LeaseError::HeldBy { holder: "ada".into(), until: 60, seconds: 1 });
    let taken = acquire(&store, "bob", "2", 60, TTL).await.unwrap();
    assert_eq!(taken.epoch, held.epoch + 1);
    let mut held = held;
    assert!(matches!(renew(&store, &mut held, 61).await, Err(LeaseError::Lost { .. })));
    assert_eq!(store.epochs.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_holder_that_comes_back_too_late_in_its_term_notices() {
    let store = Store::default();
    let mut held = acquire(&store, "ada", "1", 0, TTL).await.unwrap();
    // Bob's clock runs ahead of Ada's.
    acquire(&store, "bob", "2", 61, TTL).await.unwrap();
    let lost = renew(&store, &mut held, 30).await.unwrap_err();
    assert_eq!(lost, LeaseError::Lost { holder: "bob".into() });
}

#[tokio::test]
async fn released_leaves_nothing_behind() {
    let store = Store::default();
    let held = acquire(&store, "ada", "1", 0, TTL).await.unwrap();
    release(&store, &held).await.unwrap();
    assert!(store.epochs.lock().unwrap().is_empty());
    acquire(&store, "bob", "2", 1, TTL).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_recognised() {
    let store = Store { lost_answers: Mutex::new(1), ..Store::default() };
    assert!(matches!(acquire(&store, "ada", "1", 0, TTL).await, Err(LeaseError::Store(_))));
    assert_eq!(acquire(&store, "ada", "1", 1, TTL).await.unwrap().epoch, 1);
}

#[tokio::test]
async fn a_contender_that_slept_through_others_steps_back() {
    let store = Store::default();
    let value = |holder: &str, until| Value { holder: holder.into(), nonce: holder.into(), until };
    // It saw epoch 3 expired; since then 4 came and went, and somebody began anew at 1.
    store.epochs.lock().unwrap().insert(3, value("dead", 0));
    let sleeper = acquire(&store, "sleeper", "s", 10, TTL);
    let others = async {
        let mut epochs = store.epochs.lock().unwrap();
        epochs.clear();
        epochs.insert(1, value("ada", 70));
    };
    let (sleeper, ()) = tokio::join!(biased; sleeper, others);
    assert!(matches!(sleeper, Err(LeaseError::HeldBy { holder, .. }) if holder == "ada"));
    assert_eq!(store.epochs.lock().unwrap().keys().collect::<Vec<_>>(), [&1]);
}

#[tokio::test(start_paused = true)]
async fn keeping_renews_until_the_lease_is_lost() {
    let store = Arc::new(Store::default());
    let began = tokio::time::Instant::now();
    let now = move || began.elapsed().as_secs();
    let held = acquire(store.as_ref(), "ada", "1", now(), TTL).await.unwrap();
    let keeping = keep(store.as_ref(), held, &now);
    let other = async {
        tokio::time::sleep(Duration::from_mins(10)).await;
        let refused = acquire(store.as_ref(), "bob", "2", now(), TTL).await;
        assert!(matches!(refused, Err(LeaseError::HeldBy { .. })));
        acquire(store.as_ref(), "bob", "2", now() + 120, TTL).await.unwrap();
    };
    let (lost, ()) = tokio::join!(keeping, other);
    assert_eq!(lost, LeaseError::Lost { holder: "bob".into() });
}

/// Keeps a lease while its store is away from the tenth second on, and says how that ended, if it did.
async fn kept_while_away(
    store: &Store,
    away: u64,
    then: impl Future<Output = ()>,
) -> Option<LeaseError> {
    let began = tokio::time::Instant::now();
    let now = move || began.elapsed().as_secs();
    let held = acquire(store, "ada", "1", now(), TTL).await.unwrap();
    let life = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        store.away.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(away)).await;
        then.await;
        store.away.store(false, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_mins(5)).await;
    };
    tokio::select! {
        lost = keep(store, held, &now) => Some(lost),
        () = life => None,
    }
}

fn held(holder: &str, until: u64) -> Value {
    Value { holder: holder.into(), nonce: holder.into(), until }
}

#[tokio::test(start_paused = true)]
async fn an_expired_lease_that_nobody_took_is_taken_again() {
    // One term is a minute, so that at 10 + 60 seconds it has expired.
    let store = Store::default();
    assert_eq!(kept_while_away(&store, 60, async {}).await, None);
    assert_eq!(store.epochs(), [2], "the next epoch stands for the new term");
    let value = store.epochs.lock().unwrap()[&2].clone();
    let ours = Held { epoch: 2, value, ttl: TTL };
    release(&store, &ours).await.unwrap();
    assert!(store.epochs().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_expired_lease_that_somebody_took_is_lost() {
    let store = Store::default();
    let bob = async {
        let mut epochs = store.epochs.lock().unwrap();
        epochs.clear();
        epochs.insert(2, held("bob", 1000));
    };
    let lost = kept_while_away(&store, 60, bob).await;
    assert_eq!(lost, Some(LeaseError::Lost { holder: "bob".into() }));
    assert_eq!(store.epochs(), [2], "Bob's lease is left alone");
}

#[tokio::test(start_paused = true)]
async fn an_expired_lease_is_lost_to_somebody_who_came_and_went() {
    let store = Store::default();
    let bob = async { store.epochs.lock().unwrap().clear() };
    let lost = kept_while_away(&store, 60, bob).await;
    assert!(matches!(lost, Some(LeaseError::Lost { .. })), "{lost:?}");
    assert!(store.epochs().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_ends_the_run_soon_after_the_lease() {
    let store = Store::default();
    let began = tokio::time::Instant::now();
    assert_eq!(kept_while_away(&store, 600, async {}).await, Some(LeaseError::Expired));
    let lasted = began.elapsed();
    assert!(lasted <= TTL + TTL / 3, "somebody else may be at work since {lasted:?}");
}

#[tokio::test]
async fn of_a_late_holder_and_a_contender_one_wins() {
    for first in [true, false] {
        let store = Store::default();
        let mut late = acquire(&store, "ada", "1", 0, TTL).await.unwrap();
        let (renewed, taken) = if first {
            tokio::join!(biased; renew(&store, &mut late, 61), acquire(&store, "bob", "2", 61, TTL))
        } else {
            let other = acquire(&store, "bob", "2", 61, TTL);
            let (taken, renewed) = tokio::join!(biased; other, renew(&store, &mut late, 61));
            (renewed, taken)
        };
        assert_ne!(renewed.is_ok(), taken.is_ok(), "{renewed:?} {taken:?}");
        assert_eq!(store.epochs(), [2]);
    }
}
