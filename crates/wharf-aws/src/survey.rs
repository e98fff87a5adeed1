//! What checks of a plan ask beside the reading: what was chosen, and how much of it there is.

use std::collections::BTreeSet;

use wharf_graph::Facts;
use wharf_spec::Stack;

use crate::kinds::planned_rules;
use crate::placement;

/// Returns the subnets chosen for tasks, and whether each task gets a public address; `None` where
/// none could be chosen.
pub fn task_subnets(stack: &Stack, facts: &Facts) -> Option<(BTreeSet<String>, bool)> {
    let chosen = placement::tasks(stack, facts).ok()?;
    Some((chosen.subnets, chosen.public_ip))
}

/// Returns the subnets chosen for the balancer; `None` without a balancer, or where none could be
/// chosen.
pub fn balancer_subnets(stack: &Stack, facts: &Facts) -> Option<BTreeSet<String>> {
    stack.routed().next().filter(|_| stack.balancer.shared.is_none())?;
    Some(placement::balancer(stack, facts).ok()?.subnets)
}

/// Returns how many listener rules the stack makes, default ones aside.
pub fn rule_count(stack: &Stack) -> usize {
    planned_rules(stack)
}
