//! What is built: from which folder, by which file, for which architecture.

use super::context::Cx;
use super::image::platform;
use crate::document::Node;
use crate::keys::{self, Fields, shorten};
use crate::problem::{Problem, Span};
use crate::stack::Architecture;
use crate::units;

/// A build as it is written, before it is known for which architecture.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) context: String,
    pub(super) file: String,
    pub(super) architecture: Option<Architecture>,
    pub(super) span: Span,
}

/// Reads `build`; one text is the context.
pub(super) fn plan(cx: &mut Cx, node: &Node) -> Option<Plan> {
    let mut plan = Plan {
        context: ".".to_owned(),
        file: "Dockerfile".to_owned(),
        architecture: None,
        span: node.span,
    };
    if node.map().is_none() {
        plan.context = folder(cx, node, "`build`")?;
        return Some(plan);
    }
    let fields = Fields::of(cx, node, &keys::BUILD)?;
    if let Some(context) = fields.get(cx, "context").and_then(|node| folder(cx, node, "`context`"))
    {
        plan.context = context;
    }
    if let Some(file) = fields.get(cx, "file").and_then(|node| folder(cx, node, "`file`")) {
        plan.file = file;
    }
    plan.architecture = fields.get(cx, "platform").and_then(|node| platform(cx, node));
    Some(plan)
}

/// Reads a path that means the same on every machine that has the files.
fn folder(cx: &mut Cx, node: &Node, what: &str) -> Option<String> {
    let path = units::text(cx, node, what)?;
    let remote = ["http://", "https://", "git://", "git@", "ssh://"];
    let problem =
        Problem::error("E042", node.span, format!("{what} cannot be `{}`", shorten(&path)));
    let problem = if path.is_empty() || path.contains('\0') {
        problem.label("expected a path").help("for the folder of the spec, write `.`")
    } else if remote.iter().any(|start| path.starts_with(start)) {
        problem
            .label("a place elsewhere")
            .help("a build uses files beside the spec; fetch them first, and name their folder")
    } else if path.starts_with(['/', '~']) || path.chars().nth(1) == Some(':') {
        problem
            .label("a place that only one machine has")
            .help("write the path from the folder of the spec, for example `./web`")
    } else {
        return Some(path);
    };
    cx.push(problem);
    None
}
