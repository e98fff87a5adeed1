//! What a container definition may say, and the form in which AWS gives it back.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::is_name;
use crate::{
    error::AwsError,
    image::Reference,
    input::Input,
    rules::{self, Rule},
};

/// What the task definition around a container says.
pub(super) struct Frame {
    /// Whether it is for Fargate.
    pub(super) fargate: bool,
    /// Whether its network mode is `awsvpc`.
    pub(super) awsvpc: bool,
    /// Whether it has an execution role.
    pub(super) has_execution_role: bool,
}

/// Members that Fargate refuses (ECS Developer Guide, "Task definition differences for Fargate").
const NOT_ON_FARGATE: &[&str] = &[
    "links",
    "disableNetworking",
    "dnsServers",
    "dnsSearchDomains",
    "dockerSecurityOptions",
    "extraHosts",
    "resourceRequirements",
];

/// Members that are given back as they were sent, and not at all when empty.
const AS_SENT: &[&str] = &[
    "command",
    "credentialSpecs",
    "dependsOn",
    "disableNetworking",
    "dnsSearchDomains",
    "dnsServers",
    "dockerLabels",
    "dockerSecurityOptions",
    "entryPoint",
    "environmentFiles",
    "extraHosts",
    "firelensConfiguration",
    "hostname",
    "interactive",
    "linuxParameters",
    "links",
    "memory",
    "memoryReservation",
    "privileged",
    "pseudoTerminal",
    "readonlyRootFilesystem",
    "repositoryCredentials",
    "resourceRequirements",
    "restartPolicy",
    "secrets",
    "startTimeout",
    "stopTimeout",
    "ulimits",
    "user",
    "versionConsistency",
    "workingDirectory",
];

/// Refuses a setting of the container at hand.
type Setting<'s> = dyn Fn(&'static Rule, &str) -> AwsError + 's;

/// Reads and checks a container definition; returns it with AWS's defaults.
pub(super) fn read(frame: &Frame, input: &Input<'_>) -> Result<Value, AwsError> {
    let name = input.str_or("name", "");
    if name.is_empty() {
        return Err(
            rules::ecs::CONTAINER_NAME.refuse("Container.name should not be null or empty.")
        );
    }
    if !is_name(name) {
        return Err(rules::ecs::CONTAINER_NAME.refuse(format!("Invalid container name '{name}'.")));
    }
    let image = input.str_or("image", "");
    if image.is_empty() {
        return Err(
            rules::ecs::CONTAINER_IMAGE.refuse("Container.image should not be null or empty.")
        );
    }
    let reference = image.split('@').next().unwrap_or(image);
    if reference.len() > 255 || image.contains(char::is_whitespace) {
        return Err(
            rules::ecs::CONTAINER_IMAGE.refuse("Container.image contains invalid characters.")
        );
    }
    let setting = |rule: &'static Rule, what: &str| {
        rule.refuse(format!("Invalid setting for container '{name}'. {what}"))
    };
    numbers(input, &setting)?;
    if frame.fargate {
        fargate(input, &setting)?;
    }
    let mut shown = Map::new();
    let mut put = |member: &str, value: Value| {
        shown.insert(member.to_owned(), value);
    };
    put("name", json!(name));
    put("image", json!(image));
    put("cpu", json!(input.int("cpu")?.unwrap_or(0)));
    put("essential", json!(input.bool("essential")?.unwrap_or(true)));
    put("portMappings", ports(frame, input, &setting)?);
    put("environment", environment(input)?);
    for member in ["mountPoints", "volumesFrom", "systemControls"] {
        put(member, json!(input.get(member).unwrap_or(&json!([]))));
    }
    for member in AS_SENT {
        let Some(value) = input.get(member) else { continue };
        let empty = value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(Map::is_empty);
        if !empty {
            put(member, value.clone());
        }
    }
    if let Some(check) = health_check(input)? {
        put("healthCheck", check);
    }
    if let Some(log) = log(frame, input)? {
        put("logConfiguration", log);
    }
    secrets(frame, input)?;
    let is_ecr = Reference::parse(image).private_registry().is_some();
    if frame.fargate && is_ecr && !frame.has_execution_role {
        return Err(rules::ecs::ROLE_FOR_REGISTRY.refuse(
            "Fargate requires task definition to have execution role ARN to support ECR images.",
        ));
    }
    Ok(Value::Object(shown))
}

fn numbers(input: &Input<'_>, setting: &Setting<'_>) -> Result<(), AwsError> {
    let within = |member: &str, low: i64, high: i64| -> Result<Option<i64>, AwsError> {
        let Some(number) = input.int(member)? else { return Ok(None) };
        if (low..=high).contains(&number) {
            return Ok(Some(number));
        }
        Err(setting(
            &rules::ecs::CONTAINER_NUMBERS,
            &format!("'{member}' must be between {low} and {high}."),
        ))
    };
    within("cpu", 0, 1_000_000)?;
    let memory = within("memory", 6, i64::MAX)?;
    let reservation = within("memoryReservation", 6, i64::MAX)?;
    if let (Some(memory), Some(reservation)) = (memory, reservation)
        && reservation > memory
    {
        return Err(setting(
            &rules::ecs::MEMORY_RESERVATION,
            "The memoryReservation value must be less than the memory value.",
        ));
    }
    within("startTimeout", 0, 120)?;
    within("stopTimeout", 0, 120)?;
    if input.list("environmentFiles").len() > 10 {
        return Err(setting(&rules::ecs::ENVIRONMENT_FILES, "At most 10 environment files."));
    }
    Ok(())
}

fn fargate(input: &Input<'_>, setting: &Setting<'_>) -> Result<(), AwsError> {
    for member in NOT_ON_FARGATE {
        let used = match input.get(member) {
            None => false,
            Some(Value::Array(items)) => !items.is_empty(),
            Some(Value::Bool(flag)) => *flag,
            Some(_) => true,
        };
        if used {
            return Err(setting(
                &rules::ecs::FARGATE_CONTAINER,
                &format!("'{member}' is not supported on Fargate."),
            ));
        }
    }
    if input.bool("privileged")? == Some(true) {
        return Err(setting(
            &rules::ecs::FARGATE_CONTAINER,
            "'privileged' is not supported on Fargate.",
        ));
    }
    let Some(linux) = input.structure("linuxParameters") else { return Ok(()) };
    for member in ["devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness"] {
        let empty = linux.get(member).and_then(Value::as_array).is_some_and(Vec::is_empty);
        if linux.has(member) && !empty {
            return Err(setting(
                &rules::ecs::FARGATE_CONTAINER,
                &format!("'{member}' is not supported on Fargate."),
            ));
        }
    }
    let added = linux.structure("capabilities").map(|found| found.strings("add"));
    if added.is_some_and(|added| added.iter().any(|name| name != "SYS_PTRACE")) {
        return Err(setting(
            &rules::ecs::FARGATE_CAPABILITY,
            "Only the capability SYS_PTRACE can be added on Fargate.",
        ));
    }
    Ok(())
}

fn ports(frame: &Frame, input: &Input<'_>, setting: &Setting<'_>) -> Result<Value, AwsError> {
    let mut shown = Vec::new();
    for mapping in input.list("portMappings") {
        let mut made = mapping.value().clone();
        let protocol = mapping.one_of("protocol", &["tcp", "udp"])?.unwrap_or("tcp");
        made["protocol"] = json!(protocol);
        mapping.one_of("appProtocol", &["http", "http2", "grpc"])?;
        if let Some(name) = mapping.str("name") {
            let fine = name.len() <= 64
                && name.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
                });
            if !fine {
                return Err(setting(
                    &rules::ecs::PORT_NAME,
                    &format!("Invalid port mapping name '{name}'."),
                ));
            }
        }
        if mapping.has("containerPortRange") {
            shown.push(made);
            continue;
        }
        let port = mapping.int("containerPort")?.unwrap_or(0);
        if !(1..=65535).contains(&port) {
            return Err(setting(
                &rules::ecs::CONTAINER_PORT,
                "'containerPort' must be between 1 and 65535.",
            ));
        }
        let host = mapping.int("hostPort")?.unwrap_or(0);
        if frame.awsvpc && host != 0 && host != port {
            return Err(rules::ecs::HOST_PORT_SAME.refuse(
                "When networkMode=awsvpc, the host ports and container ports in port mappings must \
                 match.",
            ));
        }
        made["containerPort"] = json!(port);
        made["hostPort"] = json!(if frame.awsvpc { port } else { host });
        shown.push(made);
    }
    Ok(json!(shown))
}

fn environment(input: &Input<'_>) -> Result<Value, AwsError> {
    let mut shown = Vec::new();
    for pair in input.list("environment") {
        let name = pair.str_or("name", "");
        if name.is_empty() {
            return Err(rules::ecs::ENVIRONMENT_NAME
                .refuse("The environment variable name must not be null or empty."));
        }
        shown.push(json!({"name": name, "value": pair.str_or("value", "")}));
    }
    // AWS promises no order; another one than was sent shows who relies on it.
    shown.sort_by(|a, b| b["name"].as_str().cmp(&a["name"].as_str()));
    Ok(json!(shown))
}

fn secrets(frame: &Frame, input: &Input<'_>) -> Result<(), AwsError> {
    let secrets = input.list("secrets");
    let mut names: BTreeSet<&str> =
        input.list("environment").iter().filter_map(|pair| pair.str("name")).collect();
    for secret in &secrets {
        let name = secret.required("name")?;
        if secret.required("valueFrom")?.is_empty() {
            return Err(
                rules::ecs::SECRET_SOURCE.refuse("The secret's valueFrom must not be empty.")
            );
        }
        if !names.insert(name) {
            return Err(rules::ecs::SECRET_NAMES_UNIQUE.refuse(format!(
                "The secret name must be unique and not shared with any new or existing \
                 environment variables set on the container, such as '{name}'."
            )));
        }
    }
    if !secrets.is_empty() && !frame.has_execution_role {
        return Err(rules::ecs::ROLE_FOR_SECRETS.refuse(
            "When you are specifying container secrets, you must also specify a value for \
             'executionRoleArn'.",
        ));
    }
    Ok(())
}

/// Ranges and defaults of the ECS API reference, `HealthCheck`.
fn health_check(input: &Input<'_>) -> Result<Option<Value>, AwsError> {
    let Some(check) = input.structure("healthCheck") else { return Ok(None) };
    let command = check.strings("command");
    if command.is_empty() {
        return Err(rules::ecs::CHECK_COMMAND.refuse("The health check command must not be empty."));
    }
    if !["CMD", "CMD-SHELL", "NONE"].contains(&command[0].as_str()) && command.len() > 1 {
        return Err(rules::ecs::CHECK_COMMAND
            .refuse("The health check command must begin with CMD or CMD-SHELL."));
    }
    let within = |member: &str, low: i64, high: i64| -> Result<Option<i64>, AwsError> {
        match check.int(member)? {
            Some(number) if !(low..=high).contains(&number) => Err(rules::ecs::CHECK_NUMBERS
                .refuse(format!(
                    "Invalid health check: '{member}' must be between {low} and {high}."
                ))),
            other => Ok(other),
        }
    };
    let mut shown = json!({
        "command": command,
        "interval": within("interval", 5, 300)?.unwrap_or(30),
        "timeout": within("timeout", 2, 60)?.unwrap_or(5),
        "retries": within("retries", 1, 10)?.unwrap_or(3),
    });
    if let Some(period) = within("startPeriod", 0, 300)? {
        shown["startPeriod"] = json!(period);
    }
    Ok(Some(shown))
}

/// Log drivers and options of the ECS Developer Guide, "Send Amazon ECS logs to CloudWatch".
fn log(frame: &Frame, input: &Input<'_>) -> Result<Option<Value>, AwsError> {
    let Some(log) = input.structure("logConfiguration") else { return Ok(None) };
    let driver = log.required("logDriver")?;
    if frame.fargate && !["awslogs", "splunk", "awsfirelens"].contains(&driver) {
        return Err(rules::ecs::LOG_DRIVER.refuse(format!(
            "Fargate only supports the log drivers awslogs, splunk and awsfirelens, not {driver}."
        )));
    }
    let options = log.map("options");
    if driver == "awslogs" {
        let mut wanted = vec!["awslogs-group", "awslogs-region"];
        if frame.fargate {
            wanted.push("awslogs-stream-prefix");
        }
        wanted.retain(|option| options.get(*option).is_none_or(String::is_empty));
        if !wanted.is_empty() {
            let missing = wanted.join(", ");
            return Err(rules::ecs::LOG_OPTIONS
                .refuse(format!("Log driver awslogs requires options: {missing}")));
        }
        if frame.fargate && !frame.has_execution_role {
            return Err(rules::ecs::ROLE_FOR_LOGS.refuse(
                "Fargate requires task definition to have execution role ARN to support log driver \
                 awslogs.",
            ));
        }
    }
    Ok(Some(json!({
        "logDriver": driver,
        "options": options,
        "secretOptions": log.get("secretOptions").unwrap_or(&json!([])),
    })))
}
