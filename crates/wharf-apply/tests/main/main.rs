//! Runs against a provider made of timers, on a paused clock, and leases against a store in memory.
#![expect(clippy::unwrap_used, reason = "in a test a panic is a result")]

mod fake;
mod lease;
mod run;
