//! What ECS refuses of a request by itself.

use serde_json::{Value, json};
use wharf_sandbox::world::World;

use super::{
    Row, arrange,
    ecs::{create, ecs, place, register, service},
    row, wait,
};

pub(super) fn rows() -> Vec<Row> {
    [services(), balancers(), lookups(), deployments(), definitions(), containers()]
        .into_iter()
        .flatten()
        .collect()
}

/// Refused when the service `web` is created with these members.
fn made(rule: &'static str, members: Value) -> Row {
    row(rule, [create(members)])
}

/// Refused when a task definition is registered with these members.
fn task(rule: &'static str, members: Value) -> Row {
    row(rule, [register(members, json!({}))])
}

/// Refused when the container has these members.
fn one(rule: &'static str, container: Value) -> Row {
    row(rule, [register(json!({}), container)])
}

fn numbered(prefix: &str, count: u32) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

fn services() -> Vec<Row> {
    let six = numbered("sg-", 6);
    let six: Vec<&str> = six.iter().map(String::as_str).collect();
    let items = vec![json!({"capacityProvider": "FARGATE", "weight": 1}); 21];
    vec![
        made("ecs/definition-given", json!({"taskDefinition": null})),
        made("ecs/no-service-role", json!({"role": "notes-exec"})),
        made("ecs/desired-given", json!({"desiredCount": null})),
        made("ecs/replica-only", json!({"schedulingStrategy": "DAEMON"})),
        made("ecs/no-placement", json!({"placementStrategy": [{"type": "random"}]})),
        made("ecs/simulated", json!({"deploymentController": {"type": "CODE_DEPLOY"}})),
        made("ecs/exec-needs-role", json!({"enableExecuteCommand": true})),
        made("ecs/token-form", json!({"clientToken": "a b"})),
        made("ecs/subnets-count", json!({"networkConfiguration": place(&[], &[])})),
        made("ecs/groups-count", json!({"networkConfiguration": place(&["$a"], &six)})),
        made("ecs/strategy-size", json!({"launchType": null, "capacityProviderStrategy": items})),
    ]
}

fn balancers() -> Vec<Row> {
    let on = |members: Value| json!({"loadBalancers": [members]});
    let (group, port) = ("$tg", 3000);
    let six = vec![json!({"targetGroupArn": group, "containerName": "web"}); 6];
    vec![
        made("ecs/five-target-groups", json!({"loadBalancers": six})),
        made("ecs/no-classic-balancer", on(json!({"loadBalancerName": "x"}))),
        made("ecs/target-group-given", on(json!({"containerName": "web", "containerPort": port}))),
        made(
            "ecs/balanced-container-given",
            on(json!({"targetGroupArn": group, "containerPort": port})),
        ),
        made(
            "ecs/balanced-port-given",
            on(json!({"targetGroupArn": group, "containerName": "web"})),
        ),
    ]
}

fn lookups() -> Vec<Row> {
    let of = |operation: &'static str, members: Value| {
        ecs(operation, crate::ecs_stage::merged(json!({"cluster": "notes"}), members))
    };
    let tags = |resource: &str| {
        let arn = format!("arn:aws:ecs:eu-west-1:111122223333:{resource}");
        ecs("ListTagsForResource", json!({"resourceArn": arn}))
    };
    let deregister = || ecs("DeregisterTaskDefinition", json!({"taskDefinition": "$definition"}));
    let run = |members: Value| {
        let base = json!({
            "taskDefinition": "$definition", "launchType": "FARGATE",
            "networkConfiguration": place(&["$a"], &[]),
        });
        of("RunTask", crate::ecs_stage::merged(base, members))
    };
    let eleven = numbered("t", 11);
    let execute = |task: &str, members: Value| {
        let base = json!({"task": task, "command": "ls", "interactive": true});
        of("ExecuteCommand", crate::ecs_stage::merged(base, members))
    };
    let started = || run(json!({})).keep("$task", "/tasks/0/taskArn");
    // Nothing else lets an agent run that has lost its connection.
    let forgets = |world: &mut World| {
        for task in world.regions.get_mut("eu-west-1").unwrap().ecs.tasks.values_mut() {
            task.agent = Some("RUNNING".to_owned());
        }
    };
    vec![
        row("ecs/exec-interactive", [execute("none", json!({"interactive": false}))]),
        row("ecs/exec-task", [execute("none", json!({}))]),
        row("ecs/exec-container", [started(), execute("$task", json!({"container": "none"}))]),
        row("ecs/exec-enabled", [started(), wait(120), execute("$task", json!({}))]),
        row(
            "ecs/exec-connected",
            [started(), wait(120), arrange(forgets), execute("$task", json!({}))],
        ),
        row("ecs/services-given", [of("DescribeServices", json!({"services": []}))]),
        row("ecs/page-token", [of("ListServices", json!({"nextToken": "none"}))]),
        row("ecs/service-exists", [of("ListTasks", json!({"serviceName": "none"}))]),
        row(
            "ecs/definition-found",
            [ecs("DescribeTaskDefinition", json!({"taskDefinition": "none"}))],
        ),
        row("ecs/deregistered-once", [deregister(), deregister()]),
        row("ecs/ten-definitions", [ecs("DeleteTaskDefinitions", json!({"taskDefinitions": []}))]),
        row(
            "ecs/hundred-clusters",
            [ecs("DescribeClusters", json!({"clusters": numbered("c", 101)}))],
        ),
        row("ecs/tasks-count", [of("DescribeTasks", json!({"tasks": []}))]),
        row("ecs/task-exists", [of("StopTask", json!({"task": "none"}))]),
        row("ecs/resource-arn", [tags("none")]),
        row("ecs/tagged-exists", [tags("task-definition/none:1")]),
        row(
            "ecs/protected-count",
            [of("UpdateTaskProtection", json!({"tasks": eleven, "protectionEnabled": true}))],
        ),
        row("ecs/instances-given", [run(json!({"launchType": "EC2"}))]),
        row(
            "ecs/override-container",
            [run(json!({"overrides": {"containerOverrides": [{"name": "none"}]}}))],
        ),
    ]
}

fn deployments() -> Vec<Row> {
    let stop = |arn: &str| ecs("StopServiceDeployment", json!({"serviceDeploymentArn": arn}));
    let none = "arn:aws:ecs:eu-west-1:111122223333:service-deployment/notes/none/x";
    let list = service("ListServiceDeployments", json!({}));
    let providers = |names: &[&str]| {
        ecs(
            "PutClusterCapacityProviders",
            json!({
                "cluster": "notes", "capacityProviders": names,
                "defaultCapacityProviderStrategy": [],
            }),
        )
    };
    let strategy = json!([{"capacityProvider": "FARGATE", "weight": 1}]);
    let spread = create(json!({"launchType": null, "capacityProviderStrategy": strategy}));
    vec![
        row(
            "ecs/stop-type",
            [ecs(
                "StopServiceDeployment",
                json!({"serviceDeploymentArn": none, "stopType": "ABORT"}),
            )],
        ),
        row(
            "ecs/deployments-count",
            [ecs("DescribeServiceDeployments", json!({"serviceDeploymentArns": []}))],
        ),
        row("ecs/deployment-exists", [stop(none)]),
        row(
            "ecs/deployment-running",
            [
                create(json!({"desiredCount": 0})),
                wait(600),
                list.keep("$deployment", "/serviceDeployments/0/serviceDeploymentArn"),
                stop("$deployment"),
            ],
        ),
        row("ecs/provider-unused", [providers(&["FARGATE"]), spread, providers(&[])]),
    ]
}

fn definitions() -> Vec<Row> {
    let eleven: Vec<Value> = (0..11).map(|number| json!({"name": format!("c{number}")})).collect();
    let volume = json!([{"name": "v", "host": {"sourcePath": "/v"}}]);
    let long = json!({"environment": [{"name": "LONG", "value": "x".repeat(70_000)}]});
    vec![
        task("ecs/ten-containers", json!({"containerDefinitions": eleven})),
        one("ecs/definition-size", long),
        task("ecs/task-units", json!({"cpu": "many"})),
        task("ecs/fargate-task", json!({"ipcMode": "host"})),
        task("ecs/fargate-volumes", json!({"volumes": volume})),
        task("ecs/role-form", json!({"taskRoleArn": "arn:aws:s3:::x"})),
    ]
}

fn containers() -> Vec<Row> {
    let file = json!({"value": "arn:aws:s3:::bucket/file", "type": "s3"});
    let added = json!({"capabilities": {"add": ["NET_ADMIN"]}});
    let port = |members: Value| json!({"portMappings": [members]});
    let check = |members: Value| json!({"healthCheck": members});
    vec![
        one("ecs/container-name", json!({"name": "no such name"})),
        one("ecs/container-image", json!({"image": "no such image"})),
        one("ecs/container-numbers", json!({"stopTimeout": 121})),
        one("ecs/memory-reservation", json!({"memory": 100, "memoryReservation": 200})),
        one("ecs/environment-files", json!({"environmentFiles": vec![file; 11]})),
        one("ecs/fargate-container", json!({"privileged": true})),
        one("ecs/fargate-capability", json!({"linuxParameters": added})),
        one("ecs/port-name", port(json!({"containerPort": 3000, "name": "No"}))),
        one("ecs/container-port", port(json!({"containerPort": 70_000}))),
        one("ecs/environment-name", json!({"environment": [{"name": "", "value": "x"}]})),
        one("ecs/secret-source", json!({"secrets": [{"name": "KEY", "valueFrom": ""}]})),
        one("ecs/check-command", check(json!({"command": []}))),
        one("ecs/check-numbers", check(json!({"command": ["CMD", "true"], "interval": 4}))),
    ]
}
