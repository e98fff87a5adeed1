//! Requests that move to new tasks all at once or in steps: made, released, failed, left, destroyed.

use wharf_sandbox::image::App;
use wharf_sandbox::{Options, Sandbox};

use crate::world::{Run, World};

const REGION: &str = "ap-southeast-2";

/// The strategies, each with short waits.
const STRATEGIES: [(&str, &str); 3] = [
    ("blue-green", "deploy: { strategy: blue-green, bake: 2m }"),
    ("linear", "deploy: { strategy: linear, step: 30%, interval: 1m, bake: 1m }"),
    ("canary", "deploy: { strategy: canary, step: 10%, interval: 2m, bake: 1m }"),
];

/// The smallest sample with a strategy, and with a rule or behind the listener's default.
fn world(deploy: &str, path: Option<&str>) -> World {
    let world = World::sample("minimal");
    let path = path.map_or(String::new(), |path| format!("\n    route: {{ path: {path} }}"));
    world.edit("port: 3000", &format!("{deploy}{path}\n    port: 3000"));
    world
}

fn no_gaps(world: &World) {
    let gaps = world.sandbox().availability();
    assert!(gaps.is_empty(), "{gaps:?}");
}

/// Returns the share of the requests that the second target group gets.
fn second_share(world: &World) -> u64 {
    share_in(&world.sandbox())
}

fn share_in(sandbox: &Sandbox) -> u64 {
    let elb = sandbox.world_json()["regions"][REGION]["elbv2"].clone();
    let groups = elb["target_groups"].as_object().unwrap();
    let is_second = |arn: &str| {
        groups[arn]["tags"]["wharf:resource"].as_str().unwrap_or_default().ends_with("/alternate")
    };
    let both = ["listeners", "rules"].map(|kind| elb[kind].as_object().unwrap().values());
    let actions = both.into_iter().flatten().flat_map(|one| one["actions"].as_array().unwrap());
    let forwards = actions.filter_map(|action| action["what"]["Forward"]["groups"].as_array());
    let found = forwards.flatten().find(|group| is_second(group[0].as_str().unwrap()));
    found.expect("a rule leads to the second group")[1].as_u64().unwrap()
}

/// Says which release runs.
fn release(world: &World) -> String {
    let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
    status["services"][0]["revision"].as_str().unwrap().to_owned()
}

fn changed(plan: &serde_json::Value) -> Vec<String> {
    let steps = plan["steps"].as_array().unwrap();
    steps.iter().map(|step| step["address"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn releases_change_places_without_a_gap() {
    for (name, deploy) in STRATEGIES {
        for path in [None, Some("/api/*")] {
            let world = world(deploy, path);
            world.apply();
            world.converged();
            assert_eq!(second_share(&world), 0, "{name}");
            for (from, to, share) in [("v1", "v2", 100), ("v2", "v3", 0)] {
                world.edit(&format!("tag: {from}"), &format!("tag: {to}"));
                let plan = world.plan();
                let addresses = changed(&plan);
                assert!(
                    addresses.iter().all(|address| {
                        ["image.web", "task_definition.web", "service.web"]
                            .contains(&address.as_str())
                    }),
                    "{name}: {addresses:?}"
                );
                let before = release(&world);
                world.apply();
                assert_eq!(second_share(&world), share, "{name}");
                assert_ne!(release(&world), before);
                world.converged();
            }
            no_gaps(&world);
            world.destroy();
        }
    }
}

#[test]
fn a_release_that_fails_gets_no_request_and_is_named() {
    for (name, deploy) in STRATEGIES {
        let world = world(deploy, None);
        world.apply();
        let before = release(&world);
        world.sandbox().with_world(|inner| {
            let app = App { exit_code: Some(3), exit_after_seconds: 2, ..App::default() };
            let repository = inner.regions[REGION].ecr.repositories.keys().next().unwrap().clone();
            inner.push_image(REGION, &repository, "v2", &["amd64".to_owned()], app).unwrap();
        });
        world.edit("tag: v1", "tag: v2");
        let apply = world.wharf(&["apply", "--yes"]).expect(5);
        assert!(apply.stderr.contains("C303"), "{name}: {}", apply.stderr);
        assert_eq!(second_share(&world), 0, "{name}");
        world.edit("tag: v2", "tag: v1");
        world.apply();
        world.converged();
        assert_eq!(release(&world), before);
        no_gaps(&world);
    }
}

#[test]
fn a_service_goes_over_and_back_without_a_gap() {
    for releases in [1, 2] {
        for path in [None, Some("/api/*")] {
            let world = World::sample("minimal");
            let path =
                path.map_or(String::new(), |path| format!("\n    route: {{ path: {path} }}"));
            world.edit("port: 3000", &format!("port: 3000{path}"));
            world.apply();
            let deploy = "deploy: { strategy: blue-green, bake: 1m }";
            world.edit("port: 3000", &format!("{deploy}\n    port: 3000"));
            let plan = world.wharf(&["plan"]).expect(0).stdout;
            assert!(!plan.contains("moves traffic"), "{plan}");
            world.apply();
            world.converged();
            for number in 0..releases {
                world.edit(&format!("tag: v{}", number + 1), &format!("tag: v{}", number + 2));
                world.apply();
            }
            assert_eq!(second_share(&world), if releases == 1 { 100 } else { 0 });
            world.edit(&format!("{deploy}\n    "), "");
            // With another release at the same time.
            world.edit(&format!("tag: v{}", releases + 1), "tag: v9");
            world.apply();
            world.converged();
            no_gaps(&world);
            let kept = world.sandbox().world_json()["regions"][REGION]["elbv2"].clone();
            assert_eq!(kept["target_groups"].as_object().unwrap().len(), 1, "{kept:#}");
            world.destroy();
        }
    }
}

#[test]
fn another_port_takes_two_applies_and_says_so() {
    let world = world(STRATEGIES[0].1, None);
    world.apply();
    world.edit("tag: v1", "tag: v2");
    world.apply();
    world.edit("port: 3000", "port: 4000");
    let refused = world.wharf(&["plan"]).expect(11);
    assert!(refused.stderr.contains("this takes two applies: service.web"), "{}", refused.stderr);
    assert!(refused.stderr.contains("write `strategy: rolling`"), "{}", refused.stderr);
    world.edit("strategy: blue-green, bake: 2m", "strategy: rolling");
    world.apply();
    world.converged();
    world.edit("strategy: rolling", "strategy: blue-green, bake: 2m");
    world.apply();
    world.converged();
    no_gaps(&world);
}

#[test]
fn another_name_takes_two_applies_unless_nothing_serves_any_more() {
    let world = world(STRATEGIES[0].1, None);
    world.apply();
    world.edit("  web:", "  site:\n    renamed_from: web");
    let refused = world.wharf(&["plan"]).expect(11);
    assert!(refused.stderr.contains("this takes two applies: service.site"), "{}", refused.stderr);
    world.edit("strategy: blue-green, bake: 2m", "strategy: rolling");
    world.apply();
    world.converged();
    no_gaps(&world);
    // With the service gone, another port needs no second apply.
    world.edit("strategy: rolling", "strategy: blue-green, bake: 2m");
    world.apply();
    let services = world.contents()["regions"][REGION]["ecs"]["services"].clone();
    let name = services.as_object().unwrap().values().next().unwrap()["name"].clone();
    let target = "AmazonEC2ContainerServiceV20141113.DeleteService";
    let gone = serde_json::json!({"cluster": "notes", "service": name, "force": true});
    world.aws_json(REGION, "ecs", target, &gone);
    world.edit("port: 3000", "port: 4000");
    world.apply();
    world.converged();
    assert_eq!(second_share(&world), 0);
}

#[test]
fn while_the_old_tasks_wait_cancel_goes_back_at_once() {
    let world = world("deploy: { strategy: blue-green, bake: 30m }", None);
    world.apply();
    let before = release(&world);
    world.edit("tag: v1", "tag: v2");
    // Looks at the sandbox without letting time pass faster for whoever waits.
    let slow = || {
        let options = Options { speed: 60.0, ..Options::default() };
        Sandbox::open(world.path().join("sandbox"), options).unwrap()
    };
    let apply = std::thread::scope(|scope| {
        let apply = scope.spawn(|| {
            let args = ["apply", "--yes"];
            Run::of(world.command(&args, "60").output().unwrap(), &args)
        });
        let mut looks = 0;
        while share_in(&slow()) == 0 {
            looks += 1;
            assert!(looks < 600, "no request moved");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let began = slow().now();
        let cancelled = world.wharf_at("60", &["cancel", "web"]).expect(0);
        assert!(cancelled.stderr.contains("notes-web:1"), "{}", cancelled.stderr);
        assert_eq!(share_in(&slow()), 0);
        let took = slow().now().since(began).as_secs();
        assert!(took < 600, "going back took {took} s, and the old tasks were there");
        apply.join().unwrap().expect(5)
    });
    assert!(apply.stderr.contains("stopped by the user"), "{}", apply.stderr);
    assert_eq!(release(&world), before);
    no_gaps(&world);
}

/// Slow enough that what bakes for hours still bakes when the next command comes.
const SLOW: &str = "600";

/// Rolls a release out and leaves it when requests have begun to move.
fn left_halfway(world: &World) {
    world.wharf_at(SLOW, &["apply", "--yes", "--detach"]).expect(0);
    let options = || Options { speed: SLOW.parse().unwrap(), ..Options::default() };
    let open = || Sandbox::open(world.path().join("sandbox"), options()).unwrap();
    let mut looks = 0;
    while share_in(&open()) == 0 {
        looks += 1;
        assert!(looks < 600, "no request moved");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_release_that_comes_while_another_is_moved_takes_that_back_first() {
    for (name, deploy) in [
        ("blue-green", "deploy: { strategy: blue-green, bake: 7h }"),
        ("linear", "deploy: { strategy: linear, step: 60%, interval: 7h, bake: 1m }"),
        ("canary", "deploy: { strategy: canary, step: 10%, interval: 7h, bake: 1m }"),
    ] {
        let world = world(deploy, None);
        world.apply();
        world.edit("tag: v1", "tag: v2");
        left_halfway(&world);
        let refused = world.wharf_at(SLOW, &["restart", "web"]).expect(1);
        assert!(refused.stderr.contains("its requests still move"), "{name}: {}", refused.stderr);
        let status = world.wharf_at(SLOW, &["status"]).expect(0).stdout;
        let moved = if name == "blue-green" { "the new tasks answer" } else { "requests move to" };
        assert!(status.contains(moved), "{name}: {status}");
        world.edit("tag: v2", "tag: v3");
        world.edit("7h", "1m");
        let plan = world.wharf_at(SLOW, &["plan"]).expect(0).stdout;
        assert!(plan.contains("requests go back to the release before"), "{name}: {plan}");
        let applied = world.wharf_at(SLOW, &["apply", "--yes"]).expect(0);
        assert!(applied.stderr.contains("ECS takes it back first"), "{name}: {}", applied.stderr);
        world.converged();
        assert_eq!(second_share(&world), 100, "{name}");
        no_gaps(&world);
    }
}

#[test]
fn a_release_that_somebody_replaced_halfway_is_mended_by_the_next() {
    let world = world("deploy: { strategy: blue-green, bake: 20h }", None);
    world.apply();
    world.edit("tag: v1", "tag: v2");
    left_halfway(&world);
    // By hand, a new rollout comes at once: it finds requests where it does not expect them.
    let services = world.contents()["regions"][REGION]["ecs"]["services"].clone();
    let name = services.as_object().unwrap().values().next().unwrap()["name"].clone();
    let target = "AmazonEC2ContainerServiceV20141113.UpdateService";
    let again =
        serde_json::json!({"cluster": "notes", "service": name, "forceNewDeployment": true});
    world.aws_json(REGION, "ecs", target, &again);
    let failed = world.wharf_at(SLOW, &["wait"]);
    assert_ne!(failed.code, 0, "{}", failed.stderr);
    world.edit("tag: v2", "tag: v3");
    world.edit("20h", "1m");
    world.apply();
    world.converged();
    assert_eq!(second_share(&world), 100);
}

#[test]
fn a_worker_has_no_requests_to_move() {
    let world = World::sample("minimal");
    world.edit("port: 3000", "deploy: { strategy: blue-green, bake: 1m }");
    world.edit("    health: /health", "    # no health");
    world.apply();
    world.converged();
    world.edit("tag: v1", "tag: v2");
    let before = release(&world);
    world.apply();
    world.converged();
    assert_ne!(release(&world), before);
    world.destroy();
}

#[test]
fn the_live_view_says_how_far_requests_have_moved() {
    let world = world("deploy: { strategy: canary, step: 10%, interval: 1m, bake: 1m }", None);
    world.apply();
    world.edit("tag: v1", "tag: v2");
    let applied = Run::of(
        world.command(&["apply", "--yes", "--format", "json"], "600").output().unwrap(),
        &["apply"],
    )
    .expect(0);
    for words in [
        "the release before answers all requests",
        "requests move to the new tasks",
        "those of the release before wait, to go back to",
        "the release before is stopped",
    ] {
        assert!(applied.stdout.contains(words), "{words}: {}", applied.stdout);
    }
}

#[test]
fn what_keeps_requests_from_moving_is_named() {
    let world = world(STRATEGIES[0].1, None);
    world.apply();
    world.wharf(&["sandbox", "break", "shifter-denied"]).expect(0);
    world.edit("tag: v1", "tag: v2");
    let plan = world.plan();
    assert!(changed(&plan).contains(&"role.main/shifter".to_owned()), "the plan repairs the role");
    world.wharf(&["sandbox", "mend"]).expect(0);
    world.apply();
    world.converged();
    // From a rule that somebody gave other weights, ECS begins no move.
    world.wharf(&["sandbox", "break", "weights-split"]).expect(0);
    let said = world.wharf(&["doctor", "web"]).expect(1).stdout;
    crate::doctor::golden_of_job("weights-split", &said);
    let status = world.wharf(&["status"]).expect(0).stdout;
    assert!(status.contains("requests go to both target groups"), "{status}");
    let failed = world.wharf(&["restart", "web"]).expect(5);
    assert!(failed.stderr.contains("C713: ECS cannot move requests"), "{}", failed.stderr);
    assert!(failed.stderr.contains("should have exactly one target group"), "{}", failed.stderr);
    crate::doctor::golden_of_apply("weights-split-rollout", &failed.stderr);
    // A plan shows it, and a new release first leads all requests to the target group that has tasks.
    let plan = world.wharf(&["plan"]).expect(0).stdout;
    assert!(plan.contains("to both target groups → to its tasks"), "{plan}");
    world.edit("tag: v2", "tag: v3");
    let applied = world.apply();
    assert!(!applied.stderr.contains("C713"), "{}", applied.stderr);
    world.converged();
    world.wharf(&["restart", "web"]).expect(0);
}

/// Gives the target group without tasks, or both, the requests of the only service.
fn lead_astray(world: &World, both: bool) {
    world.sandbox().with_world(|inner| {
        let services = &inner.regions[REGION].ecs.services;
        let revision = services.values().next().unwrap().revisions.last().unwrap().clone();
        let balancer = &revision.balancers[0];
        let advanced = balancer.advanced.as_ref().unwrap();
        let own = revision.group(0).unwrap();
        let weights = [&balancer.target_group, &advanced.alternate]
            .map(|group| (group.clone(), if both || group != own { 50 } else { 0 }));
        inner.weigh(REGION, &advanced.rule, &weights);
    });
}

#[test]
fn requests_that_somebody_leads_elsewhere_are_led_back_without_a_release() {
    for path in [None, Some("/api/*")] {
        let world = world(STRATEGIES[0].1, path);
        world.apply();
        for second in [false, true] {
            assert_eq!(second_share(&world) > 0, second);
            for (both, words) in [
                (true, "to both target groups → to its tasks"),
                (false, "to the target group without its tasks → to its tasks"),
            ] {
                lead_astray(&world, both);
                assert_eq!(changed(&world.plan()), ["service.web"]);
                let shown = world.wharf(&["plan"]).expect(0).stdout;
                assert!(shown.contains(words), "{shown}");
                assert!(shown.contains("go to the tasks that serve"), "{shown}");
                let before = release(&world);
                world.apply();
                assert_eq!(second_share(&world) > 0, second);
                assert_eq!(release(&world), before);
                world.converged();
            }
            if !second {
                world.edit("tag: v1", "tag: v2");
                world.apply();
            }
        }
    }
}
