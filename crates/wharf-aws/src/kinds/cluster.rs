//! The ECS cluster: a name that holds the stack's services. It costs nothing by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ecs::types::{ClusterField, ClusterSetting, ClusterSettingName, Tag};
use serde::{Deserialize, Serialize};
use wharf_graph::{
    Address, Declare, ErrorClass, Facts, Foreign, Input, Live, Outcome, Policy, ReplaceOrder,
};
use wharf_spec::Stack;

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::service::launch;
use crate::names;
use crate::reads::Reads;
use crate::tags::{self, Owner, Tags};
use crate::wait::{Look, wait};

/// Every stack has exactly one cluster.
const NAME: &str = "main";
/// A cluster owned elsewhere that cannot be used.
const UNFIT: &str = "E213";
/// How long a cluster may take to become `ACTIVE`; it is a matter of seconds.
const ACTIVE: Duration = Duration::from_mins(10);
/// How long services and tasks may keep a cluster from being deleted.
const EMPTY: Duration = Duration::from_mins(10);

/// See the module.
pub(crate) struct Cluster;

/// Managed properties of the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    name: String,
    /// `enabled`, `disabled` or `enhanced`.
    container_insights: String,
    capacity_providers: BTreeSet<String>,
    tags: Tags,
}

impl Kind for Cluster {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[("name", "a cluster cannot be renamed")],
        replace_order: ReplaceOrder::DeleteFirst,
        identity: Some("name"),
        delete_after: &["service", "schedule"],
        ..Policy::plain("cluster", "cluster")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        if stack.cluster.is_some() {
            for problem in problems(stack, facts) {
                out.problem(UNFIT, Address::new(Self::POLICY.kind, NAME), problem);
            }
            return;
        }
        let props = Props {
            name: names::cluster(stack),
            container_insights: "disabled".to_owned(),
            capacity_providers: providers(),
            tags: stack.tags.clone(),
        };
        out.add(&Self::POLICY, NAME, &props);
    }

    fn example() -> Props {
        Props {
            name: "notes".to_owned(),
            container_insights: "disabled".to_owned(),
            capacity_providers: providers(),
            tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let got = cx.cluster().await?;
        let Some(found) = &got.value else { return Ok(Vec::new()) };
        let arn = found.cluster.cluster_arn().unwrap_or_default().to_owned();
        if let Owner::Other(owner) = tags::owner(&found.tags, &cx.id) {
            let address = Address::new(Self::POLICY.kind, NAME);
            return Ok(vec![Found::Foreign(Foreign { address, id: arn, owner })]);
        }
        Ok(vec![Found::Ours(Owned {
            name: NAME.to_owned(),
            id: arn.clone(),
            props: props(&found.cluster, &found.tags, &cx.stack.tags),
            outputs: outputs(&arn),
            applied: found.tags.get(tags::SPEC).cloned(),
            leaving: matches!(found.cluster.status(), Some("DEPROVISIONING")),
        })])
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        // CreateCluster answers with an existing cluster of that name, so a repeated call is harmless;
        // whose it is is looked at afterwards.
        let arn = cx
            .aws
            .caller
            .call("ecs:CreateCluster", || {
                cx.aws
                    .ecs
                    .create_cluster()
                    .cluster_name(&want.name)
                    .settings(insights(&want.container_insights))
                    .set_capacity_providers(Some(want.capacity_providers.iter().cloned().collect()))
                    .set_tags(Some(tag_list(&cx.tags(&want.tags))))
                    .send()
            })
            .await?
            .cluster()
            .and_then(|cluster| cluster.cluster_arn())
            .unwrap_or_default()
            .to_owned();
        let tags = wait_active(cx, &arn).await?;
        super::refuse_foreign(cx, &tags, &format!("the cluster {}", want.name))?;
        Ok(Outcome::Done { id: arn.clone(), outputs: outputs(&arn) })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        changed: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        if changed.has("container_insights") {
            cx.aws
                .caller
                .call("ecs:UpdateCluster", || {
                    cx.aws
                        .ecs
                        .update_cluster()
                        .cluster(&live.id)
                        .settings(insights(&want.container_insights))
                        .send()
                })
                .await?;
        }
        if changed.has("capacity_providers") {
            put_providers(cx, &live.id, &want.capacity_providers).await?;
        }
        tag(cx, &live.id, &cx.tags(&want.tags)).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: outputs(&live.id) })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        /// Draining services and stopping tasks hold a cluster back for a while
        /// (ECS API reference, `DeleteCluster` errors).
        const BUSY: &[Transient] = &[Transient {
            codes: &[
                "ClusterContainsServicesException",
                "ClusterContainsTasksException",
                "UpdateInProgressException",
            ],
            text: "",
            budget: EMPTY,
        }];
        let deleted = cx
            .aws
            .caller
            .retrying(BUSY, async || {
                let deleted = cx
                    .aws
                    .caller
                    .call("ecs:DeleteCluster", || {
                        cx.aws.ecs.delete_cluster().cluster(&live.id).send()
                    })
                    .await;
                if let Err(error) = &deleted
                    && error.is(&["ClusterContainsTasksException"])
                {
                    stop_runs(cx, &live.id, None).await?;
                }
                deleted
            })
            .await;
        match deleted {
            Err(error) if !error.is(&["ClusterNotFoundException"]) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Stops the runs of jobs and of a release in a cluster, or those of one family: those that wharf started, and
/// those that the stack's schedules did, as ECS shows it (`startedBy` of `DescribeTasks`). What somebody else
/// runs here is theirs.
pub(super) async fn stop_runs(
    cx: &Write<'_>,
    cluster: &str,
    family: Option<&str>,
) -> Result<(), AwsError> {
    let got = cx
        .aws
        .caller
        .call("ecs:ListTasks", || {
            let ask = cx.aws.ecs.list_tasks().cluster(cluster);
            ask.set_family(family.map(str::to_owned)).send()
        })
        .await;
    let got = match got {
        Ok(got) if got.task_arns().is_empty() => return Ok(()),
        Err(error) if error.is(&["ClusterNotFoundException"]) => return Ok(()),
        got => got?,
    };
    let arns = got.task_arns().to_vec();
    let got = cx
        .aws
        .caller
        .call("ecs:DescribeTasks", || {
            cx.aws.ecs.describe_tasks().cluster(cluster).set_tasks(Some(arns.clone())).send()
        })
        .await?;
    let ours = |by: &str| by.starts_with("wharf ") || by.starts_with("chronos-schedule/");
    for task in got.tasks().iter().filter(|task| task.started_by().is_some_and(ours)) {
        let arn = task.task_arn().unwrap_or_default();
        cx.step.say(format!("stopping task {}", arn.rsplit('/').next().unwrap_or(arn)));
        cx.aws
            .caller
            .call("ecs:StopTask", || {
                let reason = "the stack is destroyed";
                cx.aws.ecs.stop_task().cluster(cluster).task(arn).reason(reason).send()
            })
            .await?;
    }
    Ok(())
}

/// Returns the ARN of the cluster that tasks run in: a promise where the stack makes it.
pub(super) fn arn(stack: &Stack, facts: &Facts) -> Input<String> {
    match (&stack.cluster, &facts.cluster) {
        (Some(_), Some(found)) => Input::Known(found.arn.clone()),
        // Without the fact there is a problem, and nothing is made.
        (Some(named), None) => Input::Known(named.clone()),
        (None, _) => Input::of(&Address::new(Cluster::POLICY.kind, NAME), "arn"),
    }
}

/// Says what keeps the stack from running its tasks in the cluster that the spec names.
fn problems(stack: &Stack, facts: &Facts) -> Vec<String> {
    let Some(found) = &facts.cluster else { return Vec::new() };
    let which = &found.named;
    if let Some(problem) = &found.problem {
        return vec![format!("the cluster {which} cannot be used: {problem}")];
    }
    let needed = stack.services.values().flat_map(launch::providers).copied();
    let needed: BTreeSet<&str> = needed.collect();
    let lacking: Vec<&str> =
        needed.into_iter().filter(|name| !found.providers.contains(*name)).collect();
    if lacking.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "the cluster {which} lets no tasks run by way of {}, which `spot` takes; its owner has to add the capacity \
         provider, or leave `spot` out",
        lacking.join(" and ")
    )]
}

/// The capacity providers of Fargate: spare capacity is the second.
pub(crate) fn providers() -> BTreeSet<String> {
    BTreeSet::from(["FARGATE".to_owned(), "FARGATE_SPOT".to_owned()])
}

fn insights(value: &str) -> ClusterSetting {
    ClusterSetting::builder().name(ClusterSettingName::ContainerInsights).value(value).build()
}

fn outputs(arn: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("arn".to_owned(), arn.to_owned())])
}

/// Brings what ECS returns into canonical form.
fn props(cluster: &aws_sdk_ecs::types::Cluster, live: &Tags, spec: &Tags) -> Props {
    let insights = cluster
        .settings()
        .iter()
        .find(|setting| setting.name() == Some(&ClusterSettingName::ContainerInsights))
        .and_then(|setting| setting.value());
    Props {
        name: cluster.cluster_name().unwrap_or_default().to_owned(),
        container_insights: insights.unwrap_or("disabled").to_owned(),
        capacity_providers: cluster.capacity_providers().iter().cloned().collect(),
        tags: tags::managed(live, spec),
    }
}

/// Replaces the cluster's providers; both lists of the call are required and complete
/// (ECS API reference, `PutClusterCapacityProviders`).
async fn put_providers(
    cx: &Write<'_>,
    arn: &str,
    providers: &BTreeSet<String>,
) -> Result<(), AwsError> {
    const BUSY: &[Transient] = &[Transient {
        codes: &["ResourceInUseException", "UpdateInProgressException"],
        text: "",
        budget: ACTIVE,
    }];
    cx.aws
        .caller
        .retrying(BUSY, async || {
            cx.aws
                .caller
                .call("ecs:PutClusterCapacityProviders", || {
                    cx.aws
                        .ecs
                        .put_cluster_capacity_providers()
                        .cluster(arn)
                        .set_capacity_providers(Some(providers.iter().cloned().collect()))
                        .set_default_capacity_provider_strategy(Some(Vec::new()))
                        .send()
                })
                .await
        })
        .await?;
    Ok(())
}

/// Waits until the cluster is active, and returns its tags.
async fn wait_active(cx: &Write<'_>, arn: &str) -> Result<Tags, AwsError> {
    wait(
        cx.aws.caller.pace,
        cx.step,
        "the cluster to become active",
        Duration::from_secs(2),
        ACTIVE,
        async || {
            let got = cx
                .aws
                .caller
                .call("ecs:DescribeClusters", || {
                    cx.aws.ecs.describe_clusters().clusters(arn).include(ClusterField::Tags).send()
                })
                .await?;
            let found = got.clusters().first();
            match found.and_then(|cluster| cluster.status()) {
                Some("ACTIVE") => {
                    let tags = found.map(|cluster| crate::reads::ecs::tags(cluster.tags()));
                    Ok(Look::Ready(tags.unwrap_or_default()))
                }
                Some("FAILED") => {
                    Err(AwsError::own(ErrorClass::Other, "ECS could not create the cluster"))
                }
                status => Ok(Look::not_yet(status.unwrap_or("not visible yet").to_lowercase())),
            }
        },
    )
    .await
}

/// Puts tags on any ECS object.
pub(super) async fn tag(cx: &Write<'_>, arn: &str, tags: &Tags) -> Result<(), AwsError> {
    cx.aws
        .caller
        .call("ecs:TagResource", || {
            cx.aws.ecs.tag_resource().resource_arn(arn).set_tags(Some(tag_list(tags))).send()
        })
        .await?;
    Ok(())
}

/// Turns a map into ECS's list of tags.
pub(super) fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
