//! Images: pushed to the sandbox's registry, from archives made here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::schemas::follows;
use crate::world::{Run, World, addresses, same};

const SPEC: &str = "version: 1\napp: notes\nregion: eu-west-1\nservices:\n  web:\n    \
                    image: { tag: v1 }\n    port: 3000\n    health: /\n";

/// Writes an image as an OCI layout. `app` says what its containers do in the sandbox; `layer` makes it
/// unlike others.
pub(crate) fn layout(
    world: &World,
    name: &str,
    architecture: &str,
    app: &Value,
    layer: &str,
) -> PathBuf {
    let root = world.path().join(name);
    let put = |media_type: &str, bytes: &[u8]| {
        let hex = hex::encode(Sha256::digest(bytes));
        write(&root.join("blobs/sha256").join(&hex), bytes);
        json!({ "mediaType": media_type, "digest": format!("sha256:{hex}"), "size": bytes.len() })
    };
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "rootfs": { "type": "layers", "diff_ids": [] },
        "config": { "Labels": { "wharf.sandbox.app": app.to_string() } },
    });
    let config = put("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
    let layer = put("application/vnd.oci.image.layer.v1.tar+gzip", layer.as_bytes());
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [layer] });
    let manifest =
        put("application/vnd.oci.image.manifest.v1+json", manifest.to_string().as_bytes());
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    write(&root.join("index.json"), index.to_string().as_bytes());
    write(&root.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#);
    root
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Fails if the registry's password is in what a run printed.
#[track_caller]
fn discreet(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        // The password itself, and the token as base64.
        assert!(!text.contains("sandbox-eu-west-1"), "{text}");
        assert!(!text.contains("QVdTOn"), "{text}");
    }
}

#[test]
fn an_archive_is_pushed_once() {
    let world = World::new(SPEC);
    let archive = layout(&world, "image", "amd64", &json!({}), "one");
    let archive = archive.to_str().unwrap();
    let early = world.wharf(&["push", "--archive", archive]).expect(1);
    assert!(early.stderr.contains("`wharf apply` creates it"), "{}", early.stderr);
    world.wharf(&["apply", "--yes", "--only", "repository.web"]).expect(0);

    let first = world.wharf(&["push", "--archive", archive, "--tag", "v7", "--format", "json"]);
    let first = first.expect(0);
    discreet(&first);
    let document = first.json();
    follows("push", &document);
    assert_eq!(document["format"], "wharf.push/1");
    assert_eq!(document["service"], "web");
    assert_eq!(document["repository"], "notes/web");
    assert_eq!(document["tag"], "v7");
    assert_eq!(document["platforms"], json!(["linux/amd64"]));
    assert_eq!((&document["sent"], &document["skipped"]), (&json!(2), &json!(0)));
    assert_eq!(document["builder"], Value::Null);

    let again = world.wharf(&["push", "web", "--archive", archive]).expect(0);
    discreet(&again);
    assert_eq!(again.stdout.trim(), document["digest"].as_str().unwrap());
    assert!(again.stderr.contains("Pushed notes/web:v1: 0 pieces sent"), "{}", again.stderr);

    // What was pushed is what a plan finds under the tag.
    world.apply();
    let digest = again.stdout.trim();
    let found = world.sandbox().world_json().to_string();
    assert!(found.contains(&format!("notes/web@{digest}")), "{digest} does not run");
}

#[test]
fn what_cannot_be_pushed_is_refused_before_anything_is_sent() {
    let world = World::new(SPEC);
    world.wharf(&["apply", "--yes", "--only", "repository.web"]).expect(0);
    let foreign = layout(&world, "image", "arm64", &json!({}), "one");
    let run = world.wharf(&["push", "--archive", foreign.to_str().unwrap()]).expect(3);
    assert!(run.stderr.contains("linux/arm64"), "{}", run.stderr);
    assert!(run.stderr.contains("run on linux/amd64"), "{}", run.stderr);
    assert!(!run.stderr.contains("Pushing"), "{}", run.stderr);

    let empty = world.path().join("nothing");
    std::fs::create_dir(&empty).unwrap();
    let run = world.wharf(&["push", "--archive", empty.to_str().unwrap()]).expect(3);
    assert!(run.stderr.contains("is no image archive"), "{}", run.stderr);
    let run = world.wharf(&["push", "--archive", "not-there"]).expect(3);
    assert!(run.stderr.contains("cannot use `not-there`"), "{}", run.stderr);
    assert_eq!(run.stderr.matches("No such file").count(), 1, "{}", run.stderr);
    let run = world.wharf(&["push"]).expect(3);
    assert!(run.stderr.contains("no service has a `build`"), "{}", run.stderr);
    let run = world.wharf(&["push", "api", "--archive", "x"]).expect(3);
    assert!(run.stderr.contains("there is no service `api`"), "{}", run.stderr);

    world.edit("image: { tag: v1 }", "image: nginx:1.27");
    let run = world.wharf(&["push", "web", "--archive", "x"]).expect(3);
    assert!(run.stderr.contains("which lives elsewhere"), "{}", run.stderr);
}

#[test]
fn a_tag_that_may_not_move_is_not_moved() {
    let world = World::new(
        &SPEC.replace("    port: 3000", "    repository: { tags: immutable }\n    port: 3000"),
    );
    world.wharf(&["apply", "--yes", "--only", "repository.web"]).expect(0);
    let one = layout(&world, "one", "amd64", &json!({}), "one");
    let two = layout(&world, "two", "amd64", &json!({}), "two");
    world.wharf(&["push", "--archive", one.to_str().unwrap(), "--tag", "v7"]).expect(0);
    let run = world.wharf(&["push", "--archive", two.to_str().unwrap(), "--tag", "v7"]).expect(11);
    assert!(run.stderr.contains("the tag `v7` of notes/web exists"), "{}", run.stderr);
}

const BUILT: &str = "version: 1\napp: notes\nregion: eu-west-1\nservices:\n  web:\n    \
                     build: .\n    port: 3000\n    health: /\n";

fn deploy(world: &World, archive: &Path, code: i32) -> Run {
    let archive = archive.to_str().unwrap();
    let run = world.wharf(&["deploy", "--archive", archive, "--yes"]).expect(code);
    discreet(&run);
    run
}

#[test]
fn one_command_takes_an_image_from_nothing_to_a_url() {
    for spec in [SPEC, BUILT] {
        let world = World::new(spec);
        let one = layout(&world, "one", "amd64", &json!({}), "one");
        let first = deploy(&world, &one, 0);
        assert!(first.stdout.contains("http://"), "{}", first.stdout);
        assert!(first.stderr.contains("The image needs its repository first."), "{}", first.stderr);
        world.converged();

        let two = layout(&world, "two", "amd64", &json!({}), "two");
        let second = deploy(&world, &two, 0);
        assert!(second.stdout.contains("task definition"), "{}", second.stdout);
        assert!(!second.stderr.contains("needs its repository"), "{}", second.stderr);
        world.converged();

        // Nothing is new: nothing is sent, nothing is rolled.
        let third = deploy(&world, &two, 0);
        assert!(third.stdout.contains("No changes."), "{}", third.stdout);
        assert!(third.stderr.contains("0 pieces sent"), "{}", third.stderr);

        // What was gone back to stays as long as wharf says.
        let back = world.wharf(&["rollback", "--yes"]).expect(0).stderr;
        let built = spec == BUILT;
        assert_eq!(back.contains("It stays until the next `wharf deploy`"), built, "{back}");
        assert_eq!(back.contains("goes forward again"), !built, "{back}");
        if built {
            world.converged();
        } else {
            world.wharf(&["plan", "--detailed-exitcode"]).expect(2);
        }
        world.destroy();
    }
}

#[test]
fn a_bad_image_is_rolled_back_with_its_cause() {
    let world = World::new(BUILT);
    let good = layout(&world, "good", "amd64", &json!({}), "good");
    deploy(&world, &good, 0);
    let bad = layout(&world, "bad", "amd64", &json!({ "paths": { "/": 404 } }), "bad");
    let run = deploy(&world, &bad, 5);
    assert!(run.stderr.contains("status 404"), "{}", run.stderr);
    // The old release is live, and is what a plan keeps; only its rollout is to be made good.
    assert_eq!(addresses(&world.plan()), BTreeSet::from(["service.web".to_owned()]));
    let plan = world.wharf(&["plan"]).expect(0).stdout;
    assert!(plan.contains("the last rollout was rolled back; what runs is"), "{plan}");
    assert!(plan.contains("Impact   none for users of the service"), "{plan}");
    deploy(&world, &good, 0);
    world.converged();
}

#[test]
fn what_is_built_waits_for_a_deploy() {
    let world = World::new(BUILT);
    let run = world.wharf(&["apply", "--yes"]).expect(12);
    assert!(run.stderr.contains("wharf deploy"), "{}", run.stderr);
    let archive = layout(&world, "image", "amd64", &json!({}), "one");
    let run = deploy(&world, &archive, 0);
    assert!(!run.stderr.contains("needs its repository"), "{}", run.stderr);
    world.converged();
}

#[test]
fn a_deploy_that_could_not_ask_begins_nothing() {
    let world = World::new(BUILT);
    let before = world.contents();
    let archive = layout(&world, "image", "amd64", &json!({}), "one");
    let archive = archive.to_str().unwrap();
    world.wharf(&["deploy", "--archive", archive]).expect(3);
    world.wharf(&["deploy", "--archive", archive, "--yes", "--image", "web=:v2"]).expect(3);
    // Without a Dockerfile there is nothing to build.
    let run = world.wharf(&["deploy", "--yes"]).expect(3);
    assert!(run.stderr.contains("there is no `./Dockerfile`"), "{}", run.stderr);
    let other = layout(&world, "other", "arm64", &json!({}), "one");
    world.wharf(&["deploy", "--archive", other.to_str().unwrap(), "--yes"]).expect(3);
    same(&world.contents(), &before);
}

#[test]
fn a_deploy_in_json_is_lines_of_documents() {
    let world = World::new(BUILT);
    let archive = layout(&world, "image", "amd64", &json!({}), "one");
    let archive = archive.to_str().unwrap();
    let run = world.wharf(&["deploy", "--archive", archive, "--yes", "--format", "json"]).expect(0);
    let lines: Vec<Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let pushes = lines.iter().filter(|line| line["format"] == "wharf.push/1");
    assert_eq!(pushes.count(), 1);
    assert_eq!(lines.iter().filter(|line| line["type"] == "end").count(), 2);
    assert_eq!(lines.last().unwrap()["exit"], 0);
}
