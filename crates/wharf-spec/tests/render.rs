//! The effective spec means what the file means, and says where everything comes from.

use std::collections::BTreeSet;

use wharf_spec::render::{Effective, render, text};
use wharf_spec::{Options, environments, parse};

use crate::specs;

fn options(env: Option<&str>) -> Options {
    let env = env.map(ToOwned::to_owned);
    Options { env, ..Options::default() }
}

fn files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = specs::SAMPLES
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/good");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    files
}

fn keys(value: &Effective, found: &mut BTreeSet<String>) {
    if let Effective::Map(pairs) = value {
        for (key, value) in pairs {
            found.insert(key.clone());
            keys(value, found);
        }
    }
    if let Effective::List { items, .. } = value {
        for item in items {
            keys(item, found);
        }
    }
}

#[test]
fn every_file_renders_to_the_same_stack_and_once_only() {
    let mut seen = BTreeSet::new();
    for (name, source) in files() {
        let declared = environments(&source);
        let envs: Vec<Option<&str>> = match declared.as_slice() {
            [] => vec![None],
            some => some.iter().map(|env| Some(env.as_str())).collect(),
        };
        for env in envs {
            let options = options(env);
            let rendered = render(&source, "wharf.yaml", &options).unwrap_or_else(|problems| {
                panic!("{name} {env:?}\n{}", problems.render(&source, false))
            });
            for why in [false, true] {
                let shown = text(&rendered.spec, why);
                let again = parse(&shown, "again.yaml", &options).unwrap_or_else(|problems| {
                    panic!("{name}\n{}", problems.render(&shown, false))
                });
                assert_eq!(again.stack, rendered.stack, "{name}");
            }
            let shown = text(&rendered.spec, false);
            let twice = render(&shown, "again.yaml", &options).unwrap();
            assert_eq!(text(&twice.spec, false), shown, "{name}: rendering again adds something");
            keys(&rendered.spec, &mut seen);
        }
    }
    let missing: Vec<_> = wharf_spec::known_keys()
        .filter(|(_, key)| !seen.contains(*key))
        .filter(|(_, key)| !["defaults", "waive", "digest"].contains(key))
        .collect();
    assert!(missing.is_empty(), "never shown: {missing:?}");
}

const SOURCE: &str = "version: 1
app: notes
region: eu-west-1
defaults:
  env: { A: \"1\" }
services:
  web:
    image: { tag: v1 }
    port: 3000
    env: { B: \"2\" }
environments:
  prod:
    services:
      web: { scale: 3 }
";

#[test]
fn origins_are_exact() {
    let mut options = options(Some("prod"));
    options.images.insert("web".to_owned(), ":v2".to_owned());
    let rendered = render(SOURCE, "wharf.yaml", &options).unwrap();
    let shown = text(&rendered.spec, true);
    let line = |start: &str| {
        let found = shown.lines().find(|line| line.trim_start().starts_with(start));
        found.unwrap_or_else(|| panic!("{start}\n{shown}")).to_owned()
    };
    for (start, origin) in [
        ("port: 3000", "wharf.yaml:9"),
        ("A: ", "defaults, line 5"),
        ("B: ", "wharf.yaml:10"),
        ("min: 3", "wharf.yaml:14 (environment prod)"),
        ("max: 3", "wharf.yaml:14 (environment prod)"),
        ("tag: \"v2\"", "--image"),
        ("cpu: 0.25", "default: the least that goes with the memory"),
        ("path: /", "default: most programs answer there"),
    ] {
        assert!(line(start).ends_with(&format!("# {origin}")), "{}", line(start));
    }
    assert!(!shown.contains("defaults:"), "{shown}");
    assert!(shown.contains("environments:\n  prod: {}\n"), "{shown}");
}
