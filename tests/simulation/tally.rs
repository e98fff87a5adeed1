//! What the cases did, added up and spread out.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What one seed did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct One {
    pub(crate) seed: u64,
    pub(crate) runs: u64,
    pub(crate) calls: u64,
    pub(crate) deaths: u64,
    /// Calls that failed or were disturbed, and so had to be made again or looked into.
    pub(crate) retries: u64,
    pub(crate) faults: BTreeMap<String, u64>,
    /// What was done to the stack besides.
    pub(crate) done: BTreeMap<String, u64>,
    pub(crate) checked: BTreeMap<String, u64>,
    pub(crate) virtual_seconds: u64,
    pub(crate) real_millis: u64,
}

/// What many did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(pub(crate) Vec<One>);

impl Tally {
    fn sum(&self, what: fn(&One) -> u64) -> u64 {
        self.0.iter().map(what).sum()
    }

    /// Adds counts up.
    pub(crate) fn counts(&self, what: fn(&One) -> &BTreeMap<String, u64>) -> BTreeMap<&str, u64> {
        let mut sum = BTreeMap::new();
        for (key, count) in self.0.iter().flat_map(what) {
            *sum.entry(key.as_str()).or_default() += count;
        }
        sum
    }

    fn spread(&self, f: &mut fmt::Formatter<'_>, name: &str, what: fn(&One) -> u64) -> fmt::Result {
        let mut all: Vec<u64> = self.0.iter().map(what).collect();
        all.sort_unstable();
        let at = |percent: usize| all.get((all.len() * percent / 100).min(all.len() - 1)).copied();
        let (middle, high) = (at(50).unwrap_or(0), at(95).unwrap_or(0));
        let (sum, most) = (self.sum(what), all.last().copied().unwrap_or(0));
        let seed = self.0.iter().find(|one| what(one) == most).map_or(0, |one| one.seed);
        writeln!(f, "  {name:24} {sum:>10} {middle:>8} {high:>8} {most:>8}  (seed {seed})")
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(f, "no seed passed");
        }
        let hours = self.sum(|one| one.virtual_seconds) / 3600;
        let seconds = self.sum(|one| one.real_millis) / 1000;
        writeln!(
            f,
            "{} seeds passed: {hours} h of AWS's time in {seconds} s of ours",
            self.0.len()
        )?;
        writeln!(f, "  {:24} {:>10} {:>8} {:>8} {:>8}", "a seed", "all", "median", "95th", "most")?;
        self.spread(f, "runs of wharf", |one| one.runs)?;
        self.spread(f, "calls", |one| one.calls)?;
        self.spread(f, "deaths", |one| one.deaths)?;
        self.spread(f, "failed or disturbed", |one| one.retries)?;
        self.spread(f, "milliseconds", |one| one.real_millis)?;
        list(f, "faults", &self.counts(|one| &one.faults))?;
        list(f, "done besides", &self.counts(|one| &one.done))?;
        list(f, "checked", &self.counts(|one| &one.checked))
    }
}

fn list(f: &mut fmt::Formatter<'_>, name: &str, counts: &BTreeMap<&str, u64>) -> fmt::Result {
    let texts: Vec<String> = counts.iter().map(|(key, count)| format!("{key} {count}")).collect();
    writeln!(f, "{name} ({}): {}", counts.values().sum::<u64>(), texts.join(", "))
}
