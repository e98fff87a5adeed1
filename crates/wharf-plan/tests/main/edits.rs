//! One edit to an account or a spec that agree, and the plan that follows.

use serde_json::json;
use wharf_graph::{Foreign, Guest, ReadFailure};
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
    insta::assert_snapshot!(after(|_, _| ()), @r#"
    create 0 update 0 replace 0 delete 0 drift 0 unchanged 8
    "#);
}

#[test]
fn first_apply() {
    let spec = Spec::web();
    insta::assert_snapshot!(compact(&World::default().plan(&spec).unwrap()), @r#"
    s1 create cluster.main: does not exist yet
    s2 create load_balancer.main: does not exist yet
    s3 create log_group.api: does not exist yet
    s4 create role.tasks: does not exist yet
    s5 create target_group.api: does not exist yet
    s6 create listener.80 after s2 s5: does not exist yet
    s7 create task_definition.api after s4: does not exist yet
    s8 create service.api after s1 s3 s5 s6 s7: does not exist yet
    create 8 update 0 replace 0 delete 0 drift 0 unchanged 0
    "#);
}

#[test]
fn a_prop_changed_in_the_spec() {
    insta::assert_snapshot!(after(|spec, _| {
        spec.edit("target_group.api", "/health/path", json!("/healthz"));
        spec.edit("service.api", "/count", json!(3));
    }), @r#"
    s1 update target_group.api: the spec changed
        health.path "/" -> "/healthz"
    s2 update service.api after s1: the spec changed
        count 2 -> 3
    create 0 update 2 replace 0 delete 0 drift 0 unchanged 6
    "#);
}

#[test]
fn what_is_on_its_way_out_is_waited_for_unless_its_successor_does_so() {
    let planned = |name: &str| {
        let mut spec = Spec::default();
        spec.set("beside.x", json!({"name": "notes-one"}));
        let mut world = World::of(&spec);
        world.live("beside.x").leaving = true;
        spec.set("beside.x", json!({"name": name}));
        compact(&world.plan(&spec).unwrap())
    };
    insta::assert_snapshot!(planned("notes-one"), @r#"
    s1 create beside.x: the old one is on its way out
    create 1 update 0 replace 0 delete 0 drift 0 unchanged 0
    "#);
    insta::assert_snapshot!(planned("notes-two"), @r#"
    s1 create beside.x: the old one is on its way out
    s2 delete beside.x: the old one is on its way out
    create 1 update 0 replace 0 delete 1 drift 0 unchanged 0
    "#);
}

#[test]
fn a_role_loses_last_what_the_old_release_needs() {
    insta::assert_snapshot!(after(|spec, _| {
        spec.edit("role.tasks", "/actions", json!(["s3:GetObject"]));
        spec.edit("task_definition.api", "/image", json!("api@sha256:2222"));
    }), @r#"
    s1 update (widen) role.tasks: gets what is new first, and loses the rest when the old release is gone
        actions ["logs:PutLogEvents"] -> ["logs:PutLogEvents","s3:GetObject"]
    s2 replace (create) task_definition.api after s1: image: a task definition never changes
        image "api@sha256:1f2c" -> "api@sha256:2222" !
    s3 update service.api after s2: follows task_definition.api, which is made anew
        task_definition "arn:task_definition/7" -> (known after apply)
    s4 update (narrow) role.tasks after s1 s3: the spec changed
        actions ["logs:PutLogEvents"] -> ["s3:GetObject"]
    s5 replace (delete) task_definition.api after s2 s3: replaced by the new one
    create 0 update 2 replace 1 delete 0 drift 0 unchanged 5
    "#);
    insta::assert_snapshot!(after(|spec, _| {
        spec.edit("role.tasks", "/actions", json!([]));
        spec.edit("task_definition.api", "/image", json!("api@sha256:2222"));
    }), @r#"
    s1 replace (create) task_definition.api: image: a task definition never changes
        image "api@sha256:1f2c" -> "api@sha256:2222" !
    s2 update service.api after s1: follows task_definition.api, which is made anew
        task_definition "arn:task_definition/7" -> (known after apply)
    s3 update (narrow) role.tasks after s2: the spec changed
        actions ["logs:PutLogEvents"] -> []
    s4 replace (delete) task_definition.api after s1 s2: replaced by the new one
    create 0 update 2 replace 1 delete 0 drift 0 unchanged 5
    "#);
    // Nothing else changes, and nothing has to be waited for.
    insta::assert_snapshot!(after(|spec, _| {
        spec.edit("role.tasks", "/actions", json!([]));
    }), @r#"
    s1 update (narrow) role.tasks: the spec changed
        actions ["logs:PutLogEvents"] -> []
    create 0 update 1 replace 0 delete 0 drift 0 unchanged 7
    "#);
}

#[test]
fn a_prop_changed_in_the_account() {
    insta::assert_snapshot!(after(|_, world| {
        world.live("log_group.api").props["days"] = json!(7);
        world.live("listener.80").props["targets"][0]["weight"] = json!(5);
    }), @r#"
    s1 update listener.80: DRIFT changed outside wharf
        targets [{"target_group":"arn:target_group/5","weight":5}] -> [{"target_group":"arn:target_group/5","weight":100}]
    s2 update log_group.api: DRIFT changed outside wharf
        days 7 -> 30
    create 0 update 2 replace 0 delete 0 drift 2 unchanged 6
    "#);
}

#[test]
fn a_new_image() {
    insta::assert_snapshot!(after(|spec, _| {
        spec.edit("task_definition.api", "/image", json!("api@sha256:77d0"));
    }), @r#"
    s1 replace (create) task_definition.api: image: a task definition never changes
        image "api@sha256:1f2c" -> "api@sha256:77d0" !
    s2 update service.api after s1: follows task_definition.api, which is made anew
        task_definition "arn:task_definition/7" -> (known after apply)
    s3 replace (delete) task_definition.api after s1 s2: replaced by the new one
    create 0 update 1 replace 1 delete 0 drift 0 unchanged 6
    "#);
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
    insta::assert_snapshot!(after(|spec, _| spec.port(9090)), @r#"
    s1 replace (create) target_group.api: name: a target group cannot be renamed
        name "notes-api-8080" -> "notes-api-9090" !
        port 8080 -> 9090 !
    s2 update (attach) listener.80 after s1: adds target_group.api beside the old target, without traffic yet
        targets.1 null -> (known after apply)
    s3 replace (create) task_definition.api: port: a task definition never changes
        port 8080 -> 9090 !
    s4 update (join) service.api after s1 s2 s3: serves target_group.api beside the old target until traffic has moved
        targets [{"port":8080,"target_group":"arn:target_group/5"}] -> (known after apply)
        task_definition "arn:task_definition/7" -> (known after apply)
    s5 update (move) listener.80 after s1 s2 s4: moves traffic to target_group.api once it is served
        targets [{"target_group":"arn:target_group/5","weight":100}] -> (known after apply)
    s6 update (release) service.api after s1 s2 s3 s4 s5: lets go of the old target once traffic has moved
        targets.0.target_group "arn:target_group/5" -> null
    s7 replace (delete) target_group.api after s1 s5 s6: replaced by the new one
    s8 replace (delete) task_definition.api after s3 s6: replaced by the new one
    create 0 update 2 replace 2 delete 0 drift 0 unchanged 4
    "#);
}

#[test]
fn a_service_gives_way_to_another() {
    insta::assert_snapshot!(after(|spec, _| {
        let listener = "/targets/0/target_group/$ref/of";
        spec.service("web", 8080);
        spec.edit("listener.80", listener, json!("target_group.web"));
        spec.drop_service("api");
    }), @r#"
    s1 create target_group.web: does not exist yet
    s2 update (attach) listener.80 after s1: adds target_group.web beside the old target, without traffic yet
        targets.1 null -> (known after apply)
    s3 create task_definition.web: does not exist yet
    s4 create service.web after s1 s2 s3: does not exist yet
    s5 update (move) listener.80 after s1 s2 s4: moves traffic to target_group.web once it is served
        targets [{"target_group":"arn:target_group/5","weight":100}] -> (known after apply)
    s6 delete service.api after s5: no longer in the spec
    s7 delete target_group.api after s5 s6: no longer in the spec
    s8 delete task_definition.api after s6: no longer in the spec
    create 3 update 1 replace 0 delete 3 drift 0 unchanged 4
    "#);
}

#[test]
fn deleting_first_spreads_to_what_refers() {
    insta::assert_snapshot!(after(|spec, _| {
        spec.edit("cluster.main", "/name", json!("other"));
    }), @r#"
    s1 replace (delete) service.api: replaced by the new one
    s2 replace (delete) cluster.main after s1: replaced by the new one
    s3 replace (create) cluster.main after s2: name: a cluster cannot be renamed
        name "notes" -> "other" !
    s4 replace (create) service.api after s1 s3: cluster: a service belongs to one cluster
        cluster "arn:cluster/1" -> (known after apply) !
    create 0 update 0 replace 2 delete 0 drift 0 unchanged 6
    "#);
}

#[test]
fn something_removed_and_something_added_by_hand() {
    insta::assert_snapshot!(after(|_, world| {
        world.objects.retain(|one| one.address != at("log_group.api"));
        let mut extra = world.live("role.tasks").clone();
        extra.address = at("role.extra");
        extra.id = "arn:role/by-hand".to_owned();
        world.objects.push(extra);
    }), @r#"
    s1 create log_group.api: DRIFT deleted outside wharf
    s2 delete role.extra: DRIFT added outside wharf
    create 1 update 0 replace 0 delete 1 drift 2 unchanged 7
    "#);
}

#[test]
fn no_longer_in_the_spec() {
    insta::assert_snapshot!(after(|spec, _| {
        spec.set("repository.api", json!({"name": "notes/api"}));
        spec.props.remove(&at("log_group.api"));
        spec.after.retain(|(_, what)| *what != at("log_group.api"));
    }), @r#"
    s1 delete log_group.api: no longer in the spec
    s2 create repository.api: does not exist yet
    create 1 update 0 replace 0 delete 1 drift 0 unchanged 7
    "#);
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
            Some("waits until `arn:service/8`, on its way out, is gone")
        );
    }), @r#"
    s1 create service.api: DRIFT deleted outside wharf
    create 1 update 0 replace 0 delete 0 drift 1 unchanged 7
    "#);
}

#[test]
fn everything_goes() {
    let mut world = World::of(&Spec::web());
    let plan = world.destroy();
    insta::assert_snapshot!(compact(&plan), @r#"
    s1 delete service.api: the stack is destroyed
    s2 delete cluster.main after s1: the stack is destroyed
    s3 delete listener.80 after s1: the stack is destroyed
    s4 delete load_balancer.main after s1 s3: the stack is destroyed
    s5 delete log_group.api after s1: the stack is destroyed
    s6 delete target_group.api after s1 s3: the stack is destroyed
    s7 delete task_definition.api after s1: the stack is destroyed
    s8 delete role.tasks after s1 s7: the stack is destroyed
    create 0 update 0 replace 0 delete 8 drift 0 unchanged 0
    "#);
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
fn what_others_depend_on_does_not_go_and_may_change() {
    let mut spec = Spec::web();
    let world = World::of(&spec);
    let mut snapshot = world.snapshot();
    let of = snapshot.live[&at("load_balancer.main")][0].id.clone();
    snapshot.guests.push(Guest { of, who: "the rule for /shop/*".to_owned() });
    let mut options = Options::new(stack());
    spec.edit("load_balancer.main", "/scheme", json!("internal"));
    let refused = plan(&spec.graph(), &snapshot, &options).unwrap_err();
    let Refusal::Guests(found) = &refused else { panic!("{refused}") };
    assert_eq!(found[0].address, at("load_balancer.main"));
    assert!(refused.to_string().contains("load_balancer.main (the rule for /shop/*)"), "{refused}");
    options.only = Some(vec![at("log_group.api")]);
    plan(&spec.graph(), &snapshot, &options).unwrap();
    options.only = None;
    spec = Spec::web();
    plan(&spec.graph(), &snapshot, &options).unwrap();
    options.destroy = true;
    let refused = plan(&spec.graph(), &snapshot, &options).unwrap_err();
    assert!(matches!(&refused, Refusal::Guests(found) if found.len() == 1));
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
    insta::assert_snapshot!(compact(&plan), @r#"
    s1 update log_group.api: the spec changed
        days 30 -> 7
    s2 replace (create) target_group.api: name: a target group cannot be renamed
        name "notes-api-8080" -> "notes-api-9090" !
        port 8080 -> 9090 !
    s3 update (attach) listener.80 after s2: adds target_group.api beside the old target, without traffic yet
        targets.1 null -> (known after apply)
    s4 replace (create) task_definition.api: port: a task definition never changes
        port 8080 -> 9090 !
    s5 update (join) service.api after s1 s2 s3 s4: serves target_group.api beside the old target until traffic has moved
        targets [{"port":8080,"target_group":"arn:target_group/5"}] -> (known after apply)
        task_definition "arn:task_definition/7" -> (known after apply)
    s6 update (move) listener.80 after s2 s3 s5: moves traffic to target_group.api once it is served
        targets [{"target_group":"arn:target_group/5","weight":100}] -> (known after apply)
    s7 update (release) service.api after s1 s2 s3 s4 s5 s6: lets go of the old target once traffic has moved
        targets.0.target_group "arn:target_group/5" -> null
    s8 replace (delete) target_group.api after s2 s6 s7: replaced by the new one
    s9 replace (delete) task_definition.api after s4 s7: replaced by the new one
    create 0 update 3 replace 2 delete 0 drift 0 unchanged 3
    "#);
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
        "rolling restart of 2 tasks of service api, about 1 min 15 s, no downtime"
    );
    assert!(!plan.impact.downtime && plan.impact.seconds == 75);
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
