//! What a stack wants to exist.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::props::spec_hash;
use crate::{Address, Policy};

/// One resource the stack wants, with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Its identity.
    pub address: Address,
    /// Its managed properties; references to other resources are `Input::Ref`s.
    pub props: Value,
    /// What the planner must know about its kind.
    pub policy: &'static Policy,
    /// Resources that must exist first although no value passes (a service needs its listener).
    pub after: BTreeSet<Address>,
    /// Outputs that are known before the resource exists (a deterministic ARN).
    pub known_outputs: std::collections::BTreeMap<String, String>,
    /// A short sentence for people on why the resource has the shape it has, if that was decided
    /// from facts rather than written down.
    pub note: Option<String>,
}

impl Desired {
    /// Hashes the props as desired; kept on the object as the tag `wharf:spec`.
    pub fn hash(&self) -> String {
        spec_hash(&self.policy.lasting(&self.props))
    }
}

/// Collects the resources that the kinds declare for one stack.
#[derive(Debug, Default)]
pub struct Declare {
    nodes: Vec<Desired>,
    problems: Vec<Problem>,
}

/// Something the account lacks, without which a resource cannot be declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its number, for `wharf explain`; empty for a bug in wharf.
    pub code: &'static str,
    /// The resource concerned.
    pub address: Address,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Declare {
    /// Starts with nothing declared.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a resource and returns it for further detail.
    ///
    /// Props are plain data of this program; one that does not serialise is a bug, reported as a
    /// problem rather than a panic.
    pub fn add<P: Serialize>(
        &mut self,
        policy: &'static Policy,
        name: impl Into<String>,
        props: &P,
    ) -> &mut Desired {
        let address = Address::new(policy.kind, name);
        let props = serde_json::to_value(props).unwrap_or_else(|error| {
            let message = format!(
                "its properties cannot be written as JSON ({error}); this is a bug in wharf"
            );
            self.problems.push(Problem { code: "", address: address.clone(), message });
            Value::Null
        });
        self.nodes.push(Desired {
            address,
            props,
            policy,
            after: BTreeSet::new(),
            known_outputs: std::collections::BTreeMap::new(),
            note: None,
        });
        self.nodes.last_mut().expect("a node was pushed on the line above")
    }

    /// Records that a resource cannot be declared in this account.
    pub fn problem(&mut self, code: &'static str, address: Address, message: impl Into<String>) {
        self.problems.push(Problem { code, address, message: message.into() });
    }

    /// Returns everything declared, and what could not be.
    pub fn finish(self) -> (Vec<Desired>, Vec<Problem>) {
        (self.nodes, self.problems)
    }
}
