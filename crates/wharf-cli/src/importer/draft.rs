//! A spec that grows by what is offered to it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use wharf_spec::Problem;

use super::yaml;
use crate::error::CliError;
use crate::exit::Exit;

/// Where something stands in the spec.
pub(super) type Place = Vec<String>;

/// A spec, and the remarks beside it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    root: Value,
    /// What could not be carried over, by where it would stand. Each becomes a comment there.
    pub(super) notes: BTreeMap<Place, Vec<String>>,
}

impl Draft {
    pub(crate) fn new(app: &str, region: &str) -> Self {
        let root = json!({ "version": 1, "app": app, "region": region, "services": {} });
        Self { root, notes: BTreeMap::new() }
    }

    /// Says why no spec can have this name and region, in the words of `wharf check`.
    pub(crate) fn probe(&self) -> Result<(), String> {
        let mut other = self.clone();
        let tried = other.try_put(&["services", "web"], &[("image", "nginx:1".into())]);
        tried.map_err(|problem| words(&problem))
    }

    /// Declares an environment, which only a spec with services can be checked with.
    pub(super) fn declare(&mut self, environment: &str) {
        set(&mut self.root, &["environments"], environment, json!({}));
    }

    /// Remarks on a place of the spec.
    pub(super) fn note(&mut self, place: &[&str], text: impl Into<String>) {
        let place = place.iter().map(|&part| part.to_owned()).collect();
        let notes = self.notes.entry(place).or_default();
        let text = text.into();
        if !notes.contains(&text) {
            notes.push(text);
        }
    }

    /// Returns all remarks, with the place each is about.
    pub(crate) fn remarks(&self) -> Vec<(String, String)> {
        let of = |(place, notes): (&Place, &Vec<String>)| {
            let place = place.join(".");
            notes.iter().map(|note| (place.clone(), note.clone())).collect::<Vec<_>>()
        };
        self.notes.iter().flat_map(of).collect()
    }

    /// Says whether any service is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.root["services"].as_object().is_none_or(Map::is_empty)
            && self.root.get("jobs").is_none()
    }

    /// Says whether something stands at a place.
    pub(super) fn has(&self, place: &[&str]) -> bool {
        place.iter().try_fold(&self.root, |node, part| node.get(part)).is_some()
    }

    /// Puts several values at a place, all or none, and says why not.
    pub(super) fn try_put(
        &mut self,
        place: &[&str],
        values: &[(&str, Value)],
    ) -> Result<(), Box<Problem>> {
        let mut root = self.root.clone();
        for (key, value) in values {
            set(&mut root, place, key, value.clone());
        }
        match problem(&root) {
            None => {
                self.root = root;
                Ok(())
            }
            Some(problem) => Err(Box::new(problem)),
        }
    }

    /// Puts a value at a place. What the format refuses goes into a comment, with the reason.
    pub(super) fn put(&mut self, place: &[&str], key: &str, value: Value) -> bool {
        let shown = yaml::flow(&value);
        match self.try_put(place, &[(key, value)]) {
            Ok(()) => true,
            Err(problem) => {
                let shown = if problem.sensitive { "***" } else { &shown };
                self.note(place, format!("left out: `{key}: {shown}`: {}", words(&problem)));
                false
            }
        }
    }

    /// Puts a variable among those of a service. One that looks like a credential becomes a reference to
    /// a parameter, and its value is told nobody.
    pub(super) fn variable(&mut self, place: &[&str], name: &str, value: &str) {
        let inside = [place, &["env"]].concat();
        let Err(problem) = self.try_put(&inside, &[(name, value.into())]) else { return };
        if !problem.sensitive {
            self.note(place, format!("left out: the variable {name}: {}", words(&problem)));
            return;
        }
        let app = self.root["app"].as_str().unwrap_or_default().to_owned();
        let parameter = format!("/{app}/{}", name.to_lowercase());
        let inside = [place, &["secrets"]].concat();
        let reference = Value::from(format!("ssm:{parameter}"));
        if self.put(&inside, name, reference) {
            self.note(
                place,
                format!(
                    "{name} looks like a credential, so its value is not here; store it: aws ssm \
                     put-parameter --name {parameter} --type SecureString --value …"
                ),
            );
        }
    }

    /// Writes the spec in its canonical form.
    pub(crate) fn write(&self, heading: &str) -> Result<String, CliError> {
        let text = yaml::spec(&self.root, heading, &self.notes);
        if let Err(problems) = wharf_spec::parse(&text, "the new spec", &options(&self.root)) {
            return Err(CliError::new(
                Exit::Other,
                problems.render(&text, false).trim_end().to_owned(),
            ));
        }
        wharf_spec::format(&text, "the new spec").map_err(|error| {
            CliError::new(Exit::Other, "the new spec has no canonical form").cause(match error {
                wharf_spec::LayoutError::Unreadable(problems) => problems.to_string(),
                wharf_spec::LayoutError::Unsafe(why) => why,
            })
        })
    }
}

/// Puts a value at a place, making the maps that lead there.
fn set(root: &mut Value, place: &[&str], key: &str, value: Value) {
    let mut node = root;
    for part in place {
        if !node.is_object() {
            *node = json!({});
        }
        let Value::Object(map) = node else { return };
        node = map.entry((*part).to_owned()).or_insert_with(|| json!({}));
    }
    if !node.is_object() {
        *node = json!({});
    }
    if let Value::Object(map) = node {
        map.insert(key.to_owned(), value);
    }
}

fn options(root: &Value) -> wharf_spec::Options {
    let environments = root.get("environments").and_then(Value::as_object);
    wharf_spec::Options {
        env: environments.and_then(|all| all.keys().next().cloned()),
        ..wharf_spec::Options::default()
    }
}

/// Returns the first error of a spec.
fn problem(root: &Value) -> Option<Problem> {
    let text = yaml::spec(root, "", &BTreeMap::new());
    let problems = wharf_spec::parse(&text, "", &options(root)).err()?;
    problems.list.into_iter().find(|problem| problem.level == wharf_spec::Level::Error)
}

/// Puts a problem into one line; not its label, which may show what nobody should see.
fn words(problem: &Problem) -> String {
    let mut text = problem.message.clone();
    if let Some(help) = problem.help.first().filter(|_| !problem.sensitive) {
        text.push_str("; ");
        text.push_str(help);
    }
    text
}
