//! The README and the documents show what the binary prints, and name only what it knows.
//!
//! A comment before a fenced block says where the block comes from:
//!
//! - `<!-- output: plan --file specs/minimal.yaml -->`: standard output of that command on a new
//!   sandbox. Several commands are separated by ` ; ` and run one after the other; the last is shown.
//!   `aws SERVICE TARGET JSON` is a call made behind wharf's back, `edit FILE THIS => THAT` an edit.
//!   After ` | `, a list of words keeps only the entries in which one of them stands.
//! - `<!-- part of: specs/minimal.yaml -->`: lines that follow one another in a file, comments aside.
//!
//! With `WHARF_BLESS=1` outputs are rewritten in place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::world::{Run, World, sample};

/// The documents that are checked.
const DOCUMENTS: [&str; 3] = ["README.md", "docs/lesson.md", "docs/plan.md"];

/// Where the samples' stacks stand, for calls behind wharf's back.
const REGION: &str = "ap-southeast-2";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A directive and the block under it.
struct Block {
    directive: String,
    /// Lines of the block, without the fences.
    lines: std::ops::Range<usize>,
}

/// Finds the directives of a document.
fn blocks(path: &str, lines: &[&str]) -> Vec<Block> {
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(directive) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"))
        else {
            continue;
        };
        let open = at + 1;
        assert!(
            lines.get(open).is_some_and(|line| line.starts_with("```")),
            "{path}:{}: no block follows",
            at + 1
        );
        let length = lines[open + 1..].iter().position(|line| *line == "```");
        let end = open + 1 + length.unwrap_or_else(|| panic!("{path}:{}: no end", open + 1));
        found.push(Block { directive: directive.to_owned(), lines: open + 1..end });
    }
    found
}

#[test]
fn documents_show_what_is_printed() {
    let bless = std::env::var_os("WHARF_BLESS").is_some();
    let mut wrong = Vec::new();
    for path in DOCUMENTS {
        let text = read(path);
        let lines: Vec<&str> = text.lines().collect();
        let mut fresh: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        // From the end, so that ranges stay right while blocks change their length.
        for block in blocks(path, &lines).iter().rev() {
            let shown = lines[block.lines.clone()].join("\n");
            let Some(printed) = printed(path, &block.directive, &shown) else { continue };
            fresh.splice(block.lines.clone(), printed.lines().map(str::to_owned));
            wrong.push(format!(
                "{path}:{}: {}\n--- shown\n{shown}\n--- printed\n{printed}",
                block.lines.start, block.directive
            ));
        }
        if bless {
            std::fs::write(root().join(path), fresh.join("\n") + "\n").unwrap();
        }
    }
    assert!(bless || wrong.is_empty(), "run with WHARF_BLESS=1:\n{}", wrong.join("\n\n"));
}

/// Returns what should be shown, unless what is shown is right.
fn printed(path: &str, directive: &str, shown: &str) -> Option<String> {
    let (what, source) = directive.split_once(": ").unwrap_or((directive, ""));
    match what {
        "output" => {
            let (commands, filter) = split(source);
            let printed = select(&run(commands).stdout, &filter);
            assert!(!printed.is_empty(), "{path}: nothing is left of `{directive}`");
            (mask(shown) != mask(&printed)).then_some(printed)
        }
        "part of" => {
            assert!(contains(&read(source), shown), "{path}: this is not in {source}:\n{shown}");
            None
        }
        _ => panic!("{path}: unknown directive `{directive}`"),
    }
}

fn split(source: &str) -> (&str, Vec<&str>) {
    match source.split_once(" | ") {
        Some((commands, words)) => (commands, words.split(", ").collect()),
        None => (source, Vec::new()),
    }
}

/// Runs commands in one new world, whose samples are where they are in the repository.
fn run(commands: &str) -> Run {
    let world = World::new("");
    std::fs::create_dir(world.path().join("specs")).unwrap();
    for name in ["minimal", "https", "production", "scaling", "shop"] {
        std::fs::write(world.path().join(format!("specs/{name}.yaml")), sample(name)).unwrap();
    }
    let mut last = None;
    for command in commands.split(" ; ") {
        if let Some(call) = command.strip_prefix("aws ") {
            let mut parts = call.splitn(3, ' ');
            let mut part = || parts.next().unwrap_or_else(|| panic!("aws {call}"));
            let (service, target, body) = (part(), part(), part());
            let body: Value = serde_json::from_str(body).unwrap();
            world.aws_json(REGION, service, target, &body);
            continue;
        }
        if let Some(edit) = command.strip_prefix("edit ") {
            let (file, edit) = edit.split_once(' ').unwrap();
            let (from, to) = edit.split_once(" => ").unwrap();
            let file = world.path().join(file);
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.contains(from), "{command}");
            std::fs::write(&file, text.replace(from, to)).unwrap();
            continue;
        }
        let args: Vec<&str> = command.split(' ').collect();
        let run = world.wharf(&args);
        assert!(matches!(run.code, 0 | 2), "{command}: {}\n{}", run.code, run.stderr);
        last = Some(run);
    }
    last.unwrap_or_else(|| panic!("`{commands}` runs nothing"))
}

/// Keeps the entries one of the words stands in, with the deeper lines below each.
fn select(text: &str, words: &[&str]) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    if words.is_empty() {
        return lines.join("\n").trim_matches('\n').to_owned();
    }
    let depth = |line: &str| line.len() - line.trim_start().len();
    let (mut kept, mut inside) = (Vec::new(), None);
    for line in lines {
        if inside.is_some_and(|outer| depth(line) > outer) {
            kept.push(line);
            continue;
        }
        let wanted = words.iter().any(|word| line.contains(word));
        inside = wanted.then(|| depth(line));
        if wanted {
            kept.push(line);
        }
    }
    kept.join("\n")
}

/// Blanks what another run, or another version, may number differently: ids, digests, times.
pub(crate) fn mask(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let bare = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let id = bare.len() >= 8
            && bare.bytes().any(|byte| byte.is_ascii_digit())
            && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        if id {
            out.push('#');
            out.push_str(&word[bare.len()..]);
        } else {
            out.push_str(word);
        }
    }
    out
}

/// Says whether lines follow one another in a file, comments at their ends aside.
fn contains(file: &str, shown: &str) -> bool {
    let bare = |line: &str| line.split(" #").next().unwrap_or_default().trim().to_owned();
    let file: Vec<String> = file.lines().map(bare).collect();
    let shown: Vec<String> = shown.lines().map(bare).collect();
    !shown.is_empty() && file.windows(shown.len()).any(|window| window == shown)
}

/// Code of a document: lines of fenced blocks, and what stands between backticks.
fn code(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            found.push(line.to_owned());
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// The arguments of wharf in a piece of code, if it runs wharf.
fn arguments(code: &str) -> Option<Vec<String>> {
    let code = code.split(" #").next().unwrap_or_default().trim();
    let rest = code.strip_prefix("wharf ").or_else(|| {
        code.starts_with("cargo run")
            .then(|| code.split_once(" -- "))
            .flatten()
            .map(|(_, rest)| rest)
    })?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn documents_name_only_commands_and_flags_there_are() {
    let world = World::sample("minimal");
    let help = |args: &[&str]| {
        let run = world.wharf(&[args, &["--help"]].concat()).expect(0).stdout;
        let outside = |letter: char| !(letter.is_ascii_alphanumeric() || letter == '-');
        run.split(outside).map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let commands = help(&[]);
    // Every command the binary lists, so that a new one needs no mention here.
    let listed = world.wharf(&["--help"]).expect(0).stdout;
    let listed = listed.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
    let names: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 25 && names.contains(&"import"), "{names:?}");
    let known: BTreeSet<String> = names.iter().flat_map(|name| help(&[name])).collect();
    let mut seen = 0;
    for path in [&DOCUMENTS[..], &["docs/architecture.md", "docs/spec.md"]].concat() {
        let text = read(path);
        for code in code(&text) {
            let flag = |outside: &str| outside.split('=').next().unwrap_or_default().to_owned();
            if code.starts_with("--") {
                let flag = flag(code.split_whitespace().next().unwrap_or_default());
                assert!(known.contains(&flag), "{path}: `{code}`");
            }
            let Some(args) = arguments(&code) else { continue };
            let Some(command) = args.first().filter(|word| word.starts_with(char::is_lowercase))
            else {
                continue;
            };
            // A plan begins with the words of its command and two spaces.
            if code.starts_with(&format!("wharf {command}  ")) {
                continue;
            }
            assert!(commands.contains(command), "{path}: `{code}`");
            let own = help(&[command]);
            for word in args.iter().filter(|word| word.starts_with("--")) {
                assert!(own.contains(&flag(word)), "{path}: `{code}` has no {word}");
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} commands were found");
}

#[test]
fn documents_point_to_files_there_are() {
    let decisions = std::fs::read_dir(root().join("docs/decisions")).unwrap();
    let decisions =
        decisions.map(|entry| format!("docs/decisions/{}", entry.unwrap().file_name().display()));
    let others = ["docs/architecture.md", "docs/adding-a-kind.md", "docs/spec.md"];
    let documents = DOCUMENTS.iter().chain(&others).map(|path| (*path).to_owned());
    let mut seen = 0;
    for path in documents.chain(decisions) {
        let text = read(&path);
        let folder = Path::new(&path).parent().unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.contains("://") && !link.starts_with('#') {
                let file = link.split('#').next().unwrap_or_default();
                assert!(root().join(folder).join(file).exists(), "{path}: {link}");
                seen += 1;
            }
        }
        for code in code(&text) {
            let rooted = ["crates/", "docs/", "specs/", "tests/"];
            if rooted.iter().any(|start| code.starts_with(start))
                && !code.contains([' ', '<', '*'])
                && !code.contains("waf_association")
            {
                assert!(root().join(&code).exists(), "{path}: `{code}`");
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} were found");
}
