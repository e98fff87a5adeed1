//! What a change of a spec means, without an account.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::golden::golden;
use crate::world::{Run, World, sample};

/// Runs git in a world, with nobody's own settings.
#[track_caller]
fn git(world: &World, args: &[&str]) {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(args)
        .current_dir(world.path())
        .env("HOME", world.path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A repository whose branch `main` has the sample as its only commit.
fn repository(name: &str) -> World {
    let world = World::sample(name);
    git(&world, &["init", "-q"]);
    git(&world, &["add", "wharf.yaml"]);
    git(&world, &["commit", "-qm", "first"]);
    world
}

/// The actions of one environment by address.
fn action<'a>(environment: &'a Value, address: &str) -> Option<&'a str> {
    let steps = environment["steps"].as_array().unwrap();
    steps.iter().find(|step| step["address"] == address)?["action"].as_str()
}

#[test]
fn no_difference_is_none() {
    for name in ["minimal", "https", "production", "scaling", "shop"] {
        let world = World::new("");
        std::fs::write(world.path().join("spec.yaml"), sample(name)).unwrap();
        let run = world.wharf(&["diff", "spec.yaml", "spec.yaml"]).expect(0);
        assert!(run.stdout.contains("no difference"), "{}", run.stdout);
        // Words that mean the same are no difference either.
        std::fs::write(world.path().join("other.yaml"), format!("# a comment\n{}", sample(name)))
            .unwrap();
        world.wharf(&["diff", "spec.yaml", "other.yaml"]).expect(0);
    }
}

#[test]
fn a_pipe_is_read_like_a_file() {
    let world = World::new("");
    std::fs::write(world.path().join("new.yaml"), sample("minimal")).unwrap();
    let old = sample("minimal").replace("tag: v1", "tag: v0");
    // As a shell's `<(command)` hands one over.
    let args = ["diff", "/dev/fd/0", "new.yaml"];
    let mut command = world.command(&args, "1000");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(old.as_bytes()).unwrap();
    let run = Run::of(child.wait_with_output().unwrap(), &args);
    assert!(run.stdout.contains("v0") && run.stdout.contains("v1"), "{}", run.stderr);
}

#[test]
fn revisions_are_compared_by_environment() {
    let world = repository("production");
    world.edit("port: 8080", "port: 9090");
    world.edit("{ env: { LOG_LEVEL: warn } }", "{ env: { LOG_LEVEL: error } }");
    world.edit("on: [\"arn:aws:s3:::notes-${env}-files/*\"]", "on: [\"*\"]");
    let document = world.wharf(&["diff", "main", "--format", "json"]).expect(2).json();
    assert_eq!(document["format"], "wharf.diff/1");
    let environments = document["environments"].as_array().unwrap();
    let names: Vec<&str> = environments.iter().map(|one| one["env"].as_str().unwrap()).collect();
    assert_eq!(names, ["prod", "staging"]);
    for one in environments {
        assert_eq!(action(one, "target_group.api"), Some("replace"));
        assert_eq!(action(one, "role.api/task"), Some("update"));
        assert_eq!(action(one, "load_balancer.main"), None);
        assert!(one["opens"].to_string().contains("s3:PutObject on *"), "{}", one["opens"]);
        assert_eq!(one["impact"]["downtime"], false);
    }
    let prod = environments[0]["steps"].to_string();
    let staging = environments[1]["steps"].to_string();
    assert!(
        prod.contains("container.env.LOG_LEVEL") && !staging.contains("container.env.LOG_LEVEL")
    );

    let text = world.wharf(&["diff", "main", "--env", "prod"]).expect(2).stdout;
    golden("production.diff.txt", &text);
    let markdown =
        world.wharf(&["diff", "main", "--env", "prod", "--format", "markdown"]).expect(2);
    golden("production.diff.md", &markdown.stdout);
    // What is not committed is no part of a range.
    world.wharf(&["diff", "main..HEAD"]).expect(0);
    git(&world, &["commit", "-qam", "second"]);
    world.wharf(&["diff", "main~1..main"]).expect(2);
    world.wharf(&["diff", "main~1", "main"]).expect(2);
    world.wharf(&["diff", "main~1...HEAD"]).expect(2);
}

#[test]
fn narrowing_is_not_called_widening() {
    let world = repository("production");
    world.edit("allow: [\"0.0.0.0/0\", \"::/0\"]", "allow: [\"10.0.0.0/8\"]");
    let document =
        world.wharf(&["diff", "main", "--env", "prod", "--format", "json"]).expect(2).json();
    assert_eq!(document["environments"][0]["opens"], serde_json::json!([]));
    let back = world.wharf(&["diff", "wharf.yaml", "main", "--env", "prod"]).expect(2).stdout;
    assert!(back.contains("any IPv4 address may connect to ports 80 and 443"), "{back}");
}

#[test]
fn specs_that_come_and_go() {
    let world = repository("minimal");
    git(&world, &["rm", "-q", "--cached", "wharf.yaml"]);
    git(&world, &["commit", "-qm", "without"]);
    let text = world.wharf(&["diff", "main"]).expect(2).stdout;
    assert!(text.contains("16 to create"), "{text}");
    let text = world.wharf(&["diff", "main~1..main"]).expect(2).stdout;
    assert!(text.contains("to delete"), "{text}");
    world.edit("region: ap-southeast-2", "region: eu-west-1");
    let text = world.wharf(&["diff", "main~1"]).expect(2).stdout;
    assert!(text.contains("this is another stack, notes in eu-west-1 instead of"), "{text}");
}

#[test]
fn what_is_protected_is_said() {
    let world = repository("production");
    world.edit("balancer: public", "balancer: private");
    world.edit("  idle_timeout: 60s", "  idle_timeout: 60s\n  scheme: internal");
    let text = world.wharf(&["diff", "main", "--env", "prod"]).expect(2).stdout;
    assert!(text.contains("apply refuses: load_balancer.main would be replaced"), "{text}");
}

#[test]
fn errors_say_what_is_wrong() {
    let world = repository("minimal");
    let run = world.wharf(&["diff", "nowhere"]).expect(3);
    assert!(run.stderr.contains("`nowhere` is neither a file nor a revision"), "{}", run.stderr);
    let run = world.wharf(&["diff", "--", "--output=x"]).expect(3);
    assert!(run.stderr.contains("neither a file nor a revision"), "{}", run.stderr);
    assert!(!world.path().join("x").exists());
    world.wharf(&["diff", "main", "--env", "prod"]).expect(3);
    world.edit("port: 3000", "port: none");
    let run = world.wharf(&["diff", "main"]).expect(3);
    assert!(run.stderr.contains("wharf.yaml:"), "{}", run.stderr);
}
