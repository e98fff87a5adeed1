//! Cluster, services and task definitions.
//!
//! Three rounds: the services' names, then the services, then the task definitions they use.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ecs::types::{
    Cluster, ClusterField, ResolvedConfiguration, Service, ServiceField, ServiceRevision,
    TaskDefinition, TaskDefinitionField, TaskDefinitionStatus,
};
use futures::future::try_join_all;
use wharf_graph::facts::ClusterFact;

use crate::error::AwsError;
use crate::reads::{Got, Memo, Reads};
use crate::tags::{self, Owner, Tags};
use crate::{names, operate};

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    clusters: Memo<Vec<TaggedCluster>>,
    services: Memo<Vec<TaggedService>>,
    definitions: Memo<Vec<UsedDefinition>>,
}

/// Most services of one describe call (ECS API reference, `DescribeServices`).
pub(crate) const SERVICES_PER_CALL: usize = 10;
/// Most service revisions of one describe call (ECS API reference, `DescribeServiceRevisions`).
pub(crate) const REVISIONS_PER_CALL: usize = 20;
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
    /// Reads the stack's own cluster. An `INACTIVE` one is a deleted one that is still shown, and counts as
    /// absent (ECS API reference, `DescribeClusters`).
    pub(crate) async fn cluster(&self) -> Result<Got<Option<TaggedCluster>>, AwsError> {
        self.cluster_called(&names::own_cluster(&self.id)).await
    }

    /// Reads the cluster that the stack's tasks run in.
    pub(crate) async fn cluster_of_tasks(&self) -> Result<Got<Option<TaggedCluster>>, AwsError> {
        self.cluster_called(&names::cluster(&self.stack)).await
    }

    async fn cluster_called(&self, name: &str) -> Result<Got<Option<TaggedCluster>>, AwsError> {
        let all = self.clusters().await?;
        let named = |one: &&TaggedCluster| one.cluster.cluster_name() == Some(name);
        Ok(Got { value: all.value.iter().find(named).cloned(), round: all.round })
    }

    /// Reads the stack's own cluster, and the one owned elsewhere that its tasks run in.
    async fn clusters(&self) -> Result<Arc<Got<Vec<TaggedCluster>>>, AwsError> {
        self.memos
            .ecs
            .clusters
            .get(async || {
                let wanted = self.cluster_names();
                let got = self
                    .call(0, "ecs:DescribeClusters", |aws| {
                        aws.ecs
                            .describe_clusters()
                            .set_clusters(Some(wanted.iter().cloned().collect()))
                            .include(ClusterField::Settings)
                            .include(ClusterField::Tags)
                            .send()
                    })
                    .await?;
                let there = got.value.clusters().iter();
                let there = there.filter(|cluster| cluster.status() != Some("INACTIVE"));
                let value = there.map(|cluster| TaggedCluster {
                    tags: self.with_claim(
                        cluster.cluster_arn().unwrap_or_default(),
                        tags(cluster.tags()),
                    ),
                    cluster: cluster.clone(),
                });
                Ok(Got { value: value.collect(), round: got.round })
            })
            .await
    }

    /// Puts together what the stack must know of the cluster owned elsewhere; `None` if the spec names none.
    pub(crate) async fn cluster_fact(&self) -> Result<Option<ClusterFact>, AwsError> {
        let Some(named) = &self.stack.cluster else { return Ok(None) };
        let (found, identity) = futures::try_join!(self.cluster_of_tasks(), self.identity())?;
        let fact = |problem: Option<String>| ClusterFact {
            named: named.clone(),
            problem,
            ..ClusterFact::default()
        };
        let account = &identity.value.account;
        let elsewhere = named.split(':').nth(4).filter(|of| *of != account);
        if let Some(of) = elsewhere {
            return Ok(Some(fact(Some(format!("it is in account {of}, and this is {account}")))));
        }
        let Some(found) = &found.value else {
            return Ok(Some(fact(Some("there is no such cluster in the region".to_owned()))));
        };
        let problem = if tags::owner(&found.tags, &self.id) == Owner::Ours {
            Some("it is this stack's own; leave `cluster` out".to_owned())
        } else {
            let status = found.cluster.status().filter(|status| *status != "ACTIVE");
            status.map(|status| format!("its status is `{status}`"))
        };
        Ok(Some(ClusterFact {
            arn: found.cluster.cluster_arn().unwrap_or_default().to_owned(),
            providers: found.cluster.capacity_providers().iter().cloned().collect(),
            ..fact(problem)
        }))
    }

    pub(super) fn cluster_names(&self) -> BTreeSet<String> {
        BTreeSet::from([names::own_cluster(&self.id), names::cluster(&self.stack)])
    }

    /// Reads every service of the stack's own cluster, whoever's it is, and of a cluster owned elsewhere those
    /// with the stack's names. Draining ones are not listed (ECS API reference, `ListServices`), but the tag
    /// sweep shows the stack's own, in whatever cluster.
    pub(crate) async fn services(&self) -> Result<Arc<Got<Vec<TaggedService>>>, AwsError> {
        self.memos
            .ecs
            .services
            .get(async || {
                let own = names::own_cluster(&self.id);
                let prefix = names::service_prefix(&self.id);
                let clusters = self.cluster_names();
                let lists = clusters.iter().map(|cluster| self.list_services(cluster));
                let (lists, sweep) = futures::join!(try_join_all(lists), self.sweep());
                let (mut found, mut round) = (BTreeMap::<String, BTreeSet<String>>::new(), 0);
                for (cluster, mut list) in clusters.into_iter().zip(lists?) {
                    round = round.max(list.round);
                    if cluster != own {
                        list.value.retain(|arn| operate::last(arn).starts_with(&prefix));
                    }
                    found.entry(cluster).or_default().extend(list.value);
                }
                let swept = sweep.value.iter().map(|(arn, _)| arn);
                for arn in swept.filter(|arn| arn.contains(":service/")) {
                    let cluster = cluster_of(arn).unwrap_or(&own);
                    found.entry(cluster.to_owned()).or_default().insert(arn.to_owned());
                }
                let found: BTreeMap<String, Vec<String>> = found
                    .into_iter()
                    .map(|(cluster, arns)| (cluster, Vec::from_iter(arns)))
                    .collect();
                let after = round.max(sweep.round);
                let batches = found.iter().flat_map(|(cluster, arns)| {
                    arns.chunks(SERVICES_PER_CALL).map(move |batch| (cluster, batch))
                });
                let reads = batches.map(|(cluster, batch)| self.batch(cluster, batch, after));
                let read = try_join_all(reads).await?;
                let round = if read.is_empty() { round } else { after + 1 };
                Ok(Got { value: read.into_iter().flatten().collect(), round })
            })
            .await
    }

    async fn list_services(&self, cluster: &str) -> Result<Got<BTreeSet<String>>, AwsError> {
        let mut arns = BTreeSet::new();
        let mut token = None::<String>;
        let mut round = 0;
        loop {
            let page = self
                .call(round, "ecs:ListServices", |aws| {
                    aws.ecs
                        .list_services()
                        .cluster(cluster)
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

    /// Reads the target groups that the tasks of service revisions go to, which ECS chooses where a service has two
    /// (ECS API reference, `ResolvedConfiguration`). An emulator may know nothing of revisions.
    pub(crate) async fn revision_groups(
        &self,
        revisions: impl Iterator<Item = &String>,
        after: u32,
    ) -> Result<Vec<(String, Vec<String>)>, AwsError> {
        let revisions: Vec<String> = revisions.cloned().collect();
        let batches = revisions.chunks(REVISIONS_PER_CALL).map(async |batch| {
            let got = self
                .call(after, "ecs:DescribeServiceRevisions", |aws| {
                    aws.ecs
                        .describe_service_revisions()
                        .set_service_revision_arns(Some(batch.to_vec()))
                        .send()
                })
                .await;
            match got {
                Ok(got) => Ok(got.value.service_revisions.unwrap_or_default()),
                Err(_) if self.custom_endpoint() => Ok(Vec::new()),
                Err(error) => Err(error),
            }
        });
        let found = try_join_all(batches).await?.into_iter().flatten();
        Ok(found
            .filter_map(|one| Some((one.service_revision_arn.clone()?, resolved(&one))))
            .collect())
    }

    /// Describes up to ten services. `INACTIVE` ones are deleted and still shown for a while.
    async fn batch(
        &self,
        cluster: &str,
        arns: &[String],
        after: u32,
    ) -> Result<Vec<TaggedService>, AwsError> {
        let got = self
            .call(after, "ecs:DescribeServices", |aws| {
                aws.ecs
                    .describe_services()
                    .cluster(cluster)
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

/// Returns `notes-prod` of `arn:…:service/notes-prod/notes-prod-web`. ARNs of the old form name no cluster
/// (Amazon ECS Developer Guide, "Amazon Resource Names").
pub(crate) fn cluster_of(service: &str) -> Option<&str> {
    Some(service.split_once(":service/")?.1.split_once('/')?.0)
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

/// Returns the target groups that the tasks of a service revision go to.
pub(crate) fn resolved(revision: &ServiceRevision) -> Vec<String> {
    let resolved = revision.resolved_configuration().into_iter();
    let balancers = resolved.flat_map(ResolvedConfiguration::load_balancers);
    balancers.filter_map(|one| one.target_group_arn().map(str::to_owned)).collect()
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

    #[test]
    fn the_cluster_is_read_off_the_arn() {
        let arn = "arn:aws:ecs:eu-west-1:123456789012:service/main/notes-prod-web";
        assert_eq!(cluster_of(arn), Some("main"));
        assert_eq!(cluster_of("arn:aws:ecs:eu-west-1:123456789012:service/notes-web"), None);
    }
}
