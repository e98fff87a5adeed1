//! An interrupt stops at a safe point, says what is done, and the next run goes on from there.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::world::World;

#[test]
fn an_interrupt_ends_at_a_safe_point_and_the_next_run_goes_on() {
    let world = World::sample("minimal");
    // Slow enough that the balancer is still being provisioned when the interrupt comes.
    let mut child = world
        .command(&["apply", "--yes"], "20")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("provisioning") {
        line.clear();
        assert!(
            lines.read_line(&mut line).unwrap() > 0,
            "apply ended before the balancer was begun"
        );
    }
    let interrupted =
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("goes on from here"), "{rest}");
    assert!(
        !rest.contains("service                web created"),
        "a step was begun afterwards\n{rest}"
    );

    let plan = world.plan();
    assert!(plan["summary"]["unchanged"].as_u64().unwrap() > 0, "{plan:#}");
    world.apply();
    world.converged();
}

#[test]
fn an_interrupt_during_a_rollout_says_how_to_go_back() {
    let world = World::sample("minimal");
    world.apply();
    world.edit("tag: v1", "tag: v2");
    let mut child = world
        .command(&["apply", "--yes"], "20")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("of 1 tasks running") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "apply ended before the rollout");
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    child.wait().unwrap();
    assert!(rest.contains("`wharf cancel` goes back"), "{rest}");
}
