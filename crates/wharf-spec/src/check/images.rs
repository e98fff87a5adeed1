//! Images that nobody runs, that change by themselves, or that are said in two ways.

use std::collections::BTreeMap;

use super::place;
use crate::document::Node;
use crate::keys::shorten;
use crate::problem::{Problem, Span};
use crate::read::Cx;
use crate::stack::{Build, Image, Repository, Stack};

pub(super) fn check(cx: &mut Cx, root: &Node, stack: &Stack) {
    unused(cx, root);
    mutable(cx, root);
    one_build(cx, root, stack);
}

fn unused(cx: &mut Cx, root: &Node) {
    let entries = root.get("images").and_then(Node::map).unwrap_or_default();
    for entry in entries.iter().filter(|entry| !cx.images_used.contains(&entry.key.text)) {
        let name = shorten(&entry.key.text);
        cx.problems.push(
            Problem::warning("W114", entry.key.span, format!("nothing runs the image `{name}`"))
                .label("no service, job or sidecar names it")
                .help("remove it, or name it in an `image:`"),
        );
    }
}

/// Looks at the images as they are written, since a flag may have replaced them for this run.
fn mutable(cx: &mut Cx, root: &Node) {
    let images = root.get("images");
    let mut problems = Vec::new();
    let mut look = |name: &str, node: &Node| {
        let Some(image) = node.get("image") else { return };
        let (text, span) = match (image.scalar(), image.get("tag")) {
            (Some(scalar), _) => {
                let named = images.and_then(|images| images.get(&scalar.text));
                match named.and_then(Node::scalar) {
                    Some(reference) => (reference.text.as_str(), image.span),
                    None if named.is_some() || scalar.text == "keep" => return,
                    None => (scalar.text.as_str(), image.span),
                }
            }
            (None, Some(tag)) => match tag.scalar().map(|scalar| scalar.text.as_str()) {
                Some("latest") => ("latest", tag.span),
                _ => return,
            },
            (None, None) => return,
        };
        problems.extend(changing(text, span).map(|problem| problem.of(name)));
    };
    for key in ["services", "jobs"] {
        for entry in root.get(key).and_then(Node::map).unwrap_or_default() {
            look(&entry.key.text, &entry.value);
            let sidecars = entry.value.get("sidecars").and_then(Node::map).unwrap_or_default();
            for sidecar in sidecars {
                look(&entry.key.text, &sidecar.value);
            }
        }
    }
    if let Some(release) = root.get("release") {
        look("release", release);
    }
    cx.problems.append(&mut problems);
}

fn changing(reference: &str, span: Span) -> Option<Problem> {
    let last = reference.rsplit('/').next().unwrap_or_default();
    let tag = match last.split_once(':') {
        // What is no reference was reported as that.
        _ if reference.contains('@') || reference.contains("://") => return None,
        Some((_, tag)) => Some(tag),
        None if reference == "latest" => Some("latest"),
        None => None,
    };
    let label = match tag {
        None => "has no tag, which means `latest`",
        Some("latest") => "is whatever was pushed last",
        Some(_) => return None,
    };
    Some(
        Problem::warning("W108", span, "what runs can change with every plan")
            .label(label)
            .note("a change of the image is then no change of this file, and cannot be taken back here")
            .help("write a tag that is pushed once, such as a version, or a digest"),
    )
}

/// An image that several share is built once, so they must agree on how.
fn one_build(cx: &mut Cx, root: &Node, stack: &Stack) {
    let services = stack.services.values().map(|s| ("services", s.name.as_str(), &s.image));
    let jobs = stack.jobs.values().map(|j| ("jobs", j.task.name.as_str(), &j.task.image));
    let release = stack.release.iter().map(|task| ("release", "", &task.image));
    let mut seen: BTreeMap<&str, (&Build, &Repository, &str, Span)> = BTreeMap::new();
    for (key, owner, image) in services.chain(jobs).chain(release) {
        let Image::Built { name, build, repository } = image else { continue };
        let path: &[&str] = if owner.is_empty() { &[key] } else { &[key, owner] };
        let here = place(root, path).span;
        let Some((first, settings, other, there)) = seen.get(name.as_str()) else {
            seen.insert(name, (build, repository, owner, here));
            continue;
        };
        let what = if first.architecture != build.architecture {
            "`platform`"
        } else if *settings != repository {
            "`repository`"
        } else {
            continue;
        };
        cx.problems.push(
            Problem::error(
                "E042",
                here,
                format!("the image `{name}` is built once, for one {what}"),
            )
            .label("wants one")
            .also(*there, format!("`{other}` wants another"))
            .help(format!("say the same under both, or put {what} under `defaults`")),
        );
    }
}
