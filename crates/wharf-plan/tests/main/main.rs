//! Plans against a small model of an account that refuses what AWS refuses.

mod edits;
mod interrupted;
mod random;
mod saved;
mod world;
