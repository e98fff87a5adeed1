//! Ways out of a subnet: its route table, and the endpoints of its VPC.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Route, RouteState, RouteTable, VpcEndpoint};
use wharf_graph::facts::Egress;
use wharf_spec::Stack;
use wharf_spec::stack::{Image, SecretRef};

use super::ecr::registry;

/// Returns the table of a subnet: its own, or the VPC's main one (Amazon VPC User Guide, subnet
/// route tables).
pub(crate) fn table_of<'a>(subnet: &str, tables: &'a [RouteTable]) -> Option<&'a RouteTable> {
    let own = |table: &&RouteTable| {
        table.associations().iter().any(|association| association.subnet_id() == Some(subnet))
    };
    let main = |table: &&RouteTable| {
        table.associations().iter().any(|association| association.main() == Some(true))
    };
    tables.iter().find(own).or_else(|| tables.iter().find(main))
}

/// Says where a table sends what has no better route. Only IPv4 counts: the image store and the
/// balancer are reached over it.
pub(crate) fn default_route(table: Option<&RouteTable>) -> Egress {
    let everything = |route: &&Route| {
        route.destination_cidr_block() == Some("0.0.0.0/0")
            && route.state() != Some(&RouteState::Blackhole)
    };
    let Some(route) = table.and_then(|table| table.routes().iter().find(everything)) else {
        return Egress::None;
    };
    match route.gateway_id() {
        Some(gateway) if gateway.starts_with("igw-") => Egress::InternetGateway,
        Some(gateway) if gateway.starts_with("vgw-") => Egress::Nat,
        _ if [
            route.nat_gateway_id(),
            route.transit_gateway_id(),
            route.network_interface_id(),
            route.instance_id(),
            route.local_gateway_id(),
            route.carrier_gateway_id(),
            route.vpc_peering_connection_id(),
            route.core_network_arn(),
        ]
        .iter()
        .any(Option::is_some) =>
        {
            Egress::Nat
        }
        // A gateway of a kind not listed above is a way out all the same.
        Some(_) => Egress::Nat,
        None => Egress::None,
    }
}

/// Lists the endpoints without which a task in a closed subnet does not start, by the last part of
/// their service names, S3 aside; `None` if no set of endpoints would do, since an image comes from
/// a registry elsewhere (ECS Developer Guide and ECR User Guide, interface VPC endpoints).
pub(super) fn needed_endpoints(stack: &Stack) -> Option<BTreeSet<&'static str>> {
    let mut needed = BTreeSet::from(["ecr.api", "ecr.dkr", "logs"]);
    for workload in stack.workloads() {
        if let Image::Elsewhere(reference) = workload.image
            && registry(reference).is_none()
        {
            return None;
        }
        if workload.sidecars.values().any(|one| registry(&one.image).is_none()) {
            return None;
        }
        for secret in workload.secret_refs() {
            needed.insert(match secret {
                SecretRef::Ssm { .. } => "ssm",
                SecretRef::SecretsManager { .. } => "secretsmanager",
            });
        }
        if workload.exec {
            needed.insert("ssmmessages");
        }
    }
    Some(needed)
}

/// Says whether the endpoints let a task in a subnet with this table start: the services by name,
/// and S3, where image layers are, by a gateway on the table or by name.
pub(super) fn reachable(
    needed: Option<&BTreeSet<&'static str>>,
    endpoints: &[VpcEndpoint],
    table: Option<&RouteTable>,
) -> bool {
    let Some(needed) = needed else { return false };
    needed.iter().all(|service| answers(endpoints, service))
        && (store_gateway(endpoints, table) || answers(endpoints, "s3"))
}

/// Says whether a table leads to S3 by a gateway endpoint.
pub(super) fn store_gateway(endpoints: &[VpcEndpoint], table: Option<&RouteTable>) -> bool {
    let table = table.and_then(RouteTable::route_table_id);
    endpoints.iter().filter(|one| ready(one)).any(|endpoint| {
        endpoint.service_name().is_some_and(|name| names_service(name, "s3"))
            && endpoint.route_table_ids().iter().any(|id| Some(id.as_str()) == table)
    })
}

/// Says whether one of the endpoints answers for a service under the service's own name.
pub(crate) fn answers(endpoints: &[VpcEndpoint], service: &str) -> bool {
    endpoints.iter().filter(|one| ready(one)).any(|endpoint| {
        endpoint.private_dns_enabled() == Some(true)
            && endpoint.service_name().is_some_and(|name| names_service(name, service))
    })
}

fn ready(endpoint: &VpcEndpoint) -> bool {
    endpoint.state().is_none_or(|state| state.as_str().eq_ignore_ascii_case("available"))
}

/// Compares `com.amazonaws.<region>.ecr.api` with `ecr.api`.
fn names_service(name: &str, service: &str) -> bool {
    name.splitn(4, '.').nth(3) == Some(service)
        // In China the name begins with `cn.`.
        || name.strip_prefix("cn.").and_then(|rest| rest.splitn(4, '.').nth(3)) == Some(service)
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{RouteTableAssociation, State};

    use super::*;
    use crate::testing;

    fn table(id: &str, association: RouteTableAssociation, route: Option<Route>) -> RouteTable {
        RouteTable::builder()
            .route_table_id(id)
            .associations(association)
            .set_routes(route.map(|route| vec![route]))
            .build()
    }

    fn main() -> RouteTableAssociation {
        RouteTableAssociation::builder().main(true).build()
    }

    fn to() -> aws_sdk_ec2::types::builders::RouteBuilder {
        Route::builder().destination_cidr_block("0.0.0.0/0").state(RouteState::Active)
    }

    #[test]
    fn a_subnet_without_a_table_of_its_own_uses_the_main_one() {
        let own = RouteTableAssociation::builder().subnet_id("subnet-1").build();
        let tables = [table("rtb-main", main(), None), table("rtb-own", own, None)];
        let id = |subnet| table_of(subnet, &tables).and_then(RouteTable::route_table_id);
        assert_eq!((id("subnet-1"), id("subnet-2")), (Some("rtb-own"), Some("rtb-main")));
    }

    #[test]
    fn the_default_route_tells_public_from_private() {
        let cases = [
            (Some(to().gateway_id("igw-1").build()), Egress::InternetGateway),
            (Some(to().nat_gateway_id("nat-1").build()), Egress::Nat),
            (Some(to().transit_gateway_id("tgw-1").build()), Egress::Nat),
            (Some(to().gateway_id("igw-1").state(RouteState::Blackhole).build()), Egress::None),
            (Some(Route::builder().destination_cidr_block("10.0.0.0/16").build()), Egress::None),
            (None, Egress::None),
        ];
        for (route, wanted) in cases {
            let shown = format!("{route:?}");
            assert_eq!(default_route(Some(&table("rtb-1", main(), route))), wanted, "{shown}");
        }
    }

    #[test]
    fn endpoints_have_to_be_complete() {
        let table = table("rtb-1", main(), None);
        let endpoint = |service: &str| {
            VpcEndpoint::builder()
                .service_name(format!("com.amazonaws.eu-west-1.{service}"))
                .private_dns_enabled(service != "s3")
                .set_route_table_ids((service == "s3").then(|| vec!["rtb-1".to_owned()]))
                .state(State::Available)
                .build()
        };
        let mut endpoints: Vec<VpcEndpoint> =
            ["ecr.api", "ecr.dkr", "logs", "s3"].into_iter().map(endpoint).collect();
        let needed = needed_endpoints(&testing::stack());
        assert!(reachable(needed.as_ref(), &endpoints, Some(&table)));
        endpoints.pop();
        assert!(!reachable(needed.as_ref(), &endpoints, Some(&table)));
        let mut stack = testing::stack();
        stack.services.get_mut("web").unwrap().image = Image::Elsewhere("nginx:1.27".to_owned());
        assert_eq!(needed_endpoints(&stack), None);
    }
}
