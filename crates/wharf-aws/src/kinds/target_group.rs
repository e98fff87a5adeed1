//! A target group: the tasks of one service behind the balancer, and how they are checked.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, ProtocolEnum, TargetGroup as Group, TargetGroupAttribute, TargetTypeEnum,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use wharf_graph::{Address, Declare, Facts, Foreign, Live, Outcome, Policy, ReplaceOrder, StackId};
use wharf_spec::Stack;
use wharf_spec::stack::{Service, Strategy};

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::load_balancer::{add_tags, claim, settled, tag_list};
use crate::kinds::shared;
use crate::names;
use crate::reads::Reads;
use crate::reads::elb::Attributes;
use crate::tags::{self, Owner, Tags};

/// How long a listener or rule that is gone may still hold a group.
const RELEASED: Duration = Duration::from_mins(5);

const DRAIN: &str = "deregistration_delay.timeout_seconds";
/// The attributes wharf manages.
const MANAGED: &[&str] = &[DRAIN];

/// See the module.
pub(crate) struct TargetGroup;

/// Managed properties of a target group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    name: String,
    port: u16,
    protocol: String,
    protocol_version: String,
    vpc_id: String,
    target_type: String,
    health_check: HealthCheck,
    attributes: BTreeMap<String, String>,
    tags: Tags,
}

/// How a target is checked. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct HealthCheck {
    enabled: bool,
    protocol: String,
    port: String,
    path: String,
    interval: i32,
    timeout: i32,
    healthy_threshold: i32,
    unhealthy_threshold: i32,
    codes: String,
}

/// Returns the name of a service's target group; `None` without a port, or a VPC to put it in.
///
/// A hash of everything that cannot be changed is part of it, so that a replacement has another name.
pub(crate) fn physical_name(stack: &Stack, facts: &Facts, service: &str) -> Option<String> {
    let port = stack.services.get(service)?.routing.as_ref()?.port;
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let vpc = &facts.vpc.as_ref()?.id;
    Some(name(&id, (service, Role::Primary), port, vpc, elsewhere(facts)))
}

fn name(
    id: &StackId,
    (service, role): (&str, Role),
    port: u16,
    vpc: &str,
    balancer: &str,
) -> String {
    let alternate = if role == Role::Alternate { "/alternate" } else { "" };
    names::target_group(id, service, &format!("HTTP/HTTP1/{port}/{vpc}/ip{alternate}{balancer}"))
}

/// Returns the ARN of the balancer where it is owned elsewhere: a target group belongs to one balancer
/// (ELB User Guide, target groups), so that another one takes another group.
fn elsewhere(facts: &Facts) -> &str {
    shared::fact(facts).map_or("", |found| &found.arn)
}

/// What comes behind a service's name where a target group is its second.
const SECOND: &str = "/alternate";

/// Which of a service's target groups it is. Where requests move all at once or in steps, a service has
/// two: one whose tasks get the requests, and one for the tasks of the next release; with every release they
/// change places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Primary,
    Alternate,
}

impl Role {
    /// Returns the name in the address; no service can be called so.
    pub(crate) fn address(self, service: &str) -> String {
        match self {
            Self::Primary => service.to_owned(),
            Self::Alternate => format!("{service}{SECOND}"),
        }
    }

    /// Finds out from the name in an address.
    pub(crate) fn of(address: &str) -> Self {
        if address.ends_with(SECOND) { Self::Alternate } else { Self::Primary }
    }
}

/// Returns the target groups of a routed service.
fn roles(service: &Service) -> impl Iterator<Item = (&Service, Role)> {
    let both = service.deploy.strategy != Strategy::Rolling;
    let second = both.then_some((service, Role::Alternate));
    std::iter::once((service, Role::Primary)).chain(second)
}

impl Kind for TargetGroup {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[
            ("port", "a target group's port is fixed at creation"),
            ("protocol", "a target group's protocol is fixed at creation"),
            ("protocol_version", "a target group's protocol version is fixed at creation"),
            ("vpc_id", "a target group cannot move to another VPC"),
            ("target_type", "a target group's kind of targets is fixed at creation"),
            ("name", "a target group cannot be renamed"),
        ],
        replace_order: ReplaceOrder::CreateFirst,
        identity: Some("name"),
        serves_traffic: true,
        // The cluster too: AWS deletes it only when the last task is gone, also of a service that drains and that no
        // list shows any more (ECS API reference, `DeleteService`, `DeleteCluster`).
        delete_after: &["service", "cluster"],
        ..Policy::plain("target_group", "target group")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        // Without a VPC the balancer has reported the problem.
        let Some(vpc) = &facts.vpc else { return };
        let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
        for (service, role) in stack.routed().flat_map(roles) {
            let Some(routing) = &service.routing else { continue };
            let name = name(&id, (&service.name, role), routing.port, &vpc.id, elsewhere(facts));
            let seconds = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
            let props = Props {
                name: name.clone(),
                port: routing.port,
                protocol: "HTTP".to_owned(),
                protocol_version: "HTTP1".to_owned(),
                vpc_id: vpc.id.clone(),
                target_type: "ip".to_owned(),
                health_check: HealthCheck {
                    enabled: true,
                    protocol: "HTTP".to_owned(),
                    port: "traffic-port".to_owned(),
                    path: routing.health.path.clone(),
                    interval: seconds(routing.health.interval),
                    timeout: seconds(routing.health.timeout),
                    healthy_threshold: seconds(routing.health.good),
                    unhealthy_threshold: seconds(routing.health.bad),
                    codes: routing.health.codes.clone(),
                },
                attributes: BTreeMap::from([(DRAIN.to_owned(), service.deploy.drain.to_string())]),
                tags: stack.tags.clone(),
            };
            let node = out.add(&Self::POLICY, role.address(&service.name), &props);
            node.known_outputs.insert("name".to_owned(), name);
        }
    }

    fn example() -> Props {
        Props {
            name: "notes-web-1a2b".to_owned(),
            port: 3000,
            protocol: "HTTP".to_owned(),
            protocol_version: "HTTP1".to_owned(),
            vpc_id: "vpc-1".to_owned(),
            target_type: "ip".to_owned(),
            health_check: HealthCheck {
                enabled: true,
                protocol: "HTTP".to_owned(),
                port: "traffic-port".to_owned(),
                path: "/healthz".to_owned(),
                interval: 10,
                timeout: 5,
                healthy_threshold: 2,
                unhealthy_threshold: 3,
                codes: "200-299".to_owned(),
            },
            attributes: BTreeMap::from([(DRAIN.to_owned(), "30".to_owned())]),
            tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let groups = cx.target_groups().await?;
        // Attributes are asked for along with the tags: by their names alone, nearly all are ours.
        let attributes = try_join_all(groups.value.iter().map(async |group| {
            let arn = group.target_group_arn().unwrap_or_default();
            match cx.target_group_attributes(arn, groups.round).await {
                Err(error) if error.is(&["TargetGroupNotFound"]) => Ok(None),
                got => got.map(|got| Some(got.value)),
            }
        }));
        let (tags, attributes) = futures::try_join!(cx.balancer_tags(), attributes)?;
        let mut found = Vec::new();
        for (group, attributes) in groups.value.iter().zip(attributes) {
            let Some(attributes) = attributes else { continue };
            let arn = group.target_group_arn().unwrap_or_default().to_owned();
            let own = tags.value.get(&arn).cloned().unwrap_or_default();
            let owner = tags::owner(&own, &cx.id);
            let address = tags::address(&own, Self::POLICY.kind);
            match (owner, address) {
                (Owner::Ours, Some(address)) => found.push(Found::Ours(Owned {
                    name: address.name().to_owned(),
                    id: arn,
                    props: props(group, &attributes, &own, &cx.stack.tags),
                    outputs: outputs(group),
                    applied: own.get(tags::SPEC).cloned(),
                    leaving: false,
                })),
                // Ours by its tags, but for nothing this version knows: left alone.
                (Owner::Ours, None) => {}
                (Owner::Other(owner), _) => {
                    let taken = in_the_way(&cx.stack, &cx.id, group);
                    found.extend(taken.map(|service| {
                        let address = Address::new(Self::POLICY.kind, service);
                        Found::Foreign(Foreign { address, id: arn, owner })
                    }));
                }
            }
        }
        Ok(found)
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let check = &want.health_check;
        let created = cx
            .aws
            .caller
            .call("elasticloadbalancing:CreateTargetGroup", || {
                cx.aws
                    .elb
                    .create_target_group()
                    .name(&want.name)
                    .port(i32::from(want.port))
                    .protocol(ProtocolEnum::from(want.protocol.as_str()))
                    .protocol_version(&want.protocol_version)
                    .vpc_id(&want.vpc_id)
                    .target_type(TargetTypeEnum::from(want.target_type.as_str()))
                    .health_check_enabled(check.enabled)
                    .health_check_protocol(ProtocolEnum::from(check.protocol.as_str()))
                    .health_check_port(&check.port)
                    .health_check_path(&check.path)
                    .health_check_interval_seconds(check.interval)
                    .health_check_timeout_seconds(check.timeout)
                    .healthy_threshold_count(check.healthy_threshold)
                    .unhealthy_threshold_count(check.unhealthy_threshold)
                    .matcher(Matcher::builder().http_code(&check.codes).build())
                    .set_tags(Some(tag_list(&cx.tags(&want.tags))))
                    .send()
            })
            .await;
        let group = match created {
            Ok(created) => created.target_groups().first().cloned(),
            // It exists with other settings: ours from an earlier run, or somebody else's.
            Err(error) if error.is(&["DuplicateTargetGroupName"]) => {
                let found = describe(cx, &want.name).await?;
                let arn = found.as_ref().and_then(Group::target_group_arn).unwrap_or_default();
                claim(cx, arn, &want.tags, &format!("the target group {}", want.name)).await?;
                set_health_check(cx, arn, check).await?;
                found
            }
            Err(error) => return Err(error),
        };
        let group = group.unwrap_or_else(|| Group::builder().build());
        let arn = group.target_group_arn().unwrap_or_default();
        claim(cx, arn, &want.tags, &format!("the target group {}", want.name)).await?;
        set_attributes(cx, arn, &want.attributes).await?;
        Ok(Outcome::Done { id: arn.to_owned(), outputs: outputs(&group) })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        changed: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        if changed.has("health_check") {
            set_health_check(cx, &live.id, &want.health_check).await?;
        }
        if changed.has("attributes") {
            set_attributes(cx, &live.id, &want.attributes).await?;
        }
        add_tags(cx, &live.id, &cx.tags(&want.tags)).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: live.outputs.clone() })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        const HELD: &[Transient] =
            &[Transient { codes: &["ResourceInUse"], text: "", budget: RELEASED }];
        let deleted = cx
            .aws
            .caller
            .retrying(HELD, async || {
                cx.aws
                    .caller
                    .call("elasticloadbalancing:DeleteTargetGroup", || {
                        cx.aws.elb.delete_target_group().target_group_arn(&live.id).send()
                    })
                    .await
            })
            .await;
        match deleted {
            Err(error) if !error.is(&["TargetGroupNotFound"]) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Returns the service whose target group would have exactly the name of `group`. The VPC is taken
/// from the group itself: with another one the name would be another.
fn in_the_way(stack: &Stack, id: &StackId, group: &Group) -> Option<String> {
    stack
        .routed()
        .flat_map(roles)
        .find(|(service, role)| {
            let Some(routing) = &service.routing else { return false };
            let vpc = group.vpc_id().unwrap_or_default();
            let name = name(id, (&service.name, *role), routing.port, vpc, "");
            group.target_group_name() == Some(&name)
        })
        .map(|(service, role)| role.address(&service.name))
}

fn outputs(group: &Group) -> BTreeMap<String, String> {
    let arn = group.target_group_arn().unwrap_or_default();
    // `targetgroup/name/id`: the dimension of the group's metrics.
    let suffix = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let name = group.target_group_name().unwrap_or_default();
    [("arn", arn), ("arn_suffix", suffix), ("name", name)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// Brings what ELB returns into canonical form.
fn props(group: &Group, attributes: &Attributes, live: &Tags, spec: &Tags) -> Props {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let protocol = |value: Option<&ProtocolEnum>| value.map_or("", ProtocolEnum::as_str).to_owned();
    Props {
        name: text(group.target_group_name()),
        port: group.port().and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
        protocol: protocol(group.protocol()),
        protocol_version: group.protocol_version().unwrap_or("HTTP1").to_owned(),
        vpc_id: text(group.vpc_id()),
        target_type: group.target_type().map_or("", TargetTypeEnum::as_str).to_owned(),
        health_check: HealthCheck {
            enabled: group.health_check_enabled().unwrap_or(true),
            protocol: protocol(group.health_check_protocol()),
            port: text(group.health_check_port()),
            path: text(group.health_check_path()),
            interval: group.health_check_interval_seconds().unwrap_or_default(),
            timeout: group.health_check_timeout_seconds().unwrap_or_default(),
            healthy_threshold: group.healthy_threshold_count().unwrap_or_default(),
            unhealthy_threshold: group.unhealthy_threshold_count().unwrap_or_default(),
            codes: text(group.matcher().and_then(|matcher| matcher.http_code())),
        },
        attributes: attributes
            .iter()
            .filter(|(key, _)| MANAGED.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        tags: tags::managed(live, spec),
    }
}

async fn describe(cx: &Write<'_>, name: &str) -> Result<Option<Group>, AwsError> {
    let got = settled(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:DescribeTargetGroups", || {
                cx.aws.elb.describe_target_groups().names(name).send()
            })
            .await
    })
    .await?;
    Ok(got.target_groups().first().cloned())
}

async fn set_health_check(cx: &Write<'_>, arn: &str, check: &HealthCheck) -> Result<(), AwsError> {
    cx.aws
        .caller
        .call("elasticloadbalancing:ModifyTargetGroup", || {
            cx.aws
                .elb
                .modify_target_group()
                .target_group_arn(arn)
                .health_check_enabled(check.enabled)
                .health_check_protocol(ProtocolEnum::from(check.protocol.as_str()))
                .health_check_port(&check.port)
                .health_check_path(&check.path)
                .health_check_interval_seconds(check.interval)
                .health_check_timeout_seconds(check.timeout)
                .healthy_threshold_count(check.healthy_threshold)
                .unhealthy_threshold_count(check.unhealthy_threshold)
                .matcher(Matcher::builder().http_code(&check.codes).build())
                .send()
        })
        .await?;
    Ok(())
}

async fn set_attributes(
    cx: &Write<'_>,
    arn: &str,
    attributes: &BTreeMap<String, String>,
) -> Result<(), AwsError> {
    let list: Vec<TargetGroupAttribute> = attributes
        .iter()
        .map(|(key, value)| TargetGroupAttribute::builder().key(key).value(value).build())
        .collect();
    settled(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:ModifyTargetGroupAttributes", || {
                cx.aws
                    .elb
                    .modify_target_group_attributes()
                    .target_group_arn(arn)
                    .set_attributes(Some(list.clone()))
                    .send()
            })
            .await
    })
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_of_another_port_has_another_name() {
        let id = StackId { app: "notes".into(), env: None };
        let name = |vpc: &str, port: u16| name(&id, ("web", Role::Primary), port, vpc, "");
        assert_eq!(name("vpc-1", 3000), name("vpc-1", 3000));
        assert_ne!(name("vpc-1", 3000), name("vpc-1", 3001));
        assert_ne!(name("vpc-1", 3000), name("vpc-2", 3000));
        assert_ne!(
            name("vpc-1", 3000),
            super::name(&id, ("web", Role::Alternate), 3000, "vpc-1", "")
        );
    }

    #[test]
    fn unmanaged_attributes_are_not_drift() {
        let group = Group::builder().target_group_name("x").port(80).build();
        let attributes = Attributes::from([
            (DRAIN.to_owned(), "30".to_owned()),
            ("slow_start.duration_seconds".to_owned(), "0".to_owned()),
        ]);
        let props = props(&group, &attributes, &Tags::new(), &Tags::new());
        assert_eq!(props.attributes, BTreeMap::from([(DRAIN.to_owned(), "30".to_owned())]));
        assert_eq!(props.protocol_version, "HTTP1");
    }
}
