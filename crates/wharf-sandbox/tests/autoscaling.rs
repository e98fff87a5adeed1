//! Services that are scaled: the range, target tracking under a load, scheduled actions.

use serde_json::{Value, json};
use wharf_sandbox::services::autoscaling::state::Load;

use crate::{
    common::json as call_json,
    ecs_stage::{Stage, completed, merged, on, open, steady},
};

const RESOURCE: &str = "service/notes/web";

async fn scaling(stage: &Stage, operation: &str, members: Value) -> Value {
    let base = json!({
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": RESOURCE,
    });
    let input = merged(base, members);
    call_json(&stage.sandbox, "application-autoscaling", operation, input).await.ok()
}

async fn register(stage: &Stage, min: i64, max: i64) -> Value {
    let range = json!({"MinCapacity": min, "MaxCapacity": max});
    scaling(stage, "RegisterScalableTarget", range).await
}

async fn follow_cpu(stage: &Stage, members: Value) -> Value {
    let metric = json!({"PredefinedMetricType": "ECSServiceAverageCPUUtilization"});
    let base = json!({"TargetValue": 50.0, "PredefinedMetricSpecification": metric});
    let configuration = merged(base, members);
    let policy = json!({
        "PolicyName": "cpu",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": configuration,
    });
    scaling(stage, "PutScalingPolicy", policy).await
}

fn load(stage: &Stage, cpu: f64) {
    stage.sandbox.with_world(|world| {
        let load = Load { cpu: Some(cpu), ..Load::default() };
        world.region("eu-west-1").autoscaling.load.insert(RESOURCE.to_owned(), load);
    });
}

/// A steady service of so many tasks.
async fn service(count: i64) -> Stage {
    let stage = Stage::new().await;
    let definition = stage.register("v1", json!({})).await;
    stage.create(&definition, json!({"desiredCount": count})).await;
    stage.until(steady).await;
    stage
}

async fn desired(stage: &Stage) -> i64 {
    stage.web().await["desiredCount"].as_i64().unwrap()
}

#[tokio::test(start_paused = true)]
async fn registering_brings_the_count_into_the_range() {
    let stage = service(1).await;
    for (min, max, count) in [(2, 4, 2), (1, 4, 2), (3, 3, 3), (0, 1, 1)] {
        register(&stage, min, max).await;
        assert_eq!(desired(&stage).await, count, "{min} to {max}");
    }
    let done = scaling(&stage, "DescribeScalingActivities", json!({})).await;
    let done = done["ScalingActivities"].as_array().unwrap();
    assert_eq!(done.len(), 3, "{done:?}");
    assert_eq!(done[0]["Description"], "Setting desired count to 1.");
}

#[tokio::test(start_paused = true)]
async fn a_registration_is_shown_with_everything_aws_adds() {
    let stage = service(1).await;
    let arn = register(&stage, 1, 4).await["ScalableTargetARN"].clone();
    let suspended = json!({"SuspendedState": {"DynamicScalingInSuspended": true}});
    scaling(&stage, "RegisterScalableTarget", suspended).await;
    let wanted = json!({"ResourceId": null, "ResourceIds": [RESOURCE, "service/notes/none"]});
    let found = scaling(&stage, "DescribeScalableTargets", wanted).await;
    let [target] = &found["ScalableTargets"].as_array().unwrap()[..] else { panic!("{found}") };
    assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(1), &json!(4)));
    assert_eq!(target["ScalableTargetARN"], arn);
    assert_eq!(target["SuspendedState"]["DynamicScalingInSuspended"], true);
    assert_eq!(target["SuspendedState"]["DynamicScalingOutSuspended"], false);
    let role = target["RoleARN"].as_str().unwrap();
    assert!(role.ends_with("AWSServiceRoleForApplicationAutoScaling_ECSService"), "{role}");
}

#[tokio::test(start_paused = true)]
async fn tasks_are_added_after_three_minutes_of_load_up_to_the_most() {
    let stage = service(2).await;
    register(&stage, 1, 6).await;
    follow_cpu(&stage, json!({"ScaleOutCooldown": 60})).await;
    load(&stage, 160.0);
    stage.pass(170).await;
    assert_eq!(desired(&stage).await, 2, "not yet three minutes");
    stage.pass(60).await;
    // 160 % over tasks that aim at 50 % each are 3.2 tasks.
    assert_eq!(desired(&stage).await, 4);
    stage.until(steady).await;
    load(&stage, 1000.0);
    stage.pass(600).await;
    assert_eq!(desired(&stage).await, 6);
    let done = scaling(&stage, "DescribeScalingActivities", json!({})).await;
    assert_eq!(done["ScalingActivities"].as_array().unwrap().len(), 2);
    let all = json!({"IncludeNotScaledActivities": true});
    let all = scaling(&stage, "DescribeScalingActivities", all).await;
    assert_eq!(all["ScalingActivities"][0]["NotScaledReasons"][0]["Code"], "AlreadyAtMaxCapacity");
}

#[tokio::test(start_paused = true)]
async fn tasks_are_removed_after_a_quarter_of_an_hour_down_to_the_fewest() {
    let stage = service(5).await;
    register(&stage, 2, 6).await;
    follow_cpu(&stage, json!({})).await;
    load(&stage, 60.0);
    stage.pass(14 * 60).await;
    assert_eq!(desired(&stage).await, 5, "not yet fifteen minutes");
    stage.pass(120).await;
    assert_eq!(desired(&stage).await, 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_load_nobody_described_nothing_moves() {
    let stage = service(3).await;
    register(&stage, 1, 6).await;
    follow_cpu(&stage, json!({})).await;
    stage.pass(3600).await;
    assert_eq!(desired(&stage).await, 3);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_removed_during_a_deployment_or_while_suspended_or_disabled() {
    let stage = service(4).await;
    register(&stage, 1, 6).await;
    follow_cpu(&stage, json!({"DisableScaleIn": true})).await;
    load(&stage, 10.0);
    stage.pass(3600).await;
    assert_eq!(desired(&stage).await, 4, "disabled");
    follow_cpu(&stage, json!({})).await;
    let suspend = |flag: bool| json!({"SuspendedState": {"DynamicScalingInSuspended": flag}});
    scaling(&stage, "RegisterScalableTarget", suspend(true)).await;
    stage.pass(3600).await;
    assert_eq!(desired(&stage).await, 4, "suspended");
    // A deployment that never ends: its image is not there.
    let broken = stage.register("v404", json!({})).await;
    stage.update(json!({"taskDefinition": broken})).await;
    scaling(&stage, "RegisterScalableTarget", suspend(false)).await;
    stage.pass(1800).await;
    assert_eq!(desired(&stage).await, 4, "deploying");
    load(&stage, 400.0);
    stage.pass(600).await;
    assert!(desired(&stage).await > 4, "adding goes on");
}

#[tokio::test(start_paused = true)]
async fn requests_come_through_the_target_group_of_the_service() {
    let stage = Stage::new().await;
    let group = stage.balance(0).await;
    open(&stage).await;
    let definition = stage.register("v1", json!({})).await;
    stage.create(&definition, json!({"loadBalancers": on(&group)})).await;
    stage.until(completed).await;
    register(&stage, 1, 6).await;
    let part = |arn: &str| arn.rsplit_once(':').unwrap().1.to_owned();
    let balancer = stage.sandbox.with_world(|world| {
        world.region("eu-west-1").elbv2.balancers.keys().next().unwrap().clone()
    });
    let balancer = part(&balancer).trim_start_matches("loadbalancer/").to_owned();
    let label = format!("{balancer}/{}", part(&group));
    let policy = json!({
        "PolicyName": "requests",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 100,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label,
            },
        },
    });
    let made = scaling(&stage, "PutScalingPolicy", policy).await;
    let alarms: Vec<&str> = made["Alarms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alarm| alarm["AlarmName"].as_str().unwrap())
        .collect();
    assert!(alarms[0].starts_with("TargetTracking-service/notes/web-AlarmHigh-"), "{alarms:?}");
    assert!(alarms[1].starts_with("TargetTracking-service/notes/web-AlarmLow-"), "{alarms:?}");
    stage.sandbox.with_world(|world| {
        let load = Load { requests: Some(250.0), ..Load::default() };
        world.region("eu-west-1").autoscaling.load.insert(RESOURCE.to_owned(), load);
    });
    stage.pass(600).await;
    assert_eq!(desired(&stage).await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_action_sets_the_range_at_its_time_again_and_again() {
    let stage = service(1).await;
    register(&stage, 1, 6).await;
    let put = |name: &str, schedule: &str, min: i64, max: i64| {
        json!({
            "ScheduledActionName": name, "Schedule": schedule, "Timezone": "Europe/Berlin",
            "ScalableTargetAction": {"MinCapacity": min, "MaxCapacity": max},
        })
    };
    let morning = put("morning", "cron(0 7 * * ? *)", 4, 8);
    scaling(&stage, "PutScheduledAction", morning).await;
    let evening = put("evening", "cron(0 20 * * ? *)", 0, 2);
    scaling(&stage, "PutScheduledAction", evening).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..48 {
        stage.pass(3600).await;
        let found = scaling(&stage, "DescribeScalableTargets", json!({"ResourceId": null})).await;
        let target = &found["ScalableTargets"][0];
        let min = target["MinCapacity"].as_i64().unwrap();
        seen.insert((min, target["MaxCapacity"].as_i64().unwrap(), desired(&stage).await));
    }
    // At first the registered range may still hold.
    seen.remove(&(1, 6, 1));
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(0, 2, 2), (4, 8, 4)]);
    let shown = scaling(&stage, "DescribeScheduledActions", json!({})).await;
    assert_eq!(shown["ScheduledActions"].as_array().unwrap().len(), 2);
    assert_eq!(shown["ScheduledActions"][0]["Timezone"], "Europe/Berlin");
}

#[tokio::test(start_paused = true)]
async fn deregistering_takes_policies_and_actions_along_and_a_deleted_service_does_not() {
    let stage = service(1).await;
    register(&stage, 1, 6).await;
    follow_cpu(&stage, json!({})).await;
    let delete = json!({"cluster": "notes", "service": "web", "force": true});
    stage.ecs("DeleteService", delete).await.ok();
    stage.pass(120).await;
    let all = |operation: &'static str| {
        let stage = &stage;
        async move {
            scaling(stage, operation, json!({"ResourceId": null, "ScalableDimension": null})).await
        }
    };
    let left = all("DescribeScalableTargets").await;
    assert_eq!(left["ScalableTargets"].as_array().unwrap().len(), 1);
    scaling(&stage, "DeregisterScalableTarget", json!({})).await;
    assert_eq!(all("DescribeScalableTargets").await["ScalableTargets"], json!([]));
    assert_eq!(all("DescribeScalingPolicies").await["ScalingPolicies"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn policies_come_ten_a_page() {
    let stage = service(1).await;
    register(&stage, 1, 6).await;
    for number in 0..12 {
        let policy = json!({"PolicyName": format!("p{number:02}"), "StepScalingPolicyConfiguration": {
            "AdjustmentType": "ChangeInCapacity",
        }});
        scaling(&stage, "PutScalingPolicy", policy).await;
    }
    let first = scaling(&stage, "DescribeScalingPolicies", json!({})).await;
    assert_eq!(first["ScalingPolicies"].as_array().unwrap().len(), 10);
    let next = json!({"NextToken": first["NextToken"]});
    let second = scaling(&stage, "DescribeScalingPolicies", next).await;
    assert_eq!(second["ScalingPolicies"].as_array().unwrap().len(), 2);
    assert_eq!(second["NextToken"], Value::Null);
}
