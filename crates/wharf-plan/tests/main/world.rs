//! A model of an account: objects that refer to each other, and the refusals that order steps.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wharf_graph::input::{references, resolve};
use wharf_graph::props::spec_hash;
use wharf_graph::{Address, Declare, Desired, Grants, Graph, Input, Live, Policy, ReplaceOrder};
use wharf_graph::{Facts, Snapshot, StackId};
use wharf_plan::{Op, Options, Plan, Refusal, Step, plan};

pub(crate) static ROLE: Policy = Policy {
    delete_after: &["service"],
    grants: Some(Grants { list: "/actions", most: 200, users: &["service"] }),
    ..Policy::plain("role", "role")
};
pub(crate) static LOGS: Policy = Policy {
    delete_after: &["service"],
    holds_data: true,
    ..Policy::plain("log_group", "log group")
};
pub(crate) static REPOSITORY: Policy =
    Policy { never_prune: true, holds_data: true, ..Policy::plain("repository", "repository") };
pub(crate) static CLUSTER: Policy = Policy {
    replace_on: &[("name", "a cluster cannot be renamed")],
    delete_after: &["service"],
    ..Policy::plain("cluster", "cluster")
};
pub(crate) static BALANCER: Policy = Policy {
    replace_on: &[("scheme", "a balancer's scheme is fixed at creation")],
    serves_traffic: true,
    delete_after: &["service"],
    ..Policy::plain("load_balancer", "load balancer")
};
pub(crate) static TARGETS: Policy = Policy {
    replace_on: &[
        ("name", "a target group cannot be renamed"),
        ("port", "a target group's port is fixed at creation"),
    ],
    replace_order: ReplaceOrder::CreateFirst,
    identity: Some("name"),
    ..Policy::plain("target_group", "target group")
};
pub(crate) static LISTENER: Policy = Policy {
    replace_on: &[("load_balancer", "a listener belongs to one balancer")],
    traffic: Some("targets"),
    serves_traffic: true,
    delete_after: &["service"],
    ..Policy::plain("listener", "listener")
};
pub(crate) static TASKS: Policy = Policy {
    replace_on: &[("*", "a task definition never changes")],
    replace_order: ReplaceOrder::CreateFirst,
    sensitive: &["secrets"],
    ..Policy::plain("task_definition", "task definition")
};
pub(crate) static SERVICE: Policy = Policy {
    replace_on: &[("cluster", "a service belongs to one cluster")],
    serves_traffic: true,
    serves: Some("targets"),
    ..Policy::plain("service", "service")
};

/// A kind that is replaced beside the old one; anything may refer to it.
pub(crate) static BESIDE: Policy = Policy {
    replace_on: &[("name", "fixed"), ("fixed", "fixed"), ("anchors", "fixed")],
    replace_order: ReplaceOrder::CreateFirst,
    identity: Some("name"),
    ..Policy::plain("beside", "beside")
};
/// A kind whose old object goes first; what refers to it is replaced with it.
pub(crate) static INSTEAD: Policy = Policy {
    replace_on: &[("fixed", "fixed"), ("anchors", "fixed")],
    ..Policy::plain("instead", "instead")
};

pub(crate) fn policy(kind: &str) -> Option<&'static Policy> {
    [
        &ROLE,
        &LOGS,
        &REPOSITORY,
        &CLUSTER,
        &BALANCER,
        &TARGETS,
        &LISTENER,
        &TASKS,
        &SERVICE,
        &BESIDE,
        &INSTEAD,
    ]
    .into_iter()
    .find(|policy| policy.kind == kind)
}

pub(crate) fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn arn(of: &str) -> Value {
    json!(Input::<String>::of(&at(of), "arn"))
}

/// What a test edits: the props of each resource, and what comes after what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spec {
    pub(crate) props: BTreeMap<Address, Value>,
    pub(crate) after: Vec<(Address, Address)>,
}

impl Spec {
    /// One service behind a balancer.
    pub(crate) fn web() -> Self {
        let mut spec = Self::default();
        spec.set("cluster.main", json!({"name": "notes"}));
        spec.set("role.tasks", json!({"actions": ["logs:PutLogEvents"]}));
        spec.set("log_group.api", json!({"name": "/wharf/notes/api", "days": 30}));
        spec.set("load_balancer.main", json!({"scheme": "internet-facing", "idle": 60}));
        spec.set(
            "listener.80",
            json!({"load_balancer": arn("load_balancer.main"), "port": 80,
            "targets": [{"target_group": arn("target_group.api"), "weight": 100}]}),
        );
        spec.service("api", 8080);
        spec
    }

    /// Adds a service with its targets.
    pub(crate) fn service(&mut self, name: &str, port: u16) {
        let targets = format!("target_group.{name}");
        let tasks = format!("task_definition.{name}");
        let service = format!("service.{name}");
        self.set(
            &targets,
            json!({"name": format!("notes-{name}-{port}"), "port": port,
            "health": {"path": "/", "interval": 10, "good": 2}, "drain": 30}),
        );
        self.set(
            &tasks,
            json!({"image": "api@sha256:1f2c", "port": port, "role": arn("role.tasks"),
            "logs": "/wharf/notes/api", "secrets": {"DATABASE_URL": "ssm:/notes/url"}}),
        );
        self.set(
            &service,
            json!({"cluster": arn("cluster.main"), "task_definition": arn(&tasks),
            "targets": [{"target_group": arn(&targets), "port": port}], "count": 2}),
        );
        self.after.retain(|(who, _)| *who != at(&service));
        self.after.push((at(&service), at("listener.80")));
        self.after.push((at(&service), at("log_group.api")));
    }

    pub(crate) fn drop_service(&mut self, name: &str) {
        for kind in ["target_group", "task_definition", "service"] {
            self.props.remove(&at(&format!("{kind}.{name}")));
        }
        self.after.retain(|(who, _)| who.name() != name || who.kind() != "service");
    }

    pub(crate) fn set(&mut self, address: &str, props: Value) {
        self.props.insert(at(address), props);
    }

    pub(crate) fn edit(&mut self, address: &str, pointer: &str, value: Value) {
        let props = self.props.get_mut(&at(address)).expect("the address is in the spec");
        *props.pointer_mut(pointer).expect("the prop is there") = value;
    }

    pub(crate) fn port(&mut self, port: u16) {
        self.service("api", port);
    }

    pub(crate) fn graph(&self) -> Graph {
        Graph::new(self.nodes()).unwrap()
    }

    fn nodes(&self) -> Vec<Desired> {
        let mut out = Declare::new();
        for (address, props) in &self.props {
            let node = out.add(policy(address.kind()).unwrap(), address.name(), props);
            let after = self.after.iter().filter(|(who, _)| who == address);
            node.after.extend(after.map(|(_, what)| what.clone()));
        }
        out.finish().0
    }
}

/// What exists.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) objects: Vec<Live>,
    made: usize,
    /// Hash of the addresses at the end of the last complete run.
    pub(crate) seal: Option<wharf_graph::Seal>,
    /// Outputs by address of steps done since the plan was made.
    fresh: BTreeMap<Address, BTreeMap<String, String>>,
}

pub(crate) fn stack() -> StackId {
    StackId { app: "notes".to_owned(), env: Some("prod".to_owned()) }
}

impl World {
    /// The account after a complete run.
    pub(crate) fn of(spec: &Spec) -> Self {
        let mut world = Self::default();
        world.converge(spec);
        world
    }

    pub(crate) fn converge(&mut self, spec: &Spec) {
        let plan = self.plan(spec).unwrap();
        self.run(&plan);
        self.seal = Some(spec.graph().seal());
        let again = self.plan(spec).unwrap();
        assert!(again.is_empty(), "a second plan is not empty:\n{}", compact(&again));
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let facts = Facts {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            ..Facts::default()
        };
        let mut snapshot = Snapshot { facts, seal: self.seal.clone(), ..Snapshot::default() };
        self.objects.iter().cloned().for_each(|live| snapshot.insert(live));
        snapshot
    }

    pub(crate) fn plan(&self, spec: &Spec) -> Result<Plan, Refusal> {
        plan(&spec.graph(), &self.snapshot(), &Options::new(stack()))
    }

    pub(crate) fn destroy(&self) -> Plan {
        let options = Options { destroy: true, ..Options::new(stack()) };
        plan(&Graph::default(), &self.snapshot(), &options).unwrap()
    }

    /// Carries out all steps in the order of the plan.
    pub(crate) fn run(&mut self, plan: &Plan) {
        for step in &plan.steps {
            self.step(plan, step);
        }
        self.fresh.clear();
    }

    /// Forgets what only a running process knows.
    pub(crate) fn die(&mut self) {
        self.fresh.clear();
    }

    /// Carries out one step, refusing what AWS refuses.
    pub(crate) fn step(&mut self, plan: &Plan, step: &Step) {
        let known = |reference: &wharf_graph::OutputRef| {
            let of = |map: &BTreeMap<Address, BTreeMap<String, String>>| {
                map.get(&reference.of)?.get(&reference.output).cloned()
            };
            of(&self.fresh).or_else(|| of(&plan.outputs))
        };
        let props = step.op.props().map(|props| resolve(props, &known).unwrap());
        let hash = step.op.props().map(spec_hash);
        match &step.op {
            Op::Create { .. } => self.create(&step.address, props.unwrap(), hash),
            Op::Update { live, .. } => {
                let object = self.objects.iter_mut().find(|one| one.id == live.id).unwrap();
                object.props = props.unwrap();
                object.applied = hash;
                let outputs = object.outputs.clone();
                self.fresh.insert(step.address.clone(), outputs);
                let object = self.objects.iter().find(|one| one.id == live.id).unwrap().clone();
                self.check(&object);
            }
            Op::Delete { live } => self.delete(&live.id, &step.address),
        }
    }

    fn create(&mut self, address: &Address, props: Value, hash: Option<String>) {
        let policy = policy(address.kind()).unwrap();
        if let Some(name) = policy.identity.and_then(|prop| props.get(prop)) {
            let taken = self.of_kind(address.kind()).any(|one| one.props.get("name") == Some(name));
            assert!(!taken, "{address}: the name {name} is taken");
        } else if policy.replace_order == ReplaceOrder::DeleteFirst {
            assert!(!self.objects.iter().any(|one| one.address == *address), "{address} exists");
        }
        self.made += 1;
        let arn = format!("arn:{}/{}", address.kind(), self.made);
        let live = Live {
            address: address.clone(),
            id: arn.clone(),
            props,
            outputs: BTreeMap::from([("arn".to_owned(), arn)]),
            applied: hash,
            policy,
            leaving: false,
        };
        self.fresh.insert(address.clone(), live.outputs.clone());
        self.check(&live);
        self.objects.push(live);
    }

    /// What is named must exist, and a service's targets must be named by a listener.
    fn check(&self, live: &Live) {
        assert!(references(&live.props).is_empty());
        for text in texts(&live.props).iter().filter(|text| text.starts_with("arn:")) {
            let exists = self.objects.iter().any(|one| one.id == *text);
            assert!(exists, "{} names {text}, which does not exist", live.address);
        }
        if live.address.kind() == "service" {
            for target in texts(&live.props["targets"]) {
                let named = self.of_kind("listener").any(|one| texts(&one.props).contains(&target));
                assert!(named, "{}: no listener names {target}", live.address);
            }
        }
    }

    fn delete(&mut self, id: &str, address: &Address) {
        let user = self.objects.iter().find(|one| one.id != id && texts(&one.props).contains(&id));
        assert!(user.is_none(), "{address} is in use by {}", user.unwrap().address);
        for kind in policy(address.kind()).unwrap().delete_after {
            // Only the whole stack going can tell; a replacement keeps its services.
            let left = self.of_kind(kind).count();
            assert!(address.kind() != "cluster" || left == 0, "{address} has {left} {kind}");
        }
        self.objects.retain(|one| one.id != id);
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Live> {
        self.objects.iter().filter(move |one| one.address.kind() == kind)
    }

    pub(crate) fn live(&mut self, address: &str) -> &mut Live {
        self.objects.iter_mut().find(|one| one.address == at(address)).unwrap()
    }

    /// Targets that get requests although nothing serves them.
    pub(crate) fn unserved(&self) -> Vec<String> {
        let served: Vec<&str> =
            self.of_kind("service").flat_map(|one| texts(&one.props["targets"])).collect();
        self.of_kind("listener")
            .flat_map(|one| one.props["targets"].as_array().unwrap())
            .filter(|one| one["weight"] != 0)
            .filter(|one| !served.contains(&one["target_group"].as_str().unwrap()))
            .map(|one| one["target_group"].to_string())
            .collect()
    }
}

pub(crate) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Writes a plan the short way: a line per step, a line per change.
pub(crate) fn compact(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for step in &plan.steps {
        let part = step.part.map(|part| format!(" ({part})")).unwrap_or_default();
        let needs: Vec<&str> = step.needs.iter().map(|need| need.0.as_str()).collect();
        let needs =
            if needs.is_empty() { String::new() } else { format!(" after {}", needs.join(" ")) };
        let drift = if step.drift { " DRIFT" } else { "" };
        lines.push(format!(
            "{} {}{part} {}{needs}:{drift} {}",
            step.id, step.action, step.address, step.reason
        ));
        if step.action == wharf_plan::Action::Create {
            continue;
        }
        for change in &step.changes {
            let after = if change.unknown {
                "(known after apply)".into()
            } else {
                change.after.to_string()
            };
            let forced = change.forces_replacement.as_ref().map_or("", |_| " !");
            lines.push(format!("    {} {} -> {after}{forced}", change.path, change.before));
        }
    }
    let sum = plan.summary;
    lines.push(format!(
        "create {} update {} replace {} delete {} drift {} unchanged {}",
        sum.create, sum.update, sum.replace, sum.delete, sum.drift, sum.unchanged
    ));
    lines.join("\n")
}
