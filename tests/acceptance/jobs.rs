//! Jobs and the release: when their commands run, what their ends lead to, who is told.

use std::time::Duration;

use serde_json::Value;

use crate::world::{World, addresses, same};

const SPEC: &str = r#"version: 1
app: notes
region: eu-west-1
release:
  command: ["bin/migrate", "up"]
  timeout: 2m
services:
  web:
    image: { tag: v1 }
    port: 3000
    health: /health
jobs:
  nightly: { command: ["bin/report"], schedule: { cron: "30 2 * * *", timezone: Europe/Berlin }, retries: 2, timeout: 2m }
  by-hand: { command: ["sh", "-c", "exit 4"] }
"#;

fn applied() -> World {
    let world = World::new(SPEC);
    world.apply();
    world.converged();
    world
}

/// How many commands of a release were ever started. Tasks are forgotten after an hour, which does not
/// take long here; what was asked for is not.
fn releases(world: &World) -> usize {
    world.sandbox().with_world(|world| {
        let asked = world.region("eu-west-1").ecs.run_tokens.values();
        asked.filter(|(asked, _)| asked["startedBy"] == "wharf release").count()
    })
}

fn image_of(world: &World, service: &str) -> String {
    let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
    let services = status["services"].as_array().unwrap().clone();
    let found = services.iter().find(|it| it["name"] == service).unwrap();
    found["image"].as_str().unwrap().to_owned()
}

#[test]
fn a_release_runs_once_for_each_new_release_and_for_nothing_else() {
    let world = World::new(SPEC);
    let plan = world.wharf(&["plan"]).expect(0).stdout;
    assert!(plan.contains("runs `bin/migrate up` before any service changes"), "{plan}");
    let applied = world.apply();
    assert!(applied.stderr.contains("`bin/migrate up` would run here"), "{}", applied.stderr);
    assert_eq!(releases(&world), 1);
    world.converged();

    // What is not part of the release does not run it.
    world.edit("    port: 3000", "    scale: 2\n    port: 3000");
    let plan = world.plan();
    assert!(!addresses(&plan).contains("release.main"), "{plan:#}");
    world.apply();
    assert_eq!(releases(&world), 1);

    // A new image does, and so does a new command; before any service.
    for (from, to) in [("tag: v1", "tag: v2"), ("\"up\"]", "\"up\", \"-v\"]")] {
        let before = releases(&world);
        world.edit(from, to);
        let plan = world.plan();
        let steps = plan["steps"].as_array().unwrap();
        let at = |address: &str| steps.iter().position(|step| step["address"] == address);
        assert!(at("release.main").is_some(), "{plan:#}");
        if let Some(service) = at("service.web") {
            assert!(at("release.main").unwrap() < service, "{plan:#}");
        }
        world.apply();
        world.converged();
        assert_eq!(releases(&world), before + 1);
    }
}

#[test]
fn a_release_that_fails_leaves_the_services_as_they_are() {
    let world = applied();
    let live = image_of(&world, "web");
    world.wharf(&["sandbox", "break", "release-fails"]).expect(0);
    world.edit("tag: v1", "tag: v2");
    let run = world.wharf(&["apply", "--yes", "--wait-image", "10m"]).expect(6);
    for text in [
        "the release command `bin/migrate up` ended with exit code 3; no service was touched",
        "C303: the container exited with code 3",
        "| migration 0042 failed: column exists already",
        "the release before is still live",
    ] {
        assert!(run.stderr.contains(text), "{text} in\n{}", run.stderr);
    }
    crate::doctor::golden_of_apply("release-fails", &run.stderr);
    assert_eq!(image_of(&world, "web"), live);
    let logs = world.wharf(&["logs", "release"]).expect(0).stdout;
    assert!(logs.contains("migration 0042 failed"), "{logs}");

    // It is not drift, and it runs again until it ends well.
    assert_eq!(world.plan()["summary"]["drift"], 0);
    world.wharf(&["apply", "--yes"]).expect(6);
    world.wharf(&["sandbox", "mend"]).expect(0);
    world.apply();
    world.converged();
    assert_ne!(image_of(&world, "web"), live);
}

#[test]
fn a_release_that_takes_too_long_is_stopped() {
    let world = World::new(SPEC);
    world.wharf(&["sandbox", "break", "job-hangs"]).expect(0);
    let run = world.wharf(&["apply", "--yes", "--wait-image", "10m"]).expect(6);
    assert!(run.stderr.contains("took longer than 120 s and was stopped"), "{}", run.stderr);
    crate::doctor::golden_of_apply("job-hangs", &run.stderr);
    let going = world.sandbox().with_world(|world| {
        let tasks = world.region("eu-west-1").ecs.tasks.values();
        tasks.filter(|task| task.is_wanted()).count()
    });
    assert_eq!(going, 0);
}

#[test]
fn a_killed_apply_finds_the_command_that_still_runs() {
    let world = World::new(&SPEC.replace("[\"bin/migrate\", \"up\"]", "[\"sleep\", \"100\"]"));
    let mut child =
        world.command(&["apply", "--yes", "--wait-image", "10m"], "30").spawn().unwrap();
    for _ in 0..400 {
        if releases(&world) == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(releases(&world), 1, "it was killed too early");
    // As slowly as before, so that ECS does not forget the task meanwhile.
    let code = loop {
        let output =
            world.command(&["apply", "--yes", "--wait-image", "10m"], "30").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match crate::served::expires_in(&said) {
            Some(seconds) => std::thread::sleep(Duration::from_secs(seconds + 1)),
            None => break output.status.code(),
        }
    };
    assert_eq!(code, Some(0));
    assert_eq!(releases(&world), 1);
    world.converged();
}

#[test]
fn a_job_runs_by_hand_with_its_lines_its_code_and_its_retries() {
    let world = applied();
    let run = world.wharf(&["run", "nightly"]).expect(0);
    assert!(run.stdout.contains("`bin/report` would run here"), "{}", run.stdout);
    assert!(run.stderr.contains("of release notes-nightly:1"), "{}", run.stderr);
    let failed = world.wharf(&["run", "by-hand"]).expect(4);
    assert!(failed.stderr.contains("exit code 4"), "{}", failed.stderr);
    // Other words for once.
    world.wharf(&["run", "by-hand", "--", "true"]).expect(0);
    let logs = world.wharf(&["logs", "nightly"]).expect(0).stdout;
    assert!(logs.contains("`bin/report` would run here"), "{logs}");
    let wrong = world.wharf(&["run", "nobody"]).expect(3);
    assert!(wrong.stderr.contains("web, by-hand, nightly"), "{}", wrong.stderr);
    world.converged();
}

#[test]
fn a_job_that_fails_is_tried_again_and_one_that_hangs_is_stopped() {
    let world = World::new(SPEC);
    world.apply();
    let run = world.wharf(&["run", "nightly", "--", "false"]).expect(1);
    assert!(run.stderr.contains("ended with exit code 1; 2 more tries"), "{}", run.stderr);
    assert!(run.stderr.contains("ended with exit code 1; 1 more try"), "{}", run.stderr);
    let slow = world.wharf(&["run", "nightly", "--", "sleep", "9000"]).expect(9);
    assert!(slow.stderr.contains("took longer than 120 s"), "{}", slow.stderr);
}

#[test]
fn a_schedule_is_what_the_spec_says_and_comes_back_when_it_was_changed() {
    let world = applied();
    let body = |world: &World| -> Value {
        world.sandbox().with_world(|world| {
            world.region("eu-west-1").scheduler.schedules["notes/nightly"].body.clone()
        })
    };
    let made = body(&world);
    assert_eq!(made["ScheduleExpression"], "cron(30 2 * * ? *)");
    assert_eq!(made["ScheduleExpressionTimezone"], "Europe/Berlin");
    assert_eq!(made["Target"]["RetryPolicy"]["MaximumRetryAttempts"], 2);
    assert_eq!(made["Target"]["EcsParameters"]["PropagateTags"], "TASK_DEFINITION");
    world.wharf(&["sandbox", "break", "schedule-off"]).expect(0);
    let drift = world.wharf(&["drift"]).expect(2).stdout;
    assert!(drift.contains("nightly"), "{drift}");
    world.apply();
    assert_eq!(body(&world), made);

    world.edit("cron: \"30 2 * * *\", timezone: Europe/Berlin", "rate: 12h");
    let plan = world.plan();
    assert_eq!(addresses(&plan), ["schedule.nightly".to_owned()].into());
    world.apply();
    world.converged();
    assert_eq!(body(&world)["ScheduleExpression"], "rate(12 hours)");
}

#[test]
fn a_schedule_starts_its_job_in_time() {
    let world =
        World::new(&SPEC.replace("cron: \"30 2 * * *\", timezone: Europe/Berlin", "rate: 5m"));
    world.apply();
    let sandbox = world.sandbox();
    for _ in 0..600 {
        let started = sandbox.with_world(|world| {
            let tasks = world.region("eu-west-1").ecs.tasks.values();
            let by = tasks.filter_map(|task| task.started_by.clone());
            by.filter(|by| by == "chronos-schedule/nightly").count()
        });
        if started > 0 {
            let said = world.wharf(&["doctor", "nightly"]).expect(0).stdout;
            assert!(said.contains("every 5 minutes"), "{said}");
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no task was ever started");
}

#[test]
fn the_doctor_names_what_keeps_a_job_from_running() {
    let world = applied();
    let well = world.wharf(&["doctor", "nightly"]).expect(0).stdout;
    assert!(well.contains("once a day") && well.contains("Nothing is wrong"), "{well}");
    for (case, code) in [("schedule-off", "C951"), ("scheduler-untrusted", "C952")] {
        world.wharf(&["sandbox", "break", case]).expect(0);
        let said = world.wharf(&["doctor", "nightly"]).expect(1).stdout;
        assert!(said.contains(&format!("error[{code}]")), "{case}: {said}");
        crate::doctor::golden_of_job(case, &said);
        let json = world.wharf(&["doctor", "nightly", "--format", "json"]).expect(1).json();
        assert_eq!(json["jobs"][0]["causes"][0]["code"], code, "{json:#}");
        world.wharf(&["sandbox", "mend"]).expect(0);
    }
    world.wharf(&["sandbox", "break", "job-fails", "--now"]).expect(0);
    world.wharf(&["run", "nightly"]).expect(3);
    let said = world.wharf(&["doctor", "nightly"]).expect(1).stdout;
    assert!(said.contains("error[C303]") && said.contains("report failed: no rows"), "{said}");
    assert!(said.contains("ended with exit code 3"), "{said}");
    crate::doctor::golden_of_job("job-fails", &said);
}

#[test]
fn jobs_and_release_go_with_all_that_is_theirs() {
    let world = World::new(SPEC);
    world.plan();
    let before = world.contents();
    world.apply();
    let text = world.spec();
    let (start, end) = (text.find("release:").unwrap(), text.find("services:").unwrap());
    let jobs = text.find("jobs:").unwrap();
    world.write(&format!("{}{}", &text[..start], &text[end..jobs]));
    world.apply();
    world.converged();
    let left = world.contents().to_string();
    for gone in ["nightly", "by-hand", "scheduler", "notes-release"] {
        assert!(!left.contains(gone), "{gone} is left");
    }
    world.destroy();
    same(&world.contents(), &before);
}

#[test]
fn a_run_that_goes_on_does_not_keep_the_stack_from_going() {
    let world = applied();
    let before = world.contents();
    let mut child =
        world.command(&["run", "nightly", "--", "sleep", "9000"], "60").spawn().unwrap();
    for _ in 0..400 {
        if world.contents() != before {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    world.destroy();
}
