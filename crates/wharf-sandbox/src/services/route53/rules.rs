//! What a zone may hold.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{
    names,
    state::{RecordSet, Zone},
};
use crate::{
    rules::{self, Rule},
    world::World,
};

/// A rule that is broken, and how.
pub(super) type Problem = (&'static Rule, String);

/// Says whether a deletion repeats what is there, in any order of values.
pub(super) fn same(one: &RecordSet, other: &RecordSet) -> bool {
    let sorted = |set: &RecordSet| {
        let mut set = set.clone();
        set.values.sort();
        set
    };
    sorted(one) == sorted(other)
}

/// Checks a zone as it would be after a change; `touched` are the sets that were made or replaced.
pub(super) fn check(
    world: &World,
    zone: &Zone,
    touched: &[RecordSet],
    problems: &mut Vec<Problem>,
) {
    let has = |kind: &str| zone.records.iter().any(|it| it.name == zone.name && it.kind == kind);
    if !has("NS") {
        let text = "A HostedZone must contain at least one NS record for the zone itself.";
        problems.push((&rules::route53::NAME_SERVERS_STAY, text.to_owned()));
    }
    if !has("SOA") {
        problems.push((
            &rules::route53::START_OF_AUTHORITY_STAYS,
            "A HostedZone must contain exactly one SOA record.".to_owned(),
        ));
    }
    for set in touched {
        let (name, kind) = (&set.name, &set.kind);
        if !names::is_within(name, &zone.name) {
            let text = format!("RRSet with DNS name {name} is not permitted in zone {}", zone.name);
            problems.push((&rules::route53::WITHIN_ZONE, text));
            continue;
        }
        check_neighbours(zone, set, problems);
        check_values(set, problems);
        if let Some(problem) = alias_problem(world, zone, set) {
            problems.push((&rules::route53::ALIAS_TARGET, problem));
        }
        if set.set_identifier.is_none() {
            let mut others = zone.records.iter().filter(|it| it.name == *name && it.kind == *kind);
            if others.any(|it| it.set_identifier.is_some()) {
                let text = format!(
                    "RRSet with DNS name {name}, type {kind} cannot be created as a non-weighted \
                     set exists with the same name and type."
                );
                problems.push((&rules::route53::SAME_ROUTING, text));
            }
        }
    }
}

fn check_neighbours(zone: &Zone, set: &RecordSet, problems: &mut Vec<Problem>) {
    let (name, kind) = (&set.name, &set.kind);
    let mut others = zone.records.iter().filter(|it| it.name == *name && it.kind != *kind);
    if kind == "CNAME" {
        if *name == zone.name {
            problems.push((
                &rules::route53::NO_CNAME_AT_APEX,
                format!(
                    "RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {}",
                    zone.name
                ),
            ));
        } else if others.next().is_some() {
            problems.push((&rules::route53::CNAME_ALONE, format!(
                "RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with \
                 other records with the same DNS name in zone {}",
                zone.name
            )));
        }
    } else if others.any(|it| it.kind == "CNAME") {
        problems.push((
            &rules::route53::NOTHING_BESIDE_CNAME,
            format!(
                "RRSet of type {kind} with DNS name {name} is not permitted because a conflicting \
             RRSet of type CNAME with the same DNS name already exists in zone {}",
                zone.name
            ),
        ));
    }
}

fn check_values(set: &RecordSet, problems: &mut Vec<Problem>) {
    for value in &set.values {
        let fault = match set.kind.as_str() {
            "A" if value.parse::<Ipv4Addr>().is_err() => {
                "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
            }
            "AAAA" if value.parse::<Ipv6Addr>().is_err() => {
                "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
            }
            "TXT" | "SPF" if !(value.starts_with('"') && value.ends_with('"')) => {
                "InvalidCharacterString (Value should be enclosed in quotation marks)"
            }
            "CNAME" if set.values.len() > 1 => {
                "CNAMERRDATATooManyValues (A CNAME can have one value only)"
            }
            _ => continue,
        };
        let text = format!("FATAL problem: {fault} encountered with '{value}'");
        problems.push((&rules::route53::VALUES, format!("Invalid Resource Record: '{text}'")));
        return;
    }
}

/// Targets in a hosted zone that is known here must exist there.
fn alias_problem(world: &World, zone: &Zone, set: &RecordSet) -> Option<String> {
    let alias = set.alias.as_ref()?;
    let tried = format!(
        "Tried to create an alias that targets {}, type {} in zone {}, but",
        alias.name, set.kind, alias.zone
    );
    let outside =
        || Some(format!("{tried} the alias target name does not lie within the target zone"));
    let missing = || Some(format!("{tried} that target was not found"));
    if alias.zone == zone.id {
        if !names::is_within(&alias.name, &zone.name) {
            return outside();
        }
        let mut all = zone.records.iter();
        let found = all.any(|it| it.name == alias.name && it.kind == set.kind);
        return if found { None } else { missing() };
    }
    let wanted = alias.name.trim_end_matches('.');
    let wanted = wanted.strip_prefix("dualstack.").unwrap_or(wanted);
    let balancers = || world.regions.values().flat_map(|region| region.elbv2.balancers.values());
    if balancers().any(|it| it.dns_name.eq_ignore_ascii_case(wanted) && it.zone_id == alias.zone) {
        return None;
    }
    if balancers().any(|it| it.dns_name.eq_ignore_ascii_case(wanted)) {
        return outside();
    }
    if wanted.contains(".elb.amazonaws.com") { missing() } else { None }
}
