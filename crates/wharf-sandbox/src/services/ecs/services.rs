//! Services: making, describing, listing and deleting them.

use serde_json::{Value, json};

use super::{
    cluster, cluster_name, is_name, page, preconditions, rollout, service_not_found, service_show,
    short,
    state::{DeploymentConfiguration, EcsEvent, Service},
    strategy, tagging, wake,
};
use crate::{
    error::AwsError,
    input::Input,
    rules,
    services::{Ctx, Reply},
    time::SimTime,
    world::Event,
};

/// The longest grace period, in seconds (ECS API reference, `CreateService`).
const LONGEST_GRACE: i64 = 2_147_483_647;

/// How long a deleted service is at least `DRAINING`.
const SHORTEST_DRAIN: std::time::Duration = std::time::Duration::from_secs(3);

pub(super) fn create(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("serviceName")?;
    if !is_name(name) {
        return Err(rules::ecs::SERVICE_NAME
            .refuse("Invalid service name: up to 255 letters, digits, hyphens and underscores."));
    }
    token(input)?;
    let cluster = cluster(ctx, input)?.clone();
    let key = format!("{}/{name}", cluster.name);
    let mut request = input.value().clone();
    if let Some(members) = request.as_object_mut() {
        members.remove("clientToken");
    }
    if let Some(found) = already(ctx, input, &key, &request)? {
        return Ok(json!({"service": found}));
    }
    let settings = Settings::read(input)?;
    if input.required("taskDefinition").is_err() {
        return Err(rules::ecs::DEFINITION_GIVEN.refuse("TaskDefinition is empty"));
    }
    let revision = preconditions::revision(ctx, input, &cluster, None)?;
    preconditions::may_exec(ctx, settings.exec == Some(true), &revision, "created")?;
    if input.has("role") {
        return Err(rules::ecs::NO_SERVICE_ROLE.refuse(
            "You cannot specify an IAM role for services that require a service linked role.",
        ));
    }
    let configuration = preconditions::configuration(input, &DeploymentConfiguration::default())?;
    let grace_seconds = grace(input, !revision.balancers.is_empty())?.unwrap_or(0);
    strategy::may_have(&configuration, &revision)?;
    let Some(desired) = input.int_in("desiredCount", 0, 5000)? else {
        return Err(rules::ecs::DESIRED_GIVEN.refuse("You must specify a desired count."));
    };
    let tags = crate::tags::from_list(input, "tags");
    crate::tags::check(&tags, "InvalidParameterException")?;
    // Rebalancing needs room above the desired count (ECS Developer Guide, "Balancing an Amazon ECS
    // service across Availability Zones").
    let rebalancing = if configuration.maximum > 100 { "ENABLED" } else { "DISABLED" };
    let mut service = Service {
        name: name.to_owned(),
        arn: ctx.arn("ecs", &format!("service/{key}")),
        cluster: cluster.name,
        status: "ACTIVE".to_owned(),
        desired,
        configuration,
        grace_seconds,
        exec: settings.exec.unwrap_or(false),
        managed_tags: settings.managed_tags.unwrap_or(false),
        propagate: settings.propagate.unwrap_or_else(|| "NONE".to_owned()),
        zone_rebalancing: settings.zone_rebalancing.unwrap_or_else(|| rebalancing.to_owned()),
        tags,
        created: ctx.now(),
        request,
        token: input.str("clientToken").map(ToOwned::to_owned),
        revisions: Vec::new(),
        deployments: Vec::new(),
        completed: None,
        history: Vec::new(),
        events: Vec::new(),
        steady: false,
        watched: false,
        failed_starts: 0,
        throttled_until: SimTime::default(),
    };
    let region = ctx.region.clone();
    rollout::begin(ctx.world, &region, &mut service, revision);
    ctx.here().ecs.services.insert(key.clone(), service);
    wake(ctx.world, &region, &key);
    let shown = service_show::service(&ctx.world.account.clone(), &ctx.here().ecs, &key, true);
    Ok(json!({"service": shown}))
}

/// The settings that start no deployment.
pub(super) struct Settings {
    pub(super) exec: Option<bool>,
    pub(super) managed_tags: Option<bool>,
    pub(super) propagate: Option<String>,
    pub(super) zone_rebalancing: Option<String>,
}

impl Settings {
    /// Reads what a request says about them.
    pub(super) fn read(input: &Input<'_>) -> Result<Self, AwsError> {
        let scheduling = input.one_of("schedulingStrategy", &["REPLICA", "DAEMON"])?;
        if scheduling == Some("DAEMON") {
            return Err(rules::ecs::REPLICA_ONLY.refuse(
                "The Fargate launch type does not support the DAEMON scheduling strategy.",
            ));
        }
        let controller = input.structure("deploymentController");
        let kind = controller.and_then(|controller| controller.str("type"));
        if kind.is_some_and(|kind| kind != "ECS") {
            let message = "The sandbox supports no other deployment controller than ECS.";
            return Err(rules::ecs::SIMULATED.refuse(message));
        }
        for member in ["placementConstraints", "placementStrategy"] {
            if !input.list(member).is_empty() {
                return Err(rules::ecs::NO_PLACEMENT.refuse(
                    "Placement strategies and constraints are not supported with FARGATE.",
                ));
            }
        }
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        Ok(Self {
            exec: input.bool("enableExecuteCommand")?,
            managed_tags: input.bool("enableECSManagedTags")?,
            propagate: owned(
                input.one_of("propagateTags", &["TASK_DEFINITION", "SERVICE", "NONE"])?,
            ),
            zone_rebalancing: owned(
                input.one_of("availabilityZoneRebalancing", &["ENABLED", "DISABLED"])?,
            ),
        })
    }
}

/// Reads the grace period, which only a service with a balancer may have.
pub(super) fn grace(input: &Input<'_>, balanced: bool) -> Result<Option<i64>, AwsError> {
    let grace = input.int_in("healthCheckGracePeriodSeconds", 0, LONGEST_GRACE)?;
    if grace.is_some() && !balanced {
        return Err(rules::ecs::GRACE_NEEDS_BALANCER.refuse(
            "Health check grace period is only valid for services configured to use load balancers",
        ));
    }
    Ok(grace)
}

/// ECS API reference, `CreateService`: up to 36 ASCII characters in the range 33-126.
fn token(input: &Input<'_>) -> Result<(), AwsError> {
    let Some(token) = input.str("clientToken") else { return Ok(()) };
    let fine = token.len() <= 36 && token.bytes().all(|byte| (33..=126).contains(&byte));
    if fine { Ok(()) } else { Err(rules::ecs::TOKEN_FORM.refuse("Invalid client token.")) }
}

/// Answers a second request for a service that exists: the same request gets the same answer.
fn already(
    ctx: &mut Ctx<'_>,
    input: &Input<'_>,
    key: &str,
    request: &Value,
) -> Result<Option<Value>, AwsError> {
    let account = ctx.world.account.clone();
    let ecs = &ctx.here().ecs;
    let Some(found) = ecs.services.get(key) else { return Ok(None) };
    match found.status.as_str() {
        "ACTIVE" => {
            let token = found.token.as_deref();
            let same_token = token.is_none() || input.str("clientToken") == token;
            if same_token && found.request == *request {
                return Ok(Some(service_show::service(&account, ecs, key, true)));
            }
            Err(rules::ecs::SERVICE_IDEMPOTENT.refuse("Creation of service was not idempotent."))
        }
        "DRAINING" => {
            Err(rules::ecs::SERVICE_DRAINED
                .refuse("Unable to Start a service that is still Draining."))
        }
        _ => Ok(None),
    }
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let cluster = cluster_name(ctx, input)?;
    let names = input.strings("services");
    if names.is_empty() {
        return Err(rules::ecs::SERVICES_GIVEN.refuse("Services cannot be empty."));
    }
    if names.len() > 10 {
        return Err(rules::ecs::TEN_SERVICES.refuse("Services cannot have more than 10 elements"));
    }
    let with_tags = input.strings("include").iter().any(|member| member == "TAGS");
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        let key = format!("{cluster}/{}", short(&name));
        let arn = ctx.arn("ecs", &format!("service/{key}"));
        let account = ctx.world.account.clone();
        let ecs = &ctx.here().ecs;
        let elsewhere = name.starts_with("arn:") && name != arn;
        if ecs.services.contains_key(&key) && !elsewhere {
            found.push(service_show::service(&account, ecs, &key, with_tags));
        } else {
            let arn = if elsewhere { name } else { arn };
            failures.push(json!({"arn": arn, "reason": "MISSING"}));
        }
    }
    Ok(json!({"services": found, "failures": failures}))
}

pub(super) fn list(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let cluster = cluster_name(ctx, input)?;
    let launch_type = input.str("launchType").map(ToOwned::to_owned);
    let daemons = input.str("schedulingStrategy") == Some("DAEMON");
    let arns = ctx
        .here()
        .ecs
        .services
        .values()
        .filter(|service| service.cluster == cluster && service.status == "ACTIVE" && !daemons)
        .filter(|service| {
            let revision = service.current();
            launch_type.is_none() || revision.is_some_and(|it| it.launch_type == launch_type)
        })
        .map(|service| service.arn.clone())
        .collect();
    let (arns, next) = page(input, arns, 10, 100)?;
    Ok(json!({"serviceArns": arns, "nextToken": next}))
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let cluster = cluster_name(ctx, input)?;
    let key = format!("{cluster}/{}", short(input.required("service")?));
    let force = input.bool("force")?.unwrap_or(false);
    let account = ctx.world.account.clone();
    let found = ctx.here().ecs.services.get_mut(&key).ok_or_else(service_not_found)?;
    match found.status.as_str() {
        "INACTIVE" => return Err(service_not_found()),
        "ACTIVE" => {
            if found.desired > 0 && !force {
                return Err(rules::ecs::SERVICE_SCALED_DOWN
                    .refuse("The service cannot be stopped while it is scaled above 0."));
            }
            "DRAINING".clone_into(&mut found.status);
            found.desired = 0;
            found.steady = false;
            ctx.schedule(SHORTEST_DRAIN, Event::Ecs(EcsEvent::Reconcile(key.clone())));
        }
        _ => {}
    }
    let shown = service_show::service(&account, &ctx.here().ecs, &key, true);
    Ok(json!({"service": shown}))
}

/// Finds an active service a request names, for operations that change it.
pub(super) fn to_change(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Result<Service, AwsError> {
    let cluster = cluster_name(ctx, input)?;
    let key = format!("{cluster}/{}", short(input.required("service")?));
    let found = ctx.here().ecs.services.get(&key).ok_or_else(service_not_found)?;
    if found.status != "ACTIVE" {
        return Err(rules::ecs::SERVICE_ACTIVE.refuse("Service was not ACTIVE."));
    }
    Ok(found.clone())
}

/// Returns the tags a new task of a service gets.
pub(super) fn task_tags(
    service: &Service,
    definition: Option<&crate::tags::Tags>,
) -> crate::tags::Tags {
    let mut tags = match service.propagate.as_str() {
        "SERVICE" => service.tags.clone(),
        "TASK_DEFINITION" => definition.cloned().unwrap_or_default(),
        _ => crate::tags::Tags::new(),
    };
    if service.managed_tags {
        tags.extend(tagging::managed(&service.cluster, Some(&service.name)));
    }
    tags
}
