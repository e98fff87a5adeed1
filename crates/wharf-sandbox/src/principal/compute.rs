//! ECS, its autoscaling and IAM: what their requests take.

use super::demand::{Asked, Demand};
use crate::tags;

/// Service Authorization Reference, "Actions, resources, and condition keys for Amazon Elastic
/// Container Service".
pub(super) fn ecs(asked: &Asked<'_>) -> Vec<Demand> {
    let cluster = |member: &str| {
        let name = short(asked.input.str_or(member, "default")).to_owned();
        asked.arn("ecs", &format!("cluster/{name}"))
    };
    let inside = |kind: &str, names: Vec<String>| -> Vec<Demand> {
        let holder = cluster("cluster");
        let cluster_name = short(&holder).to_owned();
        let arns = names
            .iter()
            .map(|name| asked.arn("ecs", &format!("{kind}/{cluster_name}/{}", short(name))));
        let all = asked.each("ecs", arns);
        all.into_iter().map(|one| one.with("ecs:cluster", [holder.clone()])).collect()
    };
    let given = |member: &str| vec![asked.text(member).to_owned()];
    match asked.operation {
        "CreateCluster" => created(asked, asked.each("ecs", [cluster("clusterName")])),
        "DescribeClusters" => {
            let names = asked.input.strings("clusters");
            let names = if names.is_empty() { vec!["default".to_owned()] } else { names };
            let arns = names.iter().map(|it| asked.arn("ecs", &format!("cluster/{}", short(it))));
            asked.each("ecs", arns)
        }
        "UpdateCluster"
        | "UpdateClusterSettings"
        | "PutClusterCapacityProviders"
        | "DeleteCluster" => asked.each("ecs", [cluster("cluster")]),
        "RegisterTaskDefinition" => {
            let family = format!("task-definition/{}:*", asked.text("family"));
            let mut all = created(asked, asked.each("ecs", [asked.arn("ecs", &family)]));
            all.extend(passed(asked, &["taskRoleArn", "executionRoleArn"]));
            all
        }
        "CreateService" => {
            let mut all = created(asked, inside("service", given("serviceName")));
            all.extend(shifters(asked));
            all
        }
        "UpdateService" => {
            let mut all = inside("service", given("service"));
            all.extend(shifters(asked));
            all
        }
        "DeleteService" | "ListServiceDeployments" => inside("service", given("service")),
        "DescribeServices" => inside("service", asked.input.strings("services")),
        "DescribeTasks" => inside("task", asked.input.strings("tasks")),
        "RunTask" => {
            let definition = short(asked.text("taskDefinition"));
            let arn = asked.arn("ecs", &format!("task-definition/{definition}"));
            let all = asked.each("ecs", [arn]).into_iter();
            all.map(|one| one.with("ecs:cluster", [cluster("cluster")])).collect()
        }
        "StopServiceDeployment" => asked.each("ecs", given("serviceDeploymentArn")),
        "DescribeServiceRevisions" => asked.each("ecs", asked.input.strings("serviceRevisionArns")),
        "DescribeServiceDeployments" => {
            asked.each("ecs", asked.input.strings("serviceDeploymentArns"))
        }
        "StopTask" => inside("task", given("task")),
        "ExecuteCommand" => {
            let mut all = inside("task", given("task"));
            all.extend(asked.each("ecs", [cluster("cluster")]));
            all
        }
        // Taking no resource that wharf's kind of task has, only the cluster can be conditioned.
        "ListTasks" | "ListServices" => {
            let all = asked.anywhere("ecs").into_iter();
            all.map(|one| one.with("ecs:cluster", [cluster("cluster")])).collect()
        }
        "TagResource" => {
            let tags = tags::from_list(&asked.input, "tags");
            let all = asked.each("ecs", given("resourceArn")).into_iter();
            all.map(|one| one.requesting(&tags)).collect()
        }
        "UntagResource" | "ListTagsForResource" => asked.each("ecs", given("resourceArn")),
        _ => asked.anywhere("ecs"),
    }
}

/// Service Authorization Reference, "Actions, resources, and condition keys for AWS Application Auto
/// Scaling"; what callers need of ECS and `CloudWatch` besides is from the ECS Developer Guide, "IAM
/// permissions required for Amazon ECS service auto scaling".
pub(super) fn autoscaling(asked: &Asked<'_>) -> Vec<Demand> {
    if asked.operation.starts_with("Describe") {
        return asked.anywhere("application-autoscaling");
    }
    let of = |demand: Demand| {
        demand
            .with(
                "application-autoscaling:service-namespace",
                [asked.text("ServiceNamespace").to_owned()],
            )
            .with(
                "application-autoscaling:scalable-dimension",
                [asked.text("ScalableDimension").to_owned()],
            )
    };
    let mut all: Vec<Demand> =
        asked.anywhere("application-autoscaling").into_iter().map(of).collect();
    let resource = asked.text("ResourceId");
    let alarms = asked.arn("cloudwatch", &format!("alarm:TargetTracking-{resource}-*"));
    match asked.operation {
        "RegisterScalableTarget" => {
            let service = asked.arn("ecs", resource);
            for action in ["ecs:DescribeServices", "ecs:UpdateService"] {
                all.push(Demand::on(action, service.clone()));
            }
        }
        "PutScalingPolicy" => {
            for action in ["cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"] {
                all.push(Demand::on(action, alarms.clone()));
            }
        }
        "DeleteScalingPolicy" | "DeregisterScalableTarget" => {
            all.push(Demand::on("cloudwatch:DeleteAlarms", alarms));
        }
        _ => {}
    }
    all
}

/// Creating with tags takes permission to tag, for that creation (ECS Developer Guide, "Granting
/// permission to tag resources on creation").
fn created(asked: &Asked<'_>, demands: Vec<Demand>) -> Vec<Demand> {
    let tags = tags::from_list(&asked.input, "tags");
    let mut all = Vec::new();
    for demand in demands {
        let demand = demand.requesting(&tags);
        if !tags.is_empty() {
            let tagging = Demand { action: "ecs:TagResource".to_owned(), ..demand.clone() };
            all.push(tagging.with("ecs:CreateAction", [asked.operation.to_owned()]));
        }
        all.push(demand);
    }
    all
}

/// Handing roles to tasks takes permission to pass them (ECS Developer Guide, "IAM roles for Amazon
/// ECS").
fn passed(asked: &Asked<'_>, members: &[&str]) -> Vec<Demand> {
    let roles = members.iter().filter_map(|member| asked.input.str(member));
    roles
        .map(|role| {
            let service = "ecs-tasks.amazonaws.com".to_owned();
            Demand::on("iam:PassRole", role).with("iam:PassedToService", [service])
        })
        .collect()
}

/// What it takes to hand ECS the roles with which it moves requests.
fn shifters(asked: &Asked<'_>) -> Vec<Demand> {
    let entries = asked.input.list("loadBalancers");
    let roles = entries.iter().filter_map(|entry| {
        Some(entry.structure("advancedConfiguration")?.str("roleArn")?.to_owned())
    });
    roles
        .map(|role| {
            let service = "ecs.amazonaws.com".to_owned();
            Demand::on("iam:PassRole", role).with("iam:PassedToService", [service])
        })
        .collect()
}

/// Service Authorization Reference, "Actions, resources, and condition keys for Amazon EventBridge
/// Scheduler".
pub(super) fn scheduler(asked: &Asked<'_>) -> Vec<Demand> {
    let group = |name: &str| asked.arn("scheduler", &format!("schedule-group/{name}"));
    let schedule = |group: &str| {
        let name = asked.text("Name");
        asked.arn("scheduler", &format!("schedule/{group}/{name}"))
    };
    let tags = tags::from_list(&asked.input, "Tags");
    match asked.operation {
        "CreateSchedule" | "UpdateSchedule" => {
            let mut all =
                asked.each("scheduler", [schedule(asked.input.str_or("GroupName", "default"))]);
            let target = asked.input.structure("Target");
            let role = target.and_then(|target| target.str("RoleArn")).unwrap_or_default();
            let service = "scheduler.amazonaws.com".to_owned();
            all.push(Demand::on("iam:PassRole", role).with("iam:PassedToService", [service]));
            all
        }
        "GetSchedule" | "DeleteSchedule" => {
            asked.each("scheduler", [schedule(asked.input.str_or("groupName", "default"))])
        }
        "CreateScheduleGroup" => {
            let demands = asked.each("scheduler", [group(asked.text("Name"))]);
            let mut all = Vec::new();
            for demand in demands {
                let demand = demand.requesting(&tags);
                if !tags.is_empty() {
                    let action = "scheduler:TagResource".to_owned();
                    all.push(Demand { action, ..demand.clone() });
                }
                all.push(demand);
            }
            all
        }
        "GetScheduleGroup" | "DeleteScheduleGroup" => {
            asked.each("scheduler", [group(asked.text("Name"))])
        }
        "TagResource" | "UntagResource" | "ListTagsForResource" => {
            let all = asked.each("scheduler", [asked.text("ResourceArn").to_owned()]).into_iter();
            all.map(|one| one.requesting(&tags)).collect()
        }
        _ => asked.anywhere("scheduler"),
    }
}

/// Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access
/// Management".
pub(super) fn iam(asked: &Asked<'_>) -> Vec<Demand> {
    match asked.operation {
        "ListRoles" => asked.anywhere("iam"),
        "SimulatePrincipalPolicy" => asked.each("iam", [asked.text("PolicySourceArn").to_owned()]),
        "CreateServiceLinkedRole" => {
            let service = asked.text("AWSServiceName").to_owned();
            let role = asked.world.arn("iam", "", &format!("role/aws-service-role/{service}/*"));
            let all = asked.each("iam", [role]).into_iter();
            all.map(|one| one.with("iam:AWSServiceName", [service.clone()])).collect()
        }
        operation => {
            let name = asked.text("RoleName");
            let known = asked.world.global.iam.roles.get(&name.to_lowercase());
            let arn = match known {
                Some(role) if operation != "CreateRole" => role.arn.clone(),
                _ => {
                    let path = asked.input.str_or("Path", "/");
                    asked.world.arn("iam", "", &format!("role{path}{name}"))
                }
            };
            let tags = tags::from_list(&asked.input, "Tags");
            let mut all = Vec::new();
            for demand in asked.each("iam", [arn]) {
                let demand = match asked.input.str("PolicyArn") {
                    Some(policy) => demand.with("iam:PolicyARN", [policy.to_owned()]),
                    None => demand.requesting(&tags),
                };
                // Creating with tags takes permission to tag (IAM User Guide, "Tags for IAM roles").
                if operation == "CreateRole" && !tags.is_empty() {
                    all.push(Demand { action: "iam:TagRole".to_owned(), ..demand.clone() });
                }
                all.push(demand);
            }
            all
        }
    }
}

/// Returns the last part of an ARN, or the name as it is.
fn short(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}
