//! What runs beside a service: sidecars in its tasks, and services that come before it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::{World, addresses, same};

const SPEC: &str = "\
version: 1
app: notes
region: ap-southeast-2
services:
  web:
    image: { tag: v1 }
    cpu: 0.5
    memory: 1GB
    port: 3000
    health: /health
    depends_on: { proxy: healthy }
    sidecars:
      setup: { image: \"public.ecr.aws/docker/library/busybox:1.36\", essential: false, env: { STEP: one } }
      proxy:
        image: public.ecr.aws/nginx/nginx:1.27
        cpu: 0.125
        memory: 128MB
        command: [nginx, -g, daemon off;]
        user: \"1000\"
        secrets: { KEY: ssm:/notes/database_url }
        container_health: [CMD-SHELL, bin/ok]
        depends_on: { setup: start }
";

/// Changes one thing, and checks that the plan shows just that.
#[track_caller]
fn changed(world: &World, from: &str, to: &str, touches: &[&str]) {
    world.edit(from, to);
    let plan = world.wharf(&["plan", "--format", "json", "--detailed-exitcode"]).expect(2).json();
    let wanted: BTreeSet<String> = touches.iter().map(|&it| it.to_owned()).collect();
    assert_eq!(addresses(&plan), wanted, "{to}");
    assert_eq!(plan["summary"]["drift"], 0, "{to}: taken for drift");
    world.apply();
    world.converged();
}

/// Returns the containers of the newest task, by name, with their statuses.
fn containers(world: &World) -> Vec<(String, String)> {
    let state = world.sandbox().world_json();
    let tasks = state["regions"]["ap-southeast-2"]["ecs"]["tasks"].as_object().unwrap();
    let running = |task: &&Value| task["desired_status"] == "RUNNING";
    let task = tasks.values().filter(running).max_by_key(|task| task["number"].as_u64()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = task["containers"].as_array().unwrap().iter();
    list.map(|it| (text(&it["name"]), text(&it["last_status"]))).collect()
}

#[test]
fn sidecars_live_and_go_with_their_service() {
    const REVISION: &[&str] = &["service.web", "task_definition.web"];
    let world = World::new(SPEC);
    world.plan();
    let before = world.contents();
    let plan = world.wharf(&["plan"]).expect(0);
    assert!(plan.stdout.contains("2 sidecars"), "{}", plan.stdout);
    world.apply();
    world.converged();
    let running = |name: &str| (name.to_owned(), "RUNNING".to_owned());
    assert_eq!(containers(&world), [running("web"), running("proxy"), running("setup")]);

    changed(&world, "memory: 128MB", "memory: 256MB", REVISION);
    changed(&world, "STEP: one", "STEP: two", REVISION);
    changed(&world, "proxy: healthy", "proxy: start", REVISION);
    changed(
        &world,
        "secrets: { KEY: ssm:/notes/database_url }",
        "secrets: { KEY: ssm:/notes/database_url, TOKEN: \"sm:notes/prod#stripe_key\" }",
        &["role.web/execution", "service.web", "task_definition.web"],
    );
    world.destroy();
    same(&world.contents(), &before);
}

#[test]
fn a_secret_of_a_sidecar_is_opened_up_by_name() {
    let world =
        World::new(&SPEC.replace("        secrets: { KEY: ssm:/notes/database_url }\n", ""));
    world.apply();
    world.edit("        user:", "        secrets: { KEY: ssm:/notes/database_url }\n        user:");
    let plan = world.wharf(&["plan"]).expect(0);
    assert!(plan.stdout.contains("the secret KEY (in proxy)"), "{}", plan.stdout);
}

#[test]
fn a_service_is_rolled_out_after_those_it_names() {
    let world = World::new(
        "\
version: 1
app: notes
region: ap-southeast-2
services:
  api: { image: { tag: v1 }, after: [worker] }
  worker: { image: { tag: v1 } }
",
    );
    world.plan();
    let before = world.contents();
    world.apply();
    world.converged();
    // Tasks are numbered as they start.
    let state = world.sandbox().world_json();
    let tasks = state["regions"]["ap-southeast-2"]["ecs"]["tasks"].as_object().unwrap();
    let first = tasks.values().min_by_key(|task| task["number"].as_u64()).unwrap();
    assert_eq!(first["group"], "service:notes-worker", "{first:#}");
    let started = |name: &str| {
        let of = |task: &&Value| task["group"] == format!("service:notes-{name}");
        tasks.values().find(of).unwrap()["created"].clone()
    };
    let seconds = |name: &str| started(name).as_i64().unwrap();
    assert!(seconds("api") > seconds("worker"));

    // The order is nobody's property: turning it round is no change.
    world.edit(", after: [worker]", "");
    world.edit("worker: { image: { tag: v1 }", "worker: { image: { tag: v1 }, after: [api]");
    world.converged();
    world.destroy();
    same(&world.contents(), &before);
}
