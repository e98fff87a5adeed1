//! Usage errors, and specs that are no specs.

use crate::world::World;

#[test]
fn usage_errors_end_with_three() {
    let world = World::sample("minimal");
    for args in [
        &["nonsense"][..],
        &["plan", "--nonsense"],
        &["plan", "--image", "web"],
        &["plan", "--only", "nonsense"],
        &["plan", "--timeout", "5"],
        &["plan", "--file", "missing.yaml"],
        &["plan", "--env", "prod"],
        &["plan", "--image", "other=:v1"],
        &["plan", "--image", "web=v2"],
        &["plan", "--only", "service.other"],
        &["apply", "missing-plan.json"],
        &["help", "nonsense"],
    ] {
        let run = world.wharf(args).expect(3);
        assert!(run.stdout.is_empty(), "{args:?}: {}", run.stdout);
        assert!(!run.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn all_problems_of_a_file_come_in_one_run() {
    let world = World::new(
        "version: 1\napp: Notes\nregion: eu-west-1\nservices:\n  web:\n    prot: 3000\n    cpu: 3\n",
    );
    let run = world.wharf(&["check"]).expect(3);
    for part in ["wharf.yaml:2", "`prot`", "port", "wharf.yaml:7"] {
        assert!(run.stderr.contains(part), "{part}\n{}", run.stderr);
    }
}

#[test]
fn bytes_that_are_no_text_are_an_error_and_no_panic() {
    let world = World::new("");
    for bytes in [&b""[..], b"\xff\xfe", b"\0\0\0", b"[[[[", b"&a [*a]", b"- \t- x"] {
        std::fs::write(world.path().join("wharf.yaml"), bytes).unwrap();
        let run = world.wharf(&["check"]).expect(3);
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    }
}

#[test]
fn a_sandbox_has_to_be_a_directory_of_its_own() {
    let world = World::sample("minimal");
    // A file is in the way.
    let run = world.wharf(&["plan", "--sandbox=wharf.yaml"]).expect(1);
    assert!(run.stderr.contains("name a directory that can be written to"), "{}", run.stderr);
    let dir = world.path().join("sandbox");
    world.wharf(&["plan"]).expect(0);
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "json") {
            std::fs::write(path, "{").unwrap();
        }
    }
    let run = world.wharf(&["plan"]).expect(1);
    assert!(run.stderr.contains("wharf sandbox reset"), "{}", run.stderr);
}

#[test]
fn the_other_region_and_account_are_refused() {
    let world = World::sample("minimal");
    world.wharf(&["plan", "--region", "eu-west-1"]).expect(4);
    world.wharf(&["plan"]).expect(0);
    world.edit("app: notes", "app: notes\naccount: \"999999999999\"");
    let run = world.wharf(&["plan"]).expect(4);
    assert!(run.stderr.contains("999999999999"), "{}", run.stderr);
}

#[test]
fn help_and_completions_are_answers() {
    let world = World::sample("minimal");
    let codes = world.wharf(&["help", "exit-codes"]).expect(0).stdout;
    assert!(codes.contains("  130  interrupted at a safe point"), "{codes}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = world.wharf(&["completions", shell]).expect(0).stdout;
        assert!(script.contains("destroy"), "{shell}");
    }
    assert!(world.wharf(&["--version"]).expect(0).stdout.starts_with("wharf "));
}
