//! Plans against a small model of an account that refuses what AWS refuses.
#![expect(clippy::unwrap_used, reason = "in a test a panic is a result")]

mod edits;
mod interrupted;
mod random;
mod saved;
mod world;
