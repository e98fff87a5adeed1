//! A service that runs, whoever made it, read for a spec to be written of it.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{AssignPublicIp, ContainerDefinition, TaskDefinition};
use aws_sdk_elasticloadbalancingv2::types::{
    ActionTypeEnum, HostHeaderConditionConfig, PathPatternConditionConfig, Rule,
};
use wharf_graph::ErrorClass;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::operate::last;

/// A service, as far as a spec has words for it.
#[derive(Clone, Debug, Default)]
pub struct FoundService {
    /// Name of its cluster.
    pub cluster: String,
    /// Its name.
    pub name: String,
    /// Tasks wanted.
    pub count: u32,
    /// vCPUs of a task.
    pub cpu: Option<f64>,
    /// Memory of a task in MiB.
    pub memory: Option<u64>,
    /// Whether tasks run on ARM.
    pub arm: bool,
    /// Whether commands can be run inside tasks.
    pub exec: bool,
    /// Its containers, the one behind the balancer (or the first essential one) first.
    pub containers: Vec<FoundContainer>,
    /// What leads requests to it.
    pub balancer: Option<FoundBalancer>,
    /// Seconds after a task's start during which failed checks of the balancer are ignored.
    pub grace: Option<u32>,
    /// Subnets of its tasks.
    pub subnets: Vec<String>,
    /// Whether its tasks have public addresses.
    pub public_ip: bool,
    /// The role its code has, by ARN.
    pub task_role: Option<String>,
    /// What no spec can say, in words.
    pub beyond: Vec<String>,
}

/// A container of a task.
#[derive(Clone, Debug, Default)]
pub struct FoundContainer {
    /// Its name.
    pub name: String,
    /// Its image as it is written.
    pub image: String,
    /// Whether the task ends with it.
    pub essential: bool,
    /// What runs instead of the image's command.
    pub command: Vec<String>,
    /// What runs instead of the image's entry point.
    pub entrypoint: Vec<String>,
    /// Who runs it.
    pub user: Option<String>,
    /// Plain variables.
    pub env: BTreeMap<String, String>,
    /// Where secret variables come from.
    pub secrets: BTreeMap<String, String>,
    /// Seconds it has after SIGTERM.
    pub stop_timeout: Option<u32>,
    /// The command that tells whether it is well, with interval, timeout and start period in seconds
    /// and the number of tries.
    pub health: Option<(Vec<String>, [Option<u32>; 4])>,
}

/// How a balancer asks whether a task is well.
#[derive(Clone, Debug, Default)]
pub struct FoundHealth {
    /// The path.
    pub path: Option<String>,
    /// Seconds between two questions.
    pub interval: Option<u32>,
    /// Seconds until a question has failed.
    pub timeout: Option<u32>,
    /// Answers after which a task is well.
    pub good: Option<u32>,
    /// Failures after which it is not.
    pub bad: Option<u32>,
    /// Status codes that mean well.
    pub codes: Option<String>,
}

/// What leads requests to a service.
#[derive(Clone, Debug, Default)]
pub struct FoundBalancer {
    /// Name of the balancer.
    pub name: String,
    /// Whether it can be reached from the internet.
    pub public: bool,
    /// Port of the container.
    pub port: u16,
    /// How it asks whether a task is well.
    pub health: FoundHealth,
    /// Hosts of the rules that lead to it.
    pub hosts: Vec<String>,
    /// Paths of the rules that lead to it.
    pub paths: Vec<String>,
    /// Whether one of its listeners speaks TLS.
    pub tls: bool,
}

/// Reads a service of a cluster, its task definition and what leads requests to it.
///
/// Fails when there is none of that name.
pub async fn found(aws: &Aws, cluster: &str, name: &str) -> Result<FoundService, AwsError> {
    let got = aws
        .caller
        .call("ecs:DescribeServices", || {
            aws.ecs.describe_services().cluster(cluster).services(name).send()
        })
        .await?;
    let service = got.services().iter().find(|one| one.status() == Some("ACTIVE"));
    let Some(service) = service else {
        let message = format!("cluster {cluster} has no service {name}");
        return Err(AwsError::own(ErrorClass::Other, message)
            .hint("`aws ecs list-services --cluster CLUSTER` lists them"));
    };
    let definition = service.task_definition().unwrap_or_default();
    let got = aws
        .caller
        .call("ecs:DescribeTaskDefinition", || {
            aws.ecs.describe_task_definition().task_definition(definition).send()
        })
        .await?;
    let task = got.task_definition.unwrap_or_else(|| TaskDefinition::builder().build());
    let network = service.network_configuration().and_then(|it| it.awsvpc_configuration());
    let mut out = FoundService {
        cluster: last(service.cluster_arn().unwrap_or(cluster)).to_owned(),
        name: service.service_name().unwrap_or(name).to_owned(),
        count: count(service.desired_count()),
        exec: service.enable_execute_command(),
        grace: service.health_check_grace_period_seconds().map(count).filter(|it| *it > 0),
        subnets: network.map(|it| it.subnets().to_vec()).unwrap_or_default(),
        public_ip: network
            .is_some_and(|it| it.assign_public_ip() == Some(&AssignPublicIp::Enabled)),
        ..FoundService::default()
    };
    task_into(&task, &mut out);
    let balancers = service.load_balancers();
    let behind = balancers.first().and_then(|it| it.container_name()).map(str::to_owned);
    out.containers.sort_by_key(|one| (behind.as_ref() != Some(&one.name), !one.essential));
    if let Some(first) = balancers.first()
        && let Some(group) = first.target_group_arn()
    {
        let mut balancer = balancer(aws, group).await?;
        balancer.port = first.container_port().and_then(|it| u16::try_from(it).ok()).unwrap_or(80);
        out.balancer = Some(balancer);
    }
    if balancers.len() > 1 {
        out.beyond.push(format!("it is in {} target groups; the first is read", balancers.len()));
    }
    let registries = service.service_registries().len();
    if registries > 0 {
        out.beyond.push(format!("it is registered in service discovery ({registries} registries)"));
    }
    let connected = service
        .deployments()
        .iter()
        .filter_map(|one| one.service_connect_configuration())
        .any(aws_sdk_ecs::types::ServiceConnectConfiguration::enabled);
    if connected {
        out.beyond.push("it uses Service Connect".to_owned());
    }
    Ok(out)
}

fn task_into(task: &TaskDefinition, out: &mut FoundService) {
    // Units of 1/1024 vCPU, and MiB (ECS API reference, `TaskDefinition`).
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
    out.cpu = task.cpu().and_then(|cpu| cpu.parse::<f64>().ok()).map(|units| units / 1024.0);
    out.memory = number(task.memory());
    out.arm = task
        .runtime_platform()
        .and_then(|it| it.cpu_architecture())
        .is_some_and(|it| it.as_str() == "ARM64");
    out.task_role = task.task_role_arn().map(str::to_owned);
    for volume in task.volumes() {
        out.beyond.push(format!("its tasks have the volume {}", volume.name().unwrap_or_default()));
    }
    if let Some(storage) = task.ephemeral_storage() {
        out.beyond.push(format!("its tasks have {} GiB of disk", storage.size_in_gib()));
    }
    for container in task.container_definitions() {
        out.containers.push(read_container(container, &mut out.beyond));
    }
}

fn read_container(container: &ContainerDefinition, beyond: &mut Vec<String>) -> FoundContainer {
    let name = container.name().unwrap_or_default().to_owned();
    let env = container.environment().iter().filter_map(|pair| {
        Some((pair.name()?.to_owned(), pair.value().unwrap_or_default().to_owned()))
    });
    let secrets = container.secrets().iter();
    if !container.mount_points().is_empty() {
        beyond.push(format!("container {name} mounts volumes"));
    }
    if !container.environment_files().is_empty() {
        beyond.push(format!("container {name} reads variables from files in S3"));
    }
    if container.readonly_root_filesystem() == Some(true) {
        beyond.push(format!("container {name} cannot write to its file system"));
    }
    FoundContainer {
        image: container.image().unwrap_or_default().to_owned(),
        essential: container.essential().unwrap_or(true),
        command: container.command().to_vec(),
        entrypoint: container.entry_point().to_vec(),
        user: container.user().map(str::to_owned),
        env: env.collect(),
        secrets: secrets
            .map(|secret| (secret.name().to_owned(), secret.value_from().to_owned()))
            .collect(),
        stop_timeout: container.stop_timeout().map(count),
        health: container.health_check().map(|check| {
            let numbers =
                [check.interval(), check.timeout(), check.start_period(), check.retries()];
            (check.command().to_vec(), numbers.map(|it| it.map(count)))
        }),
        name,
    }
}

/// Reads a target group and the rules that lead to it.
async fn balancer(aws: &Aws, group: &str) -> Result<FoundBalancer, AwsError> {
    let got = aws
        .caller
        .call("elasticloadbalancing:DescribeTargetGroups", || {
            aws.elb.describe_target_groups().target_group_arns(group).send()
        })
        .await?;
    let mut out = FoundBalancer::default();
    let Some(found) = got.target_groups().first() else { return Ok(out) };
    let number = |value: Option<i32>| value.map(count);
    out.health = FoundHealth {
        path: found.health_check_path().map(str::to_owned),
        interval: number(found.health_check_interval_seconds()),
        timeout: number(found.health_check_timeout_seconds()),
        good: number(found.healthy_threshold_count()),
        bad: number(found.unhealthy_threshold_count()),
        codes: found.matcher().and_then(|it| it.http_code()).map(str::to_owned),
    };
    let Some(arn) = found.load_balancer_arns().first() else { return Ok(out) };
    let balancers = aws
        .caller
        .call("elasticloadbalancing:DescribeLoadBalancers", || {
            aws.elb.describe_load_balancers().load_balancer_arns(arn).send()
        })
        .await?;
    if let Some(one) = balancers.load_balancers().first() {
        one.load_balancer_name().unwrap_or_default().clone_into(&mut out.name);
        out.public = one.scheme().is_some_and(|it| it.as_str() == "internet-facing");
    }
    let listeners = aws
        .caller
        .call("elasticloadbalancing:DescribeListeners", || {
            aws.elb.describe_listeners().load_balancer_arn(arn).send()
        })
        .await?;
    for listener in listeners.listeners() {
        let arn = listener.listener_arn().unwrap_or_default();
        let rules = aws
            .caller
            .call("elasticloadbalancing:DescribeRules", || {
                aws.elb.describe_rules().listener_arn(arn).send()
            })
            .await?;
        for rule in rules.rules().iter().filter(|rule| leads_to(rule, group)) {
            out.tls |= listener.protocol().is_some_and(|it| it.as_str() == "HTTPS");
            for condition in rule.conditions() {
                let values = |of: Option<&[String]>| of.unwrap_or_default().to_vec();
                match condition.field() {
                    Some("host-header") => out.hosts.extend(values(
                        condition.host_header_config().map(HostHeaderConditionConfig::values),
                    )),
                    Some("path-pattern") => out.paths.extend(values(
                        condition.path_pattern_config().map(PathPatternConditionConfig::values),
                    )),
                    _ => {}
                }
            }
        }
    }
    for list in [&mut out.hosts, &mut out.paths] {
        list.sort();
        list.dedup();
    }
    Ok(out)
}

fn leads_to(rule: &Rule, group: &str) -> bool {
    rule.actions().iter().filter(|action| action.r#type() == Some(&ActionTypeEnum::Forward)).any(
        |action| {
            action.target_group_arn() == Some(group)
                || action.forward_config().is_some_and(|forward| {
                    forward.target_groups().iter().any(|one| one.target_group_arn() == Some(group))
                })
        },
    )
}

fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or_default()
}
