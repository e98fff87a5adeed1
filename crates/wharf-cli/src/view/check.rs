//! Problems of a spec for programs: plain JSON, and SARIF for code scanning.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wharf_spec::{Level, Problem, Span, Stack};

use crate::codes;

/// Everything found, with the stack if there is one.
pub(crate) fn json(
    file: &str,
    text: &str,
    stack: Option<&Stack>,
    problems: &[Problem],
    omitted: usize,
) -> Value {
    let list: Vec<Value> = problems.iter().map(|problem| one(file, text, problem)).collect();
    let count = |level| problems.iter().filter(|problem| problem.level == level).count();
    let warnings: Vec<&Value> = list.iter().filter(|one| one["level"] == "warning").collect();
    json!({
        "format": "wharf.check/1",
        "file": file,
        "ok": stack.is_some(),
        "errors": count(Level::Error) + omitted,
        "omitted": omitted,
        "stack": stack.map(Stack::name),
        "region": stack.map(|stack| stack.region.clone()),
        "services": stack.map(|stack| stack.services.keys().cloned().collect::<Vec<_>>()),
        "warnings": warnings,
        "problems": list,
    })
}

fn one(file: &str, text: &str, problem: &Problem) -> Value {
    let (line, column, end_line, end_column) = match problem.span {
        Some(span) => {
            let (end_line, end_column) = end(text, span);
            (json!(span.line), json!(span.column), json!(end_line), json!(end_column))
        }
        None => (Value::Null, Value::Null, Value::Null, Value::Null),
    };
    let labels: Vec<Value> = problem
        .secondary
        .iter()
        .map(|(span, text)| json!({ "line": span.line, "column": span.column, "text": text }))
        .collect();
    json!({
        "file": file,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "code": problem.code,
        "level": level(problem.level),
        "message": problem.message,
        "label": problem.label,
        "labels": labels,
        "notes": problem.notes,
        "help": problem.help,
    })
}

/// The same as SARIF 2.1.0 (OASIS), which code-scanning tools read.
pub(crate) fn sarif(file: &str, text: &str, problems: &[Problem]) -> Value {
    let met: BTreeSet<&str> = problems.iter().map(|problem| problem.code).collect();
    let rules: Vec<Value> = codes::all()
        .iter()
        .filter(|code| met.contains(code.code))
        .map(|code| {
            json!({
                "id": code.code,
                "shortDescription": { "text": code.title },
                "fullDescription": { "text": code.explanation },
                "help": { "text": code.fix },
                "defaultConfiguration": {
                    "level": if code.code.starts_with('E') { "error" } else { "warning" },
                },
            })
        })
        .collect();
    let index = |code: &str| rules.iter().position(|rule| rule["id"] == code);
    let results: Vec<Value> = problems
        .iter()
        .map(|problem| {
            let mut message = problem.message.clone();
            for line in problem.notes.iter().chain(&problem.help) {
                message.push_str(". ");
                message.push_str(line);
            }
            let mut result = json!({
                "ruleId": problem.code,
                "level": level(problem.level),
                "message": { "text": message },
                "locations": [location(file, text, problem.span, &problem.label)],
            });
            if let Some(index) = index(problem.code) {
                result["ruleIndex"] = json!(index);
            }
            if !problem.secondary.is_empty() {
                let related =
                    |(span, label): &(Span, String)| location(file, text, Some(*span), label);
                result["relatedLocations"] = problem.secondary.iter().map(related).collect();
            }
            result
        })
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "wharf",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn location(file: &str, text: &str, span: Option<Span>, label: &str) -> Value {
    let uri = if file == "standard input" { "stdin" } else { file };
    let mut place = json!({ "artifactLocation": { "uri": uri.replace('\\', "/") } });
    // A problem of a flag has no place in the file; scanning tools show it at the first line.
    let region = match span {
        Some(span) => {
            let (line, column) = end(text, span);
            json!({
                "startLine": span.line, "startColumn": span.column,
                "endLine": line, "endColumn": column,
            })
        }
        None => json!({ "startLine": 1 }),
    };
    place["region"] = region;
    let mut location = json!({ "physicalLocation": place });
    if !label.is_empty() {
        location["message"] = json!({ "text": label });
    }
    location
}

/// Returns line and column behind the last character.
fn end(text: &str, span: Span) -> (usize, usize) {
    let inside = text.get(span.start..span.end).unwrap_or_default();
    match inside.rsplit_once('\n') {
        Some((before, last)) => {
            (span.line + before.matches('\n').count() + 1, last.chars().count() + 1)
        }
        None => (span.line, span.column + inside.chars().count()),
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}
