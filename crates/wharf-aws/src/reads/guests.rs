//! What others have put on things of the stack's own: rules on its balancer, services in its cluster.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::{Listener, Rule};
use wharf_graph::{Guest, StackId};

use crate::error::AwsError;
use crate::reads::Reads;
use crate::reads::elb::ListenerRules;
use crate::reads::shared::hosts_and_paths;
use crate::tags::{self, Owner, Tags};

/// A rule of another stack on a listener of this one.
struct GuestRule<'r> {
    listener: &'r str,
    rule: &'r Rule,
    owner: String,
}

impl Reads {
    /// Lists who depends on the stack's own cluster and balancer. What could not be read has failed already
    /// where it is read for its own sake, so that nothing is planned.
    pub(crate) async fn guests(&self) -> Vec<Guest> {
        let (services, rules) = futures::join!(self.services_of_others(), self.rules_of_others());
        let both = [services, rules].into_iter().flatten();
        both.flatten().collect()
    }

    /// Services of others hold a cluster back from being deleted, whoever's they are.
    async fn services_of_others(&self) -> Result<Vec<Guest>, AwsError> {
        let (cluster, services) = futures::try_join!(self.cluster(), self.services())?;
        let Some(arn) = cluster.value.as_ref().and_then(|own| own.cluster.cluster_arn()) else {
            return Ok(Vec::new());
        };
        let inside = services.value.iter().filter(|one| one.service.cluster_arn() == Some(arn));
        let of_others = inside.filter(|one| !one.leaving()).filter_map(|one| {
            let Owner::Other(owner) = tags::owner(&one.tags, &self.id) else { return None };
            let name = one.service.service_name().unwrap_or_default();
            Some(Guest { of: arn.to_owned(), who: format!("service {name} ({owner})") })
        });
        Ok(of_others.collect())
    }

    async fn rules_of_others(&self) -> Result<Vec<Guest>, AwsError> {
        let (balancer, listeners, rules, tags) = futures::try_join!(
            self.own_balancer(),
            self.listeners(),
            self.rules(),
            self.rule_tags()
        )?;
        let balancer = balancer.value.as_ref().and_then(|own| own.load_balancer_arn());
        let found = on_own(&listeners.value, &rules.value, &tags.value, &self.id);
        let guests = found.iter().flat_map(|guest| {
            let (hosts, paths) = hosts_and_paths(guest.rule);
            let takes: Vec<String> = hosts.into_iter().chain(paths).collect();
            let who = format!("the rule for {} ({})", takes.join(", "), guest.owner);
            let of = [Some(guest.listener), balancer].into_iter().flatten();
            of.map(move |of| Guest { of: of.to_owned(), who: who.clone() })
        });
        Ok(guests.collect())
    }

    /// Returns the hosts that rules of other stacks take on the stack's own balancer.
    pub(crate) async fn guest_hosts(&self) -> Result<BTreeSet<String>, AwsError> {
        let (listeners, rules, tags) =
            futures::try_join!(self.listeners(), self.rules(), self.rule_tags())?;
        let found = on_own(&listeners.value, &rules.value, &tags.value, &self.id);
        Ok(found.iter().flat_map(|guest| hosts_and_paths(guest.rule).0).collect())
    }
}

fn on_own<'r>(
    listeners: &[Listener],
    rules: &'r [ListenerRules],
    tags: &BTreeMap<String, Tags>,
    stack: &StackId,
) -> Vec<GuestRule<'r>> {
    let own: BTreeSet<&str> = listeners.iter().filter_map(Listener::listener_arn).collect();
    let of_own = rules.iter().filter(|of| own.contains(of.listener.as_str()));
    let all = of_own.flat_map(|of| of.rules.iter().map(|rule| (of.listener.as_str(), rule)));
    let theirs = all.filter_map(|(listener, rule)| {
        let found = tags.get(rule.rule_arn()?)?;
        match tags::owner(found, stack) {
            // What carries nobody's tags was added by hand to what is the stack's.
            Owner::Other(owner) if owner != tags::NOBODYS => {
                Some(GuestRule { listener, rule, owner })
            }
            _ => None,
        }
    });
    theirs.collect()
}
