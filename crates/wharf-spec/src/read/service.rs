//! One service.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Cx;
use super::image::{self, Images};
use super::{container, deploy, routing, scale, sidecar};
use crate::document::{Entry, Node};
use crate::keys::{self, Fields};
use crate::problem::Problem;
use crate::stack::Service;
use crate::units;
use crate::waive;

pub(super) fn read(
    cx: &mut Cx,
    entry: &Entry,
    images: &Images,
    overrides: Option<&BTreeMap<String, String>>,
) -> Service {
    let name = &entry.key.text;
    let place = entry.key.span;
    let broken = entry.value.map().is_none() && !entry.value.is_null();
    let fields = if entry.value.is_null() {
        Fields::default()
    } else {
        Fields::of(cx, &entry.value, &keys::SERVICE).unwrap_or_default()
    };
    let over = overrides.and_then(|overrides| overrides.get(name)).map(String::as_str);
    // A service that is no map was reported as that; the image it lacks is no second problem.
    let over = over.or(broken.then_some(":none"));
    let owner = image::Owner { name, what: "a service", place };
    let (image, architecture) = image::read(cx, &owner, fields, images, over);
    let renamed_from = renamed_from(cx, fields);
    let frame = container::frame(cx, fields);
    let process = container::process(cx, fields);
    let routing = routing::read(cx, place, fields);
    let container_health =
        fields.get(cx, "container_health").and_then(|node| routing::container_health(cx, node));
    let routed = fields.entry("port").is_some();
    let scale = fields.get(cx, "scale");
    let (count, scaling) =
        scale.and_then(|node| scale::read(cx, node, routed)).unwrap_or((1, None));
    let deploy = fields.get(cx, "deploy");
    let deploy = deploy::read(cx, deploy, routed, count);
    let sidecars = fields.get(cx, "sidecars");
    let sidecars = sidecars.map(|node| sidecar::all(cx, node, images)).unwrap_or_default();
    let depends_on = fields.get(cx, "depends_on");
    let depends_on = depends_on.map(|node| sidecar::conditions(cx, node)).unwrap_or_default();
    if let Some(node) = fields.get(cx, "waive") {
        waive::read(cx, node);
    }
    let exec = fields.get(cx, "exec").and_then(|node| units::boolean(cx, node, "`exec`"));
    Service {
        name: name.clone(),
        image: image.kept_under(name, renamed_from.as_deref()),
        cpu: frame.cpu,
        memory: frame.memory,
        architecture,
        command: process.command,
        entrypoint: process.entrypoint,
        user: process.user,
        stop_timeout: frame.stop_timeout,
        routing,
        container_health,
        env: process.env,
        secrets: process.secrets,
        permissions: frame.permissions,
        task_role: frame.task_role,
        sidecars,
        depends_on,
        count,
        scaling,
        spot: spot(cx, fields),
        after: after(cx, fields),
        renamed_from,
        deploy,
        log_retention: frame.log_retention,
        exec: exec.unwrap_or(false),
    }
}

fn spot(cx: &mut Cx, fields: Fields<'_>) -> u32 {
    let Some(node) = fields.get(cx, "spot") else { return 0 };
    units::percent(cx, node, "`spot`", 0, 100).unwrap_or(0)
}

/// Reads the services that come first; whether they exist is checked when all are known.
fn after(cx: &mut Cx, fields: Fields<'_>) -> BTreeSet<String> {
    let Some(node) = fields.get(cx, "after") else { return BTreeSet::new() };
    let names = units::one_or_more(cx, node, "`after`").unwrap_or_default();
    let mut after = BTreeSet::new();
    for (name, span) in names {
        if !after.insert(name) {
            cx.push(Problem::error("E045", span, "this service is listed twice").label("again"));
        }
    }
    after
}

fn renamed_from(cx: &mut Cx, fields: Fields<'_>) -> Option<String> {
    let node: &Node = fields.get(cx, "renamed_from")?;
    let name = units::text(cx, node, "`renamed_from`")?;
    units::name(cx, &name, node.span, "a service").then_some(name)
}
