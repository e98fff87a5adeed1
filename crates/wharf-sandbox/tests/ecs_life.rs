//! ECS: what tasks and services go through.

use serde_json::{Value, json};
use wharf_sandbox::image::App;

use crate::{
    common::json,
    ecs_stage::{IMAGE, Stage, answering, definition, events, merged, on, open, steady, told},
};

#[tokio::test(start_paused = true)]
async fn a_task_goes_all_the_way() {
    let stage = Stage::new().await;
    let digest = stage.push("v2", App { log: vec!["listening".to_owned()], ..App::default() });
    let arn = stage.register("v2", json!({})).await;
    stage.create(&arn, json!({})).await;
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..60 {
        for task in stage.tasks("RUNNING").await {
            let status = task["lastStatus"].as_str().unwrap().to_owned();
            if seen.last() != Some(&status) {
                seen.push(status);
            }
        }
        stage.pass(1).await;
    }
    assert_eq!(seen, ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"]);
    let task = &stage.tasks("RUNNING").await[0];
    assert_eq!(task["containers"][0]["imageDigest"], digest.as_str());
    assert_eq!(task["attachments"][0]["status"], "ATTACHED");
    let id = task["taskArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let input = json!({"logGroupName": "/notes/web", "logStreamName": format!("web/web/{id}")});
    let log = json(&stage.sandbox, "logs", "GetLogEvents", input).await.ok();
    assert_eq!(log["events"][0]["message"], "listening");

    let web = stage.until(steady).await;
    assert!(told(&web, "(service web) has started 1 tasks: (task "));
    assert!(told(&web, "deployment completed."));
    assert!(events(&web)[0].ends_with("has reached a steady state."), "{web}");
    let list = json!({"cluster": "notes", "service": "web"});
    let list = stage.ecs("ListServiceDeployments", list).await.ok();
    assert_eq!(list["serviceDeployments"][0]["status"], "SUCCESSFUL");
    let revision = &list["serviceDeployments"][0]["targetServiceRevisionArn"];
    let revision = json!({"serviceRevisionArns": [revision]});
    let revision = stage.ecs("DescribeServiceRevisions", revision).await.ok();
    let image = &revision["serviceRevisions"][0]["containerImages"][0];
    assert_eq!(image["imageDigest"], digest.as_str());

    let stop = json!({"cluster": "notes", "task": id, "reason": "because"});
    stage.ecs("StopTask", stop).await.ok();
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..30 {
        let tasks = stage.tasks("STOPPED").await;
        let status = tasks[0]["lastStatus"].as_str().unwrap().to_owned();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        stage.pass(1).await;
    }
    assert_eq!(seen, ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]);
    let task = &stage.tasks("STOPPED").await[0];
    assert_eq!(
        (&task["stopCode"], &task["stoppedReason"]),
        (&json!("UserInitiated"), &json!("because"))
    );
    assert_eq!(task["containers"][0]["exitCode"], 143);
    assert_eq!(stage.tasks("RUNNING").await.len(), 1, "another one takes its place");
    stage.pass(3700).await;
    assert!(stage.tasks("STOPPED").await.is_empty(), "stopped tasks are forgotten");
}

#[tokio::test(start_paused = true)]
async fn targets_become_healthy_and_drain() {
    let stage = Stage::new().await;
    let group = stage.balance(20).await;
    open(&stage).await;
    stage.push("v2", answering(200));
    let arn = stage.register("v2", json!({})).await;
    stage.create(&arn, json!({"desiredCount": 2, "loadBalancers": on(&group)})).await;
    let web = stage.until(steady).await;
    assert!(told(&web, "registered 1 targets in (target-group "));
    let health = |stage: &Stage| {
        stage.sandbox.with_world(|world| {
            let targets = &world.target_group("eu-west-1", &group).unwrap().targets;
            let word = |it: &wharf_sandbox::services::elbv2::state::RegisteredTarget| {
                it.health.state.as_str()
            };
            targets.values().map(word).collect::<Vec<_>>()
        })
    };
    assert_eq!(health(&stage), ["healthy", "healthy"]);
    stage.update(json!({"desiredCount": 1})).await;
    stage.pass(10).await;
    let mut states = health(&stage);
    states.sort_unstable();
    assert_eq!(states, ["draining", "healthy"]);
    let web = stage.web().await;
    assert!(told(&web, "has begun draining connections on 1 tasks."));
    assert_eq!(web["deployments"].as_array().unwrap().len(), 1, "scaling is no deployment");
    let stopping = &stage.tasks("STOPPED").await[0];
    assert_eq!(stopping["lastStatus"], "DEACTIVATING");
    assert_eq!(stopping["stopCode"], "ServiceSchedulerInitiated");
    stage.pass(40).await;
    assert_eq!(health(&stage), ["healthy"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_named() {
    let stage = Stage::new().await;
    let ssm = json!([{"name": "A", "valueFrom": "/nowhere"}]);
    let asm = json!([{"name": "A",
        "valueFrom": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:none-AbCdEf"}]);
    let mut nolog =
        definition("v1", json!({}))["containerDefinitions"][0]["logConfiguration"].clone();
    nolog["options"]["awslogs-group"] = json!("/nowhere");
    let arm = json!({"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"});
    let network = |public: &str, groups: Vec<String>| {
        json!({"networkConfiguration": {
        "awsvpcConfiguration": {"subnets": stage.subnets, "assignPublicIp": public,
            "securityGroups": groups}}})
    };
    for (at, (container, task, service, text)) in [
        (
            json!({"secrets": ssm}),
            json!({}),
            json!({}),
            "not authorized to perform: ssm:GetParameters",
        ),
        (
            json!({"secrets": asm}),
            json!({}),
            json!({}),
            "not authorized to perform: secretsmanager:GetSecretValue",
        ),
        (
            json!({"logConfiguration": nolog}),
            json!({}),
            json!({}),
            "The specified log group does not exist.",
        ),
        (json!({}), json!({"runtimePlatform": arm}), json!({}), "matching platform 'linux/arm64'"),
        (
            json!({}),
            json!({}),
            network("DISABLED", vec![]),
            "There is a connection issue between the task and Amazon ECR",
        ),
        (
            json!({"image": "nobody/nothing:1"}),
            json!({}),
            json!({}),
            "pull access denied for nobody/nothing",
        ),
        (
            json!({"image": "nginx:1"}),
            json!({}),
            network("DISABLED", vec![]),
            "CannotPullContainerError: pull image manifest has been retried",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let input = merged(definition("v1", container), task);
        let made = stage.ecs("RegisterTaskDefinition", input).await.ok();
        let arn = made["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned();
        let name = format!("s{at}");
        stage.create(&arn, merged(service, json!({"serviceName": name}))).await;
        stage.pass(110).await;
        let input = json!({"cluster": "notes", "serviceName": name, "desiredStatus": "STOPPED"});
        let arns = stage.ecs("ListTasks", input).await.ok()["taskArns"].clone();
        let input = json!({"cluster": "notes", "tasks": arns});
        let task = stage.ecs("DescribeTasks", input).await.ok()["tasks"][0].clone();
        assert_eq!(task["stopCode"], "TaskFailedToStart");
        let reason = task["stoppedReason"].as_str().unwrap();
        assert!(reason.contains(text), "{reason} is not: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_cannot_be_assumed_is_tried_again() {
    let stage = Stage::new().await;
    let role = "arn:aws:iam::111122223333:role/later";
    let input = merged(definition("v1", json!({})), json!({"taskRoleArn": role}));
    let made = stage.ecs("RegisterTaskDefinition", input).await.ok();
    let arn = made["taskDefinition"]["taskDefinitionArn"].as_str().unwrap();
    stage.create(arn, json!({})).await;
    stage.pass(60).await;
    let web = stage.web().await;
    let text =
        format!("ECS was unable to assume the role '{role}' that was provided for this task.");
    assert!(told(&web, &text), "{web:#}");
    assert_eq!(web["events"].as_array().unwrap().len(), 1, "the same event is not repeated");
    assert!(stage.tasks("STOPPED").await.is_empty());
    stage.sandbox.with_world(|world| {
        let roles = &mut world.global.iam.roles;
        let mut made = roles["notes-exec"].clone();
        (made.name, made.arn) = ("later".to_owned(), role.to_owned());
        roles.insert("later".to_owned(), made);
    });
    stage.until(steady).await;
}

#[tokio::test(start_paused = true)]
async fn applications_that_end_say_why() {
    let stage = Stage::new().await;
    stage.push("hungry", App { memory_mib: 1024, ..App::default() });
    stage.push("needy", App { requires: vec!["DATABASE_URL".to_owned()], ..App::default() });
    let network = stage.service("x", json!({}))["networkConfiguration"].clone();
    let run = |definition: String, overrides: Value| {
        json!({"cluster": "notes", "taskDefinition": definition, "launchType": "FARGATE",
            "networkConfiguration": network, "overrides": overrides, "startedBy": "test"})
    };
    let hungry = stage.register("hungry", json!({})).await;
    let needy = stage.register("needy", json!({})).await;
    let set = json!({"containerOverrides": [{"name": "web",
        "environment": [{"name": "DATABASE_URL", "value": "x"}]}]});
    for (definition, overrides) in [(hungry, json!({})), (needy.clone(), json!({})), (needy, set)] {
        stage.ecs("RunTask", run(definition, overrides)).await.ok();
    }
    stage.pass(60).await;
    let stopped = stage.tasks("STOPPED").await;
    assert_eq!(stopped[0]["containers"][0]["exitCode"], 137);
    let reason = &stopped[0]["containers"][0]["reason"];
    assert_eq!(reason, "OutOfMemoryError: Container killed due to memory usage");
    assert_eq!(stopped[1]["containers"][0]["exitCode"], 1);
    let id = stopped[1]["taskArn"].as_str().unwrap().rsplit('/').next().unwrap();
    let input = json!({"logGroupName": "/notes/web", "logStreamName": format!("web/web/{id}")});
    let log = json(&stage.sandbox, "logs", "GetLogEvents", input).await.ok();
    assert_eq!(log["events"][0]["message"], "error: DATABASE_URL is not set");
    let running = stage.tasks("RUNNING").await;
    assert_eq!(running.len(), 1, "the override sets what it needs");
    assert_eq!(running[0]["startedBy"], "test");
    assert_eq!(running[0]["group"], "family:web");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_service_drains_first() {
    let stage = Stage::new().await;
    let arn = stage.register("v1", json!({})).await;
    stage.create(&arn, json!({})).await;
    stage.until(steady).await;
    let delete = json!({"cluster": "notes", "service": "web"});
    let refused = stage.ecs("DeleteService", delete.clone()).await;
    assert_eq!(refused.code(), "InvalidParameterException");
    assert!(refused.body.contains("The service cannot be stopped while it is scaled above 0."));
    let forced = merged(delete.clone(), json!({"force": true}));
    let web = stage.ecs("DeleteService", forced).await.ok()["service"].clone();
    assert_eq!(web["status"], "DRAINING");
    let list = stage.ecs("ListServices", json!({"cluster": "notes"})).await.ok();
    assert_eq!(list["serviceArns"], json!([]));
    let again = stage.ecs("CreateService", stage.service(&arn, json!({}))).await;
    assert!(again.body.contains("Unable to Start a service that is still Draining."));
    let update = stage.ecs("UpdateService", delete.clone()).await;
    assert_eq!(update.code(), "ServiceNotActiveException");
    let cluster = stage.ecs("DeleteCluster", json!({"cluster": "notes"})).await;
    assert_eq!(cluster.code(), "ClusterContainsServicesException");
    stage.until(|web| web["status"] == "INACTIVE").await;
    assert!(stage.tasks("RUNNING").await.is_empty());
    let interfaces = stage.sandbox.with_world(|world| {
        let ec2 = &world.regions["eu-west-1"].ec2;
        ec2.interfaces.values().filter(|eni| eni.description.contains(":ecs:")).count()
    });
    assert_eq!(interfaces, 0, "the tasks' interfaces are gone");
    assert_eq!(stage.ecs("DeleteService", delete).await.code(), "ServiceNotFoundException");
    stage.create(&arn, json!({})).await;
    stage.until(steady).await;
}

#[tokio::test(start_paused = true)]
async fn later_tasks_get_the_digest_of_the_first() {
    let stage = Stage::new().await;
    let arn = stage.register("v1", json!({})).await;
    stage.create(&arn, json!({})).await;
    stage.until(steady).await;
    let before = stage.tasks("RUNNING").await[0]["containers"][0]["imageDigest"].clone();
    let moved = stage.push("v1", App { startup_seconds: 9, ..App::default() });
    stage.update(json!({"desiredCount": 2})).await;
    stage.pass(60).await;
    for task in stage.tasks("RUNNING").await {
        assert_eq!(
            task["containers"][0]["imageDigest"], before,
            "the tag moved, the tasks did not"
        );
    }
    stage.update(json!({"forceNewDeployment": true})).await;
    stage.pass(200).await;
    for task in stage.tasks("RUNNING").await {
        assert_eq!(task["containers"][0]["imageDigest"], moved.as_str());
    }
}

/// Registers a second container `two` beside `web`, and runs a service of both.
async fn beside(stage: &Stage, two: Value, web: Value) {
    let mut input = definition("v2", web);
    let mut second = input["containerDefinitions"][0].clone();
    second["name"] = json!("two");
    second["portMappings"] = json!([]);
    second["dependsOn"] = json!([]);
    let second = merged(second, two);
    input["containerDefinitions"].as_array_mut().unwrap().push(second);
    let made = stage.ecs("RegisterTaskDefinition", input).await.ok();
    let arn = made["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned();
    stage.create(&arn, json!({})).await;
}

fn statuses(task: &Value) -> Vec<(&str, &str)> {
    let containers = task["containers"].as_array().unwrap().iter();
    containers
        .map(|it| (it["name"].as_str().unwrap(), it["lastStatus"].as_str().unwrap()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_container_waits_for_the_end_of_another() {
    let stage = Stage::new().await;
    stage.push("v2", App::default());
    let once = App { exit_code: Some(0), exit_after_seconds: 40, ..App::default() };
    stage.push("once", once);
    let waits = json!({"dependsOn": [{"containerName": "two", "condition": "SUCCESS"}]});
    let image = format!("{IMAGE}:once");
    beside(&stage, json!({"image": image, "essential": false}), waits).await;
    stage.pass(50).await;
    let task = &stage.tasks("RUNNING").await[0];
    assert_eq!(task["lastStatus"], "ACTIVATING");
    assert_eq!(statuses(task), [("web", "PENDING"), ("two", "RUNNING")]);
    stage.pass(30).await;
    let task = &stage.tasks("RUNNING").await[0];
    assert_eq!(task["lastStatus"], "RUNNING");
    assert_eq!(statuses(task), [("web", "RUNNING"), ("two", "STOPPED")]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_waits_in_vain_stops_the_task() {
    let stage = Stage::new().await;
    stage.push("v2", App::default());
    let fails = App { exit_code: Some(1), exit_after_seconds: 5, ..App::default() };
    stage.push("fails", fails);
    let waits = json!({"dependsOn": [{"containerName": "two", "condition": "SUCCESS"}]});
    let image = format!("{IMAGE}:fails");
    beside(&stage, json!({"image": image, "essential": false}), waits).await;
    stage.pass(240).await;
    assert_eq!(stage.tasks("STOPPED").await[0]["stopCode"], "TaskFailedToStart");
}

#[tokio::test(start_paused = true)]
async fn an_essential_container_beside_takes_the_task_with_it() {
    let stage = Stage::new().await;
    stage.push("v2", App::default());
    let ends = App { exit_code: Some(3), exit_after_seconds: 60, ..App::default() };
    stage.push("ends", ends);
    beside(&stage, json!({"image": format!("{IMAGE}:ends")}), json!({})).await;
    stage.pass(60).await;
    assert_eq!(stage.tasks("RUNNING").await[0]["lastStatus"], "RUNNING");
    stage.pass(60).await;
    let task = &stage.tasks("STOPPED").await[0];
    assert_eq!(task["stopCode"], "EssentialContainerExited");
    assert_eq!(task["containers"][1]["exitCode"], 3);
}
