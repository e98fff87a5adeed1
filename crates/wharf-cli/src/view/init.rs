//! What `wharf init` wrote, and from what.

use std::path::Path;

use serde_json::{Value, json};

use super::add;
use crate::starter::answers::{Answer, Answers};

/// Returns the document `wharf.init/1`.
pub(crate) fn json(file: &Path, answers: &Answers, spec: &str) -> Value {
    json!({
        "format": "wharf.init/1",
        "file": file.display().to_string(),
        "dockerfile": answers.dockerfile,
        "values": {
            "app": value(&answers.app),
            "region": value(&answers.region),
            "service": value(&answers.service),
            "port": value(&answers.port),
            "health": value(&answers.health),
        },
        "spec": spec,
        "next": next(file, answers),
    })
}

fn value<T: Clone + Into<Value>>(answer: &Answer<T>) -> Value {
    let value: Value = answer.value.clone().into();
    json!({ "value": value, "from": answer.from })
}

/// Returns the commands that come next: one to try it, one to do it.
fn next(file: &Path, answers: &Answers) -> Vec<String> {
    let shown = file.display().to_string();
    if shown == "-" {
        return Vec::new();
    }
    let file = if shown == "wharf.yaml" { String::new() } else { format!(" --file {shown}") };
    let does = if answers.built_from.is_some() { "deploy" } else { "apply" };
    vec![format!("wharf plan{file} --sandbox"), format!("wharf {does}{file}")]
}

/// Says in words what was written.
pub(crate) fn text(file: &Path, answers: &Answers) -> String {
    let mut out = String::new();
    let next = next(file, answers);
    if !next.is_empty() {
        add(&mut out, format_args!("{}: written\n", file.display()));
    }
    let port = answers.port.value.to_string();
    let rows = [
        ("app", &answers.app.value, &answers.app.from),
        ("region", &answers.region.value, &answers.region.from),
        ("service", &answers.service.value, &answers.service.from),
        ("port", &port, &answers.port.from),
        ("health", &answers.health.value, &answers.health.from),
    ];
    let wide = rows.iter().map(|(_, value, _)| value.chars().count()).max().unwrap_or_default();
    for (name, value, from) in rows {
        add(&mut out, format_args!("  {name:<8} {value:<wide$}  ({from})\n"));
    }
    if let [plan, does] = next.as_slice() {
        add(
            &mut out,
            format_args!("Next: `{plan}` tries it without an account, `{does}` does it.\n"),
        );
    }
    out
}
