//! What a plan opens up: who may connect that could not before, and what may be done that could not.
//!
//! Only widening is listed. Reviewers look for it first, and it hides among a hundred other fields.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use wharf_graph::Address;
use wharf_graph::input::as_ref;
use wharf_plan::{Op, Plan, Step};

/// Something that is open, or allowed, afterwards and was not before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Widening {
    /// The resource through which.
    pub(crate) address: Address,
    /// What, in a sentence without a full stop.
    pub(crate) what: String,
}

/// Lists what the plan opens up, in the order of the addresses.
pub(crate) fn widenings(plan: &Plan) -> Vec<Widening> {
    let mut found = BTreeSet::new();
    let mut doors: BTreeMap<(String, String), BTreeMap<u64, Address>> = BTreeMap::new();
    for step in &plan.steps {
        let Some(after) = step.op.props() else { continue };
        let before = before(plan, step);
        let mut add = |what: String| {
            found.insert(Widening { address: step.address.clone(), what });
        };
        match step.address.kind() {
            "ingress_rule" => door(plan, step, before, after, &mut doors),
            "load_balancer"
                if becomes(before, after, "/scheme", &Value::from("internet-facing")) =>
            {
                add("the balancer can be reached from the internet".to_owned());
            }
            "listener" => listener(before, after, &mut add),
            "role" => role(&step.address, before, after, &mut add),
            "service" => {
                if becomes(before, after, "/exec", &Value::Bool(true)) {
                    add("people with ecs:ExecuteCommand can open a shell in its tasks".to_owned());
                }
                if becomes(before, after, "/public_ip", &Value::Bool(true)) {
                    add("each of its tasks gets a public address".to_owned());
                }
            }
            "task_definition" => secrets(before, after, &mut add),
            "repository"
                if before.is_some()
                    && becomes(before, after, "/tag_mutability", &"MUTABLE".into()) =>
            {
                add("a pushed tag can be pushed again with other content".to_owned());
            }
            _ => {}
        }
    }
    for ((group, source), ports) in doors {
        let Some(address) = ports.values().next().cloned() else { continue };
        let list: Vec<String> = ports.keys().map(u64::to_string).collect();
        let word = if list.len() == 1 { "port" } else { "ports" };
        let what = format!("{source} may connect to {word} {} of the {group}", list.join(" and "));
        found.insert(Widening { address, what });
    }
    found.into_iter().collect()
}

/// Returns the props a resource had, also when the step only makes its successor.
fn before<'a>(plan: &'a Plan, step: &'a Step) -> Option<&'a Value> {
    let replaced = || {
        plan.steps.iter().find_map(|other| match &other.op {
            Op::Delete { live } if other.address == step.address => Some(live),
            _ => None,
        })
    };
    step.op.live().or_else(replaced).map(|live| &live.props)
}

fn becomes(before: Option<&Value>, after: &Value, pointer: &str, wanted: &Value) -> bool {
    after.pointer(pointer) == Some(wanted)
        && before.and_then(|before| before.pointer(pointer)) != Some(wanted)
}

/// Gathers a firewall rule with the others that let the same source in.
fn door(
    plan: &Plan,
    step: &Step,
    before: Option<&Value>,
    after: &Value,
    doors: &mut BTreeMap<(String, String), BTreeMap<u64, Address>>,
) {
    let same =
        |pointer: &str| before.and_then(|old| old.pointer(pointer)) == after.pointer(pointer);
    if before.is_some() && ["/source", "/from_port", "/to_port", "/protocol"].into_iter().all(same)
    {
        return;
    }
    if covered(plan, step, after) {
        return;
    }
    let group = step.address.name().split(':').next().unwrap_or_default().to_owned();
    let source = after
        .get("source")
        .and_then(Value::as_object)
        .and_then(|source| source.values().next_back())
        .map(|source| match (as_ref(source), source.as_str()) {
            (Some(reference), _) => format!("the {}", reference.of.name()),
            (None, Some("0.0.0.0/0")) => "any IPv4 address".to_owned(),
            (None, Some("::/0")) => "any IPv6 address".to_owned(),
            // The balancer's security group is known by its id once it exists.
            (None, Some(id)) if id.starts_with("sg-") && group == "tasks" => {
                "the balancer".to_owned()
            }
            (None, Some(text)) => text.to_owned(),
            (None, None) => source.to_string(),
        })
        .unwrap_or_default();
    let port = after.get("to_port").and_then(Value::as_u64).unwrap_or_default();
    doors.entry((group, source)).or_default().insert(port, step.address.clone());
}

/// Lists each widening as a line that names its resource, unless the line does so by itself.
pub(crate) fn sentences(widenings: &[Widening]) -> Vec<String> {
    let line = |one: &Widening| match one.address.kind() {
        "ingress_rule" | "load_balancer" => one.what.clone(),
        _ => format!("{}: {}", one.address, one.what),
    };
    widenings.iter().map(line).collect()
}

/// Says whether a rule that goes let everybody in where this one lets in some.
fn covered(plan: &Plan, step: &Step, after: &Value) -> bool {
    let cidr = |props: &Value| {
        let map = props.get("source")?.as_object()?;
        map.values().next_back()?.as_str().map(str::to_owned)
    };
    let group = |address: &Address| address.name().split(':').next().map(str::to_owned);
    let Some(new) = cidr(after).filter(|new| new.contains('/')) else { return false };
    let everybody = if new.contains(':') { "::/0" } else { "0.0.0.0/0" };
    plan.steps.iter().any(|other| match &other.op {
        Op::Delete { live } => {
            other.address.kind() == "ingress_rule"
                && group(&other.address) == group(&step.address)
                && live.props.get("to_port") == after.get("to_port")
                && cidr(&live.props).as_deref() == Some(everybody)
        }
        Op::Create { .. } | Op::Update { .. } => false,
    })
}

fn listener(before: Option<&Value>, after: &Value, add: &mut impl FnMut(String)) {
    let Some(before) = before else { return };
    let redirects = |props: &Value| props.get("redirect").is_some_and(|to| !to.is_null());
    if redirects(before) && !redirects(after) {
        add("plain HTTP is answered and no longer redirected to HTTPS".to_owned());
    }
    let policy = |props: &Value| props.get("ssl_policy").and_then(Value::as_str).map(str::to_owned);
    if let (Some(old), Some(new)) = (policy(before), policy(after))
        && old != new
    {
        add(format!("TLS follows {new} instead of {old}; compare what they accept"));
    }
}

/// Every action with every resource that a policy allows.
fn allowed(policy: Option<&Value>) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let statements = policy.and_then(|policy| policy.get("Statement")).and_then(Value::as_array);
    for statement in statements.into_iter().flatten() {
        if statement.get("Effect").and_then(Value::as_str) == Some("Deny") {
            continue;
        }
        let list = |key: &str| match statement.get(key) {
            Some(Value::Array(items)) => items.iter().map(text).collect(),
            Some(one) => vec![text(one)],
            None => Vec::new(),
        };
        let resources = list("Resource");
        for action in list("Action") {
            for resource in &resources {
                found.insert((action.clone(), resource.clone()));
            }
        }
    }
    found
}

fn text(value: &Value) -> String {
    match (value, as_ref(value)) {
        (_, Some(reference)) => reference.to_string(),
        (Value::String(text), None) => crate::view::short_id(text),
        (other, None) => other.to_string(),
    }
}

fn role(address: &Address, before: Option<&Value>, after: &Value, add: &mut impl FnMut(String)) {
    let old = allowed(before.and_then(|props| props.get("policy")));
    let mut more: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (action, resource) in allowed(after.get("policy")) {
        if !old.contains(&(action.clone(), resource.clone())) {
            more.entry(resource).or_default().push(action);
        }
    }
    // A new execution role holds what every task needs to start, and nothing a reviewer chose.
    if before.is_some() || !address.name().ends_with("/execution") {
        for (resource, actions) in more {
            add(format!("may {} on {resource}", actions.join(", ")));
        }
    }
    let trust = |props: &Value| props.get("trust").cloned().unwrap_or_default();
    if before.is_some_and(|before| trust(before) != trust(after)) {
        add("who may take on this role changes".to_owned());
    }
}

fn secrets(before: Option<&Value>, after: &Value, add: &mut impl FnMut(String)) {
    let list = |props: Option<&Value>| -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        let Some(props) = props else { return found };
        let sidecars = props["sidecars"].as_object().into_iter().flatten();
        let sidecars = sidecars.map(|(name, sidecar)| (format!(" (in {name})"), sidecar));
        for (place, container) in
            std::iter::once((String::new(), &props["container"])).chain(sidecars)
        {
            for (name, from) in container["secrets"].as_object().into_iter().flatten() {
                found.insert(format!("{name}{place}"), from.clone());
            }
        }
        found
    };
    let old = list(before);
    for (name, from) in list(Some(after)) {
        if old.get(&name) != Some(&from) {
            add(format!("is given the secret {name}, from {}", text(&from)));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(before: &Value, after: &Value) -> Vec<String> {
        let mut found = Vec::new();
        role(&Address::new("role", "api/task"), Some(before), after, &mut |what| found.push(what));
        found
    }

    #[test]
    fn only_what_is_new_in_a_policy_is_widening() {
        let policy = |actions: Value| {
            json!({"policy": {"Statement": [
                {"Effect": "Allow", "Action": actions, "Resource": ["arn:aws:s3:::a"]}
            ]}})
        };
        let one = policy(json!(["s3:GetObject"]));
        let two = policy(json!(["s3:GetObject", "s3:PutObject"]));
        assert_eq!(of(&one, &two), ["may s3:PutObject on a"]);
        assert!(of(&two, &one).is_empty());
        assert_eq!(of(&json!({}), &one), ["may s3:GetObject on a"]);
    }
}
