//! VPC, subnets, route tables, security groups.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_ec2::types::builders::TagBuilder;
use aws_sdk_ec2::types::{Filter, RouteTable, SecurityGroup, Tag, VpcEndpoint};
use wharf_graph::StackId;
use wharf_graph::facts::{Egress, Subnet, Vpc};
use wharf_spec::stack::VpcRef;

use crate::error::AwsError;
use crate::names;
use crate::reads::egress::{default_route, needed_endpoints, reachable, store_gateway, table_of};
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
        let open = |table: Option<&RouteTable>| default_route(table) == Egress::InternetGateway;
        let endpoints = if placed.iter().any(|(_, table)| !open(*table)) {
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
                layers_free: store_gateway(&endpoints, *table),
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

    /// Reads endpoints of a VPC.
    pub(crate) async fn endpoint_pages(
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

#[cfg(test)]
mod tests {
    use super::*;

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
