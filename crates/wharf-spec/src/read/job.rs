//! What runs to its end: jobs and the release.

use std::collections::BTreeMap;

use super::context::Cx;
use super::image::{self, Images};
use super::{container, schedule};
use crate::document::{Entry, Node};
use crate::keys::{self, Fields, Shape};
use crate::problem::Span;
use crate::stack::{Job, Task};
use crate::units;
use crate::waive;

/// Longest a run may be allowed to take.
const LONGEST: u32 = 7 * 86400;
/// Most runs after the first that failed.
const MOST_RETRIES: u32 = 10;

/// What the readers of tasks need of the rest of the file.
pub(super) struct Surroundings<'s> {
    pub(super) images: &'s Images,
    pub(super) overrides: Option<&'s BTreeMap<String, String>>,
    /// The only service, whose image a task runs that names none.
    pub(super) only: Option<&'s Entry>,
}

pub(super) fn job(cx: &mut Cx, entry: &Entry, around: &Surroundings<'_>) -> Job {
    cx.service.clone_from(&entry.key.text);
    let fields = fields(cx, &entry.value, &keys::JOB);
    let schedule = fields.get(cx, "schedule").and_then(|node| schedule::read(cx, node));
    let retries = fields.get(cx, "retries");
    let retries = retries.and_then(|node| units::integer(cx, node, "`retries`", 0, MOST_RETRIES));
    let task = task(cx, &entry.key.text, entry.key.span, fields, around, 3600);
    Job { task, schedule, retries: retries.unwrap_or(0) }
}

/// Reads `release`.
pub(super) fn release(cx: &mut Cx, entry: &Entry, around: &Surroundings<'_>) -> Task {
    "release".clone_into(&mut cx.service);
    let fields = fields(cx, &entry.value, &keys::RELEASE);
    if fields.entry("command").is_none() && entry.value.map().is_some() {
        cx.missing(entry.key.span, "a release", "command", "command: [\"bin/migrate\"]");
    }
    task(cx, "release", entry.key.span, fields, around, 900)
}

fn fields<'n>(cx: &mut Cx, node: &'n Node, shape: &Shape) -> Fields<'n> {
    if node.is_null() {
        return Fields::default();
    }
    Fields::of(cx, node, shape).unwrap_or_default()
}

fn task(
    cx: &mut Cx,
    name: &str,
    place: Span,
    fields: Fields<'_>,
    around: &Surroundings<'_>,
    timeout: u32,
) -> Task {
    let own = fields.entry("image").is_some() || fields.entry("build").is_some();
    let shared = around.only.filter(|_| !own).filter(|entry| entry.value.map().is_some());
    let repository = shared.map_or(name, |entry| entry.key.text.as_str());
    let over = around.overrides.and_then(|overrides| overrides.get(repository));
    let what = if name == "release" { "the release" } else { "a job" };
    let owner = image::Owner { name: repository, what, place };
    let image_fields = shared.map_or(fields, |entry| Fields::unchecked(&entry.value));
    let (image, architecture) =
        image::read(cx, &owner, image_fields, around.images, over.map(String::as_str));
    // A renamed service keeps its repository, and with it whoever runs its image.
    let before = image_fields
        .entry("renamed_from")
        .and_then(|entry| entry.value.scalar())
        .map(|scalar| scalar.text.as_str());
    let image = image.kept_under(repository, before);
    let frame = container::frame(cx, fields);
    let process = container::process(cx, fields);
    if let Some(node) = fields.get(cx, "waive") {
        waive::read(cx, node);
    }
    let limit = fields.get(cx, "timeout");
    let limit = limit.and_then(|node| units::duration(cx, node, "`timeout`", 60, LONGEST));
    Task {
        name: name.to_owned(),
        image,
        cpu: frame.cpu,
        memory: frame.memory,
        architecture,
        command: process.command,
        entrypoint: process.entrypoint,
        user: process.user,
        stop_timeout: frame.stop_timeout,
        env: process.env,
        secrets: process.secrets,
        permissions: frame.permissions,
        task_role: frame.task_role,
        timeout: limit.unwrap_or(timeout),
        log_retention: frame.log_retention,
    }
}
