//! Which step comes before which.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wharf_graph::{Address, ReplaceOrder};

use crate::decide::Verdict;
use crate::doomed::{Doomed, ObjectKey, Objects, each_text};
use crate::nodes::Nodes;
use crate::scope::Relations;
use crate::toposort::Before;
use crate::{Part, Reason};

/// Edges that must hold: new things come after what they need, the halves of a replacement in their
/// order, and traffic moves after what serves it. These cannot form a circle, since they follow the
/// graph: the second half of a cut update is needed by nothing but deletes.
pub(crate) fn must(nodes: &Nodes<'_>, relations: &Relations<'_>) -> Before {
    let mut before: Before = vec![BTreeSet::new(); nodes.list.len()];
    let mut memo = BTreeMap::new();
    for (index, node) in nodes.list.iter().enumerate() {
        if node.deletes.is_some() {
            continue;
        }
        for need in relations.graph.needs(node.address) {
            before[index].extend(ready(need, nodes, relations, &mut memo));
        }
        match node.part {
            Some(Part::Move) => {
                let servers = nodes.staging.moves.get(node.address).map(|cut| &cut.servers);
                let servers = servers.into_iter().flatten();
                before[index].extend(servers.filter_map(|one| nodes.ready.get(one)));
                before[index].extend(nodes.ready.get(node.address));
            }
            Some(Part::Release) => {
                let movers = nodes.staging.joins.get(node.address).map(|cut| &cut.movers);
                let movers = movers.into_iter().flatten();
                before[index].extend(movers.filter_map(|one| nodes.last.get(one)));
                before[index].extend(nodes.ready.get(node.address));
            }
            Some(Part::Narrow) => before[index].extend(nodes.ready.get(node.address)),
            _ => {}
        }
    }
    for (key, &delete) in &nodes.deletes {
        let Some(order) = relations.doomed.get(key).and_then(|doom| doom.replaced) else {
            continue;
        };
        let Some(&create) = nodes.last.get(key.0) else { continue };
        match order {
            ReplaceOrder::CreateFirst => before[delete].insert(create),
            ReplaceOrder::DeleteFirst => before[create].insert(delete),
        };
    }
    before
}

/// Returns the steps after which `address` can be relied on. Where nothing happens to it, that is
/// when what it needs itself can be.
fn ready<'a>(
    address: &'a Address,
    nodes: &Nodes<'a>,
    relations: &Relations<'a>,
    memo: &mut BTreeMap<&'a Address, BTreeSet<usize>>,
) -> BTreeSet<usize> {
    if let Some(step) = nodes.ready.get(address) {
        return BTreeSet::from([*step]);
    }
    if let Some(found) = memo.get(address) {
        return found.clone();
    }
    let mut found = BTreeSet::new();
    for need in relations.graph.needs(address) {
        found.extend(ready(need, nodes, relations, memo));
    }
    memo.insert(address, found.clone());
    found
}

/// Edges that hold unless they would close a circle, as pairs of a step and one before it; the most
/// important first. All of them concern deleting, which AWS refuses while something uses the object.
pub(crate) fn wishes(
    nodes: &Nodes<'_>,
    relations: &Relations<'_>,
    objects: &Objects<'_>,
) -> Vec<(usize, usize)> {
    let mut list = Vec::new();
    after_successors(nodes, relations, &mut list);
    // A service whose requests move by a rule names that rule, and still has to outlive it.
    after_routes(nodes, relations, &mut list);
    letting_go(nodes, relations, objects, &mut list);
    after_governors(nodes, relations, &mut list);
    after_dependents(nodes, relations, &mut list);
    after_kinds(nodes, relations, &mut list);
    after_users(nodes, &mut list);
    after_traffic(nodes, relations, &mut list);
    before_namesakes(nodes, relations, &mut list);
    list
}

/// An object goes after every object that names it has gone or names something else.
fn letting_go(
    nodes: &Nodes<'_>,
    relations: &Relations<'_>,
    objects: &Objects<'_>,
    list: &mut Vec<(usize, usize)>,
) {
    for (holder, held) in &relations.holders.of_doomed {
        let Some(&delete) = nodes.deletes.get(held) else { continue };
        let leaving = objects.get(holder).is_some_and(|live| live.leaving);
        let released = nodes.deletes.get(holder).or_else(|| {
            let own = relations.decided.get(holder.0)?;
            let matched = own.live.is_some_and(|live| {
                objects.get(holder).is_some_and(|holder| std::ptr::eq(*holder, live))
            });
            (matched || leaving).then(|| nodes.last.get(holder.0)).flatten()
        });
        list.extend(released.map(|&released| (delete, released)));
    }
}

/// What an interrupted replacement left behind goes when its successor does what it did.
fn after_successors(nodes: &Nodes<'_>, relations: &Relations<'_>, list: &mut Vec<(usize, usize)>) {
    for (key, &delete) in &nodes.deletes {
        let doom = &relations.doomed[key];
        if is_left_beside(doom) {
            list.extend(nodes.ready.get(key.0).map(|&ready| (delete, ready)));
        }
    }
}

/// Says whether this is what an interrupted replacement left behind, with its successor beside it.
fn is_left_beside(doom: &Doomed<'_>) -> bool {
    doom.reason == Reason::LeftOver && doom.live.policy.replace_order == ReplaceOrder::CreateFirst
}

/// What only has another name now, or is replaced, goes on answering until no rule leads to it any more, also where
/// the rule goes instead of moving (a first domain makes it anew at another listener).
fn after_routes(nodes: &Nodes<'_>, relations: &Relations<'_>, list: &mut Vec<(usize, usize)>) {
    let mut leading: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (key, &delete) in &nodes.deletes {
        let live = relations.doomed[key].live;
        let Some(targets) = live.policy.traffic.and_then(|prop| live.props.get(prop)) else {
            continue;
        };
        each_text(targets, &mut |text| leading.entry(text).or_default().push(delete));
    }
    for (key, &delete) in &nodes.deletes {
        let doom = &relations.doomed[key];
        let succeeded = matches!(doom.reason, Reason::Renamed { .. })
            || doom.replaced == Some(ReplaceOrder::CreateFirst)
            || is_left_beside(doom);
        if !succeeded || doom.live.policy.traffic.is_some() || !doom.live.policy.serves_traffic {
            continue;
        }
        each_text(&doom.live.props, &mut |text| {
            for &route in leading.get(text).into_iter().flatten() {
                list.push((delete, route));
            }
        });
    }
}

/// What was governed by something that goes is changed when that has gone, or both would work on it.
fn after_governors(nodes: &Nodes<'_>, relations: &Relations<'_>, list: &mut Vec<(usize, usize)>) {
    for (governor, governed) in &relations.holders.governed {
        if let (Some(&change), Some(&delete)) =
            (nodes.ready.get(governed), nodes.deletes.get(governor))
        {
            list.push((change, delete));
        }
    }
}

/// What has a successor goes after everything that needs the successor has changed.
fn after_dependents(nodes: &Nodes<'_>, relations: &Relations<'_>, list: &mut Vec<(usize, usize)>) {
    for (key, &delete) in &nodes.deletes {
        let follows = relations.doomed.get(key).is_some_and(Doomed::goes_last);
        if !follows {
            continue;
        }
        for dependent in relations.dependents.get(key.0).into_iter().flatten() {
            list.extend(nodes.last.get(dependent).map(|&last| (delete, last)));
        }
    }
}

/// What a kind must outlive goes, or changes, first.
fn after_kinds(nodes: &Nodes<'_>, relations: &Relations<'_>, list: &mut Vec<(usize, usize)>) {
    let mut going: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (key, &delete) in &nodes.deletes {
        going.entry(key.0.kind()).or_default().push(delete);
    }
    let mut changing: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (address, &step) in &nodes.last {
        changing.entry(address.kind()).or_default().push(step);
    }
    for (key, &delete) in &nodes.deletes {
        // What goes before its successor is made cannot wait for those that need the successor.
        let early = relations.doomed[key].replaced == Some(ReplaceOrder::DeleteFirst);
        for kind in nodes.list[delete].policy.delete_after {
            let earlier = going.get(kind).into_iter().flatten();
            let changed = changing.get(kind).into_iter().flatten().filter(|_| !early);
            list.extend(earlier.chain(changed).map(|&earlier| (delete, earlier)));
        }
    }
}

/// What is taken away from a resource is taken after everything of the kinds that use it has changed or gone.
fn after_users(nodes: &Nodes<'_>, list: &mut Vec<(usize, usize)>) {
    for (narrow, node) in nodes.list.iter().enumerate() {
        let users = node.policy.grants.map_or(&[][..], |grants| grants.users);
        if node.part != Some(Part::Narrow) {
            continue;
        }
        let by = |address: &Address| users.contains(&address.kind());
        let changed = nodes.last.iter().filter(|(address, _)| by(address)).map(|(_, step)| *step);
        let gone = nodes.deletes.iter().filter(|(key, _)| by(key.0)).map(|(_, step)| *step);
        list.extend(changed.chain(gone).map(|step| (narrow, step)));
    }
}

/// What serves a target goes after traffic has left the target.
fn after_traffic(nodes: &Nodes<'_>, relations: &Relations<'_>, list: &mut Vec<(usize, usize)>) {
    let mut leaving: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (address, decision) in relations.decided {
        let (Some(prop), Some(live), Verdict::Update) =
            (decision.desired.policy.traffic, decision.live, decision.verdict)
        else {
            continue;
        };
        let Some(&moved) = nodes.last.get(*address) else { continue };
        if let Some(Value::Array(targets)) = live.props.get(prop) {
            for target in targets {
                each_text(target, &mut |text| leaving.entry(text).or_default().push(moved));
            }
        }
    }
    if leaving.is_empty() {
        return;
    }
    for (key, &delete) in &nodes.deletes {
        let doom = &relations.doomed[key];
        if doom.live.policy.traffic.is_some() || doom.replaced == Some(ReplaceOrder::DeleteFirst) {
            continue;
        }
        each_text(&doom.live.props, &mut |text| {
            for &moved in leaving.get(text).into_iter().flatten() {
                list.push((delete, moved));
            }
        });
    }
}

/// A new object comes after an old one of another address that has its name.
fn before_namesakes(nodes: &Nodes<'_>, relations: &Relations<'_>, list: &mut Vec<(usize, usize)>) {
    let mut taken: BTreeMap<(&str, String), Vec<(ObjectKey<'_>, usize)>> = BTreeMap::new();
    for (key, &delete) in &nodes.deletes {
        let live = relations.doomed[key].live;
        if let Some(name) = live.policy.identity.and_then(|prop| live.props.get(prop)) {
            taken.entry((key.0.kind(), name.to_string())).or_default().push((*key, delete));
        }
    }
    if taken.is_empty() {
        return;
    }
    for (index, node) in nodes.list.iter().enumerate() {
        let Some(name) = node
            .op
            .props()
            .filter(|_| node.op.live().is_none())
            .and_then(|props| props.get(node.policy.identity?))
        else {
            continue;
        };
        let others = taken.get(&(node.address.kind(), name.to_string())).into_iter().flatten();
        list.extend(others.filter(|(key, _)| key.0 != node.address).map(|(_, one)| (index, *one)));
    }
}
