//! What a task definition may say, and the form in which AWS gives it back.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::container_rules;
use crate::{error::AwsError, image::Reference, input::Input, rules, world::World};

/// Memory in MiB for each number of CPU units on Fargate: first, last, step (ECS Developer Guide,
/// "Task CPU and memory").
const FARGATE_SIZES: &[(i64, i64, i64, i64)] = &[
    (256, 512, 1024, 512),
    (256, 2048, 2048, 1),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122_880, 8192),
    (32768, 61440, 122_880, 61440),
    (32768, 249_856, 249_856, 1),
];

/// The most a registered definition may take, in bytes of JSON.
const LARGEST: usize = 64 * 1024;

/// Reads and checks a request to register a task definition; returns what `describe` gives back
/// but for names and dates.
pub(super) fn read(world: &World, input: &Input<'_>) -> Result<Value, AwsError> {
    let containers = input.list("containerDefinitions");
    if containers.is_empty() {
        return Err(rules::ecs::CONTAINERS_GIVEN.refuse("Container list cannot be empty."));
    }
    if containers.len() > 10 {
        return Err(
            rules::ecs::TEN_CONTAINERS.refuse("A task definition can have at most 10 containers.")
        );
    }
    if input.value().to_string().len() > LARGEST {
        return Err(rules::ecs::DEFINITION_SIZE
            .refuse("Actual length of the task definition exceeds the limit of 64 KiB."));
    }
    let compatibilities = input.strings("requiresCompatibilities");
    let fargate = compatibilities.iter().any(|name| name == "FARGATE");
    let mode = input.one_of("networkMode", &["bridge", "host", "awsvpc", "none"])?;
    let cpu = units(input, "cpu", "vcpu", 1024)?;
    let memory = units(input, "memory", "gb", 1024)?;
    if fargate {
        fargate_rules(input, mode, cpu, memory)?;
    }
    let execution_role = role(world, input, "executionRoleArn")?;
    let task_role = role(world, input, "taskRoleArn")?;
    let awsvpc = mode == Some("awsvpc");
    let frame =
        container_rules::Frame { fargate, awsvpc, has_execution_role: execution_role.is_some() };
    let mut shown = Vec::new();
    for container in &containers {
        shown.push(container_rules::read(&frame, container)?);
    }
    between_containers(&shown, cpu, memory)?;
    let compatible = if awsvpc && cpu.is_some() && memory.is_some() {
        json!(["EC2", "FARGATE"])
    } else {
        json!(["EC2"])
    };
    let attributes = attributes(&shown, task_role.is_some(), awsvpc);
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            body.insert(name.to_owned(), value);
        }
    };
    put("containerDefinitions", json!(shown));
    put("taskRoleArn", json!(task_role));
    put("executionRoleArn", json!(execution_role));
    put("networkMode", json!(mode.unwrap_or("bridge")));
    put("volumes", volumes(input, fargate)?);
    put("requiresAttributes", attributes);
    put("placementConstraints", json!([]));
    put("compatibilities", compatible);
    put("runtimePlatform", platform(input)?);
    if !compatibilities.is_empty() {
        put("requiresCompatibilities", json!(compatibilities));
    }
    put("cpu", json!(cpu.map(|cpu| cpu.to_string())));
    put("memory", json!(memory.map(|memory| memory.to_string())));
    put("pidMode", json!(input.one_of("pidMode", &["host", "task"])?));
    put("proxyConfiguration", json!(input.get("proxyConfiguration")));
    put("ephemeralStorage", storage(input)?);
    put("enableFaultInjection", json!(input.bool("enableFaultInjection")?));
    Ok(Value::Object(body))
}

/// Reads `1024`, `1 vCPU` or `2GB` as CPU units or MiB.
fn units(input: &Input<'_>, name: &str, unit: &str, factor: i64) -> Result<Option<i64>, AwsError> {
    let Some(text) = input.str(name) else { return Ok(None) };
    let invalid = || rules::ecs::TASK_UNITS.refuse(format!("Invalid '{name}' setting for task."));
    let lower = text.to_ascii_lowercase().replace(' ', "");
    let number = match lower.strip_suffix(unit) {
        None => lower.parse::<i64>().map_err(|_| invalid())?,
        Some(".5" | "0.5") => factor / 2,
        Some(".25" | "0.25") => factor / 4,
        Some(whole) => whole.parse::<i64>().map_err(|_| invalid())?.saturating_mul(factor),
    };
    if number <= 0 { Err(invalid()) } else { Ok(Some(number)) }
}

fn fargate_rules(
    input: &Input<'_>,
    mode: Option<&str>,
    cpu: Option<i64>,
    memory: Option<i64>,
) -> Result<(), AwsError> {
    if mode != Some("awsvpc") {
        return Err(
            rules::ecs::FARGATE_AWSVPC.refuse("Fargate only supports network mode 'awsvpc'.")
        );
    }
    let cpu = cpu.ok_or_else(|| {
        rules::ecs::FARGATE_CPU.refuse("Fargate requires that 'cpu' be defined at the task level.")
    })?;
    let memory = memory.ok_or_else(|| {
        rules::ecs::FARGATE_MEMORY
            .refuse("Fargate requires that 'memory' be defined at the task level.")
    })?;
    let fits = FARGATE_SIZES.iter().any(|&(units, first, last, step)| {
        units == cpu && (first..=last).contains(&memory) && (memory - first) % step == 0
    });
    if !fits {
        return Err(
            rules::ecs::FARGATE_SIZE.refuse("No Fargate configuration exists for given values.")
        );
    }
    if !input.list("placementConstraints").is_empty() {
        return Err(
            rules::ecs::FARGATE_TASK.refuse("Fargate does not support placement constraints.")
        );
    }
    if input.has("ipcMode") {
        return Err(rules::ecs::FARGATE_TASK.refuse("Fargate does not support 'ipcMode'."));
    }
    if input.str("pidMode") == Some("host") {
        return Err(rules::ecs::FARGATE_TASK.refuse("Fargate only supports 'pidMode' task."));
    }
    if !input.list("inferenceAccelerators").is_empty() {
        return Err(
            rules::ecs::FARGATE_TASK.refuse("Fargate does not support inference accelerators.")
        );
    }
    Ok(())
}

/// Reads a role, given by name or ARN; whether it exists shows only when a task starts.
fn role(world: &World, input: &Input<'_>, name: &str) -> Result<Option<String>, AwsError> {
    let Some(text) = input.str(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    if !text.starts_with("arn:") {
        return Ok(Some(world.arn("iam", "", &format!("role/{text}"))));
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let valid = parts.get(2) == Some(&"iam")
        && parts.get(5).is_some_and(|resource| resource.starts_with("role/"));
    if valid {
        Ok(Some(text.to_owned()))
    } else {
        Err(rules::ecs::ROLE_FORM.refuse("Role is not valid"))
    }
}

fn storage(input: &Input<'_>) -> Result<Value, AwsError> {
    let Some(storage) = input.structure("ephemeralStorage") else { return Ok(Value::Null) };
    let size = storage.int("sizeInGiB")?.ok_or_else(|| storage.missing("sizeInGiB"))?;
    if !(21..=200).contains(&size) {
        return Err(rules::ecs::STORAGE_SIZE.refuse(
            "Invalid ephemeral storage size. The size must be between 21 GiB and 200 GiB.",
        ));
    }
    Ok(json!({"sizeInGiB": size}))
}

fn platform(input: &Input<'_>) -> Result<Value, AwsError> {
    let Some(platform) = input.structure("runtimePlatform") else { return Ok(Value::Null) };
    let architecture = platform.one_of("cpuArchitecture", &["X86_64", "ARM64"])?;
    let family = platform.str("operatingSystemFamily");
    let mut shown = Map::new();
    if let Some(architecture) = architecture {
        shown.insert("cpuArchitecture".to_owned(), json!(architecture));
    }
    if let Some(family) = family {
        shown.insert("operatingSystemFamily".to_owned(), json!(family));
    }
    Ok(Value::Object(shown))
}

fn volumes(input: &Input<'_>, fargate: bool) -> Result<Value, AwsError> {
    let mut shown = Vec::new();
    for volume in input.list("volumes") {
        let name = volume.required("name")?;
        let source = volume.structure("host").and_then(|host| host.str("sourcePath"));
        if fargate && source.is_some() {
            return Err(rules::ecs::FARGATE_VOLUMES.refuse(format!(
                "Invalid 'host.sourcePath' setting for volume '{name}': Fargate does not support it."
            )));
        }
        let mut shown_volume = volume.value().clone();
        let others = ["efsVolumeConfiguration", "dockerVolumeConfiguration", "configuredAtLaunch"];
        if !others.iter().any(|other| volume.has(other)) && !volume.has("host") {
            shown_volume["host"] = json!({});
        }
        shown.push(shown_volume);
    }
    Ok(json!(shown))
}

/// What the containers must be to each other and to the task.
fn between_containers(
    containers: &[Value],
    cpu: Option<i64>,
    memory: Option<i64>,
) -> Result<(), AwsError> {
    let mut names = BTreeSet::new();
    let mut ports = BTreeSet::new();
    for container in containers {
        let name = container["name"].as_str().unwrap_or_default();
        if !names.insert(name) {
            return Err(rules::ecs::CONTAINER_NAMES_UNIQUE
                .refuse(format!("Container.name must be unique: '{name}' is not.")));
        }
        for port in container["portMappings"].as_array().into_iter().flatten() {
            let number = port["containerPort"].as_i64().unwrap_or(0);
            if number > 0 && !ports.insert((number, port["protocol"].to_string())) {
                return Err(rules::ecs::PORTS_UNIQUE.refuse(format!(
                    "The container port {number} is mapped by more than one container."
                )));
            }
        }
    }
    if !containers.iter().any(|container| container["essential"] == true) {
        return Err(rules::ecs::ONE_ESSENTIAL
            .refuse("At least one container of a task definition must be essential."));
    }
    for container in containers {
        for after in container["dependsOn"].as_array().into_iter().flatten() {
            let other = after["containerName"].as_str().unwrap_or_default();
            let found = containers.iter().find(|found| found["name"] == other);
            if found.is_none() {
                return Err(rules::ecs::DEPENDENCY_EXISTS
                    .refuse(format!("The dependsOn container '{other}' does not exist.")));
            }
            let ends = ["COMPLETE", "SUCCESS"].iter().any(|ends| after["condition"] == *ends);
            if ends && found.is_some_and(|found| found["essential"] == true) {
                return Err(rules::ecs::DEPENDENCY_MAY_END.refuse(format!(
                    "The dependsOn container '{other}' is essential and cannot be waited for to end."
                )));
            }
            let checked = found.is_some_and(|found| found["healthCheck"].is_object());
            if after["condition"] == "HEALTHY" && !checked {
                return Err(rules::ecs::DEPENDENCY_CHECKED.refuse(format!(
                    "The dependsOn container '{other}' has no health check to be HEALTHY by."
                )));
            }
        }
    }
    let sum = |member: &str| -> i64 {
        containers.iter().map(|container| container[member].as_i64().unwrap_or(0)).sum()
    };
    if cpu.is_some_and(|cpu| sum("cpu") > cpu) {
        return Err(rules::ecs::CPU_WITHIN_TASK.refuse(
            "Invalid setting for container: the total 'cpu' of containers exceeds the task's.",
        ));
    }
    let reserved: i64 = containers
        .iter()
        .map(|container| {
            let reserved = container["memoryReservation"].as_i64();
            reserved.or_else(|| container["memory"].as_i64()).unwrap_or(0)
        })
        .sum();
    if memory.is_some_and(|memory| reserved > memory) {
        return Err(rules::ecs::MEMORY_WITHIN_TASK.refuse(
            "Invalid setting for container: the total 'memory' of containers exceeds the task's.",
        ));
    }
    Ok(())
}

/// The attributes AWS derives from a definition.
fn attributes(containers: &[Value], has_task_role: bool, awsvpc: bool) -> Value {
    let mut names = BTreeSet::new();
    names.insert("com.amazonaws.ecs.capability.docker-remote-api.1.18");
    if has_task_role {
        names.insert("com.amazonaws.ecs.capability.task-iam-role");
    }
    if awsvpc {
        names.insert("ecs.capability.task-eni");
    }
    for container in containers {
        let image = container["image"].as_str().unwrap_or_default();
        if Reference::parse(image).private_registry().is_some() {
            names.insert("com.amazonaws.ecs.capability.ecr-auth");
            names.insert("ecs.capability.execution-role-ecr-pull");
        }
        if container["logConfiguration"]["logDriver"] == "awslogs" {
            names.insert("com.amazonaws.ecs.capability.logging-driver.awslogs");
            names.insert("ecs.capability.execution-role-awslogs");
        }
        if container["healthCheck"].is_object() {
            names.insert("ecs.capability.container-health-check");
        }
    }
    names.into_iter().map(|name| json!({"name": name})).collect()
}
