//! What people see, word for word. `WHARF_BLESS=1` accepts what is printed now; look at the diff.

use std::path::Path;

use crate::world::{SAMPLES, World};

/// Compares a text with its golden file.
#[track_caller]
pub(crate) fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name);
    if std::env::var_os("WHARF_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == text, "{name} differs; bless it if this is right:\n{text}");
}

#[test]
fn first_plans_of_the_samples() {
    for (sample, env) in SAMPLES {
        let world = World::sample(sample).env(env);
        let plan = world.wharf(&["plan"]).expect(0).stdout;
        golden(&format!("{sample}.plan.txt"), &without_random_ids(&plan));
        let full = world.wharf(&["plan", "--full"]).expect(0).stdout;
        golden(&format!("{sample}.plan-full.txt"), &without_random_ids(&full));
        let summary = world.wharf(&["plan", "--summary"]).expect(0).stdout;
        golden(&format!("{sample}.plan-summary.txt"), &without_random_ids(&summary));
        let markdown = world.wharf(&["plan", "--format", "markdown"]).expect(0).stdout;
        golden(&format!("{sample}.plan.md"), &without_random_ids(&markdown));
        let html = world.wharf(&["plan", "--format", "html"]).expect(0).stdout;
        golden(&format!("{sample}.plan.html"), &without_random_ids(&readable(&html)));
        let json = world.wharf(&["plan", "--format", "json"]).expect(0).stdout;
        golden(&format!("{sample}.plan.json"), &without_random_ids(&json));
        for (form, end) in
            [("text", "txt"), ("json", "json"), ("dot", "dot"), ("mermaid", "mmd"), ("svg", "svg")]
        {
            let drawn = world.wharf(&["graph", "--format", form]).expect(0).stdout;
            golden(&format!("{sample}.graph.{end}"), &readable(&drawn));
        }
    }
}

#[test]
fn plans_of_changes() {
    let world = World::sample("shop");
    world.apply();
    world.edit("port: 8080", "port: 9090");
    world.edit("command: [\"bin/worker\"]", "command: [\"bin/worker\", \"-v\"]");
    let text = world.wharf(&["plan"]).expect(0).stdout;
    golden("shop.changed.txt", &without_random_ids(&text));
    let text = world.wharf(&["plan", "--summary"]).expect(0).stdout;
    golden("shop.changed-summary.txt", &without_random_ids(&text));
    let text = world.wharf(&["plan", "--format", "markdown"]).expect(0).stdout;
    golden("shop.changed.md", &without_random_ids(&text));
    let text = world.wharf(&["plan", "--format", "html"]).expect(0).stdout;
    golden("shop.changed.html", &without_hashes(&without_random_ids(&readable(&text))));
    let text = world.wharf(&["graph", "--live", "--format", "dot"]).expect(0).stdout;
    golden("shop.changed.dot", &text);
    let text = world.wharf(&["plan", "--destroy"]).expect(0).stdout;
    golden("shop.destroy.txt", &without_random_ids(&text));
}

/// Puts elements on lines of their own, and leaves out styles, so that differences can be read.
fn readable(page: &str) -> String {
    let mut text = page.to_owned();
    while let (Some(start), Some(end)) = (text.find("<style>"), text.find("</style>")) {
        text.replace_range(start..end + "</style>".len(), "");
    }
    if text.starts_with('<') {
        text = text.replace("><", ">\n<");
    }
    text
}

/// Leaves out the hashes of the plan and of its facts: what an apply made has other ids in every run.
fn without_hashes(page: &str) -> String {
    let parts = page.split("<code>").map(|part| match part.split_once("</code>") {
        Some((hash, rest)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            format!("HASH</code>{rest}")
        }
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("<code>")
}

/// Ids that AWS picks depend on the order in which parallel calls arrive.
fn without_random_ids(text: &str) -> String {
    let id = |word: &str| {
        let hex = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let rest = hex.rsplit(['-', '/']).next().unwrap_or(hex);
        let uuid = hex.len() == 36 && hex.matches('-').count() == 4;
        uuid || (rest.len() >= 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let mut out = String::new();
    for line in text.lines() {
        let words: Vec<String> = line
            .split(' ')
            .map(|word| {
                let parts = word.split('/').map(|part| if id(part) { "ID" } else { part });
                parts.collect::<Vec<_>>().join("/")
            })
            .collect();
        out.push_str(&words.join(" "));
        out.push('\n');
    }
    out
}
