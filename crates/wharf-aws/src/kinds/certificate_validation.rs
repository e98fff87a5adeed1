//! The proof that the stack's domain names are its own: there once the certificate is issued.
//!
//! Nothing in the account stands for it but the certificate's state. It is a step of its own because
//! it has to wait for DNS records that in turn need the certificate's request.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_acm::types::{CertificateDetail, CertificateStatus, DomainStatus};
use serde::{Deserialize, Serialize};
use wharf_graph::{
    Address, Declare, ErrorClass, Facts, Input, Live, Note, Outcome, Policy, ReplaceOrder, Takes,
};
use wharf_spec::Stack;
use wharf_spec::stack::Zone;

use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::{certificate, dns_record};
use crate::reads::Reads;
use crate::wait::{Look, wait};

/// Every stack has at most one certificate.
const NAME: &str = "main";
/// How long ACM may take to see the records; it gives up by itself only after 72 hours.
const ISSUED: Duration = Duration::from_mins(75);
/// How often to look.
const EVERY: Duration = Duration::from_secs(10);

/// See the module.
pub(crate) struct CertificateValidation;

/// Managed properties of the validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    /// ARN of the certificate.
    certificate: Input<String>,
    /// Whether the records are kept by somebody else, who may be long in making them.
    external: bool,
}

/// Returns the validation's address, for the listener that needs the certificate.
pub(super) fn address() -> Address {
    Address::new(CertificateValidation::POLICY.kind, NAME)
}

/// Says whether any of the stack's names is in a zone kept elsewhere.
fn external(stack: &Stack) -> bool {
    stack
        .routed()
        .filter_map(|service| service.routing.as_ref()?.domain.as_ref())
        .any(|domain| domain.zone == Zone::External)
}

impl Kind for CertificateValidation {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[("certificate", "each certificate is validated once")],
        replace_order: ReplaceOrder::CreateFirst,
        never_prune: true,
        takes: Takes { create: 40, update: 0, delete: 0 },
        ..Policy::plain("certificate_validation", "certificate validation")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        if stack.domain_names().is_empty() || !certificate::wanted(stack) {
            return;
        }
        let props = Props {
            certificate: Input::of(&certificate::address(), "arn"),
            external: external(stack),
        };
        let after = dns_record::validations(stack, facts);
        out.add(&Self::POLICY, NAME, &props).after.extend(after);
    }

    fn example() -> Props {
        Props { certificate: Input::from("arn:aws:acm:eu-west-1:1:certificate/1"), external: false }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let own = cx.own_certificates().await?;
        let issued =
            own.value.iter().filter(|own| own.detail.status() == Some(&CertificateStatus::Issued));
        let found = issued.map(|own| {
            let arn = own.detail.certificate_arn().unwrap_or_default().to_owned();
            Found::Ours(Owned {
                name: NAME.to_owned(),
                id: arn.clone(),
                props: Props {
                    certificate: Input::Known(arn.clone()),
                    external: external(&cx.stack),
                },
                outputs: outputs(&arn),
                applied: None,
                leaving: false,
            })
        });
        Ok(found.collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let arn = want.certificate.get()?;
        let budget = if want.external { cx.patience.min(ISSUED) } else { ISSUED };
        let what = "the certificate to be issued";
        let waited = wait(cx.aws.caller.pace, cx.step, what, EVERY, budget, async || {
            let detail = certificate::describe(cx, arn).await?;
            if let Some(error) = certificate::failed(&detail) {
                return Err(error);
            }
            if detail.status() == Some(&CertificateStatus::Issued) {
                return Ok(Look::Ready(()));
            }
            Ok(Look::NotYet(Note {
                message: "waiting until ACM sees the validation records".to_owned(),
                details: missing(&detail),
                lasting: false,
            }))
        })
        .await;
        match waited {
            Ok(()) => Ok(Outcome::Done { id: arn.clone(), outputs: outputs(arn) }),
            Err(error) if error.class == ErrorClass::TimedOut => {
                let missing = missing(&certificate::describe(cx, arn).await?);
                if want.external {
                    let what = "DNS records that prove the domain, kept outside of this account";
                    return Ok(Outcome::Waiting { what: what.to_owned(), how: missing });
                }
                let hint = "are the domain's name servers at its registrar those of the hosted zone? \
                            ACM looks these records up from the internet:";
                let error = error.hint(hint);
                Err(missing.into_iter().fold(error, AwsError::hint))
            }
            Err(error) => Err(error),
        }
    }

    async fn update(
        cx: &Write<'_>,
        _: &Live,
        want: Props,
        _: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        Self::create(cx, want).await
    }

    async fn delete(_: &Write<'_>, _: &Live) -> Result<(), AwsError> {
        Ok(())
    }
}

fn outputs(arn: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("arn".to_owned(), arn.to_owned())])
}

/// Returns the records ACM has not seen yet, a line each, as a zone file has them.
fn missing(detail: &CertificateDetail) -> Vec<String> {
    let seen: Vec<&str> = detail
        .domain_validation_options()
        .iter()
        .filter(|option| option.validation_status() == Some(&DomainStatus::Success))
        .map(aws_sdk_acm::types::DomainValidation::domain_name)
        .collect();
    certificate::records(detail)
        .into_iter()
        .filter(|(base, _)| !seen.contains(&base.as_str()))
        .map(|(_, (name, value))| format!("{name}. 300 IN CNAME {value}."))
        .collect()
}
