//! What a run does, in which order, and how long it takes in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use wharf_apply::{Cancel, Event, EventKind, Report, StepState, Verdict, apply};
use wharf_graph::{Address, ErrorClass};
use wharf_plan::{Op, Plan, StepId};

use crate::fake::{Act, Fake, creations, object, options, sink, step, with};

async fn run(plan: &Plan, fake: Fake) -> (Report, Arc<Fake>, Vec<Event>) {
    let fake = Arc::new(fake);
    let (sink, events) = sink();
    let report = apply(plan, fake.clone(), &options(), &Cancel::new(), &sink).await;
    let events = events.lock().unwrap().clone();
    (report, fake, events)
}

fn state<'a>(report: &'a Report, name: &str) -> &'a StepState {
    &report.steps.iter().find(|step| step.address.name() == name).unwrap().state
}

#[tokio::test(start_paused = true)]
async fn takes_no_longer_than_the_longest_chain() {
    let plan = creations(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("slow", &[]), ("d", &["a"])]);
    let fake = Fake {
        seconds: BTreeMap::from([("a", 10), ("b", 20), ("c", 30), ("slow", 59), ("d", 5)]),
        ..Fake::default()
    };
    let began = Instant::now();
    let (report, _, _) = run(&plan, fake).await;
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(began.elapsed(), Duration::from_mins(1));
    assert_eq!(report.steps[1].millis, 20_000);
}

#[tokio::test(start_paused = true)]
async fn references_are_values_when_they_are_sent() {
    let mut plan = creations(&[("a", &[]), ("b", &["a"])]);
    let outside = json!({"$ref": {"of": "thing.live", "output": "arn"}});
    plan.steps[0].op = Op::Create { props: json!({"live": outside}) };
    plan.outputs.insert(
        Address::new("thing", "live"),
        BTreeMap::from([("arn".to_owned(), "arn:live".to_owned())]),
    );
    let (_, fake, _) = run(&plan, Fake::default()).await;
    assert_eq!(
        *fake.asked.lock().unwrap(),
        [r#"create a {"live":"arn:live"}"#, r#"create b {"needs":["arn:a"]}"#]
    );
}

#[tokio::test(start_paused = true)]
async fn a_reference_without_a_value_is_never_sent() {
    let mut plan = creations(&[("a", &[]), ("b", &["a"])]);
    plan.steps[1].needs.clear();
    plan.steps[1].op =
        Op::Create { props: json!({"$ref": {"of": "thing.nobody", "output": "arn"}}) };
    let (report, fake, _) = run(&plan, Fake::default()).await;
    assert_eq!(fake.names(), ["a"]);
    let StepState::Failed { failure } = state(&report, "b") else { panic!("{report:?}") };
    assert!(failure.message.contains("`thing.nobody.arn`"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_skips_what_depends_and_nothing_else() {
    let plan = creations(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("x", &[]), ("y", &["x"])]);
    let acts = BTreeMap::from([("a", Act::Fail(ErrorClass::Invalid))]);
    let (report, fake, events) = run(&plan, Fake { acts, ..Fake::default() }).await;
    assert_eq!(fake.names(), ["a", "x", "y"]);
    assert_eq!(report.verdict(), Verdict::Failed);
    for name in ["b", "c"] {
        let StepState::Skipped { because, .. } = state(&report, name) else { panic!("{name}") };
        assert_eq!(*because, StepId("s1".to_owned()));
    }
    assert!(events.iter().any(|event| event.message == "thing.c skipped because of thing.a"));
}

#[tokio::test(start_paused = true)]
async fn waiting_is_not_failing() {
    let plan = creations(&[("a", &[]), ("b", &["a"]), ("x", &[])]);
    let acts = BTreeMap::from([("a", Act::Wait)]);
    let (report, _, _) = run(&plan, Fake { acts, ..Fake::default() }).await;
    assert_eq!(report.verdict(), Verdict::Waiting);
    assert!(matches!(state(&report, "a"), StepState::Waiting { what, .. } if what == "an image"));
    assert!(matches!(state(&report, "b"), StepState::Skipped { .. }));
    assert_eq!(*state(&report, "x"), StepState::Done);
}

#[tokio::test(start_paused = true)]
async fn verdicts_follow_the_worst_failure() {
    for (class, verdict) in [
        (ErrorClass::RolledBack, Verdict::RolledBack),
        (ErrorClass::Denied, Verdict::Denied),
        (ErrorClass::Other, Verdict::Failed),
    ] {
        let acts = BTreeMap::from([("a", Act::Fail(class))]);
        let plan = creations(&[("a", &[])]);
        assert_eq!(run(&plan, Fake { acts, ..Fake::default() }).await.0.verdict(), verdict);
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_once_than_allowed() {
    let names: Vec<String> = (0..30).map(|index| format!("n{index:02}")).collect();
    let list: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), &[][..])).collect();
    let began = Instant::now();
    let (report, fake, _) = run(&creations(&list), Fake::default()).await;
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(fake.at_once.lock().unwrap().0, 10);
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn the_first_interrupt_finishes_what_runs() {
    let plan = creations(&[("a", &[]), ("b", &["a"])]);
    let fake = Arc::new(Fake { seconds: BTreeMap::from([("a", 10)]), ..Fake::default() });
    let (sink, _) = sink();
    let (cancel, options) = (Cancel::new(), options());
    let later = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        cancel.interrupt();
    };
    let began = Instant::now();
    let (report, ()) = tokio::join!(apply(&plan, fake.clone(), &options, &cancel, &sink), later);
    assert_eq!(began.elapsed(), Duration::from_secs(10));
    assert_eq!(report.verdict(), Verdict::Interrupted);
    assert_eq!(*state(&report, "a"), StepState::Done);
    assert_eq!(*state(&report, "b"), StepState::NotStarted);
}

#[tokio::test(start_paused = true)]
async fn the_second_interrupt_aborts() {
    let plan = creations(&[("a", &[]), ("b", &["a"])]);
    let acts = BTreeMap::from([("a", Act::Hang)]);
    let fake = Arc::new(Fake { acts, ..Fake::default() });
    let (sink, _) = sink();
    let (cancel, options) = (Cancel::new(), options());
    let later = async {
        cancel.interrupt();
        tokio::time::sleep(Duration::from_secs(5)).await;
        cancel.interrupt();
    };
    let began = Instant::now();
    let (report, ()) = tokio::join!(apply(&plan, fake, &options, &cancel, &sink), later);
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert_eq!(report.verdict(), Verdict::Interrupted);
    assert_eq!(*state(&report, "a"), StepState::Aborted);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_that_changes_nothing_is_none() {
    let plan = creations(&[("a", &[])]);
    let (sink, _) = sink();
    let (cancel, options) = (Cancel::new(), options());
    let later = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        cancel.interrupt();
    };
    let (report, ()) =
        tokio::join!(apply(&plan, Arc::new(Fake::default()), &options, &cancel, &sink), later);
    assert_eq!(report.verdict(), Verdict::Done);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_hangs_ends_with_its_budget() {
    let plan = creations(&[("a", &[]), ("x", &[])]);
    let acts = BTreeMap::from([("a", Act::Hang)]);
    let (report, _, _) = run(&plan, Fake { acts, ..Fake::default() }).await;
    let StepState::Failed { failure } = state(&report, "a") else { panic!("{report:?}") };
    assert_eq!(failure.class, ErrorClass::TimedOut);
    assert_eq!(*state(&report, "x"), StepState::Done);
}

#[tokio::test(start_paused = true)]
async fn the_run_ends_with_its_budget() {
    let plan = creations(&[("a", &[]), ("b", &["a"])]);
    let acts = BTreeMap::from([("a", Act::Hang)]);
    let mut options = options();
    options.total_budget = Duration::from_secs(30);
    let (sink, events) = sink();
    let began = Instant::now();
    let fake = Arc::new(Fake { acts, ..Fake::default() });
    let report = apply(&plan, fake, &options, &Cancel::new(), &sink).await;
    assert_eq!(began.elapsed(), Duration::from_secs(30));
    assert_eq!(report.verdict(), Verdict::TimedOut);
    assert_eq!(*state(&report, "a"), StepState::Aborted);
    let events = events.lock().unwrap();
    assert!(events.iter().any(|event| event.kind == EventKind::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn a_crash_fails_its_step_alone() {
    let plan = creations(&[("a", &[]), ("x", &[])]);
    let acts = BTreeMap::from([("a", Act::Panic)]);
    let (report, _, _) = run(&plan, Fake { acts, ..Fake::default() }).await;
    assert!(matches!(state(&report, "a"), StepState::Failed { .. }));
    assert_eq!(*state(&report, "x"), StepState::Done);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_the_same_when_the_same_plan_runs_again() {
    let plan = creations(&[("a", &[]), ("b", &[])]);
    let (_, first, _) = run(&plan, Fake::default()).await;
    let (_, second, _) = run(&plan, Fake::default()).await;
    let tokens = first.tokens.lock().unwrap().clone();
    assert_eq!(tokens, *second.tokens.lock().unwrap());
    assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn deletes_and_updates_reach_the_provider_and_unknown_kinds_do_not() {
    let mut stranger = object("s");
    stranger.address = Address::new("nonsense", "s");
    let plan = with(vec![
        step(
            StepId("s1".into()),
            "u",
            BTreeSet::new(),
            Op::Update {
                live: object("u"),
                props: json!({"days": 7}),
                changed: vec!["days".into()],
            },
        ),
        step(
            StepId("s2".into()),
            "d",
            [StepId("s1".into())].into(),
            Op::Delete { live: object("d") },
        ),
        step(StepId("s3".into()), "s", BTreeSet::new(), Op::Delete { live: stranger }),
    ]);
    let (report, fake, _) = run(&plan, Fake::default()).await;
    assert_eq!(*fake.asked.lock().unwrap(), [r#"update u {"days":7}"#, "delete d {}"]);
    assert!(matches!(state(&report, "s"), StepState::Failed { .. }));
}

#[tokio::test(start_paused = true)]
async fn events_are_lines_of_json_that_begin_with_start() {
    let plan = creations(&[("a", &[])]);
    let acts = BTreeMap::from([("a", Act::Note("1 of 2 healthy"))]);
    let (_, _, events) = run(&plan, Fake { acts, ..Fake::default() }).await;
    let types: Vec<String> = events
        .iter()
        .map(|event| {
            let line = serde_json::to_string(event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), *event);
            serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned()
        })
        .collect();
    // Equal notes in a row are told once.
    assert_eq!(types, ["start", "step_started", "step_note", "step_done", "settled"]);
    let first = serde_json::to_value(&events[0]).unwrap();
    assert_eq!(first["format"], "wharf.events/1");
    assert_eq!(first["t"], "2026-01-01T00:00:00Z");
}

/// What an interrupted run left is deleted after what takes its place; if AWS hands out the same object for that, it
/// must not go.
#[tokio::test(start_paused = true)]
async fn what_a_step_has_taken_over_is_not_deleted_after_it() {
    let [first, second, third] = ["s1", "s2", "s3"].map(|id| StepId(id.to_owned()));
    let after = BTreeSet::from([first.clone()]);
    let create = Op::Create { props: json!({}) };
    let plan = with(vec![
        step(first, "new", BTreeSet::new(), create),
        step(second, "old", after.clone(), Op::Delete { live: object("new") }),
        step(third, "other", after, Op::Delete { live: object("other") }),
    ]);
    let (report, fake, events) = run(&plan, Fake::default()).await;
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(fake.names(), ["new", "other"]);
    let told = |event: &&Event| matches!(event.kind, EventKind::StepNote { lasting: true, .. });
    let notes: Vec<&str> = events.iter().filter(told).map(|event| event.message.as_str()).collect();
    assert_eq!(notes, ["stays: thing.new has taken it over"]);
}
