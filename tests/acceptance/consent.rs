//! What harms or deletes needs consent, and a refusal names the flag that gives it.

use crate::world::World;

/// One task that may be missing while it is replaced.
const GAP: &str = "    deploy: { min_healthy: 0, max_running: 100 }\n";

fn with_a_gap() -> World {
    let world = World::sample("minimal");
    world.write(&(world.spec() + GAP));
    world.apply();
    world.edit("tag: v1", "tag: v2");
    world
}

#[test]
fn an_outage_is_refused_without_its_flag() {
    let world = with_a_gap();
    let plan = world.plan();
    assert_eq!(plan["impact"]["kind"], "outage", "{plan:#}");
    assert_eq!(plan["consent"][0]["kind"], "outage");
    assert_eq!(plan["consent"][0]["flag"], "--allow-downtime service.web");
    let text = world.wharf(&["plan"]).expect(0).stdout;
    assert!(text.contains("Consent  apply asks, or takes --allow-downtime service.web"), "{text}");

    let before = world.contents();
    for args in [
        &["apply", "--yes"][..],
        &["apply", "--yes", "--allow-delete"],
        &["apply", "--yes", "--allow-downtime", "service.other"],
    ] {
        let run = world.wharf(args).expect(11);
        for part in ["outage: service.web", "no answer for about", "--allow-downtime service.web"] {
            assert!(run.stderr.contains(part), "{part}\n{}", run.stderr);
        }
    }
    crate::world::same(&world.contents(), &before);
    world.wharf(&["apply", "--yes", "--allow-downtime", "service.web"]).expect(0);
    world.converged();
}

#[test]
fn a_saved_plan_carries_its_needs() {
    let world = with_a_gap();
    world.wharf(&["plan", "--out", "saved.json"]).expect(0);
    let run = world.wharf(&["apply", "saved.json"]).expect(11);
    assert!(run.stderr.contains("--allow-downtime service.web"), "{}", run.stderr);
    world.wharf(&["apply", "saved.json", "--allow-downtime", "service.web"]).expect(0);
    world.converged();
}

#[test]
fn a_review_is_consent_to_deletions_but_not_to_the_loss_of_data() {
    let world = World::sample("shop");
    world.apply();
    // Without its route the service goes on without a rule: only things that can be made again go.
    world.edit(
        "    route: { host: shop.example.com, path: /api/* }\n",
        "    route: { path: /api/* }\n",
    );
    let plan = world.plan();
    let kinds = |plan: &serde_json::Value| -> Vec<String> {
        let list = plan["consent"].as_array().unwrap();
        list.iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert!(!kinds(&plan).contains(&"data_loss".to_owned()), "{plan:#}");
    world.apply();

    let text = world.spec();
    let worker = text.find("  # No port, so no balancer").unwrap();
    world.write(&text[..worker]);
    let plan = world.plan();
    assert!(kinds(&plan).contains(&"data_loss".to_owned()), "{plan:#}");
    world.wharf(&["plan", "--out", "saved.json"]).expect(0);
    let run = world.wharf(&["apply", "saved.json"]).expect(11);
    assert!(run.stderr.contains("data loss: log_group.worker"), "{}", run.stderr);
    assert!(!run.stderr.contains("deletes: "), "{}", run.stderr);
    assert!(run.stderr.contains("--allow-delete"), "{}", run.stderr);
    world.wharf(&["apply", "saved.json", "--allow-delete"]).expect(0);
    world.converged();
}

#[test]
fn a_saved_destruction_asks_for_its_flag() {
    let world = World::sample("minimal");
    world.apply();
    world.wharf(&["plan", "--destroy", "--out", "saved.json"]).expect(0);
    let run = world.wharf(&["apply", "saved.json"]).expect(11);
    assert!(run.stderr.contains("--allow-delete"), "{}", run.stderr);
    world.wharf(&["apply", "saved.json", "--allow-delete"]).expect(0);
    let plan = world.wharf(&["plan", "--destroy"]).expect(0).stdout;
    assert!(plan.contains("Nothing of this stack exists."), "{plan}");
}

#[test]
fn what_is_protected_stays_whatever_the_flags_say() {
    let world = World::sample("minimal");
    world.apply();
    world
        .write(&format!("{}balancer: {{ scheme: internal }}\nprotect: [balancer]\n", world.spec()));
    let flags = ["apply", "--yes", "--allow-delete", "--allow-downtime", "load_balancer.main"];
    let run = world.wharf(&flags).expect(11);
    assert!(run.stderr.contains("take `balancer` off `protect`"), "{}", run.stderr);
    let plan = world.wharf(&["plan", "--destroy"]).expect(11);
    assert!(plan.stderr.contains("would be deleted"), "{}", plan.stderr);
}
