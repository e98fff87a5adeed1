//! The surroundings of a stack, put together from the other reads.

use wharf_graph::Facts;

use crate::error::AwsError;
use crate::reads::Reads;
use crate::reads::ec2::tags;
use crate::tags::{self, Owner};

impl Reads {
    /// Reads the surroundings.
    pub(crate) async fn facts(&self) -> Result<Facts, AwsError> {
        let elsewhere = futures::future::join5(
            self.roles_elsewhere(),
            self.certificate_elsewhere(),
            self.shared_fact(),
            self.cluster_fact(),
            self.alarms(),
        );
        let (identity, vpc, subnets, zones, images, secrets, elsewhere) = futures::join!(
            self.identity(),
            self.vpc(),
            self.subnets(),
            self.zones_asked(),
            self.images(),
            self.secrets(),
            elsewhere,
        );
        let (roles, certificate, balancer, cluster, alarms) = elsewhere;
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
            cluster: cluster?,
            alarms,
        })
    }

    /// Returns the seal of the last complete apply, if the group around the tasks carries one.
    pub(crate) async fn seal(&self) -> Option<String> {
        let groups = self.security_groups().await.ok()?;
        let own = groups.value.iter().map(|group| tags(group.tags()));
        let mut own = own.filter(|found| tags::owner(found, &self.id) == Owner::Ours);
        own.find_map(|found| found.get(tags::SEAL).cloned())
    }
}
