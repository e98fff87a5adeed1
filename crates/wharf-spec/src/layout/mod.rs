//! The canonical form of a file: what `wharf fmt` writes.
//!
//! Only spacing, quotes, the order of keys and the name `environment` change. Whatever was made is
//! compared with what was there before it is handed out: the same values, the same comments, and the
//! same text when it is laid out again. Where that does not hold, the file is left alone.

mod attach;
mod order;
mod print;
mod tree;

use std::fmt;

use crate::document::{self, Entry, Key, Node, Scalar, Value};
use crate::problem::Problems;

pub(crate) use print::quoted;

/// Why a file was not laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayoutError {
    /// It cannot be read; nothing that follows the first problem is known.
    Unreadable(Problems),
    /// It holds something that would not survive.
    Unsafe(String),
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(problems) => problems.fmt(f),
            Self::Unsafe(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for LayoutError {}

/// Returns the canonical form of a file. `file` is the name shown in problems.
///
/// # Errors
///
/// The file is no YAML, holds a key twice or YAML that a spec does not accept, or cannot be laid out
/// without losing something.
pub fn format(text: &str, file: &str) -> Result<String, LayoutError> {
    let before = meaning(text, file)?;
    let mut out = once(text)?;
    // What a comment is about can look different once lines have moved; it settles at once or never.
    for _ in 0..3 {
        let again = once(&out)?;
        if again == out {
            let after = meaning(&out, file)?;
            return if before == after {
                Ok(out)
            } else {
                Err(LayoutError::Unsafe("a value or a comment would change".to_owned()))
            };
        }
        out = again;
    }
    Err(LayoutError::Unsafe("it would look different each time it is laid out".to_owned()))
}

fn once(text: &str) -> Result<String, LayoutError> {
    let plain = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let source = tree::Source::new(&plain);
    let refused = |why: &str| LayoutError::Unsafe(why.to_owned());
    let tree = tree::read(&source).map_err(refused)?;
    let (mut root, rest) = attach::attach(&source, tree);
    let (header, apart) = order::header(&mut root, &source);
    order::order(&mut root);
    Ok(print::print(&root, &header, apart, &rest, &source))
}

/// Everything that must survive: the values in a fixed order, and the comments, sorted.
fn meaning(text: &str, file: &str) -> Result<(Value, Vec<String>), LayoutError> {
    let mut problems = Vec::new();
    let node = document::read(text, &mut problems);
    let (Some(mut node), true) = (node, problems.is_empty()) else {
        return Err(LayoutError::Unreadable(Problems::new(file, problems)));
    };
    settle(&mut node);
    let source = tree::Source::new(text);
    let tree = tree::read(&source).map_err(|why| LayoutError::Unsafe(why.to_owned()))?;
    let mut comments: Vec<String> = tree.comments.into_iter().map(|comment| comment.text).collect();
    comments.sort();
    Ok((node.value, comments))
}

/// Takes away what may differ: positions, the order of keys, and the name `environment`.
fn settle(node: &mut Node) {
    node.span = crate::Span::default();
    match &mut node.value {
        Value::Scalar(Scalar { text, .. }) => {
            // Folded at other places, a text between quotes stays the same text.
            *text = text.replace("\r\n", "\n");
        }
        Value::List(items) => items.iter_mut().for_each(settle),
        Value::Map(entries) => {
            let taken = entries.iter().any(|entry| entry.key.text == "env");
            for Entry { key: Key { text, span }, value } in entries.iter_mut() {
                *span = crate::Span::default();
                if !taken && text == "environment" {
                    "env".clone_into(text);
                }
                settle(value);
            }
            entries.sort_by(|a, b| a.key.text.cmp(&b.key.text));
        }
    }
}
