//! What Application Auto Scaling refuses.

use super::rules;

rules! { "Application Auto Scaling"
    NAMESPACE: "autoscaling/namespace", 400 "ValidationException",
        "Only services of ECS are scaled here, by their desired count.",
        "Application Auto Scaling API reference, ScalableTarget (the sandbox has no other namespace)";
    DIMENSION: "autoscaling/dimension", 400 "ValidationException",
        "The dimension belongs to the namespace.",
        "Application Auto Scaling API reference, RegisterScalableTarget";
    DIMENSION_ALONE: "autoscaling/dimension-alone", 400 "ValidationException",
        "A dimension is given together with a resource.",
        "Application Auto Scaling API reference, DescribeScalingPolicies";
    RESOURCE_FORM: "autoscaling/resource-form", 400 "ValidationException",
        "A service of ECS is called `service/cluster/name`.",
        "Application Auto Scaling API reference, RegisterScalableTarget";
    SERVICE_EXISTS: "autoscaling/service-exists", 400 "ValidationException",
        "A service must exist to be scaled.",
        "text retried by Terraform's provider, aws_appautoscaling_target";
    CAPACITIES_GIVEN: "autoscaling/capacities-given", 400 "ValidationException",
        "The first registration says fewest and most.",
        "Application Auto Scaling API reference, RegisterScalableTarget";
    CAPACITY_RANGE: "autoscaling/capacity-range", 400 "ValidationException",
        "Fewest is not more than most, and neither is negative.",
        "Application Auto Scaling API reference, RegisterScalableTarget";
    TARGET_REGISTERED: "autoscaling/target-registered", 400 "ObjectNotFoundException",
        "Policies and scheduled actions are for what is registered.",
        "Application Auto Scaling API reference, PutScalingPolicy and DeregisterScalableTarget";
    POLICY_EXISTS: "autoscaling/policy-exists", 400 "ObjectNotFoundException",
        "A policy that is deleted must exist.",
        "Application Auto Scaling API reference, DeleteScalingPolicy";
    ACTION_EXISTS: "autoscaling/action-exists", 400 "ObjectNotFoundException",
        "A scheduled action that is deleted must exist.",
        "Application Auto Scaling API reference, DeleteScheduledAction";
    POLICY_TYPE: "autoscaling/policy-type", 400 "ValidationException",
        "The type of a policy cannot be changed.",
        "Application Auto Scaling API reference, PutScalingPolicy";
    POLICY_CONFIGURED: "autoscaling/policy-configured", 400 "ValidationException",
        "A policy brings the configuration of its type.",
        "Application Auto Scaling API reference, PutScalingPolicy";
    ONE_METRIC: "autoscaling/one-metric", 400 "ValidationException",
        "Target tracking follows one metric, predefined or customized.",
        "Application Auto Scaling API reference, TargetTrackingScalingPolicyConfiguration";
    METRIC_FOR_ECS: "autoscaling/metric-for-ecs", 400 "ValidationException",
        "A predefined metric belongs to the namespace.",
        "Application Auto Scaling API reference, PredefinedMetricSpecification";
    METRIC_ONCE: "autoscaling/metric-once", 400 "ValidationException",
        "Two target tracking policies of one resource do not follow the same metric.",
        "text seen in public issue threads: Only one TargetTrackingScaling policy for a given metric \
         specification is allowed";
    LABEL_FOR_REQUESTS: "autoscaling/label-for-requests", 400 "ValidationException",
        "Requests for each target need a resource label, other metrics have none.",
        "Application Auto Scaling API reference, PredefinedMetricSpecification";
    LABEL_OF_SERVICE: "autoscaling/label-of-service", 400 "ValidationException",
        "A resource label names the balancer and the target group attached to the service.",
        "Application Auto Scaling API reference, PredefinedMetricSpecification";
    COOLDOWNS: "autoscaling/cooldowns", 400 "ValidationException",
        "A cooldown is not negative.",
        "Application Auto Scaling API reference, TargetTrackingScalingPolicyConfiguration";
    TARGET_VALUE: "autoscaling/target-value", 400 "ValidationException",
        "What is aimed at is more than nothing.",
        "Application Auto Scaling API reference, TargetTrackingScalingPolicyConfiguration";
    POLICY_COUNT: "autoscaling/policy-count", 400 "LimitExceededException",
        "A resource has 50 policies at most.",
        "Application Auto Scaling user guide, quotas";
    ACTION_COUNT: "autoscaling/action-count", 400 "LimitExceededException",
        "A resource has 200 scheduled actions at most.",
        "Application Auto Scaling user guide, quotas";
    SCHEDULE_GIVEN: "autoscaling/schedule-given", 400 "ValidationException",
        "A new scheduled action says when, and fewest or most.",
        "Application Auto Scaling API reference, PutScheduledAction";
    SCHEDULE_FORM: "autoscaling/schedule-form", 400 "ValidationException",
        "A schedule is `at(…)`, `rate(…)` or `cron(…)` with six fields.",
        "Application Auto Scaling user guide, scheduled scaling";
    TIMEZONE: "autoscaling/timezone", 400 "ValidationException",
        "A time zone is one of the IANA list.",
        "Application Auto Scaling API reference, PutScheduledAction";
    PAGE_SIZE: "autoscaling/page-size", 400 "ValidationException",
        "A page has 50 members at most, one of policies 10.",
        "Application Auto Scaling API reference, DescribeScalingPolicies";
    PAGE_TOKEN: "autoscaling/page-token", 400 "InvalidNextTokenException",
        "The token of a page comes from the page before.",
        "Application Auto Scaling API reference, DescribeScalableTargets";
}
