//! Which live objects are to be deleted, and who still holds on to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wharf_graph::{Address, Graph, Live, ReplaceOrder, Snapshot};

use crate::decide::{Decisions, Verdict};
use crate::{Depends, Options, Protected, Reason};

/// Shortest value taken for an identity; anything shorter may be equal by chance.
const TELLING: usize = 8;

/// Names a live object: its address, and its place among the objects there.
pub(crate) type ObjectKey<'a> = (&'a Address, usize);

/// Every live object by key.
pub(crate) type Objects<'a> = BTreeMap<ObjectKey<'a>, &'a Live>;

/// Lists every live object.
pub(crate) fn objects(snapshot: &Snapshot) -> Objects<'_> {
    snapshot
        .live
        .iter()
        .flat_map(|(address, list)| {
            list.iter().enumerate().map(move |(index, live)| ((address, index), live))
        })
        .collect()
}

/// An object that is to be deleted.
#[derive(Clone, Debug)]
pub(crate) struct Doomed<'a> {
    pub(crate) live: &'a Live,
    pub(crate) reason: Reason,
    pub(crate) drift: bool,
    /// Whether it is the old half of a replacement, and in which order.
    pub(crate) replaced: Option<ReplaceOrder>,
}

fn kept(options: &Options, address: &Address) -> bool {
    options.keep.contains(address.kind()) || options.keep.contains(&address.to_string())
}

/// Lists what is to be deleted.
pub(crate) fn doomed<'a>(
    graph: &Graph,
    snapshot: &Snapshot,
    options: &Options,
    objects: &Objects<'a>,
    decided: &Decisions<'a>,
) -> BTreeMap<ObjectKey<'a>, Doomed<'a>> {
    let settled = snapshot.seal.as_ref().is_some_and(|seal| seal.names == graph.seal().names);
    objects
        .iter()
        .filter_map(|(key, live)| {
            let fate = match decided.get(key.0) {
                Some(decision) => {
                    let superseded = decision.live.is_some_and(|own| std::ptr::eq(own, *live));
                    match decision.verdict {
                        Verdict::Replace(order) if superseded => {
                            let keep =
                                live.policy.never_prune && order == ReplaceOrder::CreateFirst;
                            (!keep).then_some((Reason::Superseded, decision.drift, Some(order)))?
                        }
                        // What is on its way out still uses things, and goes by itself before they do. Where
                        // its successor has the same name, making that one waits for it.
                        _ if live.leaving => {
                            let name =
                                |props: &Value| Some(props.get(live.policy.identity?)?.clone());
                            if name(&live.props) == name(&decision.desired.props) {
                                return None;
                            }
                            (Reason::Leaving, false, None)
                        }
                        _ if superseded || live.policy.never_prune => return None,
                        _ => (Reason::LeftOver, false, None),
                    }
                }
                None if live.policy.never_prune => return None,
                None if options.destroy => {
                    if kept(options, key.0) {
                        return None;
                    }
                    (Reason::Destroyed, false, None)
                }
                None if live.leaving => (Reason::Leaving, false, None),
                None if settled => (Reason::Added, true, None),
                None => {
                    let name = key.0.name().split(['/', ':']).next().unwrap_or_default();
                    let renamed = options.renamed.get(name).filter(|_| !live.policy.holds_data);
                    let pruned = renamed.map(|to| Reason::Renamed { to: to.clone() });
                    (pruned.unwrap_or(Reason::Pruned), false, None)
                }
            };
            let (reason, drift, replaced) = fate;
            Some((*key, Doomed { live, reason, drift, replaced }))
        })
        .collect()
}

/// Lists the doomed objects that the spec protects. What is left over from an interrupted
/// replacement has been replaced already and may go.
pub(crate) fn protected<'a>(
    options: &Options,
    doomed: impl Iterator<Item = &'a Doomed<'a>>,
) -> Vec<Protected> {
    doomed
        .filter(|doom| doom.reason != Reason::LeftOver && doom.reason != Reason::Leaving)
        .filter_map(|doom| {
            let address = &doom.live.address;
            let by = options.protect.iter().find(|word| {
                let kind = match word.as_str() {
                    "balancer" => "load_balancer",
                    "logs" => "log_group",
                    word => word,
                };
                kind == address.kind() || **word == address.to_string()
            })?;
            Some(Protected {
                address: address.clone(),
                id: doom.live.id.clone(),
                by: by.clone(),
                replaced: doom.replaced.is_some(),
            })
        })
        .collect()
}

/// Finds what is to go although others depend on it.
pub(crate) fn depended_on<'a>(
    snapshot: &Snapshot,
    going: impl Iterator<Item = &'a Doomed<'a>>,
) -> Vec<Depends> {
    going
        .filter_map(|doom| {
            let guests = snapshot.guests.iter().filter(|guest| guest.of == doom.live.id);
            let who: Vec<String> = guests.map(|guest| guest.who.clone()).collect();
            (!who.is_empty()).then(|| Depends { address: doom.live.address.clone(), who })
        })
        .collect()
}

/// Says who refers to what is to be deleted, and what it refers to itself if it governs that.
///
/// Live props hold values and no references, so a reference is recognised by its value. Only values
/// that AWS assigned count (an id, an ARN, a DNS name), and only when one object alone has them.
pub(crate) fn holders<'a>(
    objects: &Objects<'a>,
    doomed: &BTreeMap<ObjectKey<'a>, Doomed<'a>>,
) -> Holders<'a> {
    let mut found = Holders::default();
    if doomed.is_empty() {
        return found;
    }
    let owner_of = owners(objects);
    for (holder, live) in objects {
        each_text(&live.props, &mut |text| {
            let Some(Some(held)) = owner_of.get(text) else { return };
            if held == holder {
                return;
            }
            if doomed.contains_key(held) {
                found.of_doomed.insert((*holder, *held));
            } else if live.policy.governs && doomed.contains_key(holder) {
                found.governed.insert((*holder, held.0));
            }
        });
    }
    found
}

/// Who refers to what.
#[derive(Debug, Default)]
pub(crate) struct Holders<'a> {
    /// Pairs of an object and a doomed object that it refers to.
    pub(crate) of_doomed: BTreeSet<(ObjectKey<'a>, ObjectKey<'a>)>,
    /// Pairs of a doomed object that governs another, and the address of that one, which stays.
    pub(crate) governed: BTreeSet<(ObjectKey<'a>, &'a Address)>,
}

/// Returns, by value, the one object that has it as id or output; `None` when several have.
fn owners<'a>(objects: &Objects<'a>) -> BTreeMap<&'a str, Option<ObjectKey<'a>>> {
    let mut by_id: BTreeMap<&str, Option<ObjectKey<'_>>> = BTreeMap::new();
    let mut by_output: BTreeMap<&str, Option<ObjectKey<'_>>> = BTreeMap::new();
    let add = |map: &mut BTreeMap<&'a str, Option<ObjectKey<'a>>>, value: &'a str, key| {
        map.entry(value)
            .and_modify(|one| *one = one.filter(|one| *one == key))
            .or_insert(Some(key));
    };
    for (key, live) in objects {
        let live: &'a Live = live;
        let own = |value: &str| {
            let mut own = false;
            each_text(&live.props, &mut |text| own |= text == value);
            own
        };
        if live.id.len() >= TELLING && !own(&live.id) {
            add(&mut by_id, &live.id, *key);
        }
        for value in live.outputs.values() {
            let telling = value.starts_with("arn:") || value.len() >= TELLING;
            if telling && !own(value) {
                add(&mut by_output, value, *key);
            }
        }
    }
    // An id names its object, whoever else repeats it among its outputs.
    by_output.extend(by_id);
    by_output
}

/// Calls `see` with every text inside `value`.
pub(crate) fn each_text<'a>(value: &'a Value, see: &mut dyn FnMut(&'a str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, see)),
        Value::Object(map) => map.values().for_each(|item| each_text(item, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
