//! Plans that are written down and read back.

use serde_json::{Value, json};
use wharf_graph::facts::ImageFact;
use wharf_plan::{LoadError, Plan};

use crate::world::{Spec, World, at};

fn port_change() -> (World, Plan) {
    let mut spec = Spec::web();
    let world = World::of(&spec);
    spec.port(9090);
    let plan = world.plan(&spec).unwrap();
    (world, plan)
}

#[test]
fn a_plan_read_back_is_the_same_and_runs() {
    let (mut world, plan) = port_change();
    let back = Plan::from_json(&plan.to_json_pretty().unwrap()).unwrap();
    assert_eq!(back, plan);
    world.run(&back);
    let mut spec = Spec::web();
    spec.port(9090);
    assert!(world.plan(&spec).unwrap().is_empty());
}

#[test]
fn the_document_has_the_promised_fields() {
    let (_, plan) = port_change();
    let document: Value = serde_json::from_str(&plan.to_json().unwrap()).unwrap();
    for field in ["format", "wharf", "stack", "account", "region", "id", "facts"] {
        assert!(document[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    assert_eq!(document["format"], "wharf.plan/1");
    assert_eq!(document["stack"], "notes-prod");
    for field in ["create", "update", "replace", "delete", "adopt", "drift", "unchanged"] {
        assert!(document["summary"][field].is_u64(), "{field}");
    }
    assert!(document["impact"]["downtime"].is_boolean() && document["impact"]["seconds"].is_u64());
    assert!(document["checks"].is_array() && document["waiting"].is_array());
    let service = document["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["address"] == "service.api")
        .unwrap();
    assert_eq!(service["action"], "update");
    assert!(service["reason"].is_string() && service["needs"].is_array());
    assert_eq!(service["drift"], false);
    let changes = service["changes"].as_array().unwrap();
    assert_eq!(
        changes.iter().find(|change| change["path"] == "task_definition"),
        Some(&json!({"path": "task_definition", "before": "arn:task_definition/7", "after": null,
            "unknown": true, "sensitive": false, "follows": "task_definition.api"}))
    );
}

#[test]
fn an_edited_or_foreign_document_is_refused() {
    let (_, plan) = port_change();
    let text = plan.to_json().unwrap();
    let edited = text.replace("notes-api-9090", "notes-api-9091");
    assert!(matches!(Plan::from_json(&edited), Err(LoadError::Edited)));
    let newer = text.replace("wharf.plan/1", "wharf.plan/2");
    assert!(
        matches!(Plan::from_json(&newer), Err(LoadError::Format(format)) if format == "wharf.plan/2")
    );
    assert!(matches!(Plan::from_json("{}"), Err(LoadError::Malformed(_))));
    assert!(matches!(Plan::from_json("not json"), Err(LoadError::Malformed(_))));
}

#[test]
fn what_moved_is_named() {
    let (mut world, plan) = port_change();
    assert_eq!(plan.verify(&world.snapshot()), Ok(()));
    world.live("role.tasks").props["actions"] = json!([]);
    world.objects.retain(|one| one.address != at("log_group.api"));
    let mut snapshot = world.snapshot();
    let image = ImageFact { reference: "a".into(), digest: None, architectures: Vec::new() };
    snapshot.facts.images.insert("api".to_owned(), image);
    let moved: Vec<String> =
        plan.verify(&snapshot).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(moved, ["fact images.api appeared", "log_group.api is gone", "role.tasks changed"]);
}

#[test]
fn no_text_makes_the_reader_panic_and_no_change_goes_unseen() {
    let spec = Spec::web();
    let plan = World::default().plan(&spec).unwrap();
    let text = plan.to_json().unwrap();
    for at in (0..text.len()).step_by(37) {
        assert!(Plan::from_json(text.get(..at).unwrap_or_default()).is_err(), "cut at {at}");
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        let Ok(other) = String::from_utf8(bytes) else { continue };
        // The name of an empty field may be misspelt: what is read is the plan that was made.
        if let Ok(read) = Plan::from_json(&other) {
            assert_eq!(read, plan, "changed at {at}");
        }
    }
}

#[test]
fn a_plan_of_another_version_says_so() {
    let spec = Spec::web();
    let text = World::default().plan(&spec).unwrap().to_json().unwrap();
    let version = concat!("\"wharf\":\"", env!("CARGO_PKG_VERSION"), "\"");
    assert!(text.contains(version));
    let other = text.replacen(version, "\"wharf\":\"99.0.0\"", 1);
    let error = Plan::from_json(&other).unwrap_err().to_string();
    assert!(error.contains("made by wharf 99.0.0"), "{error}");
}
