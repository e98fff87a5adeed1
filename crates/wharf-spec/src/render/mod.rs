//! The effective spec: overlays merged, defaults filled in, and where each value comes from.
//!
//! The result is a spec itself and means the same stack. That is checked before it is handed out.

mod fill;
mod origin;
mod write;

use crate::document::{self, Entry, Key, Node, Value};
use crate::interpolate::{Environment, Variables, interpolate};
use crate::problem::{Problem, Problems, Span};
use crate::{Options, Stack, overlay, parse};

pub use write::text;

/// A value of the effective spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effective {
    /// A single value.
    Scalar {
        /// Its text.
        text: String,
        /// Whether it is a text that needs quotes.
        quoted: bool,
        /// Where it comes from.
        origin: String,
    },
    /// A list; where it comes from is said once for all of it.
    List {
        /// Its items.
        items: Vec<Effective>,
        /// Where it comes from.
        origin: String,
    },
    /// A map in canonical order.
    Map(Vec<(String, Effective)>),
}

/// The effective spec.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// What it means.
    pub stack: Stack,
    /// What is probably not meant.
    pub warnings: Vec<Problem>,
    /// The top level.
    pub spec: Effective,
}

/// Works out the effective spec of one environment, or of a file without any.
///
/// # Errors
///
/// The problems of the file, as [`parse`] finds them.
pub fn render(text: &str, file: &str, options: &Options) -> Result<Rendered, Problems> {
    let parsed = parse(text, file, options)?;
    let bug = || {
        let problem = Problem::error("E000", None, "the effective spec would mean something else")
            .note("this is a bug in wharf; please report it with the file");
        Problems::new(file, vec![problem])
    };
    let mut root = document::read(text, &mut Vec::new()).ok_or_else(bug)?;
    let mut ignored = Vec::new();
    overlay::rename_aliases(&mut root, &mut ignored);
    let origins = origin::Origins::new(&root, file);
    let mut tree = match &parsed.stack.env {
        None => root,
        Some(name) => {
            let entry = root.get("environments").and_then(|all| all.entry(name)).ok_or_else(bug)?;
            keep_environment(overlay::select(&root, entry, &mut ignored), entry)
        }
    };
    overlay::apply_defaults(&mut tree);
    if let Value::Map(entries) = &mut tree.value {
        entries.retain(|entry| entry.key.text != "defaults");
    }
    let env = parsed.stack.env.clone().map_or(Environment::Absent, Environment::Named);
    let variables = Variables { app: parsed.stack.app.clone(), env };
    interpolate(&mut tree, &variables, &mut ignored);
    let spec = fill::Filler::new(&parsed.stack, &origins, options).root(&tree);
    let again = Options { images: std::collections::BTreeMap::new(), ..options.clone() };
    let same = parse(&write::text(&spec, false), file, &again);
    match same {
        Ok(same) if same.stack == parsed.stack => {
            Ok(Rendered { stack: parsed.stack, warnings: parsed.warnings, spec })
        }
        _ => Err(bug()),
    }
}

/// The name of the stack has the environment in it, so the environment stays, with nothing to change.
fn keep_environment(mut tree: Node, entry: &Entry) -> Node {
    let span: Span = entry.key.span;
    let node = |entries| Node { value: Value::Map(entries), span };
    let pair = |text: &str, value| Entry { key: Key { text: text.to_owned(), span }, value };
    if let Value::Map(entries) = &mut tree.value {
        let empty = pair(&entry.key.text, node(Vec::new()));
        entries.push(pair("environments", node(vec![empty])));
    }
    tree
}
