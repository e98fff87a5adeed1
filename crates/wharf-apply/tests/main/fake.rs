//! A provider that takes virtual time and does as it is told, and plans made by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use wharf_apply::{Event, Options, Sink};
use wharf_graph::{
    Address, ErrorClass, Failure, Graph, Live, Note, Outcome, Policy, Provider, Snapshot, StackId,
    StepContext,
};
use wharf_plan::{Action, Impact, Object, Op, Plan, Reason, Step, StepId, plan};

pub(crate) static THING: Policy = Policy::plain("thing", "thing");

pub(crate) fn policy(kind: &str) -> Option<&'static Policy> {
    (kind == "thing").then_some(&THING)
}

/// What the provider does with one resource.
#[derive(Clone)]
pub(crate) enum Act {
    Fail(ErrorClass),
    Wait,
    Hang,
    Panic,
    Note(&'static str),
}

#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) seconds: BTreeMap<&'static str, u64>,
    pub(crate) acts: BTreeMap<&'static str, Act>,
    /// What was asked, as `create a {props}`, in the order in which it was asked.
    pub(crate) asked: Mutex<Vec<String>>,
    pub(crate) tokens: Mutex<Vec<String>>,
    /// The most that ran at once, and how many run now.
    pub(crate) at_once: Mutex<(usize, usize)>,
}

impl Fake {
    async fn run(
        &self,
        cx: &StepContext,
        verb: &str,
        name: &str,
        props: &Value,
    ) -> Result<Outcome, Failure> {
        self.asked.lock().unwrap().push(format!("{verb} {name} {props}"));
        self.tokens.lock().unwrap().push(cx.token.clone());
        {
            let mut counts = self.at_once.lock().unwrap();
            counts.1 += 1;
            counts.0 = counts.0.max(counts.1);
        }
        let seconds = self.seconds.get(name).copied().unwrap_or(1);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        self.at_once.lock().unwrap().1 -= 1;
        match self.acts.get(name) {
            Some(Act::Fail(class)) => return Err(Failure::own(*class, "no")),
            Some(Act::Wait) => {
                return Ok(Outcome::Waiting { what: "an image".into(), how: vec!["push".into()] });
            }
            Some(Act::Hang) => std::future::pending().await,
            Some(Act::Panic) => panic!("planted"),
            Some(Act::Note(text)) => {
                for _ in 0..3 {
                    cx.note(Note { message: (*text).to_owned(), ..Note::default() });
                }
            }
            None => {}
        }
        let outputs = BTreeMap::from([("arn".to_owned(), format!("arn:{name}"))]);
        Ok(Outcome::Done { id: format!("arn:{name}"), outputs })
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter_map(|line| line.split(' ').nth(1).map(str::to_owned)).collect()
    }
}

impl Provider for Fake {
    fn create<'a>(
        &'a self,
        cx: &'a StepContext,
        address: &'a Address,
        props: &'a Value,
        _spec_hash: &'a str,
    ) -> BoxFuture<'a, Result<Outcome, Failure>> {
        self.run(cx, "create", address.name(), props).boxed()
    }

    fn update<'a>(
        &'a self,
        cx: &'a StepContext,
        live: &'a Live,
        props: &'a Value,
        _changed: &'a [String],
        _spec_hash: &'a str,
    ) -> BoxFuture<'a, Result<Outcome, Failure>> {
        self.run(cx, "update", live.address.name(), props).boxed()
    }

    fn delete<'a>(
        &'a self,
        cx: &'a StepContext,
        live: &'a Live,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        async move { self.run(cx, "delete", live.address.name(), &live.props).await.map(drop) }
            .boxed()
    }
}

/// Makes a plan of creations: `[("b", &["a"])]` creates b after a, with a reference to it.
pub(crate) fn creations(list: &[(&str, &[&str])]) -> Plan {
    let mut ids = BTreeMap::new();
    let steps = list
        .iter()
        .enumerate()
        .map(|(index, (name, needs))| {
            let id = StepId(format!("s{}", index + 1));
            ids.insert(*name, id.clone());
            let refs: Vec<Value> = needs
                .iter()
                .map(|need| json!({"$ref": {"of": format!("thing.{need}"), "output": "arn"}}))
                .collect();
            let needs = needs.iter().map(|need| ids[need].clone()).collect();
            step(id, name, needs, Op::Create { props: json!({"needs": refs}) })
        })
        .collect();
    with(steps)
}

pub(crate) fn step(id: StepId, name: &str, needs: BTreeSet<StepId>, op: Op) -> Step {
    Step {
        id,
        address: Address::new("thing", name),
        action: Action::Create,
        part: None,
        reason: Reason::Missing.to_string(),
        because: Reason::Missing,
        needs,
        drift: false,
        changes: Vec::new(),
        impact: Impact::default(),
        note: None,
        op,
    }
}

/// Makes a plan of steps.
pub(crate) fn with(steps: Vec<Step>) -> Plan {
    let stack = StackId { app: "notes".to_owned(), env: None };
    let empty = plan(&Graph::default(), &Snapshot::default(), &wharf_plan::Options::new(stack));
    Plan { steps, id: "5f0c".to_owned(), ..empty.unwrap() }
}

pub(crate) fn object(name: &str) -> Object {
    Object {
        address: Address::new("thing", name),
        id: format!("arn:{name}"),
        props: json!({}),
        outputs: BTreeMap::new(),
        applied: None,
        leaving: false,
    }
}

pub(crate) fn options() -> Options {
    Options::new(policy, Arc::new(|| "2026-01-01T00:00:00Z".to_owned()))
}

/// A sink that keeps what it is told.
pub(crate) fn sink() -> (Sink, Arc<Mutex<Vec<Event>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&events);
    (Arc::new(move |event| kept.lock().unwrap().push(event)), events)
}
