//! No bytes make the reading or the explaining of a spec panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_spec::{Options, environments, parse};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    for env in environments(&text).into_iter().take(2).map(Some).chain([None]) {
        let options = Options { env, tool_version: "0.1.0".to_owned(), ..Options::default() };
        match parse(&text, "wharf.yaml", &options) {
            Ok(parsed) => {
                for warning in &parsed.warnings {
                    warning.render("wharf.yaml", &text, false);
                }
            }
            Err(problems) => {
                for span in problems.list.iter().filter_map(|problem| problem.span) {
                    assert!(text.get(span.start..span.end).is_some(), "{span:?} is no piece of the text");
                }
                problems.render(&text, true);
            }
        }
    }
});
