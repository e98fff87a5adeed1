//! The surroundings of a stack, put together from the other reads.

use wharf_graph::Facts;

use crate::error::AwsError;
use crate::reads::Reads;

impl Reads {
    /// Reads the surroundings.
    pub(crate) async fn facts(&self) -> Result<Facts, AwsError> {
        let (identity, vpc, subnets, zones, images, secrets, roles, certificate, balancer) = futures::join!(
            self.identity(),
            self.vpc(),
            self.subnets(),
            self.zones_asked(),
            self.images(),
            self.secrets(),
            self.roles_elsewhere(),
            self.certificate_elsewhere(),
            self.shared_fact(),
        );
        let identity = identity?;
        let (vpc, vpc_problem) = match &vpc?.value {
            Ok(vpc) => (Some(vpc.clone()), None),
            Err(problem) => (None, Some(problem.clone())),
        };
        Ok(Facts {
            account: identity.value.account.clone(),
            partition: identity.value.partition.clone(),
            region: self.stack.region.clone(),
            vpc,
            vpc_problem,
            subnets: subnets?.value.clone(),
            zones: zones?,
            images: images?.value.clone(),
            secrets: secrets?.value.clone(),
            roles: roles?,
            certificate: certificate?,
            balancer: balancer?,
        })
    }

    /// Returns the seal of the last complete apply, if the cluster carries one.
    pub(crate) async fn seal(&self) -> Option<String> {
        let cluster = self.cluster().await.ok()?;
        cluster.value.as_ref()?.tags.get(crate::tags::SEAL).cloned()
    }
}
