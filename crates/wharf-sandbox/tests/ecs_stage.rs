//! What a service needs around it, and the requests that the tests of ECS share.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use wharf_sandbox::{Options, Sandbox, image::App};

use crate::common::{Answer, json, query};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const EXECUTION: &str = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/notes-exec";
pub(crate) const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/notes/api";

/// A sandbox with what tasks need: a cluster, a role, a log group and an image `v1`.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) subnets: Vec<String>,
    pub(crate) vpc: String,
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let options = Options { images_appear: false, ..Options::default() };
        let sandbox = Sandbox::in_memory(options);
        let repository = json!({"repositoryName": "notes/api"});
        json(&sandbox, "ecr", "CreateRepository", repository).await.ok();
        json(&sandbox, "logs", "CreateLogGroup", json!({"logGroupName": "/notes/web"})).await.ok();
        let form = format!("RoleName=notes-exec&AssumeRolePolicyDocument={}", encoded(TRUST));
        query(&sandbox, "iam", "CreateRole", &form).await;
        let form = format!("RoleName=notes-exec&PolicyArn={}", encoded(EXECUTION));
        query(&sandbox, "iam", "AttachRolePolicy", &form).await;
        tokio::time::sleep(Duration::from_mins(1)).await;
        let (vpc, subnets) = sandbox.with_world(|world| {
            let ec2 = &world.regions["eu-west-1"].ec2;
            let vpc = ec2.vpcs.values().find(|vpc| vpc.is_default).unwrap().id.clone();
            let mut subnets: Vec<_> = ec2.subnets.values().filter(|it| it.vpc == vpc).collect();
            subnets.sort_by_key(|subnet| &subnet.zone);
            let subnets = subnets.iter().map(|subnet| subnet.id.clone()).collect();
            (vpc, subnets)
        });
        let stage = Self { sandbox, subnets, vpc };
        stage.push("v1", App::default());
        stage.ecs("CreateCluster", json!({"clusterName": "notes"})).await.ok();
        stage
    }

    /// Pushes an image whose application does as described.
    pub(crate) fn push(&self, tag: &str, app: App) -> String {
        let platforms = ["amd64".to_owned()];
        self.sandbox.with_world(|world| {
            world.push_image("eu-west-1", "notes/api", tag, &platforms, app).unwrap()
        })
    }

    pub(crate) async fn ecs(&self, operation: &str, input: Value) -> Answer {
        json(&self.sandbox, "ecs", operation, input).await
    }

    /// Registers a task definition that logs and maps port 3000, with members of the container
    /// added or replaced, and returns its ARN.
    pub(crate) async fn register(&self, tag: &str, members: Value) -> String {
        let answer = self.ecs("RegisterTaskDefinition", definition(tag, members)).await.ok();
        answer["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned()
    }

    /// Returns the input that creates the service `web` with a task definition, members added or
    /// replaced.
    pub(crate) fn service(&self, definition: &str, members: Value) -> Value {
        let network = json!({"awsvpcConfiguration": {
            "subnets": self.subnets, "assignPublicIp": "ENABLED",
        }});
        let input = json!({
            "cluster": "notes",
            "serviceName": "web",
            "taskDefinition": definition,
            "desiredCount": 1,
            "launchType": "FARGATE",
            "networkConfiguration": network,
        });
        merged(input, members)
    }

    pub(crate) async fn create(&self, definition: &str, members: Value) -> Value {
        self.ecs("CreateService", self.service(definition, members)).await.ok()["service"].clone()
    }

    pub(crate) async fn update(&self, members: Value) -> Value {
        let input = merged(json!({"cluster": "notes", "service": "web"}), members);
        self.ecs("UpdateService", input).await.ok()["service"].clone()
    }

    /// Describes the service `web`.
    pub(crate) async fn web(&self) -> Value {
        let input = json!({"cluster": "notes", "services": ["web"], "include": ["TAGS"]});
        self.ecs("DescribeServices", input).await.ok()["services"][0].clone()
    }

    /// Describes the tasks that shall run, or those that shall not.
    pub(crate) async fn tasks(&self, desired: &str) -> Vec<Value> {
        let input = json!({"cluster": "notes", "desiredStatus": desired});
        let arns = self.ecs("ListTasks", input).await.ok()["taskArns"].clone();
        if arns == json!([]) {
            return Vec::new();
        }
        let input = json!({"cluster": "notes", "tasks": arns});
        self.ecs("DescribeTasks", input).await.ok()["tasks"].as_array().unwrap().clone()
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// Lets time pass until the service is as wanted; fails after twenty minutes.
    pub(crate) async fn until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut web = Value::Null;
        for _ in 0..600 {
            web = self.web().await;
            if wanted(&web) {
                return web;
            }
            self.pass(2).await;
        }
        panic!("it never was: {web:#}");
    }

    /// Makes a balancer that forwards port 80 to a new target group, whose ARN is returned.
    pub(crate) async fn balance(&self, delay: u32) -> String {
        let subnets = &self.subnets;
        let form = format!(
            "Name=web&Subnets.member.1={}&Subnets.member.2={}&Subnets.member.3={}",
            subnets[0], subnets[1], subnets[2]
        );
        let made = query(&self.sandbox, "elasticloadbalancing", "CreateLoadBalancer", &form).await;
        let balancer = made.element("LoadBalancerArn");
        let group = self.group("web").await;
        let form = format!(
            "LoadBalancerArn={balancer}&Protocol=HTTP&Port=80&DefaultActions.member.1.Type=forward\
             &DefaultActions.member.1.TargetGroupArn={group}"
        );
        query(&self.sandbox, "elasticloadbalancing", "CreateListener", &form)
            .await
            .element("ListenerArn");
        let form = format!(
            "TargetGroupArn={group}&Attributes.member.1.Key=deregistration_delay.timeout_seconds\
             &Attributes.member.1.Value={delay}"
        );
        query(&self.sandbox, "elasticloadbalancing", "ModifyTargetGroupAttributes", &form).await;
        // Until the balancer is there, targets fail their checks.
        self.pass(300).await;
        group
    }

    /// Makes a target group.
    pub(crate) async fn group(&self, name: &str) -> String {
        let form = format!(
            "Name={name}&Protocol=HTTP&Port=3000&VpcId={}&TargetType=ip&HealthCheckPath=%2Fok\
             &HealthCheckIntervalSeconds=10&HealthCheckTimeoutSeconds=5",
            self.vpc
        );
        let made = query(&self.sandbox, "elasticloadbalancing", "CreateTargetGroup", &form).await;
        made.element("TargetGroupArn")
    }
}

/// Returns the input that registers the family `web` with one container.
pub(crate) fn definition(tag: &str, members: Value) -> Value {
    let container = json!({
        "name": "web",
        "image": format!("{IMAGE}:{tag}"),
        "portMappings": [{"containerPort": 3000}],
        "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": "/notes/web",
            "awslogs-region": "eu-west-1",
            "awslogs-stream-prefix": "web",
        }},
    });
    json!({
        "family": "web",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": ROLE,
        "containerDefinitions": [merged(container, members)],
    })
}

/// Returns a structure with members added, replaced or (if null) removed.
pub(crate) fn merged(mut base: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("not a structure: {members}") };
    for (name, value) in members {
        if value.is_null() {
            base.as_object_mut().unwrap().remove(&name);
        } else {
            base[name] = value;
        }
    }
    base
}

/// Returns the events of a service, newest first.
pub(crate) fn events(web: &Value) -> Vec<String> {
    let events = web["events"].as_array().unwrap();
    events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

/// Says whether an event contains a text.
pub(crate) fn told(web: &Value, text: &str) -> bool {
    events(web).iter().any(|event| event.contains(text))
}

/// Says whether the present deployment has succeeded.
pub(crate) fn completed(web: &Value) -> bool {
    web["deployments"][0]["rolloutState"] == "COMPLETED"
}

/// Says whether it has, and is the only one.
pub(crate) fn steady(web: &Value) -> bool {
    completed(web) && web["deployments"].as_array().unwrap().len() == 1
}

/// An application whose health path answers with a code.
pub(crate) fn answering(code: u16) -> App {
    App { paths: BTreeMap::from([("/ok".to_owned(), code)]), ..App::default() }
}

/// A deployment configuration with the circuit breaker.
pub(crate) fn breaker(rollback: bool) -> Value {
    json!({"deploymentCircuitBreaker": {"enable": true, "rollback": rollback}})
}

/// A service's target group.
pub(crate) fn on(group: &str) -> Value {
    json!([{"targetGroupArn": group, "containerName": "web", "containerPort": 3000}])
}

/// Lets the balancer in on port 3000: it and the tasks use the default security group.
pub(crate) async fn open(stage: &Stage) {
    let group = stage
        .sandbox
        .with_world(|world| world.default_group("eu-west-1", &stage.vpc).unwrap().id.clone());
    let form = format!(
        "GroupId={group}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=3000\
         &IpPermissions.1.ToPort=3000&IpPermissions.1.Groups.1.GroupId={group}"
    );
    query(&stage.sandbox, "ec2", "AuthorizeSecurityGroupIngress", &form).await;
}
