//! What the stack's roles may do, and who may take them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wharf_graph::{Facts, StackId};
use wharf_spec::Stack;
use wharf_spec::stack::{Image, SecretRef, Workload};

use crate::kinds::shared;
use crate::names;
use crate::policy_document::{allow, document};
use crate::reads::ecr::registry;
use crate::secret;

/// More jobs than this are not listed one by one.
const MOST_LISTED: usize = 12;

/// What a task's role must be allowed so that its tasks take commands (ECS Developer Guide, ECS Exec, permissions of
/// the task role).
pub(crate) const CHANNELS: [&str; 4] = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
];

/// Says that ECS tasks of this account, and nobody else's, may take the role (ECS Developer Guide,
/// task execution IAM role).
pub(crate) fn trust(account: &str) -> Value {
    document([json!({
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    })])
}

/// Says that EventBridge Scheduler may take the role, for the stack's own group of schedules (EventBridge
/// Scheduler user guide, confused deputy prevention: the source is the group, not the schedule).
pub(crate) fn scheduler_trust(stack: &StackId, facts: &Facts) -> Value {
    let Facts { partition, region, account, .. } = facts;
    let group = names::schedule_group(stack);
    document([json!({
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {
            "aws:SourceAccount": account,
            "aws:SourceArn": format!("arn:{partition}:scheduler:{region}:{account}:schedule-group/{group}"),
        }},
    })])
}

/// What it takes to start the jobs that have times: to run their task definitions in the stack's
/// cluster, hand them their roles, and give the tasks the tags of the definitions (EventBridge
/// Scheduler user guide, templated targets, ECS).
pub(crate) fn scheduler(stack: &Stack, id: &StackId, facts: &Facts) -> Value {
    let Facts { partition, region, account, .. } = facts;
    let path = names::role_path(id);
    let jobs: Vec<Workload<'_>> =
        stack.scheduled().filter_map(|job| stack.workload(&job.task.name)).collect();
    let (mut families, mut roles) = (BTreeSet::new(), BTreeSet::new());
    for job in &jobs {
        let family = names::family(id, job.name);
        families
            .insert(format!("arn:{partition}:ecs:{region}:{account}:task-definition/{family}:*"));
        for kind in ["execution", "task"] {
            let name = names::role(id, region, job.name, kind);
            roles.insert(format!("arn:{partition}:iam::{account}:role{path}{name}"));
        }
        roles.extend(job.task_role.map(str::to_owned));
    }
    // An inline policy has 10,240 characters at most (IAM quotas); of many jobs, the pattern is listed.
    if jobs.len() > MOST_LISTED {
        let family = format!("arn:{partition}:ecs:{region}:{account}:task-definition/{id}-*:*");
        families = BTreeSet::from([family]);
        roles.retain(|role| !role.contains(&path));
        roles.insert(format!("arn:{partition}:iam::{account}:role{path}*"));
    }
    let cluster = names::cluster(stack);
    let in_cluster = format!("arn:{partition}:ecs:{region}:{account}:cluster/{cluster}");
    let tasks = format!("arn:{partition}:ecs:{region}:{account}:task/{cluster}/*");
    document([
        json!({
            "Effect": "Allow", "Action": "ecs:RunTask", "Resource": families,
            "Condition": {"ArnLike": {"ecs:cluster": in_cluster}},
        }),
        json!({
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": roles,
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        }),
        json!({
            "Effect": "Allow", "Action": "ecs:TagResource", "Resource": tasks,
            "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        }),
    ])
}

/// Says that ECS itself may take the role (ECS Developer Guide, "Amazon ECS infrastructure IAM role for load
/// balancers").
pub(crate) fn shifter_trust() -> Value {
    document([json!({
        "Effect": "Allow",
        "Principal": {"Service": "ecs.amazonaws.com"},
        "Action": "sts:AssumeRole",
    })])
}

/// What it takes to move requests between the stack's own target groups, and no other balancer's: the actions
/// of the managed policy `AmazonECSInfrastructureRolePolicyForLoadBalancers`.
pub(crate) fn shifter(id: &StackId, facts: &Facts) -> Value {
    let Facts { partition, region, account, .. } = facts;
    let arn =
        |rest: String| format!("arn:{partition}:elasticloadbalancing:{region}:{account}:{rest}");
    let groups = names::target_group_pattern(id);
    let balancer = match shared::fact(facts).and_then(|found| found.arn.split('/').nth(2)) {
        Some(elsewhere) => elsewhere.to_owned(),
        None => names::load_balancer(id),
    };
    document([
        allow(
            &[
                "elasticloadbalancing:DescribeListeners",
                "elasticloadbalancing:DescribeRules",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            &["*"],
        ),
        allow(
            &["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"],
            &[&arn(format!("targetgroup/{groups}/*"))],
        ),
        allow(
            &["elasticloadbalancing:ModifyListener"],
            &[&arn(format!("listener/app/{balancer}/*"))],
        ),
        allow(
            &["elasticloadbalancing:ModifyRule"],
            &[&arn(format!("listener-rule/app/{balancer}/*"))],
        ),
    ])
}

/// What ECS needs to start a task of the workload: its image, its log group, its secrets, no more.
pub(crate) fn execution(stack: &StackId, workload: Workload<'_>, facts: &Facts) -> Value {
    let Facts { partition, region, account, .. } = facts;
    let group = names::log_group(stack, workload.home);
    let mut statements = vec![allow(
        &["logs:CreateLogStream", "logs:PutLogEvents"],
        &[&format!("arn:{partition}:logs:{region}:{account}:log-group:{group}:*")],
    )];
    let repositories = repository_arns(stack, workload, facts);
    if !repositories.is_empty() {
        let repositories: Vec<&str> = repositories.iter().map(String::as_str).collect();
        statements.push(allow(&["ecr:GetAuthorizationToken"], &["*"]));
        statements.push(allow(
            &["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            &repositories,
        ));
    }
    statements.extend(secrets(workload, facts));
    document(statements)
}

/// What the workload's own code may do, or `None` if nothing.
pub(crate) fn task(workload: Workload<'_>) -> Option<Value> {
    let mut statements: Vec<Value> = workload
        .permissions
        .iter()
        .map(|statement| {
            json!({"Effect": "Allow", "Action": statement.allow, "Resource": statement.on})
        })
        .collect();
    if workload.exec {
        statements.push(allow(&CHANNELS, &["*"]));
    }
    (!statements.is_empty()).then(|| document(statements))
}

/// Returns the ARNs of the private repositories that the images of a task come from.
fn repository_arns(stack: &StackId, workload: Workload<'_>, facts: &Facts) -> BTreeSet<String> {
    let Facts { partition, region, account, .. } = facts;
    let elsewhere = |reference: &str| {
        registry(reference).map(|found| {
            format!(
                "arn:{partition}:ecr:{}:{}:repository/{}",
                found.region, found.account, found.repository
            )
        })
    };
    let own = match workload.image {
        Image::Own { repository, .. }
        | Image::Keep { repository }
        | Image::Built { repository, .. } => {
            let name = names::repository(stack, &repository.name);
            Some(format!("arn:{partition}:ecr:{region}:{account}:repository/{name}"))
        }
        Image::Elsewhere(reference) => elsewhere(reference),
    };
    let sidecars = workload.sidecars.values().filter_map(|sidecar| elsewhere(&sidecar.image));
    own.into_iter().chain(sidecars).collect()
}

fn secrets(workload: Workload<'_>, facts: &Facts) -> Vec<Value> {
    let Facts { partition, region, account, .. } = facts;
    let (mut parameters, mut secrets) = (BTreeSet::new(), BTreeSet::new());
    let (mut keys, mut aliases) = (BTreeSet::new(), BTreeSet::new());
    for reference in workload.secret_refs() {
        let fact = facts.secrets.get(&secret::text(reference));
        let arn = fact.and_then(|fact| fact.arn.clone());
        match reference {
            SecretRef::Ssm { name } => {
                let slash = if name.starts_with('/') { "" } else { "/" };
                parameters.insert(arn.unwrap_or_else(|| {
                    format!("arn:{partition}:ssm:{region}:{account}:parameter{slash}{name}")
                }));
            }
            SecretRef::SecretsManager { name, .. } if name.starts_with("arn:") => {
                secrets.insert(arn.unwrap_or_else(|| name.clone()));
            }
            // The ARN of a secret ends in six characters nobody knows before it exists.
            SecretRef::SecretsManager { name, .. } => {
                secrets.insert(arn.unwrap_or_else(|| {
                    format!(
                        "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-??????"
                    )
                }));
            }
        }
        match fact.and_then(|fact| fact.kms_key.as_deref()) {
            Some(key) if key.contains("alias/") => {
                let alias = key.rsplit_once(":alias/").map_or(key, |(_, name)| name);
                aliases.insert(format!("alias/{}", alias.trim_start_matches("alias/")));
            }
            Some(key) if key.starts_with("arn:") => {
                keys.insert(key.to_owned());
            }
            Some(key) => {
                keys.insert(format!("arn:{partition}:kms:{region}:{account}:key/{key}"));
            }
            None => {}
        }
    }
    let on = |action: &str, resources: BTreeSet<String>| {
        (!resources.is_empty())
            .then(|| json!({"Effect": "Allow", "Action": action, "Resource": resources}))
    };
    // A policy cannot name a key by its alias, only ask for keys that have it (KMS Developer Guide,
    // alias authorization).
    let by_alias = (!aliases.is_empty()).then(|| {
        json!({
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": format!("arn:{partition}:kms:{region}:{account}:key/*"),
            "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}},
        })
    });
    [
        on("ssm:GetParameters", parameters),
        on("secretsmanager:GetSecretValue", secrets),
        on("kms:Decrypt", keys),
        by_alias,
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wharf_graph::facts::SecretFact;
    use wharf_spec::stack::Statement;

    use super::*;
    use crate::testing;

    fn facts() -> Facts {
        let key = Some("alias/notes".to_owned());
        let arn = Some("arn:aws:secretsmanager:r:1:secret:notes-AbCdEf".to_owned());
        Facts {
            account: "1".into(),
            region: "r".into(),
            partition: "aws".into(),
            secrets: BTreeMap::from([
                ("ssm:/notes/url".to_owned(), SecretFact::default()),
                ("sm:notes#stripe".to_owned(), SecretFact { arn, kms_key: key, deleting: false }),
            ]),
            ..Facts::default()
        }
    }

    fn stack() -> StackId {
        StackId { app: "notes".into(), env: Some("prod".into()) }
    }

    #[test]
    fn execution_reaches_exactly_what_the_service_uses() {
        let mut service = testing::service("web");
        service.secrets = BTreeMap::from([
            ("URL".to_owned(), SecretRef::Ssm { name: "/notes/url".into() }),
            (
                "STRIPE".to_owned(),
                SecretRef::SecretsManager { name: "notes".into(), key: Some("stripe".into()) },
            ),
        ]);
        let policy = execution(&stack(), (&service).into(), &facts());
        let pairs: BTreeSet<(String, String)> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["Action"][0].to_string(), one["Resource"][0].to_string()))
            .collect();
        let wanted = [
            ("ecr:BatchCheckLayerAvailability", "arn:aws:ecr:r:1:repository/notes/web"),
            ("ecr:GetAuthorizationToken", "*"),
            ("kms:Decrypt", "arn:aws:kms:r:1:key/*"),
            ("logs:CreateLogStream", "arn:aws:logs:r:1:log-group:/wharf/notes/prod/web:*"),
            ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:r:1:secret:notes-AbCdEf"),
            ("ssm:GetParameters", "arn:aws:ssm:r:1:parameter/notes/url"),
        ];
        let wanted = wanted.map(|(action, on)| (format!("\"{action}\""), format!("\"{on}\"")));
        assert_eq!(pairs, BTreeSet::from(wanted));
        service.image = Image::Elsewhere("nginx:1.27".to_owned());
        assert!(!execution(&stack(), (&service).into(), &facts()).to_string().contains("ecr:"));
    }

    #[test]
    fn the_task_may_do_what_is_written_and_exec() {
        let mut service = testing::service("web");
        assert_eq!(task((&service).into()), None);
        service.permissions = vec![Statement {
            allow: BTreeSet::from(["s3:PutObject".to_owned(), "s3:GetObject".to_owned()]),
            on: BTreeSet::from(["arn:aws:s3:::notes/*".to_owned()]),
        }];
        let plain = task((&service).into()).unwrap();
        assert_eq!(plain["Statement"][0]["Action"], json!(["s3:GetObject", "s3:PutObject"]));
        service.exec = true;
        assert!(
            task((&service).into()).unwrap().to_string().contains("ssmmessages:OpenDataChannel")
        );
    }
}
