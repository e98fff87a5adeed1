//! Restricting a plan to some resources and whatever they cannot do without.

use std::collections::{BTreeMap, BTreeSet};

use wharf_graph::input::references;
use wharf_graph::{Address, Graph};

use crate::decide::{Decisions, Verdict};
use crate::doomed::{Doomed, Holders, ObjectKey};

/// Who refers to whom, both among desired resources and among live objects.
pub(crate) struct Relations<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) decided: &'a Decisions<'a>,
    pub(crate) doomed: &'a BTreeMap<ObjectKey<'a>, Doomed<'a>>,
    pub(crate) holders: &'a Holders<'a>,
    /// By address, the desired resources that need it.
    pub(crate) dependents: &'a BTreeMap<&'a Address, Vec<&'a Address>>,
}

/// Lists, by address, the desired resources that need it directly.
pub(crate) fn dependents(graph: &Graph) -> BTreeMap<&Address, Vec<&Address>> {
    let mut found: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for node in graph.iter() {
        for to in graph.needs(&node.address) {
            found.entry(to).or_default().push(&node.address);
        }
    }
    found
}

impl<'a> Relations<'a> {
    /// Returns every address a plan restricted to `only` has to include: what they need, what has to
    /// let go of objects that are deleted, and what has to serve a target before it gets traffic.
    pub(crate) fn scope(&self, only: &'a [Address]) -> BTreeSet<&'a Address> {
        let mut inside = BTreeSet::new();
        let mut queue: Vec<&Address> = only.iter().collect();
        while let Some(address) = queue.pop() {
            if inside.insert(address) {
                self.pulled(address, &mut queue);
            }
        }
        inside
    }

    fn pulled(&self, address: &'a Address, queue: &mut Vec<&'a Address>) {
        queue.extend(self.graph.needs(address));
        if let Some(decision) = self.decided.get(address) {
            let replaced = matches!(decision.verdict, Verdict::Replace(_));
            if replaced || !decision.leftovers.is_empty() {
                queue.extend(self.changing_dependents(address));
            }
            if decision.verdict == Verdict::Update
                && let Some(traffic) = decision
                    .desired
                    .policy
                    .traffic
                    .and_then(|prop| decision.desired.props.get(prop))
            {
                for reference in references(traffic) {
                    if let Some((target, _)) = self.decided.get_key_value(&reference.of) {
                        queue.extend(self.changing_dependents(target));
                    }
                }
            }
        }
        let own = self.holders.of_doomed.iter().filter(|(_, held)| held.0 == address);
        queue.extend(own.filter(|(_, held)| self.doomed.contains_key(held)).map(|(by, _)| by.0));
        let governors = self.holders.governed.iter().filter(|(_, governed)| *governed == address);
        queue.extend(governors.map(|(by, _)| by.0));
    }

    fn changing_dependents(&self, address: &Address) -> impl Iterator<Item = &'a Address> {
        let decided = self.decided;
        self.dependents.get(address).into_iter().flatten().copied().filter(move |dependent| {
            decided.get(dependent).is_some_and(|decision| decision.verdict != Verdict::Same)
        })
    }
}
