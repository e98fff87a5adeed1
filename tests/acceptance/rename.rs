//! A service that is called otherwise: what cannot be renamed stays, the rest is made beside the old, and
//! requests are answered all the while.

use std::collections::BTreeSet;

use crate::world::{World, addresses, same};

const SPEC: &str = r"
version: 1
app: notes
region: eu-west-1
services:
  web:
    image: { tag: v1 }
    port: 3000
    health: /health
    domain: notes.example.com
  api:
    image: { tag: v1 }
    port: 8080
    route: { path: /api/* }
    logs: { retain: 7d }
";

fn renamed() -> String {
    SPEC.replace("  web:\n", "  site:\n    renamed_from: web\n")
        .replace("  api:\n", "  orders:\n    renamed_from: api\n")
}

#[test]
fn a_renamed_service_keeps_its_images_logs_and_rules_and_answers_all_the_while() {
    let world = World::new(SPEC);
    world.plan();
    let before = world.contents();
    world.apply();
    world.write(&renamed());

    let plan = world.plan();
    let touched = addresses(&plan);
    for stays in ["repository.web", "repository.api", "log_group.web", "log_group.api"] {
        assert!(!touched.contains(stays), "{stays} in {touched:?}");
    }
    let wanted: BTreeSet<&str> = BTreeSet::from([
        "service.site",
        "service.orders",
        "service.web",
        "service.api",
        "listener_rule.api",
    ]);
    let missing: Vec<&&str> = wanted.iter().filter(|it| !touched.contains(**it)).collect();
    assert!(missing.is_empty(), "{missing:?} not in {touched:?}");
    // The rename is in the spec: nobody has to consent to what follows from it.
    assert_eq!(plan["consent"].as_array().map(Vec::len), Some(0), "{}", plan["consent"]);
    assert_eq!(plan["impact"]["downtime"], false, "{}", plan["impact"]);
    let shown = world.wharf(&["plan"]).expect(0).stdout;
    assert!(shown.contains("the service is called `orders` now"), "{shown}");

    world.wharf(&["apply", "--yes"]).expect(0);
    world.converged();
    let gaps = world.sandbox().availability();
    assert!(gaps.is_empty(), "requests went unanswered: {gaps:?}");
    for verb in [&["logs", "orders"][..], &["releases", "orders"], &["doctor", "orders"]] {
        world.wharf(verb).expect(0);
    }

    // Later changes find everything where it is.
    world.edit("    port: 8080", "    env: { LOG_LEVEL: info }\n    port: 8080");
    let touched = addresses(&world.plan());
    assert_eq!(
        touched,
        BTreeSet::from(["service.orders".to_owned(), "task_definition.orders".to_owned()])
    );
    world.apply();
    world.converged();
    world.destroy();
    same(&world.contents(), &before);
}

#[test]
fn a_rename_that_is_not_in_the_spec_any_more_needs_consent_to_lose_images_and_logs() {
    let world = World::new(SPEC);
    world.apply();
    world.write(&renamed());
    world.wharf(&["apply", "--yes"]).expect(0);
    let text = world.spec().replace("    renamed_from: api\n", "");
    world.write(&text);
    let refused = world.wharf(&["apply", "--yes"]).expect(11);
    for lost in ["repository.api", "log_group.api", "--allow-delete"] {
        assert!(refused.stderr.contains(lost), "{lost}: {}", refused.stderr);
    }
}

#[test]
fn without_the_old_name_a_rename_is_a_deletion() {
    let world = World::new(SPEC);
    world.apply();
    world.edit("  api:\n", "  orders:\n");
    let refused = world.wharf(&["apply", "--yes"]).expect(11);
    assert!(refused.stderr.contains("repository.api"), "{}", refused.stderr);
}

#[test]
fn a_rename_beside_a_first_domain_leaves_no_gap() {
    let plain = SPEC.replace("    domain: notes.example.com\n", "");
    let world = World::new(&plain);
    world.apply();
    world.write(&renamed());
    assert_eq!(world.plan()["impact"]["downtime"], false);
    world.wharf(&["apply", "--yes"]).expect(0);
    world.converged();
    let gaps = world.sandbox().availability();
    assert!(gaps.is_empty(), "requests went unanswered: {gaps:?}");
    world.destroy();
}
