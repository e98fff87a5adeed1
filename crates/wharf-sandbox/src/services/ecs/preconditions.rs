//! What `CreateService`, `UpdateService` and `RunTask` check before anything happens.

use serde_json::Value;

use super::{
    outside, providers,
    state::{Cluster, DeploymentConfiguration, LoadBalancer, Network, Revision, TaskDefinition},
    strategy,
};
use crate::{error::AwsError, input::Input, rules, services::Ctx};

/// The most target groups of a service (ECS API reference, `CreateService`).
const MOST_BALANCERS: usize = 5;

/// The platform versions of Linux that can be asked for.
const PLATFORMS: &[&str] = &["LATEST", "1.4.0", "1.3.0"];

/// Commands are run with the rights of the task role, so there must be one.
pub(super) fn may_exec(
    ctx: &mut Ctx<'_>,
    exec: bool,
    revision: &Revision,
    done: &str,
) -> Result<(), AwsError> {
    if !exec || definition(ctx, &revision.definition)?.body["taskRoleArn"].is_string() {
        return Ok(());
    }
    Err(rules::ecs::EXEC_NEEDS_ROLE.refuse(format!(
        "The service couldn't be {done} because a valid taskRoleArn is not being used. Specify a \
         valid task role in your task definition and try again."
    )))
}

/// Reads what a request says about the part of a service that deployments bring. What it does not
/// say is taken from `base`. The ARN is not set.
pub(super) fn revision(
    ctx: &mut Ctx<'_>,
    input: &Input<'_>,
    cluster: &Cluster,
    base: Option<&Revision>,
) -> Result<Revision, AwsError> {
    let mut wanted = base.cloned().unwrap_or_else(|| Revision {
        arn: String::new(),
        created: ctx.now(),
        definition: String::new(),
        launch_type: None,
        strategy: Vec::new(),
        platform: "LATEST".to_owned(),
        network: None,
        balancers: Vec::new(),
        resolved: Vec::new(),
        registries: Vec::new(),
        connect: None,
        volumes: Vec::new(),
        images: Vec::new(),
    });
    let definition = match input.str("taskDefinition") {
        Some(reference) => active_definition(ctx, reference)?,
        None => definition(ctx, &wanted.definition)?,
    };
    wanted.definition.clone_from(&definition.arn);
    launch(input, cluster, base.is_none(), &mut wanted)?;
    if wanted.launch_type.as_deref() == Some("FARGATE") || !wanted.strategy.is_empty() {
        compatible(&definition, wanted.launch_type.as_deref())?;
    }
    if let Some(platform) = input.str("platformVersion") {
        if !PLATFORMS.contains(&platform) {
            let message = "The specified platform does not exist.";
            return Err(rules::ecs::PLATFORM_KNOWN.refuse(message));
        }
        platform.clone_into(&mut wanted.platform);
    }
    if input.has("networkConfiguration") {
        wanted.network = network(ctx, input)?;
    }
    let awsvpc = definition.body["networkMode"] == "awsvpc";
    if awsvpc && wanted.network.is_none() {
        return Err(no_network());
    }
    if input.has("loadBalancers") {
        wanted.balancers = balancers(input)?;
    }
    for balancer in &wanted.balancers {
        serves(&definition, balancer)?;
    }
    if input.has("loadBalancers") {
        for balancer in &wanted.balancers {
            attached(ctx, &balancer.target_group)?;
            strategy::leads_to_both(ctx, balancer)?;
        }
    }
    if input.has("serviceRegistries") {
        wanted.registries = values(input, "serviceRegistries");
    }
    if input.has("volumeConfigurations") {
        wanted.volumes = values(input, "volumeConfigurations");
    }
    if let Some(connect) = input.get("serviceConnectConfiguration") {
        wanted.connect = (connect["enabled"] == true).then(|| connect.clone());
    }
    Ok(wanted)
}

fn values(input: &Input<'_>, member: &str) -> Vec<Value> {
    input.list(member).iter().map(|item| item.value().clone()).collect()
}

/// Finds a task definition that new tasks may use.
pub(super) fn active_definition(
    ctx: &mut Ctx<'_>,
    reference: &str,
) -> Result<TaskDefinition, AwsError> {
    let found = definition(ctx, reference)?;
    if found.status == "ACTIVE" {
        Ok(found)
    } else {
        Err(rules::ecs::DEFINITION_ACTIVE.refuse("TaskDefinition is inactive"))
    }
}

fn definition(ctx: &mut Ctx<'_>, reference: &str) -> Result<TaskDefinition, AwsError> {
    let found = ctx.here().ecs.definition(reference).cloned();
    found.ok_or_else(|| rules::ecs::DEFINITION_EXISTS.refuse("TaskDefinition not found."))
}

/// Reads the launch type or the strategy; neither is the cluster's default strategy, or else `EC2`
/// (ECS API reference, `CreateService`).
pub(super) fn launch(
    input: &Input<'_>,
    cluster: &Cluster,
    fresh: bool,
    wanted: &mut Revision,
) -> Result<(), AwsError> {
    let choices = ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"];
    let launch_type = input.one_of("launchType", &choices)?;
    let strategy = providers::strategy(input, "capacityProviderStrategy")?;
    if launch_type.is_some() && !strategy.is_empty() {
        return Err(rules::ecs::LAUNCH_TYPE_OR_STRATEGY.refuse(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove \
             one and try again.",
        ));
    }
    providers::check(&strategy, &cluster.providers)?;
    if !strategy.is_empty() {
        (wanted.launch_type, wanted.strategy) = (None, strategy);
    } else if let Some(launch_type) = launch_type {
        (wanted.launch_type, wanted.strategy) = (Some(launch_type.to_owned()), Vec::new());
    } else if fresh || input.has("capacityProviderStrategy") {
        wanted.strategy.clone_from(&cluster.strategy);
        wanted.launch_type = cluster.strategy.is_empty().then(|| "EC2".to_owned());
    }
    Ok(())
}

/// Refuses a task definition that was not registered for Fargate.
pub(super) fn compatible(
    definition: &TaskDefinition,
    launch_type: Option<&str>,
) -> Result<(), AwsError> {
    let compatible = definition.body["compatibilities"].as_array();
    if compatible.is_some_and(|list| list.iter().any(|item| item == "FARGATE")) {
        return Ok(());
    }
    let message = match launch_type {
        Some(launch_type) => {
            format!("Task definition does not support launch_type {launch_type}.")
        }
        None => "The task definition is not compatible with the capacity provider strategy.".into(),
    };
    Err(rules::ecs::DEFINITION_FOR_FARGATE.refuse(message))
}

pub(super) fn no_network() -> AwsError {
    rules::ecs::NETWORK_GIVEN
        .refuse("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
}

/// Reads a network configuration and fills in the VPC's default group.
pub(super) fn network(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Result<Option<Network>, AwsError> {
    let Some(network) = input.structure("networkConfiguration") else { return Ok(None) };
    let Some(network) = network.structure("awsvpcConfiguration") else { return Ok(None) };
    let mut subnets = network.strings("subnets");
    let mut groups = network.strings("securityGroups");
    let public_ip = network.one_of("assignPublicIp", &["ENABLED", "DISABLED"])? == Some("ENABLED");
    if subnets.is_empty() {
        return Err(rules::ecs::SUBNETS_COUNT.refuse("subnets can not be empty."));
    }
    if subnets.len() > 16 {
        return Err(rules::ecs::SUBNETS_COUNT.refuse("subnets can have at most 16 items."));
    }
    if groups.len() > 5 {
        return Err(rules::ecs::GROUPS_COUNT.refuse("securityGroups can have at most 5 items."));
    }
    let region = ctx.region.clone();
    let mut vpc = None;
    for id in &subnets {
        let Some(found) = ctx.world.subnet(&region, id) else {
            return Err(rules::ecs::SUBNETS_EXIST.refuse(format!(
                "Error retrieving subnet information for [{id}]: The subnet ID '{id}' does not \
                 exist (ErrorCode: InvalidSubnetID.NotFound)"
            )));
        };
        if *vpc.get_or_insert_with(|| found.vpc.clone()) != found.vpc {
            return Err(
                rules::ecs::SUBNETS_OF_ONE_VPC.refuse("Subnets must all belong to the same VPC.")
            );
        }
    }
    let vpc = vpc.unwrap_or_default();
    for id in &groups {
        let Some(found) = ctx.world.security_group(&region, id) else {
            return Err(rules::ecs::GROUPS_EXIST.refuse(format!(
                "Error retrieving security group information for [{id}]: The security group '{id}' \
                 does not exist (ErrorCode: InvalidGroup.NotFound)"
            )));
        };
        if found.vpc != vpc {
            return Err(rules::ecs::GROUPS_OF_THE_VPC
                .refuse("Security groups and subnets must belong to the same VPC."));
        }
    }
    if groups.is_empty()
        && let Some(found) = ctx.world.default_group(&region, &vpc)
    {
        groups.push(found.id.clone());
    }
    subnets.sort();
    groups.sort();
    Ok(Some(Network { subnets, groups, public_ip }))
}

fn balancers(input: &Input<'_>) -> Result<Vec<LoadBalancer>, AwsError> {
    let list = input.list("loadBalancers");
    if list.len() > MOST_BALANCERS {
        return Err(
            rules::ecs::FIVE_TARGET_GROUPS.refuse("A service can have at most 5 target groups.")
        );
    }
    let mut balancers: Vec<LoadBalancer> = Vec::new();
    for item in &list {
        if item.has("loadBalancerName") {
            return Err(rules::ecs::NO_CLASSIC_BALANCER
                .refuse("Classic load balancers cannot be used with awsvpc."));
        }
        let target_group = item.str_or("targetGroupArn", "").to_owned();
        if target_group.is_empty() {
            return Err(rules::ecs::TARGET_GROUP_GIVEN
                .refuse("targetGroupArn and loadBalancerName can't both be empty."));
        }
        let container = item.str_or("containerName", "").to_owned();
        if container.is_empty() {
            return Err(rules::ecs::BALANCED_CONTAINER_GIVEN
                .refuse("containerName cannot be null or empty."));
        }
        let Some(port) = item.int_in("containerPort", 0, 65535)? else {
            return Err(rules::ecs::BALANCED_PORT_GIVEN.refuse("containerPort cannot be null."));
        };
        if balancers.iter().any(|other| other.target_group == target_group) {
            return Err(rules::ecs::TARGET_GROUP_ONCE
                .refuse(format!("Duplicate targetGroupArn found: {target_group}")));
        }
        let advanced = strategy::advanced(item, &target_group)?;
        balancers.push(LoadBalancer { target_group, container, port, advanced });
    }
    strategy::all_or_none(&balancers)?;
    Ok(balancers)
}

/// Refuses a container or port that the task definition does not have.
fn serves(definition: &TaskDefinition, balancer: &LoadBalancer) -> Result<(), AwsError> {
    let LoadBalancer { container: name, port, .. } = balancer;
    let containers = definition.body["containerDefinitions"].as_array();
    let found = containers.and_then(|list| list.iter().find(|found| found["name"] == *name));
    let Some(found) = found else {
        return Err(rules::ecs::BALANCED_CONTAINER_EXISTS
            .refuse(format!("The container {name} does not exist in the task definition.")));
    };
    let ports = found["portMappings"].as_array();
    if ports.is_some_and(|ports| ports.iter().any(|it| it["containerPort"] == *port)) {
        return Ok(());
    }
    Err(rules::ecs::BALANCED_PORT_MAPPED
        .refuse(format!("The container {name} did not have a container port {port} defined.")))
}

/// Refuses a target group that tasks cannot be registered in, or that gets no traffic.
pub(super) fn attached(ctx: &Ctx<'_>, arn: &str) -> Result<(), AwsError> {
    let Some(group) = outside::target_group(ctx.world, &ctx.region, arn) else {
        return Err(rules::ecs::TARGET_GROUP_EXISTS
            .refuse("The specified target group does not exist.".to_owned()));
    };
    if group.kind != "ip" {
        return Err(rules::ecs::TARGET_GROUP_TAKES_ADDRESSES.refuse(format!(
            "The provided target group {arn} has target type {}, which is incompatible with the \
             awsvpc network mode specified in the task definition.",
            group.kind
        )));
    }
    if !group.attached {
        return Err(rules::ecs::TARGET_GROUP_HAS_BALANCER.refuse(format!(
            "The target group with targetGroupArn {arn} does not have an associated load balancer."
        )));
    }
    Ok(())
}

/// Reads a deployment configuration over what holds so far.
pub(super) fn configuration(
    input: &Input<'_>,
    base: &DeploymentConfiguration,
) -> Result<DeploymentConfiguration, AwsError> {
    let mut wanted = base.clone();
    let Some(given) = input.structure("deploymentConfiguration") else { return Ok(wanted) };
    strategy::read(&given, &mut wanted)?;
    if let Some(maximum) = given.int("maximumPercent")? {
        wanted.maximum = maximum;
    }
    if let Some(minimum) = given.int("minimumHealthyPercent")? {
        wanted.minimum = minimum;
    }
    if wanted.maximum < 100 || wanted.maximum > 200 {
        return Err(
            rules::ecs::MAXIMUM_PERCENT.refuse("maximumPercent must be between 100 and 200.")
        );
    }
    if wanted.minimum < 0 || wanted.minimum > 100 {
        return Err(
            rules::ecs::MINIMUM_PERCENT.refuse("minimumHealthyPercent must be between 0 and 100.")
        );
    }
    if let Some(breaker) = given.structure("deploymentCircuitBreaker") {
        let flag = |name: &str| -> Result<bool, AwsError> {
            breaker.bool(name)?.ok_or_else(|| breaker.missing(name))
        };
        wanted.breaker.enable = flag("enable")?;
        wanted.breaker.rollback = flag("rollback")?;
        wanted.breaker.reset = breaker.bool("resetOnHealthyTask")?.or(wanted.breaker.reset);
        if let Some(threshold) = breaker.structure("thresholdConfiguration") {
            threshold.required("type")?;
            threshold.one_of("type", &["COUNT", "BOUNDED_PERCENT", "UNBOUNDED_PERCENT"])?;
            threshold.int_in("value", 1, 10_000)?.ok_or_else(|| threshold.missing("value"))?;
            wanted.breaker.threshold = Some(threshold.value().clone());
        }
    }
    if let Some(alarms) = given.get("alarms") {
        wanted.alarms = Some(alarms.clone());
    }
    Ok(wanted)
}

/// The sandbox says so rather than pretend.
pub(super) fn unsupported(what: &str) -> AwsError {
    rules::ecs::SIMULATED.refuse(format!("The sandbox does not support {what}."))
}
