//! The built binary, seen from outside, on sandboxes of its own.

mod bad_input;
mod drift;
mod foreign;
mod interrupt;
mod lifecycle;
mod plans;
mod swap;
mod world;
