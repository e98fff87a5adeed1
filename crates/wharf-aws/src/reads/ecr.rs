//! Repositories.

use std::sync::Arc;

use aws_sdk_ecr::types::Repository;
use futures::future::try_join_all;

use crate::error::AwsError;
use crate::kinds::repository;
use crate::names;
use crate::reads::{Got, Memo, Reads};
use crate::tags::{self, Tags};

/// From this many services on, listing a page is cheaper than asking for each repository by name:
/// one missing name fails a whole call (ECR API reference, `DescribeRepositories`).
const LIST_FROM: usize = 4;
/// Most repositories on one page.
const PAGE: i32 = 1000;

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    repositories: Memo<Vec<TaggedRepository>>,
}

/// A repository with what else is known of it.
#[derive(Clone, Debug)]
pub(crate) struct TaggedRepository {
    pub(crate) repository: Repository,
    /// Its name below the app: that of what it was made for.
    pub(crate) service: String,
    pub(crate) tags: Tags,
    /// Text of the lifecycle policy, if there is one.
    pub(crate) lifecycle: Option<String>,
}

impl Reads {
    /// Reads the repositories of the app: those of the spec's services, and those its tags name.
    pub(crate) async fn repositories(&self) -> Result<Arc<Got<Vec<TaggedRepository>>>, AwsError> {
        self.memos
            .ecr
            .repositories
            .get(async || {
                let (named, left) = futures::join!(self.named_repositories(), self.left_over());
                let (mut found, left) = (named?, left?);
                found.round = found.round.max(left.round);
                found.value.extend(left.value);
                Ok(found)
            })
            .await
    }

    async fn named_repositories(&self) -> Result<Got<Vec<TaggedRepository>>, AwsError> {
        let services: Vec<&str> = repository::wanted(&self.stack).into_keys().collect();
        let listed =
            if services.len() >= LIST_FROM { Some(self.all_repositories(0).await?) } else { None };
        let found = services.into_iter().map(async |service| match &listed {
            None => self.repository(service, 0).await,
            Some(all) => {
                let name = names::repository(&self.id, service);
                let repository =
                    all.value.iter().find(|one| one.repository_name() == Some(name.as_str()));
                match repository {
                    Some(one) => {
                        self.complete(service, Some((one.clone(), all.round)), all.round).await
                    }
                    None => Ok(Got { value: None, round: all.round }),
                }
            }
        });
        Ok(collect(try_join_all(found).await?))
    }

    /// Repositories of services the spec no longer has. They belong to the whole app, so they only
    /// count as left over when no other environment of it exists.
    async fn left_over(&self) -> Result<Got<Vec<TaggedRepository>>, AwsError> {
        let sweep = self.app_sweep().await?;
        let wanted = repository::wanted(&self.stack);
        let gone: Vec<String> = sweep
            .value
            .iter()
            .filter_map(|(arn, found)| {
                let name = arn.split_once(":repository/")?.1;
                let service = tags::address(found, "repository")?.name().to_owned();
                let ours = found.get(tags::APP) == Some(&self.id.app)
                    && name == names::repository(&self.id, &service)
                    && !wanted.contains_key(service.as_str());
                ours.then_some(service)
            })
            .collect();
        if gone.is_empty() {
            return Ok(Got { value: Vec::new(), round: sweep.round });
        }
        let others = self.other_environments().await?;
        if !others.value.is_empty() {
            return Ok(Got { value: Vec::new(), round: others.round });
        }
        let after = others.round;
        let found = gone.iter().map(|service| self.repository(service, after));
        Ok(collect(try_join_all(found).await?))
    }

    async fn repository(
        &self,
        service: &str,
        after: u32,
    ) -> Result<Got<Option<TaggedRepository>>, AwsError> {
        self.complete(service, None, after).await
    }

    /// Reads what is still missing of a repository: itself, its lifecycle policy, its tags.
    async fn complete(
        &self,
        service: &str,
        known: Option<(Repository, u32)>,
        after: u32,
    ) -> Result<Got<Option<TaggedRepository>>, AwsError> {
        let name = names::repository(&self.id, service);
        let read = async {
            match known {
                Some((repository, round)) => Ok(Got { value: Some(repository), round }),
                None => self.describe(&name, after).await,
            }
        };
        let (repository, lifecycle) = futures::join!(read, self.lifecycle(&name, after));
        let repository = repository?;
        let Some(found) = repository.value else {
            return Ok(Got { value: None, round: repository.round });
        };
        let lifecycle = lifecycle?;
        let arn = found.repository_arn().unwrap_or_default().to_owned();
        let tags = self.repository_tags(&arn, repository.round).await?;
        let round = repository.round.max(lifecycle.round).max(tags.round);
        let value = TaggedRepository {
            repository: found,
            service: service.to_owned(),
            tags: tags.value,
            lifecycle: lifecycle.value,
        };
        Ok(Got { value: Some(value), round })
    }

    async fn describe(&self, name: &str, after: u32) -> Result<Got<Option<Repository>>, AwsError> {
        let got = self
            .call(after, "ecr:DescribeRepositories", |aws| {
                aws.ecr.describe_repositories().repository_names(name).send()
            })
            .await;
        match got {
            Ok(got) => {
                Ok(Got { value: got.value.repositories().first().cloned(), round: got.round })
            }
            Err(error) if error.is(&["RepositoryNotFoundException"]) => {
                Ok(Got { value: None, round: after + 1 })
            }
            Err(error) => Err(error),
        }
    }

    /// Lists every repository of the account in this region.
    pub(super) async fn all_repositories(
        &self,
        after: u32,
    ) -> Result<Got<Vec<Repository>>, AwsError> {
        let (mut found, mut round, mut token) = (Vec::new(), after, None::<String>);
        loop {
            let got = self
                .call(round, "ecr:DescribeRepositories", |aws| {
                    aws.ecr
                        .describe_repositories()
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            round = got.round;
            found.extend_from_slice(got.value.repositories());
            token = got.value.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                return Ok(Got { value: found, round });
            }
        }
    }

    async fn lifecycle(&self, name: &str, after: u32) -> Result<Got<Option<String>>, AwsError> {
        let got = self
            .call(after, "ecr:GetLifecyclePolicy", |aws| {
                aws.ecr.get_lifecycle_policy().repository_name(name).send()
            })
            .await;
        match got {
            Ok(got) => Ok(Got {
                value: got.value.lifecycle_policy_text().map(str::to_owned),
                round: got.round,
            }),
            Err(error)
                if error
                    .is(&["LifecyclePolicyNotFoundException", "RepositoryNotFoundException"]) =>
            {
                Ok(Got { value: None, round: after + 1 })
            }
            Err(error) => Err(error),
        }
    }

    async fn repository_tags(&self, arn: &str, after: u32) -> Result<Got<Tags>, AwsError> {
        let sweep = self.app_sweep().await?;
        if let Some(found) = sweep.value.get(arn)
            && found.get(tags::APP) == Some(&self.id.app)
            && tags::managed(found, &self.stack.tags) == self.stack.tags
        {
            return Ok(Got { value: found.clone(), round: sweep.round });
        }
        let got = self
            .call(after, "ecr:ListTagsForResource", |aws| {
                aws.ecr.list_tags_for_resource().resource_arn(arn).send()
            })
            .await?;
        let tags =
            got.value.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
        Ok(Got { value: self.with_claim(arn, tags.collect()), round: got.round })
    }
}

fn collect(found: Vec<Got<Option<TaggedRepository>>>) -> Got<Vec<TaggedRepository>> {
    let round = found.iter().map(|one| one.round).max().unwrap_or(0);
    Got { value: found.into_iter().filter_map(|one| one.value).collect(), round }
}

/// A repository in a private ECR registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registry {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) repository: String,
}

/// Takes an image reference apart if it leads to a private ECR registry,
/// `<account>.dkr.ecr.<region>.amazonaws.com/<repository>` (ECR User Guide, private registries).
pub(crate) fn registry(reference: &str) -> Option<Registry> {
    let (host, path) = reference.split_once('/')?;
    let mut parts = host.split('.');
    let account = parts.next()?;
    if parts.next() != Some("dkr") || parts.next() != Some("ecr") {
        return None;
    }
    let region = parts.next()?;
    let path = path.split_once('@').map_or(path, |(name, _)| name);
    let repository = path.rsplit_once(':').map_or(path, |(name, _)| name);
    (account.len() == 12).then(|| Registry {
        account: account.to_owned(),
        region: region.to_owned(),
        repository: repository.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_private_registries_apart() {
        let wanted = Registry {
            account: "111122223333".into(),
            region: "eu-west-1".into(),
            repository: "base/nginx".into(),
        };
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/base/nginx";
        for rest in ["", ":1.27", "@sha256:abc", ":1.27@sha256:abc"] {
            assert_eq!(registry(&format!("{host}{rest}")), Some(wanted.clone()), "{rest}");
        }
        for other in ["nginx", "nginx:1.27", "public.ecr.aws/nginx/nginx:1", "ghcr.io/a/b:1"] {
            assert_eq!(registry(other), None, "{other}");
        }
    }
}
