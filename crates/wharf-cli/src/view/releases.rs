//! Releases of services.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;
use wharf_aws::operate::releases::Release;

use super::paint;
use crate::ui::style;

/// Name and version of the document.
const FORMAT: &str = "wharf.releases/1";

/// Writes a block for each service, newest release first.
pub(crate) fn text(found: &BTreeMap<String, Vec<Release>>) -> String {
    let mut out = String::new();
    for (service, releases) in found {
        let title = paint(style::STRONG, &format!("service {service}"));
        add(&mut out, &title);
        for one in releases {
            let at =
                one.registered.as_deref().map_or_else(|| "-".to_owned(), super::status::moment);
            let state = match (one.primary, one.running) {
                (true, running) => format!("  in use, {running} running"),
                (false, 0) => String::new(),
                (false, running) => format!("  {running} running"),
            };
            let image = one.digest.as_deref().map_or(one.image.as_str(), short);
            let result = one.result.map(|result| format!("  {result}")).unwrap_or_default();
            let commit = one.commit.as_deref().map(|it| format!("  commit {it}"));
            let by = one.by.as_deref().map(|it| format!("  by {it}"));
            let from = [commit, by].map(Option::unwrap_or_default).concat();
            add(&mut out, &format!("  {:>5}  {at}  {image}{result}{state}{from}", one.revision));
        }
    }
    out
}

/// Writes the document.
pub(crate) fn json(stack: &str, found: &BTreeMap<String, Vec<Release>>) -> String {
    let services: Vec<_> = found
        .iter()
        .map(|(service, releases)| json!({"name": service, "releases": releases}))
        .collect();
    format!("{:#}\n", json!({"format": FORMAT, "stack": stack, "services": services}))
}

/// Shortens a digest to what people compare by eye.
fn short(digest: &str) -> &str {
    digest.get(..19).unwrap_or(digest)
}

fn add(out: &mut String, line: &str) {
    // Writing to a string cannot fail.
    writeln!(out, "{line}").expect("a string takes any text");
}
