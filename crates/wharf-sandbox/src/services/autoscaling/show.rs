//! How things are reported.

use serde_json::{Value, json};

use super::{
    DIMENSION, NAMESPACE,
    state::{Action, Activity, Policy, Target},
};
use crate::world::World;

/// The role is always the one AWS has for itself, whatever was sent (Application Auto Scaling user
/// guide, service-linked roles).
pub(super) fn target(world: &World, target: &Target) -> Value {
    let role = "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/\
                AWSServiceRoleForApplicationAutoScaling_ECSService";
    json!({
        "ServiceNamespace": NAMESPACE,
        "ResourceId": target.resource,
        "ScalableDimension": DIMENSION,
        "MinCapacity": target.min,
        "MaxCapacity": target.max,
        "RoleARN": world.arn("iam", "", role),
        "CreationTime": target.created.epoch_seconds(),
        "SuspendedState": {
            "DynamicScalingInSuspended": target.suspended.dynamic_in,
            "DynamicScalingOutSuspended": target.suspended.dynamic_out,
            "ScheduledScalingSuspended": target.suspended.scheduled,
        },
        "ScalableTargetARN": target.arn,
    })
}

pub(super) fn policy(resource: &str, policy: &Policy) -> Value {
    let mut shown = json!({
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        "ServiceNamespace": NAMESPACE,
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "PolicyType": policy.kind,
        "Alarms": alarms(policy),
        "CreationTime": policy.created.epoch_seconds(),
    });
    shown[format!("{}PolicyConfiguration", policy.kind)] = policy.configuration.clone();
    shown
}

pub(super) fn alarms(policy: &Policy) -> Vec<Value> {
    let alarms = policy.alarms.iter();
    alarms.map(|(name, arn)| json!({"AlarmName": name, "AlarmARN": arn})).collect()
}

pub(super) fn action(resource: &str, action: &Action) -> Value {
    json!({
        "ScheduledActionName": action.name,
        "ScheduledActionARN": action.arn,
        "ServiceNamespace": NAMESPACE,
        "Schedule": action.schedule,
        "Timezone": action.timezone,
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "StartTime": action.start,
        "EndTime": action.end,
        "ScalableTargetAction": {"MinCapacity": action.min, "MaxCapacity": action.max},
        "CreationTime": action.created.epoch_seconds(),
    })
}

pub(super) fn activity(resource: &str, activity: &Activity) -> Value {
    let reasons = activity.not_scaled.iter();
    let reasons: Vec<Value> = reasons
        .map(|(code, most)| json!({"Code": code, "MaxCapacity": most, "CurrentCapacity": most}))
        .collect();
    json!({
        "ActivityId": activity.id,
        "ServiceNamespace": NAMESPACE,
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.at.epoch_seconds(),
        "EndTime": activity.at.epoch_seconds(),
        "StatusCode": "Successful",
        "StatusMessage": activity.description,
        "NotScaledReasons": if reasons.is_empty() { Value::Null } else { Value::from(reasons) },
    })
}
