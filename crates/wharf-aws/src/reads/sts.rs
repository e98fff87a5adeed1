//! Whose account this is.

use std::sync::Arc;

use crate::error::AwsError;
use crate::reads::{Got, Memo, Reads};

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    identity: Memo<Identity>,
}

/// Whose credentials are in use.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// Account id, 12 digits.
    pub(crate) account: String,
    /// Partition, for example `aws`.
    pub(crate) partition: String,
}

impl Reads {
    /// Asks whose credentials these are. Needs no permission (STS API reference, `GetCallerIdentity`).
    pub(crate) async fn identity(&self) -> Result<Arc<Got<Identity>>, AwsError> {
        self.memos
            .sts
            .identity
            .get(async || {
                let got = self
                    .call(0, "sts:GetCallerIdentity", |aws| aws.sts.get_caller_identity().send())
                    .await?;
                let account = got.value.account().unwrap_or_default().to_owned();
                let partition = got
                    .value
                    .arn()
                    .and_then(|arn| arn.split(':').nth(1))
                    .unwrap_or("aws")
                    .to_owned();
                Ok(Got { value: Identity { account, partition }, round: got.round })
            })
            .await
    }
}
