//! What the rest of the world sees of the zones.

use super::{
    names,
    state::{RecordSet, Route53State, Zone},
};
use crate::world::World;

impl World {
    /// Returns the target of a public CNAME, in lower case and without the final dot.
    pub fn public_cname(&self, name: &str) -> Option<String> {
        let name = names::canonical(name);
        let record = self.global.route53.public(&name, "CNAME")?;
        Some(record.values.first()?.trim_end_matches('.').to_ascii_lowercase())
    }

    /// Returns the name servers the world is led to for a zone; none if nothing leads to any.
    pub fn public_name_servers(&self, name: &str) -> Vec<String> {
        let name = names::canonical(name);
        let zones = &self.global.route53.zones;
        let mut delegated = zones
            .values()
            .filter(|zone| zone.name == name && self.global.route53.is_delegated(zone));
        delegated.next().map(|zone| zone.name_servers.clone()).unwrap_or_default()
    }

    /// Says whether `CAA` records at a name or above it keep Amazon from issuing certificates
    /// (ACM user guide, "Certification Authority Authorization (CAA) problems").
    pub fn caa_forbids_amazon(&self, name: &str) -> bool {
        let allowed = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"];
        let mut name = names::canonical(name);
        loop {
            if let Some(record) = self.global.route53.public(&name, "CAA") {
                return !record
                    .values
                    .iter()
                    .any(|value| allowed.iter().any(|ca| value.contains(&format!("\"{ca}\""))));
            }
            match name.split_once('.') {
                Some((_, parent)) if !parent.is_empty() => name = parent.to_owned(),
                _ => return false,
            }
        }
    }
}

impl Route53State {
    /// Finds a record set as a public resolver does; `name` is canonical.
    fn public(&self, name: &str, kind: &str) -> Option<&RecordSet> {
        let zones = self.zones.values().filter(|zone| names::is_within(name, &zone.name));
        let zone = zones.filter(|zone| self.is_delegated(zone)).max_by_key(|it| it.name.len())?;
        zone.records.iter().find(|record| record.name == name && record.kind == kind)
    }

    /// Says whether public resolvers find a zone: its registrar points to it, or a delegated zone
    /// above it has `NS` records with its name servers.
    pub fn is_delegated(&self, zone: &Zone) -> bool {
        if zone.private {
            return false;
        }
        let above = self
            .zones
            .values()
            .filter(|it| it.name != zone.name && names::is_within(&zone.name, &it.name))
            .filter(|it| !it.private)
            .max_by_key(|it| it.name.len());
        let Some(above) = above else { return zone.registered };
        let record = above.records.iter().find(|it| it.name == zone.name && it.kind == "NS");
        let names_it = record.is_some_and(|record| {
            let plain = |text: &str| text.trim_end_matches('.').to_ascii_lowercase();
            record.values.iter().any(|it| zone.name_servers.iter().any(|ns| plain(it) == plain(ns)))
        });
        names_it && self.is_delegated(above)
    }
}
