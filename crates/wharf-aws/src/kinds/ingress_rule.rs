//! Ingress rules: who may connect to the balancer, and that only the balancer connects to the tasks.
//!
//! Whatever else is found in the two groups counts as wharf's too, and so is taken out: a hole
//! somebody made by hand would otherwise stay for ever.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroup, UserIdGroupPair,
};
use serde::{Deserialize, Serialize};
use wharf_graph::{Address, Declare, Facts, Input, Live, Outcome, Policy, ReplaceOrder, StackId};
use wharf_spec::Stack;

use super::security_group::{BALANCER, FRESH, TASKS, role};
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::shared;
use crate::reads::Reads;
use crate::reads::ec2::tags as tag_map;
use crate::tags::{self, Owner};

/// See the module.
pub(crate) struct IngressRule;

/// Managed properties of a rule; together they are its identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    /// The security group the rule is in.
    group: Input<String>,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all.
    protocol: String,
    /// -1 where the protocol has no ports.
    from_port: i32,
    /// -1 where the protocol has no ports.
    to_port: i32,
    source: Source,
}

/// Where connections may come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// Addresses, IPv4 or IPv6.
    Cidr(String),
    /// Whatever is in another security group.
    Group(Input<String>),
    /// A prefix list.
    PrefixList(String),
}

impl Source {
    fn text(&self) -> Result<&str, AwsError> {
        Ok(match self {
            Self::Cidr(text) | Self::PrefixList(text) => text,
            Self::Group(id) => id.get()?,
        })
    }
}

impl Kind for IngressRule {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[
            ("group", "a rule belongs to its security group"),
            ("protocol", "a rule is what it allows"),
            ("from_port", "a rule is what it allows"),
            ("to_port", "a rule is what it allows"),
            ("source", "a rule is what it allows"),
        ],
        // The new rule never equals the old one, and without either nobody could connect.
        replace_order: ReplaceOrder::CreateFirst,
        identity: Some("group"),
        delete_after: &["service"],
        ..Policy::plain("ingress_rule", "ingress rule")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        // Without a VPC there are no groups to have rules in; that is said once, by the groups.
        if facts.vpc.is_none() {
            return;
        }
        let group = |role: &str| Input::of(&Address::new("security_group", role), "id");
        let ports: BTreeSet<u16> = stack
            .routed()
            .filter_map(|service| service.routing.as_ref())
            .map(|routing| routing.port)
            .collect();
        // Each of its groups stands for all that a balancer sends.
        let balancer = match &stack.balancer.shared {
            None => Some(group(BALANCER)),
            Some(_) => shared::group(facts).map(Input::Known),
        };
        let Some(balancer) = balancer else { return };
        for port in &ports {
            let props = tcp(group(TASKS), *port, Source::Group(balancer.clone()));
            out.add(&Self::POLICY, format!("{TASKS}:{port}"), &props);
        }
        if ports.is_empty() || stack.balancer.shared.is_some() {
            return;
        }
        let secure = stack.certificate().map(|_| 443);
        let allowed: BTreeSet<String> = stack.balancer.allow.iter().map(|it| cidr(it)).collect();
        for port in [80].into_iter().chain(secure) {
            for from in &allowed {
                let props = tcp(group(BALANCER), port, Source::Cidr(from.clone()));
                out.add(&Self::POLICY, format!("{BALANCER}:{port}:{from}"), &props);
            }
        }
    }

    fn example() -> Props {
        tcp(Input::from("sg-1"), 443, Source::Cidr("0.0.0.0/0".to_owned()))
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let (got, elsewhere) = futures::try_join!(cx.security_groups(), cx.shared_fact())?;
        let elsewhere = elsewhere.and_then(|found| found.groups.first().cloned());
        let rules = rules(&got.value, elsewhere.as_deref(), &cx.id)?;
        Ok(rules.into_iter().map(Found::Ours).collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let group = want.group.get()?;
        let permission = permission(&want, Some(&cx.address.to_string()))?;
        let made = cx
            .aws
            .caller
            .retrying(FRESH, async || {
                cx.aws
                    .caller
                    .call("ec2:AuthorizeSecurityGroupIngress", || {
                        cx.aws
                            .ec2
                            .authorize_security_group_ingress()
                            .group_id(group)
                            .ip_permissions(permission.clone())
                            .send()
                    })
                    .await
            })
            .await;
        match made {
            Err(error) if !error.is(&["InvalidPermission.Duplicate"]) => Err(error),
            _ => Ok(Outcome::Done { id: id(&want)?, outputs: std::collections::BTreeMap::new() }),
        }
    }

    async fn update(
        _: &Write<'_>,
        live: &Live,
        _: Props,
        _: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        Ok(Outcome::Done { id: live.id.clone(), outputs: live.outputs.clone() })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let props: Props = serde_json::from_value(live.props.clone()).map_err(|error| {
            let message = format!("{} is not a rule this version of wharf knows: {error}", live.id);
            AwsError::own(wharf_graph::ErrorClass::Other, message)
        })?;
        let group = props.group.get()?;
        let permission = permission(&props, None)?;
        let revoked = cx
            .aws
            .caller
            .call("ec2:RevokeSecurityGroupIngress", || {
                cx.aws
                    .ec2
                    .revoke_security_group_ingress()
                    .group_id(group)
                    .ip_permissions(permission.clone())
                    .send()
            })
            .await;
        match revoked {
            Err(error) if !error.is(&["InvalidPermission.NotFound", "InvalidGroup.NotFound"]) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }
}

fn tcp(group: Input<String>, port: u16, source: Source) -> Props {
    let port = i32::from(port);
    Props { group, protocol: "tcp".to_owned(), from_port: port, to_port: port, source }
}

fn id(props: &Props) -> Result<String, AwsError> {
    let Props { group, protocol, from_port, to_port, source } = props;
    Ok(format!("{}|{protocol}|{from_port}|{to_port}|{}", group.get()?, source.text()?))
}

/// Writes an address block the way EC2 returns it: host bits cleared, IPv6 shortened (EC2 API
/// reference, `AuthorizeSecurityGroupIngress`). What is not one is left to EC2 to refuse.
fn cidr(text: &str) -> String {
    let parse = || {
        let (address, length) = text.split_once('/')?;
        let length: u32 = length.parse().ok()?;
        let network: IpAddr = match address.parse().ok()? {
            IpAddr::V4(it) => {
                let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
                Ipv4Addr::from_bits(it.to_bits() & mask).into()
            }
            IpAddr::V6(it) => {
                let mask = u128::MAX.checked_shl(128_u32.checked_sub(length)?).unwrap_or(0);
                Ipv6Addr::from_bits(it.to_bits() & mask).into()
            }
        };
        Some(format!("{network}/{length}"))
    };
    parse().unwrap_or_else(|| text.to_owned())
}

/// Lists every ingress rule of our groups, one source each.
fn rules(
    groups: &[SecurityGroup],
    elsewhere: Option<&str>,
    stack: &StackId,
) -> Result<Vec<Owned<Props>>, AwsError> {
    let ours: Vec<(&SecurityGroup, &'static str)> = groups
        .iter()
        .filter(|group| tags::owner(&tag_map(group.tags()), stack) == Owner::Ours)
        .filter_map(|group| Some((group, role(group, stack)?)))
        .collect();
    let balancers: BTreeSet<&str> = ours
        .iter()
        .filter(|(_, role)| *role == BALANCER)
        .filter_map(|(group, _)| group.group_id())
        .chain(elsewhere)
        .collect();
    let mut found = Vec::new();
    for (group, role) in &ours {
        let group_id = group.group_id().unwrap_or_default();
        for permission in group.ip_permissions() {
            for source in sources(permission) {
                let props = Props {
                    group: Input::from(group_id),
                    protocol: permission.ip_protocol().unwrap_or("-1").to_owned(),
                    from_port: permission.from_port().unwrap_or(-1),
                    to_port: permission.to_port().unwrap_or(-1),
                    source,
                };
                found.push(Owned {
                    name: name(role, &props, &balancers)?,
                    id: id(&props)?,
                    props,
                    outputs: std::collections::BTreeMap::new(),
                    applied: None,
                    leaving: false,
                });
            }
        }
    }
    Ok(found)
}

fn sources(permission: &IpPermission) -> Vec<Source> {
    let v4 = permission.ip_ranges().iter().filter_map(IpRange::cidr_ip);
    let v6 = permission.ipv6_ranges().iter().filter_map(Ipv6Range::cidr_ipv6);
    let groups = permission.user_id_group_pairs().iter().filter_map(UserIdGroupPair::group_id);
    let lists = permission.prefix_list_ids().iter().filter_map(PrefixListId::prefix_list_id);
    v4.chain(v6)
        .map(|block| Source::Cidr(cidr(block)))
        .chain(groups.map(|id| Source::Group(Input::from(id))))
        .chain(lists.map(|id| Source::PrefixList(id.to_owned())))
        .collect()
}

/// Names a rule the way it would be declared; one that never would be gets a name of its own.
fn name(role: &str, props: &Props, balancers: &BTreeSet<&str>) -> Result<String, AwsError> {
    let Props { protocol, from_port, to_port, source, .. } = props;
    let single = protocol == "tcp" && from_port == to_port;
    Ok(match source {
        Source::Cidr(block) if single && role == BALANCER => {
            format!("{role}:{from_port}:{block}")
        }
        Source::Group(from)
            if single && role == TASKS && balancers.contains(from.get()?.as_str()) =>
        {
            format!("{role}:{from_port}")
        }
        other => format!("{role}:{protocol}:{from_port}-{to_port}:{}", other.text()?),
    })
}

/// Writes a rule the way EC2 takes it.
fn permission(props: &Props, description: Option<&str>) -> Result<IpPermission, AwsError> {
    let description = description.map(str::to_owned);
    let ports = props.protocol != "-1";
    let permission = IpPermission::builder()
        .ip_protocol(&props.protocol)
        .set_from_port(ports.then_some(props.from_port))
        .set_to_port(ports.then_some(props.to_port));
    let text = props.source.text()?;
    Ok(match &props.source {
        Source::Cidr(_) if text.contains(':') => permission
            .ipv6_ranges(Ipv6Range::builder().cidr_ipv6(text).set_description(description).build()),
        Source::Cidr(_) => permission
            .ip_ranges(IpRange::builder().cidr_ip(text).set_description(description).build()),
        // The name of the other group says enough.
        Source::Group(_) => {
            permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(text).build())
        }
        Source::PrefixList(_) => permission.prefix_list_ids(
            PrefixListId::builder().prefix_list_id(text).set_description(description).build(),
        ),
    }
    .build())
}

#[cfg(test)]
mod tests {
    use wharf_graph::facts::Vpc;

    use super::*;
    use crate::testing;

    fn stack() -> StackId {
        StackId { app: "notes".into(), env: Some("prod".into()) }
    }

    fn group(id: &str, role: &str, permissions: Vec<IpPermission>) -> SecurityGroup {
        let tag = |key: &str, value: &str| {
            aws_sdk_ec2::types::Tag::builder().key(key).value(value).build()
        };
        SecurityGroup::builder()
            .group_id(id)
            .group_name(format!("notes-prod-{role}"))
            .tags(tag(tags::APP, "notes"))
            .tags(tag(tags::ENV, "prod"))
            .set_ip_permissions(Some(permissions))
            .build()
    }

    #[test]
    fn what_is_declared_and_what_is_found_have_one_name() {
        let mut spec = testing::stack();
        spec.balancer.allow = BTreeSet::from(["10.1.2.3/8".to_owned(), "2001:DB8::/32".to_owned()]);
        let vpc = Vpc { id: "vpc-1".into(), cidr: String::new(), default: true };
        let facts = Facts { vpc: Some(vpc), ..Facts::default() };
        let mut out = Declare::new();
        IngressRule::declare(&spec, &facts, &mut out);
        let declared: BTreeSet<String> =
            out.finish().0.iter().map(|node| node.address.name().to_owned()).collect();
        let web = IpPermission::builder().ip_protocol("tcp").from_port(80).to_port(80);
        let web = web
            .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").build())
            .ipv6_ranges(Ipv6Range::builder().cidr_ipv6("2001:db8::/32").build())
            .build();
        let inside = tcp(Input::from("sg-t"), 3000, Source::Group(Input::from("sg-b")));
        let groups = [
            group("sg-b", BALANCER, vec![web]),
            group("sg-t", TASKS, vec![permission(&inside, None).unwrap()]),
        ];
        let found: BTreeSet<String> =
            rules(&groups, None, &stack()).unwrap().into_iter().map(|rule| rule.name).collect();
        assert_eq!(found, declared);
        assert_eq!(declared.len(), 3);
    }

    #[test]
    fn a_hole_made_by_hand_is_found_under_a_name_of_its_own() {
        let all = IpPermission::builder()
            .ip_protocol("-1")
            .ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build())
            .build();
        let ssh = tcp(Input::from("sg-t"), 22, Source::Cidr("0.0.0.0/0".to_owned()));
        let ssh = permission(&ssh, None).unwrap();
        let groups = [group("sg-t", TASKS, vec![all, ssh])];
        let found = rules(&groups, None, &stack()).unwrap();
        let names: Vec<&str> = found.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["tasks:-1:-1--1:0.0.0.0/0", "tasks:tcp:22-22:0.0.0.0/0"]);
        assert_eq!(found[1].id, "sg-t|tcp|22|22|0.0.0.0/0");
        assert_eq!(permission(&found[0].props, None).unwrap().from_port(), None);
    }

    #[test]
    fn foreign_groups_are_left_alone() {
        let mut foreign = group("sg-x", TASKS, Vec::new());
        let ssh = tcp(Input::from("sg-x"), 22, Source::Cidr("0.0.0.0/0".to_owned()));
        foreign.ip_permissions = Some(vec![permission(&ssh, None).unwrap()]);
        foreign.tags = None;
        assert!(rules(&[foreign], None, &stack()).unwrap().is_empty());
    }

    #[test]
    fn address_blocks_have_one_form() {
        for (written, wanted) in [
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("192.0.2.7/32", "192.0.2.7/32"),
            ("2001:0DB8:0:0::1/64", "2001:db8::/64"),
            ("::/0", "::/0"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(cidr(written), wanted);
        }
    }
}
