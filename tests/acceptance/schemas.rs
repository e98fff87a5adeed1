//! The published schemas: every document wharf prints follows its own, and those of earlier days
//! still do.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::world::{SAMPLES, World, sample};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn schema(name: &str) -> jsonschema::Validator {
    let text = std::fs::read_to_string(root().join(format!("docs/schemas/{name}.json"))).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[track_caller]
pub(crate) fn follows(name: &str, document: &Value) {
    let problems: Vec<String> = schema(name)
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{name}: {}", problems.join("\n"));
}

#[test]
fn every_document_follows_its_schema() {
    for (name, env) in SAMPLES {
        let world = World::sample(name).env(env);
        follows("plan", &world.plan());
        follows("graph", &world.wharf(&["graph", "--format", "json"]).expect(0).json());
        follows("status", &world.wharf(&["status", "--format", "json"]).expect(0).json());
        let events = world.wharf(&["apply", "--yes", "--format", "json"]).expect(0).stdout;
        let events: Vec<Value> =
            events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.first().unwrap()["type"], "start");
        assert_eq!(events.last().unwrap()["type"], "end");
        for event in &events {
            follows("events", event);
        }
        follows("status", &world.wharf(&["status", "--format", "json"]).expect(0).json());
        follows("graph", &world.wharf(&["graph", "--live", "--format", "json"]).expect(0).json());
        if env.is_some() {
            // The balancer of `prod` is protected.
            continue;
        }
        let destroy = world.wharf(&["plan", "--destroy", "--format", "json"]).expect(0).json();
        follows("plan", &destroy);
    }
}

#[test]
fn changes_and_differences_follow_theirs() {
    let world = World::sample("shop");
    world.apply();
    world.edit("port: 8080", "port: 9090");
    follows("plan", &world.plan());
    std::fs::write(world.path().join("old.yaml"), sample("shop")).unwrap();
    let diff = world.wharf(&["diff", "old.yaml", "wharf.yaml", "--format", "json"]).expect(2);
    follows("diff", &diff.json());
}

#[test]
fn schemas_refuse_what_is_not_such_a_document() {
    let mut plan = World::sample("minimal").plan();
    plan["steps"][0]["action"] = "explode".into();
    assert!(!schema("plan").is_valid(&plan));
    let event = serde_json::json!({"t": "", "level": "info", "message": "", "type": "end"});
    assert!(!schema("events").is_valid(&event));
}

/// Documents of earlier days are kept as they were; a schema that changes must still take them.
#[test]
fn documents_of_earlier_days_are_still_taken() {
    let mut seen = 0;
    for entry in std::fs::read_dir(root().join("tests/golden/compat")).unwrap() {
        let path = entry.unwrap().path();
        let document: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let format = document["format"].as_str().unwrap();
        let name = format.strip_prefix("wharf.").unwrap().strip_suffix("/1").unwrap();
        follows(name, &document);
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} were found");
}

/// Whether a saved plan is read is a question of its version; what it says is looked at after that.
#[test]
fn a_saved_plan_of_this_version_is_read() {
    let world = World::sample("minimal");
    world.wharf(&["plan", "--out", "plan.json"]).expect(0);
    let run = world.wharf(&["apply", "plan.json", "--yes"]).expect(0);
    assert!(run.stderr.contains("Applied"), "{}", run.stderr);
}
