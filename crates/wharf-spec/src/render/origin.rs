//! Where in the file a value stands, in words.

use crate::Span;
use crate::document::{Entry, Node};

/// The parts of a file by where they begin.
pub(super) struct Origins {
    file: String,
    /// Byte offset of each part, whether it holds defaults, and of which environment it is.
    parts: Vec<(usize, bool, Option<String>)>,
}

impl Origins {
    pub(super) fn new(root: &Node, file: &str) -> Self {
        let mut parts = Vec::new();
        let defaults = |entry: &Entry| entry.key.text == "defaults";
        for entry in root.map().unwrap_or_default() {
            parts.push((entry.key.span.start, defaults(entry), None));
            if entry.key.text != "environments" {
                continue;
            }
            for environment in entry.value.map().unwrap_or_default() {
                let name = Some(environment.key.text.clone());
                parts.push((environment.key.span.start, false, name.clone()));
                for inner in environment.value.map().unwrap_or_default() {
                    parts.push((inner.key.span.start, defaults(inner), name.clone()));
                }
            }
        }
        parts.sort();
        Self { file: file.to_owned(), parts }
    }

    /// Says where a value stands: `wharf.yaml:31`.
    pub(super) fn of(&self, span: Span) -> String {
        let part = self.parts.iter().rev().find(|(start, ..)| *start <= span.start);
        let (defaults, env) =
            part.map_or((false, None), |(_, defaults, env)| (*defaults, env.as_ref()));
        let place = if defaults {
            format!("defaults, line {}", span.line)
        } else {
            format!("{}:{}", self.file, span.line)
        };
        match env {
            Some(env) => format!("{place} (environment {env})"),
            None => place,
        }
    }
}
