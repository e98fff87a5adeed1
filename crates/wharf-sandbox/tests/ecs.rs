//! ECS: what it refuses, and what it gives back.

use serde_json::{Value, json};

use crate::ecs_stage::{IMAGE, ROLE, Stage, definition, merged};

async fn refused(stage: &Stage, operation: &str, input: Value, code: &str, text: &str) {
    let answer = stage.ecs(operation, input.clone()).await;
    assert_eq!(answer.code(), code, "{input}");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(text), "{message} is not: {text}");
}

#[tokio::test(start_paused = true)]
async fn clusters_come_and_go() {
    let stage = Stage::new().await;
    let names = json!({"clusters": ["notes", "other"], "include": ["SETTINGS"]});
    let shown = stage.ecs("DescribeClusters", names).await.ok();
    assert_eq!(shown["clusters"][0]["status"], "ACTIVE");
    assert_eq!(shown["clusters"][0]["settings"][0]["value"], "disabled");
    assert_eq!(shown["failures"][0]["reason"], "MISSING");
    let settings = json!([{"name": "containerInsights", "value": "enhanced"}]);
    let update = json!({"cluster": "notes", "settings": settings});
    let shown = stage.ecs("UpdateCluster", update).await.ok();
    assert_eq!(shown["cluster"]["settings"][0]["value"], "enhanced");
    let text = "The specified capacity provider 'X' was not found";
    let strategy = json!([{"capacityProvider": "X", "weight": 1}]);
    let put = json!({"cluster": "notes", "capacityProviders": [], "defaultCapacityProviderStrategy": strategy});
    refused(&stage, "PutClusterCapacityProviders", put, "InvalidParameterException", text).await;
    let deleted = stage.ecs("DeleteCluster", json!({"cluster": "notes"})).await.ok();
    assert_eq!(deleted["cluster"]["status"], "INACTIVE");
    let shown = stage.ecs("DescribeClusters", json!({"clusters": ["notes"]})).await.ok();
    assert_eq!(shown["clusters"][0]["status"], "INACTIVE");
    let inactive = "The referenced cluster was inactive.";
    let list = json!({"cluster": "notes"});
    refused(&stage, "ListServices", list, "ClusterNotFoundException", inactive).await;
    let list = json!({"cluster": "other"});
    refused(&stage, "ListServices", list, "ClusterNotFoundException", "Cluster not found.").await;
    stage.ecs("CreateCluster", json!({"clusterName": "notes"})).await.ok();
    assert_eq!(
        stage.ecs("ListClusters", json!({})).await.ok()["clusterArns"][0],
        "arn:aws:ecs:eu-west-1:111122223333:cluster/notes"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cluster_with_a_service_stays() {
    let stage = Stage::new().await;
    let arn = stage.register("v1", json!({})).await;
    stage.create(&arn, json!({"desiredCount": 0})).await;
    let delete = json!({"cluster": "notes"});
    refused(&stage, "DeleteCluster", delete.clone(), "ClusterContainsServicesException", "").await;
    stage.ecs("DeleteService", json!({"cluster": "notes", "service": "web"})).await.ok();
    let network = stage.service(&arn, json!({}))["networkConfiguration"].clone();
    let run = json!({"cluster": "notes", "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": network});
    stage.ecs("RunTask", run).await.ok();
    stage.pass(10).await;
    refused(&stage, "DeleteCluster", delete, "ClusterContainsTasksException", "").await;
}

#[tokio::test(start_paused = true)]
async fn task_definitions_are_read_back_with_defaults() {
    let stage = Stage::new().await;
    let mut input = definition(
        "v1",
        json!({
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "healthCheck": {"command": ["CMD", "true"]},
            "command": [],
        }),
    );
    input["tags"] = json!([{"key": "wharf:app", "value": "notes"}]);
    input["cpu"] = json!(".25 vCPU");
    input["memory"] = json!("2GB");
    let made = stage.ecs("RegisterTaskDefinition", input).await.ok();
    assert_eq!(made["tags"][0]["key"], "wharf:app");
    let shown = &made["taskDefinition"];
    assert_eq!((&shown["cpu"], &shown["memory"]), (&json!("256"), &json!("2048")));
    assert_eq!(shown["revision"], 1);
    let container = &shown["containerDefinitions"][0];
    assert_eq!(container["cpu"], 0);
    assert_eq!(container["essential"], true);
    assert_eq!(
        container["portMappings"],
        json!([{"containerPort": 3000, "hostPort": 3000, "protocol": "tcp"}])
    );
    for member in ["mountPoints", "volumesFrom", "systemControls"] {
        assert_eq!(container[member], json!([]), "{member}");
    }
    assert_eq!(
        container["healthCheck"],
        json!({"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3})
    );
    assert_eq!(container["logConfiguration"]["secretOptions"], json!([]));
    assert!(container["command"].is_null());
    assert_eq!(shown["placementConstraints"], json!([]));
    assert_eq!(shown["volumes"], json!([]));
    assert!(shown["tags"].is_null(), "tags are beside the definition");
    let plain = stage.ecs("DescribeTaskDefinition", json!({"taskDefinition": "web"})).await.ok();
    assert_eq!(plain["tags"], json!([]), "tags only when asked for");
}

#[tokio::test(start_paused = true)]
async fn revisions_are_never_numbered_again() {
    let stage = Stage::new().await;
    let first = stage.register("v1", json!({})).await;
    let second = stage.register("v1", json!({})).await;
    assert!(first.ends_with("task-definition/web:1") && second.ends_with("web:2"));
    let delete = json!({"taskDefinitions": [second]});
    let early = stage.ecs("DeleteTaskDefinitions", delete.clone()).await.ok();
    assert_eq!(early["failures"][0]["arn"], second.as_str(), "an active one cannot be deleted");
    let gone = stage.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "web:2"})).await.ok();
    assert_eq!(gone["taskDefinition"]["status"], "INACTIVE");
    let newest = stage.ecs("DescribeTaskDefinition", json!({"taskDefinition": "web"})).await.ok();
    assert_eq!(newest["taskDefinition"]["revision"], 1);
    let list = json!({"familyPrefix": "web", "status": "INACTIVE"});
    assert_eq!(
        stage.ecs("ListTaskDefinitions", list).await.ok()["taskDefinitionArns"],
        json!([second])
    );
    let exact = stage.ecs("ListTaskDefinitions", json!({"familyPrefix": "we"})).await.ok();
    assert_eq!(exact["taskDefinitionArns"], json!([]), "the prefix is the whole family");
    let deleted = stage.ecs("DeleteTaskDefinitions", delete).await.ok();
    assert_eq!(deleted["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    let text = "Unable to describe task definition.";
    let missing = json!({"taskDefinition": "web:2"});
    refused(&stage, "DescribeTaskDefinition", missing, "ClientException", text).await;
    assert!(stage.register("v1", json!({})).await.ends_with("web:3"));
    let list = json!({"familyPrefix": "web", "sort": "DESC"});
    let list = stage.ecs("ListTaskDefinitions", list).await.ok();
    assert!(list["taskDefinitionArns"][0].as_str().unwrap().ends_with("web:3"));
}

#[tokio::test(start_paused = true)]
async fn bad_task_definitions_are_refused() {
    let stage = Stage::new().await;
    let whole = |members: Value| merged(definition("v1", json!({})), members);
    let of = |members: Value| definition("v1", members);
    let twice =
        json!([of(json!({}))["containerDefinitions"][0], of(json!({}))["containerDefinitions"][0]]);
    for (input, text) in [
        (whole(json!({"cpu": "256", "memory": "4096"})), "No Fargate configuration exists"),
        (whole(json!({"cpu": "8192", "memory": "17408"})), "No Fargate configuration exists"),
        (whole(json!({"cpu": "many"})), "Invalid 'cpu' setting for task."),
        (whole(json!({"cpu": null})), "Fargate requires that 'cpu' be defined"),
        (whole(json!({"networkMode": "bridge"})), "Fargate only supports network mode"),
        (whole(json!({"executionRoleArn": null})), "to support log driver awslogs"),
        (whole(json!({"containerDefinitions": []})), "Container list cannot be empty."),
        (whole(json!({"containerDefinitions": twice})), "must be unique"),
        (whole(json!({"executionRoleArn": "arn:aws:iam::1:user/x"})), "Role is not valid"),
        (whole(json!({"family": "a b"})), "Family contains invalid characters"),
        (whole(json!({"ephemeralStorage": {"sizeInGiB": 20}})), "between 21 GiB and 200 GiB"),
        (of(json!({"image": ""})), "Container.image should not be null or empty."),
        (of(json!({"name": "a.b"})), "Invalid container name"),
        (of(json!({"essential": false})), "must be essential"),
        (of(json!({"privileged": true})), "'privileged' is not supported"),
        (of(json!({"links": ["x"]})), "'links' is not supported"),
        (of(json!({"stopTimeout": 121})), "'stopTimeout' must be between 0 and 120"),
        (of(json!({"cpu": 512})), "exceeds the task's"),
        (of(json!({"memory": 1024})), "exceeds the task's"),
        (of(json!({"memory": 5})), "'memory' must be between 6"),
        (of(json!({"portMappings": [{"containerPort": 80, "hostPort": 81}]})), "must match"),
        (of(json!({"portMappings": [{"containerPort": 70000}]})), "between 1 and 65535"),
        (
            of(json!({"healthCheck": {"command": ["CMD", "x"], "interval": 4}})),
            "'interval' must be",
        ),
        (
            of(json!({"logConfiguration": {"logDriver": "json-file"}})),
            "only supports the log drivers",
        ),
        (
            of(json!({"logConfiguration": {"logDriver": "awslogs", "options": {}}})),
            "awslogs-stream-prefix",
        ),
        (
            of(json!({"environment": [{"name": "A", "value": ""}],
                "secrets": [{"name": "A", "valueFrom": "x"}]})),
            "The secret name must be unique",
        ),
        (
            of(json!({"dependsOn": [{"containerName": "x", "condition": "START"}]})),
            "does not exist",
        ),
    ] {
        refused(&stage, "RegisterTaskDefinition", input, "ClientException", text).await;
    }
    let plain = merged(
        definition("v1", json!({"logConfiguration": null})),
        json!({"executionRoleArn": null}),
    );
    let text = "to support ECR images";
    refused(&stage, "RegisterTaskDefinition", plain, "ClientException", text).await;
    let list = stage.ecs("ListTaskDefinitions", json!({})).await.ok();
    assert_eq!(list["taskDefinitionArns"], json!([]), "nothing refused was kept");
}

#[tokio::test(start_paused = true)]
async fn bad_services_are_refused() {
    let stage = Stage::new().await;
    let arn = stage.register("v1", json!({})).await;
    let with = |members: Value| stage.service(&arn, members);
    let network =
        |members: Value| json!({"networkConfiguration": {"awsvpcConfiguration": members}});
    let invalid = "InvalidParameterException";
    for (input, code, text) in [
        (with(json!({"serviceName": "a b"})), invalid, "Invalid service name"),
        (with(json!({"cluster": "x"})), "ClusterNotFoundException", "Cluster not found."),
        (with(json!({"taskDefinition": "x"})), "ClientException", "TaskDefinition not found."),
        (
            with(json!({"networkConfiguration": null})),
            invalid,
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (with(network(json!({"subnets": ["subnet-x"]}))), invalid, "'subnet-x' does not exist"),
        (
            with(network(json!({"subnets": stage.subnets, "securityGroups": ["sg-x"]}))),
            invalid,
            "'sg-x' does not exist",
        ),
        (with(json!({"desiredCount": null})), invalid, "desired count"),
        (
            with(json!({"healthCheckGracePeriodSeconds": 9})),
            invalid,
            "only valid for services configured",
        ),
        (with(json!({"platformVersion": "9"})), "PlatformUnknownException", "does not exist"),
        (with(json!({"schedulingStrategy": "DAEMON"})), invalid, "DAEMON"),
        (with(json!({"clientToken": "a b"})), invalid, "client token"),
        (
            with(
                json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}),
            ),
            invalid,
            "both a launch type and capacity provider strategy",
        ),
        (
            with(json!({"launchType": null,
                "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]})),
            invalid,
            "The specified capacity provider 'FARGATE_SPOT' was not found",
        ),
        (
            with(
                json!({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true}}}),
            ),
            invalid,
            "rollback",
        ),
    ] {
        refused(&stage, "CreateService", input, code, text).await;
    }
    stage.ecs("DeregisterTaskDefinition", json!({"taskDefinition": "web:1"})).await.ok();
    let text = "TaskDefinition is inactive";
    refused(&stage, "CreateService", with(json!({})), "ClientException", text).await;
    let missing =
        stage.ecs("DescribeServices", json!({"cluster": "notes", "services": ["web"]})).await.ok();
    assert_eq!(missing["failures"][0]["reason"], "MISSING");
    assert_eq!(missing["services"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn target_groups_are_checked_first() {
    let stage = Stage::new().await;
    let arn = stage.register("v1", json!({})).await;
    let group = stage.group("lonely").await;
    let balancer = |container: &str, port: u16, group: &str| {
        let balancer =
            json!({"targetGroupArn": group, "containerName": container, "containerPort": port});
        stage.service(&arn, json!({"loadBalancers": [balancer]}))
    };
    for (input, text) in [
        (balancer("web", 3000, &group), "does not have an associated load balancer."),
        (balancer("api", 3000, &group), "The container api does not exist in the task definition."),
        (
            balancer("web", 80, &group),
            "The container web did not have a container port 80 defined.",
        ),
        (balancer("web", 3000, "arn:x"), "target group does not exist"),
    ] {
        refused(&stage, "CreateService", input, "InvalidParameterException", text).await;
    }
    let group = stage.balance(5).await;
    stage.ecs("CreateService", balancer("web", 3000, &group)).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_service_is_read_back_with_defaults() {
    let stage = Stage::new().await;
    let arn = stage.register("v1", json!({})).await;
    let tags = json!([{"key": "wharf:app", "value": "notes"}]);
    stage.create(&arn, json!({"tags": tags})).await;
    let web = stage.web().await;
    assert_eq!(
        web["deploymentConfiguration"],
        json!({
            "deploymentCircuitBreaker": {"enable": false, "rollback": false},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
        })
    );
    for (member, expected) in [
        ("platformVersion", json!("LATEST")),
        ("platformFamily", json!("Linux")),
        ("launchType", json!("FARGATE")),
        ("schedulingStrategy", json!("REPLICA")),
        ("propagateTags", json!("NONE")),
        ("availabilityZoneRebalancing", json!("ENABLED")),
        ("deploymentController", json!({"type": "ECS"})),
        ("healthCheckGracePeriodSeconds", json!(0)),
        ("enableExecuteCommand", json!(false)),
        ("loadBalancers", json!([])),
        ("placementStrategy", json!([])),
        ("tags", tags),
    ] {
        assert_eq!(web[member], expected, "{member}");
    }
    assert!(web["capacityProviderStrategy"].is_null());
    let network = &web["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(network["securityGroups"].as_array().unwrap().len(), 1, "the VPC's default group");
    let plain = json!({"cluster": "notes", "services": [web["serviceArn"]]});
    let plain = stage.ecs("DescribeServices", plain).await.ok();
    assert!(plain["services"][0]["tags"].is_null(), "tags only when asked for");
    assert_eq!(web["deployments"][0]["status"], "PRIMARY");
    assert_eq!(web["deployments"][0]["rolloutState"], "IN_PROGRESS");
}

#[tokio::test(start_paused = true)]
async fn a_service_is_made_once() {
    let stage = Stage::new().await;
    let arn = stage.register("v1", json!({})).await;
    let made = stage.create(&arn, json!({"clientToken": "t1"})).await;
    let again = stage.create(&arn, json!({"clientToken": "t1"})).await;
    assert_eq!(again["createdAt"], made["createdAt"]);
    let other = stage.service(&arn, json!({"desiredCount": 2, "clientToken": "t2"}));
    let text = "Creation of service was not idempotent.";
    refused(&stage, "CreateService", other, "InvalidParameterException", text).await;
    let eleven: Vec<String> = (0..11).map(|at| format!("s{at}")).collect();
    let many = json!({"cluster": "notes", "services": eleven});
    let text = "more than 10";
    refused(&stage, "DescribeServices", many, "InvalidParameterException", text).await;
    let unknown = json!({"cluster": "notes", "service": "x"});
    refused(&stage, "UpdateService", unknown.clone(), "ServiceNotFoundException", "").await;
    refused(&stage, "DeleteService", unknown, "ServiceNotFoundException", "").await;
}

#[tokio::test(start_paused = true)]
async fn services_are_listed_in_pages() {
    let stage = Stage::new().await;
    let arn = stage.register("v1", json!({})).await;
    for at in 0..12 {
        let input = json!({"serviceName": format!("s{at:02}"), "desiredCount": 0});
        stage.create(&arn, input).await;
    }
    let first = stage.ecs("ListServices", json!({"cluster": "notes"})).await.ok();
    assert_eq!(first["serviceArns"].as_array().unwrap().len(), 10);
    let next = json!({"cluster": "notes", "nextToken": first["nextToken"]});
    let next = stage.ecs("ListServices", next).await.ok();
    assert_eq!(next["serviceArns"].as_array().unwrap().len(), 2);
    assert!(next["nextToken"].is_null());
}

#[tokio::test(start_paused = true)]
async fn tags_are_changed_apart() {
    let stage = Stage::new().await;
    let arn = stage.register("v1", json!({})).await;
    let web = stage.create(&arn, json!({"desiredCount": 0})).await;
    for arn in [&web["serviceArn"], &web["clusterArn"], &json!(arn)] {
        let tags = json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]);
        stage.ecs("TagResource", json!({"resourceArn": arn, "tags": tags})).await.ok();
        stage.ecs("UntagResource", json!({"resourceArn": arn, "tagKeys": ["b"]})).await.ok();
        let list = stage.ecs("ListTagsForResource", json!({"resourceArn": arn})).await.ok();
        assert_eq!(list["tags"], json!([{"key": "a", "value": "1"}]), "{arn}");
    }
    let bad = json!({"resourceArn": web["serviceArn"], "tags": [{"key": "aws:x", "value": ""}]});
    refused(&stage, "TagResource", bad, "InvalidParameterException", "reserved").await;
}

#[tokio::test(start_paused = true)]
async fn roles_may_be_named_and_images_need_not_exist_yet() {
    let stage = Stage::new().await;
    let input = merged(definition("nope", json!({})), json!({"executionRoleArn": "notes-exec"}));
    let made = stage.ecs("RegisterTaskDefinition", input).await.ok();
    assert_eq!(made["taskDefinition"]["executionRoleArn"], ROLE);
    let image = &made["taskDefinition"]["containerDefinitions"][0]["image"];
    assert_eq!(image, &format!("{IMAGE}:nope"));
}
