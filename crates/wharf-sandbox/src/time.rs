//! Simulated time.

use std::{fmt, ops, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A moment in simulated time: milliseconds since the Unix epoch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SimTime(pub i64);

impl SimTime {
    /// Returns the moment as the JSON protocols write it: epoch seconds with a fraction.
    pub fn epoch_seconds(self) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of any real date fit 2^53")]
        let seconds = self.0 as f64 / 1000.0;
        Value::from(seconds)
    }

    /// Returns the moment as the XML protocols write it: ISO 8601 in UTC, with milliseconds.
    pub fn iso(self) -> String {
        let timestamp = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        format!("{timestamp:.3}")
    }

    /// Reads a moment in ISO 8601.
    pub fn parse(text: &str) -> Option<Self> {
        let timestamp: jiff::Timestamp = text.parse().ok()?;
        Some(Self(timestamp.as_millisecond()))
    }

    /// Returns how long after `earlier` this moment is; zero if it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso())
    }
}

impl ops::Add<Duration> for SimTime {
    type Output = Self;

    fn add(self, after: Duration) -> Self {
        let millis = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::SimTime;

    #[test]
    fn moments_are_written_in_both_forms() {
        let moment = SimTime(1_767_225_600_500);
        assert_eq!(moment.iso(), "2026-01-01T00:00:00.500Z");
        assert_eq!(moment.epoch_seconds(), 1_767_225_600.5);
        assert_eq!(SimTime::parse(&moment.iso()), Some(moment));
        assert_eq!((moment + Duration::from_secs(2)).since(moment), Duration::from_secs(2));
        assert_eq!(moment.since(moment + Duration::from_secs(2)), Duration::ZERO);
    }
}
