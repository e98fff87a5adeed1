//! The certificate for all domain names of a stack, requested from ACM and validated by DNS.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, KeyAlgorithm, ResourceRecord, Tag, ValidationMethod,
};
use serde::{Deserialize, Serialize};
use wharf_graph::props::short_hash;
use wharf_graph::{
    Address, Declare, ErrorClass, Facts, Live, Outcome, Policy, ReplaceOrder, Takes,
};
use wharf_spec::Stack;
use wharf_spec::stack::CertificateSource;

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::reads::Reads;
use crate::tags::{self, Tags};
use crate::wait::{Look, wait};

/// Every stack has at most one certificate.
const NAME: &str = "main";
/// How long ACM may take to say which records prove a domain; it is a matter of seconds.
const RECORDS: Duration = Duration::from_mins(5);
/// How long a certificate may count as in use after the listener that used it is gone.
const RELEASED: Duration = Duration::from_mins(20);
/// Longest idempotency token (ACM API reference, `RequestCertificate`).
const TOKEN: usize = 32;

/// See the module.
pub(crate) struct Certificate;

/// Managed properties of the certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    /// The main name.
    domain: String,
    /// All names, the main one included.
    names: BTreeSet<String>,
    /// As ACM takes it: `RSA_2048`, `EC_prime256v1`.
    key_algorithm: String,
    /// Whether it is, or can still become, valid.
    usable: bool,
    tags: Tags,
}

/// Returns the certificate's address, for the kinds that refer to it.
pub(super) fn address() -> Address {
    Address::new(Certificate::POLICY.kind, NAME)
}

/// Returns the domains that have to be proven, each once: a wildcard shares the record of the name
/// it stands above (ACM User Guide, DNS validation).
pub(super) fn bases<'a>(names: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    names.into_iter().map(|name| base(name).to_owned()).collect()
}

fn base(name: &str) -> &str {
    name.strip_prefix("*.").unwrap_or(name)
}

/// Says whether wharf requests a certificate for the stack.
pub(super) fn wanted(stack: &Stack) -> bool {
    stack.certificate() == Some(CertificateSource::Auto)
}

/// Returns the name of the output that holds `part` (`name` or `value`) of a domain's record.
pub(super) fn output(base: &str, part: &str) -> String {
    format!("validation.{base}.{part}")
}

/// Says whether a certificate in this state can still be, or become, valid.
fn is_usable(status: Option<&CertificateStatus>) -> bool {
    !matches!(
        status,
        Some(
            CertificateStatus::Failed
                | CertificateStatus::ValidationTimedOut
                | CertificateStatus::Revoked
                | CertificateStatus::Expired
                | CertificateStatus::Inactive
        )
    )
}

impl Kind for Certificate {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[
            ("domain", "a certificate's names are fixed when it is requested"),
            ("names", "a certificate's names are fixed when it is requested"),
            ("key_algorithm", "a certificate's key is fixed when it is requested"),
            ("usable", "this request failed or ran out, and only a new one can succeed"),
        ],
        replace_order: ReplaceOrder::CreateFirst,
        serves_traffic: true,
        // Only the certificate says which records prove it: one that outlived it would be nobody's.
        delete_after: &["dns_record"],
        takes: Takes { create: 5, update: 0, delete: 25 },
        ..Policy::plain("certificate", "certificate")
    };

    fn declare(stack: &Stack, _: &Facts, out: &mut Declare) {
        let names = stack.domain_names();
        if names.is_empty() || !wanted(stack) {
            return;
        }
        let main = stack
            .routed()
            .find_map(|service| service.routing.as_ref()?.domain.as_ref()?.names.first());
        let props = Props {
            domain: main.or(names.first()).cloned().unwrap_or_default(),
            names,
            key_algorithm: KeyAlgorithm::Rsa2048.as_str().to_owned(),
            usable: true,
            tags: stack.tags.clone(),
        };
        out.add(&Self::POLICY, NAME, &props);
    }

    fn example() -> Props {
        Props {
            domain: "notes.example.com".to_owned(),
            names: BTreeSet::from(["notes.example.com".to_owned()]),
            key_algorithm: "RSA_2048".to_owned(),
            usable: true,
            tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let own = cx.own_certificates().await?;
        let found = own.value.iter().map(|own| {
            Found::Ours(Owned {
                name: NAME.to_owned(),
                id: own.detail.certificate_arn().unwrap_or_default().to_owned(),
                props: props(&own.detail, &own.tags, &cx.stack.tags),
                outputs: outputs(&own.detail),
                applied: own.tags.get(tags::SPEC).cloned(),
                leaving: false,
            })
        });
        Ok(found.collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        // Within an hour the same token gives the same certificate, so a lost answer costs nothing
        // (ACM API reference, `RequestCertificate`).
        let token = short_hash(&format!("{}{}", cx.step.token, cx.spec_hash), TOKEN);
        let others: Vec<String> =
            want.names.iter().filter(|name| **name != want.domain).cloned().collect();
        let arn = cx
            .aws
            .caller
            .call("acm:RequestCertificate", || {
                cx.aws
                    .acm
                    .request_certificate()
                    .domain_name(&want.domain)
                    .set_subject_alternative_names((!others.is_empty()).then(|| others.clone()))
                    .validation_method(ValidationMethod::Dns)
                    .key_algorithm(KeyAlgorithm::from(want.key_algorithm.as_str()))
                    .idempotency_token(&token)
                    .set_tags(Some(tag_list(&cx.tags(&want.tags))))
                    .send()
            })
            .await?
            .certificate_arn()
            .unwrap_or_default()
            .to_owned();
        let detail = wait_records(cx, &arn, &want.names).await?;
        Ok(Outcome::Done { id: arn, outputs: outputs(&detail) })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        _: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        cx.aws
            .caller
            .call("acm:AddTagsToCertificate", || {
                cx.aws
                    .acm
                    .add_tags_to_certificate()
                    .certificate_arn(&live.id)
                    .set_tags(Some(tag_list(&cx.tags(&want.tags))))
                    .send()
            })
            .await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: live.outputs.clone() })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        const HELD: &[Transient] =
            &[Transient { codes: &["ResourceInUseException"], text: "", budget: RELEASED }];
        let deleted = cx
            .aws
            .caller
            .retrying(HELD, async || {
                cx.aws
                    .caller
                    .call("acm:DeleteCertificate", || {
                        cx.aws.acm.delete_certificate().certificate_arn(&live.id).send()
                    })
                    .await
            })
            .await;
        match deleted {
            Err(error) if !error.is(&["ResourceNotFoundException"]) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Returns the record that proves each domain, as far as ACM has named them, without trailing dots.
pub(super) fn records(detail: &CertificateDetail) -> BTreeMap<String, (String, String)> {
    let plain = |text: &str| text.trim_end_matches('.').to_lowercase();
    let pair = |record: &ResourceRecord| (plain(record.name()), plain(record.value()));
    detail
        .domain_validation_options()
        .iter()
        .filter_map(|option| {
            let domain = option.domain_name().to_lowercase();
            Some((base(&domain).to_owned(), pair(option.resource_record()?)))
        })
        .collect()
}

fn outputs(detail: &CertificateDetail) -> BTreeMap<String, String> {
    let arn = detail.certificate_arn().unwrap_or_default().to_owned();
    let mut outputs = BTreeMap::from([("arn".to_owned(), arn)]);
    for (base, (name, value)) in records(detail) {
        outputs.insert(output(&base, "name"), name);
        outputs.insert(output(&base, "value"), value);
    }
    outputs
}

/// Brings what ACM returns into canonical form.
fn props(detail: &CertificateDetail, live: &Tags, spec: &Tags) -> Props {
    let domain = detail.domain_name().unwrap_or_default().to_lowercase();
    let mut names: BTreeSet<String> =
        detail.subject_alternative_names().iter().map(|name| name.to_lowercase()).collect();
    names.insert(domain.clone());
    // `RSA-2048` on reading, `RSA_2048` on writing.
    let key = detail.key_algorithm().map_or("", KeyAlgorithm::as_str).replace('-', "_");
    Props {
        domain,
        names,
        key_algorithm: key,
        usable: is_usable(detail.status()),
        tags: tags::managed(live, spec),
    }
}

/// Reads a certificate; one requested a moment ago may not be known everywhere yet.
pub(super) async fn describe(cx: &Write<'_>, arn: &str) -> Result<CertificateDetail, AwsError> {
    const UNKNOWN: &[Transient] = &[Transient {
        codes: &["ResourceNotFoundException"],
        text: "",
        budget: Duration::from_mins(1),
    }];
    let got = cx
        .aws
        .caller
        .retrying(UNKNOWN, async || {
            cx.aws
                .caller
                .call("acm:DescribeCertificate", || {
                    cx.aws.acm.describe_certificate().certificate_arn(arn).send()
                })
                .await
        })
        .await?;
    got.certificate().cloned().ok_or_else(|| {
        AwsError::own(ErrorClass::Other, format!("ACM answered nothing about {arn}"))
    })
}

/// Says why a certificate never becomes valid, if it does not.
pub(super) fn failed(detail: &CertificateDetail) -> Option<AwsError> {
    if is_usable(detail.status()) {
        return None;
    }
    let status = detail.status().map_or("", CertificateStatus::as_str).to_lowercase();
    let domain = detail.domain_name().unwrap_or_default();
    let reason = detail.failure_reason().map(|reason| reason.as_str().to_owned());
    let because = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let message = format!("the certificate for {domain} is {}{because}", status.replace('_', " "));
    let hint = match reason.as_deref() {
        Some("CAA_ERROR") => {
            "a CAA record forbids Amazon to issue certificates for this domain; add one with the \
             value 0 issue \"amazon.com\""
        }
        Some("DOMAIN_NOT_ALLOWED" | "DOMAIN_VALIDATION_DENIED" | "INVALID_PUBLIC_DOMAIN") => {
            "ACM does not issue certificates for this name; is it a public domain, and spelled right?"
        }
        Some("ADDITIONAL_VERIFICATION_REQUIRED") => {
            "AWS wants to check this domain itself; open a case with AWS Support"
        }
        _ => "run apply again: it requests a new certificate in place of this one",
    };
    Some(AwsError::own(ErrorClass::Other, message).hint(hint))
}

async fn wait_records(
    cx: &Write<'_>,
    arn: &str,
    names: &BTreeSet<String>,
) -> Result<CertificateDetail, AwsError> {
    let wanted = bases(names).len();
    let what = "ACM to say how to prove the domain";
    wait(cx.aws.caller.pace, cx.step, what, Duration::from_secs(2), RECORDS, async || {
        let detail = describe(cx, arn).await?;
        if let Some(error) = failed(&detail) {
            return Err(error);
        }
        match records(&detail).len() {
            known if known >= wanted => Ok(Look::Ready(detail)),
            known => Ok(Look::not_yet(format!("{known} of {wanted} records known"))),
        }
    })
    .await
}

/// Turns a map into ACM's list of tags.
fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_acm::types::{DomainValidation, RecordType};

    use super::*;

    fn option(domain: &str, name: &str) -> DomainValidation {
        let record = ResourceRecord::builder()
            .name(name)
            .r#type(RecordType::Cname)
            .value("_V.acm-validations.aws.")
            .build()
            .unwrap();
        DomainValidation::builder().domain_name(domain).resource_record(record).build().unwrap()
    }

    #[test]
    fn what_acm_returns_becomes_canonical() {
        let detail = CertificateDetail::builder()
            .certificate_arn("arn:x")
            .domain_name("Example.com")
            .subject_alternative_names("*.example.com")
            .subject_alternative_names("example.com")
            .key_algorithm(KeyAlgorithm::from("RSA-2048"))
            .status(CertificateStatus::Issued)
            .domain_validation_options(option("example.com", "_a.example.com."))
            .domain_validation_options(option("*.example.com", "_a.example.com."))
            .build();
        let props = props(&detail, &Tags::new(), &Tags::new());
        assert_eq!(props.domain, "example.com");
        assert_eq!(props.names.len(), 2);
        assert_eq!(props.key_algorithm, "RSA_2048");
        assert!(props.usable);
        let outputs = outputs(&detail);
        assert_eq!(outputs.len(), 3, "a wildcard has no record of its own: {outputs:?}");
        assert_eq!(outputs["validation.example.com.name"], "_a.example.com");
        assert_eq!(outputs["validation.example.com.value"], "_v.acm-validations.aws");
    }

    #[test]
    fn a_request_that_timed_out_is_replaced() {
        let detail =
            CertificateDetail::builder().status(CertificateStatus::ValidationTimedOut).build();
        assert!(!props(&detail, &Tags::new(), &Tags::new()).usable);
        assert!(failed(&detail).is_some());
    }
}
