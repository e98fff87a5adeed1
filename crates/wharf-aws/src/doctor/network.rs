//! Subnets, routes and security groups of tasks and balancer.

use aws_sdk_ec2::types::{Filter, IpPermission, RouteTable, SecurityGroup};
use aws_sdk_ecs::types::{AssignPublicIp, AwsVpcConfiguration, Service};
use wharf_doctor::{Evidence, Network, Peer, Permit, Seen, SubnetEvidence, Way};
use wharf_graph::facts::Egress;

use crate::aws::Aws;
use crate::reads::ec2::filter;
use crate::reads::egress::{default_route, table_of};

/// Adds where the tasks run, and what lets traffic through.
pub(super) async fn add(aws: &Aws, service: &Service, evidence: &mut Evidence) {
    let Some(placed) = placed(service) else { return };
    let mut ids: Vec<String> = placed.subnets().to_vec();
    let mut groups: Vec<String> = placed.security_groups().to_vec();
    if let Seen::There(balancer) = &evidence.balancer {
        ids.extend(balancer.subnets.iter().map(|subnet| subnet.id.clone()));
        groups.extend(balancer.groups.iter().cloned());
    }
    let (subnets, groups) = futures::join!(subnets(aws, &ids), security_groups(aws, &groups));
    let (Some((_, subnets)), Some(groups)) = (subnets, groups) else {
        // Without its rules, a balancer would look closed.
        evidence.balancer = Seen::Unread;
        return;
    };
    if let Seen::There(balancer) = &mut evidence.balancer {
        balancer.subnets.retain_mut(|subnet| {
            let found = subnets.iter().find(|it| it.id == subnet.id);
            found.cloned().is_some_and(|found| {
                *subnet = found;
                true
            })
        });
        balancer.lets_in = permits(&groups, &balancer.groups, false);
        balancer.lets_out = permits(&groups, &balancer.groups, true);
    }
    evidence.network = Seen::There(network(placed, &subnets, &groups));
}

/// Returns where ECS puts the tasks of a service.
pub(super) fn placed(service: &Service) -> Option<&AwsVpcConfiguration> {
    let primary = service.deployments().iter().find(|row| row.status() == Some("PRIMARY"));
    primary
        .and_then(|row| row.network_configuration())
        .or_else(|| service.network_configuration())
        .and_then(|it| it.awsvpc_configuration())
}

fn network(
    placed: &AwsVpcConfiguration,
    subnets: &[SubnetEvidence],
    groups: &[SecurityGroup],
) -> Network {
    let own = placed.security_groups();
    Network {
        subnets: subnets.iter().filter(|it| placed.subnets().contains(&it.id)).cloned().collect(),
        public_ip: placed.assign_public_ip() == Some(&AssignPublicIp::Enabled),
        groups: own.to_vec(),
        lets_in: permits(groups, own, false),
        lets_out: permits(groups, own, true),
    }
}

/// Reads subnets of one VPC, and which that is.
pub(super) async fn subnets(aws: &Aws, ids: &[String]) -> Option<(String, Vec<SubnetEvidence>)> {
    let by_id = Filter::builder().name("subnet-id").set_values(Some(ids.to_vec())).build();
    let got = aws
        .caller
        .call("ec2:DescribeSubnets", || aws.ec2.describe_subnets().filters(by_id.clone()).send());
    let got = got.await.ok()?;
    let vpc = got.subnets().first()?.vpc_id()?.to_owned();
    let tables = aws.caller.call("ec2:DescribeRouteTables", || {
        aws.ec2.describe_route_tables().filters(filter("vpc-id", &vpc)).send()
    });
    let tables: Vec<RouteTable> = tables.await.ok()?.route_tables().to_vec();
    let evidence = got.subnets().iter().map(|subnet| {
        let id = subnet.subnet_id().unwrap_or_default();
        SubnetEvidence {
            id: id.to_owned(),
            zone: subnet.availability_zone().unwrap_or_default().to_owned(),
            way: match default_route(table_of(id, &tables)) {
                Egress::InternetGateway => Way::Internet,
                Egress::Nat => Way::Nat,
                Egress::Endpoints => Way::Endpoints,
                Egress::None => Way::None,
            },
            free: subnet
                .available_ip_address_count()
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or_default(),
        }
    });
    let evidence = evidence.collect();
    Some((vpc, evidence))
}

pub(super) async fn security_groups(aws: &Aws, ids: &[String]) -> Option<Vec<SecurityGroup>> {
    let by_id = Filter::builder().name("group-id").set_values(Some(ids.to_vec())).build();
    let got = aws.caller.call("ec2:DescribeSecurityGroups", || {
        aws.ec2.describe_security_groups().filters(by_id.clone()).send()
    });
    Some(got.await.ok()?.security_groups().to_vec())
}

/// Lists what the rules of some groups let through over TCP, one other end each.
pub(super) fn permits(groups: &[SecurityGroup], own: &[String], out: bool) -> Vec<Permit> {
    groups
        .iter()
        .filter(|group| own.iter().any(|id| group.group_id() == Some(id)))
        .flat_map(|group| if out { group.ip_permissions_egress() } else { group.ip_permissions() })
        .flat_map(each)
        .collect()
}

fn each(rule: &IpPermission) -> Vec<Permit> {
    let port = |value: Option<i32>| u16::try_from(value.unwrap_or_default()).unwrap_or_default();
    let (from, to) = match rule.ip_protocol() {
        Some("-1") => (0, u16::MAX),
        Some("tcp") => (port(rule.from_port()), port(rule.to_port())),
        _ => return Vec::new(),
    };
    let groups = rule.user_id_group_pairs().iter().filter_map(|it| it.group_id());
    let ranges = rule.ip_ranges().iter().filter_map(|it| it.cidr_ip());
    let wide = rule.ipv6_ranges().iter().filter_map(|it| it.cidr_ipv6());
    let lists = rule.prefix_list_ids().iter().filter_map(|it| it.prefix_list_id());
    groups
        .map(|id| Peer::Group(id.to_owned()))
        .chain(ranges.chain(wide).chain(lists).map(|range| Peer::Range(range.to_owned())))
        .map(|peer| Permit { from, to, peer })
        .collect()
}
