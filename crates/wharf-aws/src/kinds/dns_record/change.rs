//! Changes of records. Each is one atomic batch, and none takes a record that is not the stack's.

use std::collections::BTreeMap;

use aws_sdk_acm::types::{CertificateStatus, Filters, KeyAlgorithm};
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use wharf_graph::{ErrorClass, Live, Outcome};

use super::Props;
use super::live::{CERTIFICATES, DOMAIN, PROVES, props};
use crate::error::AwsError;
use crate::kind::Write;
use crate::reads::acm::names;
use crate::reads::route53::plain_name;

/// Brings a record into being; one that is there and says the same will do, whoever made it. An alias never
/// takes the place of another record. What should prove a domain and says something else proves nothing.
pub(super) async fn create(cx: &Write<'_>, want: &Props) -> Result<Outcome, AwsError> {
    let set = record_set(want)?;
    if want.alias.is_none() {
        let there = current(cx, want).await?;
        if !there.is_some_and(|there| is(&there, want)) {
            submit(cx, &want.zone_id, vec![(ChangeAction::Upsert, set)]).await?;
        }
        return done(want);
    }
    match submit(cx, &want.zone_id, vec![(ChangeAction::Create, set)]).await {
        Ok(()) => done(want),
        Err(error) if refused(&error) => settle(cx, want, error).await,
        Err(error) => Err(error),
    }
}

/// Says whether a record is the wanted one. How long the proof of a domain may be remembered does not matter.
fn is(there: &ResourceRecordSet, want: &Props) -> bool {
    let shown = props(there, &want.zone_id);
    let ttl = if want.alias.is_none() { want.ttl } else { shown.ttl };
    Props { ttl, ..shown } == *want
}

/// Changes a record. For an alias, what was read is deleted and what is wanted created, in one step, so
/// that a record somebody has changed in between is not lost.
pub(super) async fn update(cx: &Write<'_>, live: &Live, want: &Props) -> Result<Outcome, AwsError> {
    if want.alias.is_none() {
        return create(cx, want).await;
    }
    let before = typed(live)?;
    let set = record_set(want)?;
    let changes = match current(cx, &before).await? {
        Some(present) if is(&present, &before) => {
            vec![(ChangeAction::Delete, present), (ChangeAction::Create, set)]
        }
        _ => vec![(ChangeAction::Create, set)],
    };
    match submit(cx, &want.zone_id, changes).await {
        Ok(()) => done(want),
        Err(error) if refused(&error) => settle(cx, want, error).await,
        Err(error) => Err(error),
    }
}

/// Deletes a record, unless it has become somebody else's meanwhile, or proves a domain to a
/// certificate that stays.
pub(super) async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
    let before = typed(live)?;
    if let Some(domain) = live.outputs.get(DOMAIN).and_then(|it| it.strip_prefix(PROVES)) {
        let own: Vec<&str> =
            live.outputs.get(CERTIFICATES).map_or(Vec::new(), |own| own.split(',').collect());
        if let Some(other) = other_certificate(cx, domain, &own).await? {
            cx.step.say(format!("left in place: the certificate {other} needs it for its renewal"));
            return Ok(());
        }
    }
    // Deleting takes the exact set, down to how its names are written.
    let present = match current(cx, &before).await {
        Ok(Some(present)) if is(&present, &before) => present,
        Ok(_) => return Ok(()),
        Err(error) if error.is(&["NoSuchHostedZone"]) => return Ok(()),
        Err(error) => return Err(error),
    };
    match submit(cx, &before.zone_id, vec![(ChangeAction::Delete, present)]).await {
        Err(error) if error.is(&["NoSuchHostedZone"]) || error.says("but it was not found") => {
            Ok(())
        }
        result => result,
    }
}

/// Says whether a batch was refused because of the records that are there.
fn refused(error: &AwsError) -> bool {
    error.is(&["InvalidChangeBatch"])
}

/// Decides what a refusal means: an earlier, lost attempt has done it, or something is in the way.
async fn settle(cx: &Write<'_>, want: &Props, error: AwsError) -> Result<Outcome, AwsError> {
    if current(cx, want).await?.is_some_and(|present| is(&present, want)) {
        return done(want);
    }
    let taken = error.says("already exists") || error.says("conflict");
    Err(if taken {
        error
            .class(ErrorClass::Foreign)
            .hint("wharf never replaces a record it did not make; delete it, or use another name")
    } else {
        error
    })
}

fn done(want: &Props) -> Result<Outcome, AwsError> {
    let name = want.name.get()?;
    let outputs = match &want.alias {
        Some(_) => BTreeMap::from([("fqdn".to_owned(), name.clone())]),
        None => BTreeMap::new(),
    };
    Ok(Outcome::Done { id: format!("{}/{name}/{}", want.zone_id, want.kind), outputs })
}

fn typed(live: &Live) -> Result<Props, AwsError> {
    serde_json::from_value(live.props.clone()).map_err(|error| {
        AwsError::own(ErrorClass::Other, format!("the record {} is not readable: {error}", live.id))
    })
}

fn malformed(error: &impl std::fmt::Display) -> AwsError {
    AwsError::own(ErrorClass::Other, format!("a DNS record is incomplete: {error}"))
}

/// Builds the record as Route 53 takes it.
fn record_set(want: &Props) -> Result<ResourceRecordSet, AwsError> {
    let alias = match &want.alias {
        Some(alias) => Some(
            AliasTarget::builder()
                .dns_name(alias.dns_name.get()?)
                .hosted_zone_id(alias.zone_id.get()?)
                .evaluate_target_health(alias.evaluate_target_health)
                .build()
                .map_err(|error| malformed(&error))?,
        ),
        None => None,
    };
    let records = match &want.value {
        Some(value) => {
            let record = ResourceRecord::builder().value(format!("{}.", value.get()?)).build();
            Some(vec![record.map_err(|error| malformed(&error))?])
        }
        None => None,
    };
    ResourceRecordSet::builder()
        .name(format!("{}.", want.name.get()?))
        .r#type(RrType::from(want.kind.as_str()))
        .set_alias_target(alias)
        .set_resource_records(records)
        .set_ttl(want.ttl)
        .build()
        .map_err(|error| malformed(&error))
}

/// Reads the record of that name and type. The list begins with the first record that is not before
/// it, so the answer has to be compared (Route 53 API reference, `ListResourceRecordSets`).
async fn current(cx: &Write<'_>, of: &Props) -> Result<Option<ResourceRecordSet>, AwsError> {
    let name = of.name.get()?;
    let got = cx
        .aws
        .caller
        .call("route53:ListResourceRecordSets", || {
            cx.aws
                .route53
                .list_resource_record_sets()
                .hosted_zone_id(&of.zone_id)
                .start_record_name(name)
                .start_record_type(RrType::from(of.kind.as_str()))
                .max_items(1)
                .send()
        })
        .await?;
    let found = got.resource_record_sets().first();
    let exact = |set: &&ResourceRecordSet| {
        plain_name(set.name()) == *name && set.r#type().as_str() == of.kind
    };
    Ok(found.filter(exact).cloned())
}

async fn submit(
    cx: &Write<'_>,
    zone: &str,
    changes: Vec<(ChangeAction, ResourceRecordSet)>,
) -> Result<(), AwsError> {
    let changes = changes
        .into_iter()
        .map(|(action, set)| Change::builder().action(action).resource_record_set(set).build())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| malformed(&error))?;
    let batch = ChangeBatch::builder()
        .set_changes(Some(changes))
        .build()
        .map_err(|error| malformed(&error))?;
    cx.aws
        .caller
        .call("route53:ChangeResourceRecordSets", || {
            cx.aws
                .route53
                .change_resource_record_sets()
                .hosted_zone_id(zone)
                .change_batch(batch.clone())
                .send()
        })
        .await?;
    Ok(())
}

/// Looks for a certificate beside the stack's own that is proven by the same record: one account has
/// one record for a domain, whatever the number of certificates (ACM User Guide, DNS validation).
async fn other_certificate(
    cx: &Write<'_>,
    domain: &str,
    own: &[&str],
) -> Result<Option<String>, AwsError> {
    let wildcard = format!("*.{domain}");
    let mut token = None::<String>;
    loop {
        let got = cx
            .aws
            .caller
            .call("acm:ListCertificates", || {
                let types = KeyAlgorithm::values().iter().map(|name| KeyAlgorithm::from(*name));
                cx.aws
                    .acm
                    .list_certificates()
                    .certificate_statuses(CertificateStatus::Issued)
                    .certificate_statuses(CertificateStatus::PendingValidation)
                    .includes(Filters::builder().set_key_types(Some(types.collect())).build())
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        let other = got.certificate_summary_list().iter().find(|summary| {
            let names = names(summary);
            summary.certificate_arn().is_some_and(|arn| !own.contains(&arn))
                && (names.contains(domain) || names.contains(&wildcard))
        });
        if let Some(arn) = other.and_then(|summary| summary.certificate_arn()) {
            return Ok(Some(arn.to_owned()));
        }
        token = got.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(None);
        }
    }
}
