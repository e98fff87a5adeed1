//! Certificates.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateSummary, DomainValidation, Filters,
    KeyAlgorithm, ValidationMethod,
};
use futures::future::{BoxFuture, try_join_all};
use tokio::time::Instant;
use wharf_graph::ErrorClass;
use wharf_graph::facts::CertificateFact;
use wharf_spec::stack::CertificateSource;

use crate::error::AwsError;
use crate::reads::{Got, Memo, Reads};
use crate::tags::{self, Owner, Tags};

/// Largest page (ACM API reference, `ListCertificates`).
const PAGE: i32 = 1000;
/// How long a certificate may be looked at that does not say what proves its names.
const UNDECIDED: Duration = Duration::from_secs(30);
/// How often.
const LOOK: Duration = Duration::from_secs(2);

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    list: Memo<Vec<CertificateSummary>>,
    own: Memo<Vec<OwnCertificate>>,
}

/// A certificate of the stack's.
#[derive(Clone, Debug)]
pub(crate) struct OwnCertificate {
    pub(crate) detail: CertificateDetail,
    pub(crate) tags: Tags,
}

impl Reads {
    /// Lists the certificates of the region, unless the stack neither wants nor has one.
    pub(crate) fn certificates(
        &self,
    ) -> BoxFuture<'_, Result<Arc<Got<Vec<CertificateSummary>>>, AwsError>> {
        Box::pin(async move {
            self.memos
                .acm
                .list
                .get(async || {
                    let mut round = 0;
                    if self.stack.certificate() != Some(CertificateSource::Auto) {
                        let sweep = self.sweep().await;
                        round = sweep.round;
                        if sweep.value.complete
                            && !sweep.value.iter().any(|(arn, _)| is_certificate(arn))
                        {
                            return Ok(Got { value: Vec::new(), round: 0 });
                        }
                    }
                    self.list_certificates(round).await
                })
                .await
        })
    }

    async fn list_certificates(
        &self,
        after: u32,
    ) -> Result<Got<Vec<CertificateSummary>>, AwsError> {
        // Without the filter only RSA keys of up to 2048 bits are listed
        // (ACM API reference, `ListCertificates`).
        let types: Vec<KeyAlgorithm> =
            KeyAlgorithm::values().iter().map(|name| KeyAlgorithm::from(*name)).collect();
        let mut list = Vec::new();
        let mut round = after;
        let mut token = None::<String>;
        loop {
            let got = self
                .call(round, "acm:ListCertificates", |aws| {
                    aws.acm
                        .list_certificates()
                        .includes(Filters::builder().set_key_types(Some(types.clone())).build())
                        .max_items(PAGE)
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            round = got.round;
            list.extend(got.value.certificate_summary_list().iter().cloned());
            token = got.value.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(Got { value: list, round });
            }
        }
    }

    /// Reads the stack's own certificates: those the sweep shows, and of those whose names are exactly
    /// the stack's the ones that carry its tags. Others of the same names do not matter. Where the sweep
    /// shows nothing, every certificate is asked for its tags.
    pub(crate) fn own_certificates(
        &self,
    ) -> BoxFuture<'_, Result<Arc<Got<Vec<OwnCertificate>>>, AwsError>> {
        Box::pin(async move {
            self.memos
                .acm
                .own
                .get(async || {
                    let list = self.certificates().await?;
                    if list.value.is_empty() {
                        return Ok(Got { value: Vec::new(), round: list.round });
                    }
                    let sweep = self.sweep().await;
                    let round = list.round.max(sweep.round);
                    let wanted = self.stack.domain_names();
                    let candidates = list.value.iter().filter_map(|summary| {
                        let arn = summary.certificate_arn()?;
                        let possible = !sweep.value.complete
                            || sweep.value.get(arn).is_some()
                            || self.claims(arn)
                            || names(summary) == wanted;
                        possible.then_some(arn)
                    });
                    let reads = candidates.map(|arn| self.certificate(arn, round));
                    let all = try_join_all(reads).await?;
                    let round = all.iter().map(|got| got.round).max().unwrap_or(round);
                    let mut own: Vec<OwnCertificate> =
                        all.into_iter().filter_map(|got| got.value).collect();
                    own.sort_by(|one, two| {
                        one.detail.certificate_arn().cmp(&two.detail.certificate_arn())
                    });
                    Ok(Got { value: own, round })
                })
                .await
        })
    }

    /// Reads one certificate and, unless they are known, its tags; `None` if it is not the stack's.
    async fn certificate(
        &self,
        arn: &str,
        after: u32,
    ) -> Result<Got<Option<OwnCertificate>>, AwsError> {
        let tags = self.tags_of(arn, async || self.certificate_tags(arn, after).await);
        let detail = self.certificate_detail(arn, after);
        let (tags, detail) = futures::try_join!(tags, detail)?;
        let (Some(mut detail), mut round) = (detail.value, detail.round) else {
            return Ok(Got { value: None, round: after + 1 });
        };
        let ours = tags::owner(&tags.value, &self.id) == Owner::Ours;
        // Whoever requested it a moment ago may have died before ACM knew what proves the names; nothing
        // can be planned without.
        let pace = self.aws.caller.pace;
        let start = Instant::now();
        while ours && is_undecided(&detail) && pace.since(start) < UNDECIDED {
            pace.sleep(LOOK).await;
            let again = self.certificate_detail(arn, round).await?;
            let Some(seen) = again.value else { return Ok(Got { value: None, round: round + 1 }) };
            (detail, round) = (seen, again.round);
        }
        let own = ours.then_some(OwnCertificate { detail, tags: tags.value });
        Ok(Got { value: own, round: round.max(tags.round) })
    }

    /// Reads one certificate; `None` if it is gone.
    pub(super) async fn certificate_detail(
        &self,
        arn: &str,
        after: u32,
    ) -> Result<Got<Option<CertificateDetail>>, AwsError> {
        let got = self
            .call(after, "acm:DescribeCertificate", |aws| {
                aws.acm.describe_certificate().certificate_arn(arn).send()
            })
            .await;
        match got {
            Ok(got) => Ok(Got { value: got.value.certificate().cloned(), round: got.round }),
            Err(error) if error.is(&["ResourceNotFoundException"]) => {
                Ok(Got { value: None, round: after + 1 })
            }
            Err(error) => Err(error),
        }
    }

    /// Says whether a certificate of the stack's is yet to be issued for some of its names.
    pub(crate) async fn waits_for_proof(&self) -> Result<bool, AwsError> {
        if self.stack.certificate() != Some(CertificateSource::Auto) {
            return Ok(false);
        }
        let own = self.own_certificates().await?;
        let issued = own
            .value
            .iter()
            .map(|own| &own.detail)
            .filter(|detail| detail.status() == Some(&CertificateStatus::Issued));
        let names = self.stack.domain_names();
        let covered = |detail: &CertificateDetail| {
            names.iter().all(|name| detail.subject_alternative_names().contains(name))
        };
        Ok(!issued.into_iter().any(covered))
    }

    /// Reads the certificate the spec only refers to, if it does and may be looked at.
    pub(crate) async fn certificate_elsewhere(&self) -> Result<Option<CertificateFact>, AwsError> {
        let Some(CertificateSource::Arn(arn)) = self.stack.certificate() else { return Ok(None) };
        let detail = match self.certificate_detail(&arn, 0).await {
            // Whoever may not look at it may still use it.
            Err(error) if error.class == ErrorClass::Denied => return Ok(None),
            other => other?.value,
        };
        let names = detail.iter().flat_map(|detail| {
            let others = detail.subject_alternative_names().iter();
            detail.domain_name().into_iter().chain(others.map(String::as_str))
        });
        Ok(Some(CertificateFact {
            names: names.map(str::to_lowercase).collect(),
            status: detail.as_ref().map(|detail| {
                detail.status().map_or("without a status", CertificateStatus::as_str).to_owned()
            }),
            arn,
        }))
    }

    /// Reads the tags of a certificate; one that is gone has none.
    async fn certificate_tags(&self, arn: &str, after: u32) -> Result<Got<Tags>, AwsError> {
        let got = self
            .call(after, "acm:ListTagsForCertificate", |aws| {
                aws.acm.list_tags_for_certificate().certificate_arn(arn).send()
            })
            .await;
        match got {
            Ok(got) => Ok(Got { value: tag_map(got.value.tags()), round: got.round }),
            Err(error) if error.is(&["ResourceNotFoundException"]) => {
                Ok(Got { value: Tags::new(), round: after + 1 })
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the names of all certificates of the stack's that the sweep shows: names it has, or had.
    /// Without a sweep, certificates are asked themselves.
    pub(crate) async fn certified_names(&self) -> Result<Got<BTreeSet<String>>, AwsError> {
        let list = self.certificates().await?;
        if list.value.is_empty() {
            return Ok(Got { value: BTreeSet::new(), round: 0 });
        }
        let sweep = self.sweep().await;
        let mut round = list.round.max(sweep.round);
        let mut arns: BTreeSet<String> =
            sweep.value.iter().map(|(arn, _)| arn.to_owned()).collect();
        if !sweep.value.complete {
            let own = self.own_certificates().await?;
            round = round.max(own.round);
            let found = own.value.iter().filter_map(|own| own.detail.certificate_arn());
            arns.extend(found.map(str::to_owned));
        }
        let own = list
            .value
            .iter()
            .filter(|summary| summary.certificate_arn().is_some_and(|arn| arns.contains(arn)));
        Ok(Got { value: own.flat_map(names).collect(), round })
    }
}

/// Says whether ACM has yet to say which records prove the names: they appear some seconds after the
/// request (ACM API reference, `DescribeCertificate`).
fn is_undecided(detail: &CertificateDetail) -> bool {
    let options = detail.domain_validation_options();
    let open = |option: &DomainValidation| {
        option.validation_method() == Some(&ValidationMethod::Dns)
            && option.resource_record().is_none()
    };
    detail.status() == Some(&CertificateStatus::PendingValidation)
        && (options.is_empty() || options.iter().any(open))
}

fn is_certificate(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    parts.next() == Some("acm") && parts.nth(2).is_some_and(|part| part.starts_with("certificate/"))
}

/// Returns all names of a certificate; the list of alternative ones includes the main one or not.
pub(crate) fn names(summary: &CertificateSummary) -> BTreeSet<String> {
    summary
        .domain_name()
        .into_iter()
        .chain(summary.subject_alternative_name_summaries().iter().map(String::as_str))
        .map(str::to_lowercase)
        .collect()
}

fn tag_map(list: &[aws_sdk_acm::types::Tag]) -> Tags {
    list.iter()
        .map(|tag| (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_told_by_their_arn() {
        assert!(is_certificate("arn:aws:acm:eu-west-1:123456789012:certificate/abc"));
        assert!(!is_certificate("arn:aws:ecs:eu-west-1:123456789012:cluster/certificate"));
        assert!(!is_certificate(""));
    }
}
