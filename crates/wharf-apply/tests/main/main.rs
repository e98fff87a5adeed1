//! Runs against a provider made of timers, on a paused clock, and leases against a store in memory.

mod fake;
mod lease;
mod run;
