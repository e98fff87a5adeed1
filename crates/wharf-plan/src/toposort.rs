//! Ordering by edges, with ties broken by a key, so that the same input gives the same order.

use std::collections::BTreeSet;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

/// For each node, the nodes that come before it.
pub(crate) type Before = Vec<BTreeSet<usize>>;

/// Returns the nodes so that each comes after the ones before it; of those that are free at the same
/// time, the one with the lowest number first. `None` when some wait for each other.
pub(crate) fn sort(before: &Before) -> Option<Vec<usize>> {
    let mut after = vec![Vec::new(); before.len()];
    let mut missing: Vec<usize> = before.iter().map(BTreeSet::len).collect();
    for (node, needs) in before.iter().enumerate() {
        for &need in needs {
            after[need].push(node);
        }
    }
    let mut free: BTreeSet<usize> = (0..before.len()).filter(|node| missing[*node] == 0).collect();
    let mut order = Vec::with_capacity(before.len());
    while let Some(node) = free.pop_first() {
        order.push(node);
        for &next in &after[node] {
            missing[next] -= 1;
            if missing[next] == 0 {
                free.insert(next);
            }
        }
    }
    (order.len() == before.len()).then_some(order)
}

/// Adds wishes to edges that must hold. A wish that would make nodes wait for each other is dropped;
/// earlier wishes win.
pub(crate) fn with_wishes(must: &Before, wishes: &[(usize, usize)]) -> Before {
    let mut all = must.clone();
    for &(node, need) in wishes {
        if node != need {
            all[node].insert(need);
        }
    }
    if sort(&all).is_some() {
        return all;
    }
    let mut all = must.clone();
    for &(node, need) in wishes {
        if node != need && !reaches(&all, need, node) {
            all[node].insert(need);
        }
    }
    all
}

/// Says whether `from` comes, over any number of edges, after `to`.
fn reaches(before: &Before, from: usize, to: usize) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut stack = vec![from];
    while let Some(node) = stack.pop() {
        if node == to {
            return true;
        }
        stack.extend(before[node].iter().copied().filter(|next| seen.insert(*next)));
    }
    false
}

/// Returns nodes that wait for each other, if any do.
pub(crate) fn cycle(before: &Before) -> Option<Vec<usize>> {
    let mut edges = DiGraphMap::<usize, ()>::new();
    for (node, needs) in before.iter().enumerate() {
        for &need in needs {
            edges.add_edge(node, need, ());
        }
    }
    tarjan_scc(&edges)
        .into_iter()
        .find(|part| part.len() > 1 || edges.contains_edge(part[0], part[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(edges: &[&[usize]]) -> Before {
        edges.iter().map(|needs| needs.iter().copied().collect()).collect()
    }

    #[test]
    fn ties_go_to_the_lowest_number() {
        assert_eq!(sort(&before(&[&[2], &[], &[], &[0]])), Some(vec![1, 2, 0, 3]));
    }

    #[test]
    fn a_wish_that_closes_a_circle_is_dropped() {
        let must = before(&[&[1], &[], &[0]]);
        let all = with_wishes(&must, &[(1, 2), (1, 1)]);
        assert_eq!(all, must);
        assert_eq!(with_wishes(&before(&[&[], &[]]), &[(0, 1), (1, 0)]), before(&[&[1], &[]]));
    }

    #[test]
    fn names_a_circle() {
        assert_eq!(sort(&before(&[&[1], &[0]])), None);
        assert_eq!(cycle(&before(&[&[1], &[0]])).map(|part| part.len()), Some(2));
        assert_eq!(cycle(&before(&[&[1], &[]])), None);
    }
}
