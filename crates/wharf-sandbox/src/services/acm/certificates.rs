//! Certificates.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    state::{AcmEvent, Certificate},
    validation,
};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    tags::{self, Tags},
    world::{Event, RegionState},
};

pub(super) fn request(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let domain = input.required("DomainName")?.to_ascii_lowercase();
    if domain.len() > 64 {
        let text = "The first domain name can be no longer than 64 characters.";
        return Err(rules::acm::FIRST_NAME_LENGTH.refuse(text));
    }
    let mut names = vec![domain.clone()];
    for name in input.strings("SubjectAlternativeNames") {
        let name = name.to_ascii_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.len() > 10 {
        let text = "Error: the number of domain names exceeds the quota of 10.";
        return Err(rules::acm::TEN_NAMES.refuse(text));
    }
    let method = input.one_of("ValidationMethod", &["EMAIL", "DNS", "HTTP"])?;
    if method != Some("DNS") {
        let text = "Only DNS validation is simulated.";
        return Err(rules::acm::DNS_ONLY.refuse(text));
    }
    let algorithm = input.str_or("KeyAlgorithm", "RSA_2048");
    let token = input.str("IdempotencyToken");
    let tags = tags::from_list(input, "Tags");
    tags::check(&tags, "InvalidTagException")?;
    let now = ctx.now();
    // The same token within an hour means the same request (ACM API reference,
    // RequestCertificate).
    let repeated = ctx.here().acm.certificates.values().find(|it| {
        token.is_some()
            && it.token.as_deref() == token
            && now.since(it.created) < Duration::from_hours(1)
            && (it.names == names && it.key_algorithm == algorithm)
    });
    if let Some(repeated) = repeated {
        return Ok(json!({"CertificateArn": repeated.arn}));
    }
    if ctx.here().acm.certificates.len() >= 2500 {
        let text = "Error: you have reached the maximum number of certificates.";
        return Err(rules::acm::CERTIFICATES_COUNT.refuse(text));
    }
    let id = ctx.world.ids.uuid();
    let arn = ctx.arn("acm", &format!("certificate/{id}"));
    let made = Certificate {
        arn: arn.clone(),
        domain,
        names,
        key_algorithm: algorithm.to_owned(),
        status: "PENDING_VALIDATION".to_owned(),
        failure: None,
        records_shown: false,
        validated: BTreeSet::new(),
        created: now,
        issued: None,
        in_use_by: BTreeSet::new(),
        token: token.map(str::to_owned),
        tags,
    };
    ctx.here().acm.certificates.insert(arn.clone(), made);
    let certificate = arn.clone();
    let event = Event::Acm(AcmEvent::RecordsShown { certificate });
    ctx.schedule(validation::RECORDS_SHOWN, event);
    let certificate = arn.clone();
    ctx.schedule(validation::LOOK, Event::Acm(AcmEvent::Validate { certificate }));
    Ok(json!({"CertificateArn": arn}))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let account = ctx.world.account.clone();
    let found = find(ctx, input)?;
    let year = Duration::from_hours(395 * 24);
    let key = found.key_algorithm.replacen('_', "-", 1);
    let of = |text: &str| found.issued.map(|_| text.to_owned());
    Ok(json!({"Certificate": {
        "CertificateArn": found.arn,
        "DomainName": found.domain,
        "SubjectAlternativeNames": found.names,
        "DomainValidationOptions": validation::show(found, &account),
        "Subject": format!("CN={}", found.domain),
        "Issuer": of("Amazon"),
        "Serial": of("0a:1b:2c:3d:4e:5f:60:71:82:93:a4:b5:c6:d7:e8:f9"),
        "CreatedAt": found.created.epoch_seconds(),
        "IssuedAt": found.issued.map(crate::time::SimTime::epoch_seconds),
        "NotBefore": found.issued.map(crate::time::SimTime::epoch_seconds),
        "NotAfter": found.issued.map(|issued| (issued + year).epoch_seconds()),
        "Status": found.status,
        "FailureReason": found.failure,
        "KeyAlgorithm": key,
        "SignatureAlgorithm": "SHA256WITHRSA",
        "InUseBy": found.in_use_by,
        "Type": "AMAZON_ISSUED",
        "KeyUsages": [],
        "ExtendedKeyUsages": [],
        "RenewalEligibility": if found.in_use_by.is_empty() { "INELIGIBLE" } else { "ELIGIBLE" },
        "Options": {"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"},
    }}))
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let statuses = input.strings("CertificateStatuses");
    let includes = input.structure("Includes");
    let mut types = includes.map(|it| it.strings("keyTypes")).unwrap_or_default();
    if types.is_empty() {
        // Other keys are left out unless asked for (ACM API reference, ListCertificates).
        types = vec!["RSA_1024".to_owned(), "RSA_2048".to_owned()];
    }
    let limit = input.int_in("MaxItems", 1, 1000)?.unwrap_or(1000);
    let limit = usize::try_from(limit).unwrap_or(1000);
    let after = input.str_or("NextToken", "").to_owned();
    let mut chosen: Vec<&Certificate> = ctx
        .here()
        .acm
        .certificates
        .values()
        .filter(|it| statuses.is_empty() || statuses.contains(&it.status))
        .filter(|it| types.contains(&it.key_algorithm) && it.arn > after)
        .take(limit + 1)
        .collect();
    let more = chosen.len() > limit;
    chosen.truncate(limit);
    let token = if more { chosen.last().map(|it| it.arn.clone()) } else { None };
    let shown: Vec<Value> = chosen.into_iter().map(summary).collect();
    Ok(json!({"CertificateSummaryList": shown, "NextToken": token}))
}

fn summary(found: &Certificate) -> Value {
    json!({
        "CertificateArn": found.arn,
        "DomainName": found.domain,
        "SubjectAlternativeNameSummaries": found.names,
        "HasAdditionalSubjectAlternativeNames": false,
        "Status": found.status,
        "Type": "AMAZON_ISSUED",
        "KeyAlgorithm": found.key_algorithm,
        "KeyUsages": [],
        "ExtendedKeyUsages": [],
        "InUse": !found.in_use_by.is_empty(),
        "CreatedAt": found.created.epoch_seconds(),
        "IssuedAt": found.issued.map(crate::time::SimTime::epoch_seconds),
    })
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let account = ctx.world.account.clone();
    let found = find(ctx, input)?;
    let arn = found.arn.clone();
    if !found.in_use_by.is_empty() {
        let text = format!("Certificate {arn} in account {account} is in use.");
        return Err(rules::acm::CERTIFICATE_UNUSED.refuse(text));
    }
    ctx.here().acm.certificates.remove(&arn);
    Ok(json!({}))
}

pub(super) fn add_tags(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let more = tags::from_list(input, "Tags");
    tags::check(&more, "InvalidTagException")?;
    let found = find(ctx, input)?;
    let mut all = found.tags.clone();
    all.extend(more);
    tags::count(&all, "TooManyTagsException")?;
    found.tags = all;
    Ok(json!({}))
}

pub(super) fn remove_tags(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let doomed = input.list("Tags");
    let found = find(ctx, input)?;
    // A tag with a value goes only if it has that value.
    found.tags.retain(|key, value| {
        !doomed.iter().any(|tag| {
            tag.str("Key") == Some(key) && tag.str("Value").is_none_or(|given| given == value)
        })
    });
    Ok(json!({}))
}

pub(super) fn list_tags(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    Ok(json!({"Tags": tags::upper(&find(ctx, input)?.tags)}))
}

fn find<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut Certificate, AwsError> {
    let arn = input.required("CertificateArn")?;
    if !arn.starts_with(&ctx.arn("acm", "certificate/")) {
        let text = format!("Invalid ARN: {arn}");
        return Err(rules::acm::CERTIFICATE_ARN.refuse(text));
    }
    let account = ctx.world.account.clone();
    ctx.here().acm.certificates.get_mut(arn).ok_or_else(|| {
        let text = format!("Could not find certificate {arn} in account {account}.");
        rules::acm::CERTIFICATE_EXISTS.refuse(text)
    })
}

pub(super) fn tagged(region: &RegionState) -> Vec<(String, Tags)> {
    let all = region.acm.certificates.values();
    all.map(|it| (it.arn.clone(), it.tags.clone())).collect()
}
