//! ECS: clusters, task definitions, services and the tasks they run.

mod clusters;
mod command;
mod container_rules;
mod definition_rules;
mod definitions;
mod deployments;
mod exec;
mod obstacles;
mod outside;
mod preconditions;
mod protection;
mod providers;
mod rollout;
mod run;
mod scheduler;
mod service_show;
mod service_state;
mod services;
mod shift;
pub mod state;
mod strategy;
mod tagging;
mod task_health;
mod task_life;
mod task_order;
mod task_show;
mod task_start;
mod task_state;
mod tasks;
mod update;

use super::{Ctx, Operation, Protocol, Service, read, write};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    world::{Event, World},
};

use self::state::{Cluster, EcsEvent};

/// ECS.
pub static SERVICE: Service = Service {
    name: "ecs",
    protocol: Protocol::Json,
    global: false,
    invalid: "InvalidParameterException",
    operations: OPERATIONS,
    tagged: tagging::tagged,
};

const OPERATIONS: &[Operation] = &[
    write("CreateCluster", clusters::create),
    read("DescribeClusters", clusters::describe),
    read("ListClusters", clusters::list),
    write("UpdateCluster", clusters::update),
    write("UpdateClusterSettings", clusters::update),
    write("PutClusterCapacityProviders", providers::put),
    write("DeleteCluster", clusters::delete),
    write("RegisterTaskDefinition", definitions::register),
    read("DescribeTaskDefinition", definitions::describe),
    read("ListTaskDefinitions", definitions::list),
    read("ListTaskDefinitionFamilies", definitions::list_families),
    write("DeregisterTaskDefinition", definitions::deregister),
    write("DeleteTaskDefinitions", definitions::delete),
    write("CreateService", services::create),
    read("DescribeServices", services::describe),
    read("ListServices", services::list),
    write("UpdateService", update::update),
    write("DeleteService", services::delete),
    read("ListTasks", tasks::list),
    read("DescribeTasks", tasks::describe),
    write("StopTask", tasks::stop),
    write("RunTask", run::run),
    write("ExecuteCommand", exec::execute),
    write("UpdateTaskProtection", protection::update),
    read("GetTaskProtection", protection::get),
    write("TagResource", tagging::tag),
    write("UntagResource", tagging::untag),
    read("ListTagsForResource", tagging::list),
    read("ListServiceDeployments", deployments::list),
    read("DescribeServiceDeployments", deployments::describe),
    read("DescribeServiceRevisions", deployments::describe_revisions),
    write("StopServiceDeployment", deployments::stop),
];

/// Lets an event of this service happen.
pub(crate) fn happen(world: &mut World, region: &str, event: EcsEvent) {
    match event {
        EcsEvent::Reconcile(service) => scheduler::look(world, region, &service),
        EcsEvent::Watch(service) => scheduler::watch(world, region, &service),
        EcsEvent::Task { id, step } => task_life::happen(world, region, &id, step),
    }
}

/// Lets the scheduler look at a service as soon as what happens now has happened.
pub(crate) fn wake(world: &mut World, region: &str, service: &str) {
    let event = EcsEvent::Reconcile(service.to_owned());
    world.schedule(std::time::Duration::ZERO, region, Event::Ecs(event));
}

/// Says whether a deployment has not come to its end.
pub(crate) fn is_under_way(deployment: &state::Deployment) -> bool {
    deployment.rollout == state::Rollout::InProgress
}

/// Stops the tasks of a service, as AWS does when it takes hosts out of service (ECS Developer
/// Guide, "Task retirement and maintenance for AWS Fargate").
pub(crate) fn replace_tasks(world: &mut World, region: &str, service: &str) {
    let tasks = world.region(region).ecs.tasks_of(service);
    let ids: Vec<String> =
        tasks.iter().filter(|task| task.is_wanted()).map(|task| task.id.clone()).collect();
    let reason = "ECS is performing maintenance on the underlying infrastructure hosting the task.";
    for id in ids {
        task_life::stop(world, region, &id, state::StopCode::TerminationNotice, reason);
    }
    wake(world, region, service);
}

/// Runs a task of a service's task definition outside the service.
pub(crate) fn run_beside(world: &mut World, region: &str, service: &str) {
    let ecs = &world.region(region).ecs;
    let Some(found) = ecs.services.get(service) else { return };
    let Some(revision) = found.current().cloned() else { return };
    let Some(definition) = ecs.definition(&revision.definition).cloned() else { return };
    let plan = task_start::Plan {
        cluster: &found.cluster.clone(),
        group: format!("family:{}", definition.family),
        definition: &definition,
        network: revision.network.unwrap_or_default(),
        started_by: None,
        service: None,
        revision: None,
        launch_type: Some("FARGATE".to_owned()),
        provider: None,
        balancers: Vec::new(),
        exec: false,
        overrides: serde_json::json!({"containerOverrides": []}),
        tags: crate::tags::Tags::new(),
    };
    task_start::make(world, region, plan);
}

/// Runs tasks as another service of AWS does: `request` has the members of `RunTask`.
pub(crate) fn run_task(ctx: &mut Ctx<'_>, request: &serde_json::Value) -> super::Reply {
    run::run(ctx, &Input::new(request, &SERVICE))
}

/// Returns the last part of an ARN, or the name as it is.
fn short(reference: &str) -> &str {
    if reference.starts_with("arn:") {
        reference.rsplit('/').next().unwrap_or(reference)
    } else {
        reference
    }
}

/// Finds the active cluster a request names; without a name it is `default`.
fn cluster<'c>(ctx: &'c mut Ctx<'_>, input: &Input<'_>) -> Result<&'c mut Cluster, AwsError> {
    let name = short(input.str_or("cluster", "default"));
    let found = ctx.here().ecs.clusters.get_mut(name).ok_or_else(|| no_cluster(false))?;
    if found.active { Ok(found) } else { Err(no_cluster(true)) }
}

/// Like [`cluster`], for operations that only need its name.
fn cluster_name(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Result<String, AwsError> {
    cluster(ctx, input).map(|found| found.name.clone())
}

/// ECS's answer for a cluster that does not exist (any more).
fn no_cluster(deleted: bool) -> AwsError {
    let message =
        if deleted { "The referenced cluster was inactive." } else { "Cluster not found." };
    rules::ecs::CLUSTER_ACTIVE.refuse(message)
}

fn service_not_found() -> AwsError {
    rules::ecs::SERVICE_EXISTS.refuse("Service not found.")
}

/// Says whether a name is 1 to 255 letters, digits, dashes and underscores, as those of clusters,
/// services, families and containers are (ECS API reference).
fn is_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Cuts the page a request asks for out of sorted names; the token is the last name of the page
/// before.
fn page(
    input: &Input<'_>,
    names: Vec<String>,
    default: i64,
    most: i64,
) -> Result<(Vec<String>, Option<String>), AwsError> {
    let limit = input.int_in("maxResults", 1, most)?.unwrap_or(default);
    let limit = usize::try_from(limit).unwrap_or(10);
    let start = match input.str("nextToken") {
        None => 0,
        Some(token) => match names.iter().position(|name| name == token) {
            Some(at) => at + 1,
            None => return Err(rules::ecs::PAGE_TOKEN.refuse("Invalid token")),
        },
    };
    let more = names.len() > start + limit;
    let page: Vec<String> = names.into_iter().skip(start).take(limit).collect();
    let next = more.then(|| page.last().cloned()).flatten();
    Ok((page, next))
}
