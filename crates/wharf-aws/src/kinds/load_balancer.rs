//! The application load balancer: the one address of all services of a stack that take requests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::Filter;
use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType, LoadBalancer as Balancer, LoadBalancerAttribute, LoadBalancerSchemeEnum,
    LoadBalancerStateEnum, Tag,
};
use serde::{Deserialize, Serialize};
use wharf_graph::{
    Address, Declare, ErrorClass, Facts, Foreign, Input, Live, Outcome, Policy, ReplaceOrder,
    StackId, Takes, Unresolved,
};
use wharf_spec::Stack;
use wharf_spec::stack::Scheme;

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::shared;
use crate::names;
use crate::placement;
use crate::reads::Reads;
use crate::tags::{self, Owner, Tags};
use crate::wait::{Look, wait};

/// Every stack has at most one balancer.
const NAME: &str = "main";
/// How long a balancer may be `provisioning`; two or three minutes are usual.
const ACTIVE: Duration = Duration::from_mins(10);
/// How long its network interfaces may outlive it; until then its subnets and groups are in use.
const INTERFACES: Duration = Duration::from_mins(20);
/// How long a new object may still be unknown to other calls.
const VISIBLE: Duration = Duration::from_mins(2);

const IDLE_TIMEOUT: &str = "idle_timeout.timeout_seconds";
const DROP_INVALID: &str = "routing.http.drop_invalid_header_fields.enabled";
const DELETION_PROTECTION: &str = "deletion_protection.enabled";
/// The attributes wharf manages; new ones appear over time and are left alone.
const MANAGED: &[&str] = &[IDLE_TIMEOUT, DROP_INVALID, DELETION_PROTECTION];

/// See the module.
pub(crate) struct LoadBalancer;

/// Managed properties of the balancer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    name: String,
    /// `internet-facing` or `internal`.
    scheme: String,
    subnets: BTreeSet<String>,
    security_groups: BTreeSet<Input<String>>,
    ip_address_type: String,
    attributes: BTreeMap<String, String>,
    tags: Tags,
}

/// Returns the balancer's address, for the kinds that refer to it.
pub(super) fn address() -> Address {
    Address::new(LoadBalancer::POLICY.kind, NAME)
}

/// Returns the ARN of the balancer that serves requests; `None` if one owned elsewhere cannot be used.
pub(super) fn arn(stack: &Stack, facts: &Facts) -> Option<Input<String>> {
    match &stack.balancer.shared {
        None => Some(Input::of(&address(), "arn")),
        Some(_) => shared::fact(facts).map(|found| Input::Known(found.arn.clone())),
    }
}

impl Kind for LoadBalancer {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[
            ("name", "a balancer cannot be renamed"),
            ("scheme", "a balancer's scheme is fixed at creation"),
        ],
        replace_order: ReplaceOrder::DeleteFirst,
        identity: Some("name"),
        serves_traffic: true,
        delete_after: &["service"],
        takes: Takes { create: 120, update: 0, delete: 60 },
        ..Policy::plain("load_balancer", "load balancer")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        if stack.routed().next().is_none() {
            return;
        }
        if stack.balancer.shared.is_some() {
            for problem in shared::problems(stack, facts) {
                out.problem(shared::UNFIT, address(), problem);
            }
            return;
        }
        let chosen = match placement::balancer(stack, facts) {
            Ok(chosen) => chosen,
            Err(lack) => return out.problem(lack.code, address(), lack.text),
        };
        let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
        let group = Address::new("security_group", "balancer");
        let props = Props {
            name: names::load_balancer(&id),
            scheme: scheme(stack.balancer.scheme).as_str().to_owned(),
            subnets: chosen.subnets,
            security_groups: BTreeSet::from([Input::of(&group, "id")]),
            ip_address_type: IpAddressType::Ipv4.as_str().to_owned(),
            attributes: BTreeMap::from([
                (IDLE_TIMEOUT.to_owned(), stack.balancer.idle_timeout.to_string()),
                (DROP_INVALID.to_owned(), "true".to_owned()),
                (DELETION_PROTECTION.to_owned(), "false".to_owned()),
            ]),
            tags: stack.tags.clone(),
        };
        out.add(&Self::POLICY, NAME, &props).note = Some(chosen.note);
    }

    fn example() -> Props {
        Props {
            name: "notes".to_owned(),
            scheme: "internet-facing".to_owned(),
            subnets: BTreeSet::from(["subnet-a".to_owned(), "subnet-b".to_owned()]),
            security_groups: BTreeSet::from([Input::Known("sg-1".to_owned())]),
            ip_address_type: "ipv4".to_owned(),
            attributes: BTreeMap::from([(IDLE_TIMEOUT.to_owned(), "60".to_owned())]),
            tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let balancer = cx.balancer().await?;
        let Some(found) = &balancer.value else { return Ok(Vec::new()) };
        let (tags, attributes) = futures::try_join!(cx.balancer_tags(), cx.balancer_attributes())?;
        let arn = found.load_balancer_arn().unwrap_or_default().to_owned();
        let own = tags.value.get(&arn).cloned().unwrap_or_default();
        if let Owner::Other(owner) = tags::owner(&own, &cx.id) {
            return Ok(vec![Found::Foreign(Foreign { address: address(), id: arn, owner })]);
        }
        Ok(vec![Found::Ours(Owned {
            name: NAME.to_owned(),
            id: arn,
            props: props(found, &attributes.value, &own, &cx.stack.tags),
            outputs: outputs(found),
            applied: own.get(tags::SPEC).cloned(),
            leaving: false,
        })])
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let groups = known(&want.security_groups)?;
        let created = cx
            .aws
            .caller
            .call("elasticloadbalancing:CreateLoadBalancer", || {
                cx.aws
                    .elb
                    .create_load_balancer()
                    .name(&want.name)
                    .scheme(LoadBalancerSchemeEnum::from(want.scheme.as_str()))
                    .ip_address_type(IpAddressType::from(want.ip_address_type.as_str()))
                    .set_subnets(Some(want.subnets.iter().cloned().collect()))
                    .set_security_groups(Some(groups.clone()))
                    .set_tags(Some(tag_list(&cx.tags(&want.tags))))
                    .send()
            })
            .await;
        let balancer = match created {
            Ok(created) => created.load_balancers().first().cloned(),
            // It exists with other settings: ours from an earlier run, or somebody else's.
            Err(error) if error.is(&["DuplicateLoadBalancerName"]) => {
                let found = describe(cx, &want.name).await?;
                let arn = found.as_ref().and_then(Balancer::load_balancer_arn).unwrap_or_default();
                claim(cx, arn, &want.tags, &format!("the load balancer {}", want.name)).await?;
                set_network(cx, arn, &want).await?;
                found
            }
            Err(error) => return Err(error),
        };
        let arn = balancer.as_ref().and_then(Balancer::load_balancer_arn).unwrap_or_default();
        claim(cx, arn, &want.tags, &format!("the load balancer {}", want.name)).await?;
        set_attributes(cx, arn, &want.attributes).await?;
        let active = wait_active(cx, &want.name).await?;
        Ok(Outcome::Done { id: arn.to_owned(), outputs: outputs(&active) })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        changed: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        if changed.any(&["subnets", "security_groups", "ip_address_type"]) {
            set_network(cx, &live.id, &want).await?;
        }
        if changed.has("attributes") {
            set_attributes(cx, &live.id, &want.attributes).await?;
        }
        add_tags(cx, &live.id, &cx.tags(&want.tags)).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: live.outputs.clone() })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let deleted = cx
            .aws
            .caller
            .call("elasticloadbalancing:DeleteLoadBalancer", || {
                cx.aws.elb.delete_load_balancer().load_balancer_arn(&live.id).send()
            })
            .await;
        match deleted {
            Err(error) if error.is(&["OperationNotPermitted"]) => {
                return Err(error.hint(
                    "somebody switched deletion protection on; switch it off with: aws elbv2 \
                     modify-load-balancer-attributes --attributes \
                     Key=deletion_protection.enabled,Value=false --load-balancer-arn "
                        .to_owned()
                        + &live.id,
                ));
            }
            Err(error) if !error.is(&["LoadBalancerNotFound"]) => return Err(error),
            _ => {}
        }
        wait_interfaces(cx, suffix(&live.id)).await
    }
}

fn scheme(scheme: Scheme) -> LoadBalancerSchemeEnum {
    match scheme {
        Scheme::InternetFacing => LoadBalancerSchemeEnum::InternetFacing,
        Scheme::Internal => LoadBalancerSchemeEnum::Internal,
    }
}

fn known(groups: &BTreeSet<Input<String>>) -> Result<Vec<String>, Unresolved> {
    groups.iter().map(|group| group.get().cloned()).collect()
}

/// Returns `app/name/id`: the dimension of the balancer's metrics.
fn suffix(arn: &str) -> &str {
    arn.split_once(":loadbalancer/").map_or("", |(_, suffix)| suffix)
}

fn outputs(balancer: &Balancer) -> BTreeMap<String, String> {
    let arn = balancer.load_balancer_arn().unwrap_or_default();
    // The name comes back with the case it was created with (ELB API reference, LoadBalancer).
    let dns_name = balancer.dns_name().unwrap_or_default().to_lowercase();
    let zone = balancer.canonical_hosted_zone_id().unwrap_or_default();
    [("arn", arn), ("arn_suffix", suffix(arn)), ("dns_name", &dns_name), ("zone_id", zone)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// Brings what ELB returns into canonical form.
fn props(
    balancer: &Balancer,
    attributes: &BTreeMap<String, String>,
    live: &Tags,
    spec: &Tags,
) -> Props {
    Props {
        name: balancer.load_balancer_name().unwrap_or_default().to_owned(),
        scheme: balancer.scheme().map_or("", LoadBalancerSchemeEnum::as_str).to_owned(),
        subnets: balancer
            .availability_zones()
            .iter()
            .filter_map(|zone| zone.subnet_id().map(str::to_owned))
            .collect(),
        security_groups: balancer.security_groups().iter().cloned().map(Input::Known).collect(),
        ip_address_type: balancer.ip_address_type().map_or("", IpAddressType::as_str).to_owned(),
        attributes: attributes
            .iter()
            .filter(|(key, _)| MANAGED.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        tags: tags::managed(live, spec),
    }
}

/// Writes everything about the place of a balancer; each of these calls sets a complete list.
async fn set_network(cx: &Write<'_>, arn: &str, want: &Props) -> Result<(), AwsError> {
    let groups = known(&want.security_groups)?;
    cx.aws
        .caller
        .call("elasticloadbalancing:SetSecurityGroups", || {
            cx.aws
                .elb
                .set_security_groups()
                .load_balancer_arn(arn)
                .set_security_groups(Some(groups.clone()))
                .send()
        })
        .await?;
    cx.aws
        .caller
        .call("elasticloadbalancing:SetSubnets", || {
            cx.aws
                .elb
                .set_subnets()
                .load_balancer_arn(arn)
                .set_subnets(Some(want.subnets.iter().cloned().collect()))
                .ip_address_type(IpAddressType::from(want.ip_address_type.as_str()))
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
    let list: Vec<LoadBalancerAttribute> = attributes
        .iter()
        .map(|(key, value)| LoadBalancerAttribute::builder().key(key).value(value).build())
        .collect();
    settled(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:ModifyLoadBalancerAttributes", || {
                cx.aws
                    .elb
                    .modify_load_balancer_attributes()
                    .load_balancer_arn(arn)
                    .set_attributes(Some(list.clone()))
                    .send()
            })
            .await
    })
    .await?;
    Ok(())
}

async fn describe(cx: &Write<'_>, name: &str) -> Result<Option<Balancer>, AwsError> {
    let got = settled(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:DescribeLoadBalancers", || {
                cx.aws.elb.describe_load_balancers().names(name).send()
            })
            .await
    })
    .await?;
    Ok(got.load_balancers().first().cloned())
}

async fn wait_active(cx: &Write<'_>, name: &str) -> Result<Balancer, AwsError> {
    let what = "the balancer to become active";
    wait(cx.aws.caller.pace, cx.step, what, Duration::from_secs(5), ACTIVE, async || {
        let Some(balancer) = describe(cx, name).await? else {
            return Ok(Look::not_yet("not visible yet"));
        };
        let state = balancer.state();
        match state.and_then(|state| state.code()) {
            Some(LoadBalancerStateEnum::Active | LoadBalancerStateEnum::ActiveImpaired) => {
                Ok(Look::Ready(balancer))
            }
            Some(LoadBalancerStateEnum::Failed) => {
                let why = state.and_then(|state| state.reason()).unwrap_or("no reason given");
                let message = format!("the balancer could not be set up: {why}");
                Err(AwsError::own(ErrorClass::Other, message))
            }
            code => Ok(Look::not_yet(code.map_or("provisioning", LoadBalancerStateEnum::as_str))),
        }
    })
    .await
}

/// Waits until the network interfaces of a deleted balancer are gone. They carry its name in their
/// description (Elastic Load Balancing User Guide, Application Load Balancers).
async fn wait_interfaces(cx: &Write<'_>, suffix: &str) -> Result<(), AwsError> {
    let description = format!("ELB {suffix}");
    let what = "the balancer's network interfaces to go";
    wait(cx.aws.caller.pace, cx.step, what, Duration::from_secs(5), INTERFACES, async || {
        let got = cx
            .aws
            .caller
            .call("ec2:DescribeNetworkInterfaces", || {
                let filter = Filter::builder().name("description").values(&description).build();
                cx.aws.ec2.describe_network_interfaces().filters(filter).send()
            })
            .await?;
        Ok(match got.network_interfaces().len() {
            0 => Look::Ready(()),
            1 => Look::not_yet("1 network interface is left"),
            count => Look::not_yet(format!("{count} network interfaces are left")),
        })
    })
    .await
}

/// Repeats `attempt` while an object made a moment ago is not known everywhere yet.
pub(super) async fn settled<T, F>(cx: &Write<'_>, attempt: impl FnMut() -> F) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, AwsError>>,
{
    const UNKNOWN: &[Transient] = &[Transient {
        codes: &["LoadBalancerNotFound", "TargetGroupNotFound", "ListenerNotFound", "RuleNotFound"],
        text: "",
        budget: VISIBLE,
    }];
    cx.aws.caller.retrying(UNKNOWN, attempt).await
}

/// Refuses an object that is not the stack's, and brings its tags up to date. Creating is answered with
/// whatever has the name and the same settings, whoever made it and with whatever tags (ELB API
/// reference, `CreateLoadBalancer` and `CreateTargetGroup`), so even a success is asked.
pub(super) async fn claim(
    cx: &Write<'_>,
    arn: &str,
    own: &Tags,
    what: &str,
) -> Result<(), AwsError> {
    let (there, wanted) = (read_tags(cx, arn).await?, cx.tags(own));
    super::refuse_foreign(cx, &there, what)?;
    if wanted.iter().any(|(key, value)| there.get(key) != Some(value)) {
        add_tags(cx, arn, &wanted).await?;
    }
    Ok(())
}

/// Reads the tags of one object of this service.
pub(super) async fn read_tags(cx: &Write<'_>, arn: &str) -> Result<Tags, AwsError> {
    let got = settled(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:DescribeTags", || {
                cx.aws.elb.describe_tags().resource_arns(arn).send()
            })
            .await
    })
    .await?;
    let described = got.tag_descriptions().first();
    Ok(described.map(|tags| crate::reads::elb::tag_map(tags.tags())).unwrap_or_default())
}

/// Puts tags on any object of this service.
pub(super) async fn add_tags(cx: &Write<'_>, arn: &str, tags: &Tags) -> Result<(), AwsError> {
    settled(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:AddTags", || {
                cx.aws.elb.add_tags().resource_arns(arn).set_tags(Some(tag_list(tags))).send()
            })
            .await
    })
    .await?;
    Ok(())
}

/// Turns a map into ELB's list of tags.
pub(super) fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_managed_attributes_and_lower_case_names_are_kept() {
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/Notes/1a";
        let balancer = Balancer::builder()
            .load_balancer_arn(arn)
            .load_balancer_name("Notes")
            .dns_name("Notes-1.eu-west-1.elb.amazonaws.com")
            .build();
        let attributes = BTreeMap::from([
            (IDLE_TIMEOUT.to_owned(), "60".to_owned()),
            ("routing.http2.enabled".to_owned(), "true".to_owned()),
        ]);
        let props = props(&balancer, &attributes, &Tags::new(), &Tags::new());
        assert_eq!(props.attributes.keys().collect::<Vec<_>>(), [IDLE_TIMEOUT]);
        let outputs = outputs(&balancer);
        assert_eq!(outputs["arn_suffix"], "app/Notes/1a");
        assert_eq!(outputs["dns_name"], "notes-1.eu-west-1.elb.amazonaws.com");
    }
}
