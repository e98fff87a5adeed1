//! `wharf render`: what a file means, as a file.

use crate::world::World;

#[test]
fn what_is_rendered_plans_the_same() {
    for (sample, env) in [("minimal", None), ("production", Some("prod")), ("shop", None)] {
        let world = World::sample(sample).env(env);
        let before = world.plan();
        let rendered = world.wharf(&["render", "--why"]).expect(0).stdout;
        world.write(&rendered);
        assert_eq!(world.plan()["steps"], before["steps"], "{sample}\n{rendered}");
        world.wharf(&["fmt"]).expect(0);
        assert_eq!(world.plan()["steps"], before["steps"], "{sample}, laid out");
    }
}

#[test]
fn every_value_has_an_origin() {
    let world = World::sample("production").env(Some("prod"));
    let args = ["render", "--format", "json", "--image", "api=:v7"];
    let document = world.wharf(&args).expect(0).json();
    assert_eq!(document["format"], "wharf.render/1");
    assert_eq!(document["stack"], "notes-prod");
    let values = document["values"].as_array().unwrap();
    let one = |path: &str| {
        let found = values.iter().find(|value| value["path"] == path);
        found.unwrap_or_else(|| panic!("{path}\n{document:#}")).clone()
    };
    assert_eq!(one("services.api.image.tag")["value"], "v7");
    assert_eq!(one("services.api.image.tag")["origin"], "--image");
    assert_eq!(one("services.api.port")["value"], 8080);
    let level = one("services.api.env.LOG_LEVEL");
    assert_eq!(level["value"], "warn");
    assert!(level["origin"].as_str().unwrap().ends_with("(environment prod)"), "{level}");
    assert_eq!(
        one("destroy.certificate")["origin"].as_str().unwrap().split(':').next(),
        Some("default")
    );
    assert_eq!(one("services.api.secrets.DATABASE_URL")["value"], "ssm:/notes/prod/database_url");
}

#[test]
fn the_same_file_renders_the_same_and_a_broken_one_does_not() {
    let world = World::sample("shop");
    let first = world.wharf(&["render", "--why"]).expect(0).stdout;
    assert_eq!(world.wharf(&["render", "--why"]).expect(0).stdout, first);
    world.edit("port: 8080", "port: 99999");
    let run = world.wharf(&["render"]).expect(3);
    assert!(run.stdout.is_empty() && run.stderr.contains("E033"), "{}", run.stderr);
}
