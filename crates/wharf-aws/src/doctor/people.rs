//! What is between people and the balancer: names and the certificate.

use aws_sdk_acm::types::CertificateDetail;
use aws_sdk_route53::types::RrType;
use wharf_doctor::{CertificateEvidence, Evidence, NameEvidence, Seen};
use wharf_spec::stack::{CertificateSource, Service, Zone};

use crate::reads::Reads;
use crate::reads::route53::{ZoneRecords, plain_name, within};

/// Adds names and certificate of a service that has any.
pub(super) async fn add(reads: &Reads, service: &Service, evidence: &mut Evidence) {
    let Some(domain) = service.routing.as_ref().and_then(|routing| routing.domain.as_ref()) else {
        return;
    };
    let (records, certificates) = futures::join!(reads.records(), reads.own_certificates());
    let zones = records.map(|got| got.value.clone()).ok();
    let outside = domain.zone == Zone::External;
    evidence.names = domain
        .names
        .iter()
        .map(|name| NameEvidence {
            name: name.clone(),
            leads_to: match &zones {
                Some(zones) if !outside => leads_to(zones, name),
                _ => Seen::Unread,
            },
        })
        .collect();
    if domain.certificate != CertificateSource::Auto || reads.stack.balancer.shared.is_some() {
        return;
    }
    let Ok(certificates) = certificates else { return };
    // While one replaces another, the newer one matters.
    let covers = |detail: &&CertificateDetail| {
        domain.names.iter().all(|name| detail.subject_alternative_names().contains(name))
    };
    let all = certificates.value.iter().map(|found| &found.detail);
    let newest =
        all.filter(covers).max_by_key(|it| it.created_at().map(aws_smithy_types::DateTime::secs));
    evidence.certificate = match newest {
        Some(detail) => Seen::There(certificate(detail, zones.as_deref().filter(|_| !outside))),
        None => Seen::Absent,
    };
}

fn leads_to(zones: &[ZoneRecords], name: &str) -> Seen<String> {
    let Some(zone) = zones.iter().find(|it| within(name, &it.zone.name)) else {
        return Seen::Unread;
    };
    let own = zone.records.iter().filter(|record| plain_name(record.name()) == *name);
    let kinds = [RrType::A, RrType::Aaaa, RrType::Cname];
    let found = own.into_iter().find(|record| kinds.contains(record.r#type()));
    let target = found.and_then(|record| {
        let alias = record.alias_target().map(|alias| alias.dns_name().to_owned());
        alias.or_else(|| Some(record.resource_records().first()?.value().to_owned()))
    });
    target.map_or(Seen::Absent, Seen::There)
}

fn certificate(detail: &CertificateDetail, zones: Option<&[ZoneRecords]>) -> CertificateEvidence {
    let there = |name: &str| {
        let all = zones.into_iter().flatten().flat_map(|zone| &zone.records);
        all.into_iter().any(|record| plain_name(record.name()) == plain_name(name))
    };
    let missing = |name: &str| zones.is_some() && !there(name);
    CertificateEvidence {
        status: detail.status().map_or("", |status| status.as_str()).to_owned(),
        reason: detail.failure_reason().map_or("", |reason| reason.as_str()).to_owned(),
        missing_records: detail
            .domain_validation_options()
            .iter()
            .filter(|option| option.resource_record().is_some_and(|it| missing(it.name())))
            .map(|option| option.domain_name().to_owned())
            .collect(),
    }
}
