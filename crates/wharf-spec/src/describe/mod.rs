//! The format described: every key with its type, its default and what it means.
//!
//! One table for three readers: the formatter takes the order of keys from it, the JSON Schema their
//! types and words, the effective spec the reasons of the defaults. A test compares its keys with those
//! the parser accepts.

mod container;
mod place;
mod rollout;
mod run;
mod top;

pub use top::{ENVIRONMENT, ROOT};

/// The whole file.
pub(crate) const ROOT_VALUE: Shape = Shape::Map(ROOT);

/// A map with known keys.
#[derive(Debug)]
pub struct Map {
    /// A name of its own.
    pub id: &'static str,
    /// What the map is, in the parser's words: "a service".
    pub what: &'static str,
    /// Its keys in canonical order.
    pub keys: &'static [Key],
}

/// One key of a map.
#[derive(Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What it means, one sentence without a full stop.
    pub about: &'static str,
    /// What stands behind it.
    pub shape: Shape,
    /// The value without it, as YAML; empty when that is nothing.
    pub default: &'static str,
    /// Why that is the value without it.
    pub why: &'static str,
    /// Whether the map cannot do without it.
    pub required: bool,
    /// Values to learn from, as JSON.
    pub examples: &'static [&'static str],
}

/// What may stand behind a key.
#[derive(Debug)]
pub enum Shape {
    /// A text.
    Text,
    /// A text that matches a regular expression.
    Match(&'static str),
    /// `true` or `false`.
    Bool,
    /// A whole number from the first to the second.
    Whole(u32, u32),
    /// A number among some, or any positive one if none are listed.
    Number(&'static [&'static str]),
    /// One of some words.
    Word(&'static [&'static str]),
    /// A whole number with one of the units s, m, h, d.
    Duration,
    /// A number with MB or GB.
    Size,
    /// A percentage from the first to the second, with or without its sign.
    Percent(u32, u32),
    /// A list.
    List(&'static Shape),
    /// A map with known keys.
    Map(&'static Map),
    /// A map whose keys are names of the user's choice.
    Named(&'static Shape),
    /// One of several; the first is the long form.
    Any(&'static [Shape]),
}

impl Shape {
    /// Returns the known keys of the map that may stand here.
    pub(crate) fn map(&self) -> Option<&'static Map> {
        match self {
            Self::Map(map) => Some(map),
            Self::Any(shapes) => shapes.iter().find_map(Self::map),
            _ => None,
        }
    }

    /// Returns what may stand under a key of the map that stands here.
    pub(crate) fn under(&self, key: &str) -> Option<&'static Shape> {
        match self {
            Self::Map(map) => {
                let named = |known: &&Key| {
                    known.name == key || (key == "environment" && known.name == "env")
                };
                map.keys.iter().find(named).map(|known| &known.shape)
            }
            Self::Named(inner) => Some(inner),
            Self::Any(shapes) => shapes.iter().find_map(|shape| shape.under(key)),
            _ => None,
        }
    }

    /// Returns what may stand in the list that stands here.
    pub(crate) fn item(&self) -> Option<&'static Shape> {
        match self {
            Self::List(inner) => Some(inner),
            Self::Any(shapes) => shapes.iter().find_map(Self::item),
            _ => None,
        }
    }
}

/// Names of apps, environments, services and jobs.
const NAME: Shape = Shape::Match("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$");
const TEXTS: Shape = Shape::List(&Shape::Text);
const ONE_OR_MORE: Shape = Shape::Any(&[TEXTS, Shape::Text]);

/// Begins the description of a key.
const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, about, shape, default: "", why: "", required: false, examples: &[] }
}

impl Key {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn default(mut self, value: &'static str, why: &'static str) -> Self {
        self.default = value;
        self.why = why;
        self
    }

    /// Says why there is nothing without the key.
    const fn absent(mut self, why: &'static str) -> Self {
        self.why = why;
        self
    }

    const fn examples(mut self, examples: &'static [&'static str]) -> Self {
        self.examples = examples;
        self
    }
}

/// Returns every map of the format, in the order in which they are met.
pub fn maps() -> Vec<&'static Map> {
    fn visit(shape: &'static Shape, found: &mut Vec<&'static Map>) {
        match shape {
            Shape::Map(map) => {
                if found.iter().any(|known| known.id == map.id) {
                    return;
                }
                found.push(map);
                for key in map.keys {
                    visit(&key.shape, found);
                }
            }
            Shape::List(inner) | Shape::Named(inner) => visit(inner, found),
            Shape::Any(shapes) => shapes.iter().for_each(|shape| visit(shape, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    visit(&ROOT_VALUE, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn the_keys_described_are_the_keys_the_parser_knows() {
        let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (what, key) in crate::known_keys() {
            known.entry(what).or_default().insert(key);
        }
        let mut described: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for map in maps().iter().filter(|map| map.id != "environment") {
            described.entry(map.what).or_default().extend(map.keys.iter().map(|key| key.name));
        }
        assert_eq!(described, known);
    }

    #[test]
    fn descriptions_are_clauses() {
        for key in maps().iter().flat_map(|map| map.keys) {
            assert!(!key.about.is_empty() && !key.about.ends_with('.'), "{}", key.name);
            assert!(key.default.is_empty() || !key.why.is_empty(), "{}", key.name);
        }
    }
}
