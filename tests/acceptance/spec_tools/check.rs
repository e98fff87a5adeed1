//! `wharf check` for programs: all problems, whether it fails or not.

use serde_json::Value;

use crate::world::World;

const BROKEN: &str = "version: 1\napp: notes\nregion: eu-west-1\nservices:\n  web: { image: nginx, port: 80 }\n  api: { image: nginx, port: 99999, helth: / }\n  two: { image: nginx, port: 80 }\n";

#[test]
fn json_has_every_problem_with_its_place() {
    let world = World::new(BROKEN);
    let document = world.wharf(&["check", "--format", "json"]).expect(3).json();
    assert_eq!(document["format"], "wharf.check/1");
    assert_eq!(document["ok"], false);
    let problems = document["problems"].as_array().unwrap();
    let port = problems.iter().find(|one| one["code"] == "E033").unwrap();
    assert_eq!(port["file"], "wharf.yaml");
    assert_eq!([&port["line"], &port["column"]], [6, 30]);
    assert_eq!([&port["end_line"], &port["end_column"]], [6, 35]);
    assert_eq!(port["level"], "error");
    assert!(problems.iter().any(|one| one["help"][0] == "did you mean `health`?"), "{problems:#?}");
    let both = problems.iter().find(|one| one["code"] == "E070").unwrap();
    assert_eq!(both["labels"][0]["line"], 5, "{both:#}");
    let errors = problems.iter().filter(|one| one["level"] == "error").count();
    assert_eq!(document["errors"], errors);
}

#[test]
fn json_of_a_good_file_names_the_stack() {
    let world = World::sample("minimal");
    let document = world.wharf(&["check", "--format", "json"]).expect(0).json();
    assert_eq!(document["ok"], true);
    assert_eq!(document["stack"], "notes");
    assert_eq!(document["problems"], Value::Array(Vec::new()));
}

#[test]
fn sarif_has_what_its_schema_requires() {
    let world = World::new(BROKEN);
    let log = world.wharf(&["check", "--format", "sarif"]).expect(3).json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "wharf");
    let rules = driver["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 3, "{log:#}");
    for result in results {
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "wharf.yaml");
        let region = &place["region"];
        for key in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(region[key].as_u64().unwrap() >= 1, "{key}");
        }
    }
    for rule in rules {
        assert!(rule["shortDescription"]["text"].is_string() && rule["help"]["text"].is_string());
    }
    World::sample("minimal").wharf(&["check", "--format", "sarif"]).expect(0);
}

#[test]
fn a_form_that_a_command_does_not_have_is_refused() {
    let world = World::sample("minimal");
    for args in [
        ["plan", "--format", "sarif"],
        ["fmt", "--format", "json"],
        ["check", "--format", "markdown"],
    ] {
        let run = world.wharf(&args).expect(3);
        assert!(run.stderr.contains(args[2]) && run.stderr.contains("text"), "{}", run.stderr);
    }
}
