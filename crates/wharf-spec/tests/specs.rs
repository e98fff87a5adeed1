//! The samples of the project, and the reference of the format.

use wharf_spec::{Options, environments, known_keys, parse};

/// Name and text of every sample.
pub(crate) const SAMPLES: &[(&str, &str)] = &[
    ("minimal", include_str!("../../../specs/minimal.yaml")),
    ("https", include_str!("../../../specs/https.yaml")),
    ("production", include_str!("../../../specs/production.yaml")),
    ("scaling", include_str!("../../../specs/scaling.yaml")),
    ("shop", include_str!("../../../specs/shop.yaml")),
];

#[test]
fn samples_are_good_in_every_environment() {
    for (name, text) in SAMPLES {
        let declared = environments(text);
        let environments: Vec<Option<String>> =
            if declared.is_empty() { vec![None] } else { declared.into_iter().map(Some).collect() };
        for env in environments {
            let tool_version = env!("CARGO_PKG_VERSION").to_owned();
            let options = Options { env, tool_version, ..Options::default() };
            match parse(text, &format!("{name}.yaml"), &options) {
                Ok(parsed) => assert_eq!(parsed.warnings, [], "{name}"),
                Err(problems) => panic!("{}", problems.render(text, false)),
            }
        }
    }
}

#[test]
fn every_file_in_specs_is_a_sample() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".yaml").map(ToOwned::to_owned))
        .collect();
    names.sort();
    let mut samples: Vec<&str> = SAMPLES.iter().map(|(name, _)| *name).collect();
    samples.sort_unstable();
    assert_eq!(names, samples);
}

#[test]
fn the_reference_names_every_key() {
    let reference = include_str!("../../../docs/spec.md");
    let missing: Vec<_> =
        known_keys().filter(|(_, key)| !reference.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_reference_lists_every_code_in_the_golden_messages() {
    let reference = include_str!("../../../docs/spec.md");
    for folder in ["broken", "good"] {
        let folder = format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "txt") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split('[').skip(1) {
                let Some((code, _)) = part.split_once("]: ") else { continue };
                let is_code = code.len() == 4
                    && code.starts_with(['E', 'W'])
                    && code[1..].bytes().all(|b| b.is_ascii_digit());
                assert!(!is_code || reference.contains(code), "{code} in {}", path.display());
            }
        }
    }
}
