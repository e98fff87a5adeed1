//! The list of rules in the documentation is the list of rules there are.

use std::{fmt::Write as _, fs, path::Path};

use wharf_sandbox::rules;

/// What is above this line is written by hand.
const MARK: &str = "<!-- The rest is generated from the rules; `just bless` renews it. -->\n";

fn generated() -> String {
    let mut page = String::new();
    let mut service = "";
    for rule in rules::all() {
        if rule.service != service {
            service = rule.service;
            let head = "| Rule | What must hold | Code | Source |\n|---|---|---|---|";
            write!(page, "\n### {service}\n\n{head}\n").unwrap();
        }
        let (id, what, code, source) = (rule.id, rule.what, rule.code, rule.source);
        writeln!(page, "| `{id}` | {what} | `{code}` | {source} |").unwrap();
    }
    page
}

#[test]
fn the_documentation_lists_the_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sandbox.md");
    let present = fs::read_to_string(&path).unwrap();
    let (written, _) = present.split_once(MARK).expect("the page says where the list begins");
    let wanted = format!("{written}{MARK}{}", generated());
    if std::env::var_os("WHARF_BLESS").is_some() {
        fs::write(&path, wanted).unwrap();
    } else {
        assert!(present == wanted, "docs/sandbox.md is stale; `just bless` renews it");
    }
}
