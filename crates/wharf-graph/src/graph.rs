//! Desired resources with "must exist before" edges.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use crate::Address;
use crate::desired::Desired;
use crate::input::references;
use crate::props::short_hash;

/// A complete, acyclic set of desired resources.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: BTreeMap<Address, Desired>,
    needs: BTreeMap<Address, BTreeSet<Address>>,
}

/// Hexadecimal digits of each half of a seal.
const HALF: usize = 16;

/// What was desired when an apply was complete: tells what is missing from what is new, and what was
/// changed outside from what the spec changed, for objects that cannot carry a hash of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Hash of all addresses, whatever their props.
    pub names: String,
    /// Hash of all props.
    pub props: String,
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.names, self.props)
    }
}

impl Seal {
    /// Reads the form that `Display` writes; anything else is no seal.
    pub fn parse(text: &str) -> Option<Self> {
        let (names, props) = text.split_once('.')?;
        let hash = |half: &str| half.len() == HALF && half.bytes().all(|b| b.is_ascii_hexdigit());
        (hash(names) && hash(props))
            .then(|| Self { names: names.to_owned(), props: props.to_owned() })
    }
}

/// Says why resources do not form a graph. Each of these is a bug in wharf, not in a spec.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GraphError {
    /// Two resources have one address.
    #[error("two resources are called {0}; this is a bug in wharf")]
    Duplicate(Address),
    /// A reference leads nowhere.
    #[error("{from} needs {to}, which nothing declares; this is a bug in wharf")]
    Unknown {
        /// Who refers.
        from: Address,
        /// What is missing.
        to: Address,
    },
    /// Resources wait for each other.
    #[error("these resources wait for each other: {}; this is a bug in wharf", join(.0))]
    Cycle(Vec<Address>),
}

fn join(addresses: &[Address]) -> String {
    addresses.iter().map(Address::to_string).collect::<Vec<_>>().join(", ")
}

impl Graph {
    /// Finds the edges from references and `after`, and checks that they lead somewhere and never round.
    pub fn new(nodes: Vec<Desired>) -> Result<Self, GraphError> {
        let mut by_address = BTreeMap::new();
        for node in nodes {
            let address = node.address.clone();
            if by_address.insert(address.clone(), node).is_some() {
                return Err(GraphError::Duplicate(address));
            }
        }
        let mut needs = BTreeMap::new();
        for (address, node) in &by_address {
            let mut wanted: BTreeSet<Address> =
                references(&node.props).into_iter().map(|reference| reference.of).collect();
            wanted.extend(node.after.iter().cloned());
            if let Some(to) = wanted.iter().find(|to| !by_address.contains_key(*to)) {
                return Err(GraphError::Unknown { from: address.clone(), to: to.clone() });
            }
            needs.insert(address.clone(), wanted);
        }
        let graph = Self { nodes: by_address, needs };
        match graph.cycle() {
            Some(cycle) => Err(GraphError::Cycle(cycle)),
            None => Ok(graph),
        }
    }

    fn cycle(&self) -> Option<Vec<Address>> {
        let mut edges = DiGraphMap::<&Address, ()>::new();
        for (from, wanted) in &self.needs {
            for to in wanted {
                edges.add_edge(from, to, ());
            }
        }
        tarjan_scc(&edges)
            .into_iter()
            .find(|component| {
                component.len() > 1 || edges.contains_edge(component[0], component[0])
            })
            .map(|component| component.into_iter().cloned().collect())
    }

    /// Returns the resources in address order.
    pub fn iter(&self) -> impl Iterator<Item = &Desired> {
        self.nodes.values()
    }

    /// Returns one resource.
    pub fn get(&self, address: &Address) -> Option<&Desired> {
        self.nodes.get(address)
    }

    /// Returns what `address` needs directly.
    pub fn needs(&self, address: &Address) -> impl Iterator<Item = &Address> {
        self.needs.get(address).into_iter().flatten()
    }

    /// Returns the number of resources.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Says whether nothing is desired, as when a stack is destroyed.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Sums up what is desired, for a stack to remember at the end of an apply.
    pub fn seal(&self) -> Seal {
        let names: Vec<String> = self.nodes.keys().map(Address::to_string).collect();
        let props: Vec<String> = self.nodes.values().map(Desired::hash).collect();
        Seal {
            names: short_hash(&names.join("\n"), HALF),
            props: short_hash(&props.join("\n"), HALF),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::{Declare, Input, Policy};

    static THING: Policy = Policy::plain("thing", "thing");

    #[derive(Serialize)]
    struct Props {
        next: Option<Input<String>>,
    }

    fn nodes(edges: &[(&str, Option<&str>)]) -> Vec<Desired> {
        let mut out = Declare::new();
        for (name, next) in edges {
            let next = next.map(|next| Input::of(&Address::new("thing", next), "id"));
            out.add(&THING, *name, &Props { next });
        }
        out.finish().0
    }

    #[test]
    fn finds_edges_in_references() {
        let graph = Graph::new(nodes(&[("a", Some("b")), ("b", None)])).unwrap();
        let a = Address::new("thing", "a");
        assert_eq!(graph.needs(&a).collect::<Vec<_>>(), [&Address::new("thing", "b")]);
    }

    #[test]
    fn refuses_cycles_strangers_and_doubles() {
        assert!(matches!(
            Graph::new(nodes(&[("a", Some("b")), ("b", Some("a"))])),
            Err(GraphError::Cycle(cycle)) if cycle.len() == 2
        ));
        assert!(matches!(Graph::new(nodes(&[("a", Some("a"))])), Err(GraphError::Cycle(_))));
        assert!(matches!(Graph::new(nodes(&[("a", Some("z"))])), Err(GraphError::Unknown { .. })));
        assert!(matches!(
            Graph::new(nodes(&[("a", None), ("a", None)])),
            Err(GraphError::Duplicate(_))
        ));
    }

    #[test]
    fn a_seal_tells_other_names_from_other_props() {
        let one = Graph::new(nodes(&[("a", None), ("b", None)])).unwrap().seal();
        let two = Graph::new(nodes(&[("b", Some("a")), ("a", None)])).unwrap().seal();
        assert_eq!(one.names, two.names);
        assert_ne!(one.props, two.props);
        assert_eq!(Seal::parse(&one.to_string()), Some(one));
        assert_eq!(Seal::parse("premature"), None);
    }
}
