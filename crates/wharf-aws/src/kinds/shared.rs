//! A balancer owned elsewhere: what the stack takes of it, and whether it is fit. Pure.

use std::collections::BTreeSet;

use wharf_graph::Facts;
use wharf_graph::facts::{BalancerFact, ListenerFact, RuleFact, covers};
use wharf_spec::Stack;

use crate::kinds::listener_rule::priority::{self, Planned};
use crate::tags;

/// A balancer owned elsewhere that cannot be used.
pub(super) const UNFIT: &str = "E212";

/// Returns the balancer, if there is one that can be used.
pub(crate) fn fact(facts: &Facts) -> Option<&BalancerFact> {
    facts.balancer.as_ref().filter(|found| found.problem.is_none())
}

/// Returns the listener that takes the stack's requests.
pub(super) fn listener<'f>(stack: &Stack, facts: &'f Facts) -> Option<&'f ListenerFact> {
    fact(facts)?.listener(!stack.domain_names().is_empty())
}

/// Returns the security group that stands for the balancer.
pub(super) fn group(facts: &Facts) -> Option<String> {
    fact(facts)?.groups.first().cloned()
}

/// Says what keeps the stack from sharing the balancer.
pub(super) fn problems(stack: &Stack, facts: &Facts) -> Vec<String> {
    let Some(balancer) = &facts.balancer else { return Vec::new() };
    let which = &balancer.named;
    if let Some(problem) = &balancer.problem {
        return vec![format!("the balancer {which} cannot be used: {problem}")];
    }
    let mut problems = Vec::new();
    if let Some(vpc) = facts.vpc.as_ref().filter(|vpc| vpc.id != balancer.vpc) {
        problems.push(format!(
            "the balancer {which} is in {}, and the tasks would be in {}; write `network: {{ vpc: {} }}`",
            balancer.vpc, vpc.id, balancer.vpc
        ));
    }
    if balancer.groups.is_empty() {
        problems
            .push(format!("the balancer {which} has no security group that tasks could let in"));
    }
    let names = stack.domain_names();
    match listener(stack, facts) {
        None if names.is_empty() => {
            problems.push(format!("the balancer {which} has no listener for HTTP or HTTPS"));
        }
        None => problems.push(format!(
            "the balancer {which} has no listener for HTTPS, and `domain` needs one"
        )),
        Some(listener) => {
            problems.extend(uncovered(which, listener, &names));
            problems.extend(collisions(stack, balancer, listener));
        }
    }
    problems
}

/// Says which names the listener's certificates are not for.
fn uncovered(which: &str, listener: &ListenerFact, names: &BTreeSet<String>) -> Option<String> {
    let certified = listener.names.as_ref().filter(|_| listener.secure)?;
    let open: Vec<&str> =
        names.iter().filter(|name| !covers(certified, name)).map(String::as_str).collect();
    (!open.is_empty()).then(|| {
        format!(
            "no certificate of the balancer {which}, port {}, is for {}; its owner has to add one",
            listener.port,
            open.join(", ")
        )
    })
}

/// Says which rules of others take just the requests that the stack wants.
fn collisions(stack: &Stack, balancer: &BalancerFact, listener: &ListenerFact) -> Vec<String> {
    let same = |wanted: &Planned, there: &&RuleFact| {
        there.listener == listener.arn
            && there.resource.is_none()
            && there.hosts == wanted.hosts
            && there.paths == wanted.paths
    };
    priority::rules(stack)
        .iter()
        .filter_map(|wanted| {
            let there = balancer.rules.iter().find(|there| same(wanted, there))?;
            Some(format!(
                "somebody else's rule takes the requests of service {} already: {} (priority {})",
                wanted.service, there.arn, there.priority
            ))
        })
        .collect()
}

/// Gives each rule a free place among those of others: the one it has, or one in its band. A rule that is
/// there does not move unless its conditions become more or less specific.
pub(super) fn place(stack: &Stack, facts: &Facts, rules: &mut [Planned]) {
    let (Some(balancer), Some(listener)) = (fact(facts), listener(stack, facts)) else { return };
    let there = || balancer.rules.iter().filter(|rule| rule.listener == listener.arn);
    let own = |name: &str| {
        there()
            .find(|rule| rule.resource.as_ref().is_some_and(|address| address.name() == name))
            .map(|rule| rule.priority)
    };
    let mut taken: BTreeSet<u32> = there().map(|rule| rule.priority).collect();
    for rule in rules {
        let band = priority::band_of(rule.priority);
        if let Some(present) = own(&rule.name) {
            if band.contains(&present) {
                rule.priority = present;
                continue;
            }
            // It has become more or less specific than it was.
            taken.remove(&present);
        }
        let behind = band.end() + 1..=50_000;
        let around = (rule.priority..=*band.end()).chain(*band.start()..rule.priority);
        if let Some(free) = around.chain(behind).find(|place| !taken.contains(place)) {
            rule.priority = free;
        }
        taken.insert(rule.priority);
    }
}

/// What the tag `wharf:names` says where a stack takes no name any more.
pub(crate) const NO_CLAIM: &str = "-";

/// Returns what a stack says on the group around its tasks to take at a balancer owned elsewhere, as
/// `edge/notes.example.com`. Records carry no tags, and the rules that say whose they are can be taken away by the
/// balancer's owner.
pub(crate) fn claims(stack: &Stack, facts: &Facts) -> Vec<String> {
    let Some(found) = fact(facts).filter(|_| stack.balancer.shared.is_some()) else {
        return Vec::new();
    };
    let Some(balancer) = found.arn.split('/').nth(2) else { return Vec::new() };
    let mut claims: Vec<String> = Vec::new();
    for name in stack.domain_names() {
        claims.push(format!("{balancer}/{name}"));
        if tag_of_claims(&claims).is_some_and(|text| text.len() > tags::VALUE) {
            claims.pop();
        }
    }
    claims
}

/// Writes claims as the value of a tag: each balancer's name with an equals sign, and then the names.
pub(crate) fn tag_of_claims(claims: &[String]) -> Option<String> {
    let mut words = Vec::new();
    let mut at = "";
    for (balancer, name) in claims.iter().filter_map(|claim| claim.split_once('/')) {
        if balancer != at {
            at = balancer;
            words.push(format!("{balancer}="));
        }
        // A tag takes no asterisk (AWS General Reference, "Tagging AWS resources").
        words.push(name.replace('*', "_"));
    }
    (!words.is_empty()).then(|| words.join(" "))
}

/// Reads claims off the tag, in order.
pub(crate) fn claims_of_tag(text: &str) -> Vec<String> {
    let mut claims = Vec::new();
    let mut at = None;
    for word in text.split(' ') {
        match (word.strip_suffix('='), word.strip_prefix("_."), at) {
            (Some(balancer), ..) => at = Some(balancer),
            (_, _, None) => {}
            (_, Some(rest), Some(at)) => claims.push(format!("{at}/*.{rest}")),
            (_, None, Some(at)) => claims.push(format!("{at}/{word}")),
        }
    }
    claims.sort();
    claims
}

#[cfg(test)]
mod tests {
    use wharf_spec::stack::{BalancerRef, CertificateSource, Domain, Zone};

    use super::*;
    use crate::testing;

    #[test]
    fn claims_come_back_from_the_tag() {
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/edge/1f";
        let balancer = BalancerFact { arn: arn.to_owned(), ..BalancerFact::default() };
        let facts = Facts { balancer: Some(balancer), ..Facts::default() };
        let mut stack = testing::stack();
        let routing = stack.services.get_mut("web").unwrap().routing.as_mut().unwrap();
        routing.domain = Some(Domain {
            names: ["*.example.com", "notes.example.com"].map(str::to_owned).into(),
            zone: Zone::Auto,
            certificate: CertificateSource::Auto,
            tls_policy: String::new(),
        });
        assert_eq!(claims(&stack, &facts), Vec::<String>::new());
        stack.balancer.shared = Some(BalancerRef::Name("edge".to_owned()));
        let said = claims(&stack, &facts);
        assert_eq!(said, ["edge/*.example.com", "edge/notes.example.com"]);
        let tag = tag_of_claims(&said).unwrap();
        assert_eq!(tag, "edge= _.example.com notes.example.com");
        assert_eq!(claims_of_tag(&tag), said);
        let routing = stack.services.get_mut("web").unwrap().routing.as_mut().unwrap();
        routing.domain.as_mut().unwrap().names =
            (0..40).map(|number| format!("number-{number}.example.com")).collect();
        let said = claims(&stack, &facts);
        assert!(said.len() > 5 && tag_of_claims(&said).unwrap().len() <= tags::VALUE, "{said:?}");
    }

    #[test]
    fn claims_on_two_balancers_stand_in_one_tag() {
        let said =
            ["edge/a.example.com", "edge/b.example.com", "other/a.example.com"].map(str::to_owned);
        let tag = tag_of_claims(&said).unwrap();
        assert_eq!(tag, "edge= a.example.com b.example.com other= a.example.com");
        assert_eq!(claims_of_tag(&tag), said);
        for nothing in ["", NO_CLAIM, "a.example.com"] {
            assert_eq!(claims_of_tag(nothing), Vec::<String>::new());
        }
        assert_eq!(tag_of_claims(&[]), None);
    }
}
