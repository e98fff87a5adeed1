//! `wharf explain`, and the published list of codes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::world::World;

/// What is above this line is written by hand.
const MARK: &str =
    "<!-- The rest is generated from the tables of codes; `just bless` renews it. -->\n";

/// Files that explain codes, and do not emit them.
const TABLES: [&str; 2] = ["codes", "codes.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn all() -> Vec<Value> {
    let run = World::new("").wharf(&["explain", "--format", "json"]).expect(0);
    let document = run.json();
    assert_eq!(document["format"], "wharf.explain/1");
    document["codes"].as_array().unwrap().clone()
}

fn text<'v>(code: &'v Value, key: &str) -> &'v str {
    code[key].as_str().unwrap()
}

/// Collects the codes that the sources of a crate name between quotes, tests aside.
fn emitted(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if TABLES.contains(&name.as_str()) || name.contains("test") {
            continue;
        }
        if path.is_dir() {
            emitted(&path, found);
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        for quoted in source.split('"') {
            let code = quoted.len() == 4
                && quoted.starts_with(['E', 'W', 'C'])
                && quoted[1..].bytes().all(|byte| byte.is_ascii_digit());
            if code {
                found.insert(quoted.to_owned());
            }
        }
    }
}

#[test]
fn every_code_that_is_emitted_is_explained_and_the_other_way_round() {
    let mut found = BTreeSet::new();
    for krate in std::fs::read_dir(root().join("crates")).unwrap() {
        let krate = krate.unwrap().path();
        if krate.file_name().is_some_and(|name| name != "wharf-sandbox") {
            emitted(&krate.join("src"), &mut found);
        }
    }
    let explained: BTreeSet<String> =
        all().iter().map(|code| text(code, "code").to_owned()).collect();
    let unexplained: Vec<_> = found.difference(&explained).collect();
    let never: Vec<_> = explained.difference(&found).collect();
    assert!(unexplained.is_empty(), "emitted and not explained: {unexplained:?}");
    assert!(never.is_empty(), "explained and never emitted: {never:?}");
    assert!(found.len() > 50, "only {} codes were found", found.len());
}

#[test]
fn explanations_are_whole_sentences() {
    for code in all() {
        let name = text(&code, "code");
        assert!(!text(&code, "title").is_empty() && !text(&code, "title").ends_with('.'), "{name}");
        for key in ["explanation", "fix"] {
            assert!(
                text(&code, key).len() > 10 && text(&code, key).ends_with('.'),
                "{name}: {key}"
            );
        }
    }
}

#[test]
fn docs_list_every_code() {
    let path = root().join("docs/codes.md");
    let present = std::fs::read_to_string(&path).unwrap();
    let (written, _) = present.split_once(MARK).expect("the page says where the list begins");
    let mut page = format!("{written}{MARK}");
    for code in all() {
        let name = text(&code, "code");
        write!(page, "\n## {name}: {}\n\n", text(&code, "title")).unwrap();
        writeln!(page, "{} {}", text(&code, "explanation"), text(&code, "fix")).unwrap();
        if let Some(example) = code["example"].as_str() {
            write!(page, "\n```yaml\n{example}\n```\n").unwrap();
        }
    }
    if std::env::var_os("WHARF_BLESS").is_some() {
        std::fs::write(&path, page).unwrap();
    } else {
        assert!(present == page, "docs/codes.md is stale; `just bless` renews it");
    }
}

#[test]
fn a_code_is_found_however_it_is_written() {
    let world = World::new("");
    let one = world.wharf(&["explain", "E051"]).expect(0);
    assert!(one.stdout.starts_with("E051: credential in plain sight"), "{}", one.stdout);
    assert!(one.stdout.contains("What to do"), "{}", one.stdout);
    assert_eq!(world.wharf(&["explain", "e051"]).expect(0).stdout, one.stdout);
    assert_eq!(world.wharf(&["explain", "[E051]"]).expect(0).stdout, one.stdout);
    let list = world.wharf(&["explain"]).expect(0).stdout;
    assert_eq!(list.lines().count(), all().len());
}

#[test]
fn a_code_that_is_none_is_met_with_the_nearest() {
    let world = World::new("");
    let near = world.wharf(&["explain", "E5"]).expect(3);
    assert!(near.stderr.contains("did you mean E005"), "{}", near.stderr);
    let by_title = world.wharf(&["explain", "credential"]).expect(3);
    assert!(by_title.stderr.contains("E051"), "{}", by_title.stderr);
    let none = world.wharf(&["explain", "nothing-like-it"]).expect(3);
    assert!(none.stderr.contains("lists all of them"), "{}", none.stderr);
}
