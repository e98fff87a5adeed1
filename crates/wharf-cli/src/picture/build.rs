//! From a graph, and a plan if there is one, to boxes and arrows.

use std::collections::{BTreeMap, BTreeSet};

use wharf_graph::{Address, Graph};
use wharf_plan::{Action, Op, Plan};

use crate::view;

/// One resource.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) address: Address,
    /// The kind in words.
    pub(crate) title: String,
    /// The service it is for; `None` when it is shared.
    pub(crate) service: Option<String>,
    /// What happens to it; `None` without a plan, and when nothing does.
    pub(crate) action: Option<Action>,
    /// Whether a replacement is only a new revision of something that keeps its older ones.
    pub(crate) revision: bool,
    /// Everything it needs, as indices.
    pub(crate) needs: BTreeSet<usize>,
}

/// Resources and what they need, in address order.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) stack: String,
    pub(crate) nodes: Vec<Node>,
    /// Whether actions were computed, so that a resource without one is unchanged.
    pub(crate) planned: bool,
}

impl Picture {
    /// Draws what is desired.
    pub(crate) fn of(stack: &str, graph: &Graph) -> Self {
        Self::build(stack, graph, None)
    }

    /// Draws what is desired and what happens to it, with what is deleted.
    pub(crate) fn planned(graph: &Graph, plan: &Plan) -> Self {
        Self::build(&plan.stack, graph, Some(plan))
    }

    fn build(stack: &str, graph: &Graph, plan: Option<&Plan>) -> Self {
        let steps = plan.map(|plan| plan.steps.as_slice()).unwrap_or_default();
        let mut actions: BTreeMap<&Address, Action> = BTreeMap::new();
        for step in steps {
            actions.insert(&step.address, step.action);
        }
        let scope = plan.is_some_and(|plan| plan.inputs.only.is_some());
        let unchanged: BTreeSet<&Address> = plan.iter().flat_map(|plan| &plan.unchanged).collect();
        let all: BTreeSet<&Address> = graph
            .iter()
            .map(|node| &node.address)
            .filter(|at| !scope || actions.contains_key(at) || unchanged.contains(at))
            .chain(actions.keys().copied())
            .chain(unchanged.iter().copied())
            .collect();
        let index: BTreeMap<&Address, usize> =
            all.iter().enumerate().map(|(at, address)| (*address, at)).collect();
        let services: BTreeSet<&str> = all
            .iter()
            .filter(|address| address.kind() == "service")
            .map(|address| address.name())
            .collect();
        let mut nodes: Vec<Node> = all
            .iter()
            .map(|address| {
                let action = actions.get(address).copied();
                Node {
                    address: (*address).clone(),
                    title: view::title(address),
                    service: service_of(address, &services),
                    action,
                    revision: action == Some(Action::Replace) && view::has_revisions(address),
                    needs: graph
                        .needs(address)
                        .filter_map(|need| index.get(need).copied())
                        .collect(),
                }
            })
            .collect();
        // What is deleted is in no graph; it goes after whatever needed it.
        let at: BTreeMap<_, _> = steps.iter().map(|step| (&step.id, step)).collect();
        for step in steps.iter().filter(|step| matches!(step.op, Op::Delete { .. })) {
            for need in step.needs.iter().filter_map(|need| at.get(need)) {
                let (gone, user) = (index[&step.address], index[&need.address]);
                let both = graph.get(&step.address).is_none() && graph.get(&need.address).is_none();
                if both && matches!(need.op, Op::Delete { .. }) && gone != user {
                    nodes[user].needs.insert(gone);
                }
            }
        }
        Self { stack: stack.to_owned(), nodes, planned: plan.is_some() }
    }

    /// Returns the arrows worth drawing, from what is needed to what needs it: none that a longer way
    /// over other boxes says already.
    pub(crate) fn arrows(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            for need in &node.needs {
                let others = node.needs.iter().filter(|other| *other != need);
                if !others.into_iter().any(|other| self.reaches(*other, *need)) {
                    found.push((*need, at));
                }
            }
        }
        found
    }

    /// Says whether `from` needs `to` by some way.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let (mut seen, mut queue) = (BTreeSet::new(), vec![from]);
        while let Some(at) = queue.pop() {
            if at == to {
                return true;
            }
            if seen.insert(at) {
                queue.extend(&self.nodes[at].needs);
            }
        }
        false
    }
}

impl Node {
    /// Returns the word beside the colour.
    pub(crate) fn word(&self, planned: bool) -> &'static str {
        match self.action {
            Some(Action::Replace) if self.revision => "new revision",
            Some(action) => action.as_str(),
            None if planned => "unchanged",
            None => "",
        }
    }

    /// Returns the class that gives it its colour.
    pub(crate) fn class(&self) -> &'static str {
        match self.action {
            Some(Action::Replace) if self.revision => "update",
            Some(action) => action.as_str(),
            None => "unchanged",
        }
    }
}

/// Returns the service a resource is for, going by its name: `web`, `web/execution`.
fn service_of(address: &Address, services: &BTreeSet<&str>) -> Option<String> {
    let name = address.name().split('/').next().unwrap_or_default();
    services.get(name).filter(|_| address.kind() != "dns_record").map(|name| (*name).to_owned())
}
