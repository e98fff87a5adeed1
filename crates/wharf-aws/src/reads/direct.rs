//! What the sweep over tags would have shown, asked of each service: slower, but it needs no
//! permission for the tagging API and works where there is none.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::TaskDefinitionFamilyStatus;
use futures::future::try_join_all;

use crate::error::AwsError;
use crate::reads::tagging::Sweep;
use crate::reads::{Got, Reads};
use crate::tags::Tags;

/// Largest page (ECS API reference, `ListTaskDefinitionFamilies`).
const PAGE: i32 = 100;

impl Reads {
    /// Reads the tags of the repositories that have the app's names.
    pub(super) async fn app_directly(&self, after: u32) -> Result<Got<Sweep>, AwsError> {
        let repositories = self.tagged_repositories(after).await?;
        let all = repositories.value.into_iter();
        Ok(Got { value: Sweep::of(all.collect()), round: repositories.round })
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
