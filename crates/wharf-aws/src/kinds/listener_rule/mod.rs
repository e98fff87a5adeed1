//! Listener rules: which hosts and paths lead to which service.
//!
//! Every rule on the stack's own listeners is the stack's, unless it carries the tags of another one; on a listener
//! owned elsewhere, those that carry the stack's.

pub(super) mod priority;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::{
    Action, HostHeaderConditionConfig, PathPatternConditionConfig, Rule, RuleCondition,
    RulePriorityPair,
};
use serde::{Deserialize, Serialize};
use wharf_graph::{Declare, ErrorClass, Facts, Input, Live, Outcome, Policy, ReplaceOrder};
use wharf_spec::Stack;

use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::forward::{self, Alternates, Target};
use crate::kinds::load_balancer::{add_tags, read_tags, settled, tag_list};
use crate::kinds::{listener, shared};
use crate::reads::Reads;
use crate::tags::{self, Owner, Tags};

const HOST: &str = "host-header";
const PATH: &str = "path-pattern";
/// How often a place taken by a rule that was moved by others at the same time is asked for again.
const ATTEMPTS: usize = 5;

/// See the module.
pub(crate) struct ListenerRule;

/// Managed properties of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    listener: Input<String>,
    /// Lower ones are tried first.
    priority: u32,
    hosts: BTreeSet<String>,
    paths: BTreeSet<String>,
    /// Fields of conditions wharf never makes; always empty when desired.
    other_conditions: BTreeSet<String>,
    forward: Vec<Target>,
    /// Whether the listener is owned elsewhere, and with it most of its rules.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    elsewhere: bool,
    tags: Tags,
}

impl Kind for ListenerRule {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[("listener", "a rule belongs to one listener")],
        replace_order: ReplaceOrder::CreateFirst,
        traffic: Some("forward"),
        serves_traffic: true,
        // A record is known as the stack's by the rule for its name.
        delete_after: &["service", "dns_record"],
        ..Policy::plain("listener_rule", "listener rule")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        // Without a listener the balancer has reported the problem.
        let Some(listener) = listener::arn(stack, facts) else { return };
        let mut rules = priority::rules(stack);
        let elsewhere = stack.balancer.shared.is_some();
        if elsewhere {
            shared::place(stack, facts, &mut rules);
        }
        for rule in rules {
            let Some(service) = stack.services.get(&rule.service) else { continue };
            let props = Props {
                listener: listener.clone(),
                priority: rule.priority,
                hosts: rule.hosts,
                paths: rule.paths,
                other_conditions: BTreeSet::new(),
                forward: forward::to_service(service),
                elsewhere,
                tags: stack.tags.clone(),
            };
            out.add(&Self::POLICY, rule.name, &props);
        }
    }

    fn example() -> Props {
        Props {
            listener: Input::from("arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/x/1/2"),
            priority: 10,
            hosts: BTreeSet::from(["notes.example.com".to_owned()]),
            paths: BTreeSet::from(["/api/*".to_owned()]),
            other_conditions: BTreeSet::from(["source-ip".to_owned()]),
            forward: forward::example(),
            elsewhere: true,
            tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let (listeners, rules, tags, alternates) =
            futures::try_join!(cx.listeners(), cx.rules(), cx.rule_tags(), Alternates::read(cx))?;
        let own_listeners: BTreeSet<&str> =
            listeners.value.iter().filter_map(|listener| listener.listener_arn()).collect();
        let mut found = Vec::new();
        for of in &rules.value {
            let elsewhere = !own_listeners.contains(of.listener.as_str());
            for rule in &of.rules {
                let arn = rule.rule_arn().unwrap_or_default().to_owned();
                let own = tags.value.get(&arn).cloned().unwrap_or_default();
                // Another stack may share the stack's balancer, as the stack may share somebody else's.
                let ours = tags::owner(&own, &cx.id) == Owner::Ours;
                if !ours && (elsewhere || own.contains_key(tags::APP)) {
                    continue;
                }
                let address = tags::address(&own, Self::POLICY.kind);
                let name = address.map_or_else(
                    || format!("unknown-{}", arn.rsplit('/').next().unwrap_or_default()),
                    |address| address.name().to_owned(),
                );
                found.push(Found::Ours(Owned {
                    name,
                    id: arn.clone(),
                    props: Props {
                        elsewhere,
                        ..props(rule, &of.listener, (&own, &cx.stack.tags), &alternates)
                    },
                    outputs: BTreeMap::from([("arn".to_owned(), arn)]),
                    applied: own.get(tags::SPEC).cloned(),
                    leaving: false,
                }));
            }
        }
        Ok(found)
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let listener = want.listener.get()?;
        let action = forward::action(&forward::shares(cx, &want.forward, &[]).await?)?;
        let mut left = ATTEMPTS;
        let arn = loop {
            let created = settled(cx, async || {
                cx.aws
                    .caller
                    .call("elasticloadbalancing:CreateRule", || {
                        cx.aws
                            .elb
                            .create_rule()
                            .listener_arn(listener)
                            .priority(signed(want.priority))
                            .set_conditions(Some(conditions(&want)))
                            .actions(action.clone())
                            .set_tags(Some(tag_list(&cx.tags(&want.tags))))
                            .send()
                    })
                    .await
            })
            .await;
            match created {
                Ok(created) => {
                    let first = created.rules().first();
                    break first.and_then(Rule::rule_arn).unwrap_or_default().to_owned();
                }
                // Creating is never answered with a rule that is there: either an earlier attempt was
                // carried out and its answer lost, or a rule that is yet to move holds the place.
                Err(error) if error.is(&["PriorityInUse"]) && left > 0 => {
                    left -= 1;
                    let _held = cx.aws.places.lock().await;
                    let rules = rules_of(cx, listener).await?;
                    let Some(holder) = holder(&rules, want.priority) else { continue };
                    let tags = read_tags(cx, holder).await?;
                    if tags::address(&tags, Self::POLICY.kind).as_ref() == Some(cx.address) {
                        modify(cx, holder, &want).await?;
                        add_tags(cx, holder, &cx.tags(&want.tags)).await?;
                        break holder.to_owned();
                    }
                    if want.elsewhere {
                        return Err(taken(&want, holder));
                    }
                    set_priorities(cx, vec![(holder, aside(&rules, want.priority)?)]).await?;
                }
                Err(error) => return Err(error),
            }
        };
        Ok(Outcome::Done { outputs: BTreeMap::from([("arn".to_owned(), arn.clone())]), id: arn })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        changed: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        if changed.any(&["hosts", "paths", "other_conditions", "forward"]) {
            modify(cx, &live.id, &want).await?;
        }
        if changed.has("priority") {
            reorder(cx, &live.id, &want).await?;
        }
        add_tags(cx, &live.id, &cx.tags(&want.tags)).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: live.outputs.clone() })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let deleted = cx
            .aws
            .caller
            .call("elasticloadbalancing:DeleteRule", || {
                cx.aws.elb.delete_rule().rule_arn(&live.id).send()
            })
            .await;
        match deleted {
            Err(error) if !error.is(&["RuleNotFound", "ListenerNotFound"]) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Brings what ELB returns into canonical form. Values come back twice, in the plain list and in the
/// condition's own configuration (ELB API reference, `RuleCondition`).
fn props(
    rule: &Rule,
    listener: &str,
    (live, spec): (&Tags, &Tags),
    alternates: &Alternates,
) -> Props {
    let mut hosts = BTreeSet::new();
    let mut paths = BTreeSet::new();
    let mut other_conditions = BTreeSet::new();
    for condition in rule.conditions() {
        let plain = condition.values().iter().cloned();
        match condition.field() {
            Some(HOST) => {
                let config = condition.host_header_config();
                let own = config.map_or(&[][..], HostHeaderConditionConfig::values);
                hosts.extend(plain.chain(own.iter().cloned()).map(|host| host.to_lowercase()));
            }
            Some(PATH) => {
                let config = condition.path_pattern_config();
                let own = config.map_or(&[][..], PathPatternConditionConfig::values);
                paths.extend(plain.chain(own.iter().cloned()));
            }
            field => {
                other_conditions.insert(field.unwrap_or_default().to_owned());
            }
        }
    }
    Props {
        listener: Input::from(listener),
        priority: rule.priority().and_then(|text| text.parse().ok()).unwrap_or_default(),
        hosts,
        paths,
        other_conditions,
        forward: forward::targets(rule.actions(), alternates),
        elsewhere: false,
        tags: tags::managed(live, spec),
    }
}

fn conditions(want: &Props) -> Vec<RuleCondition> {
    let mut list = Vec::new();
    if !want.hosts.is_empty() {
        let values = Some(want.hosts.iter().cloned().collect());
        let config = HostHeaderConditionConfig::builder().set_values(values).build();
        list.push(RuleCondition::builder().field(HOST).host_header_config(config).build());
    }
    if !want.paths.is_empty() {
        let values = Some(want.paths.iter().cloned().collect());
        let config = PathPatternConditionConfig::builder().set_values(values).build();
        list.push(RuleCondition::builder().field(PATH).path_pattern_config(config).build());
    }
    list
}

/// Priorities end at 50000, so this never saturates.
fn signed(priority: u32) -> i32 {
    i32::try_from(priority).unwrap_or(i32::MAX)
}

async fn modify(cx: &Write<'_>, arn: &str, want: &Props) -> Result<(), AwsError> {
    let live =
        if forward::keeps_shares(&want.forward) { actions_of(cx, arn).await? } else { Vec::new() };
    let action = forward::action(&forward::shares(cx, &want.forward, &live).await?)?;
    settled(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:ModifyRule", || {
                cx.aws
                    .elb
                    .modify_rule()
                    .rule_arn(arn)
                    .set_conditions(Some(conditions(want)))
                    .actions(action.clone())
                    .send()
            })
            .await
    })
    .await?;
    Ok(())
}

/// Returns what a rule does at present.
async fn actions_of(cx: &Write<'_>, arn: &str) -> Result<Vec<Action>, AwsError> {
    let got = settled(cx, async || {
        cx.aws
            .caller
            .call("elasticloadbalancing:DescribeRules", || {
                cx.aws.elb.describe_rules().rule_arns(arn).send()
            })
            .await
    })
    .await?;
    Ok(got.rules().first().map(|found| found.actions().to_vec()).unwrap_or_default())
}

/// Moves a rule to its place. A rule that holds the place, and is yet to move or to go, is set aside in
/// the same atomic call.
async fn reorder(cx: &Write<'_>, arn: &str, want: &Props) -> Result<(), AwsError> {
    let listener = want.listener.get()?;
    // Between the look and the move nothing else of this run moves a rule: two that change places would
    // set each other aside.
    let _held = cx.aws.places.lock().await;
    let mut left = ATTEMPTS;
    loop {
        let rules = rules_of(cx, listener).await?;
        let mut moves = vec![(arn, want.priority)];
        match holder(&rules, want.priority) {
            Some(holder) if holder == arn => return Ok(()),
            Some(holder) if want.elsewhere => return Err(taken(want, holder)),
            Some(holder) => moves.push((holder, aside(&rules, want.priority)?)),
            None => {}
        }
        match set_priorities(cx, moves).await {
            Err(error) if error.is(&["PriorityInUse", "RuleNotFound"]) && left > 0 => left -= 1,
            result => return result,
        }
    }
}

async fn set_priorities(cx: &Write<'_>, moves: Vec<(&str, u32)>) -> Result<(), AwsError> {
    let pairs: Vec<RulePriorityPair> = moves
        .into_iter()
        .map(|(arn, priority)| {
            RulePriorityPair::builder().rule_arn(arn).priority(signed(priority)).build()
        })
        .collect();
    cx.aws
        .caller
        .call("elasticloadbalancing:SetRulePriorities", || {
            cx.aws.elb.set_rule_priorities().set_rule_priorities(Some(pairs.clone())).send()
        })
        .await?;
    Ok(())
}

async fn rules_of(cx: &Write<'_>, listener: &str) -> Result<Vec<Rule>, AwsError> {
    let mut rules = Vec::new();
    let mut marker = None::<String>;
    loop {
        let got = settled(cx, async || {
            cx.aws
                .caller
                .call("elasticloadbalancing:DescribeRules", || {
                    cx.aws
                        .elb
                        .describe_rules()
                        .listener_arn(listener)
                        .set_marker(marker.clone())
                        .send()
                })
                .await
        })
        .await?;
        rules.extend(got.rules().iter().cloned());
        marker = got.next_marker().filter(|next| !next.is_empty()).map(str::to_owned);
        if marker.is_none() {
            return Ok(rules);
        }
    }
}

/// Says that somebody else took the place of a rule since it was looked for.
fn taken(want: &Props, holder: &str) -> AwsError {
    let message =
        format!("the priority {} was taken meanwhile, by the rule {holder}", want.priority);
    AwsError::own(ErrorClass::Other, message)
        .hint("run the same command again: it takes a free one")
}

/// Returns the rule at a place.
fn holder(rules: &[Rule], priority: u32) -> Option<&str> {
    let text = priority.to_string();
    rules.iter().find(|rule| rule.priority() == Some(&text)).and_then(Rule::rule_arn)
}

/// Returns a free place for the rule at `from`, which another needs: in the same band, where the rule is
/// as good as before until its own turn comes; if there is none, behind all that are ever assigned.
fn aside(rules: &[Rule], from: u32) -> Result<u32, AwsError> {
    let band = priority::band_of(from).filter(|place| *place != from);
    band.chain(priority::SPARE.rev())
        .find(|priority| holder(rules, *priority).is_none())
        .ok_or_else(|| AwsError::own(ErrorClass::Other, "the listener has too many rules"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_condition_are_one() {
        let config = HostHeaderConditionConfig::builder().values("A.example.com").build();
        let host = RuleCondition::builder()
            .field(HOST)
            .values("A.example.com")
            .host_header_config(config)
            .build();
        let ip = RuleCondition::builder().field("source-ip").build();
        let rule = Rule::builder().priority("10").conditions(host).conditions(ip).build();
        let props = props(&rule, "arn:l", (&Tags::new(), &Tags::new()), &Alternates::default());
        assert_eq!(props.hosts, BTreeSet::from(["a.example.com".to_owned()]));
        assert_eq!(props.other_conditions, BTreeSet::from(["source-ip".to_owned()]));
        assert_eq!(props.priority, 10);
    }

    #[test]
    fn a_rule_in_the_way_stays_among_its_equals() {
        let at = |arn: &str, priority: u32| {
            Rule::builder().rule_arn(arn).priority(priority.to_string()).build()
        };
        let rules =
            [at("a", 129), at("b", 130), Rule::builder().rule_arn("c").priority("default").build()];
        assert_eq!(holder(&rules, 129), Some("a"));
        assert_eq!(holder(&rules, 131), None);
        assert_eq!(aside(&rules, 129).unwrap(), 131);
        assert_eq!(aside(&rules, 130).unwrap(), 131);
        let full: Vec<Rule> = (129..=256).chain([50_000]).map(|place| at("x", place)).collect();
        assert_eq!(aside(&full, 200).unwrap(), 49_999);
    }
}
