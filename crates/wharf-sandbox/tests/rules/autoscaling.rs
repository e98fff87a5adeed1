//! What Application Auto Scaling refuses.

use serde_json::{Value, json};

use super::{Row, Step, arrange, ecs::create, json_step, row};
use crate::ecs_stage::{merged, on};

const CPU: &str = "ECSServiceAverageCPUUtilization";
const REQUESTS: &str = "ALBRequestCountPerTarget";

fn call(operation: &'static str, members: Value) -> Step {
    let base = json!({
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": "service/notes/web",
    });
    json_step("application-autoscaling", operation, merged(base, members))
}

fn register() -> Step {
    call("RegisterScalableTarget", json!({"MinCapacity": 1, "MaxCapacity": 4}))
}

fn tracking(name: &str, configuration: &Value) -> Step {
    call(
        "PutScalingPolicy",
        json!({
            "PolicyName": name,
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": configuration,
        }),
    )
}

fn of(metric: &str) -> Value {
    json!({"TargetValue": 60, "PredefinedMetricSpecification": {"PredefinedMetricType": metric}})
}

fn action(members: Value) -> Step {
    let base = json!({
        "ScheduledActionName": "morning",
        "Schedule": "cron(0 7 ? * MON-FRI *)",
        "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 4},
    });
    call("PutScheduledAction", merged(base, members))
}

/// A service, registered, and then this.
fn scaled(last: Step) -> [Step; 3] {
    [create(json!({})), register(), last]
}

pub(super) fn rows() -> Vec<Row> {
    [targets(), policies(), actions()].into_iter().flatten().collect()
}

fn targets() -> Vec<Row> {
    let range = |min: i64, max: i64| json!({"MinCapacity": min, "MaxCapacity": max});
    vec![
        row(
            "autoscaling/namespace",
            [call("RegisterScalableTarget", json!({"ServiceNamespace": "dynamodb"}))],
        ),
        row(
            "autoscaling/dimension",
            [call(
                "RegisterScalableTarget",
                json!({"ScalableDimension": "dynamodb:table:ReadCapacityUnits"}),
            )],
        ),
        row(
            "autoscaling/dimension-alone",
            [call("DescribeScalingPolicies", json!({"ResourceId": null}))],
        ),
        row(
            "autoscaling/resource-form",
            [call("RegisterScalableTarget", json!({"ResourceId": "notes/web"}))],
        ),
        row("autoscaling/service-exists", [register()]),
        row(
            "autoscaling/capacities-given",
            [create(json!({})), call("RegisterScalableTarget", json!({"MinCapacity": 1}))],
        ),
        row(
            "autoscaling/capacity-range",
            [create(json!({})), call("RegisterScalableTarget", range(3, 2))],
        ),
        row(
            "autoscaling/capacity-range",
            [create(json!({})), call("RegisterScalableTarget", range(-1, 2))],
        ),
        row(
            "autoscaling/capacity-range",
            scaled(call("RegisterScalableTarget", json!({"MinCapacity": 5}))),
        ),
        row(
            "autoscaling/target-registered",
            [create(json!({})), call("DeregisterScalableTarget", json!({}))],
        ),
        row(
            "autoscaling/page-size",
            [call("DescribeScalableTargets", json!({"MaxResults": 51, "ResourceId": null}))],
        ),
        row("autoscaling/page-size", [call("DescribeScalingPolicies", json!({"MaxResults": 11}))]),
        row(
            "autoscaling/page-token",
            [call("DescribeScheduledActions", json!({"NextToken": "page-1"}))],
        ),
    ]
}

fn policies() -> Vec<Row> {
    let labelled = |label: &str| {
        json!({"TargetValue": 800, "PredefinedMetricSpecification": {
            "PredefinedMetricType": REQUESTS, "ResourceLabel": label,
        }})
    };
    let custom = json!({"CustomizedMetricSpecification": {"MetricName": "x", "Namespace": "y"}});
    vec![
        row("autoscaling/target-registered", [create(json!({})), tracking("cpu", &of(CPU))]),
        row(
            "autoscaling/policy-exists",
            scaled(call("DeleteScalingPolicy", json!({"PolicyName": "cpu"}))),
        ),
        row(
            "autoscaling/policy-type",
            [
                create(json!({})),
                register(),
                tracking("cpu", &of(CPU)),
                call(
                    "PutScalingPolicy",
                    json!({
                        "PolicyName": "cpu", "PolicyType": "StepScaling",
                        "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity"},
                    }),
                ),
            ],
        ),
        row(
            "autoscaling/policy-configured",
            scaled(call(
                "PutScalingPolicy",
                json!({
                    "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
                }),
            )),
        ),
        row("autoscaling/one-metric", scaled(tracking("cpu", &json!({"TargetValue": 60})))),
        row("autoscaling/one-metric", scaled(tracking("cpu", &merged(of(CPU), custom)))),
        row(
            "autoscaling/metric-for-ecs",
            scaled(tracking("cpu", &of("DynamoDBReadCapacityUtilization"))),
        ),
        row(
            "autoscaling/metric-once",
            [
                create(json!({})),
                register(),
                tracking("cpu", &of(CPU)),
                tracking("cpu-too", &of(CPU)),
            ],
        ),
        row("autoscaling/label-for-requests", scaled(tracking("requests", &of(REQUESTS)))),
        row(
            "autoscaling/label-of-service",
            scaled(tracking("requests", &labelled("app/web/1/targetgroup/web/1"))),
        ),
        row(
            "autoscaling/label-of-service",
            [
                create(json!({"loadBalancers": on("$tg")})),
                register(),
                tracking("requests", &labelled("app/other/1/targetgroup/web/1")),
            ],
        ),
        row(
            "autoscaling/cooldowns",
            scaled(tracking("cpu", &merged(of(CPU), json!({"ScaleInCooldown": -1})))),
        ),
        row(
            "autoscaling/target-value",
            scaled(tracking("cpu", &merged(of(CPU), json!({"TargetValue": 0})))),
        ),
        row(
            "autoscaling/policy-count",
            [
                create(json!({})),
                register(),
                call("PutScalingPolicy", step("a")),
                arrange(|world| {
                    let here = &mut world.region("eu-west-1").autoscaling;
                    let target = here.targets.get_mut("service/notes/web").unwrap();
                    let one = target.policies["a"].clone();
                    target.policies.extend((1..50).map(|n| (format!("a{n}"), one.clone())));
                }),
                call("PutScalingPolicy", step("b")),
            ],
        ),
    ]
}

fn step(name: &str) -> Value {
    json!({"PolicyName": name, "StepScalingPolicyConfiguration": {
        "AdjustmentType": "ChangeInCapacity",
    }})
}

fn actions() -> Vec<Row> {
    vec![
        row("autoscaling/target-registered", [create(json!({})), action(json!({}))]),
        row(
            "autoscaling/action-exists",
            scaled(call("DeleteScheduledAction", json!({"ScheduledActionName": "morning"}))),
        ),
        row("autoscaling/schedule-given", scaled(action(json!({"Schedule": null})))),
        row("autoscaling/schedule-given", scaled(action(json!({"ScalableTargetAction": null})))),
        row("autoscaling/schedule-form", scaled(action(json!({"Schedule": "0 7 * * *"})))),
        row("autoscaling/timezone", scaled(action(json!({"Timezone": "Europe/Bergen"})))),
        row(
            "autoscaling/capacity-range",
            scaled(action(json!({"ScalableTargetAction": {"MinCapacity": 5, "MaxCapacity": 4}}))),
        ),
        row(
            "autoscaling/action-count",
            [
                create(json!({})),
                register(),
                action(json!({})),
                arrange(|world| {
                    let here = &mut world.region("eu-west-1").autoscaling;
                    let target = here.targets.get_mut("service/notes/web").unwrap();
                    let one = target.actions["morning"].clone();
                    target.actions.extend((1..200).map(|n| (format!("m{n}"), one.clone())));
                }),
                action(json!({"ScheduledActionName": "evening"})),
            ],
        ),
    ]
}
