//! The clock that drives simulated time.

use std::time::Duration;

use tokio::time::Instant;

use crate::time::SimTime;

/// Where in-memory worlds begin, so that they are the same on every run: 2026-01-01T00:00:00Z.
pub(crate) const EPOCH: SimTime = SimTime(1_767_225_600_000);

/// The most simulated time that may pass in a stored world while no process had it open.
const LONGEST_GAP: Duration = Duration::from_hours(1);

/// Maps tokio's clock, which tests may pause, to simulated time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    base: SimTime,
    start: Instant,
    speed: f64,
}

impl Clock {
    /// Starts a clock that shows `base` now and then runs `speed` times as fast as tokio's.
    pub(crate) fn starting_at(base: SimTime, speed: f64) -> Self {
        Self { base, start: Instant::now(), speed }
    }

    /// Starts a clock for a world that was saved at `saved` when the wall clock showed `saved_wall`.
    pub(crate) fn resuming(saved: SimTime, saved_wall: SimTime, speed: f64) -> Self {
        let gap = wall_now().since(saved_wall).mul_f64(speed).min(LONGEST_GAP);
        Self::starting_at(saved + gap, speed)
    }

    /// Returns the simulated time.
    pub(crate) fn now(&self) -> SimTime {
        self.base + self.start.elapsed().mul_f64(self.speed)
    }
}

/// Returns the real time of day; only stored worlds ask, to know how long nobody had them open.
pub(crate) fn wall_now() -> SimTime {
    SimTime(jiff::Timestamp::now().as_millisecond())
}
