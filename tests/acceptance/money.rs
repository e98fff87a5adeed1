//! What a plan says about money.

use crate::world::{World, sample};

fn in_region(region: &str) -> World {
    World::new(&sample("minimal").replace("ap-southeast-2", region))
}

#[test]
fn a_plan_says_the_floor_and_what_it_changes() {
    let world = in_region("us-east-1");
    let first = world.plan();
    // One task of the smallest size, a balancer, an address in each of three zones and for the task.
    let floor = 901 + 1643 + 4 * 365;
    assert_eq!(first["cost"]["cents_per_month"], floor, "{:#}", first["cost"]);
    assert_eq!(first["cost"]["cents_change"], floor);
    assert!(first["cost"]["prices_of"].as_str().is_some_and(|month| month.len() == 7));
    world.apply();

    world.edit("    port: 3000", "    scale: 2\n    port: 3000");
    let plan = world.wharf(&["plan"]).expect(0).stdout;
    assert!(plan.contains("Money    about $52.70 a month at least (+$12.66)"), "{plan}");
    let gone = world.wharf(&["plan", "--destroy", "--format", "json"]).expect(0).json();
    assert_eq!(gone["cost"]["cents_per_month"], 0);
    assert_eq!(gone["cost"]["cents_change"], -floor);
}

#[test]
fn a_region_without_prices_says_unknown() {
    let world = in_region("eu-north-1");
    let plan = world.wharf(&["plan"]).expect(0).stdout;
    assert!(plan.contains("Money    unknown: the list prices of eu-north-1"), "{plan}");
    assert!(world.plan()["cost"]["cents_per_month"].is_null());
}
