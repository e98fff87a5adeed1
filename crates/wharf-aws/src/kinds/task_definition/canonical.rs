//! Between ECS's form of a task definition and ours.
//!
//! ECS fills in defaults and returns empty lists for what was never sent; both forms meet here, so
//! that reading back what was registered gives exactly what was wanted
//! (ECS API reference, `TaskDefinition`, `ContainerDefinition`).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{
    ContainerDefinition, CpuArchitecture, HealthCheck as EcsHealthCheck, KeyValuePair,
    LinuxParameters, LogConfiguration, LogDriver, OsFamily, PortMapping, RuntimePlatform, Secret,
    TaskDefinition, TransportProtocol,
};
use wharf_graph::{ErrorClass, Input};

use super::{Container, HealthCheck, Log, Props};
use crate::error::AwsError;
use crate::tags::Tags;

/// Seconds between SIGTERM and SIGKILL when nothing is said.
const STOP_TIMEOUT: u32 = 30;

/// Brings what ECS returns into canonical form. `name` is the service's, and its container's.
pub(super) fn props(definition: &TaskDefinition, name: &str, tags: Tags) -> Props {
    let containers = definition.container_definitions();
    let main = containers
        .iter()
        .find(|container| container.name() == Some(name))
        .or_else(|| containers.first());
    let main_name = main.and_then(ContainerDefinition::name);
    let architecture = definition
        .runtime_platform()
        .and_then(RuntimePlatform::cpu_architecture)
        .map_or("X86_64", CpuArchitecture::as_str);
    Props {
        family: definition.family().unwrap_or_default().to_owned(),
        cpu: number(definition.cpu()),
        memory: number(definition.memory()),
        architecture: architecture.to_owned(),
        execution_role: definition.execution_role_arn().unwrap_or_default().into(),
        task_role: definition.task_role_arn().unwrap_or_default().into(),
        container: main.map_or_else(nothing, live_container),
        other_containers: containers
            .iter()
            .filter_map(ContainerDefinition::name)
            .filter(|other| Some(*other) != main_name)
            .map(str::to_owned)
            .collect(),
        tags,
    }
}

fn number(text: Option<&str>) -> u32 {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn natural(value: Option<i32>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}

/// Stands for the container of a task definition without any, which ECS does not allow.
fn nothing() -> Container {
    live_container(&ContainerDefinition::builder().build())
}

fn live_container(live: &ContainerDefinition) -> Container {
    let list = |words: &[String]| (!words.is_empty()).then(|| words.to_vec());
    Container {
        name: live.name().unwrap_or_default().to_owned(),
        image: Input::Known(live.image().unwrap_or_default().to_owned()),
        command: list(live.command()),
        entrypoint: list(live.entry_point()),
        user: live.user().filter(|user| !user.is_empty()).map(str::to_owned),
        port: live
            .port_mappings()
            .first()
            .and_then(PortMapping::container_port)
            .and_then(|port| u16::try_from(port).ok()),
        env: live
            .environment()
            .iter()
            .filter_map(|pair| {
                Some((pair.name()?.to_owned(), pair.value().unwrap_or_default().to_owned()))
            })
            .collect(),
        secrets: live
            .secrets()
            .iter()
            .map(|secret| (secret.name().to_owned(), secret.value_from().to_owned()))
            .collect(),
        health_check: live.health_check().map(|check| HealthCheck {
            command: check.command().to_vec(),
            interval: natural(check.interval()).unwrap_or(30),
            timeout: natural(check.timeout()).unwrap_or(5),
            retries: natural(check.retries()).unwrap_or(3),
            start_period: natural(check.start_period()).unwrap_or(0),
        }),
        stop_timeout: natural(live.stop_timeout()).unwrap_or(STOP_TIMEOUT),
        init_process: live
            .linux_parameters()
            .and_then(LinuxParameters::init_process_enabled)
            .unwrap_or(false),
        log: live_log(live),
    }
}

fn live_log(live: &ContainerDefinition) -> Log {
    let option = |key: &str| {
        live.log_configuration()
            .filter(|log| *log.log_driver() == LogDriver::Awslogs)
            .and_then(|log| log.options()?.get(key).cloned())
            .unwrap_or_default()
    };
    Log {
        group: option("awslogs-group"),
        region: option("awslogs-region"),
        prefix: option("awslogs-stream-prefix"),
    }
}

/// Builds the platform of an architecture.
pub(super) fn platform(architecture: &str) -> RuntimePlatform {
    RuntimePlatform::builder()
        .cpu_architecture(CpuArchitecture::from(architecture))
        .operating_system_family(OsFamily::Linux)
        .build()
}

/// Builds what ECS takes.
pub(super) fn container(want: &Container) -> Result<ContainerDefinition, AwsError> {
    let signed = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let port = want.port.map(|port| {
        vec![
            PortMapping::builder()
                .container_port(port.into())
                .host_port(port.into())
                .protocol(TransportProtocol::Tcp)
                .build(),
        ]
    });
    let env: Vec<KeyValuePair> = want
        .env
        .iter()
        .map(|(name, value)| KeyValuePair::builder().name(name).value(value).build())
        .collect();
    let secrets = want
        .secrets
        .iter()
        .map(|(name, from)| Secret::builder().name(name).value_from(from).build())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| incomplete(&error))?;
    let health = want
        .health_check
        .as_ref()
        .map(|check| {
            let start = (check.start_period > 0).then(|| signed(check.start_period));
            EcsHealthCheck::builder()
                .set_command(Some(check.command.clone()))
                .interval(signed(check.interval))
                .timeout(signed(check.timeout))
                .retries(signed(check.retries))
                .set_start_period(start)
                .build()
        })
        .transpose()
        .map_err(|error| incomplete(&error))?;
    let log = LogConfiguration::builder()
        .log_driver(LogDriver::Awslogs)
        .options("awslogs-group", &want.log.group)
        .options("awslogs-region", &want.log.region)
        .options("awslogs-stream-prefix", &want.log.prefix)
        .build()
        .map_err(|error| incomplete(&error))?;
    let linux =
        want.init_process.then(|| LinuxParameters::builder().init_process_enabled(true).build());
    Ok(ContainerDefinition::builder()
        .name(&want.name)
        .image(want.image.get()?)
        .essential(true)
        .set_command(want.command.clone())
        .set_entry_point(want.entrypoint.clone())
        .set_user(want.user.clone())
        .set_port_mappings(port)
        .set_environment((!env.is_empty()).then_some(env))
        .set_secrets((!secrets.is_empty()).then_some(secrets))
        .set_health_check(health)
        .stop_timeout(signed(want.stop_timeout))
        .set_linux_parameters(linux)
        .log_configuration(log)
        .build())
}

/// The SDK refuses only what lacks a required member, and every one of them is given.
fn incomplete(error: &dyn std::error::Error) -> AwsError {
    AwsError::own(ErrorClass::Other, format!("{error}; this is a bug in wharf"))
}

/// Props in which every field has a value.
pub(super) fn example() -> Props {
    let text = str::to_owned;
    Props {
        family: text("notes-web"),
        cpu: 256,
        memory: 512,
        architecture: text("ARM64"),
        execution_role: "arn:aws:iam::123456789012:role/wharf/notes/execution".into(),
        task_role: "arn:aws:iam::123456789012:role/wharf/notes/task".into(),
        container: Container {
            name: text("web"),
            image: "notes/web@sha256:abc".into(),
            command: Some(vec![text("serve"), text("--all")]),
            entrypoint: Some(vec![text("/bin/notes")]),
            user: Some(text("1000:1000")),
            port: Some(3000),
            env: BTreeMap::from([(text("LOG_LEVEL"), text("info")), (text("EMPTY"), text(""))]),
            secrets: BTreeMap::from([(text("URL"), text("arn:aws:ssm:parameter/url"))]),
            health_check: Some(HealthCheck {
                command: vec![text("CMD"), text("/bin/notes"), text("ping")],
                interval: 10,
                timeout: 4,
                retries: 2,
                start_period: 0,
            }),
            stop_timeout: 60,
            init_process: true,
            log: Log {
                group: text("/wharf/notes/web"),
                region: text("eu-west-1"),
                prefix: text(super::STREAM_PREFIX),
            },
        },
        other_containers: BTreeSet::new(),
        tags: Tags::from([(text("team"), text("notes"))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what ECS shows after `want` was registered, before it fills in anything.
    fn registered(want: &Props, container: ContainerDefinition) -> TaskDefinition {
        TaskDefinition::builder()
            .family(&want.family)
            .revision(1)
            .cpu(want.cpu.to_string())
            .memory(want.memory.to_string())
            .runtime_platform(platform(&want.architecture))
            .execution_role_arn(want.execution_role.get().unwrap())
            .task_role_arn(want.task_role.get().unwrap())
            .container_definitions(container)
            .build()
    }

    #[test]
    fn reading_back_gives_what_was_wanted() {
        let want = example();
        let live = registered(&want, container(&want.container).unwrap());
        assert_eq!(props(&live, "web", want.tags.clone()), want);
    }

    #[test]
    fn defaults_that_ecs_fills_in_make_no_difference() {
        let mut want = example();
        want.architecture = "X86_64".to_owned();
        want.container = Container {
            command: None,
            entrypoint: None,
            user: None,
            port: None,
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            health_check: None,
            stop_timeout: STOP_TIMEOUT,
            init_process: false,
            ..want.container
        };
        let mut container = container(&want.container).unwrap();
        container.stop_timeout = None;
        container.environment = Some(Vec::new());
        container.port_mappings = Some(Vec::new());
        container.command = Some(Vec::new());
        container.mount_points = Some(Vec::new());
        container.volumes_from = Some(Vec::new());
        container.essential = Some(true);
        let mut live = registered(&want, container);
        live.runtime_platform = None;
        assert_eq!(props(&live, "web", want.tags.clone()), want);
    }

    #[test]
    fn order_of_variables_means_nothing_and_strangers_are_seen() {
        let want = example();
        let mut main = container(&want.container).unwrap();
        main.environment.as_mut().unwrap().reverse();
        let mut live = registered(&want, main);
        let other = ContainerDefinition::builder().name("agent").image("agent").build();
        live.container_definitions.as_mut().unwrap().insert(0, other);
        let got = props(&live, "web", want.tags.clone());
        assert_eq!(got.container, want.container);
        assert_eq!(got.other_containers, BTreeSet::from(["agent".to_owned()]));
    }
}
