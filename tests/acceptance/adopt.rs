//! Objects that exist already are taken over: tags first, then only true differences.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{World, addresses, same};

const REGION: &str = "ap-southeast-2";

/// Takes wharf's tags off everything, as if it had all been made by hand.
fn forget_whose(world: &World) {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.retain(|key, _| !key.starts_with("wharf:"));
                map.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    world.sandbox().with_world(|inside| {
        let mut json = serde_json::to_value(&*inside).unwrap();
        strip(&mut json);
        *inside = serde_json::from_value(json).unwrap();
    });
}

fn adopted(run: &Value) -> BTreeSet<String> {
    let list = run["adopt"].as_array().unwrap();
    list.iter().map(|one| one["address"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_stack_nobody_owns_is_taken_over_as_it_is_and_lives_on() {
    let world = World::sample("minimal");
    world.wharf(&["plan"]).expect(0);
    let before = world.contents();
    world.edit("    health: /health ", "    route: { path: /app/* }\n    health: /health ");
    world.apply();
    forget_whose(&world);
    let refused = world.wharf(&["plan"]).expect(11);
    assert!(refused.stderr.contains("wharf adopt"), "{}", refused.stderr);
    // A look changes nothing.
    let untouched = world.contents();
    let shown = world.wharf(&["adopt", "--format", "json"]).expect(0).json();
    same(&world.contents(), &untouched);
    assert_eq!(shown["format"], "wharf.adopt/1");
    let wanted = [
        "cluster.main",
        "listener.http",
        "listener_rule.web",
        "load_balancer.main",
        "log_group.web",
        "repository.web",
        "role.web/execution",
        "role.web/task",
        "security_group.balancer",
        "security_group.tasks",
        "service.web",
        "target_group.web",
    ];
    for address in wanted {
        assert!(adopted(&shown).contains(address), "{address} in {shown:#}");
    }
    assert_eq!(addresses(&shown["plan"]), BTreeSet::new(), "{shown:#}");
    let text = world.wharf(&["adopt", "--yes"]).expect(0);
    assert!(text.stdout.contains("as the spec wants them"), "{}", text.stdout);
    world.converged();
    let again = world.wharf(&["adopt", "--yes"]).expect(0);
    assert!(again.stdout.contains("Nothing to adopt"), "{}", again.stdout);
    // From here on it is a stack like any other.
    world.edit("tag: v1", "tag: v2");
    world.apply();
    world.converged();
    world.destroy();
    same(&world.contents(), &before);
}

#[test]
fn of_hand_made_things_only_what_differs_is_changed() {
    let world = World::sample("minimal");
    world.wharf(&["plan"]).expect(0);
    let before = world.contents();
    world.aws_json(
        REGION,
        "ecs",
        "AmazonEC2ContainerServiceV20141113.CreateCluster",
        &json!({"clusterName": "notes"}),
    );
    world.aws_json(
        REGION,
        "logs",
        "Logs_20140328.CreateLogGroup",
        &json!({"logGroupName": "/wharf/notes/web"}),
    );
    world.aws_json(
        REGION,
        "ecr",
        "AmazonEC2ContainerRegistry_V20150921.CreateRepository",
        &json!({"repositoryName": "notes/web"}),
    );
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
    let trust = trust.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    world.aws_query(
        "us-east-1",
        "iam",
        &format!("Action=CreateRole&Version=2010-05-08&RoleName=notes-web-task-{REGION}&Path=%2Fwharf%2Fnotes%2F&AssumeRolePolicyDocument={trust}"),
    );
    let subnets = world.aws_query(REGION, "ec2", "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=default-for-az&Filter.1.Value.1=true");
    let ids: Vec<&str> =
        subnets.split("<subnetId>").skip(1).filter_map(|part| part.split('<').next()).collect();
    let members: Vec<String> =
        ids.iter().enumerate().map(|(at, id)| format!("&Subnets.member.{}={id}", at + 1)).collect();
    let members = members.concat();
    world.aws_query(
        REGION,
        "elasticloadbalancing",
        &format!("Action=CreateLoadBalancer&Version=2015-12-01&Name=notes{members}"),
    );
    let shown = world.wharf(&["adopt", "--yes", "--format", "json"]).expect(0).json();
    let wanted =
        ["cluster.main", "load_balancer.main", "log_group.web", "repository.web", "role.web/task"];
    assert_eq!(adopted(&shown), wanted.map(str::to_owned).into());
    let action = |plan: &Value, address: &str| {
        let steps = plan["steps"].as_array().unwrap().clone();
        steps
            .iter()
            .find(|step| step["address"] == address)
            .map(|step| step["action"].as_str().unwrap().to_owned())
    };
    let plan = world.plan();
    assert_eq!(plan["summary"]["delete"], 0, "{plan:#}");
    assert_eq!(plan["summary"]["replace"], 0, "{plan:#}");
    assert_eq!(plan["summary"]["drift"], 0, "{plan:#}");
    for address in
        ["cluster.main", "load_balancer.main", "log_group.web", "repository.web", "role.web/task"]
    {
        let action = action(&plan, address);
        assert!(action.as_deref().is_none_or(|action| action == "update"), "{address}: {action:?}");
    }
    assert_eq!(action(&plan, "role.web/task").as_deref(), Some("update"), "{plan:#}");
    assert_eq!(action(&plan, "load_balancer.main").as_deref(), Some("update"), "{plan:#}");
    world.apply();
    world.converged();
    world.destroy();
    same(&world.contents(), &before);
}

#[test]
fn what_has_an_owner_is_refused_and_stays_as_it_is() {
    for (key, value, words) in [
        ("wharf:app", "shop", "belongs to stack shop"),
        ("managed-by", "terraform", "another tool"),
    ] {
        let world = World::sample("minimal");
        world.aws_json(
            REGION,
            "ecs",
            "AmazonEC2ContainerServiceV20141113.CreateCluster",
            &json!({"clusterName": "notes", "tags": [{"key": key, "value": value}]}),
        );
        let before = world.contents();
        let refused = world.wharf(&["adopt", "--yes"]).expect(11);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
        same(&world.contents(), &before);
    }
}

#[test]
fn adopting_never_recreates() {
    let world = World::sample("minimal");
    // The spec's balancer faces the internet, and that is fixed when one is made.
    let subnets = world.aws_query(REGION, "ec2", "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=default-for-az&Filter.1.Value.1=true");
    let ids: Vec<&str> = subnets
        .split("<subnetId>")
        .skip(1)
        .filter_map(|part| part.split('<').next())
        .take(2)
        .collect();
    world.aws_query(
        REGION,
        "elasticloadbalancing",
        &format!("Action=CreateLoadBalancer&Version=2015-12-01&Name=notes&Scheme=internal&Subnets.member.1={}&Subnets.member.2={}", ids[0], ids[1]),
    );
    let before = world.contents();
    let refused = world.wharf(&["adopt", "--yes"]).expect(11);
    assert!(refused.stderr.contains("fixed at creation"), "{}", refused.stderr);
    same(&world.contents(), &before);
    world.wharf(&["adopt", "--map", "ingress_rule.x=y", "--yes"]).expect(3);
    let unknown =
        world.wharf(&["adopt", "--map", "certificate.main=arn:aws:acm:x:1:certificate/1"]);
    assert!(matches!(unknown.code, 3 | 11), "{}", unknown.stderr);
}
