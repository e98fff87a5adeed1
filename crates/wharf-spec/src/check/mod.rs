//! Checks of each part of a stack against the others, when all of it is known.

mod containers;
mod images;
mod order;
mod shadow;
mod times;

use crate::document::Node;
use crate::problem::{Problem, Span};
use crate::read::Cx;
use crate::stack::Stack;

/// Checks a whole stack; `root` is the tree it was read from, and says where things stand.
pub(crate) fn check(cx: &mut Cx, root: &Node, stack: &Stack) {
    order::check(cx, root, stack);
    images::check(cx, root, stack);
    shadow::check(cx);
    left_over(cx, root, stack);
    for service in stack.services.values() {
        cx.service.clone_from(&service.name);
        containers::check(cx, root, service);
        times::check(cx, root, stack, service);
    }
    for job in stack.jobs.values() {
        cx.service.clone_from(&job.task.name);
        times::job(cx, root, job);
    }
    cx.service.clear();
}

/// What no rule takes belongs to the owner of the balancer.
fn left_over(cx: &mut Cx, root: &Node, stack: &Stack) {
    if stack.balancer.shared.is_none() {
        return;
    }
    let owner = place(root, &["balancer", "use"]);
    for service in stack.routed() {
        let Some(routing) = &service.routing else { continue };
        if routing.hosts.is_empty() && routing.paths.is_empty() {
            let port = of_service(root, &service.name, &["port"]);
            cx.push(
                Problem::error("E086", port.span, "this service would take what no rule takes")
                    .label("neither a name nor a path leads here")
                    .also(owner.span, "the balancer, and what is left over, belongs to others")
                    .help("give it a `domain`, or `route: { path: … }`")
                    .of(&service.name),
            );
        }
    }
}

/// Where something stands in the file.
#[derive(Clone, Copy)]
struct Place {
    span: Span,
    /// Whether the file says it there; if not, the span is that of the nearest thing around it.
    said: bool,
}

/// Finds the value at a path of keys.
fn place(root: &Node, path: &[&str]) -> Place {
    let mut node = root;
    let mut span = root.span;
    for key in path {
        let Some(entry) = node.entry(key) else { return Place { span, said: false } };
        span = if entry.value.map().is_some() { entry.key.span } else { entry.value.span };
        node = &entry.value;
    }
    Place { span, said: true }
}

/// Finds the value at a path of keys below a service.
fn of_service(root: &Node, service: &str, path: &[&str]) -> Place {
    let whole: Vec<&str> = ["services", service].iter().chain(path).copied().collect();
    place(root, &whole)
}

/// Finds an item of a list by its text; a single text counts as a list of one.
fn item(node: Option<&Node>, text: &str) -> Option<Span> {
    let is = |node: &Node| node.scalar().is_some_and(|scalar| scalar.text == text);
    let node = node?;
    match node.list() {
        Some(items) => items.iter().find(|item| is(item)).map(|item| item.span),
        None => is(node).then_some(node.span),
    }
}

/// Finds a cycle among names, given what each one points at: the names on it, in order.
fn cycle<'n>(names: &[&'n str], next: impl Fn(&str) -> Vec<&'n str>) -> Option<Vec<&'n str>> {
    let mut done: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
    for start in names {
        // Each level holds a name and what it still has to visit.
        let mut path: Vec<(&'n str, Vec<&'n str>)> = Vec::new();
        if done.contains(start) {
            continue;
        }
        path.push((start, next(start)));
        while let Some((name, rest)) = path.last_mut() {
            let name = *name;
            let Some(to) = rest.pop() else {
                done.insert(name);
                path.pop();
                continue;
            };
            if let Some(at) = path.iter().position(|(on, _)| *on == to) {
                return Some(path[at..].iter().map(|(name, _)| *name).collect());
            }
            if !done.contains(to) {
                path.push((to, next(to)));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_found_and_diamonds_are_none() {
        let next = |edges: &'static [(&str, &str)]| {
            move |name: &str| {
                edges.iter().filter(|(from, _)| *from == name).map(|(_, to)| *to).collect()
            }
        };
        let names = ["a", "b", "c", "d"];
        assert_eq!(cycle(&names, next(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])), None);
        let round = cycle(&names, next(&[("a", "b"), ("b", "c"), ("c", "b")]));
        assert_eq!(round, Some(vec!["b", "c"]));
        assert_eq!(cycle(&names, next(&[("d", "d")])), Some(vec!["d"]));
    }
}
