//! Which of a zone's records are the stack's, and which stand in its way.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::types::{AliasTarget, ResourceRecordSet, RrType};
use wharf_graph::{Address, Foreign, Input};

use super::{ALIAS, Alias, Choice, DnsRecord, Props, TTL, choose, named, validation_name};
use crate::error::AwsError;
use crate::kind::{Found, Kind, Owned};
use crate::kinds::certificate;
use crate::names;
use crate::reads::Reads;
use crate::reads::route53::plain_name;
use crate::reads::shared::Route;

/// The output that lists the stack's certificates a validation record belongs to.
pub(super) const CERTIFICATES: &str = "certificates";
/// The output that names the security group whose tag says that the record is the stack's.
const SAID_BY: &str = "said_by";
/// The output that holds the domain a validation record proves, behind [`PROVES`].
pub(super) const DOMAIN: &str = "domain";
/// Begins the value of [`DOMAIN`]. A bare domain name would equal a prop of the certificate, which would
/// then count as referring to the record and be deleted before it.
pub(super) const PROVES: &str = "proves ";

/// What a name of a balancer looks like, to recognise an alias that outlived it.
struct Balancer {
    /// The name it answers to now.
    dns_name: Option<String>,
    /// Whether one of the stack's name exists that is somebody else's.
    foreign: bool,
    name: String,
    region: String,
    /// What rules of the stack's take on balancers owned elsewhere.
    elsewhere: Vec<Route>,
    /// The hosts of other stacks that share the stack's balancer.
    guests: BTreeSet<String>,
}

impl Balancer {
    /// Says whether a name that leads there is the stack's. Records carry no tags, so that on a balancer that
    /// several share, a name is of the stack whose rule takes its requests, or that says to take them.
    fn takes(&self, name: &str, target: &str) -> bool {
        let own = self.is_target(target) && !self.guests.contains(name);
        own || self.routes(name, target).next().is_some()
    }

    /// Returns what the stack takes of a name on a balancer owned elsewhere.
    fn routes(&self, name: &str, target: &str) -> impl Iterator<Item = &Route> {
        let of = move |route: &&Route| route.host == name && self.is_of(&route.balancer, target);
        self.elsewhere.iter().filter(of)
    }

    /// Says whether an alias target is the balancer, or one of its name that no longer exists: names
    /// are unique in a region, so only one of them can.
    fn is_target(&self, target: &str) -> bool {
        if self.foreign {
            return false;
        }
        self.dns_name.as_deref() == Some(target) || self.is_of(&self.name, target)
    }

    /// Says whether an alias target is a balancer of this name in the region.
    fn is_of(&self, balancer: &str, target: &str) -> bool {
        let own = target.strip_prefix("internal-").unwrap_or(target);
        let rest = own.strip_prefix(&format!("{}-", balancer.to_lowercase()));
        let id =
            rest.and_then(|rest| rest.strip_suffix(&format!(".{}.elb.amazonaws.com", self.region)));
        id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// Reads the stack's records, and foreign ones in their place.
pub(super) async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
    let (zones, certificates, chosen_from) =
        futures::try_join!(cx.records(), cx.own_certificates(), cx.zones())?;
    if zones.value.is_empty() {
        return Ok(Vec::new());
    }
    let (present, own, elsewhere, guests) = futures::try_join!(
        cx.balancer(),
        cx.own_balancer(),
        cx.routed_elsewhere(),
        cx.guest_hosts()
    )?;
    let balancer = Balancer {
        elsewhere: elsewhere.value,
        guests,
        dns_name: own.value.as_ref().and_then(|own| own.dns_name()).map(str::to_lowercase),
        foreign: present.value.is_some() && own.value.is_none(),
        name: names::load_balancer(&cx.id),
        region: cx.stack.region.clone(),
    };
    // By record: the domain it proves, and the certificates that ask for it.
    let mut proofs: BTreeMap<(String, String), (String, BTreeSet<String>)> = BTreeMap::new();
    for own in &certificates.value {
        for (base, record) in certificate::records(&own.detail) {
            let entry = proofs.entry(record).or_insert_with(|| (base, BTreeSet::new()));
            entry.1.extend(own.detail.certificate_arn().map(str::to_owned));
        }
    }
    let wanted: BTreeMap<&str, &str> = named(&cx.stack)
        .into_iter()
        .filter_map(|(name, zone)| match choose(zone, name, &chosen_from.value) {
            Choice::Zone(zone) => Some((name, zone.id.as_str())),
            Choice::External | Choice::Missing(_) => None,
        })
        .collect();
    let mut found = Vec::new();
    for zone in &zones.value {
        for set in &zone.records {
            let name = plain_name(set.name());
            if let Some(owned) = alias(set, &zone.zone.id, &name, &balancer) {
                found.push(Found::Ours(owned));
            } else if let Some(owned) = proof(set, &zone.zone.id, &name, &proofs) {
                found.push(Found::Ours(owned));
            } else if wanted.get(name.as_str()) == Some(&zone.zone.id.as_str()) {
                found.extend(foreign(set, &zone.zone.id, &name).map(Found::Foreign));
            }
        }
    }
    Ok(found)
}

/// Returns the record as an alias to the stack's balancer.
fn alias(
    set: &ResourceRecordSet,
    zone: &str,
    name: &str,
    balancer: &Balancer,
) -> Option<Owned<Props>> {
    let target = set.alias_target()?;
    let kind = set.r#type().as_str();
    let target = target_name(target);
    let ours =
        ALIAS.contains(&kind) && set.set_identifier().is_none() && balancer.takes(name, &target);
    let fqdn = ("fqdn".to_owned(), name.to_owned());
    // What says that it is the stack's goes after it.
    let said_by = balancer.routes(name, &target).find_map(|route| route.said_by.clone());
    let said_by = said_by.map(|group| (SAID_BY.to_owned(), group));
    ours.then(|| Owned {
        name: format!("{name}/{kind}"),
        id: format!("{zone}/{name}/{kind}"),
        props: props(set, zone),
        outputs: said_by.into_iter().chain([fqdn]).collect(),
        applied: None,
        leaving: false,
    })
}

/// Returns the record as the proof of a domain.
fn proof(
    set: &ResourceRecordSet,
    zone: &str,
    name: &str,
    proofs: &BTreeMap<(String, String), (String, BTreeSet<String>)>,
) -> Option<Owned<Props>> {
    if *set.r#type() != RrType::Cname || set.set_identifier().is_some() {
        return None;
    }
    let value = plain_name(set.resource_records().first()?.value());
    let (base, certificates) = proofs.get(&(name.to_owned(), value))?;
    // It proves the name for however long it may be remembered, and to whoever else has made it.
    let props = Props { ttl: Some(TTL), ..props(set, zone) };
    let certificates: Vec<&str> = certificates.iter().map(String::as_str).collect();
    Some(Owned {
        name: validation_name(base),
        id: format!("{zone}/{name}/CNAME"),
        props,
        outputs: BTreeMap::from([
            (CERTIFICATES.to_owned(), certificates.join(",")),
            (DOMAIN.to_owned(), format!("{PROVES}{base}")),
        ]),
        applied: None,
        leaving: false,
    })
}

/// Returns the record as an obstacle, if an alias cannot stand beside or in place of it.
fn foreign(set: &ResourceRecordSet, zone: &str, name: &str) -> Option<Foreign> {
    let kind = set.r#type().as_str();
    let place = match set.r#type() {
        // Nothing can stand beside a CNAME (RFC 1034, section 3.6.2).
        RrType::Cname => ALIAS[0],
        RrType::A | RrType::Aaaa => kind,
        _ => return None,
    };
    let to = match set.alias_target() {
        Some(target) => target_name(target),
        None => set.resource_records().first().map_or("nothing", |one| one.value()).to_owned(),
    };
    Some(Foreign {
        address: Address::new(DnsRecord::POLICY.kind, format!("{name}/{place}")),
        id: format!("{zone}/{name}/{kind}"),
        owner: format!("not of this stack: an {kind} record that leads to {to}"),
    })
}

/// Returns where an alias leads. The console puts `dualstack.` in front of a balancer's name, which
/// means the same (Route 53 Developer Guide, routing traffic to an ELB load balancer).
pub(super) fn target_name(target: &AliasTarget) -> String {
    let name = plain_name(target.dns_name());
    name.strip_prefix("dualstack.").map(str::to_owned).unwrap_or(name)
}

/// Brings what Route 53 returns into canonical form.
pub(super) fn props(set: &ResourceRecordSet, zone: &str) -> Props {
    let alias = set.alias_target().map(|target| Alias {
        dns_name: Input::Known(target_name(target)),
        zone_id: Input::from(target.hosted_zone_id()),
        evaluate_target_health: target.evaluate_target_health(),
    });
    let value = set.resource_records().first().filter(|_| alias.is_none());
    Props {
        zone_id: zone.to_owned(),
        name: Input::Known(plain_name(set.name())),
        kind: set.r#type().as_str().to_owned(),
        ttl: set.ttl().filter(|_| alias.is_none()),
        alias,
        value: value.map(|record| Input::Known(plain_name(record.value()))),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::ResourceRecord;

    use super::*;

    fn balancer() -> Balancer {
        Balancer {
            dns_name: Some("notes-7.eu-west-1.elb.amazonaws.com".to_owned()),
            foreign: false,
            elsewhere: Vec::new(),
            guests: BTreeSet::new(),
            name: "notes".to_owned(),
            region: "eu-west-1".to_owned(),
        }
    }

    #[test]
    fn an_alias_is_ours_if_it_leads_to_our_balancer_or_a_former_one() {
        let ours = |target: &str| balancer().is_target(target);
        assert!(ours("notes-7.eu-west-1.elb.amazonaws.com"));
        assert!(ours("notes-6.eu-west-1.elb.amazonaws.com"));
        assert!(ours("internal-notes-6.eu-west-1.elb.amazonaws.com"));
        assert!(!ours("notes-prod-6.eu-west-1.elb.amazonaws.com"));
        assert!(!ours("notes-6.eu-west-2.elb.amazonaws.com"));
        let foreign = Balancer { foreign: true, dns_name: None, ..balancer() };
        assert!(!foreign.is_target("notes-6.eu-west-1.elb.amazonaws.com"));
    }

    #[test]
    fn an_alias_made_in_the_console_is_no_drift() {
        let target = AliasTarget::builder()
            .hosted_zone_id("Z2")
            .dns_name("dualstack.Notes-7.eu-west-1.elb.amazonaws.com.")
            .evaluate_target_health(true)
            .build()
            .unwrap();
        let set = ResourceRecordSet::builder()
            .name("\\052.example.com.")
            .r#type(RrType::A)
            .alias_target(target)
            .build()
            .unwrap();
        let owned = alias(&set, "Z1", &plain_name(set.name()), &balancer()).unwrap();
        assert_eq!(owned.name, "*.example.com/A");
        let alias = owned.props.alias.unwrap();
        assert_eq!(alias.dns_name, Input::from("notes-7.eu-west-1.elb.amazonaws.com"));
    }

    #[test]
    fn a_cname_stands_in_the_way_of_an_alias() {
        let set = ResourceRecordSet::builder()
            .name("notes.example.com.")
            .r#type(RrType::Cname)
            .ttl(60)
            .resource_records(ResourceRecord::builder().value("x.example.org").build().unwrap())
            .build()
            .unwrap();
        let foreign = foreign(&set, "Z1", "notes.example.com").unwrap();
        assert_eq!(foreign.address.to_string(), "dns_record.notes.example.com/A");
        assert!(foreign.owner.contains("x.example.org"), "{}", foreign.owner);
    }
}
