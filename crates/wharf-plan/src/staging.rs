//! Moving traffic to a new target only when something serves it.
//!
//! A listener or rule names the targets that get traffic, and whatever serves a target (a service)
//! can only do so once a listener or rule names it (Amazon ECS API reference, `CreateService`: the
//! target group must be associated with a load balancer). So a new target is first named at weight 0,
//! then served, and only then gets the traffic of the old one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use wharf_graph::Address;
use wharf_graph::input::{as_ref, resolve_known};

use crate::Change;
use crate::decide::{Decision, Decisions, Verdict, known};

/// The key of an element of the traffic prop that names its target.
const TARGET: &str = "target_group";

/// The key of an element of the traffic prop that says how much it gets.
const WEIGHT: &str = "weight";

/// How the update of a listener or rule is cut in two.
#[derive(Debug)]
pub(crate) struct Staged<'a> {
    /// Props and changes of the first half; `None` when the targets are named already.
    pub(crate) attach: Option<(Value, Vec<Change>)>,
    /// A target that is moved to, for people.
    pub(crate) target: &'a Address,
    /// What must be changed between the halves, because it begins to serve a target.
    pub(crate) servers: BTreeSet<&'a Address>,
}

/// Says whether and how an update has to be cut in two.
pub(crate) fn stage<'a>(
    decision: &Decision<'a>,
    decided: &Decisions<'a>,
    dependents: &BTreeMap<&'a Address, Vec<&'a Address>>,
    inside: &dyn Fn(&Address) -> bool,
) -> Option<Staged<'a>> {
    let prop = decision.desired.policy.traffic?;
    let differs = decision.changes.iter().any(|change| change.path == prop);
    if decision.verdict != Verdict::Update || !differs {
        return None;
    }
    let live = decision.live?;
    let before = live.props.get(prop)?.as_array()?;
    let after = decision.desired.props.get(prop)?.as_array()?;
    if before.is_empty() {
        return None;
    }
    let mut servers = BTreeSet::new();
    let mut first = None;
    let mut missing = Vec::new();
    for element in after {
        let Some(reference) = element.get(TARGET).and_then(as_ref) else { continue };
        if element.get(WEIGHT).and_then(Value::as_u64) == Some(0) {
            continue;
        }
        let Some((target, _)) = decided.get_key_value(&reference.of) else { continue };
        let found: Vec<&Address> = dependents
            .get(target)
            .into_iter()
            .flatten()
            .copied()
            .filter(|server| inside(server) && serves_anew(&decided[server]))
            .collect();
        if found.is_empty() {
            continue;
        }
        servers.extend(found);
        first = first.or(Some(*target));
        let value = known(decided, &reference).map(Value::String);
        let named = value.is_some() && before.iter().any(|one| one.get(TARGET) == value.as_ref());
        if !named {
            missing.push(element.clone());
        }
    }
    let attach = (!missing.is_empty()).then(|| attach(prop, &live.props, before, missing, decided));
    first.map(|target| Staged { attach, target, servers })
}

/// Says whether a resource is about to begin serving a target, or began in a run that was
/// interrupted: its tag is renewed last, so a stale one tells.
fn serves_anew(server: &Decision<'_>) -> bool {
    let may = server.desired.policy.traffic.is_none() && server.desired.policy.serves_traffic;
    may && (server.verdict != Verdict::Same || server.stale_tag)
}

fn attach(
    prop: &str,
    live: &Value,
    before: &[Value],
    missing: Vec<Value>,
    decided: &Decisions<'_>,
) -> (Value, Vec<Change>) {
    let mut list = before.to_vec();
    let mut changes = Vec::new();
    for mut element in missing {
        element[WEIGHT] = json!(0);
        let resolved = resolve_known(&element, &|reference| known(decided, reference));
        let reference = element.get(TARGET).and_then(as_ref);
        let unknown = resolved.get(TARGET).is_some_and(|target| as_ref(target).is_some());
        changes.push(Change {
            path: format!("{prop}.{}", list.len()),
            before: Value::Null,
            after: if unknown { Value::Null } else { resolved },
            unknown,
            sensitive: false,
            forces_replacement: None,
            follows: reference.map(|reference| reference.of),
        });
        list.push(element);
    }
    let mut props = live.clone();
    props[prop] = Value::Array(list);
    (props, changes)
}
