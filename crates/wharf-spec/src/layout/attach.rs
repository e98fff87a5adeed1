//! Comments find what they are about.
//!
//! A comment at the end of a line belongs to what stands on that line. One on a line of its own belongs
//! to what follows, unless it is indented deeper than that: then it closes the group it is indented like.

use std::collections::VecDeque;

use super::tree::{Comment, Group, Item, Kind, Node, Scalar, Source, Tree};

/// Hands the comments of a tree out to its items.
///
/// Returns those that open the file and those that close it, for a file that is no map or list.
pub(super) fn attach(source: &Source<'_>, tree: Tree) -> (Node, Vec<Comment>) {
    let Tree { mut root, comments } = tree;
    let mut queue: VecDeque<Comment> = comments.into();
    let attacher = Attacher { source };
    if let Kind::List(group) | Kind::Map(group) = &mut root.kind {
        attacher.group(group, None, source.text.len(), &mut queue);
    }
    let rest = queue.into();
    (root, rest)
}

struct Attacher<'s, 't> {
    source: &'s Source<'t>,
}

impl Attacher<'_, '_> {
    /// `outer` is the column of the group around; `limit` is where the text behind this group begins.
    fn group(
        &self,
        group: &mut Group,
        outer: Option<usize>,
        limit: usize,
        queue: &mut VecDeque<Comment>,
    ) {
        let column = group.items.first().map_or(0, |item| item.column);
        let starts: Vec<usize> = group.items.iter().map(|item| item.start).collect();
        for (at, item) in group.items.iter_mut().enumerate() {
            let next = starts.get(at + 1).copied().unwrap_or(limit);
            self.item(item, column, next, queue);
        }
        let least = column.max(outer.map_or(0, |outer| outer + 1));
        while let Some(comment) = queue.front() {
            if comment.at >= limit || (comment.alone && comment.column < least) {
                break;
            }
            group.tail.extend(queue.pop_front());
        }
    }

    fn item(&self, item: &mut Item, column: usize, next: usize, queue: &mut VecDeque<Comment>) {
        while let Some(comment) = queue.front() {
            if comment.at >= item.start {
                break;
            }
            item.before.extend(queue.pop_front());
        }
        let inside = match &item.value.kind {
            Kind::List(group) | Kind::Map(group) => {
                group.items.first().map_or(item.value.end, |first| first.start)
            }
            Kind::Scalar(Scalar::Block { .. }) => item.value.end,
            Kind::Alias(_) | Kind::Scalar(_) => item.value.start,
        };
        let key_line = self.source.line(item.key.as_ref().map_or(item.start, |key| key.end));
        let open_line = self.source.line(item.value.start);
        let grouped = matches!(item.value.kind, Kind::List(_) | Kind::Map(_));
        while let Some(comment) = queue.front() {
            let on_line = comment.line == key_line || comment.line == open_line;
            if comment.at >= inside || (grouped && comment.alone) || (grouped && !on_line) {
                break;
            }
            let Some(comment) = queue.pop_front() else { break };
            if comment.alone || item.beside.is_some() || item.key.is_none() {
                item.before.push(comment);
            } else {
                item.beside = Some(comment);
            }
        }
        // An empty list or map in braces over several lines may hold comments, and nothing else.
        if let Kind::List(group) | Kind::Map(group) = &mut item.value.kind {
            let closed = group.bracketed;
            let limit = if closed { item.value.end } else { next };
            let outer = if closed { None } else { Some(column) };
            self.group(group, outer, limit.min(next), queue);
            if closed {
                while queue.front().is_some_and(|comment| comment.at < item.value.end) {
                    group.tail.extend(queue.pop_front());
                }
            }
        }
        let last_line = self.source.line(item.value.end);
        let on_last =
            |comment: &Comment| !comment.alone && comment.line == last_line && comment.at < next;
        while queue.front().is_some_and(on_last) {
            let Some(comment) = queue.pop_front() else { break };
            if item.beside.is_none() && is_short(&item.value) {
                item.beside = Some(comment);
            } else if let Kind::List(group) | Kind::Map(group) = &mut item.value.kind
                && !group.items.is_empty()
            {
                group.tail.push(comment);
            } else {
                item.before.push(comment);
            }
        }
    }
}

/// Says whether a value will end on the line it begins on.
fn is_short(value: &Node) -> bool {
    match &value.kind {
        Kind::Alias(_) | Kind::Scalar(Scalar::Plain(_) | Scalar::Quoted(_)) => true,
        Kind::Scalar(Scalar::Block { .. }) => false,
        Kind::List(group) | Kind::Map(group) => group.flow,
    }
}
