//! Alarms that roll a rollout back.

use crate::world::World;

const REGION: &str = "ap-southeast-2";

/// Lets an alarm go off, or be quiet again.
fn ring(world: &World, rings: bool) {
    slow(world).with_world(|inner| {
        let ringing = &mut inner.regions.get_mut(REGION).unwrap().ecs.ringing;
        ringing.clear();
        ringing.extend(rings.then(|| "notes-5xx".to_owned()));
    });
}

fn release(world: &World) -> String {
    let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
    status["services"][0]["revision"].as_str().unwrap().to_owned()
}

#[test]
fn an_alarm_during_a_rollout_takes_it_back_and_is_named() {
    let world = World::sample("minimal");
    world.apply();
    world.edit(
        "port: 3000",
        "deploy: { rollback_on_alarms: [notes-5xx, notes-slow], timeout: 20m }\n    port: 3000",
    );
    // Naming alarms moves no task.
    let plan = world.plan();
    assert_eq!(plan["summary"]["update"], 1, "{plan:#}");
    world.apply();
    world.converged();
    let before = release(&world);

    // What rang before a rollout began is no reason to go back.
    ring(&world, true);
    world.edit("tag: v1", "tag: v2");
    world.apply();
    world.converged();
    let second = release(&world);
    assert_ne!(second, before);

    ring(&world, false);
    world.edit("tag: v2", "tag: v3");
    let apply = std::thread::scope(|scope| {
        let apply = scope.spawn(|| {
            let args = ["apply", "--yes"];
            crate::world::Run::of(world.command(&args, "60").output().unwrap(), &args)
        });
        let mut looks = 0;
        while !under_way(&world) {
            looks += 1;
            assert!(looks < 600, "no rollout began");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        ring(&world, true);
        apply.join().unwrap().expect(5)
    });
    assert!(apply.stderr.contains("C615: alarm notes-5xx went off"), "{}", apply.stderr);
    assert_eq!(release(&world), second);
    world.wharf(&["explain", "C615"]).expect(0);

    // Without the names nothing is watched any more.
    ring(&world, false);
    world.edit("    deploy: { rollback_on_alarms: [notes-5xx, notes-slow], timeout: 20m }\n", "");
    world.apply();
    world.converged();
}

/// Opens the sandbox without letting time pass faster for whoever waits.
fn slow(world: &World) -> wharf_sandbox::Sandbox {
    let options = wharf_sandbox::Options { speed: 60.0, ..wharf_sandbox::Options::default() };
    wharf_sandbox::Sandbox::open(world.path().join("sandbox"), options).unwrap()
}

/// Says whether a deployment is not through.
fn under_way(world: &World) -> bool {
    let found = slow(world).world_json();
    let services = &found["regions"][REGION]["ecs"]["services"];
    let rows = &services.as_object().unwrap().values().next().unwrap()["deployments"];
    rows[0]["rollout"] == "InProgress"
}
