//! `docs/first-run.md`: its commands are run, one after the other, and print what it shows.
//!
//! With `WHARF_BLESS=1` the document is rewritten in place. Lines of progress are left out, since what
//! comes before what there is nobody's business.

#![expect(clippy::print_stdout, reason = "figures for whoever asks with --nocapture")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::docs::mask;
use crate::push::layout;
use crate::world::{Run, World};

const DOCKERFILE: &str = "FROM alpine:3.22\nCOPY server /server\nEXPOSE 8080\nUSER 1000\n\
    HEALTHCHECK CMD wget -q --spider http://localhost:8080/healthz\nCMD [\"/server\"]\n";

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/first-run.md")
}

#[test]
fn the_first_run_goes_as_the_document_shows() {
    let world = World::new("");
    std::fs::remove_file(world.path().join("wharf.yaml")).unwrap();
    std::fs::write(world.path().join("Dockerfile"), DOCKERFILE).unwrap();
    layout(&world, "good", "amd64", &json!({}), "good");
    layout(&world, "bad", "amd64", &json!({ "paths": { "/healthz": 404 } }), "bad");
    layout(&world, "better", "amd64", &json!({}), "better");
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

/// Runs a command and returns what a person would keep of it.
fn shown(world: &World, command: &str) -> String {
    if let Some(file) = command.strip_prefix("cat ") {
        return std::fs::read_to_string(world.path().join(file)).unwrap();
    }
    let args: Vec<&str> = command.strip_prefix("wharf ").unwrap().split(' ').collect();
    let breaks = args.contains(&"bad");
    let before = world.sandbox().now();
    // Slower, so that what is measured is AWS's time and not this machine's.
    let run = world.wharf_at(if breaks { "60" } else { "1000" }, &args);
    if breaks {
        let took = world.sandbox().now().since(before);
        println!("from a push that does not work to its cause: {} s of AWS's time", took.as_secs());
    }
    kept(&run)
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
    if word.bytes().any(|byte| byte.is_ascii_digit()) { "#".to_owned() } else { word.to_owned() }
}
