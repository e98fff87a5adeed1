//! How tasks are made, and what keeps them from starting.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::{
    obstacles::Obstacle,
    services,
    state::{
        Attachment, Container, EcsEvent, LoadBalancer, Network, Revision, Service, Task,
        TaskDefinition, TaskStep,
    },
};
use crate::{
    breaks::Condition,
    tags::Tags,
    world::{Event, World},
};

/// How long it takes until a new task has its network interface.
const PROVISIONING: Duration = Duration::from_secs(6);

/// How long ECS waits for what a task needs before it starts.
const GIVEN_UP: Duration = Duration::from_mins(3);

/// What a task is made from.
pub(super) struct Plan<'p> {
    pub(super) cluster: &'p str,
    pub(super) definition: &'p TaskDefinition,
    pub(super) network: Network,
    pub(super) group: String,
    pub(super) started_by: Option<String>,
    pub(super) service: Option<String>,
    pub(super) revision: Option<String>,
    pub(super) launch_type: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) balancers: Vec<LoadBalancer>,
    pub(super) exec: bool,
    pub(super) overrides: Value,
    pub(super) tags: Tags,
}

/// Makes a task of a service's primary deployment and returns its id.
pub(super) fn for_service(
    world: &mut World,
    region: &str,
    service: &Service,
    revision: &Revision,
    definition: &TaskDefinition,
) -> String {
    let key = service.key();
    let provider = provider(world, region, &key, &revision.strategy);
    let tags = services::task_tags(service, Some(&definition.tags));
    let plan = Plan {
        cluster: &service.cluster,
        definition,
        network: revision.network.clone().unwrap_or_default(),
        group: format!("service:{}", service.name),
        started_by: service.deployments.first().map(|it| it.id.clone()),
        service: Some(key),
        revision: Some(revision.arn.clone()),
        launch_type: revision.launch_type.clone().or_else(|| Some("FARGATE".to_owned())),
        provider,
        balancers: revision.registered(),
        exec: service.exec,
        overrides: json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []}),
        tags,
    };
    make(world, region, plan)
}

/// Chooses the capacity provider of the next task: first the base, then by weight.
fn provider(world: &mut World, region: &str, key: &str, strategy: &[Value]) -> Option<String> {
    let tasks = world.region(region).ecs.tasks_of(key);
    let mut used: BTreeMap<&str, i64> = BTreeMap::new();
    for task in tasks.iter().filter(|task| task.is_wanted()) {
        *used.entry(task.provider.as_deref().unwrap_or_default()).or_default() += 1;
    }
    let score = |item: &&Value| {
        let name = item["capacityProvider"].as_str().unwrap_or_default();
        let (base, weight) =
            (item["base"].as_i64().unwrap_or(0), item["weight"].as_i64().unwrap_or(0));
        let used = used.get(name).copied().unwrap_or(0);
        if used < base {
            return -1;
        }
        if weight == 0 { i64::MAX } else { (used - base) * 1000 / weight }
    };
    let chosen = strategy.iter().min_by_key(score)?;
    chosen["capacityProvider"].as_str().map(ToOwned::to_owned)
}

/// Makes a task and returns its id.
pub(super) fn make(world: &mut World, region: &str, plan: Plan<'_>) -> String {
    let id = world.ids.hex(32);
    let arn = world.arn("ecs", region, &format!("task/{}/{id}", plan.cluster));
    let mut containers = Vec::new();
    for found in plan.definition.body["containerDefinitions"].as_array().into_iter().flatten() {
        let uuid = world.ids.uuid();
        let path = format!("container/{}/{id}/{uuid}", plan.cluster);
        containers.push(container(found, world.arn("ecs", region, &path)));
    }
    let subnet = emptiest(world, region, &plan.network, plan.service.as_deref());
    let zone = world.subnet(region, &subnet).map(|found| found.zone.clone()).unwrap_or_default();
    let now = world.now;
    let ecs = &mut world.region(region).ecs;
    ecs.started += 1;
    let task = Task {
        id: id.clone(),
        number: ecs.started,
        arn,
        cluster: plan.cluster.to_owned(),
        group: plan.group,
        started_by: plan.started_by,
        service: plan.service,
        definition: plan.definition.arn.clone(),
        revision: plan.revision,
        last_status: "PROVISIONING".to_owned(),
        desired_status: "RUNNING".to_owned(),
        stop_code: None,
        stopped_reason: None,
        launch_type: plan.launch_type,
        provider: plan.provider,
        network: plan.network,
        subnet,
        zone,
        attachment: None,
        containers,
        balancers: plan.balancers,
        registered: false,
        created: now,
        pull_started: None,
        pull_stopped: None,
        started: None,
        stopping: None,
        execution_stopped: None,
        stopped: None,
        exec: plan.exec,
        agent: None,
        overrides: plan.overrides,
        protected_until: None,
        tags: plan.tags,
        version: 1,
    };
    ecs.tasks.insert(id.clone(), task);
    let event = EcsEvent::Task { id: id.clone(), step: TaskStep::Provisioned };
    world.schedule(PROVISIONING, region, Event::Ecs(event));
    id
}

/// Tasks are spread over the subnets.
fn emptiest(world: &mut World, region: &str, network: &Network, service: Option<&str>) -> String {
    let ecs = &world.region(region).ecs;
    let tasks = service.map(|key| ecs.tasks_of(key)).unwrap_or_default();
    let used = |subnet: &&String| {
        tasks.iter().filter(|it| it.is_wanted() && it.subnet == **subnet).count()
    };
    network.subnets.iter().min_by_key(used).cloned().unwrap_or_default()
}

fn container(found: &Value, arn: String) -> Container {
    let text = |member: &str| found[member].as_str().unwrap_or_default().to_owned();
    let limits = ["memory", "memoryReservation"].into_iter().filter_map(|member| {
        found[member].as_i64().map(|limit| (member.to_owned(), limit.to_string()))
    });
    Container {
        name: text("name"),
        arn,
        image: text("image"),
        digest: None,
        runtime_id: None,
        last_status: "PENDING".to_owned(),
        exit_code: None,
        reason: None,
        health: "UNKNOWN".to_owned(),
        checked: found["healthCheck"].is_object(),
        essential: found["essential"] != false,
        cpu: found["cpu"].as_i64().unwrap_or(0).to_string(),
        memory: limits.collect(),
    }
}

/// Makes the network interface of a task.
pub(super) fn attach(world: &mut World, region: &str, task: &mut Task) -> Result<(), Obstacle> {
    for (condition, what) in [
        (Condition::InterfaceSlow, "network interface"),
        (Condition::StorageSlow, "EphemeralStorage"),
    ] {
        if world.trouble.holds(condition, &task.names()) {
            let reason = format!("Timeout waiting for {what} provisioning to complete.");
            return Err(Obstacle::of_task(reason, GIVEN_UP));
        }
    }
    let id = world.ids.uuid();
    let description = world.arn("ecs", region, &format!("attachment/{id}"));
    let Some(eni) = world.create_eni(region, &task.subnet, &task.network.groups, &description)
    else {
        let (subnet, public) = (&task.subnet, task.network.public_ip);
        let reason = format!(
            "Unexpected EC2 error while attempting to Create Network Interface with public IP \
             assignment {} in subnet '{subnet}': InsufficientFreeAddressesInSubnet",
            if public { "enabled" } else { "disabled" }
        );
        return Err(Obstacle::of_task(reason, Duration::ZERO));
    };
    if task.network.public_ip {
        world.give_public_ip(region, &eni.id);
    }
    task.attachment = Some(Attachment { id, eni: eni.id, ip: eni.ip, mac: eni.mac });
    Ok(())
}
