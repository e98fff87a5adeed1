//! Changing and deleting services.

use std::time::Duration;

use aws_sdk_ecs::types::{PropagateTags, Service as EcsService, ServiceField};
use wharf_graph::{ErrorClass, Live};

use super::shift::{self, Turn};
use super::{Props, canonical, lead};
use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Write};
use crate::kinds::cluster;
use crate::names;
use crate::reads::autoscaling::SCALED;
use crate::reads::ecs;
use crate::rollout::{self, Goal};
use crate::tags::{self, Tags};
use crate::wait::{Look, wait};

/// How long a service may take to go; longer than the longest drain AWS waits for by default.
const GONE: Duration = Duration::from_mins(20);
/// How long what was made a moment ago may be unknown to ECS.
const PROPAGATION: Duration = Duration::from_mins(4);
/// How long a subnet, group or revision made a moment ago may be unknown.
const NEW: Duration = Duration::from_mins(1);
/// Errors that pass once everything a service refers to is known everywhere
/// (texts as ECS words them; Terraform's provider retries the same).
pub(super) const SETTLING: &[Transient] = &[
    Transient {
        codes: &["InvalidParameterException"],
        text: "does not have an associated load balancer",
        budget: PROPAGATION,
    },
    Transient {
        codes: &["InvalidParameterException"],
        text: "Unable to assume the service linked role",
        budget: PROPAGATION,
    },
    Transient {
        codes: &["InvalidParameterException"],
        text: "has the proper permissions",
        budget: PROPAGATION,
    },
    Transient { codes: &["InvalidParameterException"], text: "still Draining", budget: GONE },
    Transient { codes: &["ClusterNotFoundException"], text: "", budget: PROPAGATION },
    Transient { codes: &["InvalidParameterException"], text: "Error retrieving", budget: NEW },
    Transient { codes: &["ClientException"], text: "TaskDefinition not found", budget: NEW },
];

/// Waits for a rollout, and then notes that it was seen to its end; or leaves both to a later run.
pub(super) async fn settle(
    cx: &Write<'_>,
    arn: &str,
    want: &Props,
    goal: &Goal,
) -> Result<(), AwsError> {
    match watch(cx, arn, want, goal).await? {
        Watched::Left => Ok(()),
        Watched::Done => cluster::tag(cx, arn, &cx.tags(&want.tags)).await,
    }
}

/// What became of a rollout that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watched {
    /// It was seen to its end.
    Done,
    /// ECS goes on by itself.
    Left,
}

/// Waits for a rollout, or leaves that to a later run. One that failed is noted.
async fn watch(cx: &Write<'_>, arn: &str, want: &Props, goal: &Goal) -> Result<Watched, AwsError> {
    if cx.step.detach {
        cx.step.say("ECS goes on by itself");
        return Ok(Watched::Left);
    }
    let ended = Box::pin(rollout::wait_for(cx, goal)).await;
    if let Err(error) = ended {
        let word = match error.class {
            ErrorClass::RolledBack => Some(canonical::ROLLED_BACK),
            ErrorClass::RolloutFailed => Some(canonical::FAILED),
            _ => None,
        };
        if let Some(word) = word {
            // A word for the next plan; that the rollout failed is what matters, noted or not.
            let _unnoted = cluster::tag(cx, arn, &noted(cx, &want.tags, word)).await;
        }
        return Err(error);
    }
    Ok(Watched::Done)
}

/// Props whose change ECS takes up without moving tasks.
const QUIET: &[&str] = &["tags", "deploy", "grace", "propagate_tags"];

fn only(changed: &Changed<'_>, props: &[&str]) -> bool {
    changed.0.iter().all(|path| Changed(std::slice::from_ref(path)).any(props))
}

/// Says whether a change moves no task.
pub(super) fn is_quiet(changed: &Changed<'_>) -> bool {
    !changed.0.is_empty() && only(changed, QUIET)
}

/// Changes what moves no task.
pub(super) async fn quiet(
    cx: &Write<'_>,
    live: &Live,
    want: &Props,
    changed: &Changed<'_>,
) -> Result<(), AwsError> {
    if !only(changed, &["tags"]) {
        send(cx, &live.id, want, changed, false).await?;
    }
    note_done(cx, live, want).await
}

/// Notes that everything was seen to its end.
pub(super) async fn note_done(cx: &Write<'_>, live: &Live, want: &Props) -> Result<(), AwsError> {
    cluster::tag(cx, &live.id, &cx.tags(&want.tags)).await
}

/// Begins a rollout and waits for it, without noting that it was seen to its end.
pub(super) async fn roll(
    cx: &Write<'_>,
    live: &Live,
    want: &Props,
    changed: &Changed<'_>,
    force: bool,
) -> Result<Watched, AwsError> {
    let there = there(cx, want).await?;
    let had = ran_before(&there, want);
    cluster::tag(cx, &live.id, &unfinished(cx, want)).await?;
    let moved = send(cx, &live.id, want, changed, force).await?;
    watch(cx, &live.id, want, &goal(cx, want, had)?.started(&moved)).await
}

pub(super) async fn there(cx: &Write<'_>, want: &Props) -> Result<EcsService, AwsError> {
    let found = describe(cx, cx.cluster, &want.name).await?;
    found.map(|(service, _)| service).ok_or_else(|| {
        let message = format!("service {} is gone", want.name);
        AwsError::own(ErrorClass::Other, message).hint("run the same command again")
    })
}

/// Changes what differs, and waits until the service runs that way.
///
/// A rollout that an earlier run did not see to its end is waited for, and started again where ECS
/// has given it up.
pub(super) async fn update(
    cx: &Write<'_>,
    live: &Live,
    want: &Props,
    changed: &Changed<'_>,
) -> Result<(), AwsError> {
    if let Some(turn) = Turn::of(live, want) {
        return Box::pin(shift::turn(cx, live, turn, want, changed)).await;
    }
    if is_quiet(changed) {
        return quiet(cx, live, want, changed).await;
    }
    let there = there(cx, want).await?;
    if changed.has("requests") {
        lead::mend(cx, &there, want.load_balancer.as_ref()).await?;
    }
    // The autoscaler may have been quicker.
    let enough =
        want.at_least.is_some_and(|least| there.desired_count() >= canonical::signed(least));
    let left = changed.0.iter().filter(|path| !enough || *path != "at_least");
    let left: Vec<String> = left.filter(|path| *path != "requests").cloned().collect();
    if left.is_empty() && changed.has("requests") {
        return Ok(());
    }
    let changed = &Changed(&left);
    let mut force = failed(&there, want);
    let had = ran_before(&there, want);
    let moved = if only(changed, &["rolled_out", "tags"]) && !force {
        there
    } else {
        let there = lead::make_way(cx, there, want, changed, force).await?;
        force = failed(&there, want);
        cluster::tag(cx, &live.id, &unfinished(cx, want)).await?;
        send(cx, &live.id, want, changed, force).await?
    };
    settle(cx, &live.id, want, &goal(cx, want, had)?.started(&moved)).await
}

/// Sends one update with only what changed: what is absent stays as it is
/// (ECS API reference, `UpdateService`).
pub(super) async fn send(
    cx: &Write<'_>,
    arn: &str,
    want: &Props,
    changed: &Changed<'_>,
    force: bool,
) -> Result<EcsService, AwsError> {
    let definition = changed.has("task_definition").then(|| want.task_definition.get().cloned());
    let definition = definition.transpose()?;
    let network = changed
        .any(&["subnets", "public_ip", "security_groups"])
        .then(|| canonical::network(want))
        .transpose()?;
    let balancers =
        if changed.has("load_balancer") { Some(shift::balancers(cx, want).await?) } else { None };
    let grace = (changed.any(&["grace", "load_balancer"]) && want.load_balancer.is_some())
        .then(|| canonical::signed(want.grace));
    // A move between launch type and capacity providers is taken only as a new deployment.
    let strategy = changed.has("launch").then(|| want.launch.strategy()).transpose()?;
    let force = (force || strategy.is_some()).then_some(true);
    let count = want.count.filter(|_| changed.has("count"));
    let count = count.or(want.at_least.filter(|_| changed.has("at_least"))).map(canonical::signed);
    let deploy = changed.has("deploy").then(|| canonical::deployment(&want.deploy, true));
    let propagate =
        changed.has("propagate_tags").then(|| PropagateTags::from(want.propagate_tags.as_str()));
    let cluster = cx.cluster;
    let updated = cx
        .aws
        .caller
        .retrying(SETTLING, async || {
            cx.aws
                .caller
                .call("ecs:UpdateService", || {
                    cx.aws
                        .ecs
                        .update_service()
                        .cluster(cluster)
                        .service(arn)
                        .set_task_definition(definition.clone())
                        .set_desired_count(count)
                        .set_platform_version(
                            changed.has("platform").then(|| want.platform.clone()),
                        )
                        .set_network_configuration(network.clone())
                        .set_load_balancers(balancers.clone())
                        .set_deployment_configuration(deploy.clone())
                        .set_health_check_grace_period_seconds(grace)
                        .set_enable_execute_command(changed.has("exec").then_some(want.exec))
                        .set_propagate_tags(propagate.clone())
                        .set_capacity_provider_strategy(strategy.clone())
                        .set_force_new_deployment(force)
                        .send()
                })
                .await
        })
        .await?;
    updated.service.ok_or_else(|| {
        AwsError::own(ErrorClass::Other, "ECS changed the service and did not show it")
    })
}

/// Deletes a service with its tasks, and waits until its name is free.
pub(super) async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
    const BUSY: &[Transient] = &[
        Transient {
            codes: &["InvalidParameterException"],
            text: "while deployments are active",
            budget: GONE,
        },
        Transient { codes: &[], text: "has a dependent object", budget: GONE },
    ];
    // It may run in another cluster than the stack does now.
    let cluster = ecs::cluster_of(&live.id).unwrap_or(cx.cluster);
    let deleted = cx
        .aws
        .caller
        .retrying(BUSY, async || {
            cx.aws
                .caller
                .call("ecs:DeleteService", || {
                    // Forced: it need not be scaled to nothing first (ECS API reference,
                    // `DeleteService`). Tasks are still drained.
                    cx.aws
                        .ecs
                        .delete_service()
                        .cluster(cluster)
                        .service(&live.id)
                        .force(true)
                        .send()
                })
                .await
        })
        .await;
    match deleted {
        Err(error) if error.is(&["ServiceNotFoundException", "ClusterNotFoundException"]) => {
            return Ok(());
        }
        // It is on its way out already.
        Err(error) if error.is(&["ServiceNotActiveException"]) => {}
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    let name = live.id.rsplit('/').next().unwrap_or(&live.id);
    let pace = cx.aws.caller.pace;
    wait(pace, cx.step, "the service's tasks to stop", Duration::from_secs(5), GONE, async || {
        let there = describe(cx, cluster, name).await?;
        let Some((there, _)) = there else { return Ok(Look::Ready(())) };
        let left = there.running_count() + there.pending_count();
        Ok(Look::not_yet(match left {
            0 => "all tasks stopped, the service is going".to_owned(),
            1 => "1 task left".to_owned(),
            left => format!("{left} tasks left"),
        }))
    })
    .await
}

/// Reads a service and its tags; `INACTIVE` ones are gone.
pub(super) async fn describe(
    cx: &Write<'_>,
    cluster: &str,
    name: &str,
) -> Result<Option<(EcsService, Tags)>, AwsError> {
    let got = cx
        .aws
        .caller
        .call("ecs:DescribeServices", || {
            cx.aws
                .ecs
                .describe_services()
                .cluster(cluster)
                .services(name)
                .include(ServiceField::Tags)
                .send()
        })
        .await;
    let got = match got {
        Ok(got) => got,
        Err(error) if error.is(&["ClusterNotFoundException"]) => return Ok(None),
        Err(error) => return Err(error),
    };
    let there = got.services.unwrap_or_default().into_iter();
    Ok(there
        .filter(|service| service.status() != Some("INACTIVE"))
        .map(|service| (service.clone(), ecs::tags(service.tags())))
        .next())
}

pub(super) fn goal(cx: &Write<'_>, want: &Props, had_release: bool) -> Result<Goal, AwsError> {
    let service = cx.address.name().to_owned();
    Ok(Goal {
        cluster: cx.cluster.to_owned(),
        name: want.name.clone(),
        definition: want.task_definition.get()?.clone(),
        count: want.count,
        at_least: want.at_least.unwrap_or_default(),
        target_groups: match &want.load_balancer {
            Some(balancer) => vec![balancer.target_group.get()?.clone()],
            None => Vec::new(),
        },
        log_group: names::log_group(cx.stack, cx.home(&service)),
        service,
        deployment: None,
        record: None,
        since: None,
        had_release,
        grace: 0,
    })
}

/// Says whether ECS gave up rolling out just what is wanted.
pub(super) fn failed(there: &EcsService, want: &Props) -> bool {
    let wanted = want.task_definition.get().ok();
    rollout::primary(there).is_some_and(|row| row.failed() && Some(&row.definition) == wanted)
}

/// Says whether the service has run another release, which then is the one to go back to.
pub(super) fn ran_before(there: &EcsService, want: &Props) -> bool {
    let wanted = want.task_definition.get().ok().map(String::as_str);
    there.deployments().iter().any(|row| row.task_definition() != wanted && row.running_count() > 0)
}

/// Tags of a service whose rollout is under way. One that is scaled says so from the start.
pub(super) fn unfinished(cx: &Write<'_>, want: &Props) -> Tags {
    let mut tags = noted(cx, &want.tags, canonical::UNFINISHED);
    if want.count.is_none() {
        tags.insert(SCALED.to_owned(), "yes".to_owned());
    }
    tags
}

/// Tags of a service with a word for how its rollout goes.
fn noted(cx: &Write<'_>, own: &Tags, word: &str) -> Tags {
    let mut tags = cx.tags(own);
    tags.insert(tags::SPEC.to_owned(), word.to_owned());
    tags
}
