//! Chooses subnets for the balancer and the tasks from what the account has. Pure.
//!
//! A balancer stands in one subnet per zone and in at least two zones; tasks stand only in zones the
//! balancer serves, since targets elsewhere never get traffic (Elastic Load Balancing User Guide,
//! Application Load Balancers, subnets and zones).

use std::collections::{BTreeMap, BTreeSet};

use wharf_graph::Facts;
use wharf_graph::facts::{Egress, Subnet};
use wharf_spec::Stack;
use wharf_spec::stack::{Placement, Scheme};

use crate::kinds::shared;

/// Fewest zones of a balancer (ELB API reference, `CreateLoadBalancer`).
const ZONES: usize = 2;

/// Subnets of the balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Subnet ids, one per zone.
    pub(crate) subnets: BTreeSet<String>,
    /// Why these, in a sentence for people.
    pub(crate) note: String,
}

/// Subnets of the tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChosenTasks {
    /// Subnet ids.
    pub(crate) subnets: BTreeSet<String>,
    /// Whether each task gets a public address, which is its only way out of a public subnet
    /// (ECS Developer Guide, Fargate task networking).
    pub(crate) public_ip: bool,
    /// Why these, in a sentence for people.
    pub(crate) note: String,
}

/// Something the account lacks, with the number that explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

/// There is no VPC.
pub(crate) const NO_VPC: &str = "E201";
/// Subnets in fewer than two zones.
pub(crate) const ZONES_MISSING: &str = "E202";
/// No way out from the tasks' subnets.
pub(crate) const NO_WAY_OUT: &str = "E203";
/// Tasks in a zone the balancer does not serve.
pub(crate) const OUTSIDE: &str = "E204";
/// Subnets named in the spec that do not fit.
pub(crate) const UNFIT: &str = "E205";

fn lack<T>(code: &'static str, text: impl Into<String>) -> Result<T, Lack> {
    Err(Lack { code, text: text.into() })
}

/// One subnet for each zone.
type ByZone<'a> = BTreeMap<&'a str, &'a Subnet>;

/// Chooses the balancer's subnets, or says what is missing and what to do.
pub(crate) fn balancer(stack: &Stack, facts: &Facts) -> Result<Chosen, Lack> {
    let vpc = vpc(facts)?;
    let internet = stack.balancer.scheme == Scheme::InternetFacing;
    let (zones, word) = match &stack.network.balancer {
        Placement::Subnets(ids) => {
            let named = named(facts, ids, "network.balancer")?;
            let zones = one_each(facts, &named, |_| 0);
            if zones.len() < named.len() {
                return lack(
                    UNFIT,
                    format!(
                        "network.balancer names more than one subnet of a zone; a balancer takes one of \
                     each: {}",
                        list(&named)
                    ),
                );
            }
            if internet && let Some(private) = named.iter().find(|subnet| !public(subnet)) {
                return lack(
                    UNFIT,
                    format!(
                        "network.balancer names {}, from which no internet gateway is reachable, but the \
                     balancer is internet-facing; name public subnets, or set balancer.scheme to \
                     internal",
                        private.id
                    ),
                );
            }
            (zones, "the subnets named in the spec")
        }
        Placement::Public => (publics(facts), "the public subnets"),
        Placement::Private if internet => {
            return lack(
                UNFIT,
                "an internet-facing balancer cannot be reached in private subnets; set \
                 network.balancer to public, or balancer.scheme to internal",
            );
        }
        Placement::Private => (privates(facts), "the private subnets"),
        Placement::Auto if internet => (publics(facts), "the public subnets"),
        Placement::Auto => match privates(facts) {
            zones if zones.len() >= ZONES => (zones, "the private subnets"),
            _ => (
                publics(facts),
                "the public subnets, since private ones cover fewer than two zones",
            ),
        },
    };
    if zones.len() < ZONES {
        return lack(
            ZONES_MISSING,
            format!(
                "a balancer needs subnets in two zones, and {word} of {vpc} cover {}; add subnets, or \
             choose another VPC or other subnets under network",
                count(zones.len(), "zone"),
            ),
        );
    }
    Ok(Chosen {
        note: format!("in {word} of {}", join(zones.keys().copied())),
        subnets: ids(&zones),
    })
}

/// Chooses the tasks' subnets and whether they need public addresses, or says what is missing.
pub(crate) fn tasks(stack: &Stack, facts: &Facts) -> Result<ChosenTasks, Lack> {
    let vpc = vpc(facts)?;
    let served = match (stack.routed().next(), shared::fact(facts)) {
        (Some(_), Some(elsewhere)) => Some(elsewhere.zones.clone()),
        // The balancer has reported the problem.
        (Some(_), None) if stack.balancer.shared.is_some() => None,
        (Some(_), None) => Some(zones_of(facts, &balancer(stack, facts)?.subnets)),
        (None, _) => None,
    };
    let within = |zones: ByZone<'_>| -> BTreeSet<String> {
        let inside = |zone: &str| served.as_ref().is_none_or(|served| served.contains(zone));
        zones
            .into_iter()
            .filter(|(zone, _)| inside(zone))
            .map(|(_, subnet)| subnet.id.clone())
            .collect()
    };
    let leading_out = || within(leaving(facts));
    let open = || within(publics(facts));
    match &stack.network.tasks {
        Placement::Subnets(wanted) => explicit(facts, wanted, served.as_ref()),
        Placement::Public => placed(open(), true, "public subnets, each task with a public address")
            .map_or_else(
                || lack(OUTSIDE, format!("{vpc} has no public subnet in the balancer's zones")),
                Ok,
            ),
        Placement::Private => {
            placed(leading_out(), false, "private subnets, which have a way out").map_or_else(
                || lack(NO_WAY_OUT, format!(
                    "no private subnet of {vpc} can reach the image store: add a NAT gateway, or the \
                     VPC endpoints ecr.api, ecr.dkr, logs and s3, or set network.tasks to public"
                )),
                Ok,
            )
        }
        Placement::Auto => placed(leading_out(), false, "private subnets, which have a way out")
            .or_else(|| {
                placed(
                    open(),
                    true,
                    "public subnets, each task with a public address, since no private subnet has a \
                     way out; only the balancer can connect to them",
                )
            })
            .map_or_else(
                || lack(NO_WAY_OUT, format!(
                    "no subnet of {vpc} can reach the image store: none has a route to an internet \
                     or NAT gateway, and the VPC endpoints ecr.api, ecr.dkr, logs and s3 are not \
                     there"
                )),
                Ok,
            ),
    }
}

fn placed(subnets: BTreeSet<String>, public_ip: bool, words: &str) -> Option<ChosenTasks> {
    (!subnets.is_empty()).then(|| ChosenTasks { subnets, public_ip, note: format!("in {words}") })
}

fn explicit(
    facts: &Facts,
    wanted: &BTreeSet<String>,
    served: Option<&BTreeSet<String>>,
) -> Result<ChosenTasks, Lack> {
    let named = named(facts, wanted, "network.tasks")?;
    if let Some(served) = served
        && let Some(outside) = named.iter().find(|subnet| !served.contains(&subnet.zone))
    {
        return lack(
            OUTSIDE,
            format!(
                "network.tasks names {} in {}, a zone the balancer does not serve ({}); tasks there \
             would get no traffic",
                outside.id,
                outside.zone,
                join(served.iter().map(String::as_str)),
            ),
        );
    }
    let public_ip = named.iter().any(|subnet| public(subnet));
    let mut note = "in the subnets named in the spec".to_owned();
    if public_ip {
        note.push_str(", each task with a public address, since some of them are public");
    }
    if let Some(closed) = named.iter().find(|subnet| subnet.egress == Egress::None) {
        note.push_str("; no way out of ");
        note.push_str(&closed.id);
        note.push_str(" was found");
    }
    Ok(ChosenTasks { subnets: wanted.clone(), public_ip, note })
}

/// Returns the VPC in words, or why there is none.
fn vpc(facts: &Facts) -> Result<String, Lack> {
    match &facts.vpc {
        Some(vpc) if vpc.default => Ok(format!("the default VPC ({})", vpc.id)),
        Some(vpc) => Ok(vpc.id.clone()),
        None => {
            lack(NO_VPC, facts.vpc_problem.clone().unwrap_or_else(|| "there is no VPC".to_owned()))
        }
    }
}

fn public(subnet: &Subnet) -> bool {
    subnet.egress == Egress::InternetGateway
}

/// Says whether a zone is an availability zone proper: local and wavelength zones have longer
/// names, and balancers and Fargate are not offered in all of them.
fn regular(facts: &Facts, zone: &str) -> bool {
    zone.strip_prefix(facts.region.as_str()).is_none_or(|letter| letter.len() == 1)
}

/// Picks one subnet per zone: the lowest rank, then the lowest id, so that the choice is stable.
fn one_each<'a>(facts: &Facts, from: &[&'a Subnet], rank: impl Fn(&Subnet) -> u8) -> ByZone<'a> {
    let mut zones = ByZone::new();
    for subnet in from.iter().copied().filter(|subnet| regular(facts, &subnet.zone)) {
        let best = zones.entry(subnet.zone.as_str()).or_insert(subnet);
        if (rank(subnet), &subnet.id) < (rank(best), &best.id) {
            *best = subnet;
        }
    }
    zones
}

fn pick(
    facts: &Facts,
    wanted: impl Fn(&Subnet) -> bool,
    rank: impl Fn(&Subnet) -> u8,
) -> ByZone<'_> {
    let from: Vec<&Subnet> = facts.subnets.iter().filter(|subnet| wanted(subnet)).collect();
    one_each(facts, &from, rank)
}

fn publics(facts: &Facts) -> ByZone<'_> {
    pick(facts, public, |_| 0)
}

fn privates(facts: &Facts) -> ByZone<'_> {
    pick(facts, |subnet| !public(subnet), |_| 0)
}

/// Private subnets with a way out; a NAT gateway leads to more places than endpoints do.
fn leaving(facts: &Facts) -> ByZone<'_> {
    pick(
        facts,
        |subnet| matches!(subnet.egress, Egress::Nat | Egress::Endpoints),
        |subnet| u8::from(subnet.egress == Egress::Endpoints),
    )
}

fn named<'a>(
    facts: &'a Facts,
    wanted: &BTreeSet<String>,
    field: &str,
) -> Result<Vec<&'a Subnet>, Lack> {
    wanted
        .iter()
        .map(|id| {
            facts.subnets.iter().find(|subnet| subnet.id == *id).ok_or_else(|| {
                let vpc = facts.vpc.as_ref().map_or("the VPC", |vpc| vpc.id.as_str());
                Lack {
                    code: UNFIT,
                    text: format!("{field} names {id}, which is not a subnet of {vpc}"),
                }
            })
        })
        .collect()
}

fn zones_of(facts: &Facts, ids: &BTreeSet<String>) -> BTreeSet<String> {
    facts
        .subnets
        .iter()
        .filter(|subnet| ids.contains(&subnet.id))
        .map(|subnet| subnet.zone.clone())
        .collect()
}

fn ids(zones: &ByZone<'_>) -> BTreeSet<String> {
    zones.values().map(|subnet| subnet.id.clone()).collect()
}

fn list(subnets: &[&Subnet]) -> String {
    let each: Vec<String> =
        subnets.iter().map(|subnet| format!("{} ({})", subnet.id, subnet.zone)).collect();
    each.join(", ")
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}"),
        1 => format!("only one {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use wharf_graph::facts::Vpc;

    use super::*;
    use crate::testing;

    fn facts(subnets: &[(&str, &str, Egress)]) -> Facts {
        Facts {
            region: "eu-west-1".to_owned(),
            vpc: Some(Vpc { id: "vpc-1".into(), cidr: "10.0.0.0/16".into(), default: false }),
            subnets: subnets
                .iter()
                .map(|(id, zone, egress)| Subnet {
                    id: (*id).to_owned(),
                    zone: (*zone).to_owned(),
                    egress: *egress,
                    free_addresses: 100,
                    layers_free: false,
                })
                .collect(),
            ..Facts::default()
        }
    }

    const OPEN: &[(&str, &str, Egress)] = &[
        ("subnet-a2", "eu-west-1a", Egress::InternetGateway),
        ("subnet-a1", "eu-west-1a", Egress::InternetGateway),
        ("subnet-b1", "eu-west-1b", Egress::InternetGateway),
        ("subnet-l1", "eu-west-1-lhr-1a", Egress::InternetGateway),
    ];

    fn set(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn public_subnets_only() {
        let (stack, facts) = (testing::stack(), facts(OPEN));
        assert_eq!(balancer(&stack, &facts).unwrap().subnets, set(&["subnet-a1", "subnet-b1"]));
        let tasks = tasks(&stack, &facts).unwrap();
        assert_eq!(tasks.subnets, set(&["subnet-a1", "subnet-b1"]));
        assert!(tasks.public_ip);
        assert!(tasks.note.contains("no private subnet has a way out"), "{}", tasks.note);
    }

    #[test]
    fn private_subnets_with_a_way_out_within_the_balancers_zones() {
        let mut subnets = OPEN.to_vec();
        subnets.extend([
            ("subnet-p0", "eu-west-1a", Egress::None),
            ("subnet-p1", "eu-west-1a", Egress::Endpoints),
            ("subnet-p2", "eu-west-1a", Egress::Nat),
            ("subnet-p3", "eu-west-1c", Egress::Nat),
        ]);
        let (mut stack, facts) = (testing::stack(), facts(&subnets));
        let chosen = tasks(&stack, &facts).unwrap();
        assert_eq!((chosen.subnets, chosen.public_ip), (set(&["subnet-p2"]), false));
        // A worker has no balancer, and so no zones to keep to.
        stack.services.values_mut().for_each(|service| service.routing = None);
        assert_eq!(tasks(&stack, &facts).unwrap().subnets, set(&["subnet-p2", "subnet-p3"]));
    }

    #[test]
    fn says_what_is_missing() {
        let stack = testing::stack();
        let one = facts(&OPEN[..2]);
        assert!(balancer(&stack, &one).unwrap_err().text.contains("cover only one zone"));
        let gone = Facts { vpc_problem: Some("no VPC is tagged".into()), ..Facts::default() };
        assert_eq!(tasks(&stack, &gone).unwrap_err().text, "no VPC is tagged");
        let mut private = testing::stack();
        private.network.tasks = Placement::Private;
        assert!(tasks(&private, &facts(OPEN)).unwrap_err().text.contains("NAT gateway"));
    }

    #[test]
    fn named_subnets_are_checked() {
        let mut stack = testing::stack();
        let facts = facts(OPEN);
        stack.network.tasks = Placement::Subnets(set(&["subnet-x"]));
        assert!(tasks(&stack, &facts).unwrap_err().text.contains("not a subnet of vpc-1"));
        stack.network.tasks = Placement::Subnets(set(&["subnet-a2"]));
        let chosen = tasks(&stack, &facts).unwrap();
        assert_eq!((chosen.subnets, chosen.public_ip), (set(&["subnet-a2"]), true));
        stack.network.balancer = Placement::Subnets(set(&["subnet-a1", "subnet-a2"]));
        assert!(
            balancer(&stack, &facts).unwrap_err().text.contains("more than one subnet of a zone")
        );
    }
}
