//! Each file beside its golden text. `WHARF_BLESS=1` writes the golden texts anew; read the diff.

use std::fs;
use std::path::{Path, PathBuf};

use wharf_spec::{Problems, parse};

use crate::options;

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    paths.sort();
    paths
}

/// Compares with the golden text, or writes it; returns what differs.
fn compare(path: &Path, got: &str) -> Option<String> {
    let golden = path.with_extension("txt");
    if std::env::var_os("WHARF_BLESS").is_some() {
        fs::write(&golden, got).unwrap();
        return None;
    }
    let want = fs::read_to_string(&golden).unwrap_or_default();
    (want != got).then(|| format!("{}\n--- want\n{want}\n--- got\n{got}", golden.display()))
}

fn check(folder: &str, least: usize, show: impl Fn(&str, &str) -> Result<String, String>) {
    let cases = cases(folder);
    assert!(cases.len() >= least, "{} cases in {folder}", cases.len());
    let mut wrong = Vec::new();
    for path in &cases {
        let text = fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        match show(&text, name) {
            Ok(got) => wrong.extend(compare(path, &got)),
            Err(why) => wrong.push(format!("{name}: {why}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn broken_specs_are_explained() {
    check("broken", 70, |text, name| match parse(text, name, &options(text)) {
        Ok(_) => Err("is accepted".to_owned()),
        Err(problems) => Ok(problems.render(text, false)),
    });
}

#[test]
fn good_specs_mean_what_they_meant() {
    check("good", 5, |text, name| match parse(text, name, &options(text)) {
        Ok(parsed) => {
            let mut out = format!("{:#?}\n", parsed.stack);
            for warning in &parsed.warnings {
                out.push_str(&warning.render(name, text, false));
                out.push('\n');
            }
            Ok(out)
        }
        Err(problems) => Err(problems.render(text, false)),
    });
}

#[test]
fn all_problems_of_a_file_come_at_once() {
    let text = "version: 1\napp: Notes\nregion: nowhere\nservices:\n  web:\n    image: nginx:1\n    port: 99999\n    helth: /\n";
    let problems = parse(text, "wharf.yaml", &options(text)).unwrap_err();
    let found: Vec<(&str, usize)> =
        problems.list.iter().map(|p| (p.code, p.span.unwrap().line)).collect();
    assert_eq!(found, [("E012", 2), ("E013", 3), ("E033", 7), ("E005", 8)]);
}

#[test]
fn a_credential_is_never_shown() {
    let text = "version: 1\napp: notes\nregion: eu-west-1\nservices:\n  web:\n    image: nginx:1\n    env: { DB_PASSWORD: hunter2, PORT: 080 }\n";
    let problems: Problems = parse(text, "wharf.yaml", &options(text)).unwrap_err();
    let shown = problems.render(text, true);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("DB_PASSWORD"), "{shown}");
}

#[test]
fn colour_adds_nothing_but_escapes() {
    let text = "version: 2\n";
    let problems = parse(text, "wharf.yaml", &options(text)).unwrap_err();
    assert!(problems.render(text, true).contains('\u{1b}'));
    assert!(!problems.render(text, false).contains('\u{1b}'));
}
