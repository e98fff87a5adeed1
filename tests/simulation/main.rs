//! The simulation: seeds, worlds, faults, and what must hold whatever happens.
//!
//! Everything runs in one process and one thread per seed under a paused clock. `WHARF_SIM_SEED=n`
//! replays one seed, `WHARF_SIM_SEEDS=n` runs that many.

#![expect(clippy::unwrap_used, reason = "in a test a panic is a result")]
#![expect(clippy::result_large_err, reason = "failures are what a run ends with, and are rare")]

mod account;
#[path = "../../crates/wharf-cli/src/budget.rs"]
mod budget;
mod bugs;
mod case;
mod draw;
mod edits;
mod ends;
mod features;
mod holding;
mod judge;
mod needed;
mod process;
mod seeds;
mod spec;
mod tally;
mod verdict;
mod watch;
mod weather;
