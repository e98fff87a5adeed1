//! Creating, changing and deleting services.

use std::time::Duration;

use aws_sdk_ecs::types::{
    LaunchType, PropagateTags, SchedulingStrategy, Service as EcsService, ServiceField,
};
use wharf_graph::props::short_hash;
use wharf_graph::{ErrorClass, Live};

use super::launch::Launch;
use super::{Props, canonical};
use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Write};
use crate::kinds::cluster;
use crate::names;
use crate::reads::autoscaling::SCALED;
use crate::reads::ecs;
use crate::rollout::{self, Goal};
use crate::tags::{self, Owner, Tags};
use crate::wait::{Look, wait};

/// How long a service may take to go; longer than the longest drain AWS waits for by default.
const GONE: Duration = Duration::from_mins(20);
/// How long what was made a moment ago may be unknown to ECS.
const PROPAGATION: Duration = Duration::from_mins(4);
/// How long a subnet, group or revision made a moment ago may be unknown.
const NEW: Duration = Duration::from_mins(1);
/// Longest client token (ECS API reference, `CreateService`).
const TOKEN: usize = 36;
/// Errors that pass once everything a service refers to is known everywhere
/// (texts as ECS words them; Terraform's provider retries the same).
const SETTLING: &[Transient] = &[
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

/// Creates a service and waits until it runs. One of ours that is there already is brought up to date.
pub(super) async fn create(cx: &Write<'_>, want: &Props) -> Result<String, AwsError> {
    let made = match call_create(cx, want).await {
        Ok(made) => made,
        Err(error) if error.says("was not idempotent") => {
            return Box::pin(take_over(cx, want, error)).await;
        }
        Err(error) => return Err(error),
    };
    let arn = made.service_arn().unwrap_or_default().to_owned();
    // An endpoint that forgot to switch it on at creation takes it as a change.
    if want.exec && !made.enable_execute_command() {
        send(cx, &arn, want, &Changed(&["exec".to_owned()]), false).await?;
    }
    settle(cx, &arn, want, &goal(cx, want, false)?.started(&made)).await?;
    Ok(arn)
}

async fn call_create(cx: &Write<'_>, want: &Props) -> Result<EcsService, AwsError> {
    let start = match want.count {
        Some(count) => count,
        None => want.start.unwrap_or(1).max(running_beside(cx, want).await?),
    };
    let token = short_hash(&format!("{}/{}", cx.step.token, want.name), TOKEN);
    let network = canonical::network(want)?;
    let balancers = canonical::balancers(want)?;
    let definition = want.task_definition.get()?;
    let cluster_arn = want.cluster.get()?;
    let grace = want.load_balancer.as_ref().map(|_| canonical::signed(want.grace));
    let tags = cluster::tag_list(&unfinished(cx, want));
    // Exactly one of the two (ECS API reference, `CreateService`).
    let fargate = want.launch.is_fargate();
    let launch = fargate.then_some(LaunchType::Fargate);
    let strategy = (!fargate).then(|| want.launch.strategy()).transpose()?;
    let created = cx
        .aws
        .caller
        .retrying(SETTLING, async || {
            let created = cx
                .aws
                .caller
                .call("ecs:CreateService", || {
                    cx.aws
                        .ecs
                        .create_service()
                        .cluster(cluster_arn)
                        .service_name(&want.name)
                        .client_token(&token)
                        .task_definition(definition)
                        .desired_count(canonical::signed(start))
                        .set_launch_type(launch.clone())
                        .set_capacity_provider_strategy(strategy.clone())
                        .platform_version(&want.platform)
                        .scheduling_strategy(SchedulingStrategy::Replica)
                        .network_configuration(network.clone())
                        .set_load_balancers((!balancers.is_empty()).then(|| balancers.clone()))
                        .deployment_configuration(canonical::deployment(&want.deploy, false))
                        .set_health_check_grace_period_seconds(grace)
                        .enable_execute_command(want.exec)
                        .enable_ecs_managed_tags(true)
                        .propagate_tags(PropagateTags::from(want.propagate_tags.as_str()))
                        .set_tags(Some(tags.clone()))
                        .send()
                })
                .await;
            if let Err(error) = &created
                && error.says("still Draining")
            {
                cx.step.say("waiting for the service of the same name to be gone");
            }
            created
        })
        .await?;
    created.service.ok_or_else(|| {
        AwsError::own(ErrorClass::Other, "ECS created the service and did not show it")
    })
}

/// Returns how many tasks the service has that a new one takes over from, so that an autoscaled one
/// does not begin with the fewest in the middle of the day.
async fn running_beside(cx: &Write<'_>, want: &Props) -> Result<u32, AwsError> {
    let cluster = names::cluster(cx.stack);
    let listed = cx
        .aws
        .caller
        .call("ecs:ListServices", || {
            cx.aws.ecs.list_services().cluster(&cluster).max_results(ecs::PAGE).send()
        })
        .await?;
    let mut most = 0;
    for arns in listed.service_arns().chunks(ecs::SERVICES_PER_CALL) {
        let got = cx
            .aws
            .caller
            .call("ecs:DescribeServices", || {
                cx.aws
                    .ecs
                    .describe_services()
                    .cluster(&cluster)
                    .set_services(Some(arns.to_vec()))
                    .include(ServiceField::Tags)
                    .send()
            })
            .await?;
        for there in got.services() {
            let own = ecs::tags(there.tags());
            let earlier = there.service_name() != Some(&want.name)
                && there.status() == Some("ACTIVE")
                && tags::owner(&own, cx.stack) == Owner::Ours
                && tags::address(&own, cx.address.kind()).as_ref() == Some(cx.address);
            if earlier {
                most = most.max(u32::try_from(there.desired_count()).unwrap_or_default());
            }
        }
    }
    Ok(most)
}

/// Goes on with a service of that name that exists already, if it is ours.
async fn take_over(cx: &Write<'_>, want: &Props, error: AwsError) -> Result<String, AwsError> {
    let Some((there, tags)) = describe(cx, &want.name).await? else { return Err(error) };
    if let Owner::Other(owner) = tags::owner(&tags, cx.stack) {
        let message = format!("a service called {} exists already: {owner}", want.name);
        return Err(AwsError::own(ErrorClass::Foreign, message));
    }
    let arn = there.service_arn().unwrap_or_default().to_owned();
    let mut all = vec!["task_definition", "subnets", "load_balancer", "deploy", "grace", "exec"];
    if want.count.is_some() {
        all.push("count");
    }
    if Launch::of_live(&there) != want.launch {
        all.push("launch");
    }
    let all: Vec<String> = all.into_iter().map(str::to_owned).collect();
    let had = ran_before(&there, want);
    let moved = send(cx, &arn, want, &Changed(&all), failed(&there, want)).await?;
    settle(cx, &arn, want, &goal(cx, want, had)?.started(&moved)).await?;
    Ok(arn)
}

/// Waits for a rollout, and then notes that it was seen to its end; or leaves both to a later run.
async fn settle(cx: &Write<'_>, arn: &str, want: &Props, goal: &Goal) -> Result<(), AwsError> {
    if cx.step.detach {
        cx.step.say("ECS goes on by itself");
        return Ok(());
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
    cluster::tag(cx, arn, &cx.tags(&want.tags)).await
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
    /// Props whose change ECS takes up without moving tasks.
    const QUIET: &[&str] = &["tags", "deploy", "grace", "propagate_tags"];
    let only = |props: &[&str]| {
        changed.0.iter().all(|path| Changed(std::slice::from_ref(path)).any(props))
    };
    if !changed.0.is_empty() && only(QUIET) {
        if !only(&["tags"]) {
            send(cx, &live.id, want, changed, false).await?;
        }
        return cluster::tag(cx, &live.id, &cx.tags(&want.tags)).await;
    }
    let Some((there, _)) = describe(cx, &want.name).await? else {
        let message = format!("service {} is gone", want.name);
        return Err(AwsError::own(ErrorClass::Other, message).hint("run the same command again"));
    };
    let force = failed(&there, want);
    let had = ran_before(&there, want);
    let moved = if only(&["rolled_out", "tags"]) && !force {
        there
    } else {
        cluster::tag(cx, &live.id, &unfinished(cx, want)).await?;
        send(cx, &live.id, want, changed, force).await?
    };
    settle(cx, &live.id, want, &goal(cx, want, had)?.started(&moved)).await
}

/// Sends one update with only what changed: what is absent stays as it is
/// (ECS API reference, `UpdateService`).
async fn send(
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
    let balancers = changed.has("load_balancer").then(|| canonical::balancers(want)).transpose()?;
    let grace = (changed.any(&["grace", "load_balancer"]) && want.load_balancer.is_some())
        .then(|| canonical::signed(want.grace));
    // A move between launch type and capacity providers is taken only as a new deployment.
    let strategy = changed.has("launch").then(|| want.launch.strategy()).transpose()?;
    let force = (force || strategy.is_some()).then_some(true);
    let count = want.count.filter(|_| changed.has("count")).map(canonical::signed);
    let deploy = changed.has("deploy").then(|| canonical::deployment(&want.deploy, true));
    let propagate =
        changed.has("propagate_tags").then(|| PropagateTags::from(want.propagate_tags.as_str()));
    let cluster = names::cluster(cx.stack);
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
                        .cluster(&cluster)
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
    let cluster = names::cluster(cx.stack);
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
                        .cluster(&cluster)
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
        let Some((there, _)) = describe(cx, name).await? else { return Ok(Look::Ready(())) };
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
async fn describe(cx: &Write<'_>, name: &str) -> Result<Option<(EcsService, Tags)>, AwsError> {
    let cluster = names::cluster(cx.stack);
    let got = cx
        .aws
        .caller
        .call("ecs:DescribeServices", || {
            cx.aws
                .ecs
                .describe_services()
                .cluster(&cluster)
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

fn goal(cx: &Write<'_>, want: &Props, had_release: bool) -> Result<Goal, AwsError> {
    let service = cx.address.name().to_owned();
    Ok(Goal {
        cluster: names::cluster(cx.stack),
        name: want.name.clone(),
        definition: want.task_definition.get()?.clone(),
        count: want.count,
        target_group: match &want.load_balancer {
            Some(balancer) => Some(balancer.target_group.get()?.clone()),
            None => None,
        },
        log_group: names::log_group(cx.stack, cx.home(&service)),
        service,
        deployment: None,
        since: None,
        had_release,
    })
}

/// Says whether ECS gave up rolling out just what is wanted.
fn failed(there: &EcsService, want: &Props) -> bool {
    let wanted = want.task_definition.get().ok();
    rollout::primary(there).is_some_and(|row| row.failed() && Some(&row.definition) == wanted)
}

/// Says whether the service has run another release, which then is the one to go back to.
fn ran_before(there: &EcsService, want: &Props) -> bool {
    let wanted = want.task_definition.get().ok().map(String::as_str);
    there.deployments().iter().any(|row| row.task_definition() != wanted && row.running_count() > 0)
}

/// Tags of a service whose rollout is under way. One that is scaled says so from the start.
fn unfinished(cx: &Write<'_>, want: &Props) -> Tags {
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
