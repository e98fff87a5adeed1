//! The sweep over everything that carries our tags.
//!
//! The tagging API is eventually consistent and does not cover every service, so it only ever saves
//! calls: what it shows completely is believed, everything else is asked for directly
//! (Resource Groups Tagging API reference, `GetResources`).

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};

use wharf_graph::ErrorClass;

use crate::error::AwsError;
use crate::reads::{Got, Memo, Reads};
use crate::tags::{self, Owner, Tags};

/// Most resources on one page.
const PAGE: i32 = 100;

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    stack: Memo<Sweep>,
    app: Memo<Sweep>,
}

/// Tags by ARN, as far as the tagging API knows them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sweep {
    by_arn: BTreeMap<String, Tags>,
    /// Whether the API answered at all; if not, an absence says nothing.
    pub(crate) complete: bool,
}

impl Sweep {
    /// Builds a complete one from what was read in another way.
    pub(super) fn of(by_arn: BTreeMap<String, Tags>) -> Self {
        Self { by_arn, complete: true }
    }

    /// Returns what the sweep says of one ARN, right or wrong.
    pub(crate) fn get(&self, arn: &str) -> Option<&Tags> {
        self.by_arn.get(arn)
    }

    /// Returns everything the sweep found, in the order of ARNs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Tags)> {
        self.by_arn.iter().map(|(arn, tags)| (arn.as_str(), tags))
    }
}

impl Reads {
    /// Asks once for everything tagged as this stack's. A failure (no permission, not offered here)
    /// gives an empty, incomplete sweep: it costs calls, never correctness.
    pub(crate) async fn sweep(&self) -> Arc<Got<Sweep>> {
        let filters = vec![filter(tags::APP, &self.id.app), filter(tags::ENV, self.id.env_tag())];
        let swept = self.memos.tagging.stack.get(async || Ok(self.pages(filters, &[]).await)).await;
        swept.unwrap_or_else(|_| none())
    }

    /// Asks once for the repositories of the app, which all its environments share; the registry itself, where
    /// the tagging API does not answer.
    pub(crate) async fn app_sweep(&self) -> Result<Arc<Got<Sweep>>, AwsError> {
        self.memos
            .tagging
            .app
            .get(async || {
                let filters = vec![filter(tags::APP, &self.id.app)];
                let swept = self.pages(filters, &["ecr:repository"]).await;
                if swept.value.complete { Ok(swept) } else { self.app_directly(swept.round).await }
            })
            .await
    }

    /// Returns the ARNs of all application load balancers with a tag, whoever owns them.
    pub(super) async fn balancers_tagged(
        &self,
        key: &str,
        value: &str,
    ) -> Result<Got<Vec<String>>, AwsError> {
        let filters = vec![filter(key, value)];
        let found = self.pages(filters, &["elasticloadbalancing:loadbalancer"]).await;
        if !found.value.complete {
            let message = "a balancer is named by its tag, and the tagging API does not answer";
            return Err(AwsError::own(ErrorClass::Other, message)
                .hint("allow `tag:GetResources`, or name the balancer by its name or ARN"));
        }
        let balancers = found.value.iter().map(|(arn, _)| arn);
        let application = balancers.filter(|arn| arn.contains(":loadbalancer/app/"));
        let arns = application.map(str::to_owned).collect();
        Ok(Got { value: arns, round: found.round })
    }

    /// Returns the swept tags of `arn` if they can be believed: they name this stack as owner and
    /// hold every tag of the spec with its value. `None` means that they have to be read directly.
    pub(crate) async fn swept(&self, arn: &str) -> Option<Got<Tags>> {
        let sweep = self.sweep().await;
        let tags = sweep.value.get(arn)?;
        let trusted = tags::owner(tags, &self.id) == Owner::Ours
            && tags.contains_key(tags::SPEC)
            && tags::managed(tags, &self.stack.tags) == self.stack.tags;
        trusted.then(|| Got { value: tags.clone(), round: sweep.round })
    }

    /// Returns the tags of `arn`: swept ones if they can be believed, else what `direct` reads.
    pub(crate) async fn tags_of<F>(
        &self,
        arn: &str,
        direct: impl FnOnce() -> F,
    ) -> Result<Got<Tags>, AwsError>
    where
        F: Future<Output = Result<Got<Tags>, AwsError>>,
    {
        if let Some(tags) = self.swept(arn).await {
            return Ok(tags);
        }
        let Got { value, round } = direct().await?;
        Ok(Got { value: self.with_claim(arn, value), round })
    }

    async fn pages(&self, filters: Vec<TagFilter>, kinds: &[&str]) -> Got<Sweep> {
        let kinds: Option<Vec<String>> =
            (!kinds.is_empty()).then(|| kinds.iter().map(|kind| (*kind).to_owned()).collect());
        let mut sweep = Sweep::default();
        let mut token: Option<String> = None;
        let mut round = 0;
        loop {
            let page = self
                .call(round, "tagging:GetResources", |aws| {
                    aws.tagging
                        .get_resources()
                        .set_tag_filters(Some(filters.clone()))
                        .set_resource_type_filters(kinds.clone())
                        .resources_per_page(PAGE)
                        .set_pagination_token(token.clone())
                        .send()
                })
                .await;
            let Ok(page) = page else { return Got { value: sweep, round: round + 1 } };
            round = page.round;
            sweep.by_arn.extend(page.value.resource_tag_mapping_list().iter().filter_map(mapping));
            token =
                page.value.pagination_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                sweep.complete = true;
                return Got { value: sweep, round };
            }
        }
    }
}

fn none() -> Arc<Got<Sweep>> {
    Arc::new(Got { value: Sweep::default(), round: 1 })
}

fn filter(key: &str, value: &str) -> TagFilter {
    TagFilter::builder().key(key).values(value).build()
}

fn mapping(resource: &ResourceTagMapping) -> Option<(String, Tags)> {
    let tags =
        resource.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    Some((resource.resource_arn()?.to_owned(), tags))
}
