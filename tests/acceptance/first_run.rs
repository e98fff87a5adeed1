//! `docs/first-run.md`: its commands are run, one after the other, and print what it shows.
//!
//! The document is recorded with a real builder: `WHARF_BLESS=1 just registry` rewrites it in place, and
//! `just registry` repeats it. Where there is none, a program that makes the same of the same Dockerfile
//! stands in for it. Lines of progress are left out, since what comes before what there is nobody's
//! business.

#![expect(clippy::print_stdout, reason = "figures for whoever asks with --nocapture")]

use std::fmt::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::docs::mask;
use crate::push::layout;
use crate::world::{Run, World};

const DOCKERFILE: &str = "FROM scratch\nCOPY server /server\nEXPOSE 8080\nUSER 1000\n\
    HEALTHCHECK CMD [\"/server\", \"--check\", \"http://localhost:8080/healthz\"]\n\
    CMD [\"/server\"]\n";

/// The label by which an image says what its containers do in the sandbox.
const LABEL: &str = "LABEL wharf.sandbox.app=";

/// Builds nothing, and hands out what is ready.
const STAND_IN: &str = "#!/bin/sh\n\
    case $1 in push) exec /bin/cp -R READY \"${3#oci-archive:}\" ;; esac\n\
    exit 0\n";

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/first-run.md")
}

#[test]
fn the_first_run_goes_as_the_document_shows() {
    let world = World::new("");
    std::fs::remove_file(world.path().join("wharf.yaml")).unwrap();
    std::fs::write(world.path().join("Dockerfile"), DOCKERFILE).unwrap();
    std::fs::write(world.path().join("server"), "serves").unwrap();
    std::fs::create_dir(world.path().join("bin")).unwrap();
    let buildah = world.path().join("bin/buildah");
    if let Some(real) = real() {
        symlink(real, &buildah).unwrap();
    } else {
        let ready = world.path().join("ready");
        let text = STAND_IN.replace("READY", ready.to_str().unwrap());
        std::fs::write(&buildah, text).unwrap();
        std::fs::set_permissions(&buildah, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let text = std::fs::read_to_string(document()).unwrap();
    let mut fresh = String::new();
    let mut inside = false;
    for line in text.lines() {
        let fence = line.starts_with("```");
        if fence {
            inside = !inside && line == "```console";
        }
        if !inside || fence {
            fresh.push_str(line);
            fresh.push('\n');
        } else if let Some(command) = line.strip_prefix("$ ") {
            fresh.push_str(line);
            fresh.push('\n');
            fresh.push_str(&shown(&world, command));
        }
    }
    if std::env::var_os("WHARF_BLESS").is_some() {
        std::fs::write(document(), fresh).unwrap();
        return;
    }
    let (known, printed) = (plain(&text), plain(&fresh));
    let differs = known.lines().zip(printed.lines()).find(|(one, two)| one != two);
    assert!(known == printed, "run with WHARF_BLESS=1; first: {differs:?}\n{fresh}");
}

/// The builder that is to be used, if there is one.
fn real() -> Option<PathBuf> {
    std::env::var_os("WHARF_TEST_BUILDER").map(PathBuf::from)
}

/// Runs a command and returns what a person would keep of it.
fn shown(world: &World, command: &str) -> String {
    let Some(args) = command.strip_prefix("wharf ") else {
        let mut shell = Command::new("sh");
        let done = shell.args(["-c", command]).current_dir(world.path()).output().unwrap();
        assert!(done.status.success(), "{command}: {done:?}");
        return String::from_utf8(done.stdout).unwrap() + "\n";
    };
    let args: Vec<&str> = args.split(' ').collect();
    let dockerfile = std::fs::read_to_string(world.path().join("Dockerfile")).unwrap();
    let breaks = args.contains(&"deploy") && dockerfile.contains("404");
    if real().is_none() {
        make_ready(world, &dockerfile);
    }
    let before = world.sandbox().now();
    // Slower, so that what is measured is AWS's time and not this machine's.
    let mut command = world.command(&args, if breaks { "60" } else { "1000" });
    command.env("PATH", world.path().join("bin"));
    for name in ["BUILDAH_ISOLATION", "STORAGE_DRIVER"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    let run = Run::of(command.output().unwrap(), &args);
    if breaks {
        let took = world.sandbox().now().since(before);
        println!("from a push that does not work to its cause: {} s of AWS's time", took.as_secs());
    }
    kept(&run)
}

/// Makes what a builder would of a Dockerfile: the layer is always the same, the label is not.
fn make_ready(world: &World, dockerfile: &str) {
    let label = dockerfile.lines().find_map(|line| line.strip_prefix(LABEL));
    let app: Value = label
        .map_or_else(|| json!({}), |label| serde_json::from_str(label.trim_matches('\'')).unwrap());
    let _none_yet = std::fs::remove_dir_all(world.path().join("ready"));
    layout(world, "ready", "amd64", &app, "server");
}

/// What was asked for, then what was said beside it without progress.
fn kept(run: &Run) -> String {
    let mut lines: Vec<&str> = run.stdout.lines().collect();
    let progress = |line: &&str| !line.starts_with("  ") || line.starts_with("  = ");
    let mut said: Vec<&str> = Vec::new();
    let mut result = false;
    for line in run.stderr.lines() {
        // From here on it is the result.
        result |= line.starts_with("FAILED");
        if result || progress(&line) {
            said.push(line);
        }
    }
    lines.extend(said);
    let mut out = String::new();
    let mut blank = true;
    for line in lines {
        // Of several empty lines, one.
        if !(line.is_empty() && blank) {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        blank = line.is_empty();
    }
    if run.code != 0 {
        writeln!(out, "(exit code {})", run.code).unwrap();
    }
    out.push('\n');
    out
}

/// Without what differs from run to run: ids, times, how far away the next look was.
fn plain(text: &str) -> String {
    let mut out = Vec::new();
    for line in mask(text).lines() {
        let words: Vec<String> = line.split(' ').map(number).collect();
        out.push(words.join(" "));
    }
    out.join("\n")
}

fn number(word: &str) -> String {
    if word.bytes().any(|byte| byte.is_ascii_digit()) {
        return "#".to_owned();
    }
    // How large an image is, and of how many pieces it is made, is up to its builder.
    match word.trim_matches(['(', ')', ',']) {
        "B" | "KiB" | "MiB" => "bytes".to_owned(),
        "piece" | "pieces" => "pieces".to_owned(),
        _ => word.to_owned(),
    }
}
