//! Random graphs, random edits and drift, runs that die anywhere in any order that the edges allow.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use wharf_graph::{Address, Graph, Input, Live, ReadFailure};
use wharf_plan::{Options, Plan, Refusal, StepId, plan};

use crate::world::{Spec, World, compact, stack};

const SIZE: usize = 8;

/// One resource of a random spec.
#[derive(Clone, Debug)]
struct Node {
    present: bool,
    soft: u8,
    fixed: u8,
    /// Resources before it that it may refer to, each with whether the reference can change in place.
    refs: Vec<(usize, bool)>,
}

/// Something somebody does to the account.
#[derive(Clone, Debug)]
enum Drift {
    Soft(usize, u8),
    Fixed(usize, u8),
    Remove(usize),
}

fn node() -> impl Strategy<Value = Node> {
    let refs = prop::collection::vec((0..SIZE, any::<bool>()), 0..3);
    (prop::bool::weighted(0.8), 0..2u8, 0..2u8, refs)
        .prop_map(|(present, soft, fixed, refs)| Node { present, soft, fixed, refs })
}

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    prop::collection::vec(node(), SIZE)
}

fn drift() -> impl Strategy<Value = Vec<Drift>> {
    let one = prop_oneof![
        (0..SIZE, 2..4u8).prop_map(|(at, value)| Drift::Soft(at, value)),
        (0..SIZE, 2..4u8).prop_map(|(at, value)| Drift::Fixed(at, value)),
        (0..SIZE).prop_map(Drift::Remove),
    ];
    prop::collection::vec(one, 0..4)
}

/// Builds a spec. An object that goes before its successor comes can only be referred to by what is
/// replaced in the same order, as on the real AWS.
fn spec(kinds: &[bool], nodes: &[Node]) -> Spec {
    let address = |index: usize| {
        let kind = if kinds[index] { "beside" } else { "instead" };
        Address::new(kind, format!("n{index}"))
    };
    let mut spec = Spec::default();
    for (index, node) in nodes.iter().enumerate().filter(|(_, node)| node.present) {
        let (mut links, mut anchors) = (Map::new(), Map::new());
        for &(to, in_place) in node.refs.iter().filter(|(to, _)| *to < index && nodes[*to].present)
        {
            if kinds[index] && !kinds[to] {
                continue;
            }
            let value = json!(Input::<String>::of(&address(to), "arn"));
            let map =
                if kinds[index] || (in_place && kinds[to]) { &mut links } else { &mut anchors };
            map.insert(format!("to{to}"), value);
        }
        // As a target group's, the name of an object that stands beside its successor tells what is
        // fixed about it.
        let name = format!("n{index}-{}", node.fixed);
        let props = json!({"name": name, "soft": node.soft, "fixed": node.fixed,
            "links": links, "anchors": anchors});
        spec.props.insert(address(index), props);
    }
    spec
}

fn disturb(world: &mut World, drift: &[Drift]) {
    for one in drift {
        let (Drift::Soft(at, _) | Drift::Fixed(at, _) | Drift::Remove(at)) = one;
        let name = format!("n{at}");
        match one {
            Drift::Remove(_) => world.objects.retain(|live| live.address.name() != name),
            Drift::Soft(_, value) => set(world, &name, "soft", *value),
            Drift::Fixed(_, value) => {
                // What is fixed and part of the name cannot drift.
                let named = |live: &Live| live.address.kind() == "beside";
                if !world.objects.iter().any(|live| live.address.name() == name && named(live)) {
                    set(world, &name, "fixed", *value);
                }
            }
        }
    }
}

fn set(world: &mut World, name: &str, prop: &str, value: u8) {
    for live in world.objects.iter_mut().filter(|live| live.address.name() == name) {
        live.props[prop] = json!(value);
    }
}

/// Carries out `count` steps in an order that the edges allow, chosen by `choices`.
fn run_some(world: &mut World, plan: &Plan, count: usize, choices: &[usize]) {
    let mut done: BTreeSet<&StepId> = BTreeSet::new();
    for turn in 0..count.min(plan.steps.len()) {
        let free: Vec<_> = plan
            .steps
            .iter()
            .filter(|step| !done.contains(&step.id))
            .filter(|step| step.needs.iter().all(|need| done.contains(need)))
            .collect();
        let step = free[choices[turn % choices.len()] % free.len()];
        world.step(plan, step);
        done.insert(&step.id);
    }
    world.die();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn converges_from_anywhere(
        kinds in prop::collection::vec(any::<bool>(), SIZE),
        versions in prop::collection::vec(nodes(), 3),
        drift in drift(),
        deaths in prop::collection::vec(0..20usize, 2),
        choices in prop::collection::vec(0..100usize, 1..20),
    ) {
        let specs: Vec<Spec> = versions.iter().map(|nodes| spec(&kinds, nodes)).collect();
        let mut world = World::of(&specs[0]);
        disturb(&mut world, &drift);
        for (spec, death) in specs[1..].iter().zip(&deaths) {
            let plan = world.plan(spec).unwrap();
            prop_assert_eq!(&plan.to_json().unwrap(), &world.plan(spec).unwrap().to_json().unwrap());
            run_some(&mut world, &plan, *death, &choices);
        }
        let last = &specs[2];
        let plan = world.plan(last).unwrap();
        run_some(&mut world, &plan, plan.steps.len(), &choices);
        let again = world.plan(last).unwrap();
        prop_assert!(again.is_empty(), "{}\nafter\n{}", compact(&again), compact(&plan));
        let found: BTreeMap<&Address, usize> =
            world.objects.iter().fold(BTreeMap::new(), |mut counts, live| {
                *counts.entry(&live.address).or_default() += 1;
                counts
            });
        let wanted: BTreeMap<&Address, usize> = last.props.keys().map(|one| (one, 1)).collect();
        prop_assert_eq!(found, wanted);

        let plan = world.destroy();
        run_some(&mut world, &plan, plan.steps.len(), &choices);
        prop_assert!(world.objects.is_empty());
    }

    #[test]
    fn a_plan_is_in_order_and_survives_being_written_down(
        kinds in prop::collection::vec(any::<bool>(), SIZE),
        versions in prop::collection::vec(nodes(), 2),
        drift in drift(),
    ) {
        let mut world = World::of(&spec(&kinds, &versions[0]));
        disturb(&mut world, &drift);
        let plan = world.plan(&spec(&kinds, &versions[1])).unwrap();
        prop_assert_eq!(Plan::from_json(&plan.to_json().unwrap()).unwrap(), plan);
    }

    #[test]
    fn what_could_not_be_read_is_never_acted_upon(
        kinds in prop::collection::vec(any::<bool>(), SIZE),
        nodes in nodes(),
        destroy in any::<bool>(),
    ) {
        let spec = spec(&kinds, &nodes);
        let mut snapshot = World::default().snapshot();
        snapshot.failures.push(ReadFailure {
            kind: "beside".to_owned(),
            operation: "x:List".to_owned(),
            code: None,
            message: "throttled".to_owned(),
        });
        let options = Options { destroy, ..Options::new(stack()) };
        let graph: Graph = spec.graph();
        prop_assert!(matches!(plan(&graph, &snapshot, &options), Err(Refusal::Partial(_))));
    }
}

#[test]
fn props_of_the_model_are_what_they_seem() {
    let node = |refs| Node { present: true, soft: 0, fixed: 0, refs };
    let nodes = [node(vec![]), node(vec![(0, true)])];
    let spec = spec(&[true, false], &nodes);
    let links: Vec<&Value> = spec.props.values().map(|props| &props["links"]).collect();
    assert!(links.iter().any(|links| links.get("to0").is_some()));
}
