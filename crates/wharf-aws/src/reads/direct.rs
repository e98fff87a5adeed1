//! What the sweep over tags would have shown, asked of each service: slower, but it needs no
//! permission for the tagging API and works where there is none.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{ClusterField, TaskDefinitionFamilyStatus};
use futures::future::try_join_all;

use crate::error::AwsError;
use crate::reads::tagging::Sweep;
use crate::reads::{Got, Reads, ecs};
use crate::tags::Tags;

/// Largest page (ECS API reference, `ListClusters` and `ListTaskDefinitionFamilies`). As many clusters
/// are described in one call.
const PAGE: i32 = 100;

impl Reads {
    /// Reads the tags of all clusters, and of the repositories that have the app's names.
    pub(super) async fn app_directly(&self, after: u32) -> Result<Got<Sweep>, AwsError> {
        let (clusters, repositories) =
            futures::try_join!(self.tagged_clusters(after), self.tagged_repositories(after))?;
        let round = clusters.round.max(repositories.round);
        let all = clusters.value.into_iter().chain(repositories.value);
        Ok(Got { value: Sweep::of(all.collect()), round })
    }

    async fn tagged_clusters(&self, after: u32) -> Result<Got<Vec<(String, Tags)>>, AwsError> {
        let (mut found, mut round, mut token) = (Vec::new(), after, None::<String>);
        loop {
            let page = self
                .call(round, "ecs:ListClusters", |aws| {
                    aws.ecs.list_clusters().max_results(PAGE).set_next_token(token.clone()).send()
                })
                .await?;
            round = page.round;
            let arns = page.value.cluster_arns().to_vec();
            if !arns.is_empty() {
                let got = self
                    .call(round, "ecs:DescribeClusters", |aws| {
                        aws.ecs
                            .describe_clusters()
                            .set_clusters(Some(arns.clone()))
                            .include(ClusterField::Tags)
                            .send()
                    })
                    .await?;
                round = got.round;
                found.extend(got.value.clusters().iter().filter_map(|cluster| {
                    Some((cluster.cluster_arn()?.to_owned(), ecs::tags(cluster.tags())))
                }));
            }
            token = page.value.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                return Ok(Got { value: found, round });
            }
        }
    }

    async fn tagged_repositories(&self, after: u32) -> Result<Got<Vec<(String, Tags)>>, AwsError> {
        let listed = self.all_repositories(after).await?;
        let prefix = format!("{}/", self.id.app);
        let ours = listed.value.iter().filter(|one| {
            one.repository_name().is_some_and(|name| name.starts_with(prefix.as_str()))
        });
        let reads = ours.filter_map(|one| one.repository_arn()).map(async |arn| {
            let got = self
                .call(listed.round, "ecr:ListTagsForResource", |aws| {
                    aws.ecr.list_tags_for_resource().resource_arn(arn).send()
                })
                .await;
            match got {
                Ok(got) => {
                    let tags = got.value.tags().iter();
                    let tags = tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
                    Ok((arn.to_owned(), tags.collect()))
                }
                // Deleted since it was listed.
                Err(error) if error.is(&["RepositoryNotFoundException"]) => {
                    Ok((arn.to_owned(), Tags::new()))
                }
                Err(error) => Err(error),
            }
        });
        let value = try_join_all(reads).await?;
        Ok(Got { round: listed.round + u32::from(!value.is_empty()), value })
    }

    /// Lists the active families whose names begin like the stack's own; whose they are, their tags
    /// tell.
    pub(super) async fn families(&self) -> Result<BTreeSet<String>, AwsError> {
        let prefix = format!("{}-", self.id);
        let (mut found, mut round, mut token) = (BTreeSet::new(), 0, None::<String>);
        loop {
            let page = self
                .call(round, "ecs:ListTaskDefinitionFamilies", |aws| {
                    aws.ecs
                        .list_task_definition_families()
                        .family_prefix(&prefix)
                        .status(TaskDefinitionFamilyStatus::Active)
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            round = page.round;
            found.extend(page.value.families().iter().cloned());
            token = page.value.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                return Ok(found);
            }
        }
    }
}
