//! VPC, subnets, route tables, security groups.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_ec2::types::builders::TagBuilder;
use aws_sdk_ec2::types::{Filter, Route, RouteState, RouteTable, SecurityGroup, Tag, VpcEndpoint};
use wharf_graph::StackId;
use wharf_graph::facts::{Egress, Subnet, Vpc};
use wharf_spec::Stack;
use wharf_spec::stack::{Image, SecretRef, VpcRef};

use crate::error::AwsError;
use crate::names;
use crate::reads::{Got, Memo, Reads};
use crate::tags::{self, Tags};

/// Largest page (EC2 API reference, `DescribeSecurityGroups`).
pub(crate) const PAGE: i32 = 1000;

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    vpc: Memo<Result<Vpc, String>>,
    subnets: Memo<Vec<Subnet>>,
    groups: Memo<Vec<SecurityGroup>>,
}

impl Reads {
    /// Reads the VPC the spec names, or says in words why there is not exactly one.
    pub(crate) async fn vpc(&self) -> Result<Arc<Got<Result<Vpc, String>>>, AwsError> {
        self.memos
            .ec2
            .vpc
            .get(async || {
                let wanted = &self.stack.network.vpc;
                let asked = match wanted {
                    VpcRef::Default => filter("is-default", "true"),
                    VpcRef::Id(id) => filter("vpc-id", id),
                    VpcRef::Tag { key, value } => filter(&format!("tag:{key}"), value),
                };
                // A filter finds nothing where an id would be an error.
                let got = self
                    .call(0, "ec2:DescribeVpcs", |aws| {
                        aws.ec2.describe_vpcs().filters(asked.clone()).send()
                    })
                    .await?;
                let found: Vec<Vpc> = got
                    .value
                    .vpcs()
                    .iter()
                    .map(|vpc| Vpc {
                        id: vpc.vpc_id().unwrap_or_default().to_owned(),
                        cidr: vpc.cidr_block().unwrap_or_default().to_owned(),
                        default: vpc.is_default().unwrap_or(false),
                    })
                    .collect();
                Ok(Got { value: only(found, wanted, &self.stack.region), round: got.round })
            })
            .await
    }

    /// Reads the subnets of the VPC, ordered by id, and where each one's default route leads. Empty
    /// without a VPC.
    pub(crate) async fn subnets(&self) -> Result<Arc<Got<Vec<Subnet>>>, AwsError> {
        self.memos
            .ec2
            .subnets
            .get(async || {
                // An id needs no answer to be asked below; a wrong one finds nothing.
                let (id, after) = if let VpcRef::Id(id) = &self.stack.network.vpc {
                    (id.clone(), 0)
                } else {
                    let vpc = self.vpc().await?;
                    match &vpc.value {
                        Ok(found) => (found.id.clone(), vpc.round),
                        Err(_) => return Ok(Got { value: Vec::new(), round: vpc.round }),
                    }
                };
                self.subnets_of(&id, after).await
            })
            .await
    }

    async fn subnets_of(&self, vpc: &str, after: u32) -> Result<Got<Vec<Subnet>>, AwsError> {
        let of_vpc = filter("vpc-id", vpc);
        let (subnets, tables) =
            futures::join!(self.subnet_pages(&of_vpc, after), self.table_pages(&of_vpc, after));
        let (subnets, tables) = (subnets?, tables?);
        let mut round = subnets.round.max(tables.round);
        let placed: Vec<(aws_sdk_ec2::types::Subnet, Option<&RouteTable>)> = subnets
            .value
            .into_iter()
            .map(|subnet| {
                let table = table_of(subnet.subnet_id().unwrap_or_default(), &tables.value);
                (subnet, table)
            })
            .collect();
        let closed = |table: Option<&RouteTable>| default_route(table) == Egress::None;
        let endpoints = if placed.iter().any(|(_, table)| closed(*table)) {
            let got = self.endpoint_pages(&of_vpc, round).await?;
            round = got.round;
            got.value
        } else {
            Vec::new()
        };
        let needed = needed_endpoints(&self.stack);
        let mut value: Vec<Subnet> = placed
            .iter()
            .map(|(subnet, table)| Subnet {
                id: subnet.subnet_id().unwrap_or_default().to_owned(),
                zone: subnet.availability_zone().unwrap_or_default().to_owned(),
                egress: match default_route(*table) {
                    Egress::None if reachable(needed.as_ref(), &endpoints, *table) => {
                        Egress::Endpoints
                    }
                    egress => egress,
                },
                free_addresses: subnet
                    .available_ip_address_count()
                    .and_then(|count| u32::try_from(count).ok())
                    .unwrap_or_default(),
            })
            .collect();
        value.sort_by(|one, two| one.id.cmp(&two.id));
        Ok(Got { value, round })
    }

    async fn subnet_pages(
        &self,
        of_vpc: &Filter,
        after: u32,
    ) -> Result<Got<Vec<aws_sdk_ec2::types::Subnet>>, AwsError> {
        let (mut found, mut round, mut token) = (Vec::new(), after, None);
        loop {
            let got = self
                .call(round, "ec2:DescribeSubnets", |aws| {
                    aws.ec2
                        .describe_subnets()
                        .filters(of_vpc.clone())
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            round = got.round;
            found.extend_from_slice(got.value.subnets());
            token = more(got.value.next_token());
            if token.is_none() {
                return Ok(Got { value: found, round });
            }
        }
    }

    async fn table_pages(
        &self,
        of_vpc: &Filter,
        after: u32,
    ) -> Result<Got<Vec<RouteTable>>, AwsError> {
        let (mut found, mut round, mut token) = (Vec::new(), after, None);
        loop {
            let got = self
                .call(round, "ec2:DescribeRouteTables", |aws| {
                    aws.ec2
                        .describe_route_tables()
                        .filters(of_vpc.clone())
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            round = got.round;
            found.extend_from_slice(got.value.route_tables());
            token = more(got.value.next_token());
            if token.is_none() {
                return Ok(Got { value: found, round });
            }
        }
    }

    async fn endpoint_pages(
        &self,
        of_vpc: &Filter,
        after: u32,
    ) -> Result<Got<Vec<VpcEndpoint>>, AwsError> {
        let (mut found, mut round, mut token) = (Vec::new(), after, None);
        loop {
            let got = self
                .call(round, "ec2:DescribeVpcEndpoints", |aws| {
                    aws.ec2
                        .describe_vpc_endpoints()
                        .filters(of_vpc.clone())
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            round = got.round;
            found.extend_from_slice(got.value.vpc_endpoints());
            token = more(got.value.next_token());
            if token.is_none() {
                return Ok(Got { value: found, round });
            }
        }
    }

    /// Reads the security groups of the stack's two names, in whatever VPC they are, and those around the tasks
    /// of the app's other environments.
    pub(crate) async fn security_groups(&self) -> Result<Arc<Got<Vec<SecurityGroup>>>, AwsError> {
        self.memos
            .ec2
            .groups
            .get(async || {
                let [alone, with_env] = names::task_groups_pattern(&self.id);
                let asked = Filter::builder()
                    .name("group-name")
                    .values(names::security_group(&self.id, "balancer"))
                    .values(names::security_group(&self.id, "tasks"))
                    .values(alone)
                    .values(with_env)
                    .build();
                let got = self
                    .call(0, "ec2:DescribeSecurityGroups", |aws| {
                        aws.ec2.describe_security_groups().filters(asked.clone()).send()
                    })
                    .await?;
                let mut groups = got.value.security_groups().to_vec();
                for group in &mut groups {
                    let id = group.group_id().unwrap_or_default().to_owned();
                    if self.claims(&id) {
                        let tags = self.with_claim(&id, tags(group.tags())).into_iter();
                        let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value));
                        group.tags = Some(tags.map(TagBuilder::build).collect());
                    }
                }
                Ok(Got { value: groups, round: got.round })
            })
            .await
    }

    /// Lists the other environments of the app in this account and region: those that have a group around
    /// their tasks, which each has from its first apply to the end of its destroy.
    pub(crate) async fn other_environments(&self) -> Result<Got<BTreeSet<String>>, AwsError> {
        let groups = self.security_groups().await?;
        let found = groups.value.iter().filter_map(|group| environment(group, &self.id));
        Ok(Got { value: found.collect(), round: groups.round })
    }
}

/// Returns the environment a security group belongs to, if it is another one of the stack's app.
pub(crate) fn environment(group: &SecurityGroup, stack: &StackId) -> Option<String> {
    let tags = tags(group.tags());
    let env = tags.get(tags::ENV).filter(|env| *env != stack.env_tag())?;
    (tags.get(tags::APP) == Some(&stack.app)).then(|| env.clone())
}

/// Builds a filter of one value.
pub(crate) fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// Turns EC2's list of tags into a map.
pub(crate) fn tags(list: &[aws_sdk_ec2::types::Tag]) -> Tags {
    list.iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
        .collect()
}

fn more(token: Option<&str>) -> Option<String> {
    token.filter(|token| !token.is_empty()).map(str::to_owned)
}

fn only(mut found: Vec<Vpc>, wanted: &VpcRef, region: &str) -> Result<Vpc, String> {
    found.sort_by(|one, two| one.id.cmp(&two.id));
    match (found.len(), wanted) {
        (1, _) => Ok(found.remove(0)),
        (0, VpcRef::Default) => Err(format!(
            "{region} has no default VPC in this account; name one with network.vpc, or create it \
             with `aws ec2 create-default-vpc --region {region}`"
        )),
        (0, VpcRef::Id(id)) => {
            Err(format!("network.vpc names {id}, which does not exist in {region} in this account"))
        }
        (0, VpcRef::Tag { key, value }) => Err(format!(
            "network.vpc asks for the VPC tagged {key}={value}, and no VPC of {region} in this \
             account is"
        )),
        (count, _) => {
            let ids: Vec<String> = found.into_iter().map(|vpc| vpc.id).collect();
            Err(format!(
                "network.vpc fits {count} VPCs ({}); name one of them by its id",
                ids.join(", ")
            ))
        }
    }
}

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
fn needed_endpoints(stack: &Stack) -> Option<BTreeSet<&'static str>> {
    let mut needed = BTreeSet::from(["ecr.api", "ecr.dkr", "logs"]);
    for workload in stack.workloads() {
        if let Image::Elsewhere(reference) = workload.image
            && super::ecr::registry(reference).is_none()
        {
            return None;
        }
        if workload.sidecars.values().any(|one| super::ecr::registry(&one.image).is_none()) {
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
fn reachable(
    needed: Option<&BTreeSet<&'static str>>,
    endpoints: &[VpcEndpoint],
    table: Option<&RouteTable>,
) -> bool {
    let Some(needed) = needed else { return false };
    let table = table.and_then(RouteTable::route_table_id);
    let ready = |endpoint: &&VpcEndpoint| {
        endpoint.state().is_none_or(|state| state.as_str().eq_ignore_ascii_case("available"))
    };
    let by_name = |service: &str| {
        endpoints.iter().filter(ready).any(|endpoint| {
            endpoint.private_dns_enabled() == Some(true)
                && endpoint.service_name().is_some_and(|name| names_service(name, service))
        })
    };
    let gateway = endpoints.iter().filter(ready).any(|endpoint| {
        endpoint.service_name().is_some_and(|name| names_service(name, "s3"))
            && endpoint.route_table_ids().iter().any(|id| Some(id.as_str()) == table)
    });
    needed.iter().all(|service| by_name(service)) && (gateway || by_name("s3"))
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

    #[test]
    fn says_what_to_do_without_a_vpc() {
        let none = only(Vec::new(), &VpcRef::Default, "eu-west-1").unwrap_err();
        assert!(none.contains("create-default-vpc"), "{none}");
        let vpc = |id: &str| Vpc { id: id.into(), cidr: String::new(), default: false };
        let tag = VpcRef::Tag { key: "Name".into(), value: "main".into() };
        let two = only(vec![vpc("vpc-2"), vpc("vpc-1")], &tag, "eu-west-1").unwrap_err();
        assert!(two.contains("(vpc-1, vpc-2)"), "{two}");
    }

    #[test]
    fn only_another_environment_of_the_app_counts_as_one() {
        let stack = StackId { app: "notes".into(), env: Some("prod".into()) };
        let of = |app: &str, env: &str| {
            let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
            let group =
                SecurityGroup::builder().tags(tag(tags::APP, app)).tags(tag(tags::ENV, env));
            environment(&group.build(), &stack)
        };
        assert_eq!(of("notes", "staging").as_deref(), Some("staging"));
        assert_eq!(of("notes", "prod"), None);
        assert_eq!(of("shop", "staging"), None);
        assert_eq!(environment(&SecurityGroup::builder().build(), &stack), None);
    }
}
