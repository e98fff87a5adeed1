//! `wharf fmt`: the file is written, or left alone.

use std::io::Write as _;
use std::process::Stdio;

use crate::world::{Run, World};

const WILD: &str = "# mine\nservices:\n    web: {port: 80, image: 'nginx:1'} # the web\nversion: 1\napp: notes\nregion: eu-west-1\n";
const TAME: &str = "# mine\nversion: 1\napp: notes\nregion: eu-west-1\nservices:\n  web: { image: \"nginx:1\", port: 80 }  # the web\n";

#[test]
fn a_file_is_written_once() {
    let world = World::new(WILD);
    let first = world.wharf(&["fmt"]).expect(0);
    assert!(first.stdout.is_empty() && first.stderr.contains("written anew"), "{}", first.stderr);
    assert_eq!(world.spec(), TAME);
    let before = std::fs::metadata(world.path().join("wharf.yaml")).unwrap().modified().unwrap();
    world.wharf(&["fmt"]).expect(0);
    let after = std::fs::metadata(world.path().join("wharf.yaml")).unwrap().modified().unwrap();
    assert_eq!(before, after, "a file that is canonical is not touched");
}

#[test]
fn check_shows_what_would_change_and_changes_nothing() {
    let world = World::new(WILD);
    let run = world.wharf(&["fmt", "--check"]).expect(2);
    assert!(
        run.stdout.contains("+services:\n") && run.stdout.contains("-services:\n"),
        "{}",
        run.stdout
    );
    assert_eq!(world.spec(), WILD);
    world.wharf(&["fmt"]).expect(0);
    let run = world.wharf(&["fmt", "--check"]).expect(0);
    assert_eq!(run.stdout, "");
}

#[test]
fn standard_input_goes_to_standard_output() {
    let world = World::new("");
    let mut child = world
        .command(&["fmt", "--file", "-"], "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(WILD.as_bytes()).unwrap();
    let run = Run::of(child.wait_with_output().unwrap(), &["fmt"]).expect(0);
    assert_eq!(run.stdout, TAME);
}

#[test]
fn what_cannot_be_laid_out_is_left_alone() {
    for (text, why) in [
        ("a: [1\n", "never closed"),
        ("a: 1\na: 2\n", "appears twice"),
        ("%YAML 1.2\n---\na: 1\n", "directive"),
    ] {
        let world = World::new(text);
        let run = world.wharf(&["fmt"]).expect(3);
        assert!(run.stderr.contains(why), "{}", run.stderr);
        assert_eq!(world.spec(), text);
    }
}

#[cfg(unix)]
#[test]
fn links_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let world = World::new(WILD);
    let (file, link) = (world.path().join("wharf.yaml"), world.path().join("link.yaml"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&file, &link).unwrap();
    world.wharf(&["fmt", "--file", "link.yaml"]).expect(0);
    assert!(link.is_symlink());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(world.spec(), TAME);
}
