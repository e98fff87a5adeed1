//! Surroundings for a stack that is declared without an account, to draw it or to compare two specs.
//!
//! Nothing was read, so everything a spec leaves to the account gets a placeholder that is the same
//! for the same words: what a change of the spec does not touch does not differ. Ids that a spec
//! names itself are kept. What only an account knows (whether private subnets have a way out, whether
//! a secret exists) is taken to be as the spec hopes.

use std::collections::{BTreeMap, BTreeSet};

use wharf_graph::Facts;
use wharf_graph::facts::{
    BalancerFact, ClusterFact, Egress, HostedZone, ImageFact, ListenerFact, RoleFact, SecretFact,
    Subnet, Vpc,
};
use wharf_spec::Stack;
use wharf_spec::stack::{BalancerRef, Image, Placement, Scheme, VpcRef, Workload, Zone};

use crate::reads::images::reference_text;
use crate::secret;

/// Stands in for the account where the spec names none.
pub const ACCOUNT: &str = "ACCOUNT";
/// Begins what stands in for a digest: which one a tag means only a registry knows.
pub const DIGEST: &str = "digest-of";

/// Returns placeholders for everything [`declare`](crate::declare) asks of an account. Pure.
pub fn facts(stack: &Stack) -> Facts {
    let vpc = match &stack.network.vpc {
        VpcRef::Default => "default-vpc".to_owned(),
        VpcRef::Id(id) => id.clone(),
        VpcRef::Tag { key, value } => format!("vpc-tagged-{key}={value}"),
    };
    let partition = match &stack.region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    Facts {
        account: stack.account.clone().unwrap_or_else(|| ACCOUNT.to_owned()),
        region: stack.region.clone(),
        partition: partition.to_owned(),
        balancer: balancer(stack, &vpc),
        subnets: subnets(stack, &vpc),
        vpc: Some(Vpc {
            default: stack.network.vpc == VpcRef::Default,
            id: vpc,
            cidr: "0.0.0.0/0".to_owned(),
        }),
        vpc_problem: None,
        zones: zones(stack),
        images: images(stack),
        secrets: secrets(stack),
        roles: roles(stack),
        certificate: None,
        cluster: cluster(stack),
        alarms: BTreeMap::new(),
    }
}

/// A cluster owned elsewhere is taken to be fit.
fn cluster(stack: &Stack) -> Option<ClusterFact> {
    let named = stack.cluster.clone()?;
    let providers = crate::kinds::cluster::providers();
    Some(ClusterFact { arn: named.clone(), named, providers, ..ClusterFact::default() })
}

/// A balancer owned elsewhere is taken to be fit, with a listener for each protocol.
fn balancer(stack: &Stack, vpc: &str) -> Option<BalancerFact> {
    let named = match stack.balancer.shared.as_ref()? {
        BalancerRef::Arn(text) | BalancerRef::Name(text) => text.clone(),
        BalancerRef::Tag { key, value } => format!("tag:{key}={value}"),
    };
    let listener = |port: u16, secure: bool| ListenerFact {
        arn: format!("listener-{port}-of-{named}"),
        port,
        secure,
        ..ListenerFact::default()
    };
    Some(BalancerFact {
        arn: named.clone(),
        dns_name: format!("name-of-{named}"),
        zone_id: format!("zone-of-{named}"),
        vpc: vpc.to_owned(),
        groups: BTreeSet::from([format!("group-of-{named}")]),
        zones: subnets(stack, vpc).into_iter().map(|subnet| subnet.zone).collect(),
        listeners: vec![listener(80, false), listener(443, true)],
        named,
        ..BalancerFact::default()
    })
}

/// Roles owned elsewhere are taken to be good.
fn roles(stack: &Stack) -> BTreeMap<String, RoleFact> {
    let arns = stack.workloads().filter_map(|workload| workload.task_role);
    arns.map(|arn| (arn.to_owned(), RoleFact::Usable)).collect()
}

/// Subnets the spec names are as it needs them; the others are called after who chose them.
fn subnets(stack: &Stack, vpc: &str) -> Vec<Subnet> {
    let network = &stack.network;
    let internet = stack.balancer.scheme == Scheme::InternetFacing;
    let named = |placement: &Placement| match placement {
        Placement::Subnets(ids) => ids.clone(),
        Placement::Auto | Placement::Public | Placement::Private => BTreeSet::new(),
    };
    let (balancer, tasks) = (named(&network.balancer), named(&network.tasks));
    let zones = balancer.len().clamp(2, 26);
    let zone = |index: usize| {
        // At most 26 zones, so a letter each.
        let letter = u8::try_from(index % zones).map_or('a', |at| char::from(b'a' + at));
        format!("{}{letter}", stack.region)
    };
    let subnet = |id: String, index: usize, egress| Subnet {
        id,
        zone: zone(index),
        egress,
        free_addresses: 1000,
        layers_free: true,
    };
    let inside = if internet { Egress::InternetGateway } else { Egress::Nat };
    let mut found: BTreeMap<String, Subnet> = BTreeMap::new();
    for (index, id) in tasks.iter().enumerate() {
        found.insert(id.clone(), subnet(id.clone(), index, Egress::Nat));
    }
    for (index, id) in balancer.iter().enumerate() {
        found.insert(id.clone(), subnet(id.clone(), index, inside));
    }
    // Where tasks stand is wharf's choice unless the spec says it, and may not be what it says.
    let private = if network.tasks == Placement::Auto { "chosen" } else { "private" };
    for index in 0..zones {
        for (word, egress) in [("public", Egress::InternetGateway), (private, Egress::Nat)] {
            let id = format!("{word}-subnet-{}-of-{vpc}", index + 1);
            found.insert(id.clone(), subnet(id, index, egress));
        }
    }
    found.into_values().collect()
}

/// One zone for each way in which the spec chooses one; without a choice, the parent of the name.
fn zones(stack: &Stack) -> Vec<HostedZone> {
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    for service in stack.routed() {
        let Some(domain) = service.routing.as_ref().and_then(|one| one.domain.as_ref()) else {
            continue;
        };
        for name in &domain.names {
            let parent = || match name.split_once('.') {
                Some((_, rest)) if rest.contains('.') => rest.to_owned(),
                _ => name.clone(),
            };
            let zone = match &domain.zone {
                Zone::External => continue,
                Zone::Auto => (parent(), format!("zone-of-{}", parent())),
                Zone::Name(zone) => (zone.clone(), format!("zone-{zone}")),
                Zone::Id(id) => (parent(), id.clone()),
            };
            found.insert(zone);
        }
    }
    // Two zones of one name would be ambiguous; the first stands for both.
    let mut zones: Vec<HostedZone> =
        found.into_iter().map(|(name, id)| HostedZone { id, name, elsewhere: None }).collect();
    zones.dedup_by(|one, two| one.name == two.name && one.id.starts_with("zone-"));
    zones.sort_by(|one, two| (two.name.len(), &one.name).cmp(&(one.name.len(), &two.name)));
    zones
}

/// A tag in the service's own repository means a digest that is another for another tag.
fn images(stack: &Stack) -> BTreeMap<String, ImageFact> {
    let all = stack.workloads().filter_map(|workload| {
        let Image::Own { reference, .. } = workload.image else { return None };
        let reference = reference_text(reference);
        let digest = match reference.strip_prefix('@') {
            Some(digest) => digest.to_owned(),
            None => format!("{DIGEST}{reference}"),
        };
        let fact = ImageFact { reference, digest: Some(digest), architectures: Vec::new() };
        Some((workload.name.to_owned(), fact))
    });
    all.collect()
}

/// Secrets are called what the spec calls them.
fn secrets(stack: &Stack) -> BTreeMap<String, SecretFact> {
    let all = stack.workloads().flat_map(Workload::secret_refs);
    all.map(|reference| {
        let text = secret::text(reference);
        (text.clone(), SecretFact { arn: Some(text), ..SecretFact::default() })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use wharf_graph::Graph;

    use super::*;
    use crate::testing;

    fn graph(stack: &Stack) -> Graph {
        let (nodes, problems) = crate::declare(stack, &facts(stack));
        assert!(problems.is_empty(), "{problems:?}");
        Graph::new(nodes).unwrap()
    }

    #[test]
    fn every_placement_can_be_declared() {
        let ids = |ids: &[&str]| {
            Placement::Subnets(ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>())
        };
        for scheme in [Scheme::InternetFacing, Scheme::Internal] {
            for tasks in [
                Placement::Auto,
                Placement::Public,
                Placement::Private,
                ids(&["subnet-1"]),
                ids(&["subnet-1", "subnet-2", "subnet-3"]),
            ] {
                for balancer in [Placement::Auto, Placement::Public, ids(&["subnet-1", "subnet-8"])]
                {
                    let mut stack = testing::stack();
                    stack.balancer.scheme = scheme;
                    stack.network.tasks = tasks.clone();
                    stack.network.balancer = balancer;
                    assert!(graph(&stack).len() > 10);
                }
            }
        }
    }

    #[test]
    fn the_same_words_give_the_same_placeholders() {
        let stack = testing::stack();
        assert_eq!(facts(&stack), facts(&stack));
        let mut other = testing::stack();
        other.network.tasks = Placement::Private;
        assert_ne!(graph(&stack).seal().props, graph(&other).seal().props);
    }
}
