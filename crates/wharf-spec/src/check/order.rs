//! Who comes before whom, and who was called what.

use std::collections::BTreeMap;

use super::{cycle, item, of_service, place};
use crate::document::Node;
use crate::keys::{nearest, shorten};
use crate::problem::{Problem, Span};
use crate::read::Cx;
use crate::stack::Stack;

pub(super) fn check(cx: &mut Cx, root: &Node, stack: &Stack) {
    after(cx, root, stack);
    renamed(cx, root, stack);
    same_names(cx, root, stack);
}

fn span_of(root: &Node, service: &str, other: &str) -> Span {
    let node = root.get("services").and_then(|node| node.get(service));
    let list = node.and_then(|node| node.get("after"));
    item(list, other).unwrap_or_else(|| of_service(root, service, &["after"]).span)
}

fn after(cx: &mut Cx, root: &Node, stack: &Stack) {
    let known: Vec<&str> = stack.services.keys().map(String::as_str).collect();
    for service in stack.services.values() {
        for other in service.after.iter().filter(|other| !stack.services.contains_key(*other)) {
            let span = span_of(root, &service.name, other);
            let problem = Problem::error(
                "E045",
                span,
                format!("there is no service `{}` to wait for", shorten(other)),
            )
            .label("names no service");
            cx.push(if stack.jobs.contains_key(other) {
                problem.note("it is a job; jobs run on their own").help("remove it")
            } else {
                match nearest(other, known.iter().copied()) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help(format!("the services are: {}", known.join(", "))),
                }
            });
        }
    }
    let next = |name: &str| -> Vec<&str> {
        let service = stack.services.get(name);
        service.into_iter().flat_map(|service| service.after.iter().map(String::as_str)).collect()
    };
    let Some(round) = cycle(&known, next) else { return };
    let (Some(first), Some(second)) = (round.first(), round.get(1).or(round.first())) else {
        return;
    };
    let message = if round.len() == 1 {
        format!("`{first}` waits for itself")
    } else {
        "these services wait for each other, so none could be first".to_owned()
    };
    let mut problem = Problem::error("E045", span_of(root, first, second), message)
        .label(format!("`{first}` waits for `{second}`"));
    for (at, name) in round.iter().enumerate().skip(1) {
        let to = round.get(at + 1).unwrap_or(first);
        problem = problem.also(span_of(root, name, to), format!("`{name}` waits for `{to}`"));
    }
    cx.push(problem.help("remove one of them"));
}

fn renamed(cx: &mut Cx, root: &Node, stack: &Stack) {
    let mut taken: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
    for service in stack.services.values() {
        let Some(old) = &service.renamed_from else { continue };
        let span = of_service(root, &service.name, &["renamed_from"]).span;
        if *old == service.name {
            cx.push(
                Problem::error("E046", span, "the old name is the new one")
                    .label("is what it is called now")
                    .help("write what it was called before, or remove the line"),
            );
        } else if stack.services.contains_key(old) {
            let there = place(root, &["services", old]).span;
            cx.push(
                Problem::error("E046", span, format!("there still is a service `{old}`"))
                    .label("cannot have become this one")
                    .also(there, "is here")
                    .help("remove the old one if it was renamed, or this line if it was not"),
            );
        } else if let Some((other, there)) = taken.get(old.as_str()) {
            cx.push(
                Problem::error("E046", span, format!("`{old}` cannot have become two services"))
                    .label("once more")
                    .also(*there, format!("became `{other}`"))
                    .help("keep one of them; the other is a new service"),
            );
        } else if let Some(other) = stack.workloads().find(|other| {
            let repository = other.image.repository().map(|it| it.name.as_str());
            let twin = stack.services.get(other.name).and_then(|it| it.renamed_from.as_ref());
            twin != Some(old)
                && (other.name == old || (repository == Some(old) && *other.image != service.image))
        }) {
            let message = format!("`{old}` is in use: by `{}`", other.name);
            cx.push(
                Problem::error("E046", span, message)
                    .label("goes on under the old name")
                    .note("a renamed service keeps its repository and log group, which cannot be renamed")
                    .help("give the other one another name"),
            );
        } else {
            taken.insert(old, (&service.name, span));
        }
    }
}

/// Services and jobs share repositories, logs and roles by name.
fn same_names(cx: &mut Cx, root: &Node, stack: &Stack) {
    for (name, span) in cx.jobs.clone() {
        let Some((_, there)) = cx.services.iter().find(|(service, _)| *service == name) else {
            continue;
        };
        let there = *there;
        cx.push(
            Problem::error("E047", span, format!("a job and a service are both called `{name}`"))
                .label("the job")
                .also(there, "the service")
                .note("their repositories, log groups and roles would be the same")
                .help("give one of them another name"),
        );
    }
    if stack.release.is_none() {
        return;
    }
    let both = cx.services.iter().chain(&cx.jobs);
    let Some(span) = both.filter(|(name, _)| name == "release").map(|(_, span)| *span).next()
    else {
        return;
    };
    let release = root.entry("release").map_or(root.span, |entry| entry.key.span);
    cx.push(
        Problem::error("E047", span, "`release` is the name of the stack's release")
            .label("has the same name")
            .also(release, "the release")
            .help("give it another name"),
    );
}
