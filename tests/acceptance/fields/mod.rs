//! Every key of the format, changed alone: apply, plan empty, change it, the plan shows just that, apply,
//! plan empty; and at the end nothing is left.
//!
//! What each change touches stands in `tests/golden/fields.txt`, a line for each row of the tables below:
//! the key, then the addresses and for those that are changed in place the paths. A key of the format has
//! a row or a reason ([`rows::REASONS`]); one that has neither fails `every_key_has_a_row_or_a_reason`.

#![expect(clippy::print_stdout, reason = "figures for whoever asks with --nocapture")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::world::{World, same};

mod rows;

/// A key, where a value of it stands, and the value it gets.
struct Row {
    /// What the key belongs to and its name, as in [`wharf_spec::known_keys`].
    key: (&'static str, &'static str),
    path: &'static str,
    value: fn() -> Value,
}

const fn row(of: &'static str, key: &'static str, path: &'static str, value: fn() -> Value) -> Row {
    Row { key: (of, key), path, value }
}

/// What is there before anything is changed.
const BASE: &str = r#"
version: 1
app: notes
region: ap-southeast-2
images: { main: { tag: v1 } }
services:
  api: { image: { tag: v1 }, port: 8080, health: /healthz }
  worker: { image: main, command: ["work"] }
"#;

/// Clusters that belong to somebody else.
const CLUSTERS: [&str; 2] = ["shared", "other"];

fn reason(of: &str, key: &str) -> Option<&'static str> {
    let named = rows::REASONS.iter().find(|(whose, what, _)| (*whose, *what) == (of, key));
    named.map(|(_, _, why)| *why)
}

#[test]
fn every_key_has_a_row_or_a_reason() {
    let rows: BTreeSet<(&str, &str)> =
        [rows::STACK, rows::SERVICE, rows::HEALTH, rows::ROLLOUT, rows::SCALE, rows::JOBS]
            .into_iter()
            .flatten()
            .map(|row| row.key)
            .collect();
    let known: BTreeSet<(&str, &str)> = wharf_spec::known_keys().collect();
    let open: Vec<_> = known
        .iter()
        .filter(|(of, key)| !rows.contains(&(of, key)) && reason(of, key).is_none())
        .collect();
    assert!(open.is_empty(), "neither a row nor a reason: {open:?}");
    let both: Vec<_> = rows.iter().filter(|(of, key)| reason(of, key).is_some()).collect();
    assert!(both.is_empty(), "a row and a reason: {both:?}");
    let gone: Vec<_> = rows.difference(&known).collect();
    assert!(gone.is_empty(), "rows of no key: {gone:?}");
    assert!(rows.len() > 120, "only {} rows", rows.len());
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/fields.txt")
}

/// What each row touches, by its name.
fn known() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(golden()).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, touched)| (name.to_owned(), touched.to_owned()))
        .collect()
}

/// Puts a value at a path, or takes away what stands there.
fn set(spec: &mut Value, path: &str, value: Value) {
    let mut node = spec;
    let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
    for part in parents.split('.').filter(|part| !part.is_empty()) {
        if !node[part].is_object() {
            // A short form becomes the long one.
            let short = node[part].take();
            node[part] = match (part, short) {
                ("health", Value::String(path)) => json!({ "path": path }),
                (_, Value::Null) => json!({}),
                (part, other) => panic!("{path}: {part} is {other}"),
            };
        }
        node = &mut node[part];
    }
    let map = node.as_object_mut().unwrap();
    if value.is_null() {
        map.remove(last);
    } else {
        map.insert(last.to_owned(), value);
    }
}

/// Every address a plan touches, with the paths of what is changed in place.
fn touched(plan: &Value) -> String {
    let steps = plan["steps"].as_array().unwrap();
    let mut found = BTreeMap::<&str, BTreeSet<&str>>::new();
    for step in steps {
        let paths = found.entry(step["address"].as_str().unwrap()).or_default();
        if step["action"] == "update" {
            paths.extend(
                step["changes"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()),
            );
        }
    }
    let shown = found.iter().map(|(address, paths)| {
        let paths: Vec<&str> = paths.iter().copied().collect();
        if paths.is_empty() {
            (*address).to_owned()
        } else {
            format!("{address} ({})", paths.join(", "))
        }
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    if shown.is_empty() { "nothing".to_owned() } else { shown }
}

/// Lives the rows of a table, one change after the other.
fn live(rows: &[Row]) {
    let mut spec: Value = serde_saphyr::from_str(BASE).unwrap();
    let world = World::new(&spec.to_string());
    world.plan();
    for name in CLUSTERS {
        let input = json!({ "clusterName": name });
        let target = "AmazonEC2ContainerServiceV20141113.CreateCluster";
        world.aws_json("ap-southeast-2", "ecs", target, &input);
    }
    let before = world.contents();
    world.apply();
    world.converged();
    let known = known();
    let (mut wrong, mut found) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        // A key may be changed more than once.
        let times = rows[..at].iter().filter(|other| other.path == row.path).count();
        let name = format!("{} [{}]", row.path, times + 1);
        let mut changed = spec.clone();
        set(&mut changed, row.path, (row.value)());
        world.write(&changed.to_string());
        world.wharf(&["check"]).expect(0);
        spec = changed;
        let plan = world.wharf(&["plan", "--format", "json"]).expect(0).json();
        assert_eq!(plan["summary"]["drift"], 0, "{name}: taken for drift");
        let touches = touched(&plan);
        if known.get(&name) != Some(&touches) {
            wrong.push(format!("{name}: {touches}, not {:?}", known.get(&name)));
        }
        if touches != "nothing" {
            let addresses: Vec<String> = plan["consent"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|danger| danger["address"].as_str().map(str::to_owned))
                .collect();
            let mut args = vec!["apply", "--yes", "--allow-delete"];
            for address in &addresses {
                args.extend(["--allow-downtime", address]);
            }
            world.wharf(&args).expect(0);
        }
        world.converged();
        found.push((name, touches));
    }
    world.destroy();
    same(&world.contents(), &before);
    println!("{} rows applied", found.len());
    if std::env::var_os("WHARF_BLESS").is_some() {
        static WRITING: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _one = WRITING.lock().unwrap();
        let mut all = self::known();
        all.extend(found);
        let lines: Vec<String> =
            all.iter().map(|(name, touches)| format!("{name}: {touches}")).collect();
        std::fs::write(golden(), lines.join("\n") + "\n").unwrap();
        return;
    }
    assert!(wrong.is_empty(), "bless these if they are right:\n{}", wrong.join("\n"));
}

#[test]
fn keys_of_the_stack() {
    live(rows::STACK);
}

#[test]
fn keys_of_a_service() {
    live(rows::SERVICE);
}

#[test]
fn keys_of_health_and_names() {
    live(rows::HEALTH);
}

#[test]
fn keys_of_rollouts_and_sidecars() {
    live(rows::ROLLOUT);
}

#[test]
fn keys_of_ranges_of_tasks() {
    live(rows::SCALE);
}

#[test]
fn keys_of_jobs_and_the_release() {
    live(rows::JOBS);
}
