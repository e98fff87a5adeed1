//! The spec from outside: text in, meaning or problems out.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files should stop")]

mod generated;
mod golden;
mod layout;
mod limits;
mod properties;
mod render;
mod specs;

use wharf_spec::Options;

/// Reads the options a case asks for from its first line: `# env: prod; image: web=:v2`.
fn options(text: &str) -> Options {
    let mut options = Options { tool_version: "0.1.0".to_owned(), ..Options::default() };
    let first = text.lines().next().unwrap_or_default();
    for part in first.trim_start_matches('#').split(';') {
        match part.split_once(':').map(|(key, value)| (key.trim(), value.trim())) {
            Some(("env", value)) => options.env = Some(value.to_owned()),
            Some(("from", value)) => options.from = Some(value.to_owned()),
            Some(("image", value)) => {
                let (service, reference) = value.split_once('=').unwrap();
                options.images.insert(service.to_owned(), reference.to_owned());
            }
            _ => {}
        }
    }
    options
}
