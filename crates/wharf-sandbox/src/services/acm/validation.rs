//! How certificates are validated and issued.

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::state::{AcmEvent, Certificate};
use crate::world::{Event, World};

/// How long the records to be made are not known.
pub(super) const RECORDS_SHOWN: Duration = Duration::from_secs(5);
/// How often ACM looks whether the records exist.
pub(super) const LOOK: Duration = Duration::from_secs(15);
/// How long it takes to issue a certificate whose records were found.
const ISSUE: Duration = Duration::from_secs(30);
/// After this the validation is given up (ACM user guide, "DNS validation").
const GIVE_UP: Duration = Duration::from_hours(72);

/// The record that proves control over a name: the same for a name and its wildcard, and for all
/// certificates of the account (ACM user guide, "DNS validation").
pub(super) fn record(account: &str, name: &str) -> (String, String) {
    let base = name.strip_prefix("*.").unwrap_or(name);
    let hash = |what: &str| hex::encode(Sha256::digest(format!("{what} {account} {base}")));
    let zone: String =
        hash("zone").bytes().take(10).map(|digit| char::from(b'a' + digit % 26)).collect();
    let left = format!("_{}.{base}.", &hash("name")[..32]);
    (left, format!("_{}.{zone}.acm-validations.aws.", &hash("value")[..32]))
}

/// Shows the state of the validation of every name.
pub(super) fn show(certificate: &Certificate, account: &str) -> Vec<Value> {
    let each = certificate.names.iter().map(|name| {
        let (left, right) = record(account, name);
        let status = if certificate.validated.contains(name) {
            "SUCCESS"
        } else if certificate.status == "PENDING_VALIDATION" {
            "PENDING_VALIDATION"
        } else {
            "FAILED"
        };
        let record = json!({"Name": left, "Type": "CNAME", "Value": right});
        json!({
            "DomainName": name,
            "ValidationDomain": name,
            "ValidationMethod": "DNS",
            "ValidationStatus": status,
            "ResourceRecord": certificate.records_shown.then_some(record),
        })
    });
    each.collect()
}

/// Looks for the records of a pending certificate.
pub(super) fn look(world: &mut World, region: &str, arn: &str) {
    let (now, account) = (world.now, world.account.clone());
    let Some(found) = world.region(region).acm.certificates.get(arn).cloned() else { return };
    if found.status != "PENDING_VALIDATION" {
        return;
    }
    let (mut valid, mut forbidden) = (found.validated.clone(), false);
    for name in &found.names {
        let (left, right) = record(&account, name);
        if world.public_cname(&left).as_deref() == Some(right.trim_end_matches('.')) {
            forbidden |= world.caa_forbids_amazon(name.trim_start_matches("*."));
            valid.insert(name.clone());
        }
    }
    let complete = found.names.iter().all(|name| valid.contains(name));
    if let Some(found) = world.region(region).acm.certificates.get_mut(arn) {
        found.validated = valid;
        if forbidden {
            "FAILED".clone_into(&mut found.status);
            found.failure = Some("CAA_ERROR".to_owned());
            return;
        }
        if !complete && now.since(found.created) >= GIVE_UP {
            "VALIDATION_TIMED_OUT".clone_into(&mut found.status);
            return;
        }
    }
    let certificate = arn.to_owned();
    let (after, event) = if complete {
        (ISSUE, AcmEvent::Issue { certificate })
    } else {
        (LOOK, AcmEvent::Validate { certificate })
    };
    world.schedule(after, region, Event::Acm(event));
}
