//! Containers beside the service's own.

use std::collections::BTreeMap;

use super::container;
use super::context::Cx;
use super::image::{self, Images};
use super::routing;
use crate::document::{Entry, Node};
use crate::keys::{self, Fields};
use crate::problem::Problem;
use crate::stack::{Condition, Sidecar};
use crate::units;

/// Containers of one task (ECS quotas), less the service's own.
const MAX_SIDECARS: usize = 9;
/// Least memory of a container in MiB (ECS API reference, `ContainerDefinition.memory`).
const LEAST_MEMORY: u32 = 6;

pub(super) fn all(cx: &mut Cx, node: &Node, images: &Images) -> BTreeMap<String, Sidecar> {
    let mut sidecars = BTreeMap::new();
    let Some(entries) = node.map() else {
        cx.wrong_type(node, "`sidecars` (a map, one key per container)");
        return sidecars;
    };
    if entries.len() > MAX_SIDECARS {
        cx.push(
            Problem::error(
                "E002",
                node.span,
                format!("a service has {MAX_SIDECARS} sidecars at most"),
            )
            .label(format!("{} are written", entries.len()))
            .note("a task has ten containers at most (ECS quotas), and one is the service's own"),
        );
        return sidecars;
    }
    for entry in entries {
        units::name(cx, &entry.key.text, entry.key.span, "a sidecar");
        if let Some(sidecar) = one(cx, entry, images) {
            sidecars.insert(entry.key.text.clone(), sidecar);
        }
    }
    sidecars
}

fn one(cx: &mut Cx, entry: &Entry, images: &Images) -> Option<Sidecar> {
    let fields = if entry.value.is_null() {
        Fields::default()
    } else {
        Fields::of(cx, &entry.value, &keys::SIDECAR)?
    };
    if fields.entry("image").is_none() {
        cx.missing(entry.key.span, "a sidecar", "image", "image: public.ecr.aws/NAME:TAG");
    }
    let image = fields.get(cx, "image").and_then(|node| image::sidecar(cx, node, images));
    let essential = fields.get(cx, "essential");
    let essential = essential.and_then(|node| units::boolean(cx, node, "`essential`"));
    let cpu = fields.get(cx, "cpu").and_then(|node| cpu(cx, node));
    let memory = fields.get(cx, "memory");
    let memory = memory.and_then(|node| Some((node, units::size(cx, node, "`memory`")?)));
    if let Some((node, small)) = memory.filter(|(_, memory)| *memory < LEAST_MEMORY) {
        cx.push(
            Problem::error("E043", node.span, "this is too little memory for a container")
                .label(format!("{small} MiB"))
                .help(format!("{LEAST_MEMORY}MB is the least")),
        );
    }
    let process = container::process(cx, fields);
    let container_health =
        fields.get(cx, "container_health").and_then(|node| routing::container_health(cx, node));
    let depends_on = fields.get(cx, "depends_on");
    let depends_on = depends_on.map(|node| conditions(cx, node)).unwrap_or_default();
    Some(Sidecar {
        name: entry.key.text.clone(),
        image: image.unwrap_or_default(),
        essential: essential.unwrap_or(true),
        cpu,
        memory: memory.map(|(_, memory)| memory),
        command: process.command,
        entrypoint: process.entrypoint,
        user: process.user,
        env: process.env,
        secrets: process.secrets,
        container_health,
        depends_on,
    })
}

/// Reads a share of the task's CPU, in vCPU.
fn cpu(cx: &mut Cx, node: &Node) -> Option<u32> {
    let number = node.scalar().filter(|scalar| scalar.plain).and_then(|scalar| {
        let digits = scalar.text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        scalar.text.parse::<f64>().ok().filter(|_| digits)
    });
    let Some(number) = number else {
        cx.push(
            Problem::error("E007", node.span, "`cpu` must be a number of vCPU")
                .label("not a plain number")
                .help("for example 0.1; it is part of the task's `cpu`"),
        );
        return None;
    };
    let units = (number * 1024.0).round();
    if !(1.0..=32768.0).contains(&units) {
        units::out_of_range(cx, node.span, "`cpu` of a sidecar", "0.001", "32");
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked on the lines above to be a whole number within range"
    )]
    Some(units as u32)
}

/// Reads `depends_on`: containers, and how far each must have come.
pub(super) fn conditions(cx: &mut Cx, node: &Node) -> BTreeMap<String, Condition> {
    let mut conditions = BTreeMap::new();
    let Some(entries) = node.map() else {
        cx.push(
            Problem::error("E007", node.span, "`depends_on` must be a map of containers")
                .label(format!("this is {}", node.describe()))
                .help("for example `depends_on: { proxy: healthy }`, with a sidecar's name")
                .help("for the order of services, write `after: [NAME]`"),
        );
        return conditions;
    };
    for entry in entries {
        let words = ["start", "complete", "success", "healthy"];
        let condition = match units::word(cx, &entry.value, "the condition", &words) {
            Some("start") => Condition::Start,
            Some("complete") => Condition::Complete,
            Some("success") => Condition::Success,
            Some(_) => Condition::Healthy,
            None => continue,
        };
        conditions.insert(entry.key.text.clone(), condition);
    }
    conditions
}
