//! Specs from what describes a service elsewhere: a Compose file, Copilot manifests, a service that runs.
//!
//! Every value is offered to a [`draft::Draft`], which takes it if the spec stays good and writes it into
//! a comment otherwise. So what comes out can be planned, and nothing is dropped without a word.

pub(crate) mod compose;
pub(crate) mod copilot;
pub(crate) mod draft;
pub(crate) mod live;
mod values;
mod yaml;
