//! Rows of EventBridge Scheduler.

use serde_json::{Value, json};

use super::{Row, Step, form_step, json_step, row};

const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22scheduler.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";

/// A request of restJson.
fn call(method: &'static str, path: &str, body: Value) -> Step {
    super::rest_json_step("scheduler", method, path, body)
}

/// A role that the scheduler can assume.
fn role() -> [Step; 2] {
    let form = format!("RoleName=timer&AssumeRolePolicyDocument={TRUST}");
    [form_step("iam", "CreateRole", &form), super::wait(60)]
}

fn schedule() -> Value {
    json!({
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "arn:aws:ecs:eu-west-1:111122223333:cluster/notes",
            "RoleArn": "arn:aws:iam::111122223333:role/timer",
            "EcsParameters": {"TaskDefinitionArn": "$definition"},
        },
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = schedule();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[member] = value;
    body
}

/// A schedule that is refused, with a good role.
fn refused(rule: &'static str, body: Value) -> Row {
    let mut steps = role().to_vec();
    steps.push(call("POST", "/schedules/nightly", body));
    row(rule, steps)
}

pub(super) fn rows() -> Vec<Row> {
    let group = || call("POST", "/schedule-groups/notes", json!({}));
    let twice = |token: &str| {
        let mut body = schedule();
        body["ClientToken"] = token.into();
        call("POST", "/schedules/nightly", body)
    };
    let [made, passed] = role();
    let run = |count: u8| {
        json_step(
            "ecs",
            "RunTask",
            json!({
                "cluster": "notes", "taskDefinition": "$definition", "launchType": "FARGATE",
                "clientToken": "same", "count": count,
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["$a"]}},
            }),
        )
    };
    vec![
        row("ecs/run-token-same", [run(1), run(2)]),
        row(
            "scheduler/schedule-name-unique",
            [made.clone(), passed.clone(), twice("one"), twice("two")],
        ),
        row("scheduler/schedule-exists", [call("GET", "/schedules/nightly", Value::Null)]),
        row("scheduler/group-name-unique", [group(), group()]),
        refused("scheduler/group-exists", with("/GroupName", json!("nowhere"))),
        row(
            "scheduler/group-stays",
            [
                group(),
                call("DELETE", "/schedule-groups/notes", Value::Null),
                call("DELETE", "/schedule-groups/notes", Value::Null),
            ],
        ),
        row(
            "scheduler/default-group-stays",
            [call("DELETE", "/schedule-groups/default", Value::Null)],
        ),
        refused("scheduler/expression-form", with("/ScheduleExpression", json!("cron(* * * * *)"))),
        refused(
            "scheduler/timezone-known",
            with("/ScheduleExpressionTimezone", json!("Mars/Here")),
        ),
        refused("scheduler/window-length", with("/FlexibleTimeWindow/Mode", json!("FLEXIBLE"))),
        // The scheduler has not heard of a role that was just made.
        row("scheduler/role-assumable", [made, call("POST", "/schedules/nightly", schedule())]),
        refused("scheduler/target-fits", with("/Target/EcsParameters", Value::Null)),
        refused(
            "scheduler/target-simulated",
            json!({
                "ScheduleExpression": "rate(1 day)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {
                    "Arn": "arn:aws:sqs:eu-west-1:111122223333:queue",
                    "RoleArn": "arn:aws:iam::111122223333:role/timer",
                },
            }),
        ),
        refused(
            "scheduler/launch-type-or-strategy",
            with(
                "/Target/EcsParameters",
                json!({
                    "TaskDefinitionArn": "$definition",
                    "LaunchType": "FARGATE",
                    "CapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}],
                }),
            ),
        ),
        row("scheduler/page-token", [call("GET", "/schedules?NextToken=elsewhere", Value::Null)]),
    ]
}
