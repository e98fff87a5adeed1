//! `wharf schema`: the published schema takes what the parser takes, and refuses what it can.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::world::World;

/// Codes of mistakes that no schema can express: they need several values, arithmetic, the flags, or the
/// text itself.
const BEYOND: &[&str] = &[
    "E001", "E002", "E003", "E004", "E011", "E015", "E020", "E021", "E022", "E023", "E024", "E025",
    "E030", "E034", "E036", "E037", "E038", "E039", "E040", "E041", "E042", "E043", "E044", "E045",
    "E046", "E047", "E051", "E060", "E061", "E062", "E063", "E070", "E071", "E072", "E073", "E080",
    "E081", "E082", "E083", "E085", "E086",
];

/// Samples whose mistake has a code that a schema can express in other places, by the reason why it
/// cannot be expressed here.
const BESIDE: &[(&str, &[&str])] = &[
    (
        "under a service, what is missing may come from the defaults",
        &[
            "027-missing-image",
            "066-scale-min-only",
            "084-image-no-reference",
            "171-job-image-unsaid",
            "184-schedule-empty",
            "215-overlay-job-and-sidecar",
        ],
    ),
    (
        "the name of an environment made from another is not in the file",
        &["223-from-with-bad-name"],
    ),
    ("under a service, `null` may remove a default", &["028-empty-value", "040-null-env"]),
    ("one key needs another", &["075-health-no-port", "098-domain-no-port", "091-secret-twice"]),
    ("a word must not begin with another word", &["090-secret-under-env"]),
    (
        "a schema sees values as YAML read them",
        &["011-merge-key", "036-octal-port", "037-bool-yes"],
    ),
    ("names of the user's choice", &["041-bad-variable-name", "048-bad-service-names"]),
    ("a list or map must not be empty", &["030-services-empty", "161-alarms-empty"]),
    (
        "arithmetic with units",
        &["064-stop-timeout-range", "068-deploy-percent", "159-strategy-ranges"],
    ),
    (
        "two values that contradict each other",
        &[
            "067-deploy-stuck",
            "071-health-timeout",
            "072-health-default-timeout",
            "130-overlay-partial-map",
            "148-scale-min-over-max",
            "217-deploy-stuck-by-rounding",
        ],
    ),
    ("the first word of a list", &["076-container-health-no-cmd"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn schema() -> Value {
    World::new("").wharf(&["schema"]).expect(0).json()
}

fn yaml(path: &Path) -> Option<Value> {
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).ok()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}

#[test]
fn docs_schema_is_current() {
    let path = root().join("docs/wharf.schema.json");
    let wanted = World::new("").wharf(&["schema"]).expect(0).stdout;
    if std::env::var_os("WHARF_BLESS").is_some() {
        std::fs::write(&path, wanted).unwrap();
    } else {
        let present = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(present == wanted, "docs/wharf.schema.json is stale; `just bless` renews it");
    }
}

#[test]
fn the_schema_is_a_schema_and_every_key_is_described() {
    let schema = schema();
    assert!(jsonschema::draft7::meta::is_valid(&schema));
    let mut seen = 0;
    for definition in schema["definitions"].as_object().unwrap().values().chain([&schema]) {
        for (name, property) in definition["properties"].as_object().unwrap() {
            assert!(property["description"].as_str().is_some_and(|text| text.len() > 8), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 150, "{seen} keys");
}

#[test]
fn examples_and_defaults_fit_their_own_key() {
    let schema = schema();
    let definitions = schema["definitions"].clone();
    for definition in schema["definitions"].as_object().unwrap().values().chain([&schema]) {
        for (name, property) in definition["properties"].as_object().unwrap() {
            let mut alone = property.clone();
            alone["definitions"] = definitions.clone();
            let validator = jsonschema::draft7::new(&alone).unwrap();
            let examples = property["examples"].as_array().cloned().unwrap_or_default();
            for value in examples.iter().chain(property.get("default")) {
                assert!(validator.is_valid(value), "{name}: {value}");
            }
        }
    }
}

#[test]
fn what_is_good_is_accepted() {
    let validator = jsonschema::draft7::new(&schema()).unwrap();
    for path in files("specs").into_iter().chain(files("crates/wharf-spec/tests/good")) {
        let value = yaml(&path).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

#[test]
fn what_is_broken_in_its_structure_is_refused() {
    let validator = jsonschema::draft7::new(&schema()).unwrap();
    let (mut refused, mut wrong, mut stale) = (0, Vec::new(), Vec::new());
    for path in files("crates/wharf-spec/tests/broken") {
        let Some(value) = yaml(&path) else { continue };
        let golden = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        let codes: BTreeSet<&str> =
            golden.split("error[").skip(1).filter_map(|rest| rest.split(']').next()).collect();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let valid = validator.is_valid(&value);
        let known = BESIDE.iter().any(|(_, samples)| samples.contains(&name));
        let structural = codes.iter().any(|code| !BEYOND.contains(code));
        if structural && valid && !known {
            wrong.push(format!("{name}: {codes:?}"));
        }
        if known && !valid {
            stale.push(name.to_owned());
        }
        refused += usize::from(!valid);
    }
    assert!(
        wrong.is_empty(),
        "accepted by the schema; if it cannot express them, list the code or the sample above:\n{}",
        wrong.join("\n")
    );
    assert!(stale.is_empty(), "refused after all: {stale:?}");
    assert!(refused > 40, "only {refused} are refused");
}
