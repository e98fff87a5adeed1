//! Cluster, services and task definitions.
//!
//! Three rounds: the services' names, then the services, then the task definitions they use.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ecs::types::{
    Cluster, ClusterField, Service, ServiceField, TaskDefinition, TaskDefinitionField,
    TaskDefinitionStatus,
};
use futures::future::try_join_all;

use crate::error::AwsError;
use crate::names;
use crate::reads::{Got, Memo, Reads};
use crate::tags::{self, Owner, Tags};

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    cluster: Memo<Option<TaggedCluster>>,
    services: Memo<Vec<TaggedService>>,
    definitions: Memo<Vec<UsedDefinition>>,
}

/// Most services of one describe call (ECS API reference, `DescribeServices`).
pub(crate) const SERVICES_PER_CALL: usize = 10;
/// Largest page (ECS API reference, `ListServices`).
pub(crate) const PAGE: i32 = 100;

/// A cluster with its tags as a map.
#[derive(Clone, Debug)]
pub(crate) struct TaggedCluster {
    pub(crate) cluster: Cluster,
    pub(crate) tags: Tags,
}

/// A service with its tags as a map.
#[derive(Clone, Debug)]
pub(crate) struct TaggedService {
    pub(crate) service: Service,
    pub(crate) tags: Tags,
}

impl TaggedService {
    /// Says whether it is on its way out; it keeps its name until its tasks are gone.
    pub(crate) fn leaving(&self) -> bool {
        self.service.status() == Some("DRAINING")
    }

    /// Returns the spec's name for it, if it is one of the stack's.
    pub(crate) fn name(&self, stack: &wharf_graph::StackId) -> Option<String> {
        if tags::owner(&self.tags, stack) != Owner::Ours {
            return None;
        }
        tags::address(&self.tags, "service").map(|address| address.name().to_owned())
    }
}

/// A task definition, and the service or job it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct UsedDefinition {
    /// The spec's name of the service or job.
    pub(crate) name: String,
    pub(crate) definition: TaskDefinition,
    pub(crate) tags: Tags,
    /// Whether a service uses it. One that none uses is a job's, or left from a run that was
    /// interrupted.
    pub(crate) used: bool,
}

impl Reads {
    /// Reads the cluster of the stack's name. An `INACTIVE` one is a deleted one that is still shown,
    /// and counts as absent (ECS API reference, `DescribeClusters`).
    pub(crate) async fn cluster(&self) -> Result<Arc<Got<Option<TaggedCluster>>>, AwsError> {
        self.memos
            .ecs
            .cluster
            .get(async || {
                let name = names::cluster(&self.id);
                let got = self
                    .call(0, "ecs:DescribeClusters", |aws| {
                        aws.ecs
                            .describe_clusters()
                            .clusters(&name)
                            .include(ClusterField::Settings)
                            .include(ClusterField::Tags)
                            .send()
                    })
                    .await?;
                let cluster = got
                    .value
                    .clusters()
                    .iter()
                    .find(|cluster| cluster.status() != Some("INACTIVE"))
                    .map(|cluster| TaggedCluster {
                        tags: self.with_claim(
                            cluster.cluster_arn().unwrap_or_default(),
                            tags(cluster.tags()),
                        ),
                        cluster: cluster.clone(),
                    });
                Ok(Got { value: cluster, round: got.round })
            })
            .await
    }

    /// Reads every service of the cluster, whoever's it is. Draining ones are not listed
    /// (ECS API reference, `ListServices`), but the tag sweep shows the stack's own.
    pub(crate) async fn services(&self) -> Result<Arc<Got<Vec<TaggedService>>>, AwsError> {
        self.memos
            .ecs
            .services
            .get(async || {
                let (listed, sweep) = futures::join!(self.list_services(), self.sweep());
                let Got { value: mut arns, round } = listed?;
                let inside = format!(":service/{}/", names::cluster(&self.id));
                arns.extend(
                    sweep
                        .value
                        .iter()
                        .filter(|(arn, _)| arn.contains(":ecs:") && arn.contains(&inside))
                        .map(|(arn, _)| arn.to_owned()),
                );
                let arns: Vec<String> = arns.into_iter().collect();
                let batches = arns.chunks(SERVICES_PER_CALL);
                let after = round.max(sweep.round);
                let read = try_join_all(batches.map(|batch| self.batch(batch, after))).await?;
                let round = if read.is_empty() { round } else { after + 1 };
                Ok(Got { value: read.into_iter().flatten().collect(), round })
            })
            .await
    }

    async fn list_services(&self) -> Result<Got<BTreeSet<String>>, AwsError> {
        let cluster = names::cluster(&self.id);
        let mut arns = BTreeSet::new();
        let mut token = None::<String>;
        let mut round = 0;
        loop {
            let page = self
                .call(round, "ecs:ListServices", |aws| {
                    aws.ecs
                        .list_services()
                        .cluster(&cluster)
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .send()
                })
                .await;
            let page = match page {
                Ok(page) => page,
                // Where no cluster is, no service is.
                Err(error) if error.is(&["ClusterNotFoundException"]) => {
                    return Ok(Got { value: BTreeSet::new(), round: round + 1 });
                }
                Err(error) => return Err(error),
            };
            round = page.round;
            arns.extend(page.value.service_arns().iter().cloned());
            token = page.value.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(Got { value: arns, round });
            }
        }
    }

    /// Describes up to ten services. `INACTIVE` ones are deleted and still shown for a while.
    async fn batch(&self, arns: &[String], after: u32) -> Result<Vec<TaggedService>, AwsError> {
        let cluster = names::cluster(&self.id);
        let got = self
            .call(after, "ecs:DescribeServices", |aws| {
                aws.ecs
                    .describe_services()
                    .cluster(&cluster)
                    .set_services(Some(arns.to_vec()))
                    .include(ServiceField::Tags)
                    .send()
            })
            .await;
        let got = match got {
            Ok(got) => got,
            Err(error) if error.is(&["ClusterNotFoundException"]) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let present =
            got.value.services().iter().filter(|service| service.status() != Some("INACTIVE"));
        Ok(present
            .map(|service| {
                let arn = service.service_arn().unwrap_or_default();
                let tags = self.with_claim(arn, tags(service.tags()));
                TaggedService { tags, service: service.clone() }
            })
            .collect())
    }

    /// Reads the task definitions that the stack's services use, and for each family that no service
    /// uses the newest active revision.
    pub(crate) async fn definitions(&self) -> Result<Arc<Got<Vec<UsedDefinition>>>, AwsError> {
        self.memos
            .ecs
            .definitions
            .get(async || {
                let (services, sweep) = futures::join!(self.services(), self.sweep());
                let services = services?;
                let mut wanted = BTreeMap::new();
                let mut covered = BTreeSet::new();
                for found in &services.value {
                    let Some(name) = found.name(&self.id) else { continue };
                    let Some(arn) = found.service.task_definition() else { continue };
                    if !found.leaving() {
                        covered.insert(family_of(arn).to_owned());
                        wanted.insert(arn.to_owned(), Some(name));
                    }
                }
                let own = self.stack.workloads().map(|one| names::family(&self.id, one.name));
                let swept = sweep.value.iter().map(|(arn, _)| arn);
                let swept = swept.filter(|arn| arn.contains(":task-definition/")).map(family_of);
                for family in own.chain(swept.map(str::to_owned)) {
                    if !covered.contains(&family) {
                        wanted.insert(family, None);
                    }
                }
                // Names alone do not tell whose these are.
                let mut guessed = BTreeSet::new();
                if !sweep.value.complete {
                    guessed = self.families().await?;
                    guessed.retain(|name| !covered.contains(name) && !wanted.contains_key(name));
                    wanted.extend(guessed.iter().map(|family| (family.clone(), None)));
                }
                let reads = wanted.iter().map(|(which, name)| async {
                    self.definition(which, name.as_deref(), services.round).await
                });
                let read = try_join_all(reads).await?;
                let own = |found: &UsedDefinition| {
                    let family = found.definition.family().unwrap_or_default();
                    !guessed.contains(family) || tags::owner(&found.tags, &self.id) == Owner::Ours
                };
                let value = read.into_iter().flatten().filter(own).collect();
                Ok(Got { value, round: services.round + 1 })
            })
            .await
    }

    /// Reads one task definition. `name` is the service that uses it; without one, it is read off
    /// the tags, and a revision that is not active counts as absent.
    async fn definition(
        &self,
        which: &str,
        name: Option<&str>,
        after: u32,
    ) -> Result<Option<UsedDefinition>, AwsError> {
        let got = self
            .call(after, "ecs:DescribeTaskDefinition", |aws| {
                aws.ecs
                    .describe_task_definition()
                    .task_definition(which)
                    .include(TaskDefinitionField::Tags)
                    .send()
            })
            .await;
        let got = match got {
            Ok(got) => got.value,
            Err(error) if name.is_none() && no_such_definition(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let tags = tags(got.tags());
        let Some(definition) = got.task_definition else { return Ok(None) };
        let tags = self.with_claim(definition.task_definition_arn().unwrap_or_default(), tags);
        if name.is_none() && definition.status() != Some(&TaskDefinitionStatus::Active) {
            return Ok(None);
        }
        let of_tags = || Some(tags::address(&tags, "task_definition")?.name().to_owned());
        let of_spec = || {
            let family = definition.family();
            let mut all = self.stack.workloads();
            let found = all.find(|one| family == Some(&names::family(&self.id, one.name)));
            found.map(|one| one.name.to_owned())
        };
        let used = name.is_some();
        let name = name.map(str::to_owned).or_else(of_tags).or_else(of_spec);
        Ok(name.map(|name| UsedDefinition { name, definition, tags, used }))
    }
}

/// Says whether an error means that a family has no active revision. ECS has no code of its own for
/// it (ECS API reference, `DescribeTaskDefinition`).
pub(crate) fn no_such_definition(error: &AwsError) -> bool {
    error.is(&["ClientException"])
        && (error.says("unable to describe task definition") || error.says("does not exist"))
}

/// Returns `notes-web` of `arn:…:task-definition/notes-web:7`, and of `notes-web:7`.
pub(crate) fn family_of(definition: &str) -> &str {
    let short = definition.rsplit('/').next().unwrap_or(definition);
    short.split(':').next().unwrap_or(short)
}

/// Returns the revision number at the end of a task definition's ARN.
pub(crate) fn revision_of(definition: &str) -> u32 {
    definition.rsplit(':').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// Turns ECS's list of tags into a map.
pub(crate) fn tags(list: &[aws_sdk_ecs::types::Tag]) -> Tags {
    list.iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn family_and_revision_are_read_off_the_arn() {
        let arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/notes-prod-web:17";
        assert_eq!(family_of(arn), "notes-prod-web");
        assert_eq!(family_of("notes-prod-web"), "notes-prod-web");
        assert_eq!(revision_of(arn), 17);
        assert_eq!(revision_of("notes-prod-web"), 0);
    }
}
