//! Carries out a plan through a [`Provider`](wharf_graph::Provider), in parallel along its edges.
//!
//! [`apply()`] starts each step as soon as the steps it needs are done, tells what happens as
//! [`Event`]s and ends with a [`Report`]. It decides nothing, infers no edge and never prints.
//! [`lease`] is the protocol that keeps two runs of one stack from interleaving.

mod apply;
mod cancel;
mod event;
pub mod lease;
mod report;
mod run;
mod worker;

pub use apply::{Options, apply};
pub use cancel::Cancel;
pub use event::{Clock, Event, EventKind, FORMAT, Level, Sink};
pub use report::{Report, StepReport, StepState, Verdict};
