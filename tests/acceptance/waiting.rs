//! What only somebody outside can provide: wharf goes as far as it can, says what is missing, ends with
//! 12, and the next run goes on.

use crate::world::{World, same};

#[test]
fn a_zone_kept_elsewhere_is_waited_for() {
    let world = World::new(
        "version: 1\napp: notes\nregion: eu-west-1\nservices:\n  web:\n    image: { tag: v1 }\n    \
         port: 3000\n    health: /\n    domain: { names: [notes.elsewhere.net], zone: external }\n",
    );
    world.wharf(&["plan", "--detailed-exitcode"]).expect(2);
    let before = world.contents();
    let run = world.wharf(&["apply", "--yes", "--wait-image", "1m"]).expect(12);
    assert!(run.stderr.contains(".notes.elsewhere.net. 300 IN CNAME "), "{}", run.stderr);
    assert!(run.stderr.contains("because of certificate_validation.main"), "{}", run.stderr);
    let again = world.wharf(&["apply", "--yes", "--wait-image", "1m"]).expect(12);
    assert!(again.stderr.contains("IN CNAME"), "{}", again.stderr);
    world.destroy();
    same(&world.contents(), &before);
}
