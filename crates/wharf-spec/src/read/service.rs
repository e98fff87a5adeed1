//! One service.

use std::collections::BTreeMap;

use super::context::Cx;
use super::{deploy, image, routing, variables};
use crate::document::{Entry, Node};
use crate::fargate;
use crate::keys::{self, Fields, shorten};
use crate::problem::{Problem, Span};
use crate::stack::Service;
use crate::units::{self, human_size};

pub(super) fn read(
    cx: &mut Cx,
    entry: &Entry,
    images: &BTreeMap<String, String>,
    over: Option<&str>,
) -> Service {
    cx.service.clone_from(&entry.key.text);
    let place = entry.key.span;
    let broken = entry.value.map().is_none() && !entry.value.is_null();
    let fields = if entry.value.is_null() {
        Fields::default()
    } else {
        Fields::of(cx, &entry.value, &keys::SERVICE).unwrap_or_default()
    };
    // A service that is no map was reported as that; the image it lacks is no second problem.
    let over = over.or(broken.then_some(":none"));
    let (image, architecture) = image::read(cx, place, fields, images, over);
    let (cpu, memory) = size(cx, fields);
    let routing = routing::read(cx, place, fields);
    let container_health =
        fields.get(cx, "container_health").and_then(|node| routing::container_health(cx, node));
    let command_words = command(cx, fields, "command");
    let entrypoint = command(cx, fields, "entrypoint");
    let env = fields.get(cx, "env").map(|node| variables::env(cx, node)).unwrap_or_default();
    let secrets = fields.get(cx, "secrets");
    let secrets = secrets.map(|node| variables::secrets(cx, node)).unwrap_or_default();
    variables::refuse_both(cx, fields);
    let permissions = fields.get(cx, "permissions");
    let permissions = permissions.map(|node| variables::permissions(cx, node)).unwrap_or_default();
    // ECS API reference, ContainerDefinition.stopTimeout: at most 120 seconds on Fargate.
    let stop_timeout = fields
        .get(cx, "stop_timeout")
        .and_then(|node| units::duration(cx, node, "`stop_timeout`", 2, 120))
        .unwrap_or(30);
    let count = fields.get(cx, "scale").and_then(|node| deploy::scale(cx, node)).unwrap_or(1);
    let (deploy, logs) = (fields.get(cx, "deploy"), fields.get(cx, "logs"));
    let log_retention = deploy::logs(cx, logs);
    let deploy = deploy::read(cx, deploy);
    let user = fields.get(cx, "user").and_then(|node| units::text(cx, node, "`user`"));
    let exec = fields.get(cx, "exec").and_then(|node| units::boolean(cx, node, "`exec`"));
    Service {
        name: entry.key.text.clone(),
        image,
        cpu,
        memory,
        architecture,
        command: command_words,
        entrypoint,
        user,
        stop_timeout,
        routing,
        container_health,
        env,
        secrets,
        permissions,
        count,
        deploy,
        log_retention,
        exec: exec.unwrap_or(false),
    }
}

fn command(cx: &mut Cx, fields: Fields<'_>, key: &str) -> Option<Vec<String>> {
    let node = fields.get(cx, key)?;
    if let Some(scalar) = node.scalar() {
        let words: Vec<String> =
            scalar.text.split_whitespace().map(|word| format!("\"{word}\"")).collect();
        cx.push(
            Problem::error("E007", node.span, format!("`{key}` must be a list of words"))
                .label("this is one text")
                .help(format!("write [{}]", shorten(&words.join(", "))))
                .help(format!(
                    "for a shell, write [\"sh\", \"-c\", \"{}\"]",
                    shorten(&scalar.text)
                )),
        );
        return None;
    }
    let items = units::texts(cx, node, &format!("`{key}`"))?;
    if items.is_empty() {
        cx.push(
            Problem::error("E009", node.span, format!("`{key}` is empty"))
                .label("no words")
                .help("remove the line to use what the image says"),
        );
    }
    for (word, span) in &items {
        variables::refuse_credential(cx, "", word, *span);
    }
    Some(items.into_iter().map(|(word, _)| word).collect())
}

/// Reads CPU units and MiB; one alone takes the smallest of the other that goes with it.
fn size(cx: &mut Cx, fields: Fields<'_>) -> (u32, u32) {
    const DEFAULT: (u32, u32) = (256, 512);
    let cpu_node = fields.get(cx, "cpu");
    let memory_node = fields.get(cx, "memory");
    let cpu = cpu_node.map(|node| cpu(cx, node));
    let memory = memory_node.map(|node| units::size(cx, node, "`memory`"));
    match (cpu, memory) {
        (Some(Some(cpu)), Some(Some(memory))) => {
            if !fargate::exists(cpu, memory) {
                let at = memory_node.or(cpu_node).map_or(Span::default(), |node| node.span);
                no_pair(cx, cpu, memory, at, cpu_node.map(|node| node.span));
            }
            (cpu, memory)
        }
        (Some(Some(cpu)), None) => (cpu, fargate::smallest_memory(cpu).unwrap_or(DEFAULT.1)),
        (None, Some(Some(memory))) => {
            if let Some(cpu) = fargate::smallest_cpu(memory) {
                return (cpu, memory);
            }
            let at = memory_node.map_or(Span::default(), |node| node.span);
            no_pair(cx, DEFAULT.0, memory, at, None);
            DEFAULT
        }
        _ => DEFAULT,
    }
}

fn cpu(cx: &mut Cx, node: &Node) -> Option<u32> {
    let Some(scalar) = node.scalar() else {
        cx.wrong_type(node, "`cpu` (a number of vCPU such as 0.25)");
        return None;
    };
    let list = || fargate::cpus().map(vcpu).collect::<Vec<_>>().join(", ");
    let text = scalar.text.trim_end_matches("vCPU").trim_end();
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let Some(number) = text.parse::<f64>().ok().filter(|_| digits && scalar.plain) else {
        cx.push(
            Problem::error("E007", node.span, "`cpu` must be a number of vCPU")
                .label("not a plain number")
                .help(format!("one of {}", list())),
        );
        return None;
    };
    if let Some(units) =
        fargate::cpus().find(|units| (f64::from(*units) - number * 1024.0).abs() < 0.5)
    {
        return Some(units);
    }
    let mut problem = Problem::error(
        "E030",
        node.span,
        format!("Fargate has no task with {} vCPU", shorten(text)),
    )
    .label("no such size")
    .help(format!("one of {}", list()));
    if let Some(units) = fargate::cpus().find(|units| (f64::from(*units) - number).abs() < 0.5) {
        problem = problem.note(format!(
            "if these are CPU units, they are {} vCPU: write {}",
            vcpu(units),
            vcpu(units)
        ));
    }
    cx.push(problem);
    None
}

fn no_pair(cx: &mut Cx, cpu: u32, memory: u32, at: Span, other: Option<Span>) {
    let pairs: Vec<String> = fargate::nearest(cpu, memory)
        .into_iter()
        .map(|(cpu, memory)| format!("`cpu: {}` with `memory: {}`", vcpu(cpu), human_size(memory)))
        .collect();
    let message = match other {
        Some(_) => {
            format!("Fargate has no task with {} vCPU and {}", vcpu(cpu), human_size(memory))
        }
        None => format!("Fargate has no task with {}", human_size(memory)),
    };
    let mut problem = Problem::error("E030", at, message).label("does not go together");
    if let Some(other) = other {
        problem = problem.also(other, "with this");
        if let Some(sizes) = fargate::describe(cpu) {
            problem = problem.note(format!("{} vCPU goes with {sizes}", vcpu(cpu)));
        }
    } else {
        problem = problem.label("no size of task has this");
    }
    cx.push(problem.help(format!("the nearest that exist: {}", pairs.join(", or "))));
}

/// Writes CPU units as vCPU.
fn vcpu(units: u32) -> String {
    format!("{}", f64::from(units) / 1024.0)
}
