//! How fast time passes for waits and retries.

use std::time::Duration;

/// Sleeps, scaled: the embedded sandbox runs its clock faster than the wall's, and waits keep up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    speed: f64,
}

impl Pace {
    /// `speed` is how many seconds pass over there while one passes here; 1 for the real AWS.
    pub(crate) fn new(speed: f64) -> Self {
        Self { speed: speed.max(f64::MIN_POSITIVE) }
    }

    /// Sleeps for `length` as AWS counts it.
    pub(crate) async fn sleep(self, length: Duration) {
        tokio::time::sleep(length.div_f64(self.speed)).await;
    }

    /// Returns how much time has passed over there since `start`.
    pub(crate) fn since(self, start: tokio::time::Instant) -> Duration {
        start.elapsed().mul_f64(self.speed)
    }
}
