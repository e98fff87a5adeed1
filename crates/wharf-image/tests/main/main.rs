//! Archives are opened and pushed to a registry of the tests' own, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops where it is")]

mod archives;
mod pushes;
mod real;
mod registry;
mod samples;
