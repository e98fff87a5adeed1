//! No refusal is made past the rules: the crate's own sources are searched.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where errors are made: the type itself, the rules, and the answers that are faults of the plan
/// or of the disk, or denied on purpose or by a policy, not refusals.
const ALLOWED: &[&str] =
    &["error.rs", "rules/mod.rs", "faults/answers.rs", "breaks/trouble.rs", "principal/mod.rs"];

/// What makes an error.
const MAKES: &[&str] = &["AwsError::new(", "AwsError::server(", "AwsError {"];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_refusal_is_made_by_a_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50);
    let (mut past, mut made) = (Vec::new(), 0);
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        made += code.matches(".refuse").count();
        if ALLOWED.contains(&name.as_str()) {
            continue;
        }
        for (at, line) in code.lines().enumerate() {
            // A function that returns an error names the type before its body.
            let line = line.replace("-> AwsError {", "");
            if MAKES.iter().any(|makes| line.contains(makes)) {
                past.push(format!("{name}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    assert!(past.is_empty(), "errors made past the rules:\n{}", past.join("\n"));
    assert!(made > 300, "{made}");
}
