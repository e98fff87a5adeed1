//! Hashes of everything a plan was computed from, so that a saved plan can tell what moved.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;
use wharf_graph::facts::BalancerFact;
use wharf_graph::props::short_hash;
use wharf_graph::{Live, Snapshot};

/// One thing that is not as it was when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// An address (`service.api`) or a fact (`fact images.api`).
    pub what: String,
    /// How it moved.
    pub how: Movement,
}

/// How something moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// It was not there.
    Appeared,
    /// It is not there any more.
    Vanished,
    /// It is another.
    Changed,
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.how {
            Movement::Appeared => "appeared",
            Movement::Vanished => "is gone",
            Movement::Changed => "changed",
        };
        write!(f, "{} {how}", self.what)
    }
}

/// Hashes each address and each fact of a snapshot.
pub(crate) fn observe(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let mut seen = BTreeMap::new();
    for (address, objects) in &snapshot.live {
        if !objects.is_empty() {
            seen.insert(address.to_string(), objects_hash(objects));
        }
    }
    for foreign in &snapshot.foreign {
        let text = format!("{} {}", foreign.id, foreign.owner);
        seen.insert(format!("foreign {}", foreign.address), short_hash(&text, 16));
    }
    observe_facts(snapshot, &mut seen);
    seen
}

fn objects_hash(objects: &[Live]) -> String {
    let list: BTreeSet<String> = objects
        .iter()
        .map(|live| {
            let props = live.policy.lasting(&live.props);
            json!([live.id, props, live.outputs, live.applied, live.leaving]).to_string()
        })
        .collect();
    short_hash(&list.into_iter().collect::<Vec<_>>().join("\n"), 16)
}

fn observe_facts(snapshot: &Snapshot, seen: &mut BTreeMap<String, String>) {
    let facts = &snapshot.facts;
    let mut add = |name: String, value: serde_json::Value| {
        seen.insert(format!("fact {name}"), short_hash(&value.to_string(), 16));
    };
    add("account".to_owned(), json!([facts.account, facts.region, facts.partition]));
    add("vpc".to_owned(), json!([facts.vpc, facts.vpc_problem]));
    for subnet in &facts.subnets {
        // Free addresses come and go with every task and decide nothing.
        add(format!("subnets.{}", subnet.id), json!([subnet.zone, subnet.egress]));
    }
    for zone in &facts.zones {
        add(format!("zones.{}", zone.id), json!(zone));
    }
    for (service, image) in &facts.images {
        // Which architectures there are is only known when a registry answers in time.
        add(format!("images.{service}"), json!([image.reference, image.digest]));
    }
    for (arn, role) in &facts.roles {
        add(format!("roles.{arn}"), json!(role));
    }
    if let Some(found) = &facts.certificate {
        add("certificate".to_owned(), json!(found));
    }
    if let Some(found) = &facts.cluster {
        add("cluster".to_owned(), json!(found));
    }
    if let Some(found) = &facts.balancer {
        // Rules of others come and go; where those of the stack stand is seen in them.
        let rest = BalancerFact { rules: Vec::new(), ..found.clone() };
        add("balancer".to_owned(), json!(rest));
    }
    for (name, secret) in &facts.secrets {
        add(format!("secrets.{name}"), json!(secret));
    }
}

/// Compares two observations by name.
pub(crate) fn moved(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Moved> {
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let how = match (then.get(name), now.get(name)) {
                (Some(then), Some(now)) if then == now => return None,
                (Some(_), Some(_)) => Movement::Changed,
                (None, _) => Movement::Appeared,
                (_, None) => Movement::Vanished,
            };
            Some(Moved { what: name.clone(), how })
        })
        .collect()
}
