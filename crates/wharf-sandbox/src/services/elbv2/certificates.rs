//! The certificates of listeners.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    super::{Ctx, Reply},
    common::{listener, page},
    listeners::changed,
    state::Elbv2State,
};
use crate::{error::AwsError, input::Input, rules};

/// Reads the certificates of a request; they must be issued, in this region.
pub(super) fn read(ctx: &Ctx<'_>, input: &Input<'_>) -> Result<Vec<String>, AwsError> {
    let mut arns = Vec::new();
    for certificate in input.list("Certificates") {
        let arn = certificate.required("CertificateArn")?;
        match ctx.world.certificate_status(&ctx.region, arn) {
            None => {
                let text = format!("Certificate '{arn}' not found");
                return Err(rules::elbv2::CERTIFICATE_EXISTS.refuse(text));
            }
            Some("ISSUED") => arns.push(arn.to_owned()),
            Some(_) => {
                let text = format!(
                    "The certificate '{arn}' must have a fully-qualified domain name, a supported \
                     signature, and a supported key size."
                );
                return Err(rules::elbv2::CERTIFICATE_ISSUED.refuse(text));
            }
        }
    }
    Ok(arns)
}

pub(super) fn add(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("ListenerArn")?;
    let found = listener(&ctx.here().elbv2, arn)?.clone();
    let more = given(ctx, input)?;
    if found.protocol != "HTTPS" {
        return Err(rules::elbv2::CERTIFICATES_ON_HTTPS
            .refuse("Certificates can only be added to HTTPS listeners"));
    }
    let mut all = found.certificates;
    for arn in &more {
        if !all.contains(arn) {
            all.push(arn.clone());
        }
    }
    if all.len() > 26 {
        let text = "The maximum number of certificates per load balancer has been reached";
        return Err(rules::elbv2::CERTIFICATES_COUNT.refuse(text));
    }
    if let Some(found) = ctx.here().elbv2.listeners.get_mut(arn) {
        found.certificates = all;
    }
    changed(ctx);
    let shown: Vec<Value> =
        more.iter().map(|arn| json!({"CertificateArn": arn, "IsDefault": false})).collect();
    Ok(json!({"Certificates": shown}))
}

pub(super) fn remove(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let arn = input.required("ListenerArn")?;
    let found = listener(&ctx.here().elbv2, arn)?.clone();
    let mut doomed = Vec::new();
    for certificate in input.list("Certificates") {
        doomed.push(certificate.required("CertificateArn")?.to_owned());
    }
    if found.certificates.first().is_some_and(|default| doomed.contains(default)) {
        let text = "The default certificate of a listener cannot be removed";
        return Err(rules::elbv2::DEFAULT_CERTIFICATE.refuse(text));
    }
    if let Some(found) = ctx.here().elbv2.listeners.get_mut(arn) {
        found.certificates.retain(|arn| !doomed.contains(arn));
    }
    changed(ctx);
    Ok(json!({}))
}

fn given(ctx: &Ctx<'_>, input: &Input<'_>) -> Result<Vec<String>, AwsError> {
    let arns = read(ctx, input)?;
    if arns.is_empty() { Err(input.missing("Certificates")) } else { Ok(arns) }
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let found = listener(&ctx.here().elbv2, input.required("ListenerArn")?)?;
    let all = found.certificates.iter().enumerate();
    let shown = all.map(|(at, arn)| json!({"CertificateArn": arn, "IsDefault": at == 0}));
    page(input, "Certificates", shown.collect())
}

impl Elbv2State {
    /// Lists the certificates in use, each with the ARNs of the balancers that use it.
    pub(crate) fn certificate_users(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for listener in self.listeners.values() {
            for arn in &listener.certificates {
                users.entry(arn.clone()).or_default().insert(listener.balancer.clone());
            }
        }
        users
    }
}
