//! Between ECS's form of a task definition and ours.
//!
//! ECS fills in defaults and returns empty lists for what was never sent; both forms meet here, so
//! that reading back what was registered gives exactly what was wanted
//! (ECS API reference, `TaskDefinition`, `ContainerDefinition`).

use std::collections::BTreeMap;

use aws_sdk_ecs::error::BuildError;
use aws_sdk_ecs::types::{
    ContainerCondition, ContainerDefinition, ContainerDependency, CpuArchitecture,
    HealthCheck as EcsHealthCheck, KeyValuePair, LinuxParameters, LogConfiguration, LogDriver,
    OsFamily, PortMapping, RuntimePlatform, Secret, TaskDefinition, TransportProtocol,
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
        sidecars: containers
            .iter()
            .filter(|other| other.name() != main_name)
            .map(|other| (other.name().unwrap_or_default().to_owned(), live_container(other)))
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
        // Nothing said means essential (ECS API reference, `ContainerDefinition`).
        essential: live.essential().unwrap_or(true),
        reserved_cpu: natural(Some(live.cpu())).unwrap_or_default(),
        memory_limit: natural(live.memory()),
        depends_on: live
            .depends_on()
            .iter()
            .map(|on| (on.container_name().to_owned(), on.condition().as_str().to_owned()))
            .collect(),
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

/// Builds what ECS takes, the service's own container first.
pub(super) fn containers(want: &Props) -> Result<Vec<ContainerDefinition>, AwsError> {
    std::iter::once(&want.container).chain(want.sidecars.values()).map(container).collect()
}

fn container(want: &Container) -> Result<ContainerDefinition, AwsError> {
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
    let depends_on = want
        .depends_on
        .iter()
        .map(|(name, condition)| {
            ContainerDependency::builder()
                .container_name(name)
                .condition(ContainerCondition::from(condition.as_str()))
                .build()
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| incomplete(&error))?;
    let health = want.health_check.as_ref().map(health_check).transpose();
    let health = health.map_err(|error| incomplete(&error))?;
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
        .essential(want.essential)
        .cpu(signed(want.reserved_cpu))
        .set_memory(want.memory_limit.map(signed))
        .set_depends_on((!depends_on.is_empty()).then_some(depends_on))
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

fn health_check(check: &HealthCheck) -> Result<EcsHealthCheck, BuildError> {
    EcsHealthCheck::builder()
        .set_command(Some(check.command.clone()))
        .interval(signed(check.interval))
        .timeout(signed(check.timeout))
        .retries(signed(check.retries))
        .set_start_period((check.start_period > 0).then(|| signed(check.start_period)))
        .build()
}

fn signed(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// The SDK refuses only what lacks a required member, and every one of them is given.
fn incomplete(error: &dyn std::error::Error) -> AwsError {
    AwsError::own(ErrorClass::Other, format!("{error}; this is a bug in wharf"))
}

/// Props in which every field has a value.
pub(super) fn example() -> Props {
    let text = str::to_owned;
    let web = Container {
        name: text("web"),
        image: "notes/web@sha256:abc".into(),
        essential: true,
        reserved_cpu: 128,
        memory_limit: Some(384),
        depends_on: BTreeMap::from([(text("proxy"), text("HEALTHY"))]),
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
    };
    let proxy = Container {
        name: text("proxy"),
        image: "public.ecr.aws/nginx/nginx:1.27".into(),
        essential: false,
        port: None,
        depends_on: BTreeMap::new(),
        ..web.clone()
    };
    Props {
        family: text("notes-web"),
        cpu: 256,
        memory: 512,
        architecture: text("ARM64"),
        execution_role: "arn:aws:iam::123456789012:role/wharf/notes/execution".into(),
        task_role: "arn:aws:iam::123456789012:role/wharf/notes/task".into(),
        container: web,
        sidecars: BTreeMap::from([(text("proxy"), proxy)]),
        tags: Tags::from([(text("team"), text("notes"))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what ECS shows after `want` was registered, before it fills in anything.
    fn registered(want: &Props) -> TaskDefinition {
        TaskDefinition::builder()
            .family(&want.family)
            .revision(1)
            .cpu(want.cpu.to_string())
            .memory(want.memory.to_string())
            .runtime_platform(platform(&want.architecture))
            .execution_role_arn(want.execution_role.get().unwrap())
            .task_role_arn(want.task_role.get().unwrap())
            .set_container_definitions(Some(containers(want).unwrap()))
            .build()
    }

    #[test]
    fn reading_back_gives_what_was_wanted() {
        let want = example();
        assert_eq!(props(&registered(&want), "web", want.tags.clone()), want);
    }

    #[test]
    fn defaults_that_ecs_fills_in_make_no_difference() {
        let mut want = example();
        want.architecture = "X86_64".to_owned();
        want.sidecars = BTreeMap::new();
        want.container = Container {
            reserved_cpu: 0,
            memory_limit: None,
            depends_on: BTreeMap::new(),
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
        let mut live = registered(&want);
        live.runtime_platform = None;
        let container = &mut live.container_definitions.as_mut().unwrap()[0];
        container.stop_timeout = None;
        container.environment = Some(Vec::new());
        container.port_mappings = Some(Vec::new());
        container.command = Some(Vec::new());
        container.mount_points = Some(Vec::new());
        container.volumes_from = Some(Vec::new());
        container.depends_on = Some(Vec::new());
        container.essential = None;
        assert_eq!(props(&live, "web", want.tags.clone()), want);
    }

    #[test]
    fn neither_order_of_variables_nor_of_containers_means_anything() {
        let want = example();
        let mut live = registered(&want);
        let containers = live.container_definitions.as_mut().unwrap();
        containers[0].environment.as_mut().unwrap().reverse();
        containers.reverse();
        assert_eq!(props(&live, "web", want.tags.clone()), want);
    }

    #[test]
    fn a_container_that_somebody_added_is_seen() {
        let want = example();
        let mut live = registered(&want);
        let other = ContainerDefinition::builder().name("agent").image("agent").build();
        live.container_definitions.as_mut().unwrap().insert(0, other);
        let got = props(&live, "web", want.tags.clone());
        assert_eq!(got.container, want.container);
        assert_eq!(got.sidecars["agent"].image, "agent".into());
    }
}
