//! What ECS refuses.

use serde_json::{Value, json};

use super::{Row, Step, form_step, json_step, row};
use crate::ecs_stage::{definition, merged, on};

const NONE: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/none/0";

pub(super) fn ecs(operation: &'static str, input: Value) -> Step {
    json_step("ecs", operation, input)
}

/// Creates the service `web` with members added, replaced or (if null) removed.
pub(super) fn create(members: Value) -> Step {
    let base = json!({
        "cluster": "notes",
        "serviceName": "web",
        "taskDefinition": "$definition",
        "desiredCount": 1,
        "launchType": "FARGATE",
        "networkConfiguration": place(&["$a"], &[]),
    });
    ecs("CreateService", merged(base, members))
}

pub(super) fn place(subnets: &[&str], groups: &[&str]) -> Value {
    json!({"awsvpcConfiguration": {
        "subnets": subnets, "securityGroups": groups, "assignPublicIp": "ENABLED",
    }})
}

pub(super) fn service(operation: &'static str, members: Value) -> Step {
    ecs(operation, merged(json!({"cluster": "notes", "service": "web"}), members))
}

/// Registers a task definition with members of it, and of its container, replaced.
pub(super) fn register(members: Value, container: Value) -> Step {
    ecs("RegisterTaskDefinition", merged(definition("v1", container), members))
}

/// Registers a task definition with a second container.
fn register_two(first: Value, second: Value) -> Step {
    let one = definition("v1", first)["containerDefinitions"][0].take();
    let two = definition("v1", merged(json!({"name": "two"}), second));
    let two = two["containerDefinitions"][0].clone();
    register(json!({"containerDefinitions": [one, two]}), json!({}))
}

fn run(definition: &str) -> Step {
    let place = place(&["$a"], &[]);
    ecs(
        "RunTask",
        json!({
            "cluster": "notes", "taskDefinition": definition, "launchType": "FARGATE",
            "networkConfiguration": place,
        }),
    )
}

fn strategy(items: &Value) -> Value {
    json!({"launchType": null, "capacityProviderStrategy": items})
}

pub(super) fn rows() -> Vec<Row> {
    [services(), settings(), clusters(), definitions(), containers()]
        .into_iter()
        .flatten()
        .collect()
}

fn services() -> Vec<Row> {
    let instance = "Name=old&Protocol=HTTP&Port=80&VpcId=$vpc&TargetType=instance";
    let instance = form_step("elasticloadbalancing", "CreateTargetGroup", instance);
    let twice = [on("$tg"), on("$tg")].map(|mut list| list[0].take());
    vec![
        row("ecs/target-group-has-balancer", [create(json!({"loadBalancers": on("$loose")}))]),
        row("ecs/target-group-exists", [create(json!({"loadBalancers": on(NONE)}))]),
        row(
            "ecs/target-group-takes-addresses",
            [instance.keep("$old", "TargetGroupArn"), create(json!({"loadBalancers": on("$old")}))],
        ),
        row(
            "ecs/balanced-container-exists",
            [create(json!({"loadBalancers": [
            {"targetGroupArn": "$tg", "containerName": "no", "containerPort": 3000}]}))],
        ),
        row(
            "ecs/balanced-port-mapped",
            [create(json!({"loadBalancers": [
            {"targetGroupArn": "$tg", "containerName": "web", "containerPort": 81}]}))],
        ),
        row("ecs/target-group-once", [create(json!({"loadBalancers": twice}))]),
        row("ecs/network-given", [create(json!({"networkConfiguration": null}))]),
        row(
            "ecs/subnets-exist",
            [create(json!({"networkConfiguration": place(&["subnet-0123456789abcdef0"], &[])}))],
        ),
        row(
            "ecs/subnets-of-one-vpc",
            [create(json!({"networkConfiguration": place(&["$a", "$main-b"], &[])}))],
        ),
        row(
            "ecs/groups-exist",
            [create(json!({"networkConfiguration": place(&["$a"], &["sg-0123456789abcdef0"])}))],
        ),
        row(
            "ecs/groups-of-the-vpc",
            [create(json!({"networkConfiguration": place(&["$a"], &["$main-group"])}))],
        ),
    ]
}

fn settings() -> Vec<Row> {
    let bridge =
        register(json!({"networkMode": "bridge", "requiresCompatibilities": ["EC2"]}), json!({}));
    let percent = |member: &str, value: u32| json!({"deploymentConfiguration": {member: value}});
    let eleven: Vec<String> = (0..11).map(|number| format!("s{number}")).collect();
    let idle = || create(json!({"desiredCount": 0}));
    let gone = || service("DeleteService", json!({}));
    vec![
        row(
            "ecs/definition-active",
            [
                ecs("DeregisterTaskDefinition", json!({"taskDefinition": "$definition"})),
                create(json!({})),
            ],
        ),
        row("ecs/definition-exists", [create(json!({"taskDefinition": "none:1"}))]),
        row(
            "ecs/definition-for-fargate",
            [
                bridge.keep("$bridge", "/taskDefinition/taskDefinitionArn"),
                create(json!({"taskDefinition": "$bridge"})),
            ],
        ),
        row(
            "ecs/launch-type-or-strategy",
            [create(
                json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}),
            )],
        ),
        row("ecs/platform-known", [create(json!({"platformVersion": "9.9.9"}))]),
        row("ecs/maximum-percent", [create(percent("maximumPercent", 99))]),
        row("ecs/minimum-percent", [create(percent("minimumHealthyPercent", 101))]),
        row("ecs/grace-needs-balancer", [create(json!({"healthCheckGracePeriodSeconds": 30}))]),
        row("ecs/service-name", [create(json!({"serviceName": "no such name"}))]),
        row("ecs/service-idempotent", [create(json!({})), create(json!({"desiredCount": 2}))]),
        row("ecs/service-drained", [idle(), gone(), create(json!({}))]),
        row("ecs/service-scaled-down", [create(json!({})), gone()]),
        row(
            "ecs/service-active",
            [idle(), gone(), service("UpdateService", json!({"desiredCount": 1}))],
        ),
        row(
            "ecs/ten-services",
            [ecs("DescribeServices", json!({"cluster": "notes", "services": eleven}))],
        ),
        row(
            "ecs/strategy-change-forced",
            [
                ecs(
                    "PutClusterCapacityProviders",
                    json!({"cluster": "notes",
                "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}),
                ),
                create(json!({})),
                service(
                    "UpdateService",
                    json!({"capacityProviderStrategy": [
                {"capacityProvider": "FARGATE", "weight": 1}]}),
                ),
            ],
        ),
        row(
            "ecs/provider-known",
            [create(strategy(&json!([{"capacityProvider": "none", "weight": 1}])))],
        ),
        row(
            "ecs/strategy-weight",
            [create(strategy(&json!([{"capacityProvider": "FARGATE", "weight": 0}])))],
        ),
        row(
            "ecs/strategy-base",
            [create(strategy(&json!([
            {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
            {"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 1}])))],
        ),
    ]
}

fn clusters() -> Vec<Row> {
    let delete = || ecs("DeleteCluster", json!({"cluster": "notes"}));
    let no_role = json!({"taskRoleArn": "arn:aws:iam::111122223333:role/none"});
    vec![
        row("ecs/cluster-without-services", [create(json!({})), delete()]),
        row("ecs/cluster-without-tasks", [run("$definition"), delete()]),
        row("ecs/cluster-name", [ecs("CreateCluster", json!({"clusterName": "no such name"}))]),
        row("ecs/cluster-active", [create(json!({"cluster": "none"}))]),
        row(
            "ecs/role-assumable",
            [
                register(no_role, json!({})).keep("$new", "/taskDefinition/taskDefinitionArn"),
                run("$new"),
            ],
        ),
    ]
}

fn definitions() -> Vec<Row> {
    let of = |members: Value| register(members, json!({}));
    vec![
        row("ecs/fargate-size", [of(json!({"cpu": "256", "memory": "4096"}))]),
        row("ecs/fargate-awsvpc", [of(json!({"networkMode": "bridge"}))]),
        row("ecs/fargate-cpu", [of(json!({"cpu": null}))]),
        row("ecs/fargate-memory", [of(json!({"memory": null}))]),
        row("ecs/storage-size", [of(json!({"ephemeralStorage": {"sizeInGiB": 20}}))]),
        row("ecs/containers-given", [of(json!({"containerDefinitions": []}))]),
        row("ecs/family-name", [of(json!({"family": "no such name"}))]),
        row(
            "ecs/revision-given",
            [ecs("DeregisterTaskDefinition", json!({"taskDefinition": "web"}))],
        ),
    ]
}

fn containers() -> Vec<Row> {
    let one = |container: Value| register(json!({}), container);
    let without_role = |mut container: Value| {
        container["image"] = json!("nginx:latest");
        register(json!({"executionRoleArn": null}), container)
    };
    let secret = json!([{"name": "KEY", "valueFrom": "/key"}]);
    vec![
        row("ecs/container-names-unique", [register_two(json!({}), json!({"name": "web"}))]),
        row("ecs/ports-unique", [register_two(json!({}), json!({}))]),
        row("ecs/one-essential", [one(json!({"essential": false}))]),
        row(
            "ecs/dependency-exists",
            [one(json!({"dependsOn": [{"containerName": "no", "condition": "START"}]}))],
        ),
        row(
            "ecs/dependency-checked",
            [register_two(
                json!({"dependsOn": [{"containerName": "two", "condition": "HEALTHY"}]}),
                json!({"portMappings": []}),
            )],
        ),
        row(
            "ecs/dependency-may-end",
            [register_two(
                json!({"dependsOn": [{"containerName": "two", "condition": "SUCCESS"}]}),
                json!({"portMappings": []}),
            )],
        ),
        row("ecs/cpu-within-task", [one(json!({"cpu": 512}))]),
        row("ecs/memory-within-task", [one(json!({"memory": 1024}))]),
        row(
            "ecs/host-port-same",
            [one(json!({"portMappings": [{"containerPort": 3000, "hostPort": 3001}]}))],
        ),
        row(
            "ecs/role-for-registry",
            [register(json!({"executionRoleArn": null}), json!({"logConfiguration": null}))],
        ),
        row("ecs/role-for-logs", [without_role(json!({}))]),
        row(
            "ecs/role-for-secrets",
            [without_role(json!({"logConfiguration": null, "secrets": secret}))],
        ),
        row(
            "ecs/secret-names-unique",
            [one(json!({"secrets": secret, "environment": [{"name": "KEY", "value": "x"}]}))],
        ),
        row(
            "ecs/log-options",
            [one(json!({"logConfiguration": {"logDriver": "awslogs", "options": {}}}))],
        ),
        row("ecs/log-driver", [one(json!({"logConfiguration": {"logDriver": "json-file"}}))]),
    ]
}
