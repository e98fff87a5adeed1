//! What is not ours is refused and stays as it is.

use serde_json::json;

use crate::world::{World, same};

const REGION: &str = "ap-southeast-2";

#[test]
fn a_hand_made_cluster_of_our_name_is_refused_and_untouched() {
    let world = World::sample("minimal");
    world.aws_json(
        REGION,
        "ecs",
        "AmazonEC2ContainerServiceV20141113.CreateCluster",
        &json!({"clusterName": "notes"}),
    );
    refused(&world, "cluster.main");
}

#[test]
fn a_hand_made_balancer_of_our_name_is_refused_and_untouched() {
    let world = World::sample("minimal");
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
        &format!(
            "Action=CreateLoadBalancer&Version=2015-12-01&Name=notes&Subnets.member.1={}&Subnets.member.2={}",
            ids[0], ids[1]
        ),
    );
    refused(&world, "load_balancer.main");
}

#[test]
fn the_stack_of_another_environment_is_not_ours() {
    let world = World::sample("production").env(Some("staging"));
    world.apply();
    world.wharf(&["wait"]).expect(0);
    let prod = World::sample("production").env(Some("prod"));
    std::fs::rename(world.path().join("sandbox"), prod.path().join("sandbox")).unwrap();
    let before = prod.contents();
    let plan = prod.plan();
    assert!(plan["summary"]["delete"] == 0, "{plan:#}");
    assert!(plan["summary"]["update"] == 0, "{plan:#}");
    same(&prod.contents(), &before);
}

#[track_caller]
fn refused(world: &World, address: &str) {
    let before = world.contents();
    for args in [&["plan"][..], &["apply", "--yes"], &["destroy", "--yes", "--confirm", "notes"]] {
        let run = world.wharf(args);
        if args[0] == "destroy" {
            // Nothing of ours exists, so there is nothing to destroy, whatever else is there.
            assert!(run.code == 0 || run.code == 11, "{}", run.stderr);
        } else {
            let run = run.expect(11);
            assert!(run.stderr.contains(address), "{}", run.stderr);
            assert!(run.stderr.contains("not tagged by wharf"), "{}", run.stderr);
        }
    }
    same(&world.contents(), &before);
}
