//! Cases of the network around tasks and balancer.

use std::collections::BTreeSet;

use super::{
    case::{Case, Condition, condition, edit},
    place::Place,
};
use crate::{
    services::ec2::state::{Endpoint, Group, Peer, Rule, Traffic},
    tags::Tags,
    world::World,
};

pub(super) const CASES: &[Case] = &[
    edit(
        "sg-closed",
        "C501",
        "the rule that lets the balancer in to the tasks is gone",
        "target: Target.Timeout, Request timed out",
        |world, place| revoke(world, place, &place.network.groups, false),
    ),
    edit(
        "sg-wrong-port",
        "C501",
        "the rule that lets the balancer in to the tasks is for another port",
        "target: Target.Timeout, Request timed out",
        |world, place| {
            let rules = &mut world.region(&place.region).ec2.rules;
            let own = |rule: &&mut Rule| !rule.egress && place.network.groups.contains(&rule.group);
            let mut any = false;
            for rule in rules.values_mut().filter(own) {
                (rule.what.from, rule.what.to) = (9, 9);
                any = true;
            }
            some(any, "no rule lets anybody in to its tasks")
        },
    ),
    edit(
        "balancer-egress-closed",
        "C502",
        "the rule that lets the balancer out is gone",
        "target: Target.Timeout, Request timed out",
        |world, place| {
            let groups = balancer_groups(world, place)?;
            revoke(world, place, &groups, true)
        },
    ),
    edit(
        "no-way-out",
        "C503",
        "the tasks' subnets lose their route to the internet",
        "stopped task: … connection issue between the task and Amazon ECR … i/o timeout",
        |world, place| {
            let tables = place.tables(world, place.network.subnets.iter());
            cut(world, place, &tables)
        },
    )
    .replacing(),
    edit(
        "egress-closed",
        "C504",
        "the tasks' security group lets nothing out",
        "stopped task: … connection issue between the task and Amazon ECR … i/o timeout",
        |world, place| revoke(world, place, &place.network.groups, true),
    )
    .replacing(),
    edit(
        "layers-unreachable",
        "C505",
        "the tasks' subnets have endpoints for everything but S3, and no other way out",
        "stopped task: CannotPullContainerError … s3 … i/o timeout",
        |world, place| {
            only_endpoints(world, place, &["ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"])
        },
    )
    .replacing(),
    edit(
        "logs-unreachable",
        "C505",
        "the tasks' subnets have endpoints for everything but CloudWatch Logs, and no other way \
         out",
        "stopped task: failed to validate logger args … i/o timeout",
        |world, place| {
            only_endpoints(world, place, &["ecr.api", "ecr.dkr", "s3", "secretsmanager", "ssm"])
        },
    )
    .replacing(),
    edit(
        "exec-unreachable",
        "C962",
        "the tasks' subnets have endpoints for everything but commands, and no other way out",
        "an agent that is STOPPED",
        |world, place| {
            only_endpoints(
                world,
                place,
                &["ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager", "ssm"],
            )
        },
    )
    .replacing(),
    edit(
        "subnets-full",
        "C506",
        "somebody else takes every free address of the tasks' subnets",
        "stopped task: InsufficientFreeAddressesInSubnet",
        |world, place| {
            let subnets = &mut world.region(&place.region).ec2.subnets;
            for id in &place.network.subnets {
                if let Some(subnet) = subnets.get_mut(id) {
                    subnet.full = true;
                }
            }
            Ok(())
        },
    )
    .replacing(),
    condition(
        "interface-slow",
        "C206",
        "network interfaces do not come",
        "stopped task: Timeout waiting for network interface provisioning to complete",
        Condition::InterfaceSlow,
    ),
    condition(
        "storage-slow",
        "C207",
        "disks do not come",
        "stopped task: Timeout waiting for EphemeralStorage provisioning to complete",
        Condition::StorageSlow,
    ),
    edit(
        "balancer-closed",
        "C507",
        "the rules that let people in to the balancer are gone",
        "connections time out",
        |world, place| {
            let groups = balancer_groups(world, place)?;
            revoke(world, place, &groups, false)
        },
    ),
    edit(
        "balancer-private",
        "C508",
        "the balancer's subnets lose their route to the internet",
        "connections time out",
        |world, place| {
            let balancer = place.balancer(world).ok_or(NO_BALANCER)?;
            let tables = place.tables(world, balancer.subnets.keys());
            if !place.tables(world, place.network.subnets.iter()).is_disjoint(&tables) {
                return Err("its tasks run in the balancer's subnets: see no-way-out".to_owned());
            }
            cut(world, place, &tables)
        },
    ),
    edit(
        "zone-disabled",
        "C509",
        "the balancer leaves the availability zones in which the tasks run",
        "target: Target.NotInUse … Availability Zone that is not enabled",
        |world, place| {
            let arn = place.balancer(world).ok_or(NO_BALANCER)?.arn.clone();
            let state = world.region(&place.region);
            let tasks = state.ecs.tasks_of(&place.key);
            let zones: BTreeSet<String> = tasks.iter().map(|task| task.zone.clone()).collect();
            let subnets = state.ec2.subnets.clone();
            let Some(balancer) = state.elbv2.balancers.get_mut(&arn) else { return Ok(()) };
            let before = balancer.subnets.len();
            balancer
                .subnets
                .retain(|id, _| subnets.get(id).is_none_or(|subnet| !zones.contains(&subnet.zone)));
            some(balancer.subnets.len() < before, "none of its tasks runs in the balancer's zones")
        },
    ),
];

/// What a service without requests lacks.
pub(super) const NO_BALANCER: &str = "no balancer is in front of it";

fn some(any: bool, otherwise: &str) -> Result<(), String> {
    if any { Ok(()) } else { Err(otherwise.to_owned()) }
}

/// Returns the security groups of the balancer.
fn balancer_groups(world: &World, place: &Place) -> Result<Vec<String>, String> {
    Ok(place.balancer(world).ok_or(NO_BALANCER)?.groups.clone())
}

/// Removes the rules of some security groups.
fn revoke(world: &mut World, place: &Place, groups: &[String], egress: bool) -> Result<(), String> {
    let rules = &mut world.region(&place.region).ec2.rules;
    let before = rules.len();
    rules.retain(|_, rule| rule.egress != egress || !groups.contains(&rule.group));
    some(rules.len() < before, "its security group has no such rule")
}

/// Removes the default routes of some route tables.
fn cut(world: &mut World, place: &Place, tables: &BTreeSet<String>) -> Result<(), String> {
    let all = &mut world.region(&place.region).ec2.route_tables;
    let mut any = false;
    for table in all.values_mut().filter(|table| tables.contains(&table.id)) {
        any |= table.routes.remove("0.0.0.0/0").is_some();
    }
    some(any, "its subnets have no way out already")
}

/// Cuts the tasks' subnets off, and makes endpoints for some services.
fn only_endpoints(world: &mut World, place: &Place, services: &[&str]) -> Result<(), String> {
    let tables = place.tables(world, place.network.subnets.iter());
    cut(world, place, &tables)?;
    let subnet = place.network.subnets.first().and_then(|id| world.subnet(&place.region, id));
    let vpc = subnet.ok_or("its subnets are gone")?.vpc.clone();
    let group = door(world, place, &vpc);
    let mut seen = BTreeSet::new();
    let subnets: BTreeSet<String> = place
        .network
        .subnets
        .iter()
        // One subnet of each zone.
        .filter(|id| world.subnet(&place.region, id).is_some_and(|it| seen.insert(it.zone.clone())))
        .cloned()
        .collect();
    for service in services {
        let id = world.ids.ec2("vpce");
        let gateway = *service == "s3";
        let made = Endpoint {
            arn: world.arn("ec2", &place.region, &format!("vpc-endpoint/{id}")),
            id: id.clone(),
            kind: if gateway { "Gateway" } else { "Interface" }.to_owned(),
            vpc: vpc.clone(),
            service: format!("com.amazonaws.{}.{service}", place.region),
            route_tables: if gateway { tables.clone() } else { BTreeSet::new() },
            subnets: if gateway { BTreeSet::new() } else { subnets.clone() },
            groups: if gateway { BTreeSet::new() } else { BTreeSet::from([group.clone()]) },
            private_dns: !gateway,
            interfaces: Vec::new(),
            created: world.now,
            tags: Tags::new(),
        };
        world.region(&place.region).ec2.endpoints.insert(id, made);
    }
    Ok(())
}

/// Makes a security group that lets HTTPS in from anywhere, for endpoints.
fn door(world: &mut World, place: &Place, vpc: &str) -> String {
    let (id, rule) = (world.ids.ec2("sg"), world.ids.ec2("sgr"));
    let group = Group {
        arn: world.arn("ec2", &place.region, &format!("security-group/{id}")),
        id: id.clone(),
        name: format!("endpoints-{id}"),
        description: "endpoints".to_owned(),
        vpc: vpc.to_owned(),
        tags: Tags::new(),
    };
    let peer = Peer::Ipv4("0.0.0.0/0".to_owned());
    let rule = Rule {
        arn: world.arn("ec2", &place.region, &format!("security-group-rule/{rule}")),
        id: rule,
        group: id.clone(),
        egress: false,
        what: Traffic { protocol: "tcp".to_owned(), from: 443, to: 443, peer },
        description: None,
        tags: Tags::new(),
    };
    let ec2 = &mut world.region(&place.region).ec2;
    ec2.groups.insert(id.clone(), group);
    ec2.rules.insert(rule.id.clone(), rule);
    id
}
