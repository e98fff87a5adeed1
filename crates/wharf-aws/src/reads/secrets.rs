//! Parameters and secrets: that they exist, never what they hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ssm::types::{ParameterMetadata, ParameterStringFilter};
use futures::future::try_join_all;
use wharf_graph::facts::SecretFact;
use wharf_spec::stack::{SecretRef, Workload};

use crate::error::AwsError;
use crate::reads::sts::Identity;
use crate::reads::{Got, Memo, Reads};
use crate::secret;

/// Most values of one filter (Systems Manager API reference, `ParameterStringFilter`).
const BATCH: usize = 50;
/// Most parameters on one page (Systems Manager API reference, `DescribeParameters`).
const PAGE: i32 = 50;

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    facts: Memo<BTreeMap<String, SecretFact>>,
}

impl Reads {
    /// Looks up what the services' secrets lead to, by their reference as written in the spec.
    /// Descriptions only: no call here can return a value.
    pub(crate) async fn secrets(&self) -> Result<Arc<Got<BTreeMap<String, SecretFact>>>, AwsError> {
        self.memos
            .secrets
            .facts
            .get(async || {
                let wanted: BTreeSet<&SecretRef> =
                    self.stack.workloads().flat_map(Workload::secret_refs).collect();
                let (parameters, secrets) =
                    futures::join!(self.parameters(&wanted), self.managed_secrets(&wanted));
                let (parameters, secrets) = (parameters?, secrets?);
                let value = wanted
                    .into_iter()
                    .map(|wanted| {
                        let found = match wanted {
                            SecretRef::Ssm { name } => parameters.value.get(name),
                            SecretRef::SecretsManager { name, .. } => secrets.value.get(name),
                        };
                        let none = SecretFact::default();
                        (secret::text(wanted), found.cloned().unwrap_or(none))
                    })
                    .collect();
                Ok(Got { value, round: parameters.round.max(secrets.round) })
            })
            .await
    }

    async fn parameters(
        &self,
        wanted: &BTreeSet<&SecretRef>,
    ) -> Result<Got<BTreeMap<String, SecretFact>>, AwsError> {
        let names: Vec<String> = wanted
            .iter()
            .filter_map(|secret| match secret {
                SecretRef::Ssm { name } => Some(name.clone()),
                SecretRef::SecretsManager { .. } => None,
            })
            .collect();
        if names.is_empty() {
            return Ok(Got { value: BTreeMap::new(), round: 0 });
        }
        let (identity, batches) = futures::join!(
            self.identity(),
            try_join_all(names.chunks(BATCH).map(|batch| self.parameter_pages(batch)))
        );
        let (identity, batches) = (identity?, batches?);
        let round = batches.iter().map(|batch| batch.round).max().unwrap_or(0);
        let value = batches
            .iter()
            .flat_map(|batch| &batch.value)
            .filter_map(|found| {
                Some((
                    found.name()?.to_owned(),
                    parameter(found, &identity.value, &self.stack.region),
                ))
            })
            .collect();
        Ok(Got { value, round })
    }

    async fn parameter_pages(
        &self,
        names: &[String],
    ) -> Result<Got<Vec<ParameterMetadata>>, AwsError> {
        let filter = ParameterStringFilter::builder()
            .key("Name")
            .option("Equals")
            .set_values(Some(names.to_vec()))
            .build()
            .map_err(|error| {
                let message = format!("{error}; this is a bug in wharf");
                AwsError::own(wharf_graph::ErrorClass::Other, message)
            })?;
        let (mut found, mut round, mut token) = (Vec::new(), 0, None::<String>);
        loop {
            let got = self
                .call(round, "ssm:DescribeParameters", |aws| {
                    aws.ssm
                        .describe_parameters()
                        .parameter_filters(filter.clone())
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            round = got.round;
            found.extend_from_slice(got.value.parameters());
            token = got.value.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                return Ok(Got { value: found, round });
            }
        }
    }

    async fn managed_secrets(
        &self,
        wanted: &BTreeSet<&SecretRef>,
    ) -> Result<Got<BTreeMap<String, SecretFact>>, AwsError> {
        let names: BTreeSet<&str> = wanted
            .iter()
            .filter_map(|secret| match secret {
                SecretRef::SecretsManager { name, .. } => Some(name.as_str()),
                SecretRef::Ssm { .. } => None,
            })
            .collect();
        let round = u32::from(!names.is_empty());
        let found = try_join_all(names.into_iter().map(async |name| {
            let got = self
                .call(0, "secretsmanager:DescribeSecret", |aws| {
                    aws.secrets.describe_secret().secret_id(name).send()
                })
                .await;
            let fact = match got {
                // One that is marked for deletion cannot be read any more
                // (Secrets Manager API reference, `DeleteSecret`).
                Ok(got) if got.value.deleted_date().is_some() => {
                    Some(SecretFact { deleting: true, ..SecretFact::default() })
                }
                Ok(got) => Some(SecretFact {
                    arn: got.value.arn().map(str::to_owned),
                    kms_key: got.value.kms_key_id().and_then(own_key),
                    deleting: false,
                }),
                Err(error) if error.is(&["ResourceNotFoundException"]) => None,
                Err(error) => return Err(error),
            };
            Ok(fact.map(|fact| (name.to_owned(), fact)))
        }))
        .await?;
        Ok(Got { value: found.into_iter().flatten().collect(), round })
    }
}

fn parameter(found: &ParameterMetadata, identity: &Identity, region: &str) -> SecretFact {
    let Identity { account, partition } = identity;
    let name = found.name().unwrap_or_default();
    let slash = if name.starts_with('/') { "" } else { "/" };
    let arn = found.arn().map_or_else(
        || format!("arn:{partition}:ssm:{region}:{account}:parameter{slash}{name}"),
        str::to_owned,
    );
    SecretFact { arn: Some(arn), kms_key: found.key_id().and_then(own_key), deleting: false }
}

/// Keys that AWS manages need no permission of ours (KMS Developer Guide, AWS managed keys).
fn own_key(key: &str) -> Option<String> {
    (!key.is_empty() && !key.contains("alias/aws/")).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_has_an_arn_even_where_none_is_given() {
        let identity = Identity { account: "111122223333".into(), partition: "aws".into() };
        let found = ParameterMetadata::builder().name("/notes/url").key_id("alias/aws/ssm").build();
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/notes/url".to_owned();
        let wanted = SecretFact { arn: Some(arn), ..SecretFact::default() };
        assert_eq!(parameter(&found, &identity, "eu-west-1"), wanted);
    }

    #[test]
    fn only_a_customers_key_counts() {
        assert_eq!(own_key("alias/notes").as_deref(), Some("alias/notes"));
        assert_eq!(own_key("alias/aws/secretsmanager"), None);
    }
}
