//! A cluster owned elsewhere: tasks run in it, and nothing else of it is touched.

use std::time::Duration;

use serde_json::Value;

use crate::served::Served;
use crate::world::{World, addresses, same};

const REGION: &str = "eu-west-1";

/// The stack that owns the cluster.
const CORE: &str = "\
version: 1
app: core
region: eu-west-1
services:
  web: { image: { tag: v1 }, port: 3000 }
";

/// A stack with everything that runs in a cluster.
const NOTES: &str = r#"version: 1
app: notes
region: eu-west-1
cluster: { use: core }
images: { app: { tag: v1 } }
release: { image: app, command: ["bin/migrate", "up"], timeout: 2m }
services:
  web:
    image: app
    port: 3000
    exec: true
    scale: { min: 2, max: 4, cpu: 60 }
  worker: { image: app, command: ["bin/work"], scale: 2, spot: 50% }
jobs:
  nightly: { image: app, command: ["bin/report"], schedule: { cron: "30 2 * * *" }, timeout: 2m }
"#;

/// An account in which somebody runs a cluster.
fn account() -> World {
    let world = World::new(CORE);
    world.apply();
    world
}

/// Everything of the stack that owns the cluster.
fn owned(world: &World) -> Value {
    let ecs = world.contents()["regions"][REGION]["ecs"].clone();
    let of = |map: &Value| -> Value {
        let all = map.as_object().unwrap().iter();
        all.filter(|(_, thing)| thing["tags"]["wharf:app"] == "core")
            .map(|(key, thing)| (key.clone(), thing.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    serde_json::json!({ "clusters": of(&ecs["clusters"]), "services": of(&ecs["services"]) })
}

/// Names of all clusters that are there.
fn clusters(world: &World) -> Vec<String> {
    let all = world.sandbox().world_json()["regions"][REGION]["ecs"]["clusters"].clone();
    let there = all.as_object().unwrap().values().filter(|one| one["active"] == true);
    there.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// How many tasks of an app run in a cluster.
fn running(world: &World, app: &str) -> usize {
    let state = world.sandbox().world_json();
    let tasks = state["regions"][REGION]["ecs"]["tasks"].as_object().unwrap().clone();
    let family = format!(":task-definition/{app}-");
    let own = tasks.values().filter(|task| task["definition"].to_string().contains(&family));
    own.filter(|task| task["desired_status"] == "RUNNING").count()
}

#[track_caller]
fn refused(world: &World, says: &str) {
    let run = world.wharf(&["plan"]).expect(1);
    assert!(run.stderr.contains("error[E213]"), "{}", run.stderr);
    assert!(run.stderr.contains(says), "{says}\n{}", run.stderr);
}

#[test]
fn a_stack_lives_in_somebody_elses_cluster_and_leaves_it_as_it_was() {
    let world = account();
    let before = owned(&world);
    world.write(NOTES);
    let made = addresses(&world.plan());
    assert!(!made.iter().any(|address| address.starts_with("cluster")), "{made:?}");
    world.apply();
    world.converged();
    assert_eq!(clusters(&world), ["core"]);
    // Everyday verbs find what runs there.
    let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
    assert_eq!(status["services"][1]["running"], 2, "{status:#}");
    world.wharf(&["doctor"]).expect(0);
    world.wharf(&["restart", "web"]).expect(0);
    world.wharf(&["scale", "worker", "3"]).expect(0);
    world.wharf(&["run", "nightly"]).expect(0);
    world.wharf(&["logs", "web"]).expect(0);
    let releases = world.wharf(&["releases", "web"]).expect(0).stdout;
    assert!(releases.contains("succeeded"), "{releases}");
    // What is set by hand is brought back, a release goes through, and a plan shows no more than it should.
    let plan = world.plan();
    assert_eq!(plan["summary"]["drift"], 1, "{plan:#}");
    world.edit("app: { tag: v1 }", "app: { tag: v2 }");
    world.apply();
    world.converged();
    same(&owned(&world), &before);
    world.destroy();
    same(&owned(&world), &before);
    let left = world.contents().to_string();
    assert!(!left.contains("notes-web") && !left.contains("wharf/notes"), "something is left");
    world.write(CORE);
    world.converged();
}

#[test]
fn a_stack_moves_to_a_shared_cluster_and_back_without_a_gap() {
    let world = account();
    let own = NOTES.replace("cluster: { use: core }\n", "");
    world.write(&own);
    world.apply();
    for (text, count) in [(NOTES, 1), (own.as_str(), 2)] {
        world.write(text);
        let plan = world.plan();
        let steps = plan["steps"].as_array().unwrap();
        let web = steps.iter().find(|step| step["address"] == "service.web").unwrap();
        assert!(web.to_string().contains("a service cannot move to another cluster"), "{web:#}");
        assert_ne!(plan["summary"]["impact"], "outage", "{plan:#}");
        world.wharf(&["apply", "--yes", "--allow-delete"]).expect(0);
        world.converged();
        assert_eq!(clusters(&world).len(), count);
        let gaps = world.sandbox().availability();
        assert!(gaps.is_empty(), "{gaps:?}");
    }
    world.destroy();
    assert_eq!(clusters(&world), ["core"]);
}

#[test]
fn what_keeps_a_cluster_from_being_used_is_said_before_anything_is_touched() {
    let world = World::new(NOTES);
    refused(&world, "the cluster core cannot be used: there is no such cluster in the region");
    world.edit("use: core", "use: \"arn:aws:ecs:eu-west-1:999988887777:cluster/core\"");
    refused(&world, "it is in account 999988887777");
    world.write(CORE);
    world.apply();
    world.write(&NOTES.replace("app: notes", "app: core"));
    refused(&world, "it is this stack's own; leave `cluster` out");
    let providers = |names: &[&str]| {
        world.sandbox().with_world(|inside| {
            let all = inside.region(REGION).ecs.clusters.values_mut();
            for cluster in all {
                cluster.providers = names.iter().map(|&name| name.to_owned()).collect();
            }
        });
    };
    providers(&["FARGATE"]);
    world.write(NOTES);
    refused(&world, "lets no tasks run by way of FARGATE_SPOT");
    // Without spare capacity, any cluster will do.
    providers(&[]);
    world.edit(", spot: 50%", "");
    world.apply();
    world.converged();
    world.destroy();
    assert!(world.wharf(&["explain", "E213"]).expect(0).stdout.contains("owned elsewhere"));
}

#[test]
fn images_stay_while_an_environment_runs_in_a_shared_cluster() {
    let world = account();
    let text = NOTES
        .replace("cluster: { use: core }\n", "environments: { prod: {}, staging: {} }\n")
        .replace("region: eu-west-1\n", "region: eu-west-1\ncluster: { use: core }\n");
    world.write(&text);
    let on = |env: &str, args: &[&str]| {
        let mut all = args.to_vec();
        all.extend(["--env", env]);
        world.wharf(&all).expect(0)
    };
    on("prod", &["apply", "--yes"]);
    on("staging", &["apply", "--yes"]);
    on("staging", &["destroy", "--yes", "--confirm", "notes-staging"]);
    let repositories = || {
        let all = world.contents()["regions"][REGION]["ecr"]["repositories"].clone();
        all.as_object().unwrap().keys().filter(|name| name.starts_with("notes/")).count()
    };
    assert_eq!(repositories(), 1, "prod still needs the images");
    on("prod", &["plan", "--detailed-exitcode"]);
    on("prod", &["destroy", "--yes", "--confirm", "notes-prod"]);
    assert_eq!(repositories(), 0);
}

#[test]
fn runs_of_the_stack_end_with_it_and_runs_of_others_do_not() {
    let world = account();
    world.write(NOTES);
    world.apply();
    let spawn = |service: &str, args: &[&str]| {
        let before = running(&world, service);
        let mut child = world.command(args, "60").spawn().unwrap();
        for _ in 0..400 {
            if running(&world, service) > before {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(running(&world, service) > before, "{args:?} started nothing");
    };
    spawn("notes", &["run", "nightly", "--", "sleep", "9000"]);
    world.write(CORE);
    spawn("core", &["run", "web", "--", "sleep", "9000"]);
    let of_core = running(&world, "core");
    world.write(NOTES);
    world.destroy();
    assert_eq!((running(&world, "notes"), running(&world, "core")), (0, of_core));
}

#[test]
fn what_others_depend_on_is_not_destroyed() {
    let world = account();
    world.write(NOTES);
    world.apply();
    let before = world.contents();
    world.write(CORE);
    let run = world.wharf(&["destroy", "--yes", "--confirm", "core"]).expect(11);
    assert!(run.stderr.contains("others depend on what this would delete"), "{}", run.stderr);
    assert!(run.stderr.contains("service notes-worker (belongs to stack notes)"), "{}", run.stderr);
    same(&world.contents(), &before);
    world.write(NOTES);
    world.destroy();
    // The same of a balancer.
    let guest = CORE.replace("app: core", "app: guest\nbalancer: { use: core }");
    world.write(&guest.replace("port: 3000", "port: 3000, route: { path: /guest/* }"));
    world.apply();
    let text = world.spec();
    world.write(CORE);
    let run = world.wharf(&["destroy", "--yes", "--confirm", "core"]).expect(11);
    assert!(
        run.stderr.contains("load_balancer.main (the rule for /guest/* (belongs to stack guest))"),
        "{}",
        run.stderr
    );
    world.write(&text);
    world.destroy();
    world.write(CORE);
    world.destroy();
}

#[test]
fn a_stack_in_somebody_elses_cluster_lives_under_its_own_policies() {
    let world = Served::sample("minimal");
    world.wharf(&["apply", "--yes"]).expect(0);
    world.edit("app: notes", "app: guest\ncluster: { use: notes }");
    for (verb, args, code) in [
        ("plan", &["plan", "--detailed-exitcode"][..], 2),
        ("apply", &["apply", "--yes"], 0),
        ("plan", &["plan", "--detailed-exitcode"], 0),
        ("destroy", &["destroy", "--yes", "--confirm", "guest"], 0),
    ] {
        let caller = crate::iam::under(&world, verb, &[]);
        let run = world.wharf_under(&caller, args);
        assert_eq!(run.code, code, "{verb}: {}\n{}", run.stdout, run.stderr);
    }
}
