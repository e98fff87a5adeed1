//! One edit to an account or a spec that agree, and the plan that follows.

use serde_json::json;
use wharf_graph::{Foreign, ReadFailure};
use wharf_plan::{Options, Refusal, plan};

use crate::world::{Spec, World, at, compact, stack};

fn after(edit: impl FnOnce(&mut Spec, &mut World)) -> String {
    let mut spec = Spec::web();
    let mut world = World::of(&spec);
    edit(&mut spec, &mut world);
    let plan = world.plan(&spec).unwrap();
    let text = compact(&plan);
    world.run(&plan);
    let again = world.plan(&spec).unwrap();
    assert!(again.is_empty(), "a second plan is not empty:\n{}", compact(&again));
    text
}

#[test]
fn nothing_to_do() {
    insta::assert_snapshot!(after(|_, _| ()), @"");
}

#[test]
fn first_apply() {
    let spec = Spec::web();
    insta::assert_snapshot!(compact(&World::default().plan(&spec).unwrap()), @"");
}

#[test]
fn a_prop_changed_in_the_spec() {
    insta::assert_snapshot!(after(|spec, _| {
        spec.edit("target_group.api", "/health/path", json!("/healthz"));
        spec.edit("service.api", "/count", json!(3));
    }), @"");
}

#[test]
fn a_prop_changed_in_the_account() {
    insta::assert_snapshot!(after(|_, world| {
        world.live("log_group.api").props["days"] = json!(7);
        world.live("listener.80").props["targets"][0]["weight"] = json!(5);
    }), @"");
}

#[test]
fn a_new_image() {
    insta::assert_snapshot!(after(|spec, _| {
        spec.edit("task_definition.api", "/image", json!("api@sha256:77d0"));
    }), @"");
}

#[test]
fn a_secret_is_masked() {
    let text = after(|spec, _| {
        spec.edit("task_definition.api", "/secrets/DATABASE_URL", json!("ssm:/notes/other"));
    });
    assert!(text.contains(r#"secrets.DATABASE_URL "***" -> "***" !"#), "{text}");
}

#[test]
fn a_port_moves_traffic_in_two_halves() {
    insta::assert_snapshot!(after(|spec, _| spec.port(9090)), @"");
}

#[test]
fn a_service_gives_way_to_another() {
    insta::assert_snapshot!(after(|spec, _| {
        let listener = "/targets/0/target_group/$ref/of";
        spec.service("web", 8080);
        spec.edit("listener.80", listener, json!("target_group.web"));
        spec.drop_service("api");
    }), @"");
}

#[test]
fn deleting_first_spreads_to_what_refers() {
    insta::assert_snapshot!(after(|spec, _| {
        spec.edit("cluster.main", "/name", json!("other"));
    }), @"");
}

#[test]
fn something_removed_and_something_added_by_hand() {
    insta::assert_snapshot!(after(|_, world| {
        world.objects.retain(|one| one.address != at("log_group.api"));
        let mut extra = world.live("role.tasks").clone();
        extra.address = at("role.extra");
        extra.id = "arn:role/by-hand".to_owned();
        world.objects.push(extra);
    }), @"");
}

#[test]
fn no_longer_in_the_spec() {
    insta::assert_snapshot!(after(|spec, _| {
        spec.set("repository.api", json!({"name": "notes/api"}));
        spec.props.remove(&at("log_group.api"));
        spec.after.retain(|(_, what)| *what != at("log_group.api"));
    }), @"");
}

#[test]
fn what_is_never_pruned_stays() {
    let text = after(|spec, world| {
        spec.set("repository.api", json!({"name": "notes/api"}));
        world.converge(spec);
        spec.props.remove(&at("repository.api"));
    });
    assert_eq!(text, "create 0 update 0 replace 0 delete 0 drift 0 unchanged 8");
}

#[test]
fn a_draining_service_is_waited_for() {
    insta::assert_snapshot!(after(|_, world| {
        let mut old = world.live("service.api").clone();
        world.objects.retain(|one| one.address.kind() != "service");
        old.leaving = true;
        old.props["cluster"] = json!("gone");
        // The model allows one object at an address; what leaves is shown to the planner only.
        let mut seen = world.snapshot();
        seen.insert(old);
        let plan = plan(&Spec::web().graph(), &seen, &Options::new(stack())).unwrap();
        assert_eq!(
            plan.steps[0].note.as_deref(),
            Some("waits until `arn:service/9`, on its way out, is gone")
        );
    }), @"");
}

#[test]
fn everything_goes() {
    let mut world = World::of(&Spec::web());
    let plan = world.destroy();
    insta::assert_snapshot!(compact(&plan), @"");
    assert!(plan.impact.downtime);
    world.run(&plan);
    assert!(world.objects.is_empty() && world.destroy().is_empty());
}

#[test]
fn destroy_keeps_what_it_is_told_to_keep() {
    let world = World::of(&Spec::web());
    let mut options = Options { destroy: true, ..Options::new(stack()) };
    options.keep.insert("log_group".to_owned());
    let plan = plan(&Spec::web().graph(), &world.snapshot(), &options).unwrap();
    assert_eq!(plan.summary.delete, 7);
    assert!(plan.steps.iter().all(|step| step.address.kind() != "log_group"));
}

#[test]
fn a_failed_read_refuses() {
    let mut snapshot = World::default().snapshot();
    let failure = ReadFailure {
        kind: "service".to_owned(),
        operation: "ecs:DescribeServices".to_owned(),
        code: None,
        message: "timed out".to_owned(),
    };
    snapshot.failures.push(failure.clone());
    let refused = plan(&Spec::web().graph(), &snapshot, &Options::new(stack()));
    assert_eq!(refused, Err(Refusal::Partial(vec![failure])));
}

#[test]
fn a_foreign_object_refuses_only_where_it_stands_in_the_way() {
    let mut snapshot = World::default().snapshot();
    let foreign = Foreign {
        address: at("cluster.main"),
        id: "arn:cluster/hand-made".to_owned(),
        owner: "not tagged by wharf".to_owned(),
    };
    snapshot.foreign.push(foreign.clone());
    let mut options = Options::new(stack());
    let refused = plan(&Spec::web().graph(), &snapshot, &options);
    assert_eq!(refused, Err(Refusal::Foreign(vec![foreign])));
    options.only = Some(vec![at("role.tasks")]);
    assert_eq!(plan(&Spec::web().graph(), &snapshot, &options).unwrap().steps.len(), 1);
    options.destroy = true;
    options.only = None;
    assert!(plan(&Spec::web().graph(), &snapshot, &options).unwrap().is_empty());
}

#[test]
fn protection_refuses_deleting_and_replacing() {
    let mut spec = Spec::web();
    let world = World::of(&spec);
    spec.edit("load_balancer.main", "/scheme", json!("internal"));
    let mut options = Options::new(stack());
    options.protect.insert("balancer".to_owned());
    let refused = plan(&spec.graph(), &world.snapshot(), &options).unwrap_err();
    let Refusal::Protected(found) = &refused else { panic!("{refused}") };
    assert!(found.len() == 1 && found[0].replaced && found[0].by == "balancer");
    options.destroy = true;
    let refused = plan(&spec.graph(), &world.snapshot(), &options).unwrap_err();
    assert!(matches!(&refused, Refusal::Protected(found) if !found[0].replaced));
}

#[test]
fn only_pulls_in_what_it_cannot_do_without() {
    let mut spec = Spec::web();
    let world = World::of(&spec);
    spec.port(9090);
    spec.edit("log_group.api", "/days", json!(7));
    let mut options = Options::new(stack());
    options.only = Some(vec![at("target_group.api")]);
    let plan = plan(&spec.graph(), &world.snapshot(), &options).unwrap();
    // The service is pulled in, and with it everything it needs, the log group included.
    insta::assert_snapshot!(compact(&plan), @"");
    options.only = Some(vec![at("role.other")]);
    let refused = wharf_plan::plan(&spec.graph(), &world.snapshot(), &options);
    assert_eq!(refused, Err(Refusal::NoSuchAddress(vec![at("role.other")])));
}

#[test]
fn a_tag_that_is_stale_is_noted_and_nothing_more() {
    let spec = Spec::web();
    let mut world = World::of(&spec);
    world.live("role.tasks").applied = Some("0123".to_owned());
    let plan = world.plan(&spec).unwrap();
    assert!(plan.is_empty());
    assert_eq!(plan.stale_tags, [at("role.tasks")]);
}

#[test]
fn a_rollout_is_estimated_from_its_figures() {
    let mut spec = Spec::web();
    let world = World::of(&spec);
    spec.edit("task_definition.api", "/image", json!("api@sha256:77d0"));
    let plan = world.plan(&spec).unwrap();
    assert_eq!(
        plan.impact.sentence,
        "rolling restart of 2 tasks of service api, about 1 min 20 s, no downtime"
    );
    assert!(!plan.impact.downtime && plan.impact.seconds == 80);
}

#[test]
fn losing_data_and_outages_are_said() {
    let mut spec = Spec::web();
    let world = World::of(&spec);
    spec.edit("load_balancer.main", "/scheme", json!("internal"));
    let plan = world.plan(&spec).unwrap();
    assert!(plan.impact.downtime);
    assert_eq!(plan.impact.kind, wharf_plan::ImpactKind::Outage);
    assert_eq!(world.destroy().impact.kind, wharf_plan::ImpactKind::DataLoss);
}
