//! Scaling policies.

use serde_json::{Value, json};

use super::{
    DIMENSION, NAMESPACE, described, page, registered, show,
    state::{Policy, Target},
};
use crate::{
    error::AwsError,
    input::Input,
    rules::autoscaling as rules,
    services::{Ctx, Reply},
};

/// Most policies of one resource (Application Auto Scaling user guide, quotas).
const MOST: usize = 50;

pub(super) const CPU: &str = "ECSServiceAverageCPUUtilization";
pub(super) const MEMORY: &str = "ECSServiceAverageMemoryUtilization";
pub(super) const REQUESTS: &str = "ALBRequestCountPerTarget";

const TRACKING: &str = "TargetTrackingScaling";
const KINDS: &[&str] = &["StepScaling", TRACKING, "PredictiveScaling"];

/// Makes a policy, or puts another in its place whole.
pub(super) fn put(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("PolicyName")?.to_owned();
    let target = registered(ctx, input)?.clone();
    let before = target.policies.get(&name);
    let kind = input.one_of("PolicyType", KINDS)?;
    let kind = match (kind, before) {
        (Some(kind), Some(before)) if kind != before.kind => {
            return Err(rules::POLICY_TYPE.refuse(format!(
                "The type of the scaling policy {name} cannot be changed from {} to {kind}.",
                before.kind
            )));
        }
        (Some(kind), _) => kind.to_owned(),
        (None, Some(before)) => before.kind.clone(),
        (None, None) => "StepScaling".to_owned(),
    };
    let Some(given) = input.structure(&format!("{kind}PolicyConfiguration")) else {
        return Err(rules::POLICY_CONFIGURED
            .refuse(format!("{kind}PolicyConfiguration is required for a policy of this type.")));
    };
    if kind == TRACKING {
        tracking(ctx, &target, &name, &given)?;
    }
    if before.is_none() && target.policies.len() >= MOST {
        return Err(rules::POLICY_COUNT
            .refuse(format!("The limit of {MOST} scaling policies is exceeded.")));
    }
    let made = match before.cloned() {
        Some(before) => Policy { configuration: given.value().clone(), ..before },
        None => make(ctx, &target, name, kind, given.value().clone()),
    };
    let reply = json!({"PolicyARN": made.arn, "Alarms": show::alarms(&made)});
    let target = registered(ctx, input)?;
    // Alarms that speak of another aim begin anew.
    target.breaches.retain(|alarm, _| !made.alarms.iter().any(|(own, _)| own == alarm));
    target.policies.insert(made.name.clone(), made);
    Ok(reply)
}

fn make(
    ctx: &mut Ctx<'_>,
    target: &Target,
    name: String,
    kind: String,
    configuration: Value,
) -> Policy {
    let id = ctx.world.ids.uuid();
    let path = format!("scalingPolicy:{id}:resource/ecs/{}:policyName/{name}", target.resource);
    let mut alarms = Vec::new();
    if kind == TRACKING {
        for side in ["AlarmHigh", "AlarmLow"] {
            let unique = ctx.world.ids.uuid();
            let alarm = format!("TargetTracking-{}-{side}-{unique}", target.resource);
            let arn = ctx.arn("cloudwatch", &format!("alarm:{alarm}"));
            alarms.push((alarm, arn));
        }
    }
    Policy {
        arn: ctx.arn("autoscaling", &path),
        name,
        kind,
        configuration,
        created: ctx.now(),
        alarms,
    }
}

/// Checks a configuration of target tracking.
fn tracking(
    ctx: &mut Ctx<'_>,
    target: &Target,
    name: &str,
    given: &Input<'_>,
) -> Result<(), AwsError> {
    let aimed = given.get("TargetValue").and_then(Value::as_f64).unwrap_or_default();
    if aimed <= 0.0 {
        return Err(rules::TARGET_VALUE.refuse("TargetValue must be greater than 0."));
    }
    for member in ["ScaleOutCooldown", "ScaleInCooldown"] {
        if given.int(member)?.is_some_and(|seconds| seconds < 0) {
            return Err(rules::COOLDOWNS.refuse(format!("{member} must be 0 or more.")));
        }
    }
    let predefined = given.structure("PredefinedMetricSpecification");
    if predefined.is_some() == given.has("CustomizedMetricSpecification") {
        return Err(rules::ONE_METRIC.refuse(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be \
             specified.",
        ));
    }
    let Some(predefined) = predefined else { return Ok(()) };
    let metric = predefined.required("PredefinedMetricType")?;
    if ![CPU, MEMORY, REQUESTS].contains(&metric) {
        return Err(rules::METRIC_FOR_ECS
            .refuse(format!("The predefined metric {metric} is not supported for {DIMENSION}.")));
    }
    let same = |other: &Policy| other.name != name && metric_of(other).as_deref() == Some(metric);
    if target.policies.values().any(same) {
        return Err(rules::METRIC_ONCE.refuse(
            "Only one TargetTrackingScaling policy for a given metric specification is allowed.",
        ));
    }
    label(ctx, target, metric, predefined.str("ResourceLabel"))
}

/// Checks the label that says which balancer and target group the requests come through.
fn label(
    ctx: &mut Ctx<'_>,
    target: &Target,
    metric: &str,
    label: Option<&str>,
) -> Result<(), AwsError> {
    if (metric == REQUESTS) != label.is_some() {
        return Err(rules::LABEL_FOR_REQUESTS.refuse(format!(
            "A resource label is required for {REQUESTS} and not supported for any other metric."
        )));
    }
    let Some(label) = label else { return Ok(()) };
    let unattached = || {
        rules::LABEL_OF_SERVICE.refuse(format!(
            "The resource label {label} does not name a load balancer and a target group that is \
             attached to {}.",
            target.resource
        ))
    };
    let (balancer, group) = label.split_once("/targetgroup/").ok_or_else(unattached)?;
    let balancer = ctx.arn("elasticloadbalancing", &format!("loadbalancer/{balancer}"));
    let group = ctx.arn("elasticloadbalancing", &format!("targetgroup/{group}"));
    let here = ctx.here();
    let attached = here.ecs.services.get(target.service()).is_some_and(|service| {
        let current = service.current().map(|revision| &revision.balancers);
        current.is_some_and(|all| all.iter().any(|one| one.target_group == group))
    });
    if attached && here.elbv2.balancers.contains_key(&balancer) {
        Ok(())
    } else {
        Err(unattached())
    }
}

/// Returns the predefined metric that a policy of target tracking follows.
pub(super) fn metric_of(policy: &Policy) -> Option<String> {
    let metric = &policy.configuration["PredefinedMetricSpecification"]["PredefinedMetricType"];
    (policy.kind == TRACKING).then(|| metric.as_str().map(ToOwned::to_owned)).flatten()
}

pub(super) fn delete(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let name = input.required("PolicyName")?.to_owned();
    let resource = super::resource(input)?;
    let target = ctx.here().autoscaling.targets.get_mut(&resource);
    if target.and_then(|target| target.policies.remove(&name)).is_none() {
        return Err(rules::POLICY_EXISTS.refuse(format!(
            "No scaling policy found for service namespace: {NAMESPACE}, resource ID: {resource}, \
             scalable dimension: {DIMENSION}, policy name: {name}"
        )));
    }
    Ok(json!({}))
}

pub(super) fn describe(ctx: &mut Ctx<'_>, input: &Input<'_>) -> Reply {
    let names = input.strings("PolicyNames");
    let targets = described(ctx, input)?;
    let all = targets.iter().flat_map(|target| {
        target.policies.values().map(|policy| (target.resource.clone(), policy.clone()))
    });
    let found = all.filter(|(_, policy)| names.is_empty() || names.contains(&policy.name));
    let (found, next) = page(input, found.collect(), 10)?;
    let shown: Vec<_> = found.iter().map(|(id, policy)| show::policy(id, policy)).collect();
    Ok(json!({"ScalingPolicies": shown, "NextToken": next}))
}
