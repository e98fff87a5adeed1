//! Checks of a spec against the account: each is set up, seen by its number, and explained.

use serde_json::json;

use crate::world::{World, sample};

const REGION: &str = "ap-southeast-2";

/// Plans, and returns what was said.
#[track_caller]
fn refused(world: &World, code: &str, says: &str) {
    let run = world.wharf(&["plan"]).expect(1);
    assert!(run.stderr.contains(&format!("error[{code}]")), "{code}\n{}", run.stderr);
    assert!(run.stderr.contains(says), "{says}\n{}", run.stderr);
    explained(world, code);
}

#[track_caller]
fn explained(world: &World, code: &str) {
    let text = world.wharf(&["explain", code]).expect(0).stdout;
    assert!(text.contains(code), "{text}");
}

fn minimal(more: &str) -> World {
    World::new(&(sample("minimal") + more))
}

#[test]
fn a_vpc_that_is_not_there() {
    refused(&minimal("network: { vpc: vpc-0123456789abcdef0 }\n"), "E201", "vpc-0123456789abcdef0");
}

#[test]
fn subnets_of_another_vpc() {
    let world = minimal("network: { tasks: [subnet-0123456789abcdef0] }\n");
    refused(&world, "E205", "not a subnet of");
}

#[test]
fn a_domain_outside_every_zone() {
    refused(&minimal("    domain: notes.example.net\n"), "E206", "notes.example.net");
}

#[test]
fn a_zone_the_world_is_not_led_to_is_named_before_the_certificate_waits() {
    let world = World::sample("https");
    let registered = |registered: bool| {
        world.sandbox().with_world(|inside| {
            for zone in inside.global.route53.zones.values_mut().filter(|zone| !zone.private) {
                zone.registered = registered;
            }
        });
    };
    let plan = world.wharf(&["plan"]).expect(0).stdout;
    assert!(!plan.contains("W205"), "{plan}");
    registered(false);
    let plan = world.wharf(&["plan"]).expect(0).stdout;
    assert!(plan.contains("W205") && plan.contains("to no name server at all"), "{plan}");
    explained(&world, "W205");
    registered(true);
    world.apply();
    // With the certificate issued nobody asks any more.
    registered(false);
    let run = world.wharf(&["plan", "-v"]).expect(0);
    assert!(!run.stdout.contains("W205"), "{}", run.stdout);
    assert!(!run.stderr.contains("GetHostedZone"), "{}", run.stderr);
}

#[test]
fn without_routes_there_is_no_balancer_and_no_way_out() {
    let world = minimal("");
    world.wharf(&["plan"]).expect(0);
    let tables = world.aws_query(REGION, "ec2", "Action=DescribeRouteTables&Version=2016-11-15");
    for table in tables.split("<routeTableId>").skip(1) {
        let id = table.split('<').next().unwrap();
        if table.contains("0.0.0.0/0") {
            let form = format!(
                "Action=DeleteRoute&Version=2016-11-15&RouteTableId={id}&DestinationCidrBlock=0.0.0.0%2F0"
            );
            world.aws_query(REGION, "ec2", &form);
        }
    }
    refused(&world, "E202", "cover no zone");
    // A worker needs no balancer, but an image.
    let spec = world.spec();
    let port = spec.find("    port:").unwrap();
    world.write(&spec[..port]);
    refused(&world, "E203", "image store");
}

#[test]
fn a_secret_that_is_missing_or_about_to_go() {
    let world = minimal("    secrets: { A: \"sm:going\" }\n");
    let call = |target: &str, body: &serde_json::Value| {
        world.aws_json(REGION, "secretsmanager", &format!("secretsmanager.{target}"), body);
    };
    refused(&world, "E207", "create-secret");
    call(
        "CreateSecret",
        &json!({"Name": "going", "SecretString": "x", "ClientRequestToken": "a".repeat(32)}),
    );
    world.wharf(&["plan"]).expect(0);
    call("DeleteSecret", &json!({"SecretId": "going"}));
    refused(&world, "E208", "restore-secret");
}

#[test]
fn every_port_and_every_target_group_counts() {
    let stack = |count: u32, service: &dyn Fn(u32) -> String| {
        let services: String = (0..count).map(service).collect();
        World::new(&format!("version: 1\napp: many\nregion: {REGION}\nservices:\n{services}"))
    };
    let one = |number: u32, port: u32, more: &str| {
        format!(
            "  s{number}: {{ image: {{ tag: v1 }}, port: {port}, health: /, route: {{ path: \"/s{number}/*\" }}{more} }}\n"
        )
    };
    let warned = |world: &World, what: &str| world.plan()["checks"].to_string().contains(what);
    let ports = "61 rules of the tasks' security group";
    assert!(warned(&stack(61, &|number| one(number, 3000 + number, "")), ports));
    assert!(!warned(&stack(61, &|number| one(number, 3000, "")), ports));
    let groups = "102 target groups of one balancer";
    let twice = ", deploy: { strategy: blue-green }";
    assert!(warned(&stack(51, &|number| one(number, 3000, twice)), groups));
    assert!(!warned(&stack(51, &|number| one(number, 3000, "")), "target groups of one balancer"));
}

#[test]
fn quotas_and_addresses_only_warn() {
    let world = minimal("    scale: 5000\n");
    world.wharf(&["plan"]).expect(0);
    let subnets = world.aws_query(REGION, "ec2", "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=default-for-az&Filter.1.Value.1=true");
    let subnet = subnets.split("<subnetId>").nth(1).unwrap().split('<').next().unwrap();
    world.write(&format!("{}network: {{ tasks: [{subnet}] }}\n", world.spec()));
    let codes: Vec<String> = world.plan()["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["code"].as_str().unwrap().to_owned())
        .collect();
    // A rollout of five tasks of one vCPU needs ten for a while; that is said as long as nothing runs.
    let big = minimal("    cpu: 1\n    memory: 2GB\n    scale: 5\n");
    let warned = |world: &World| world.plan()["checks"].to_string().contains("10 vCPUs of Fargate");
    assert!(warned(&big), "{}", big.plan()["checks"]);
    big.apply();
    assert!(!warned(&big), "{}", big.plan()["checks"]);
    for code in ["W203", "W204"] {
        assert!(codes.iter().any(|found| found == code), "{code} is not in {codes:?}");
        explained(&world, code);
    }
}
