//! Hosted zones that the world does not ask.

use wharf_graph::{Address, Facts};
use wharf_plan::Check;

use super::warning;

/// Returns what is worth saying about the zones of the stack's names.
pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let zones = facts.zones.iter().filter_map(|zone| Some((zone, zone.elsewhere.as_ref()?)));
    zones
        .map(|(zone, elsewhere)| {
            let led: Vec<&str> = elsewhere.iter().map(String::as_str).collect();
            let led = match led.as_slice() {
                [] => "to no name server at all".to_owned(),
                some => format!("to {}", some.join(", ")),
            };
            let address = Address::new("certificate", "main");
            warning(
                "W205",
                Some(address),
                format!(
                    "the world is led {led} for {}, and not to the hosted zone {}: the certificate will not be \
                     issued, and no name leads to the balancer, until the registrar or the zone above names this \
                     zone's servers",
                    zone.name, zone.id
                ),
            )
        })
        .collect()
}
