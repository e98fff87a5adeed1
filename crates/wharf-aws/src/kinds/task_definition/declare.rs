//! What the task definition of a service or job is to be.

use std::collections::BTreeMap;

use wharf_graph::facts::RoleFact;
use wharf_graph::{Address, Declare, Facts, Input, StackId};
use wharf_spec::Stack;
use wharf_spec::stack::{Architecture, Condition, ContainerHealth, SecretRef, Sidecar, Workload};

use super::{Container, Definition, HealthCheck, Log, Props, STREAM_PREFIX};
use crate::kind::Kind;
use crate::kinds::image;
use crate::{names, secret};

/// Declares the task definition of one service, of a job or of the release.
pub(super) fn workload(stack: &Stack, facts: &Facts, workload: Workload<'_>, out: &mut Declare) {
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let role =
        |which: &str| Input::of(&Address::new("role", format!("{}/{which}", workload.name)), "arn");
    let log = Log {
        group: names::log_group(&id, workload.home),
        region: stack.region.clone(),
        prefix: STREAM_PREFIX.to_owned(),
    };
    let own = secrets(facts, workload, workload.secrets, out);
    if let Some(problem) = workload.task_role.and_then(|arn| unfit(facts, workload.name, arn)) {
        out.problem("E209", Address::new("task_definition", workload.name), problem);
    }
    let sidecars = workload.sidecars.values().map(|spec| {
        let secrets = secrets(facts, workload, &spec.secrets, out);
        (spec.name.clone(), sidecar(workload, spec, secrets, log.clone()))
    });
    let sidecars = sidecars.collect();
    let props = Props {
        family: names::family(&id, workload.name),
        cpu: workload.cpu,
        memory: workload.memory,
        architecture: match workload.architecture {
            Architecture::X86_64 => "X86_64",
            Architecture::Arm64 => "ARM64",
        }
        .to_owned(),
        execution_role: role("execution"),
        // A role owned elsewhere is used as it is.
        task_role: workload.task_role.map_or_else(|| role("task"), |arn| arn.to_owned().into()),
        container: Container {
            name: workload.name.to_owned(),
            image: image::input(stack, facts, workload),
            essential: true,
            reserved_cpu: 0,
            memory_limit: None,
            depends_on: conditions(workload.depends_on),
            command: nonempty(workload.command),
            entrypoint: nonempty(workload.entrypoint),
            user: workload.user.filter(|user| !user.is_empty()).map(str::to_owned),
            port: workload.port,
            env: workload.env.clone(),
            secrets: own,
            health_check: workload.container_health.map(health_check),
            stop_timeout: workload.stop_timeout,
            init_process: workload.exec,
            log: log.clone(),
        },
        sidecars,
        tags: stack.tags.clone(),
    };
    let declared = out.add(&Definition::POLICY, workload.name, &props);
    declared.after.insert(Address::new("image", workload.name));
    // A tag says what people meant, the digest what runs; whoever reads the plan wants both.
    declared.note = facts.images.get(workload.name).and_then(|image| {
        let digest = image.digest.as_ref()?;
        Some(if image.reference.ends_with(digest.as_str()) {
            format!("image {digest}")
        } else {
            format!("image {} is {digest}", image.reference)
        })
    });
}

/// Returns what runs beside the service's own container. Its lines go to the same log group; the names
/// of the streams tell the containers apart (ECS Developer Guide, awslogs log driver). It has as long
/// to end as the service has, so that what serves last requests still reaches it.
fn sidecar(
    workload: Workload<'_>,
    spec: &Sidecar,
    secrets: BTreeMap<String, String>,
    log: Log,
) -> Container {
    Container {
        name: spec.name.clone(),
        image: spec.image.clone().into(),
        essential: spec.essential,
        reserved_cpu: spec.cpu.unwrap_or(0),
        memory_limit: spec.memory,
        depends_on: conditions(&spec.depends_on),
        command: nonempty(spec.command.as_ref()),
        entrypoint: nonempty(spec.entrypoint.as_ref()),
        user: spec.user.clone().filter(|user| !user.is_empty()),
        port: None,
        env: spec.env.clone(),
        secrets,
        health_check: spec.container_health.as_ref().map(health_check),
        stop_timeout: workload.stop_timeout,
        init_process: workload.exec,
        log,
    }
}

fn health_check(health: &ContainerHealth) -> HealthCheck {
    HealthCheck {
        command: health.command.clone(),
        interval: health.interval,
        timeout: health.timeout,
        retries: health.retries,
        start_period: health.start_period,
    }
}

/// Writes conditions as ECS does (ECS API reference, `ContainerDependency`).
fn conditions(conditions: &BTreeMap<String, Condition>) -> BTreeMap<String, String> {
    let word = |condition: Condition| match condition {
        Condition::Start => "START",
        Condition::Complete => "COMPLETE",
        Condition::Success => "SUCCESS",
        Condition::Healthy => "HEALTHY",
    };
    conditions.iter().map(|(name, &condition)| (name.clone(), word(condition).to_owned())).collect()
}

fn nonempty(words: Option<&Vec<String>>) -> Option<Vec<String>> {
    words.filter(|words| !words.is_empty()).cloned()
}

/// Resolves secrets to what ECS takes as `valueFrom`. One that does not exist is a problem; the
/// reference stands in for it, since other resources still refer to the task definition.
fn secrets(
    facts: &Facts,
    workload: Workload<'_>,
    wanted: &BTreeMap<String, SecretRef>,
    out: &mut Declare,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (variable, reference) in wanted {
        let text = secret::text(reference);
        let arn = facts.secrets.get(&text).and_then(|fact| fact.arn.as_deref());
        let from = if let Some(arn) = arn {
            value_from(arn, reference)
        } else {
            let address = Address::new("task_definition", workload.name);
            let deleting = facts.secrets.get(&text).is_some_and(|fact| fact.deleting);
            let (code, problem) = if deleting {
                (
                    "E208",
                    format!(
                        "{variable} is to come from {text}, which is marked for deletion and cannot be \
                     read; restore it: aws secretsmanager restore-secret --region {} --secret-id {}",
                        facts.region,
                        text.trim_start_matches("sm:").split('#').next().unwrap_or(&text),
                    ),
                )
            } else {
                ("E207", missing(facts, variable, reference))
            };
            out.problem(code, address, problem);
            text
        };
        found.insert(variable.clone(), from);
    }
    found
}

/// Says why no task could start with a role owned elsewhere.
fn unfit(facts: &Facts, user: &str, arn: &str) -> Option<String> {
    let what = match facts.roles.get(arn)? {
        RoleFact::Usable => return None,
        RoleFact::Missing => format!("there is no role {arn} in account {}", facts.account),
        RoleFact::NotForTasks => {
            format!("the trust policy of {arn} does not name ecs-tasks.amazonaws.com")
        }
    };
    Some(format!("{what}, so no task of {user} would start"))
}

/// A key of a secret is written behind its ARN, version stage and id stay empty: the newest
/// (ECS Developer Guide, secrets in environment variables).
fn value_from(arn: &str, reference: &SecretRef) -> String {
    match reference {
        SecretRef::SecretsManager { key: Some(key), .. } => format!("{arn}:{key}::"),
        SecretRef::SecretsManager { key: None, .. } | SecretRef::Ssm { .. } => arn.to_owned(),
    }
}

fn missing(facts: &Facts, variable: &str, reference: &SecretRef) -> String {
    let region = &facts.region;
    match reference {
        SecretRef::Ssm { name } => format!(
            "{variable} is to come from the parameter {name}, which does not exist in {region}; \
             create it: aws ssm put-parameter --region {region} --name {name} --type SecureString \
             --value ..."
        ),
        SecretRef::SecretsManager { name, key } => {
            let value = match key {
                Some(key) => format!("'{{\"{key}\": \"...\"}}'"),
                None => "...".to_owned(),
            };
            format!(
                "{variable} is to come from the secret {name}, which does not exist in {region}; \
                 create it: aws secretsmanager create-secret --region {region} --name {name} \
                 --secret-string {value}"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use wharf_graph::facts::SecretFact;

    use super::*;
    use crate::testing;

    fn stack() -> Stack {
        let mut stack = testing::stack();
        let web = stack.services.get_mut("web").unwrap();
        web.secrets = BTreeMap::from([
            ("KEY".to_owned(), secret("notes/prod", Some("stripe"))),
            ("URL".to_owned(), SecretRef::Ssm { name: "/notes/url".to_owned() }),
        ]);
        stack
    }

    fn secret(name: &str, key: Option<&str>) -> SecretRef {
        SecretRef::SecretsManager { name: name.to_owned(), key: key.map(str::to_owned) }
    }

    fn facts() -> Facts {
        let fact = |arn: &str| SecretFact { arn: Some(arn.to_owned()), ..SecretFact::default() };
        Facts {
            region: "eu-west-1".to_owned(),
            secrets: BTreeMap::from([
                ("sm:notes/prod#stripe".to_owned(), fact("arn:secret-AbCdEf")),
                ("ssm:/notes/url".to_owned(), fact("arn:parameter")),
            ]),
            ..Facts::default()
        }
    }

    #[test]
    fn secrets_are_references() {
        let mut out = Declare::new();
        Definition::declare(&stack(), &facts(), &mut out);
        let (nodes, problems) = out.finish();
        assert!(problems.is_empty(), "{problems:?}");
        let secrets = &nodes[0].props["container"]["secrets"];
        assert_eq!(secrets["KEY"], "arn:secret-AbCdEf:stripe::");
        assert_eq!(secrets["URL"], "arn:parameter");
    }

    #[test]
    fn a_missing_secret_is_a_problem_that_says_how_to_make_it() {
        let mut out = Declare::new();
        let mut facts = facts();
        facts.secrets.insert("ssm:/notes/url".to_owned(), SecretFact::default());
        facts.secrets.remove("sm:notes/prod#stripe");
        Definition::declare(&stack(), &facts, &mut out);
        let (nodes, problems) = out.finish();
        let all: Vec<&str> = problems.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(all.len(), 2);
        assert!(all[0].contains("aws secretsmanager create-secret"), "{}", all[0]);
        assert!(all[1].contains("aws ssm put-parameter"), "{}", all[1]);
        assert_eq!(nodes.len(), 1);
    }
}
