//! Rules of one listener: no two may have one place at any moment, and the specific ones come first.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::{World, addresses};

/// A service behind one path, and the rest for `web`.
fn service(name: &str, path: &str) -> String {
    format!(
        "  {name}:\n    image: {{ tag: v1 }}\n    port: 8080\n    health: /\n    route: {{ path: {path} }}\n"
    )
}

fn stack(services: &[(&str, &str)]) -> String {
    let mut text = "version: 1\napp: shop\nregion: eu-west-1\nservices:\n".to_owned();
    for (name, path) in services {
        text.push_str(&service(name, path));
    }
    text
}

/// Returns what leads to each service, in the order in which the balancer tries it.
fn order(world: &World) -> Vec<String> {
    let shown = world.contents();
    let mut rules = Vec::new();
    collect(&shown, &mut rules);
    rules.sort();
    rules.into_iter().map(|(_, path)| path).collect()
}

/// Finds whatever has a priority and conditions, wherever the sandbox keeps it.
fn collect(value: &Value, found: &mut Vec<(u64, String)>) {
    match value {
        Value::Object(map) => {
            if let (Some(priority), Some(conditions)) = (map.get("priority"), map.get("conditions"))
            {
                let number = priority.as_u64().or_else(|| priority.as_str()?.parse().ok());
                let path = conditions.to_string();
                let path = path.split("\"/").nth(1).and_then(|rest| rest.split('"').next());
                if let (Some(number), Some(path)) = (number, path) {
                    found.push((number, format!("/{path}")));
                    return;
                }
            }
            map.values().for_each(|value| collect(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

fn touched(world: &World) -> BTreeSet<String> {
    let all = addresses(&world.plan());
    all.into_iter().filter(|address| address.starts_with("listener_rule.")).collect()
}

#[test]
fn a_more_specific_rule_goes_before_the_others_and_moves_none() {
    let world = World::sample("shop");
    world.apply();
    let cart = "  cart:\n    image: { tag: v1 }\n    port: 8081\n    health: /\n    route: { host: \
                shop.example.com, path: /api/cart/* }\n\n  # All other requests";
    world.edit("  # All other requests", cart);
    assert_eq!(touched(&world), BTreeSet::from(["listener_rule.cart".to_owned()]));
    world.apply();
    world.converged();
    let order = order(&world);
    assert_eq!(order.iter().filter(|path| path.starts_with("/api/")).count(), 2, "{order:?}");
    let at = |path: &str| order.iter().position(|one| one == path).unwrap();
    assert!(at("/api/cart/*") < at("/api/*"), "{order:?}");
    assert!(world.sandbox().availability().is_empty());
}

#[test]
fn two_rules_change_places() {
    let world = World::new(&stack(&[("api", "/a/*"), ("web", "/long/way/*")]));
    world.apply();
    assert_eq!(order(&world), ["/long/way/*", "/a/*"]);
    world.write(&stack(&[("api", "/long/way/*"), ("web", "/a/*")]));
    assert_eq!(touched(&world).len(), 2);
    world.apply();
    world.converged();
    assert_eq!(order(&world), ["/long/way/*", "/a/*"]);
}

/// Within a band a rule's place comes from a hash of its name. These names have one hash, so whoever
/// is first in the alphabet takes the place, and the others have to give way.
#[test]
fn a_rule_takes_the_place_of_another() {
    let world = World::new(&stack(&[("import", "/bb/*"), ("web", "/other/*")]));
    world.apply();
    let three = [("alpha", "/cc/*"), ("admin", "/aa/*"), ("import", "/bb/*"), ("web", "/other/*")];
    world.write(&stack(&three));
    assert_eq!(
        touched(&world),
        ["admin", "alpha", "import"].map(|name| format!("listener_rule.{name}")).into()
    );
    world.apply();
    world.converged();
    assert_eq!(order(&world), ["/other/*", "/aa/*", "/cc/*", "/bb/*"]);
    assert!(world.sandbox().availability().is_empty());
}

#[test]
fn rules_trade_places_in_one_band() {
    let before = [("admin", "/aa/*"), ("alpha", "/bb/*"), ("import", "/cc/*")];
    let world = World::new(&stack(&before));
    world.apply();
    // Without the first, each of the others takes the place before its own.
    world.write(&stack(&before[1..]));
    world.apply();
    world.converged();
    assert_eq!(order(&world), ["/bb/*", "/cc/*"]);
    // And back again.
    world.write(&stack(&before));
    world.apply();
    world.converged();
    assert_eq!(order(&world), ["/aa/*", "/bb/*", "/cc/*"]);
}
