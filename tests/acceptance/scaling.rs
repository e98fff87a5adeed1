//! Ranges of tasks and spare capacity: who decides about the number, and that nobody is left behind.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use wharf_sandbox::faults::FaultPlan;

use crate::schemas::follows;
use crate::served::Served;
use crate::world::{World, addresses, same};

const REGION: &str = "eu-west-1";
const RANGE: &str = "scale: { min: 2, max: 6, cpu: 60 }";
const SCALED: [&str; 2] = ["scalable_target.web", "scaling_policy.web:cpu"];

fn fixed(count: u32) -> World {
    let spec = format!(
        "version: 1\napp: notes\nregion: {REGION}\nservices:\n  web:\n    image: {{ tag: v1 }}\n    \
         port: 3000\n    health: /health\n    scale: {count}\n    deploy: {{ drain: 5s }}\n"
    );
    World::new(&spec)
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn ecs(world: &World, operation: &str, mut body: Value) -> Value {
    body["cluster"] = "notes".into();
    let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
    world.aws_json(REGION, "ecs", &target, &body)
}

fn scaling(world: &World, operation: &str, mut body: Value) -> Value {
    body["ServiceNamespace"] = "ecs".into();
    let target = format!("AnyScaleFrontendService.{operation}");
    world.aws_json(REGION, "application-autoscaling", &target, &body)
}

fn service(world: &World) -> Value {
    let arns = ecs(world, "ListServices", json!({}));
    let wanted = json!({"services": arns["serviceArns"], "include": ["TAGS"]});
    ecs(world, "DescribeServices", wanted)["services"][0].clone()
}

fn desired(world: &World) -> u64 {
    service(world)["desiredCount"].as_u64().unwrap()
}

/// Sets the number of tasks as the autoscaler does.
fn scaled_to(world: &World, count: u32) {
    let name = service(world)["serviceName"].clone();
    ecs(world, "UpdateService", json!({"service": name, "desiredCount": count}));
    world.wharf(&["wait"]).expect(0);
}

/// Returns how often a command called the autoscaler.
fn calls(world: &World, args: &[&str]) -> usize {
    let all = [args, &["-v"]].concat();
    let run = world.wharf(&all).expect(0);
    run.stderr.matches("application-autoscaling").count()
}

#[test]
fn from_a_number_to_a_range_and_back_no_task_is_lost() {
    let world = fixed(3);
    world.apply();
    assert_eq!(calls(&world, &["plan"]), 0, "a fixed number asks the autoscaler nothing");
    world.edit("scale: 3", RANGE);
    assert_eq!(addresses(&world.plan()), set(&SCALED));
    world.apply();
    world.converged();
    assert_eq!(desired(&world), 3, "the number was within the range");
    assert!(calls(&world, &["plan"]) > 0);
    let status = world.wharf(&["status"]).expect(0).stdout;
    assert!(status.contains("3 of 3 running (autoscaled, 2 to 6)"), "{status}");
    let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
    follows("status", &status);
    assert_eq!(status["services"][0]["scaling"]["max"], 6);

    // The number is the autoscaler's: neither compared nor sent.
    scaled_to(&world, 5);
    world.converged();
    world.edit("tag: v1", "tag: v2");
    world.apply();
    assert_eq!(desired(&world), 5);

    // Back to a number of one's own: the autoscaler goes first, then the number is set.
    world.edit(RANGE, "scale: 4");
    let plan = world.plan();
    let mut wanted = set(&SCALED);
    wanted.insert("service.web".to_owned());
    assert_eq!(addresses(&plan), wanted);
    let steps = plan["steps"].as_array().unwrap();
    let step = |address: &str| steps.iter().find(|step| step["address"] == address).unwrap();
    let needs = step("service.web")["needs"].as_array().unwrap();
    assert!(needs.contains(&step("scalable_target.web")["id"]), "{needs:?}");
    world.apply();
    world.converged();
    assert_eq!(desired(&world), 4);
    assert_eq!(scaling(&world, "DescribeScalableTargets", json!({}))["ScalableTargets"], json!([]));
    assert_eq!(calls(&world, &["plan"]), 0, "nothing hints at an autoscaler any more");
    let gaps = world.sandbox().availability();
    assert!(gaps.is_empty(), "requests went unanswered: {gaps:?}");
}

#[test]
fn a_replaced_service_begins_with_the_tasks_there_are() {
    let world = fixed(3);
    world.edit("scale: 3", "scale: { min: 2, max: 6, requests: 500 }");
    world.plan();
    let before = world.contents();
    world.apply();
    scaled_to(&world, 5);
    let old = scaling(&world, "DescribeScalingPolicies", json!({}))["ScalingPolicies"].clone();
    world.edit("port: 3000", "port: 4000");
    let plan = world.plan();
    let policy = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["address"] == "scaling_policy.web:requests")
        .unwrap();
    assert_eq!(policy["action"], "replace");
    world.apply();
    world.converged();
    assert_eq!(desired(&world), 5, "five tasks took over from five");
    let new = scaling(&world, "DescribeScalingPolicies", json!({}))["ScalingPolicies"].clone();
    let label = |policies: &Value| {
        let tracking = &policies[0]["TargetTrackingScalingPolicyConfiguration"];
        tracking["PredefinedMetricSpecification"]["ResourceLabel"].as_str().unwrap().to_owned()
    };
    assert_ne!(label(&old), label(&new), "it counts the requests of the new target group");
    assert_eq!(new.as_array().unwrap().len(), 1, "{new:#}");
    let gaps = world.sandbox().availability();
    assert!(gaps.is_empty(), "requests went unanswered: {gaps:?}");
    world.destroy();
    same(&world.contents(), &before);
}

#[test]
fn the_load_moves_the_number_and_wharf_stays_out_of_it() {
    let world = fixed(2);
    world.edit("scale: 2", RANGE);
    world.apply();
    let resource =
        scaling(&world, "DescribeScalableTargets", json!({}))["ScalableTargets"][0]["ResourceId"]
            .as_str()
            .unwrap()
            .to_owned();
    let sandbox = world.sandbox();
    sandbox.with_world(|inside| {
        let load = wharf_sandbox::services::autoscaling::state::Load {
            cpu: Some(230.0),
            ..Default::default()
        };
        inside.region(REGION).autoscaling.load.insert(resource, load);
    });
    drop(sandbox);
    // Minutes pass while commands run, a thousand for each second here.
    for _ in 0..200 {
        if desired(&world) == 4 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(desired(&world), 4, "230 % at 60 % each are 3.8 tasks");
    world.wharf(&["wait"]).expect(0);
    world.converged();
}

#[test]
fn fewer_tasks_than_the_range_are_drift_and_brought_back() {
    let world = fixed(2);
    world.edit("scale: 2", RANGE);
    world.apply();
    scaled_to(&world, 5);
    world.converged();
    scaled_to(&world, 0);
    let drift = world.wharf(&["drift"]).expect(2).stdout;
    assert!(drift.contains("at_least  spec: 2, live: 0"), "{drift}");
    let plan = world.plan();
    assert_eq!(addresses(&plan), set(&["service.web"]));
    let sentence = plan["impact"]["sentence"].as_str().unwrap();
    assert!(sentence.contains("grows from 0 to 2 tasks"), "{sentence}");
    world.apply();
    assert_eq!(desired(&world), 2);
    world.converged();
    // A higher least is there at once; a time with fewer is a range as well.
    world.edit("min: 2, max: 6", "min: 3, max: 6");
    world.apply();
    assert_eq!(desired(&world), 3);
    let night = "schedule: { night: { cron: \"0 1 * * *\", min: 1, max: 2 } }, min: 3, max: 6";
    world.edit("min: 3, max: 6", night);
    world.apply();
    scaled_to(&world, 2);
    world.converged();
    world.destroy();
}

#[test]
fn a_range_somebody_changes_is_drift() {
    let world = fixed(2);
    world.edit("scale: 2", RANGE);
    world.apply();
    let target =
        scaling(&world, "DescribeScalableTargets", json!({}))["ScalableTargets"][0].clone();
    let own = json!({
        "ResourceId": target["ResourceId"], "ScalableDimension": "ecs:service:DesiredCount",
    });
    let mut changed = own.clone();
    changed["MaxCapacity"] = 3.into();
    changed["SuspendedState"] = json!({"DynamicScalingOutSuspended": true});
    scaling(&world, "RegisterScalableTarget", changed);
    let drift = world.wharf(&["drift"]).expect(2).stdout;
    assert!(drift.contains("range of tasks web") && drift.contains("max"), "{drift}");
    assert!(drift.contains("scaling out"), "{drift}");
    let status = world.wharf(&["status"]).expect(0).stdout;
    assert!(status.contains("2 to 3, partly suspended"), "{status}");
    world.apply();
    world.converged();
    // A policy of somebody's own is none of the spec's.
    let mut added = own.clone();
    added["PolicyName"] = "by-hand".into();
    added["StepScalingPolicyConfiguration"] = json!({"AdjustmentType": "ChangeInCapacity"});
    scaling(&world, "PutScalingPolicy", added);
    let drift = world.wharf(&["drift"]).expect(2).stdout;
    assert!(drift.contains("scaling policy web:unknown-"), "{drift}");
    world.apply();
    world.converged();
    // An autoscaler on a service with a fixed number shows by the number it sets.
    world.edit(RANGE, "scale: 2");
    world.apply();
    let mut foreign = own;
    foreign["MinCapacity"] = 4.into();
    foreign["MaxCapacity"] = 8.into();
    scaling(&world, "RegisterScalableTarget", foreign);
    assert_eq!(addresses(&world.plan()), set(&["scalable_target.web", "service.web"]));
    world.apply();
    world.converged();
    assert_eq!(desired(&world), 2);
}

#[test]
fn times_of_the_spec_change_the_range_and_that_is_no_drift() {
    let world = fixed(2);
    // Every minute, so that it comes while the test looks.
    let schedule =
        "scale: { min: 2, max: 6, schedule: { now: { cron: \"* * * * *\", min: 3, max: 5 } } }";
    world.edit("scale: 2", schedule);
    world.apply();
    assert!(addresses(&world.plan()).is_empty());
    let range = |world: &World| {
        let target = &scaling(world, "DescribeScalableTargets", json!({}))["ScalableTargets"][0];
        (target["MinCapacity"].as_u64().unwrap(), target["MaxCapacity"].as_u64().unwrap())
    };
    for _ in 0..100 {
        if range(&world) == (3, 5) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(range(&world), (3, 5), "its time has come");
    world.wharf(&["wait"]).expect(0);
    world.converged();
    assert_eq!(desired(&world), 3);
    // What holds now because of it becomes what it says now.
    world.edit("min: 3, max: 5", "min: 4, max: 8");
    assert_eq!(addresses(&world.plan()), set(&["scheduled_action.web:now"]));
    world.apply();
    world.converged();
    assert_eq!(range(&world), (4, 8));
    // Without the time, the range of the spec holds again.
    world.edit("schedule: { now: { cron: \"* * * * *\", min: 4, max: 8 } }", "cpu: 50");
    let touched = ["scalable_target.web", "scaling_policy.web:cpu", "scheduled_action.web:now"];
    assert_eq!(addresses(&world.plan()), set(&touched));
    world.apply();
    world.converged();
    assert_eq!(range(&world), (2, 6));
}

#[test]
fn a_time_that_comes_while_it_is_changed_is_followed() {
    let world = Served::sample("minimal");
    let times = |range: &str| {
        format!(
            "health: /health\n    scale: {{ min: 2, max: 6, schedule: {{ day: {{ cron: \"0 7 * * *\", {range} }} }} }}"
        )
    };
    world.edit("health: /health", &times("min: 3, max: 5"));
    world.wharf_when_free(&["apply", "--yes"]).expect(0);
    let range = |world: &Served| {
        world.sandbox.with_world(|inside| {
            let targets = &inside.region("ap-southeast-2").autoscaling.targets;
            targets.values().map(|target| (target.min, target.max)).collect::<Vec<_>>()
        })
    };
    assert_eq!(range(&world), [(2, 6)]);
    // As the change is sent, the time as it was before comes.
    let comes = |inside: &mut wharf_sandbox::world::World| {
        for target in inside.region("ap-southeast-2").autoscaling.targets.values_mut() {
            (target.min, target.max) = (3, 5);
        }
    };
    let plan = FaultPlan::new(1).change_at_operation("PutScheduledAction", 1, comes);
    world.sandbox.intercept(Arc::new(plan));
    world.edit("min: 3, max: 5", "min: 4, max: 8");
    world.wharf_when_free(&["apply", "--yes"]).expect(0);
    world.sandbox.stop_intercepting();
    assert_eq!(range(&world), [(4, 8)]);
    world.converged();
}

#[test]
fn spot_comes_and_goes_without_an_outage() {
    let world = fixed(3);
    world.apply();
    let providers = |world: &World| {
        let arns = ecs(world, "ListTasks", json!({}))["taskArns"].clone();
        let tasks = ecs(world, "DescribeTasks", json!({"tasks": arns}))["tasks"].clone();
        let mut all: Vec<String> = tasks
            .as_array()
            .unwrap()
            .iter()
            .filter(|task| task["lastStatus"] == "RUNNING")
            .map(|task| task["capacityProviderName"].as_str().unwrap_or("launch type").to_owned())
            .collect();
        all.sort();
        all
    };
    assert_eq!(providers(&world), ["launch type"; 3]);
    world.edit("scale: 3", "scale: 3\n    spot: 50%");
    let plan = world.wharf(&["plan"]).expect(0).stdout;
    assert!(
        plan.contains("FARGATE → FARGATE (base 1, weight 1), FARGATE_SPOT (weight 1)"),
        "{plan}"
    );
    assert!(plan.contains("rolling restart of 3 tasks"), "{plan}");
    assert!(plan.contains("on Spot, whose price varies"), "{plan}");
    assert!(plan.contains("take back those on Spot, at two minutes' notice"), "{plan}");
    assert_eq!(addresses(&world.plan()), set(&["service.web"]));
    world.apply();
    world.converged();
    assert_eq!(providers(&world), ["FARGATE", "FARGATE", "FARGATE_SPOT"]);
    world.edit("spot: 50%", "spot: 100%");
    world.apply();
    world.converged();
    assert_eq!(providers(&world), ["FARGATE_SPOT"; 3]);
    world.edit("\n    spot: 100%", "");
    world.apply();
    world.converged();
    assert_eq!(providers(&world), ["FARGATE"; 3]);
    let gaps = world.sandbox().availability();
    assert!(gaps.is_empty(), "requests went unanswered: {gaps:?}");
}

#[test]
fn a_number_given_by_hand_lasts_until_the_next_apply() {
    let world = fixed(2);
    world.apply();
    let run = world.wharf(&["scale", "web", "4"]).expect(0);
    assert!(run.stderr.contains("goes from 2 to 4 now"), "{}", run.stderr);
    assert!(run.stderr.contains("returns to 2, as the spec says"), "{}", run.stderr);
    assert!(run.stderr.contains("change `scale` at wharf.yaml:9"), "{}", run.stderr);
    assert!(run.stderr.contains("Service web has 4 tasks."), "{}", run.stderr);
    assert_eq!(desired(&world), 4);
    assert_eq!(service(&world)["runningCount"], 4, "it waited for them");
    world.wharf(&["drift"]).expect(2);
    let done = world.wharf(&["scale", "web", "3", "--format", "json"]).expect(0).json();
    follows("scale", &done);
    assert_eq!(
        (&done["before"], &done["count"], &done["owner"]),
        (&4.into(), &3.into(), &"spec".into())
    );
    assert_eq!((&done["spec_count"], &done["spec_line"]), (&2.into(), &"wharf.yaml:9".into()));
    world.apply();
    world.converged();
    assert_eq!(desired(&world), 2);
    // Where the spec leaves the number to the default, there is no line to change.
    world.edit("    scale: 2\n", "");
    world.apply();
    let run = world.wharf(&["scale", "web", "2"]).expect(0);
    assert!(run.stderr.contains("write `scale: 2` under services.web"), "{}", run.stderr);
    let none = world.wharf(&["scale", "web", "0"]).expect(0);
    assert!(none.stderr.contains("answers nobody"), "{}", none.stderr);
    world.wharf(&["scale", "nobody", "2"]).expect(3);
    world.wharf(&["scale", "web", "many"]).expect(3);
}

#[test]
fn under_a_range_a_number_by_hand_stays_within_it() {
    let world = fixed(2);
    world.edit("scale: 2", RANGE);
    world.apply();
    for (count, bound) in [("7", "`max`"), ("1", "`min`")] {
        let refused = world.wharf(&["scale", "web", count]).expect(3);
        assert!(refused.stderr.contains("as the autoscaler decides"), "{}", refused.stderr);
        assert!(refused.stderr.contains(bound), "{}", refused.stderr);
    }
    assert_eq!(desired(&world), 2);
    let done = world.wharf(&["scale", "web", "5", "--format", "json"]).expect(0);
    assert!(done.stderr.contains("The autoscaler decides"), "{}", done.stderr);
    follows("scale", &done.json());
    assert_eq!(done.json()["owner"], "autoscaler");
    assert_eq!(done.json()["range"], json!({"min": 2, "max": 6}));
    assert_eq!(desired(&world), 5);
    world.converged();
}

#[test]
fn a_stack_that_is_destroyed_leaves_no_registration_even_when_the_service_is_gone() {
    let world = fixed(2);
    world.plan();
    let before = world.contents();
    world.edit("scale: 2", RANGE);
    world.apply();
    let name = service(&world)["serviceName"].clone();
    ecs(&world, "DeleteService", json!({"service": name, "force": true}));
    assert_eq!(
        scaling(&world, "DescribeScalableTargets", json!({}))["ScalableTargets"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "AWS leaves it"
    );
    world.destroy();
    same(&world.contents(), &before);
}

/// Asks the doctor until it names this cause, while time passes in the sandbox.
fn doctor_names(world: &World, code: &str) {
    let mut said = String::new();
    for _ in 0..60 {
        let run = world.wharf(&["doctor"]);
        if run.code == 1 && run.stdout.contains(code) {
            return;
        }
        said = run.stdout;
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("never {code}:\n{said}");
}

#[test]
fn the_doctor_names_what_keeps_the_autoscaler_from_its_work() {
    let world = fixed(1);
    world.edit("scale: 1", "scale: { min: 1, max: 2, cpu: 60 }");
    world.apply();
    world.wharf(&["doctor"]).expect(0);
    let target =
        scaling(&world, "DescribeScalableTargets", json!({}))["ScalableTargets"][0].clone();
    scaling(
        &world,
        "RegisterScalableTarget",
        json!({
            "ResourceId": target["ResourceId"], "ScalableDimension": "ecs:service:DesiredCount",
            "SuspendedState": {"DynamicScalingInSuspended": true},
        }),
    );
    doctor_names(&world, "C613");
    world.apply();
    world.wharf(&["doctor"]).expect(0);
    let resource = target["ResourceId"].as_str().unwrap().to_owned();
    world.sandbox().with_world(|inside| {
        let load = wharf_sandbox::services::autoscaling::state::Load {
            cpu: Some(900.0),
            ..Default::default()
        };
        inside.region(REGION).autoscaling.load.insert(resource, load);
    });
    doctor_names(&world, "C612");
    world.converged();
}

#[test]
fn the_doctor_names_spare_capacity_that_is_taken_back() {
    let world = fixed(1);
    world.edit("scale: 1", "scale: 1\n    spot: 100%");
    world.apply();
    world.wharf(&["doctor"]).expect(0);
    world.wharf(&["sandbox", "break", "spot-reclaimed"]).expect(0);
    world.wharf(&["restart", "--detach"]).expect(0);
    doctor_names(&world, "C605");
}
