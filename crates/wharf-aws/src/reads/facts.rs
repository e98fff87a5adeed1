//! The surroundings of a stack, put together from the other reads.

use wharf_graph::Facts;

use crate::error::AwsError;
use crate::reads::Reads;

impl Reads {
    /// Reads the surroundings.
    pub(crate) async fn facts(&self) -> Result<Facts, AwsError> {
        let identity = self.identity().await?;
        Ok(Facts {
            account: identity.value.account.clone(),
            partition: identity.value.partition.clone(),
            region: self.stack.region.clone(),
            ..Facts::default()
        })
    }

    /// Returns the seal of the last complete apply, if the cluster carries one.
    pub(crate) async fn seal(&self) -> Option<String> {
        let cluster = self.cluster().await.ok()?;
        cluster.value.as_ref()?.tags.get(crate::tags::SEAL).cloned()
    }
}
