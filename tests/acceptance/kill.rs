//! SIGKILL at every call that changes something, and at random moments: the next run repairs what the
//! dead one left, without a duplicate and without an orphan.

#![expect(clippy::print_stdout, reason = "figures for whoever asks with --nocapture")]

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::served::{Ended, HELD, Served, census, every_point, same_census, when_free};
use crate::world::{World, same};

const APPLY: &[&str] = &["apply", "--yes", "--wait-image", "10m"];
const DESTROY: &[&str] = &["destroy", "--yes", "--confirm", "notes"];

/// What an undisturbed apply makes.
fn undisturbed() -> BTreeMap<String, usize> {
    let world = Served::sample("minimal");
    let before = world.contents();
    world.wharf_when_free(APPLY).expect(0);
    let applied = census(&world.contents());
    let ours: Vec<_> = applied.iter().filter(|(key, _)| key.contains('.')).collect();
    assert!(ours.len() > 10, "{applied:#?}");
    assert!(ours.iter().all(|(_, count)| **count == 1), "{applied:#?}");
    world.wharf_when_free(DESTROY).expect(0);
    same(&world.contents(), &before);
    applied
}

/// Lives through an apply and a destroy that are killed at their n-th change. Returns how many were.
fn life(n: u64, after: bool, applied: &BTreeMap<String, usize>) -> u64 {
    let world = Served::sample("minimal");
    let before = world.contents();
    let mut kills = killed(&world, APPLY, n, after);
    world.converged();
    same_census(&census(&world.contents()), applied);
    kills += killed(&world, DESTROY, n, after);
    same(&world.contents(), &before);
    kills
}

/// Kills a run, if it gets that far, and runs again to the end. Returns how many were killed.
fn killed(world: &Served, args: &[&str], n: u64, after: bool) -> u64 {
    match world.wharf_killed(args, n, after) {
        Ended::Killed(operation) => {
            let when = if after { "after" } else { "before" };
            println!("{} killed {when} change {n}, {operation}", args[0]);
            world.wharf_when_free(args).expect(0);
            1
        }
        // A machine too busy to renew a lease of seconds has lost it.
        Ended::Done(run) if run.code == HELD => {
            world.wharf_when_free(args).expect(0);
            0
        }
        Ended::Done(run) => {
            run.expect(0);
            0
        }
    }
}

#[test]
fn a_run_killed_at_any_change_is_repaired_by_the_next() {
    let start = Instant::now();
    let applied = undisturbed();
    let kills = AtomicU64::new(0);
    // Odd points are before the effect of a change, even ones after it.
    let points = every_point(|point| {
        let killed = life(point.div_ceil(2), point % 2 == 0, &applied);
        kills.fetch_add(killed, Ordering::Relaxed);
        killed > 0
    });
    let kills = kills.into_inner();
    println!("{kills} kills in {points} lives, {:.0?}", start.elapsed());
    assert!(kills > 60, "only {kills} kills");
}

/// How often the sandbox's own process is killed at a random moment, in how many threads.
const TRIES: u64 = 20;
const THREADS: usize = 5;

#[test]
fn a_sandbox_whose_process_is_killed_at_any_moment_is_whole() {
    let cut = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in (1..=TRIES).take(THREADS) {
            let cut = &cut;
            scope.spawn(move || {
                for n in (thread..=TRIES).step_by(THREADS) {
                    // Any numbers do; these are the same on every run.
                    let moment = Duration::from_millis(n * 7919 % 900);
                    cut.fetch_add(life_cut_at(moment), Ordering::Relaxed);
                }
            });
        }
    });
    let cut = cut.into_inner();
    println!("{cut} processes of {} were killed before their end", TRIES * 2);
    assert!(cut > 10, "only {cut} processes were killed before their end");
}

/// Kills an apply and a destroy that have the sandbox in them. Returns how many had not ended.
fn life_cut_at(moment: Duration) -> u64 {
    let world = World::sample("minimal");
    // The first call of any command fills the sandbox with its seeds.
    world.plan();
    let before = world.contents();
    let mut cut = 0;
    for args in [APPLY, DESTROY] {
        let mut command = world.command(args, "300");
        command.env("WHARF_LEASE_TERM", "2").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(moment);
        cut += u64::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        // Fails if the world cannot be read.
        drop(world.sandbox());
        when_free(|| world.wharf(args)).expect(0);
    }
    same(&world.contents(), &before);
    cut
}
