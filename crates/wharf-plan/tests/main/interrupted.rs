//! Runs that die after any step, and the plan that repairs what they leave.

use serde_json::json;
use wharf_plan::Plan;

use crate::world::{Spec, World, at, compact};

/// Dies after each prefix of the steps, plans anew, dies again after each prefix of that, and finally
/// runs to the end. Once the service is up, no request may go to targets that nothing serves.
fn survives(world: &World, spec: &Spec, depth: usize) {
    let plan = world.plan(spec).unwrap();
    let was_served = world.unserved().is_empty() && !world.objects.is_empty();
    for reached in 0..=plan.steps.len() {
        let mut now = world.clone();
        run_some(&mut now, &plan, reached, was_served);
        now.die();
        if reached == plan.steps.len() {
            let again = now.plan(spec).unwrap();
            assert!(
                again.is_empty(),
                "second plan:\n{}\nafter:\n{}",
                compact(&again),
                compact(&plan)
            );
        } else if depth > 0 && reached > 0 {
            survives(&now, spec, depth - 1);
        } else {
            let rest = now.plan(spec).unwrap();
            run_some(&mut now, &rest, rest.steps.len(), was_served);
            now.die();
            let again = now.plan(spec).unwrap();
            assert!(
                again.is_empty(),
                "second plan:\n{}\nafter:\n{}",
                compact(&again),
                compact(&rest)
            );
        }
    }
}

fn run_some(world: &mut World, plan: &Plan, count: usize, served: bool) {
    for step in &plan.steps[..count] {
        world.step(plan, step);
        let outage = plan.steps.iter().any(|step| step.impact.downtime);
        if served && !outage {
            assert_eq!(
                world.unserved(),
                Vec::<String>::new(),
                "after {} of:\n{}",
                step.id,
                compact(plan)
            );
        }
    }
}

#[test]
fn while_creating() {
    survives(&World::default(), &Spec::web(), 0);
}

#[test]
fn while_moving_to_another_port() {
    let mut spec = Spec::web();
    let world = World::of(&spec);
    spec.port(9090);
    survives(&world, &spec, 2);
}

#[test]
fn while_moving_with_other_changes_at_once() {
    let mut spec = Spec::web();
    let world = World::of(&spec);
    spec.port(9090);
    spec.edit("listener.80", "/port", json!(8000));
    spec.edit("role.tasks", "/actions", json!([]));
    spec.edit("service.api", "/count", json!(3));
    survives(&world, &spec, 1);
}

#[test]
fn while_one_service_gives_way_to_another() {
    let mut spec = Spec::web();
    let world = World::of(&spec);
    spec.service("web", 8080);
    spec.edit("listener.80", "/targets/0/target_group/$ref/of", json!("target_group.web"));
    spec.drop_service("api");
    survives(&world, &spec, 1);
}

#[test]
fn while_replacing_the_cluster() {
    let mut spec = Spec::web();
    let world = World::of(&spec);
    spec.edit("cluster.main", "/name", json!("other"));
    survives(&world, &spec, 1);
}

#[test]
fn while_changing_its_mind_twice() {
    let mut spec = Spec::web();
    let world = World::of(&spec);
    spec.port(9090);
    let first = world.plan(&spec).unwrap();
    for reached in 0..first.steps.len() {
        let mut now = world.clone();
        run_some(&mut now, &first, reached, true);
        now.die();
        for port in [8080, 7070] {
            let mut other = spec.clone();
            other.port(port);
            survives(&now, &other, 1);
        }
    }
}

#[test]
fn while_destroying() {
    let world = World::of(&Spec::web());
    let plan = world.destroy();
    for reached in 0..=plan.steps.len() {
        let mut now = world.clone();
        for step in &plan.steps[..reached] {
            now.step(&plan, step);
        }
        let rest = now.destroy();
        assert_eq!(rest.steps.len(), plan.steps.len() - reached);
        now.run(&rest);
        assert!(now.objects.is_empty());
    }
}

#[test]
fn following_an_interrupted_replacement_is_not_drift() {
    let mut spec = Spec::web();
    let mut world = World::of(&spec);
    spec.port(9090);
    let plan = world.plan(&spec).unwrap();
    let create = plan.steps.iter().find(|step| step.address == at("target_group.api")).unwrap();
    world.step(&plan, create);
    world.die();
    let rest = world.plan(&spec).unwrap();
    assert_eq!(rest.summary.drift, 0, "{}", compact(&rest));
    assert!(compact(&rest).contains("left over from an interrupted replacement"));
}

#[test]
fn a_rollout_nobody_saw_through_is_seen_through_before_traffic_moves() {
    let mut spec = Spec::web();
    let mut world = World::of(&spec);
    spec.port(9090);
    let plan = world.plan(&spec).unwrap();
    let upto = plan.steps.iter().position(|step| step.address == at("service.api")).unwrap();
    run_some(&mut world, &plan, upto + 1, true);
    world.die();
    // The provider renews the tag when the rollout is over; it died before.
    world.live("service.api").applied = Some("0123".to_owned());
    let rest = compact(&world.plan(&spec).unwrap());
    insta::assert_snapshot!(rest, @r#"
    s1 update (join) service.api: serves target_group.api beside the old target until traffic has moved
    s2 update (move) listener.80 after s1: moves traffic to target_group.api once it is served
        targets [{"target_group":"arn:target_group/5","weight":100},{"target_group":"arn:target_group/9","weight":0}] -> [{"target_group":"arn:target_group/9","weight":100}]
    s3 update (release) service.api after s1 s2: lets go of the old target once traffic has moved
        targets.1.target_group "arn:target_group/5" -> null
    s4 delete target_group.api after s2 s3: left over from an interrupted replacement
    s5 delete task_definition.api after s3: left over from an interrupted replacement
    create 0 update 2 replace 0 delete 2 drift 0 unchanged 4
    "#);
}
