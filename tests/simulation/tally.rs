//! What the cases did, added up.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) seeds: u64,
    pub(crate) runs: u64,
    pub(crate) calls: u64,
    pub(crate) deaths: u64,
    pub(crate) retries: u64,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) virtual_time: Duration,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.runs += other.runs;
        self.calls += other.calls;
        self.deaths += other.deaths;
        self.retries += other.retries;
        for (fault, count) in &other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        self.virtual_time += other.virtual_time;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.virtual_time.as_secs() / 3600;
        write!(
            f,
            "{} seeds, {} runs of wharf, {} calls, {} of them failed or disturbed, {} deaths, {hours} h of AWS's time; faults:",
            self.seeds, self.runs, self.calls, self.retries, self.deaths
        )?;
        for (fault, count) in &self.faults {
            write!(f, " {fault} {count},")?;
        }
        Ok(())
    }
}
