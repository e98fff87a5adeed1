//! How the autoscaler decides about a service.

use aws_sdk_applicationautoscaling::types::{
    PredefinedMetricSpecification, ScalingPolicy,
    TargetTrackingScalingPolicyConfiguration as Tracking,
};
use wharf_doctor::{Evidence, ScalingEvidence, Seen};

use crate::aws::Aws;
use crate::kinds::suspended;
use crate::reads::Reads;
use crate::reads::autoscaling::{dimension, namespace, resource_of};

/// Why nothing was done: there are as many already as there may be (Application Auto Scaling API
/// reference, `NotScaledReason`).
const AT_MOST: &str = "AlreadyAtMaxCapacity";

/// Adds what the autoscaler says, if there is one. `groups` are the target groups the service is on.
pub(super) async fn add(
    aws: &Aws,
    reads: &Reads,
    service_arn: &str,
    groups: &[String],
    evidence: &mut Evidence,
) {
    let Ok(scaled) = reads.scaled().await else { return };
    let resource = resource_of(service_arn);
    let Some(own) = scaled.value.iter().find(|one| one.target.resource_id() == resource) else {
        evidence.scaling = Seen::Absent;
        return;
    };
    let number = |value: i32| u32::try_from(value).unwrap_or_default();
    let (min, max) = (number(own.target.min_capacity()), number(own.target.max_capacity()));
    let full = evidence.service.get().is_some_and(|service| service.desired >= max);
    evidence.scaling = Seen::There(ScalingEvidence {
        min,
        max,
        suspended: suspended(&own.target).into_iter().collect(),
        wants_more: full && wants_more(aws, resource).await,
        counts_elsewhere: own.policies.iter().any(|policy| counts_elsewhere(policy, groups)),
    });
}

/// Says whether the last thing the autoscaler did was to find that it may add no more.
async fn wants_more(aws: &Aws, resource: &str) -> bool {
    let got = aws
        .caller
        .call("application-autoscaling:DescribeScalingActivities", || {
            aws.autoscaling
                .describe_scaling_activities()
                .service_namespace(namespace())
                .scalable_dimension(dimension())
                .resource_id(resource)
                .include_not_scaled_activities(true)
                .max_results(1)
                .send()
        })
        .await;
    // What may not be read proves nothing.
    let Ok(got) = got else { return false };
    let last = got.scaling_activities().first();
    last.is_some_and(|last| last.not_scaled_reasons().iter().any(|reason| reason.code() == AT_MOST))
}

fn counts_elsewhere(policy: &ScalingPolicy, groups: &[String]) -> bool {
    let metric = policy
        .target_tracking_scaling_policy_configuration()
        .and_then(Tracking::predefined_metric_specification);
    let label = metric.and_then(PredefinedMetricSpecification::resource_label);
    label.is_some_and(|label| {
        let group = label.split_once("/targetgroup/").map_or(label, |(_, group)| group);
        !groups.iter().any(|arn| arn.ends_with(&format!("targetgroup/{group}")))
    })
}
