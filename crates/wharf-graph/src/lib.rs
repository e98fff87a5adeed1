//! The nouns that planning, reading and applying share.
//!
//! A [`Graph`] holds what a stack *desires*, a [`Snapshot`] what an account *has*; a
//! [`Provider`] is whatever can turn one into the other. Nothing here performs input or output.

pub mod address;
pub mod desired;
pub mod facts;
pub mod graph;
pub mod input;
pub mod policy;
pub mod props;
pub mod provider;
pub mod snapshot;

pub use address::Address;
pub use desired::{Declare, Desired};
pub use facts::Facts;
pub use graph::{Graph, GraphError, Seal};
pub use input::{Input, OutputRef, Unresolved};
pub use policy::{Grants, Policy, ReplaceOrder, Stays, Takes};
pub use provider::{ErrorClass, Failure, Note, Outcome, Provider, StepContext};
pub use snapshot::{Foreign, Guest, Live, ReadFailure, ReadStats, Snapshot, StackId};
