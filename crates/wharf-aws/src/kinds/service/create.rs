//! Creating services.

use aws_sdk_ecs::types::{
    LaunchType, PropagateTags, SchedulingStrategy, Service as EcsService, ServiceField,
};
use wharf_graph::ErrorClass;
use wharf_graph::props::short_hash;

use super::change::{SETTLING, describe, failed, goal, ran_before, send, settle, unfinished};
use super::launch::Launch;
use super::{Props, canonical, lead, shift};
use crate::error::AwsError;
use crate::kind::{Changed, Write};
use crate::kinds::cluster;
use crate::reads::ecs;
use crate::tags::{self, Owner};
use crate::{names, operate, rollout};

/// Longest client token (ECS API reference, `CreateService`).
const TOKEN: usize = 36;
/// Creates a service and waits until it runs. One of ours that is there already is brought up to date.
pub(super) async fn create(cx: &Write<'_>, want: &Props) -> Result<String, AwsError> {
    lead::prepare(cx, want).await?;
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
    let balancers = shift::balancers(cx, want).await?;
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
    let mut most = 0;
    for there in beside(cx, &names::service_prefix(cx.stack)).await? {
        let own = ecs::tags(there.tags());
        let itself =
            there.service_name() == Some(&want.name) && operate::cluster(&there) == cx.cluster;
        let earlier = !itself
            && there.status() == Some("ACTIVE")
            && tags::owner(&own, cx.stack) == Owner::Ours
            && tags::address(&own, cx.address.kind()).as_ref() == Some(cx.address);
        if earlier {
            most = most.max(u32::try_from(there.desired_count()).unwrap_or_default());
        }
    }
    Ok(most)
}

/// Reads the services whose names begin so, in every cluster where the stack can have some.
pub(in crate::kinds) async fn beside(
    cx: &Write<'_>,
    prefix: &str,
) -> Result<Vec<EcsService>, AwsError> {
    let mut found = Vec::new();
    for cluster in cx.clusters() {
        let arns = list(cx, &cluster, prefix).await?;
        for batch in arns.chunks(ecs::SERVICES_PER_CALL) {
            let got = cx
                .aws
                .caller
                .call("ecs:DescribeServices", || {
                    cx.aws
                        .ecs
                        .describe_services()
                        .cluster(&cluster)
                        .set_services(Some(batch.to_vec()))
                        .include(ServiceField::Tags)
                        .send()
                })
                .await?;
            found.extend(got.services.unwrap_or_default());
        }
    }
    Ok(found)
}

async fn list(cx: &Write<'_>, cluster: &str, prefix: &str) -> Result<Vec<String>, AwsError> {
    let mut token = None::<String>;
    let mut found = Vec::new();
    loop {
        let page = cx
            .aws
            .caller
            .call("ecs:ListServices", || {
                let ask = cx.aws.ecs.list_services().cluster(cluster).max_results(ecs::PAGE);
                ask.set_next_token(token.clone()).send()
            })
            .await;
        let page = match page {
            Ok(page) => page,
            Err(error) if error.is(&["ClusterNotFoundException"]) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let arns = page.service_arns().iter();
        found.extend(arns.filter(|arn| operate::last(arn).starts_with(prefix)).cloned());
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Goes on with a service of that name that exists already, if it is ours.
async fn take_over(cx: &Write<'_>, want: &Props, error: AwsError) -> Result<String, AwsError> {
    let Some((there, tags)) = describe(cx, cx.cluster, &want.name).await? else {
        return Err(error);
    };
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
    let force = failed(&there, want);
    let definition = want.task_definition.get()?;
    if rollout::primary(&there).is_none_or(|row| row.definition != *definition) {
        lead::make_way(cx, there, want, &Changed(&all), force).await?;
    }
    let moved = send(cx, &arn, want, &Changed(&all), force).await?;
    settle(cx, &arn, want, &goal(cx, want, had)?.started(&moved)).await?;
    Ok(arn)
}
