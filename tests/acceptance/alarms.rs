//! Alarms that roll a rollout back.

use wharf_sandbox::services::cloudwatch::state::{Alarm, AlarmState};

use crate::world::World;

const REGION: &str = "ap-southeast-2";

/// Lets an alarm go off, or be quiet again.
fn ring(world: &World, rings: bool) {
    slow(world).with_world(|inner| {
        let alarms = &mut inner.regions.get_mut(REGION).unwrap().cloudwatch.alarms;
        alarms.get_mut("notes-5xx").unwrap().state =
            if rings { AlarmState::Alarm } else { AlarmState::Ok };
    });
}

/// Makes alarms that are quiet.
fn create(world: &World, names: &[&str]) {
    slow(world).with_world(|inner| {
        for name in names {
            let alarm = Alarm {
                arn: inner.arn("cloudwatch", REGION, &format!("alarm:{name}")),
                body: serde_json::Map::new(),
                state: AlarmState::Ok,
                reason: String::new(),
                configured: inner.now,
                changed: inner.now,
                tags: std::collections::BTreeMap::new(),
            };
            let region = inner.regions.get_mut(REGION).unwrap();
            region.cloudwatch.alarms.insert((*name).to_owned(), alarm);
        }
    });
}

/// Returns what a plan warns of.
fn warned(world: &World) -> Vec<String> {
    let plan = world.plan();
    let checks = plan["checks"].as_array().unwrap().iter();
    let ours = checks.filter(|check| check["code"] == "W206");
    ours.map(|check| check["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_alarm_that_can_roll_nothing_back_is_warned_of() {
    let world = World::sample("minimal");
    world.edit(
        "port: 3000",
        "deploy: { rollback_on_alarms: [notes-5xx, notes-slow] }\n    port: 3000",
    );
    assert_eq!(
        warned(&world),
        [
            "there is no alarm notes-5xx in ap-southeast-2: it can roll no release of service web back",
            "there is no alarm notes-slow in ap-southeast-2: it can roll no release of service web back",
        ]
    );
    create(&world, &["notes-5xx", "notes-slow"]);
    assert_eq!(warned(&world), [""; 0]);
    world.wharf(&["plan", "--out", "saved"]).expect(0);
    ring(&world, true);
    assert_eq!(
        warned(&world),
        [
            "alarm notes-5xx is going off already: ECS ignores it in a rollout of service web that begins now"
        ]
    );
    // What an alarm says decides nothing that a plan does.
    world.wharf(&["apply", "saved", "--yes"]).expect(0);
    world.converged();
    world.wharf(&["explain", "W206"]).expect(0);
}

fn release(world: &World) -> String {
    let status = world.wharf(&["status", "--format", "json"]).expect(0).json();
    status["services"][0]["revision"].as_str().unwrap().to_owned()
}

#[test]
fn an_alarm_during_a_rollout_takes_it_back_and_is_named() {
    let world = World::sample("minimal");
    world.apply();
    create(&world, &["notes-5xx", "notes-slow"]);
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
