//! Environments that the spec does not declare: made like one that it does, and swept when their time is over.

use std::time::Duration;

use serde_json::json;

use crate::world::World;

const REGION: &str = "eu-west-1";

const SPEC: &str = "\
version: 1
app: notes
region: eu-west-1
environments:
  staging:
    services:
      web: { domain: { names: [staging.example.com], certificate: \"CERTIFICATE\" } }
  preview:
    protect: [service]
    cluster: { use: notes-staging }
    balancer: { use: notes-staging }
    services:
      web: { domain: \"${env}.example.com\", scale: 1 }
services:
  web: { image: { tag: v1 }, port: 3000, scale: 2 }
";

/// An account in which staging runs, with a certificate for all names of the zone.
fn account() -> World {
    let world = World::new("");
    let arn = world.issued_certificate(REGION, "*.example.com");
    world.write(&SPEC.replace("CERTIFICATE", &arn));
    world.wharf(&["apply", "--env", "staging", "--yes"]).expect(0);
    world
}

#[test]
fn previews_live_beside_what_they_share_and_go_when_their_time_is_over() {
    let world = account();
    let list = || {
        let listed =
            world.wharf(&["sweep", "--env", "preview", "--dry-run", "--format", "json"]).expect(0);
        crate::schemas::follows("previews", &listed.json());
        let found = listed.json()["previews"].as_array().unwrap().clone();
        found.into_iter().map(|one| (one["env"].clone(), one["over"].clone())).collect::<Vec<_>>()
    };
    assert!(list().is_empty());
    for (env, ttl) in [("pr-1", "48h"), ("pr-2", "1s")] {
        let args = ["apply", "--env", env, "--from", "preview", "--ttl", ttl, "--yes"];
        let applied = world.wharf(&args).expect(0);
        assert!(
            applied.stdout.contains(&format!("https://{env}.example.com")),
            "{}",
            applied.stdout
        );
        world.wharf(&["plan", "--env", env, "--from", "preview", "--detailed-exitcode"]).expect(0);
    }
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(list(), [(json!("pr-1"), json!(false)), (json!("pr-2"), json!(true))]);
    let text = world.wharf(&["sweep", "--env", "preview", "--dry-run"]).expect(0).stdout;
    assert!(text.contains("pr-1  wanted for 47 h more"), "{text}");
    let swept = world.wharf(&["sweep", "--env", "preview", "--yes"]).expect(0).stdout;
    assert!(swept.contains("pr-2") && swept.contains("deleted"), "{swept}");
    assert_eq!(list(), [(json!("pr-1"), json!(false))]);
    // Whoever applies again may want it for another time.
    let again = ["apply", "--env", "pr-1", "--from", "preview", "--ttl", "1s", "--yes"];
    world.wharf(&again).expect(0);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(list(), [(json!("pr-1"), json!(true))]);
    world.wharf(&["sweep", "--env", "preview", "--yes"]).expect(0);
    assert!(list().is_empty());
    let left = world.contents().to_string();
    assert!(!left.contains("pr-1") && !left.contains("pr-2"), "something is left");
    world.wharf(&["plan", "--env", "staging", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_preview_without_an_end_is_never_swept() {
    let world = account();
    world.wharf(&["apply", "--env", "pr-1", "--from", "preview", "--yes"]).expect(0);
    let swept = world.wharf(&["sweep", "--env", "preview", "--yes"]).expect(0).stdout;
    assert!(swept.contains("pr-1  wanted until somebody destroys it"), "{swept}");
    let made_from = ["--env", "pr-1", "--from", "preview"];
    world.wharf(&[&["status"], &made_from[..]].concat()).expect(0);
    let plan = world.path().join("plan.json");
    let plan = plan.to_str().unwrap();
    world.edit("tag: v1", "tag: v2");
    world.wharf(&[&["plan", "--out", plan], &made_from[..]].concat()).expect(0);
    // A saved plan remembers what it is made like.
    world.wharf(&["apply", plan]).expect(0);
    world.wharf(&[&["plan", "--detailed-exitcode"], &made_from[..]].concat()).expect(0);
    world
        .wharf(&[&["destroy", "--yes", "--confirm", "notes-pr-1"], &made_from[..]].concat())
        .expect(0);
}

#[test]
fn what_cannot_be_made_from_another_is_said() {
    let world = World::new(&SPEC.replace("CERTIFICATE", "auto"));
    for (args, code, says) in [
        (&["plan", "--env", "staging", "--from", "preview"][..], 3, "error[E025]"),
        (&["plan", "--env", "pr-1", "--from", "previev"], 3, "did you mean `--from preview`?"),
        (&["plan", "--env", "PR_1", "--from", "preview"], 3, "error[E012]"),
        (&["plan", "--from", "preview"], 3, "--env <NAME>"),
        (&["apply", "--env", "staging", "--ttl", "1h", "--yes"], 3, "--from <NAME>"),
        (&["sweep", "--yes"], 3, "say what the environments are made like"),
        (&["sweep", "--env", "preview"], 3, "--dry-run"),
    ] {
        let run = world.wharf(args).expect(code);
        assert!(run.stderr.contains(says), "{args:?} does not say {says}:\n{}", run.stderr);
    }
    assert!(world.wharf(&["explain", "E025"]).expect(0).stdout.contains("--from"));
}
