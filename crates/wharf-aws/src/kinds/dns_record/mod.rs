//! DNS records: an alias from each name to the balancer, and the records that prove the names to ACM.
//!
//! Records take no tags. An alias is the stack's if it leads to the stack's balancer; a validation
//! record, if a certificate of the stack's asks for it.

mod change;
mod live;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wharf_graph::facts::HostedZone;
use wharf_graph::{Address, Declare, Facts, Input, Live, Outcome, Policy, ReplaceOrder};
use wharf_spec::Stack;
use wharf_spec::stack::Zone;

use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Write};
use crate::kinds::{certificate, load_balancer, shared};
use crate::reads::Reads;
use crate::reads::route53::{longest, within};

/// Seconds a validation record may be cached.
const TTL: i64 = 300;
/// The types of an alias: a balancer may have addresses of both families.
const ALIAS: [&str; 2] = ["A", "AAAA"];

/// See the module.
pub(crate) struct DnsRecord;

/// Managed properties of a record: either `alias`, or `value` and `ttl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    zone_id: String,
    /// Without trailing dot, lower case.
    name: Input<String>,
    #[serde(rename = "type")]
    kind: String,
    alias: Option<Alias>,
    value: Option<Input<String>>,
    ttl: Option<i64>,
}

/// Where an alias leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Alias {
    dns_name: Input<String>,
    /// The zone of the balancer's own name, which is not the zone of the record.
    zone_id: Input<String>,
    evaluate_target_health: bool,
}

/// Where the records of one name go.
#[derive(Debug, PartialEq, Eq)]
enum Choice<'a> {
    Zone(&'a HostedZone),
    /// Wharf keeps no records for it.
    External,
    /// There is no zone; what is wrong and what to do.
    Missing(String),
}

/// Returns each name of the stack with the way its zone is chosen.
fn named(stack: &Stack) -> BTreeMap<&str, &Zone> {
    let mut named = BTreeMap::new();
    for service in stack.routed() {
        let domain = service.routing.as_ref().and_then(|routing| routing.domain.as_ref());
        for (name, zone) in domain.iter().flat_map(|one| one.names.iter().map(|n| (n, &one.zone))) {
            named.entry(name.as_str()).or_insert(zone);
        }
    }
    named
}

/// Chooses the zone for one name; `zones` are ordered longest first.
fn choose<'a>(zone: &Zone, name: &str, zones: &'a [HostedZone]) -> Choice<'a> {
    let missing = |text: String| {
        Choice::Missing(format!(
            "{text}; create the zone and point the domain's registrar to its name servers, or set \
             domain.zone to external and keep the records elsewhere"
        ))
    };
    let found = match zone {
        Zone::External => return Choice::External,
        Zone::Id(id) => zones.iter().find(|zone| zone.id == *id),
        Zone::Name(wanted) => {
            zones.iter().find(|zone| zone.name == *wanted && within(name, &zone.name))
        }
        Zone::Auto => longest(zones, name),
    };
    match (found, zone) {
        (None, Zone::Id(id)) => missing(format!("no public hosted zone {id} contains {name}")),
        (None, Zone::Name(wanted)) => missing(format!(
            "no public hosted zone {wanted} that contains {name} is in this account"
        )),
        (None, _) => missing(format!("no public hosted zone of this account contains {name}")),
        (Some(found), Zone::Id(_)) => Choice::Zone(found),
        (Some(found), _) => match zones.iter().filter(|zone| zone.name == found.name).count() {
            1 => Choice::Zone(found),
            count => Choice::Missing(format!(
                "{count} public hosted zones are called {}; set domain.zone to the id of the one the \
                 registrar points to",
                found.name
            )),
        },
    }
}

/// Says whether a live record proves a name to ACM.
pub(crate) fn proves(live: &Live) -> bool {
    live.policy.kind == DnsRecord::POLICY.kind && live.outputs.contains_key(live::CERTIFICATES)
}

/// Names the record that proves a domain.
fn validation_name(base: &str) -> String {
    format!("_validation.{base}/CNAME")
}

/// Returns the domains whose validation records wharf keeps, each with its zone.
fn proven<'a>(stack: &Stack, facts: &'a Facts) -> BTreeMap<String, &'a HostedZone> {
    if !certificate::wanted(stack) {
        return BTreeMap::new();
    }
    let mut proven = BTreeMap::new();
    for (name, zone) in named(stack) {
        if let Choice::Zone(zone) = choose(zone, name, &facts.zones) {
            for base in certificate::bases([&name.to_owned()]) {
                proven.insert(base, zone);
            }
        }
    }
    proven
}

/// Returns the addresses of the validation records, which must exist before a certificate is issued.
pub(super) fn validations(stack: &Stack, facts: &Facts) -> BTreeSet<Address> {
    proven(stack, facts)
        .keys()
        .map(|base| Address::new(DnsRecord::POLICY.kind, validation_name(base)))
        .collect()
}

impl Kind for DnsRecord {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[
            ("zone_id", "a record cannot move to another zone"),
            ("type", "a record's type is part of its identity"),
        ],
        replace_order: ReplaceOrder::CreateFirst,
        identity: Some("zone_id"),
        serves_traffic: true,
        delete_after: &["service"],
        ..Policy::plain("dns_record", "DNS record")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        let of = |output: &str| Input::of(&load_balancer::address(), output);
        let (dns_name, dns_zone) = match (&stack.balancer.shared, shared::fact(facts)) {
            (None, _) => (of("dns_name"), of("zone_id")),
            (Some(_), Some(found)) => {
                (Input::Known(found.dns_name.clone()), Input::Known(found.zone_id.clone()))
            }
            // The balancer has reported the problem.
            (Some(_), None) => return,
        };
        for (name, zone) in named(stack) {
            let zone = match choose(zone, name, &facts.zones) {
                Choice::Zone(zone) => zone,
                Choice::External => continue,
                Choice::Missing(problem) => {
                    let address = Address::new(Self::POLICY.kind, format!("{name}/{}", ALIAS[0]));
                    out.problem("E206", address, problem);
                    continue;
                }
            };
            for kind in ALIAS {
                let props = Props {
                    zone_id: zone.id.clone(),
                    name: Input::from(name),
                    kind: kind.to_owned(),
                    alias: Some(Alias {
                        dns_name: dns_name.clone(),
                        zone_id: dns_zone.clone(),
                        evaluate_target_health: true,
                    }),
                    value: None,
                    ttl: None,
                };
                let node = out.add(&Self::POLICY, format!("{name}/{kind}"), &props);
                node.note = Some(format!("in the zone {}", zone.name));
                if stack.balancer.shared.is_some() {
                    // Somebody else's balancer answers for names it knows nothing of yet.
                    let services = stack.routed().map(|one| Address::new("service", &one.name));
                    node.after.extend(services);
                }
            }
        }
        let certificate = certificate::address();
        for (base, zone) in proven(stack, facts) {
            let props = Props {
                zone_id: zone.id.clone(),
                name: Input::of(&certificate, &certificate::output(&base, "name")),
                kind: "CNAME".to_owned(),
                alias: None,
                value: Some(Input::of(&certificate, &certificate::output(&base, "value"))),
                ttl: Some(TTL),
            };
            out.add(&Self::POLICY, validation_name(&base), &props).note =
                Some(format!("in the zone {}", zone.name));
        }
    }

    fn example() -> Props {
        Props {
            zone_id: "Z1".to_owned(),
            name: Input::from("notes.example.com"),
            kind: "A".to_owned(),
            alias: Some(Alias {
                dns_name: Input::from("notes-1.eu-west-1.elb.amazonaws.com"),
                zone_id: Input::from("Z2"),
                evaluate_target_health: true,
            }),
            value: Some(Input::from("_v.acm-validations.aws")),
            ttl: Some(TTL),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        live::read(cx).await
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        change::create(cx, &want).await
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        _: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        change::update(cx, live, &want).await
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        change::delete(cx, live).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(id: &str, name: &str) -> HostedZone {
        HostedZone { id: id.to_owned(), name: name.to_owned(), elsewhere: None }
    }

    #[test]
    fn the_longest_zone_is_chosen() {
        let zones = [zone("Z2", "eu.example.com"), zone("Z1", "example.com")];
        assert_eq!(choose(&Zone::Auto, "a.eu.example.com", &zones), Choice::Zone(&zones[0]));
        assert_eq!(choose(&Zone::Auto, "a.example.com", &zones), Choice::Zone(&zones[1]));
        let named = Zone::Name("example.com".to_owned());
        assert_eq!(choose(&named, "a.eu.example.com", &zones), Choice::Zone(&zones[1]));
        assert!(matches!(choose(&Zone::Auto, "a.example.org", &zones), Choice::Missing(_)));
        assert_eq!(choose(&Zone::External, "a.example.org", &zones), Choice::External);
    }

    #[test]
    fn two_zones_of_one_name_need_an_id() {
        let zones = [zone("Z1", "example.com"), zone("Z2", "example.com")];
        assert!(matches!(choose(&Zone::Auto, "example.com", &zones), Choice::Missing(_)));
        let id = Zone::Id("Z2".to_owned());
        assert_eq!(choose(&id, "example.com", &zones), Choice::Zone(&zones[1]));
    }
}
