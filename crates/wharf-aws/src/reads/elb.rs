//! Balancers, target groups, listeners, rules and their tags.
//!
//! Reads that others wait for return boxed futures: the types of futures within futures would otherwise
//! outgrow what the compiler looks through.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types::{
    ActionTypeEnum, Listener, LoadBalancer, Rule, TargetGroup,
};
use futures::future::{BoxFuture, try_join_all};

use crate::error::AwsError;
use crate::names;
use crate::reads::{Got, Memo, Reads};
use crate::tags::{self, Owner, Tags};

/// Largest page (ELB API reference, `DescribeTargetGroups`).
const PAGE: i32 = 400;
/// Most ARNs in one call (ELB API reference, `DescribeTags`).
const TAGS: usize = 20;

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    balancer: Memo<Option<LoadBalancer>>,
    groups: Memo<Vec<TargetGroup>>,
    tags: Memo<ByArn>,
    attributes: Memo<Attributes>,
    listeners: Memo<Vec<Listener>>,
    listener_tags: Memo<ByArn>,
    rules: Memo<Vec<ListenerRules>>,
    rule_tags: Memo<ByArn>,
}

/// Tags by ARN.
pub(crate) type ByArn = BTreeMap<String, Tags>;
/// Attributes of a balancer or target group.
pub(crate) type Attributes = BTreeMap<String, String>;

/// The rules of one listener, its default action excepted.
#[derive(Clone, Debug)]
pub(crate) struct ListenerRules {
    pub(crate) listener: String,
    pub(crate) rules: Vec<Rule>,
}

impl Reads {
    /// Returns after how many rounds it is known that the stack may have objects of this service, or
    /// `None` if it neither wants nor has any.
    async fn may_have_elb(&self) -> Option<u32> {
        if self.stack.routed().next().is_some() {
            return Some(0);
        }
        let sweep = self.sweep().await;
        let any = sweep.value.iter().any(|(arn, _)| arn.contains(":elasticloadbalancing:"));
        (any || !sweep.value.complete).then_some(sweep.round)
    }

    /// Reads the balancer of the stack's name, whoever owns it.
    pub(crate) async fn balancer(&self) -> Result<Arc<Got<Option<LoadBalancer>>>, AwsError> {
        self.memos
            .elb
            .balancer
            .get(async || {
                let Some(after) = self.may_have_elb().await else {
                    return Ok(Got { value: None, round: 0 });
                };
                let name = names::load_balancer(&self.id);
                let got = self
                    .call(after, "elasticloadbalancing:DescribeLoadBalancers", |aws| {
                        aws.elb.describe_load_balancers().names(&name).send()
                    })
                    .await;
                match got {
                    Ok(got) => {
                        let first = got.value.load_balancers().first().cloned();
                        Ok(Got { value: first, round: got.round })
                    }
                    // One name that does not exist fails the whole call.
                    Err(error) if error.is(&["LoadBalancerNotFound"]) => {
                        Ok(Got { value: None, round: after + 1 })
                    }
                    Err(error) => Err(error),
                }
            })
            .await
    }

    /// Returns the balancer if it is the stack's.
    pub(crate) fn own_balancer(
        &self,
    ) -> BoxFuture<'_, Result<Got<Option<LoadBalancer>>, AwsError>> {
        Box::pin(async move {
            let (balancer, tags) = futures::try_join!(self.balancer(), self.balancer_tags())?;
            let ours = |found: &&LoadBalancer| {
                let tags = found.load_balancer_arn().and_then(|arn| tags.value.get(arn));
                tags.is_some_and(|tags| tags::owner(tags, &self.id) == Owner::Ours)
            };
            let value = balancer.value.as_ref().filter(ours).cloned();
            Ok(Got { value, round: balancer.round.max(tags.round) })
        })
    }

    /// Reads the target groups whose names can only be the stack's, and those the sweep shows. A page
    /// is listed and searched, since one missing name would fail a call for several.
    pub(crate) async fn target_groups(&self) -> Result<Arc<Got<Vec<TargetGroup>>>, AwsError> {
        self.memos
            .elb
            .groups
            .get(async || {
                let Some(after) = self.may_have_elb().await else {
                    return Ok(Got { value: Vec::new(), round: 0 });
                };
                let prefixes: Vec<String> = self
                    .stack
                    .services
                    .keys()
                    .map(|service| names::target_group_prefix(&self.id, service))
                    .collect();
                let (listed, sweep) = futures::join!(self.list_target_groups(after), self.sweep());
                let listed = listed?;
                let (mut value, others): (Vec<_>, Vec<_>) =
                    listed.value.into_iter().partition(|group| {
                        let name = group.target_group_name().unwrap_or_default();
                        let arn = group.target_group_arn().unwrap_or_default();
                        sweep.value.get(arn).is_some()
                            || prefixes.iter().any(|prefix| {
                                name.strip_prefix(prefix.as_str())
                                    .is_some_and(|rest| !rest.contains('-'))
                            })
                    });
                if !sweep.value.complete && !others.is_empty() {
                    value.extend(self.own_groups(others, listed.round).await?);
                }
                Ok(Got { value, round: listed.round })
            })
            .await
    }

    /// Keeps those of `groups` whose tags say that they are the stack's.
    async fn own_groups(
        &self,
        mut groups: Vec<TargetGroup>,
        after: u32,
    ) -> Result<Vec<TargetGroup>, AwsError> {
        let arns = groups.iter().filter_map(TargetGroup::target_group_arn).map(str::to_owned);
        let tags = self.elb_tags(arns.collect(), after).await?.value;
        groups.retain(|group| {
            let tags = group.target_group_arn().and_then(|arn| tags.get(arn));
            tags.is_some_and(|tags| tags::owner(tags, &self.id) == Owner::Ours)
        });
        Ok(groups)
    }

    async fn list_target_groups(&self, after: u32) -> Result<Got<Vec<TargetGroup>>, AwsError> {
        let mut list = Vec::new();
        let mut round = after;
        let mut marker = None::<String>;
        loop {
            let got = self
                .call(round, "elasticloadbalancing:DescribeTargetGroups", |aws| {
                    aws.elb
                        .describe_target_groups()
                        .page_size(PAGE)
                        .set_marker(marker.clone())
                        .send()
                })
                .await?;
            round = got.round;
            list.extend(got.value.target_groups().iter().cloned());
            marker = got.value.next_marker().filter(|next| !next.is_empty()).map(str::to_owned);
            if marker.is_none() {
                return Ok(Got { value: list, round });
            }
        }
    }

    /// Reads the tags of the balancer and of the target groups.
    pub(crate) fn balancer_tags(&self) -> BoxFuture<'_, Result<Arc<Got<ByArn>>, AwsError>> {
        Box::pin(async move {
            self.memos
                .elb
                .tags
                .get(async || {
                    let (balancer, groups) =
                        futures::try_join!(self.balancer(), self.target_groups())?;
                    let balancer_arn =
                        balancer.value.iter().filter_map(LoadBalancer::load_balancer_arn);
                    let group_arns = groups.value.iter().filter_map(TargetGroup::target_group_arn);
                    let arns = balancer_arn.chain(group_arns).map(str::to_owned).collect();
                    self.elb_tags(arns, balancer.round.max(groups.round)).await
                })
                .await
        })
    }

    /// Returns the tags of `arns`, asking only for those the sweep does not vouch for.
    async fn elb_tags(&self, arns: Vec<String>, after: u32) -> Result<Got<ByArn>, AwsError> {
        let mut found = ByArn::new();
        let mut unknown = Vec::new();
        let mut round = after;
        for arn in arns {
            match self.swept(&arn).await {
                Some(tags) => {
                    round = round.max(tags.round);
                    found.insert(arn, tags.value);
                }
                None => unknown.push(arn),
            }
        }
        let reads = unknown.chunks(TAGS).map(async |chunk| {
            self.call(round, "elasticloadbalancing:DescribeTags", |aws| {
                aws.elb.describe_tags().set_resource_arns(Some(chunk.to_vec())).send()
            })
            .await
        });
        for got in try_join_all(reads).await? {
            round = round.max(got.round);
            for described in got.value.tag_descriptions() {
                let arn = described.resource_arn().unwrap_or_default().to_owned();
                let tags = self.with_claim(&arn, tag_map(described.tags()));
                found.insert(arn, tags);
            }
        }
        Ok(Got { value: found, round })
    }

    /// Reads the attributes of the balancer.
    pub(crate) async fn balancer_attributes(&self) -> Result<Arc<Got<Attributes>>, AwsError> {
        self.memos
            .elb
            .attributes
            .get(async || {
                let balancer = self.balancer().await?;
                let found = balancer.value.as_ref().and_then(LoadBalancer::load_balancer_arn);
                let Some(arn) = found else {
                    return Ok(Got { value: Attributes::new(), round: balancer.round });
                };
                let got = self
                    .call(
                        balancer.round,
                        "elasticloadbalancing:DescribeLoadBalancerAttributes",
                        |aws| {
                            aws.elb
                                .describe_load_balancer_attributes()
                                .load_balancer_arn(arn)
                                .send()
                        },
                    )
                    .await?;
                let pairs = got.value.attributes().iter();
                let value = pairs.filter_map(|pair| entry(pair.key(), pair.value())).collect();
                Ok(Got { value, round: got.round })
            })
            .await
    }

    /// Reads the attributes of one target group. Only the kind asks, once for each group.
    pub(crate) async fn target_group_attributes(
        &self,
        arn: &str,
        after: u32,
    ) -> Result<Got<Attributes>, AwsError> {
        let got = self
            .call(after, "elasticloadbalancing:DescribeTargetGroupAttributes", |aws| {
                aws.elb.describe_target_group_attributes().target_group_arn(arn).send()
            })
            .await?;
        let pairs = got.value.attributes().iter();
        let value = pairs.filter_map(|pair| entry(pair.key(), pair.value())).collect();
        Ok(Got { value, round: got.round })
    }

    /// Reads the listeners of the stack's balancer.
    pub(crate) fn listeners(&self) -> BoxFuture<'_, Result<Arc<Got<Vec<Listener>>>, AwsError>> {
        Box::pin(async move {
            self.memos
                .elb
                .listeners
                .get(async || {
                    // Asked for before it is known whose the balancer is, to save a round.
                    let balancer = self.balancer().await?;
                    let found = balancer.value.as_ref().and_then(LoadBalancer::load_balancer_arn);
                    let Some(arn) = found else {
                        return Ok(Got { value: Vec::new(), round: balancer.round });
                    };
                    let Got { value: mut list, round } =
                        self.listeners_of(arn, balancer.round).await?;
                    if self.own_balancer().await?.value.is_none() {
                        list.clear();
                    }
                    Ok(Got { value: list, round })
                })
                .await
        })
    }

    /// Reads the listeners of a balancer; one that is gone has none.
    pub(super) async fn listeners_of(
        &self,
        balancer: &str,
        after: u32,
    ) -> Result<Got<Vec<Listener>>, AwsError> {
        let mut list = Vec::new();
        let mut round = after;
        let mut marker = None::<String>;
        loop {
            let got = self
                .call(round, "elasticloadbalancing:DescribeListeners", |aws| {
                    aws.elb
                        .describe_listeners()
                        .load_balancer_arn(balancer)
                        .set_marker(marker.clone())
                        .send()
                })
                .await;
            let got = match got {
                Err(error) if error.is(&["LoadBalancerNotFound"]) => break,
                got => got?,
            };
            round = got.round;
            list.extend(got.value.listeners().iter().cloned());
            marker = got.value.next_marker().filter(|next| !next.is_empty()).map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(Got { value: list, round })
    }

    /// Reads the tags of the listeners.
    pub(crate) async fn listener_tags(&self) -> Result<Arc<Got<ByArn>>, AwsError> {
        self.memos
            .elb
            .listener_tags
            .get(async || {
                let listeners = self.listeners().await?;
                let arns = listeners.value.iter().filter_map(Listener::listener_arn);
                self.elb_tags(arns.map(str::to_owned).collect(), listeners.round).await
            })
            .await
    }

    /// Reads the rules of the stack's listeners, and of those owned elsewhere that have rules of the stack's or
    /// may get some. A listener of the stack's that only redirects is not asked unless the sweep shows rules
    /// below it.
    pub(crate) fn rules(&self) -> BoxFuture<'_, Result<Arc<Got<Vec<ListenerRules>>>, AwsError>> {
        Box::pin(async move {
            self.memos
                .elb
                .rules
                .get(async || {
                    let (listeners, shared, sweep) =
                        futures::join!(self.listeners(), self.shared_listeners(), self.sweep());
                    let (listeners, shared) = (listeners?, shared?);
                    let swept: BTreeSet<String> = sweep
                        .value
                        .iter()
                        .filter(|(arn, _)| arn.contains(":listener-rule/"))
                        .filter_map(|(arn, _)| above(arn))
                        .collect();
                    let asked = listeners.value.iter().filter(|listener| {
                        let redirects = listener
                            .default_actions()
                            .iter()
                            .any(|action| action.r#type() == Some(&ActionTypeEnum::Redirect));
                        let arn = listener.listener_arn().unwrap_or_default();
                        !redirects || !sweep.value.complete || swept.contains(arn)
                    });
                    let own: BTreeSet<&str> =
                        listeners.value.iter().filter_map(Listener::listener_arn).collect();
                    let elsewhere = shared.value.iter().filter_map(Listener::listener_arn);
                    let elsewhere: BTreeSet<&str> = elsewhere
                        .chain(swept.iter().map(String::as_str))
                        .filter(|arn| !own.contains(arn))
                        .collect();
                    let asked = asked.filter_map(Listener::listener_arn);
                    let asked = asked.map(|arn| (arn, listeners.round));
                    let after = shared.round.max(sweep.round);
                    let reads = asked
                        .chain(elsewhere.into_iter().map(|arn| (arn, after)))
                        .map(|(arn, after)| self.listener_rules(arn, after));
                    let all = try_join_all(reads).await?;
                    let round = all.iter().map(|got| got.round).max().unwrap_or(listeners.round);
                    Ok(Got { value: all.into_iter().map(|got| got.value).collect(), round })
                })
                .await
        })
    }

    async fn listener_rules(
        &self,
        listener: &str,
        after: u32,
    ) -> Result<Got<ListenerRules>, AwsError> {
        let mut rules = Vec::new();
        let mut round = after;
        let mut marker = None::<String>;
        loop {
            let got = self
                .call(round, "elasticloadbalancing:DescribeRules", |aws| {
                    aws.elb
                        .describe_rules()
                        .listener_arn(listener)
                        .set_marker(marker.clone())
                        .send()
                })
                .await;
            let got = match got {
                Err(error) if error.is(&["ListenerNotFound"]) => break,
                got => got?,
            };
            round = got.round;
            let own = got.value.rules().iter().filter(|rule| rule.is_default() != Some(true));
            rules.extend(own.cloned());
            marker = got.value.next_marker().filter(|next| !next.is_empty()).map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(Got { value: ListenerRules { listener: listener.to_owned(), rules }, round })
    }

    /// Reads the tags of the rules.
    pub(crate) async fn rule_tags(&self) -> Result<Arc<Got<ByArn>>, AwsError> {
        self.memos
            .elb
            .rule_tags
            .get(async || {
                let rules = self.rules().await?;
                let all = rules.value.iter().flat_map(|listener| &listener.rules);
                let arns = all.filter_map(Rule::rule_arn).map(str::to_owned).collect();
                self.elb_tags(arns, rules.round).await
            })
            .await
    }
}

/// Returns the ARN of a rule's listener, which the rule's own contains
/// (ELB User Guide, ARN formats: `listener-rule/app/name/balancer/listener/rule`).
fn above(rule: &str) -> Option<String> {
    let (listener, _) = rule.rsplit_once('/')?;
    Some(listener.replacen(":listener-rule/", ":listener/", 1))
}

fn entry(key: Option<&str>, value: Option<&str>) -> Option<(String, String)> {
    Some((key?.to_owned(), value.unwrap_or_default().to_owned()))
}

/// Turns ELB's list of tags into a map.
pub(crate) fn tag_map(list: &[aws_sdk_elasticloadbalancingv2::types::Tag]) -> Tags {
    list.iter().filter_map(|tag| entry(tag.key(), tag.value())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_its_listener() {
        let rule = "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/notes/1a/2b/3c";
        let listener = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/notes/1a/2b";
        assert_eq!(above(rule).as_deref(), Some(listener));
    }
}
