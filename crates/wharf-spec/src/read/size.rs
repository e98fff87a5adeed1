//! How large a task is.

use super::context::Cx;
use crate::document::Node;
use crate::fargate;
use crate::keys::{Fields, shorten};
use crate::problem::{Problem, Span};
use crate::units::{self, human_size};

/// Reads CPU units and MiB; one alone takes the smallest of the other that goes with it.
pub(super) fn read(cx: &mut Cx, fields: Fields<'_>) -> (u32, u32) {
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
pub(crate) fn vcpu(units: u32) -> String {
    format!("{}", f64::from(units) / 1024.0)
}
