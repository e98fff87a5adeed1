//! Compares what a stack desires with what an account has, and writes down every step between the two.
//!
//! [`plan`] is a pure, synchronous function: no clock, no randomness, no environment. The same graph
//! and snapshot give the same [`Plan`], byte for byte, and the plan leaves whoever carries it out
//! nothing to decide: each operation, its order and the values known so far are in it.

mod consent;
mod cost;
mod decide;
mod diff;
mod document;
mod doomed;
mod edges;
mod estimate;
mod impact;
mod narrowing;
mod nodes;
mod planner;
mod reason;
mod refusal;
mod rollout;
mod scope;
mod seal;
mod shifting;
mod staging;
mod step;
mod toposort;

pub use consent::{Danger, DangerKind};
pub use cost::{Cost, CostPart};
pub use diff::{Change, KNOWN_AFTER_APPLY, MASK};
pub use document::{Check, FORMAT, Inputs, Level, LoadError, Plan, Summary, Waiting};
pub use impact::{Costliest, Impact, ImpactKind};
pub use planner::{Options, plan};
pub use reason::Reason;
pub use refusal::{Depends, Protected, Refusal, TwoApplies};
pub use seal::{Moved, Movement};
pub use step::{Action, Object, Op, Part, Step, StepId};
