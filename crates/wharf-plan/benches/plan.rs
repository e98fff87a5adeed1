//! Plans a stack of a thousand resources, and prints how long that takes.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::json;
use wharf_graph::input::resolve_known;
use wharf_graph::{Address, Declare, Graph, Input, Live, Policy, ReplaceOrder, Snapshot, StackId};
use wharf_plan::{Options, plan};

static SHARED: Policy =
    Policy { delete_after: &["service"], ..Policy::plain("cluster", "cluster") };
static TARGETS: Policy = Policy {
    replace_on: &[("port", "fixed")],
    replace_order: ReplaceOrder::CreateFirst,
    identity: Some("name"),
    ..Policy::plain("target_group", "target group")
};
static RULE: Policy =
    Policy { traffic: Some("targets"), ..Policy::plain("listener_rule", "listener rule") };
static TASKS: Policy = Policy {
    replace_on: &[("*", "fixed")],
    replace_order: ReplaceOrder::CreateFirst,
    ..Policy::plain("task_definition", "task definition")
};
static LOGS: Policy =
    Policy { delete_after: &["service"], ..Policy::plain("log_group", "log group") };
static SERVICE: Policy =
    Policy { serves_traffic: true, serves: Some("targets"), ..Policy::plain("service", "service") };

const SERVICES: usize = 200;

fn graph(port: u16) -> Graph {
    let mut out = Declare::new();
    out.add(&SHARED, "main", &json!({"name": "notes"}));
    for index in 0..SERVICES {
        let name = format!("s{index:03}");
        let arn = |kind: &str| json!(Input::<String>::of(&Address::new(kind, &name), "arn"));
        let health = json!({"path": "/", "interval": 10, "timeout": 5, "good": 2, "bad": 3});
        out.add(
            &TARGETS,
            &name,
            &json!({"name": format!("{name}-{port}"), "port": port,
            "health": health, "drain": 30}),
        );
        out.add(&LOGS, &name, &json!({"name": format!("/wharf/{name}"), "days": 30}));
        let env: BTreeMap<String, String> =
            (0..20).map(|key| (format!("KEY_{key}"), format!("value {key}"))).collect();
        out.add(&TASKS, &name, &json!({"cpu": 256, "port": port, "env": env}));
        out.add(
            &RULE,
            &name,
            &json!({"priority": index, "path": format!("/{name}/*"),
            "targets": [{"target_group": arn("target_group"), "weight": 1}]}),
        );
        let cluster = json!(Input::<String>::of(&Address::new("cluster", "main"), "arn"));
        let service = out.add(
            &SERVICE,
            &name,
            &json!({"cluster": cluster, "count": 2,
            "task_definition": arn("task_definition"),
            "targets": [{"target_group": arn("target_group"), "port": port}]}),
        );
        service.after.insert(Address::new("listener_rule", &name));
        service.after.insert(Address::new("log_group", &name));
    }
    Graph::new(out.finish().0).expect("the graph is acyclic")
}

fn arn(address: &Address) -> String {
    format!("arn:aws:bench:{address}")
}

fn snapshot(graph: &Graph) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for node in graph.iter() {
        snapshot.insert(Live {
            address: node.address.clone(),
            id: arn(&node.address),
            props: resolve_known(&node.props, &|reference| Some(arn(&reference.of))),
            outputs: BTreeMap::from([("arn".to_owned(), arn(&node.address))]),
            applied: Some(node.hash()),
            policy: node.policy,
            leaving: false,
        });
    }
    snapshot
}

fn measure(what: &str, graph: &Graph, snapshot: &Snapshot, destroy: bool) {
    let stack = StackId { app: "bench".to_owned(), env: None };
    let options = Options { destroy, ..Options::new(stack) };
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let began = Instant::now();
            black_box(plan(black_box(graph), snapshot, &options)).expect("a plan is made");
            began.elapsed()
        })
        .collect();
    times.sort();
    let steps = plan(graph, snapshot, &options).expect("a plan is made").steps.len();
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "{what:<24} {} resources, {steps:>4} steps: median {:6.2} ms, worst {:6.2} ms",
        graph.len(),
        millis(times[times.len() / 2]),
        millis(times[times.len() - 1])
    );
}

fn main() {
    let same = graph(8080);
    let snapshot = snapshot(&same);
    measure("nothing to do", &same, &snapshot, false);
    measure("first apply", &same, &Snapshot::default(), false);
    measure("every port moves", &graph(9090), &snapshot, false);
    measure("destroy", &same, &snapshot, true);
}
