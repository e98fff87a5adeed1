//! A port change of a live service: at no moment is there no healthy target.

use crate::world::World;

#[test]
fn a_port_change_never_leaves_the_service_without_a_healthy_target() {
    let world = World::sample("minimal");
    world.apply();
    world.edit("port: 3000", "port: 4000");
    let plan = world.wharf(&["plan"]).expect(0).stdout;
    for line in ["± target group", "± service", "fixed at creation"] {
        assert!(plan.contains(line), "{line}\n{plan}");
    }
    let applied = world.apply();
    let at = |text: &str| {
        applied.stderr.find(text).unwrap_or_else(|| panic!("{text:?} in\n{}", applied.stderr))
    };
    assert!(at("new target attached") < at("traffic moved"), "{}", applied.stderr);
    let gaps = world.sandbox().availability();
    assert!(gaps.is_empty(), "{gaps:?}");
    world.converged();
}
