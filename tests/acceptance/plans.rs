//! Plans as documents: exit codes, saved plans, the same bytes for the same facts, JSON events.

use serde_json::Value;

use crate::world::{World, same};

#[test]
fn the_same_spec_and_account_give_the_same_bytes() {
    let world = World::sample("shop");
    let one = world.wharf(&["plan", "--format", "json"]).expect(0).stdout;
    let two = world.wharf(&["plan", "--format", "json"]).expect(0).stdout;
    assert_eq!(one, two);
}

#[test]
fn a_plan_has_the_fields_programs_rely_on() {
    let world = World::sample("https");
    let plan = world.plan();
    assert_eq!(plan["format"], "wharf.plan/1");
    for field in ["wharf", "stack", "account", "region", "id", "facts"] {
        assert!(plan[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    for field in ["create", "update", "replace", "delete", "adopt", "drift", "unchanged"] {
        assert!(plan["summary"][field].is_u64(), "summary.{field}");
    }
    assert!(plan["impact"]["downtime"].is_boolean() && plan["impact"]["seconds"].is_u64());
    assert!(plan["checks"].is_array() && plan["waiting"].is_array());
    let steps = plan["steps"].as_array().unwrap();
    let mut seen = Vec::new();
    for step in steps {
        for need in step["needs"].as_array().unwrap() {
            assert!(seen.contains(need), "{} comes before its need {need}", step["id"]);
        }
        assert!(step["reason"].is_string() && step["drift"].is_boolean());
        for change in step["changes"].as_array().unwrap() {
            assert!(change["path"].is_string() && change["unknown"].is_boolean());
            assert!(change["sensitive"].is_boolean());
        }
        seen.push(step["id"].clone());
    }
}

#[test]
fn a_saved_plan_is_applied_as_it_is() {
    let world = World::sample("minimal");
    world.wharf(&["plan", "--out", "saved.json"]).expect(0);
    let run = world.wharf(&["apply", "saved.json"]).expect(0);
    assert!(run.stdout.contains("http://"), "{}", run.stdout);
    world.converged();
}

#[test]
fn a_saved_plan_is_refused_when_facts_moved() {
    let world = World::sample("minimal");
    world.wharf(&["plan", "--out", "saved.json"]).expect(0);
    world.apply();
    let run = world.wharf(&["apply", "saved.json"]).expect(7);
    assert!(run.stderr.contains("cluster.main appeared"), "{}", run.stderr);
}

#[test]
fn an_edited_or_foreign_plan_file_is_refused() {
    let world = World::sample("minimal");
    world.wharf(&["plan", "--out", "saved.json"]).expect(0);
    let path = world.path().join("saved.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"notes\"", "\"other\"")).unwrap();
    let run = world.wharf(&["apply", "saved.json"]).expect(3);
    assert!(run.stderr.contains("changed after it was made"), "{}", run.stderr);
    for garbage in ["", "{}", "[]", "null", "{\"format\":\"wharf.plan/9\"}", "\u{0}"] {
        std::fs::write(&path, garbage).unwrap();
        world.wharf(&["apply", "saved.json"]).expect(3);
    }
}

#[test]
fn events_are_one_object_a_line_from_start_to_end() {
    let world = World::sample("minimal");
    let run = world.wharf(&["apply", "--yes", "--format", "json"]).expect(0);
    let events: Vec<Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["type"], "start");
    assert_eq!(events[0]["format"], "wharf.events/1");
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["exit"]), (&"end".into(), &0.into()));
    let again = world.wharf(&["apply", "--yes", "--format", "json"]).expect(0);
    assert_eq!(again.stdout.lines().count(), 2, "{}", again.stdout);
}

#[test]
fn without_a_terminal_a_question_names_its_flag() {
    let world = World::sample("minimal");
    let apply = world.wharf(&["apply"]).expect(3);
    assert!(apply.stderr.contains("--yes"), "{}", apply.stderr);
    let destroy = world.wharf(&["destroy"]).expect(3);
    assert!(destroy.stderr.contains("--yes --confirm notes"), "{}", destroy.stderr);
    world.wharf(&["destroy", "--yes", "--confirm", "other"]).expect(11);
}

#[test]
fn only_restricts_a_run_to_a_resource_and_its_needs() {
    let world = World::sample("minimal");
    world.wharf(&["apply", "--yes", "--only", "cluster.main"]).expect(0);
    let plan = world.plan();
    assert_eq!(plan["summary"]["unchanged"], 1, "{plan:#}");
    world.apply();
    world.converged();
}

#[test]
fn a_held_lease_stops_a_second_run() {
    let world = World::sample("minimal");
    let value =
        serde_json::json!({"holder": "ada@laptop", "nonce": "n", "until": 99_999_999_999_u64});
    world.aws_json(
        "ap-southeast-2",
        "ssm",
        "AmazonSSM.PutParameter",
        &serde_json::json!({"Name": "/wharf/notes/lease/1", "Type": "String", "Value": value.to_string()}),
    );
    let run = world.wharf(&["apply", "--yes"]).expect(8);
    assert!(run.stderr.contains("ada@laptop"), "{}", run.stderr);
}

#[test]
fn planning_writes_nothing() {
    let world = World::sample("https");
    world.wharf(&["plan"]).expect(0);
    let before = world.contents();
    for args in [&["plan"][..], &["plan", "--destroy"], &["drift"], &["status"], &["check"]] {
        world.wharf(args).expect(0);
    }
    same(&world.contents(), &before);
}

#[test]
fn no_secret_value_appears_anywhere() {
    const SECRETS: [&str; 2] = ["postgres://notes:sandbox@", "sk_sandbox"];
    let world = World::sample("production").env(Some("staging"));
    let plan = world.wharf(&["plan", "--full", "-v", "--out", "saved.json"]).expect(0);
    let kept = world.sandbox().world_json().to_string();
    for secret in SECRETS {
        assert!(kept.contains(secret), "the sandbox does not hold `{secret}`: nothing is proved");
    }
    let apply = world.wharf(&["apply", "--yes", "-v"]).expect(0);
    let texts = [
        plan.stdout,
        plan.stderr,
        apply.stdout,
        apply.stderr,
        std::fs::read_to_string(world.path().join("saved.json")).unwrap(),
        world.wharf(&["status", "--format", "json"]).expect(0).stdout,
        world.wharf(&["drift", "--format", "json"]).expect(0).stdout,
        world.wharf(&["plan", "--format", "json", "--destroy"]).expect(0).stdout,
    ];
    for text in texts {
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} in\n{text}");
        }
    }
}
