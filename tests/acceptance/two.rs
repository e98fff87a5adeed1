//! Two runs at once: the lease lets one of them in, and outlives its holder for a while only.

use std::process::Stdio;
use std::time::Duration;

use crate::served::{Ended, HELD, Served, TERM, census, expires_in};
use crate::world::Run;

const APPLY: &[&str] = &["apply", "--yes", "--wait-image", "10m"];

/// Runs several applies at once, each by somebody else.
fn at_once(world: &Served, users: &[&str]) -> Vec<Run> {
    let start = |user: &&str| {
        let mut command = world.command(APPLY, user);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = users.iter().map(start).collect();
    let end = |child: std::process::Child| Run::of(child.wait_with_output().unwrap(), APPLY);
    // Their output fits into a pipe, so that none waits for another to be read.
    children.into_iter().map(end).collect()
}

/// Checks that one run was let in, and that the others say by whom they were kept out.
fn one_of(runs: Vec<Run>, users: &[&str]) {
    let let_in: Vec<&str> =
        runs.iter().zip(users).filter(|(run, _)| run.code == 0).map(|(_, user)| *user).collect();
    let codes: Vec<_> = runs.iter().map(|run| (run.code, &run.stderr)).collect();
    let [holder] = let_in[..] else { panic!("{let_in:?} were let in: {codes:#?}") };
    for (run, user) in runs.into_iter().zip(users).filter(|(_, user)| **user != holder) {
        let run = run.expect(HELD);
        assert!(
            run.stderr.contains(&format!("{holder}@testbed")),
            "{user} does not name {holder}: {}",
            run.stderr
        );
        let seconds = expires_in(&run.stderr).unwrap_or_else(|| panic!("{}", run.stderr));
        assert!((1..=TERM).contains(&seconds), "{}", run.stderr);
    }
}

#[test]
fn of_two_applies_one_is_let_in_and_the_other_told_by_whom_it_is_kept_out() {
    for _ in 0..3 {
        let world = Served::sample("minimal");
        let users = ["ada", "bob"];
        one_of(at_once(&world, &users), &users);
        world.converged();
    }
}

#[test]
fn a_lease_whose_holder_died_is_taken_over_by_one_of_four() {
    let world = Served::sample("minimal");
    let Ended::Killed(_) = world.wharf_killed(APPLY, 5, true) else { panic!("it was not killed") };
    let kept_out = world.wharf(APPLY).expect(HELD);
    assert!(kept_out.stderr.contains("ada@testbed"), "{}", kept_out.stderr);
    std::thread::sleep(Duration::from_secs(TERM));

    let users = ["bob", "cleo", "dan", "eve"];
    one_of(at_once(&world, &users), &users);
    world.converged();
    let census = census(&world.contents());
    let ours: Vec<_> = census.iter().filter(|(key, _)| key.contains('.')).collect();
    assert!(ours.len() > 10 && ours.iter().all(|(_, count)| **count == 1), "{census:#?}");
    // No epoch of the lease is left either.
    let parameters = world.contents()["regions"]["ap-southeast-2"]["ssm"].to_string();
    assert!(!parameters.contains("lease"), "{parameters}");
}

#[test]
fn a_term_that_is_none_is_a_usage_error() {
    let world = Served::sample("minimal");
    for term in ["soon", "0", "-1", "1e3", "100000000"] {
        let output = world.command(APPLY, "ada").env("WHARF_LEASE_TERM", term).output().unwrap();
        let run = Run::of(output, APPLY).expect(3);
        assert!(run.stderr.contains("WHARF_LEASE_TERM"), "{term}: {}", run.stderr);
    }
    assert!(world.sandbox.calls().iter().all(|call| !call.mutating));
}
