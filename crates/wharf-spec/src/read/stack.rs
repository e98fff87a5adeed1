//! The top level.

use std::collections::{BTreeMap, BTreeSet};

use semver::{Version, VersionReq};

use super::context::Cx;
use super::image::Images;
use super::job::{self, Surroundings};
use super::{image, place, service};
use crate::document::Node;
use crate::keys::{self, Fields, nearest, shorten};
use crate::problem::{Problem, Span};
use crate::stack::{Destroy, Fate, Job, Service, Stack};
use crate::units;
use crate::waive;

/// Most services of one stack: a balancer has 100 rules (ELB quotas).
const MAX_SERVICES: usize = 100;
/// Most jobs of one stack; what one run reads and checks stays bounded.
const MAX_JOBS: usize = 200;

/// Checks the version of the format; says whether the rest can be understood.
pub(crate) fn version(cx: &mut Cx, root: &Node) -> bool {
    let Some(node) = root.get("version") else {
        cx.push(
            Problem::error("E010", first_line(root), "the spec does not say its version")
                .label("expected `version: 1`")
                .help("add `version: 1` as the first line"),
        );
        return true;
    };
    let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
    if text == "1" {
        return true;
    }
    let problem = Problem::error("E010", node.span, "this version of the format is not known")
        .label("only 1 exists");
    cx.push(match text.parse::<u32>() {
        Ok(2..) => problem.help("a newer wharf may know it"),
        _ => problem.help("write `version: 1`"),
    });
    false
}

fn first_line(root: &Node) -> Span {
    root.map().and_then(<[_]>::first).map_or(root.span, |entry| entry.key.span)
}

/// Reads `app` and compares the tool's version with `wharf`.
pub(crate) fn app(cx: &mut Cx, root: &Node, tool: &str) -> Option<String> {
    if let Some(node) = root.get("wharf").filter(|node| !node.is_null()) {
        tool_version(cx, node, tool);
    }
    let Some(node) = root.get("app").filter(|node| !node.is_null()) else {
        cx.missing(first_line(root), "the spec", "app", "app: NAME");
        return None;
    };
    let name = units::text(cx, node, "`app`")?;
    units::name(cx, &name, node.span, "an app").then_some(name)
}

fn tool_version(cx: &mut Cx, node: &Node, tool: &str) {
    let Some(text) = node.scalar().map(|scalar| scalar.text.as_str()) else {
        return cx.wrong_type(node, "`wharf` (versions such as \">=0.1, <1\")");
    };
    let Ok(wanted) = VersionReq::parse(text) else {
        return cx.push(
            Problem::error(
                "E011",
                node.span,
                "`wharf` must say which versions of the tool may be used",
            )
            .label("not a version requirement")
            .help("for example \">=0.1, <1\""),
        );
    };
    let Ok(version) = Version::parse(tool) else { return };
    if !wanted.matches(&version) {
        cx.push(
            Problem::error("E011", node.span, format!("this spec refuses wharf {version}"))
                .label("asks for other versions")
                .help("use a wharf it asks for, or change this line after reading the changelog"),
        );
    }
}

/// Reads a merged tree. What is broken is reported and replaced by a default, so that the rest is
/// still checked; the result is only good if nothing was reported.
pub(crate) fn stack(
    cx: &mut Cx,
    root: &Node,
    overrides: Option<&BTreeMap<String, String>>,
) -> Stack {
    let fields = Fields::of(cx, root, &keys::ROOT).unwrap_or_default();
    cx.app_span = root.get("app").map(|node| node.span);
    let region = match fields.get(cx, "region") {
        Some(node) => place::region(cx, node).unwrap_or_default(),
        None if fields.entry("region").is_some() => String::new(),
        None => {
            cx.missing(first_line(root), "the spec", "region", "region: eu-west-1");
            String::new()
        }
    };
    cx.region.clone_from(&region);
    let account = fields.get(cx, "account").and_then(|node| place::account(cx, node));
    let tags_key = fields.entry("tags").map_or(root.span, |entry| entry.key.span);
    let tags = fields.get(cx, "tags");
    let tags = tags.map(|node| place::tags(cx, tags_key, node)).unwrap_or_default();
    let network = fields.get(cx, "network");
    let network = place::network(cx, network);
    let cluster = fields.get(cx, "cluster").and_then(|node| place::cluster(cx, node));
    cx.balancer_span = fields.entry("balancer").map(|entry| entry.key.span);
    let balancer = fields.get(cx, "balancer");
    let balancer = place::balancer(cx, balancer);
    let images = fields.get(cx, "images").map(|node| image::images(cx, node)).unwrap_or_default();
    if let Some(defaults) = fields.get(cx, "defaults") {
        // Its keys are checked where they arrive, in the services.
        if defaults.map().is_none() {
            cx.wrong_type(defaults, "`defaults` (a map of service settings)");
        }
    }
    let services = services(cx, root, fields, &images, overrides);
    let only = fields.entry("services").and_then(|entry| match entry.value.map() {
        Some([only]) => Some(only),
        _ => None,
    });
    let around = Surroundings { images: &images, overrides, only };
    let jobs = jobs(cx, fields, &around);
    let release = fields.entry("release").filter(|entry| {
        let there = fields.get(cx, "release").is_some();
        there && !entry.value.is_null()
    });
    let release = release.map(|entry| job::release(cx, entry, &around));
    cx.service.clear();
    unknown_overrides(cx, overrides, &services, &jobs, release.is_some());
    if let Some(node) = fields.get(cx, "waive") {
        waive::read(cx, node);
    }
    let protect = protect(cx, fields);
    let destroy_node = fields.get(cx, "destroy");
    let destroy = destroy(cx, destroy_node);
    Stack {
        app: cx.app.clone(),
        env: cx.env.clone(),
        region,
        account,
        tags,
        network,
        cluster,
        balancer,
        release,
        services,
        jobs,
        protect,
        destroy,
    }
}

fn services(
    cx: &mut Cx,
    root: &Node,
    fields: Fields<'_>,
    images: &Images,
    overrides: Option<&BTreeMap<String, String>>,
) -> BTreeMap<String, Service> {
    let mut services = BTreeMap::new();
    let Some(entry) = fields.entry("services") else {
        cx.missing(
            first_line(root),
            "the spec",
            "services",
            "services: { web: { image: nginx:1.27, port: 80 } }",
        );
        return services;
    };
    let Some(entries) = entry.value.map().filter(|entries| !entries.is_empty()) else {
        let problem = if entry.value.map().is_some() || entry.value.is_null() {
            Problem::error("E006", entry.key.span, "`services` names no service").label("empty")
        } else {
            Problem::error(
                "E007",
                entry.value.span,
                "`services` must be a map, one key per service",
            )
            .label(format!("this is {}", entry.value.describe()))
        };
        cx.push(problem.help("for example `web:` with `image:` and `port:` indented below it"));
        return services;
    };
    if entries.len() > MAX_SERVICES {
        cx.push(
            Problem::error(
                "E002",
                entry.key.span,
                format!("a stack has {MAX_SERVICES} services at most"),
            )
            .label(format!("{} are declared", entries.len())),
        );
        return services;
    }
    cx.services = entries.iter().map(|e| (e.key.text.clone(), e.key.span)).collect();
    for entry in entries {
        cx.service.clone_from(&entry.key.text);
        units::name(cx, &entry.key.text, entry.key.span, "a service");
        services.insert(entry.key.text.clone(), service::read(cx, entry, images, overrides));
    }
    cx.service.clear();
    services
}

fn jobs(cx: &mut Cx, fields: Fields<'_>, around: &Surroundings<'_>) -> BTreeMap<String, Job> {
    let mut jobs = BTreeMap::new();
    let Some(entry) = fields.entry("jobs") else { return jobs };
    let Some(node) = fields.get(cx, "jobs") else { return jobs };
    let Some(entries) = node.map() else {
        cx.push(
            Problem::error("E007", node.span, "`jobs` must be a map, one key per job")
                .label(format!("this is {}", node.describe()))
                .help("for example `nightly:` with `command:` and `schedule:` indented below it"),
        );
        return jobs;
    };
    if entries.len() > MAX_JOBS {
        cx.push(
            Problem::error("E002", entry.key.span, format!("a stack has {MAX_JOBS} jobs at most"))
                .label(format!("{} are declared", entries.len())),
        );
        return jobs;
    }
    for entry in entries {
        units::name(cx, &entry.key.text, entry.key.span, "a job");
        jobs.insert(entry.key.text.clone(), job::job(cx, entry, around));
    }
    cx.service.clear();
    cx.jobs = entries.iter().map(|e| (e.key.text.clone(), e.key.span)).collect();
    jobs
}

/// Reports every `--image NAME=…` that names neither a service nor a job.
fn unknown_overrides(
    cx: &mut Cx,
    overrides: Option<&BTreeMap<String, String>>,
    services: &BTreeMap<String, Service>,
    jobs: &BTreeMap<String, Job>,
    release: bool,
) {
    for name in overrides.into_iter().flat_map(BTreeMap::keys) {
        let known = services.contains_key(name) || jobs.contains_key(name);
        if services.is_empty() || known || (release && name == "release") {
            continue;
        }
        let what = if jobs.is_empty() { "no service" } else { "neither a service nor a job" };
        let problem =
            Problem::error("E041", None, format!("`--image {}=…` names {what}", shorten(name)));
        let names: Vec<&str> = services.keys().chain(jobs.keys()).map(String::as_str).collect();
        cx.push(match nearest(name, names.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `--image {near}=…`?")),
            None if jobs.is_empty() => {
                problem.help(format!("the services are: {}", names.join(", ")))
            }
            None => problem.help(format!("the services and jobs are: {}", names.join(", "))),
        });
    }
}

fn protect(cx: &mut Cx, fields: Fields<'_>) -> BTreeSet<String> {
    let Some(node) = fields.get(cx, "protect") else { return BTreeSet::new() };
    let names = units::texts(cx, node, "`protect`").unwrap_or_default();
    cx.protect.clone_from(&names);
    names.into_iter().map(|(name, _)| name).collect()
}

fn destroy(cx: &mut Cx, node: Option<&Node>) -> Destroy {
    let mut destroy =
        Destroy { repository: Fate::Delete, logs: Fate::Delete, certificate: Fate::Delete };
    let Some(node) = node else { return destroy };
    let Some(fields) = Fields::of(cx, node, &keys::DESTROY) else { return destroy };
    for (key, fate) in [
        ("repository", &mut destroy.repository),
        ("logs", &mut destroy.logs),
        ("certificate", &mut destroy.certificate),
    ] {
        let Some(node) = fields.get(cx, key) else { continue };
        if units::word(cx, node, &format!("`{key}`"), &["delete", "keep"]) == Some("keep") {
            *fate = Fate::Keep;
        }
    }
    destroy
}
