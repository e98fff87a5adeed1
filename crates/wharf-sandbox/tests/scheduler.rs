//! Schedules start tasks at their times, with the rights of their role.

use std::time::Duration;

use serde_json::{Value, json};
use wharf_sandbox::Sandbox;

use crate::{
    common::{json as call, query, rest_of},
    ecs_stage::Stage,
};

const POLICY: &str = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D";
const TRUST: &str = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22scheduler.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";

/// A role that may do everything, and is known.
async fn role(sandbox: &Sandbox) {
    let form = format!("RoleName=timer&AssumeRolePolicyDocument={TRUST}");
    query(sandbox, "iam", "CreateRole", &form).await.element("RoleName");
    allow(sandbox).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
}

async fn allow(sandbox: &Sandbox) {
    let form = format!("RoleName=timer&PolicyName=all&PolicyDocument={POLICY}");
    query(sandbox, "iam", "PutRolePolicy", &form).await;
}

fn body(definition: &str, subnet: &str, retries: u32) -> Value {
    json!({
        "ScheduleExpression": "rate(10 minutes)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "arn:aws:ecs:eu-west-1:111122223333:cluster/notes",
            "RoleArn": "arn:aws:iam::111122223333:role/timer",
            "RetryPolicy": {"MaximumRetryAttempts": retries, "MaximumEventAgeInSeconds": 3600},
            "EcsParameters": {
                "TaskDefinitionArn": definition,
                "LaunchType": "FARGATE",
                "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": [subnet]}},
            },
        },
    })
}

/// Returns who started the tasks there ever were.
async fn started(sandbox: &Sandbox) -> Vec<String> {
    let mut all = Vec::new();
    for status in ["RUNNING", "STOPPED"] {
        let asked = json!({"cluster": "notes", "desiredStatus": status});
        let arns = call(sandbox, "ecs", "ListTasks", asked).await.ok()["taskArns"].clone();
        if arns.as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        let asked = json!({"cluster": "notes", "tasks": arns});
        let shown = call(sandbox, "ecs", "DescribeTasks", asked).await.ok();
        let tasks = shown["tasks"].as_array().cloned().unwrap_or_default();
        all.extend(tasks.iter().map(|task| task["startedBy"].as_str().unwrap_or("").to_owned()));
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_schedule_starts_a_task_each_time_and_stops_when_it_is_gone() {
    let stage = Stage::new().await;
    let definition = stage.register("v1", json!({})).await;
    let sandbox = &stage.sandbox;
    role(sandbox).await;
    let body = body(&definition, &stage.subnets[0], 0).to_string();
    let made = rest_of(sandbox, "scheduler", "POST", "/schedules/nightly", &body).await.ok();
    assert!(made["ScheduleArn"].as_str().unwrap().ends_with("schedule/default/nightly"));
    let shown = rest_of(sandbox, "scheduler", "GET", "/schedules/nightly", "").await.ok();
    assert_eq!(shown["Target"]["EcsParameters"]["TaskCount"], 1);
    assert_eq!(shown["ScheduleExpressionTimezone"], "UTC");
    tokio::time::sleep(Duration::from_mins(25)).await;
    assert_eq!(started(sandbox).await, ["chronos-schedule/nightly"; 2]);
    rest_of(sandbox, "scheduler", "DELETE", "/schedules/nightly", "").await.ok();
    tokio::time::sleep(Duration::from_mins(25)).await;
    assert_eq!(started(sandbox).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_started_is_tried_again_as_often_as_it_says() {
    let stage = Stage::new().await;
    let definition = stage.register("v1", json!({})).await;
    let sandbox = &stage.sandbox;
    role(sandbox).await;
    let body = body(&definition, &stage.subnets[0], 2).to_string();
    rest_of(sandbox, "scheduler", "POST", "/schedules/nightly", &body).await.ok();
    query(sandbox, "iam", "DeleteRolePolicy", "RoleName=timer&PolicyName=all").await;
    tokio::time::sleep(Duration::from_mins(15)).await;
    assert!(started(sandbox).await.is_empty());
    let tries: Vec<(u32, bool)> = sandbox.with_world(|world| {
        let schedules = &world.region("eu-west-1").scheduler.schedules;
        let tries = &schedules["default/nightly"].invocations;
        let denied = |text: &String| text.contains("not authorized to perform: ecs:RunTask");
        tries.iter().map(|it| (it.attempt, it.error.as_ref().is_some_and(denied))).collect()
    });
    assert_eq!(tries, [(1, true), (2, true), (3, true)]);
    allow(sandbox).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(started(sandbox).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_update_leaves_nothing_of_what_it_does_not_say() {
    let stage = Stage::new().await;
    let definition = stage.register("v1", json!({})).await;
    let sandbox = &stage.sandbox;
    role(sandbox).await;
    let mut body = body(&definition, &stage.subnets[0], 2);
    body["Description"] = "of the night".into();
    body["State"] = "DISABLED".into();
    rest_of(sandbox, "scheduler", "POST", "/schedules/nightly", &body.to_string()).await.ok();
    let target = body["Target"].as_object_mut().unwrap();
    target.remove("RetryPolicy");
    let members = body.as_object_mut().unwrap();
    members.remove("Description");
    members.remove("State");
    rest_of(sandbox, "scheduler", "PUT", "/schedules/nightly", &body.to_string()).await.ok();
    let shown = rest_of(sandbox, "scheduler", "GET", "/schedules/nightly", "").await.ok();
    assert_eq!(shown["Description"], Value::Null);
    assert_eq!(shown["State"], "ENABLED");
    assert_eq!(shown["Target"]["RetryPolicy"]["MaximumRetryAttempts"], 185);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_belongs_to_no_service_does_what_its_command_says() {
    let stage = Stage::new().await;
    let image = "public.ecr.aws/docker/library/busybox:1";
    let own = json!({"image": image, "command": ["sh", "-c", "exit 3"]});
    let definition = stage.register("v1", own).await;
    let run = json!({
        "cluster": "notes", "taskDefinition": definition, "launchType": "FARGATE",
        "clientToken": "one",
        "networkConfiguration": {"awsvpcConfiguration": {
            "subnets": [stage.subnets[0]], "assignPublicIp": "ENABLED",
        }},
    });
    let first = call(&stage.sandbox, "ecs", "RunTask", run.clone()).await.ok();
    tokio::time::sleep(Duration::from_mins(2)).await;
    // The same token is the same task, also when it has ended.
    let again = call(&stage.sandbox, "ecs", "RunTask", run).await.ok();
    assert_eq!(again["tasks"][0]["taskArn"], first["tasks"][0]["taskArn"]);
    assert_eq!(again["tasks"][0]["lastStatus"], "STOPPED");
    assert_eq!(again["tasks"][0]["containers"][0]["exitCode"], 3);
}
