//! The simulation: seeds, worlds, faults, and what must hold whatever happens.
//!
//! Everything runs in one process and one thread per seed under a paused clock. `WHARF_SIM_SEED=n`
//! replays one seed, `WHARF_SIM_SEEDS=n` runs that many.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test panics and prints")]

mod account;
#[path = "../../crates/wharf-cli/src/budget.rs"]
mod budget;
mod bugs;
mod case;
mod draw;
mod edits;
mod judge;
mod process;
mod seeds;
mod spec;
mod tally;
mod weather;
