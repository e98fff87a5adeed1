//! From a graph and a snapshot to a plan.

use std::collections::BTreeSet;

use wharf_graph::{Address, Graph, Snapshot, StackId};

use crate::{Check, Inputs, Plan, Refusal, Waiting};

/// What a plan depends on besides graph and snapshot.
#[derive(Clone, Debug)]
pub struct Options {
    /// The stack.
    pub stack: StackId,
    /// Kinds (`load_balancer`), words of the spec (`balancer`) or addresses that must not be
    /// deleted or replaced.
    pub protect: BTreeSet<String>,
    /// Whether the stack is to go: the graph is taken as empty.
    pub destroy: bool,
    /// Kinds that stay when the stack is destroyed.
    pub keep: BTreeSet<String>,
    /// Restricts the plan to these resources and what they need.
    pub only: Option<Vec<Address>>,
    /// What was noticed before planning; goes into the plan.
    pub checks: Vec<Check>,
    /// What only somebody outside can provide; goes into the plan.
    pub waiting: Vec<Waiting>,
    /// What the plan is made from; goes into the plan (`destroy` and `only` are filled in).
    pub inputs: Inputs,
}

impl Options {
    /// Asks for the plan of a whole stack, with nothing special about it.
    pub fn new(stack: StackId) -> Self {
        Self {
            stack,
            protect: BTreeSet::new(),
            destroy: false,
            keep: BTreeSet::new(),
            only: None,
            checks: Vec::new(),
            waiting: Vec::new(),
            inputs: Inputs::default(),
        }
    }
}

/// Compares what is desired with what exists, and orders the steps between the two.
///
/// Refuses when part of the account could not be read, when objects of somebody else stand in the
/// way, and when the spec protects what would be deleted.
pub fn plan(_desired: &Graph, _snapshot: &Snapshot, _options: &Options) -> Result<Plan, Refusal> {
    Err(Refusal::Bug(Vec::new()))
}
