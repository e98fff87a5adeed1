//! Keys in the order in which the reference lists them, under their canonical names.

use super::tree::{Comment, Group, Kind, Node, Source};
use crate::describe::{self, Shape};

/// Takes the comments that open the file: they stay on top, whatever key comes first. Says also whether
/// an empty line sets them apart.
pub(super) fn header(root: &mut Node, source: &Source<'_>) -> (Vec<Comment>, bool) {
    let (Kind::Map(group) | Kind::List(group)) = &mut root.kind else {
        return (Vec::new(), false);
    };
    let Some(first) = group.items.first_mut() else { return (Vec::new(), false) };
    // The first paragraph is about the file; what follows an empty line is about the key.
    let spaced = |comment: &Comment| source.empty_above(comment.line);
    let next = first.before.iter().skip(1).position(spaced).map(|at| at + 1);
    let apart = next.is_some() || source.empty_above(first.line);
    let end = next.unwrap_or(first.before.len());
    (first.before.drain(..end).collect(), apart)
}

/// Sorts the keys of every map the format knows.
///
/// A file with anchors keeps its order, because an alias must stand behind its anchor.
pub(super) fn order(root: &mut Node) {
    let keep = has_anchor(root);
    sort(root, &describe::ROOT_VALUE, keep);
}

fn has_anchor(node: &Node) -> bool {
    node.anchor.is_some()
        || match &node.kind {
            Kind::List(group) | Kind::Map(group) => {
                group.items.iter().any(|item| has_anchor(&item.value))
            }
            Kind::Alias(_) | Kind::Scalar(_) => false,
        }
}

fn sort(node: &mut Node, shape: &Shape, keep: bool) {
    match &mut node.kind {
        Kind::Map(group) => {
            rename(group, shape);
            for item in &mut group.items {
                let Some(key) = &item.key else { continue };
                if let Some(inner) = shape.under(&key.text) {
                    sort(&mut item.value, inner, keep);
                }
            }
            if !keep && let Some(map) = shape.map() {
                let place = |text: &str| map.keys.iter().position(|key| key.name == text);
                group.items.sort_by_key(|item| {
                    let key = item.key.as_ref().map(|key| key.text.as_str());
                    key.and_then(place).unwrap_or(usize::MAX)
                });
            }
        }
        Kind::List(group) => {
            if let Some(inner) = shape.item() {
                for item in &mut group.items {
                    sort(&mut item.value, inner, keep);
                }
            }
        }
        Kind::Alias(_) | Kind::Scalar(_) => {}
    }
}

/// Gives `environment` its canonical name where variables are meant.
fn rename(group: &mut Group, shape: &Shape) {
    let takes_env = shape.map().is_some_and(|map| map.keys.iter().any(|key| key.name == "env"));
    let mut keys = group.items.iter_mut().filter_map(|item| item.key.as_mut());
    if !takes_env || keys.by_ref().any(|key| key.text == "env") {
        return;
    }
    let mut keys = group.items.iter_mut().filter_map(|item| item.key.as_mut());
    if let Some(key) = keys.find(|key| key.text == "environment") {
        "env".clone_into(&mut key.text);
    }
}
