//! The canonical form: nothing is lost, nothing changes twice.

use proptest::prelude::*;
use serde_saphyr::granit_parser as yaml;
use wharf_spec::{LayoutError, Options, format, parse};

use crate::specs;

/// Everything a person would call the meaning: the stack, or what is wrong with the file.
fn meaning(text: &str, env: Option<&str>) -> Result<String, Vec<(&'static str, String)>> {
    let options = Options { env: env.map(ToOwned::to_owned), ..Options::default() };
    match parse(text, "wharf.yaml", &options) {
        Ok(parsed) => Ok(format!("{:#?}", parsed.stack)),
        Err(problems) => {
            let mut list: Vec<_> = problems
                .list
                .iter()
                .map(|problem| (problem.code, problem.message.clone()))
                .collect();
            list.sort();
            Err(list)
        }
    }
}

/// The comments as the YAML parser sees them, sorted.
fn comments(text: &str) -> Vec<String> {
    let mut options = yaml::options! { emit_comments: true };
    options.max_buffered_comment_events = usize::MAX;
    let mut found: Vec<String> = yaml::Parser::new_from_str_with_options(text, options)
        .filter_map(|event| match event {
            Ok((yaml::Event::Comment(text, _), _)) => Some(text.trim_end().to_owned()),
            _ => None,
        })
        .collect();
    found.sort();
    found
}

/// Checks the promises for one text; says whether it was laid out.
fn check(text: &str) -> bool {
    let Ok(out) = format(text, "wharf.yaml") else { return false };
    assert_eq!(format(&out, "wharf.yaml").as_deref(), Ok(out.as_str()), "not idempotent\n{text}");
    for env in [None, Some("prod")] {
        assert_eq!(meaning(&out, env), meaning(text, env), "{text}\n--- became\n{out}");
    }
    assert!(comments(&out) == comments(text), "{text}\n--- became\n{out}");
    assert!(
        !out.contains("\n\n\n") && !out.lines().any(|line| line.ends_with(' '))
            || out.contains('|')
    );
    true
}

#[test]
fn samples_are_laid_out_already() {
    for (name, text) in specs::SAMPLES {
        assert!(check(text), "{name}");
        let out = format(text, name).unwrap();
        assert!(out == **text, "{name} would become\n{out}");
    }
}

#[test]
fn broken_and_good_files_keep_what_they_mean() {
    let (mut done, mut refused) = (0, 0);
    for folder in ["broken", "good"] {
        let folder = format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let text = std::fs::read_to_string(&path).unwrap();
                if check(&text) {
                    done += 1;
                } else {
                    refused += 1;
                    let error = format(&text, "x").unwrap_err();
                    let unreadable = matches!(error, LayoutError::Unreadable(_));
                    assert!(unreadable, "{}: {error}", path.display());
                }
            }
        }
    }
    assert!(done > 90 && refused > 5, "{done} laid out, {refused} refused");
}

const WILD: &str = r#"# about the file
# second line

# about services
services:
    # before web
    web:   # beside web
        health:    '/x'   # path
        image:  {tag: 'v1'}
        environment:
            A:   "it's"
            "B": 'say "hi"'
        command: [
            "a",  # first
            # alone
            "b"
        ]   # closing
        # end of web


    # before worker
    worker:
    - x
    # after x
region: eu-west-1
app: notes   # the app
# at the end
"#;

const TAME: &str = r#"# about the file
# second line

app: notes   # the app
region: eu-west-1

# about services
services:
  # before web
  web:   # beside web
    image: { tag: "v1" }
    command:
      - "a"  # first
      # alone
      - "b"
      # closing
    health: "/x"      # path
    env:
      A: "it's"
      B: 'say "hi"'
    # end of web

  # before worker
  worker:
    - x
  # after x
# at the end
"#;

#[test]
fn everything_finds_its_place() {
    let out = format(WILD, "wharf.yaml").unwrap();
    assert!(out == TAME, "{out}");
}

#[test]
fn texts_over_several_lines_stay_what_they_are() {
    let text = "a: |\n    one\n      two\n\n    three\nb: >-\n  x\n  y\nc: |2\n    z\nd: |+\n  end\n\ne: \"x\n  y\"\nf: x\n  y\n";
    let out = format(text, "wharf.yaml").unwrap();
    assert!(out.contains("a: |\n  one\n    two\n\n  three\n"), "{out}");
    assert!(out.contains("c: |2\n    z\n"), "{out}");
    assert!(out.contains("e: \"x y\"\nf: x y\n"), "{out}");
}

#[test]
fn windows_line_ends_and_byte_order_marks_go() {
    let out = format("\u{feff}a: 1\r\nb:\r\n  - 'x' # y\r\n", "wharf.yaml").unwrap();
    assert_eq!(out, "a: 1\nb:\n  - \"x\" # y\n".replace(" # y", "  # y"));
}

#[test]
fn what_cannot_be_kept_is_refused() {
    assert!(matches!(format("a: !t b\n", "x"), Err(LayoutError::Unreadable(_))));
    assert!(matches!(format("a: 1\na: 2\n", "x"), Err(LayoutError::Unreadable(_))));
    assert!(matches!(format("%YAML 1.2\n---\na: 1\n", "x"), Err(LayoutError::Unsafe(_))));
}

#[test]
fn anchors_keep_the_order() {
    let text = "region: &r eu-west-1\napp: *r\n";
    assert_eq!(format(text, "wharf.yaml").as_deref(), Ok(text));
}

/// Pieces of lines, so that random texts are often YAML.
const LINES: &[&str] = &[
    "version: 1",
    "app: notes  # c",
    "# own",
    "",
    "services:",
    "  web:",
    "    image: nginx",
    "    env: { A: \"1\", B: 'x' }",
    "    command: [a,",
    "      b] # z",
    "      # deep",
    "  # mid",
    "    port: 80",
    "    health: {path: /x, # in",
    "      interval: 9s}",
    "environments:",
    "  prod:",
    "    services: { web: { port: 81 } }",
    "- a",
    "  - b: 1",
    "    c: 2 # t",
    "x: |",
    "  text # no",
    "  more",
    "y: 'q",
    "  z'",
    "k: &a {b: 1}",
    "l: *a",
    "m:",
    "  n: # head",
    "    o: 1",
    "? p",
    ": q",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_lines(picks in proptest::collection::vec(0..LINES.len(), 0..25)) {
        let text: String = picks.into_iter().flat_map(|pick| [LINES[pick], "\n"]).collect();
        check(&text);
    }

    #[test]
    fn samples_with_lines_put_in(
        sample in 0..specs::SAMPLES.len(),
        at in any::<prop::sample::Index>(),
        pick in 0..LINES.len(),
    ) {
        let mut lines: Vec<&str> = specs::SAMPLES[sample].1.lines().collect();
        lines.insert(at.index(lines.len() + 1), LINES[pick]);
        check(&(lines.join("\n") + "\n"));
    }

    #[test]
    fn any_text(text in "(?s)[ a-c:{}\\[\\],#'\"\n&*|>?-]{0,80}") {
        check(&text);
    }
}
