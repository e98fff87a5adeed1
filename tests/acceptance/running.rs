//! What is done to a stack that runs: logs, restart, releases, rollback, wait, one-off tasks.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::schemas::follows;
use crate::world::World;

fn applied(sample: &str) -> World {
    let world = World::sample(sample);
    world.apply();
    world
}

fn tasks(world: &World) -> Vec<String> {
    let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
    let services = status["services"].as_array().unwrap();
    let tasks = services.iter().flat_map(|service| service["tasks"].as_array().unwrap());
    tasks.map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_task_runs_once_and_its_lines_and_its_code_come_back() {
    let world = applied("minimal");
    let run = world.wharf(&["run", "web", "--", "echo", "hello", "there"]).expect(0);
    assert!(run.stdout.contains("  hello there\n"), "{}", run.stdout);
    assert!(run.stderr.contains("of release notes-web:1"), "{}", run.stderr);
    let failed = world.wharf(&["run", "web", "--", "sh", "-c", "exit 3"]).expect(3);
    assert!(failed.stderr.contains("exit code 3"), "{}", failed.stderr);
    let slow = world.wharf(&["run", "web", "--timeout", "60s", "--", "sleep", "9000"]).expect(9);
    assert!(slow.stderr.contains("being stopped"), "{}", slow.stderr);
    world.wharf(&["run", "nobody"]).expect(3);

    // The lines stay where the service's own are.
    let logs = world.wharf(&["logs"]).expect(0);
    assert!(logs.stdout.contains("hello there"), "{}", logs.stdout);
    let lines = world.wharf(&["logs", "web", "--filter", "hello", "--format", "json"]).expect(0);
    let lines: Vec<Value> =
        lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["message"], "hello there");
    assert_eq!(lines[0]["service"], "web");
    follows("logs", &lines[0]);
    let none = world.wharf(&["logs", "--filter", "absent"]).expect(0);
    assert!(none.stdout.is_empty() && none.stderr.contains("No lines"), "{}", none.stderr);
    world.converged();
}

#[test]
fn following_ends_with_an_interrupt_and_with_its_reader() {
    let world = applied("minimal");
    world.wharf(&["run", "web", "--", "echo", "first"]).expect(0);
    let follow = || {
        let mut child = world
            .command(&["logs", "--follow"], "1000")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert!(line.contains("first"), "{line}");
        (child, lines)
    };
    let (mut child, _lines) = follow();
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));

    let (mut child, lines) = follow();
    drop(lines);
    world.wharf(&["run", "web", "--", "echo", "second"]).expect(0);
    let code = child.wait().unwrap().code();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_restart_brings_new_tasks_of_the_same_release() {
    let world = applied("shop");
    let before = tasks(&world);
    let restart = world.wharf(&["restart", "api", "--format", "json"]).expect(0);
    assert!(restart.stderr.contains("Service api runs on new tasks"), "{}", restart.stderr);
    follows("restart", &restart.json());
    assert_eq!(restart.json()["services"][0]["result"], "restarted");
    let after = tasks(&world);
    let kept = after.iter().filter(|task| before.contains(task)).count();
    assert_eq!(after.len(), before.len());
    assert_eq!(kept, before.len() - 2, "{before:?} {after:?}");
    world.wharf(&["restart", "nobody"]).expect(3);
    world.wharf(&["wait"]).expect(0);
    world.converged();
}

#[test]
fn a_restart_whose_tasks_do_not_stay_up_is_a_rollout_that_failed() {
    let world = applied("minimal");
    world.wharf(&["sandbox", "break", "image-expired"]).expect(0);
    let restart = world.wharf(&["restart", "--timeout", "2h"]).expect(5);
    assert!(restart.stderr.contains("the rollout of service web failed"), "{}", restart.stderr);
}

#[test]
fn an_earlier_release_comes_back_until_the_next_apply() {
    let world = applied("minimal");
    world.wharf(&["rollback", "--yes"]).expect(3);
    world.edit("tag: v1", "tag: v2");
    world.apply();
    let listed = world.wharf(&["releases", "--format", "json"]).expect(0).json();
    follows("releases", &listed);
    let releases = listed["services"][0]["releases"].as_array().unwrap().clone();
    assert_eq!(releases.len(), 2, "{listed:#}");
    assert_eq!((&releases[0]["revision"], &releases[0]["primary"]), (&2.into(), &true.into()));
    let first = releases[1]["digest"].as_str().unwrap();
    assert!(first.starts_with("sha256:"), "{first}");
    let text = world.wharf(&["releases"]).expect(0).stdout;
    assert!(text.contains("in use, 1 running"), "{text}");

    let asked = world.wharf(&["rollback"]).expect(3);
    assert!(asked.stderr.contains("--yes"), "{}", asked.stderr);
    let back = world.wharf(&["rollback", "1", "--yes"]).expect(0);
    assert!(back.stderr.contains("goes forward again"), "{}", back.stderr);
    let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
    let image = status["services"][0]["image"].as_str().unwrap();
    assert!(image.ends_with(first), "{image}");
    // The spec still says `v2`.
    world.wharf(&["plan", "--detailed-exitcode"]).expect(2);
    world.wharf(&["plan", "--detailed-exitcode", "--image", &format!("web=@{first}")]).expect(0);
    let wrong = world.wharf(&["rollback", "77", "--yes"]).expect(3);
    assert!(wrong.stderr.contains("revisions there are"), "{}", wrong.stderr);
}

#[test]
fn waiting_and_watching_end() {
    let world = World::sample("minimal");
    world.wharf(&["wait"]).expect(1);
    world.apply();
    let waited = world.wharf(&["wait", "--format", "json"]).expect(0).json();
    assert_eq!(waited["services"][0]["rollout"], "COMPLETED");
    let mut child = world
        .command(&["status", "--watch", "--format", "json"], "1000")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    follows("status", &serde_json::from_str(&line).unwrap());
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// Runs wharf while another run of it waits for a rollout, in a sandbox whose time stands almost still.
fn rolling(world: &World, args: &[&str]) -> std::process::Child {
    let child = world.command(args, "30").stderr(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    for _ in 0..400 {
        let status = world.wharf_at("30", &["status", "--format", "json"]).expect(0).json();
        if status["services"][0]["rollout"] == "IN_PROGRESS" {
            return child;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    child.kill().unwrap();
    panic!("no rollout began: {:?}", child.wait().unwrap());
}

#[test]
fn a_rollout_is_cancelled_and_the_release_before_serves_on() {
    let world = applied("minimal");
    let nothing = world.wharf(&["cancel"]).expect(0);
    assert!(nothing.stderr.contains("no rollout is under way"), "{}", nothing.stderr);
    world.edit("tag: v1", "tag: v2");
    let apply = rolling(&world, &["apply", "--yes"]);
    let cancelled = world.wharf_at("30", &["cancel", "web", "--format", "json"]).expect(0);
    let document = cancelled.json();
    follows("cancel", &document);
    assert_eq!(document["services"][0]["result"], "back", "{document:#}");
    assert_eq!(document["services"][0]["to"], "notes-web:1");
    let apply = apply.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&apply.stderr);
    assert_eq!(apply.status.code(), Some(5), "{said}");
    assert!(said.contains("stopped by the user"), "{said}");
    // The spec still asks for the other release.
    world.wharf(&["plan", "--detailed-exitcode"]).expect(2);
    world.apply();
    world.converged();
    world.wharf(&["cancel", "nobody"]).expect(3);
}

#[test]
fn there_must_be_a_release_to_go_back_to() {
    let world = World::sample("minimal");
    let apply = rolling(&world, &["apply", "--yes"]);
    let refused = world.wharf_at("30", &["cancel"]).expect(1);
    assert!(refused.stderr.contains("no earlier release to go back to"), "{}", refused.stderr);
    assert_eq!(apply.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn what_was_left_alone_is_waited_for_later() {
    let world = applied("minimal");
    world.edit("tag: v1", "tag: v2");
    let left = world.wharf_at("5", &["apply", "--yes", "--detach"]).expect(0);
    assert!(left.stderr.contains("`wharf wait` waits for its end"), "{}", left.stderr);
    // Nobody has seen it end, so there is something to do still.
    let plan = world.wharf_at("5", &["plan", "--format", "json"]).expect(0).json();
    assert_eq!(plan["steps"][0]["changes"][0]["path"], "rolled_out", "{plan:#}");
    world.wharf(&["wait"]).expect(0);
    world.converged();

    // One that goes back while nobody looks is a failure for whoever asks afterwards.
    world.wharf(&["sandbox", "break", "wrong-path"]).expect(0);
    world.wharf(&["apply", "--yes", "--detach", "--image", "web=:v3"]).expect(0);
    let cause = loop {
        let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
        let service = &status["services"][0];
        if service["revision"] == "notes-web:2" && service["rollout"] == "COMPLETED" {
            break world.wharf(&["wait", "--image", "web=:v3"]).expect(5).stderr;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert!(cause.contains("the rollout of service web failed"), "{cause}");

    world.wharf(&["sandbox", "mend"]).expect(0);
    world.apply();
    let restart = world.wharf(&["restart", "--detach"]).expect(0);
    assert!(restart.stderr.contains("is being restarted"), "{}", restart.stderr);
    world.wharf(&["wait"]).expect(0);
    world.converged();
}

#[test]
fn releases_say_who_made_them_of_what_and_how_they_went() {
    let world = World::sample("minimal");
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(world.path()).args(["-c", "user.name=a", "-c", "user.email=a@b"]);
        let output = command.args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "-q"]);
    git(&["add", "wharf.yaml"]);
    std::fs::write(world.path().join(".gitignore"), "sandbox\n").unwrap();
    git(&["add", ".gitignore"]);
    git(&["commit", "-q", "-m", "first"]);
    let commit = git(&["rev-parse", "HEAD"])[..12].to_owned();
    world.apply();
    // Whoever plans it, and from whatever commit: it is the same release.
    git(&["commit", "-q", "--allow-empty", "-m", "second"]);
    world.converged();
    world.wharf(&["sandbox", "break", "wrong-path"]).expect(0);
    world.edit("tag: v1", "tag: v2");
    let mut failing = world.command(&["apply", "--yes"], "1000");
    let failing = failing.env("GITHUB_ACTOR", "octo{cat}").output().unwrap();
    assert_eq!(failing.status.code(), Some(5), "{}", String::from_utf8_lossy(&failing.stderr));
    let listed = loop {
        let listed = world.wharf(&["releases", "--format", "json"]).expect(0).json();
        follows("releases", &listed);
        if listed["services"][0]["releases"][0]["result"] != "under way" {
            break listed;
        }
    };
    let [second, first] = &listed["services"][0]["releases"].as_array().unwrap()[..] else {
        panic!("{listed:#}");
    };
    assert_eq!(first["commit"], commit.as_str());
    assert_eq!(first["by"], "user/sandbox");
    assert_eq!(first["result"], "succeeded");
    assert!(second["commit"].as_str().unwrap().ends_with(" dirty"), "{second:#}");
    assert_eq!(second["by"], "octo-cat- as user/sandbox");
    assert_eq!(second["result"], "rolled back");
    let text = world.wharf(&["releases"]).expect(0).stdout;
    assert!(
        text.contains(&format!("succeeded  in use, 1 running  commit {commit}  by ")),
        "{text}"
    );
}

#[test]
fn what_runs_in_one_environment_is_promoted_to_another() {
    let world = World::sample("production");
    world.wharf(&["promote", "staging", "prod", "--yes"]).expect(1);
    world.wharf(&["apply", "--env", "staging", "--yes"]).expect(0);
    world.wharf(&["apply", "--env", "prod", "--yes"]).expect(0);
    world.wharf(&["apply", "--env", "staging", "--yes", "--image", "api=:v2"]).expect(0);
    let listed =
        |env| world.wharf(&["releases", "--env", env, "--format", "json"]).expect(0).json();
    let live = |env| listed(env)["services"][0]["releases"][0]["digest"].clone();
    assert_ne!(live("staging"), live("prod"));
    let run = world.wharf(&["promote", "staging", "prod", "--yes", "--format", "json"]).expect(0);
    let lines: Vec<Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    follows("promote", &lines[0]);
    for event in &lines[1..] {
        follows("events", event);
    }
    let digest = live("staging");
    assert_eq!(lines[0]["images"]["api"], format!("@{}", digest.as_str().unwrap()));
    assert_eq!(live("prod"), digest);
    // Once more there is nothing to do.
    let again = world.wharf(&["promote", "staging", "prod", "--yes"]).expect(0);
    assert!(again.stdout.contains("No changes"), "{}", again.stdout);

    world.wharf(&["promote", "staging", "staging", "--yes"]).expect(3);
    world.wharf(&["promote", "staging", "nowhere", "--yes"]).expect(3);
    world.wharf(&["promote", "staging", "prod", "--env", "staging", "--yes"]).expect(3);
    world.wharf(&["promote", "staging", "prod"]).expect(3);
    world.edit(
        "  prod:\n    services:\n      api: {",
        "  prod:\n    account: \"999922223333\"\n    services:\n      api: {",
    );
    world.edit("  staging:\n", "  staging:\n    account: \"111122223333\"\n");
    let apart = world.wharf(&["promote", "staging", "prod", "--yes"]).expect(3);
    assert!(apart.stderr.contains("share no repository"), "{}", apart.stderr);
    world.edit("    account: \"999922223333\"\n", "");
    world.edit("api: { env:", "api: { platform: linux/arm64, env:");
    let other = world.wharf(&["promote", "staging", "prod", "--yes"]).expect(3);
    assert!(other.stderr.contains("another `platform`"), "{}", other.stderr);
}

#[test]
fn whoever_leaves_a_rollout_alone_and_sees_it_fail_is_told() {
    let world = applied("minimal");
    world.wharf(&["sandbox", "break", "exits-at-once"]).expect(0);
    // Five minutes pass between the last step and the look that follows it.
    let failed = world.wharf_at("100000", &["apply", "--yes", "--detach", "--image", "web=:v3"]);
    let failed = failed.expect(5).stderr;
    assert!(failed.contains("the rollout of service web failed"), "{failed}");
}

#[test]
fn a_start_that_hardly_fits_into_the_grace_is_told() {
    let world = World::sample("minimal");
    let health = "health: { path: /health, grace: 15m }\n    deploy: { timeout: 40m }";
    world.edit("health: /health", health);
    // Answers ten minutes after its start.
    world.wharf(&["sandbox", "break", "slow-start"]).expect(0);
    // Slowly, so that the run looks while the task is unhealthy, however busy this machine is.
    let run = world.wharf_at("100", &["apply", "--yes"]).expect(0);
    let (_, told) = run.stderr.split_once("service.web: a task took about ").unwrap();
    let seconds: u32 = told.split(' ').next().unwrap().parse().unwrap();
    assert!((500..900).contains(&seconds), "{told}");
    assert!(told.contains("after 900 s (`health.grace`)"), "{told}");
    // One that starts at once is no news.
    world.wharf(&["sandbox", "mend"]).expect(0);
    let run = world.wharf(&["restart", "web"]).expect(0);
    assert!(!run.stderr.contains("health.grace"), "{}", run.stderr);
}
