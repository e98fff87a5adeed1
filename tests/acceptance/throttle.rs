//! AWS that throttles, and AWS whose answers get lost: one run is enough.

#![expect(clippy::print_stdout, reason = "figures for whoever asks with --nocapture")]

use std::sync::Arc;
use std::time::Instant;

use wharf_sandbox::Options;
use wharf_sandbox::faults::{Fault, FaultPlan, Odds};

use crate::served::{PACE, Served, census, every_point, same_census};
use crate::world::World;

const APPLY: &[&str] = &["apply", "--yes", "--wait-image", "10m"];

/// Real time stands still for nobody: calls over HTTP take milliseconds, which at this pace are few
/// enough seconds over there for the rates to be met.
const SLOWER: f64 = 20.0;

/// The sample that makes the most.
const LARGEST: &str = "shop";

#[test]
fn the_sample_that_is_throttled_is_the_largest() {
    let steps = |sample: &str, env| {
        let plan = World::sample(sample).env(env).plan();
        plan["steps"].as_array().unwrap().len()
    };
    let all = [("minimal", None), ("https", None), ("production", Some("prod")), (LARGEST, None)];
    let largest = all.into_iter().max_by_key(|(sample, env)| steps(sample, *env));
    assert_eq!(largest, Some((LARGEST, None)));
}

#[test]
fn the_largest_sample_converges_at_a_tenth_of_the_rates_with_every_third_call_throttled() {
    let start = Instant::now();
    let throttling = Some(0.1);
    let options = Options { speed: SLOWER, throttling, ..Options::default() };
    let world = Served::with(LARGEST, options);
    let odds = Odds { throttle: 0.3, ..Odds::default() };
    world.sandbox.intercept(Arc::new(FaultPlan::new(1).random(odds)));
    world.wharf_when_free(APPLY).expect(0);
    world.sandbox.stop_intercepting();

    let calls = world.sandbox.calls();
    let wasted = |fault| calls.iter().filter(|call| call.fault == Some(fault)).count();
    let (random, rate) = (wasted("throttle"), wasted("rate"));
    println!(
        "{} calls, {} of them wasted: {random} throttled at random, {rate} over a rate; {:.0?}",
        calls.len(),
        random + rate,
        start.elapsed()
    );
    assert!(random > 50, "only {random} calls were throttled");
    assert!(rate > 0, "no rate was met");
    world.converged();
}

/// Applies a sample once for each of its changes, with a fault in that one.
fn survives(sample: &str, fault: Fault) {
    let start = Instant::now();
    let world = Served::sample(sample);
    world.wharf_when_free(APPLY).expect(0);
    let wanted = census(&world.contents());
    let points = every_point(|n| {
        let world = Served::with(sample, Options { speed: PACE, ..Options::default() });
        world.sandbox.intercept(Arc::new(FaultPlan::new(n).at_mutating(n, fault)));
        world.wharf_when_free(APPLY).expect(0);
        world.sandbox.stop_intercepting();
        let calls = world.sandbox.calls();
        let hit = calls.iter().find(|call| call.fault.is_some());
        world.converged();
        same_census(&census(&world.contents()), &wanted);
        hit.is_some()
    });
    println!("{fault:?} in {points} changes of {sample}, {:.0?}", start.elapsed());
    assert!(points > 30, "only {points} changes were made");
}

#[test]
fn an_answer_lost_after_any_change_costs_nothing_but_a_look() {
    survives("https", Fault::Lose);
}

#[test]
fn a_server_error_after_any_change_costs_nothing_but_a_look() {
    survives("https", Fault::ServerErrorAfter);
}
