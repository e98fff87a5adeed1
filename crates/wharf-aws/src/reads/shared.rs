//! A balancer owned elsewhere: where requests come in, and which places its rules have taken.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_acm::types::CertificateDetail;
use aws_sdk_elasticloadbalancingv2::types::{
    ActionTypeEnum, Certificate, HostHeaderConditionConfig, Listener, LoadBalancer,
    LoadBalancerStateEnum, LoadBalancerTypeEnum, PathPatternConditionConfig, ProtocolEnum, Rule,
};
use futures::future::try_join_all;
use wharf_graph::ErrorClass;
use wharf_graph::facts::{BalancerFact, ListenerFact, RuleFact};
use wharf_spec::stack::BalancerRef;

use crate::error::AwsError;
use crate::kinds::shared::claims_of_tag;
use crate::names;
use crate::reads::elb::ListenerRules;
use crate::reads::{Got, Memo, Reads, ec2};
use crate::tags::{self, Owner};

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    balancer: Memo<Result<LoadBalancer, String>>,
    listeners: Memo<Vec<Listener>>,
}

/// A host that a rule of the stack's takes on a balancer owned elsewhere.
pub(crate) struct Route {
    pub(crate) host: String,
    /// The balancer's name.
    pub(crate) balancer: String,
    /// The security group that says so, where it is not a rule.
    pub(crate) said_by: Option<String>,
}

impl Reads {
    /// Reads the balancer owned elsewhere that the spec refers to, or why there is none; `None` if the spec
    /// refers to none.
    pub(crate) async fn shared_balancer(
        &self,
    ) -> Result<Option<Arc<Got<Result<LoadBalancer, String>>>>, AwsError> {
        let Some(named) = &self.stack.balancer.shared else { return Ok(None) };
        let got = self.memos.shared.balancer.get(async || self.find_shared(named).await).await?;
        Ok(Some(got))
    }

    async fn find_shared(
        &self,
        wanted: &BalancerRef,
    ) -> Result<Got<Result<LoadBalancer, String>>, AwsError> {
        let (arns, names, round) = match wanted {
            BalancerRef::Arn(arn) => (vec![arn.clone()], Vec::new(), 0),
            BalancerRef::Name(name) => (Vec::new(), vec![name.clone()], 0),
            BalancerRef::Tag { key, value } => {
                let found = self.balancers_tagged(key, value).await?;
                match found.value.as_slice() {
                    [one] => (vec![one.clone()], Vec::new(), found.round),
                    [] => {
                        let problem = "no application load balancer has this tag".to_owned();
                        return Ok(Got { value: Err(problem), round: found.round });
                    }
                    several => {
                        let problem = format!(
                            "{} application load balancers have this tag: {}",
                            several.len(),
                            several.join(", ")
                        );
                        return Ok(Got { value: Err(problem), round: found.round });
                    }
                }
            }
        };
        let got = self
            .call(round, "elasticloadbalancing:DescribeLoadBalancers", |aws| {
                let ask = aws.elb.describe_load_balancers();
                ask.set_load_balancer_arns((!arns.is_empty()).then(|| arns.clone()))
                    .set_names((!names.is_empty()).then(|| names.clone()))
                    .send()
            })
            .await;
        let got = match got {
            Ok(got) => got,
            Err(error) if error.is(&["LoadBalancerNotFound"]) => {
                let problem = "there is no such balancer in the region".to_owned();
                return Ok(Got { value: Err(problem), round: round + 1 });
            }
            Err(error) => return Err(error),
        };
        let found = got.value.load_balancers().first().cloned();
        let value = found.ok_or_else(|| "there is no such balancer in the region".to_owned());
        Ok(Got { value: value.and_then(usable), round: got.round })
    }

    /// Reads the listeners for HTTP and HTTPS of the balancer owned elsewhere, by port.
    pub(crate) async fn shared_listeners(&self) -> Result<Arc<Got<Vec<Listener>>>, AwsError> {
        self.memos
            .shared
            .listeners
            .get(async || {
                let none = |round| Ok(Got { value: Vec::new(), round });
                let Some(balancer) = self.shared_balancer().await? else { return none(0) };
                let Ok(found) = &balancer.value else { return none(balancer.round) };
                let arn = found.load_balancer_arn().unwrap_or_default();
                let mut list = self.listeners_of(arn, balancer.round).await?;
                list.value.retain(|listener| {
                    let protocol = listener.protocol();
                    [Some(&ProtocolEnum::Http), Some(&ProtocolEnum::Https)].contains(&protocol)
                });
                list.value.sort_by_key(Listener::port);
                Ok(list)
            })
            .await
    }

    /// Puts together what the stack must know of the balancer it shares.
    pub(crate) async fn shared_fact(&self) -> Result<Option<BalancerFact>, AwsError> {
        let Some(balancer) = self.shared_balancer().await? else { return Ok(None) };
        let named = self.stack.balancer.shared.as_ref().map(words).unwrap_or_default();
        let found = match &balancer.value {
            Ok(found) => found,
            Err(problem) => {
                let problem = Some(problem.clone());
                return Ok(Some(BalancerFact { named, problem, ..BalancerFact::default() }));
            }
        };
        let (listeners, rules, tags) =
            futures::try_join!(self.shared_listeners(), self.rules(), self.rule_tags())?;
        let facts = listeners.value.iter().map(|one| self.listener_fact(one, listeners.round));
        let of_listeners: BTreeSet<&str> =
            listeners.value.iter().filter_map(|listener| listener.listener_arn()).collect();
        let ours = |arn: &str| {
            let own = tags.value.get(arn)?;
            let ours = tags::owner(own, &self.id) == Owner::Ours;
            ours.then(|| tags::address(own, "listener_rule")).flatten()
        };
        let mut of_others = Vec::new();
        for of in rules.value.iter().filter(|of| of_listeners.contains(of.listener.as_str())) {
            of_others.extend(of.rules.iter().map(|rule| rule_fact(of, rule, &ours)));
        }
        Ok(Some(BalancerFact {
            named,
            problem: None,
            arn: found.load_balancer_arn().unwrap_or_default().to_owned(),
            dns_name: found.dns_name().unwrap_or_default().to_lowercase(),
            zone_id: found.canonical_hosted_zone_id().unwrap_or_default().to_owned(),
            vpc: found.vpc_id().unwrap_or_default().to_owned(),
            groups: found.security_groups().iter().cloned().collect(),
            zones: found
                .availability_zones()
                .iter()
                .filter_map(|zone| zone.zone_name().map(str::to_owned))
                .collect(),
            listeners: try_join_all(facts).await?,
            rules: of_others,
        }))
    }

    /// Returns the names that rules of the stack's take on balancers owned elsewhere: names it has, or had.
    pub(super) async fn guest_names(&self) -> Result<Got<BTreeSet<String>>, AwsError> {
        let own = format!(":listener-rule/app/{}/", names::load_balancer(&self.id));
        let sweep = self.sweep().await;
        let mut swept = sweep.value.iter();
        let elsewhere = swept.any(|(arn, tags)| {
            (arn.contains(":listener-rule/") && !arn.contains(&own))
                || tags.contains_key(tags::NAMES)
        });
        if self.stack.balancer.shared.is_none() && !elsewhere {
            return Ok(Got { value: BTreeSet::new(), round: 0 });
        }
        let rules = self.routed_elsewhere().await?;
        let hosts = rules.value.into_iter().map(|route| route.host).collect();
        Ok(Got { value: hosts, round: rules.round })
    }

    /// Returns the hosts that rules of the stack's take on balancers owned elsewhere, and those it has said to
    /// take: whoever owns a balancer can take rules away.
    pub(crate) async fn routed_elsewhere(&self) -> Result<Got<Vec<Route>>, AwsError> {
        let (own, rules, tags, groups) = futures::try_join!(
            self.listeners(),
            self.rules(),
            self.rule_tags(),
            self.security_groups()
        )?;
        let own: BTreeSet<&str> = own.value.iter().filter_map(Listener::listener_arn).collect();
        let of_others = rules.value.iter().filter(|of| !own.contains(of.listener.as_str()));
        let mut found = Vec::new();
        for of in of_others {
            for rule in &of.rules {
                let own = rule.rule_arn().and_then(|arn| tags.value.get(arn));
                if own.is_some_and(|own| tags::owner(own, &self.id) == Owner::Ours) {
                    let balancer = of.listener.split('/').nth(2).unwrap_or_default();
                    let hosts = hosts_and_paths(rule).0.into_iter();
                    found.extend(hosts.map(|host| Route {
                        host,
                        balancer: balancer.to_owned(),
                        said_by: None,
                    }));
                }
            }
        }
        for group in &groups.value {
            let own = ec2::tags(group.tags());
            if tags::owner(&own, &self.id) != Owner::Ours {
                continue;
            }
            let claims = own.get(tags::NAMES).map(|text| claims_of_tag(text)).unwrap_or_default();
            found.extend(claims.iter().filter_map(|claim| {
                let (balancer, host) = claim.split_once('/')?;
                Some(Route {
                    host: host.to_owned(),
                    balancer: balancer.to_owned(),
                    said_by: group.group_id().map(str::to_owned),
                })
            }));
        }
        Ok(Got { value: found, round: tags.round.max(groups.round) })
    }

    async fn listener_fact(&self, found: &Listener, after: u32) -> Result<ListenerFact, AwsError> {
        let arn = found.listener_arn().unwrap_or_default().to_owned();
        let secure = found.protocol() == Some(&ProtocolEnum::Https);
        let asked = secure && self.stack.domain_names().iter().any(|name| !name.is_empty());
        let names = if asked { self.certified(&arn, after).await? } else { None };
        let actions = found.default_actions();
        Ok(ListenerFact {
            arn,
            port: found.port().and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
            secure,
            redirects: actions
                .iter()
                .any(|action| action.r#type() == Some(&ActionTypeEnum::Redirect)),
            names,
        })
    }

    /// Returns the names that the certificates of a listener are for. Whoever may not look at somebody else's
    /// certificates may still be served with them.
    async fn certified(
        &self,
        listener: &str,
        after: u32,
    ) -> Result<Option<BTreeSet<String>>, AwsError> {
        let got = self
            .call(after, "elasticloadbalancing:DescribeListenerCertificates", |aws| {
                aws.elb.describe_listener_certificates().listener_arn(listener).send()
            })
            .await;
        let got = match got {
            Err(error) if error.class == ErrorClass::Denied => return Ok(None),
            other => other?,
        };
        let arns: BTreeSet<&str> =
            got.value.certificates().iter().filter_map(Certificate::certificate_arn).collect();
        let mut names = BTreeSet::new();
        let looks = arns.into_iter().map(|arn| self.certificate_detail(arn, got.round));
        for look in futures::future::join_all(looks).await {
            match look {
                Err(error) if error.class == ErrorClass::Denied => return Ok(None),
                other => names.extend(other?.value.iter().flat_map(names_of)),
            }
        }
        Ok(Some(names))
    }
}

fn names_of(detail: &CertificateDetail) -> Vec<String> {
    let others = detail.subject_alternative_names().iter();
    let all = detail.domain_name().into_iter().chain(others.map(String::as_str));
    all.map(str::to_lowercase).collect()
}

/// Returns the name as it stands in the spec.
fn words(named: &BalancerRef) -> String {
    match named {
        BalancerRef::Arn(text) | BalancerRef::Name(text) => text.clone(),
        BalancerRef::Tag { key, value } => format!("tag:{key}={value}"),
    }
}

fn usable(found: LoadBalancer) -> Result<LoadBalancer, String> {
    if found.r#type().is_some_and(|kind| *kind != LoadBalancerTypeEnum::Application) {
        return Err("it is not an application load balancer".to_owned());
    }
    let state = found.state().and_then(|state| state.code());
    match state {
        Some(LoadBalancerStateEnum::Failed) => Err("its state is `failed`".to_owned()),
        Some(LoadBalancerStateEnum::Provisioning) => {
            Err("it is still being provisioned; try again in some minutes".to_owned())
        }
        _ => Ok(found),
    }
}

fn rule_fact(
    of: &ListenerRules,
    rule: &Rule,
    ours: &dyn Fn(&str) -> Option<wharf_graph::Address>,
) -> RuleFact {
    let arn = rule.rule_arn().unwrap_or_default().to_owned();
    let (hosts, paths) = hosts_and_paths(rule);
    RuleFact {
        resource: ours(&arn),
        arn,
        listener: of.listener.clone(),
        priority: rule.priority().and_then(|text| text.parse().ok()).unwrap_or_default(),
        hosts,
        paths,
    }
}

/// Reads the hosts and paths a rule takes.
pub(super) fn hosts_and_paths(rule: &Rule) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut hosts, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for condition in rule.conditions() {
        let plain = condition.values().iter();
        let host = condition.host_header_config().map(HostHeaderConditionConfig::values);
        let path = condition.path_pattern_config().map(PathPatternConditionConfig::values);
        match condition.field() {
            Some("host-header") => {
                hosts.extend(plain.chain(host.into_iter().flatten()).map(|it| it.to_lowercase()));
            }
            Some("path-pattern") => {
                paths.extend(plain.chain(path.into_iter().flatten()).cloned());
            }
            _ => {}
        }
    }
    (hosts, paths)
}
