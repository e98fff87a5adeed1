//! `wharf export`: what a stack owns, in import blocks of Terraform.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::schemas::follows;
use crate::served::Served;
use crate::world::{SAMPLES, World};

/// Returns the import blocks of a text as pairs of resource and identity; anything else in it is a comment.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    while let Some(line) = lines.next() {
        assert_eq!(line, "import {");
        let to = lines.next().and_then(|line| line.strip_prefix("  to = ")).unwrap();
        let id = lines.next().and_then(|line| line.strip_prefix("  id = ")).unwrap();
        assert_eq!(lines.next(), Some("}"));
        let id: String = serde_json::from_str(id).unwrap();
        found.push((to.to_owned(), id));
    }
    found
}

#[test]
fn every_object_of_a_stack_is_listed_once_and_says_what_takes_it_over() {
    for (name, env) in SAMPLES {
        let world = World::sample(name).env(env);
        world.wharf(&["apply", "--yes"]).expect(0);
        let document = world.wharf(&["export", "--format", "json"]).expect(0).json();
        follows("export", &document);
        let objects = document["objects"].as_array().unwrap();
        let addresses: BTreeSet<&str> =
            objects.iter().map(|one| one["address"].as_str().unwrap()).collect();
        // The graph is what the spec declares; each of its nodes is there.
        let graph = world.wharf(&["graph", "--format", "json"]).expect(0).json();
        for node in graph["nodes"].as_array().unwrap() {
            let address = node["address"].as_str().unwrap();
            assert!(addresses.contains(address), "{name}: {address} is not exported");
        }
        for one in objects {
            let blocks = one["terraform"].as_array().unwrap();
            assert_eq!(blocks.is_empty(), one["terraform_not"].is_string(), "{name}: {one}");
            assert_ne!(one["terraform_not"], "not known", "{name}: {one}");
        }
        let text = world.wharf(&["export"]).expect(0).stdout;
        let pairs = blocks(&text);
        let listed: Vec<(String, String)> = objects
            .iter()
            .flat_map(|one| one["terraform"].as_array().unwrap())
            .map(|block| {
                let text = |name: &str| block[name].as_str().unwrap().to_owned();
                (text("to"), text("id"))
            })
            .collect();
        assert_eq!(pairs, listed);
        let unique: BTreeMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(unique.len(), pairs.len(), "{name}: a resource is named twice\n{text}");
    }
}

#[test]
fn identities_are_those_of_the_provider() {
    let world = World::sample("shop");
    let nothing = world.wharf(&["export"]).expect(0).stdout;
    assert!(nothing.contains("# Stack shop owns nothing in account"), "{nothing}");
    world.wharf(&["apply", "--yes"]).expect(0);
    let before = world.contents();
    let text = world.wharf(&["export"]).expect(0).stdout;
    assert_eq!(before, world.contents(), "an export changed something");
    let pairs: BTreeMap<String, String> = blocks(&text).into_iter().collect();
    let arn = |service: &str| format!("arn:aws:{service}:eu-west-1:111122223333:");
    for (to, begins) in [
        ("aws_ecs_cluster.main", "shop".to_owned()),
        ("aws_ecs_service.worker", "shop/shop-worker".to_owned()),
        ("aws_ecs_task_definition.worker", format!("{}task-definition/shop-worker:1", arn("ecs"))),
        ("aws_iam_role.worker_execution", "shop-worker-execution-eu-west-1".to_owned()),
        (
            "aws_iam_role_policy.worker_execution",
            "shop-worker-execution-eu-west-1:wharf".to_owned(),
        ),
        ("aws_ecr_repository.web", "shop/web".to_owned()),
        ("aws_ecr_lifecycle_policy.web", "shop/web".to_owned()),
        ("aws_cloudwatch_log_group.worker", "/wharf/shop/worker".to_owned()),
        ("aws_security_group.tasks", "sg-".to_owned()),
        ("aws_lb.main", format!("{}loadbalancer/app/shop/", arn("elasticloadbalancing"))),
    ] {
        let id = pairs.get(to).unwrap_or_else(|| panic!("no {to} in\n{text}"));
        assert!(id.starts_with(&begins), "{to}: {id}");
    }
    assert!(
        text.contains("#   ingress_rule.balancer:80:0.0.0.0/0: comes with its security group"),
        "{text}"
    );
}

#[test]
fn a_list_that_cannot_be_whole_is_none() {
    let world = Served::sample("minimal");
    world.wharf(&["apply", "--yes"]).expect(0);
    let may_not = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ecr:DescribeRepositories", "Resource": "*"},
    ]});
    let refused = world.wharf_under(&world.under(&[may_not]), &["export"]);
    assert_eq!(refused.stdout, "", "a part was printed");
    assert!(refused.stderr.contains("ecr:DescribeRepositories"), "{}", refused.stderr);
    refused.expect(4);
}
