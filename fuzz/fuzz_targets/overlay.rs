//! No base and environment make the merging of the two panic, and an empty environment changes nothing.
//!
//! The input is the text of a file without environments, a zero byte, and the lines of one environment.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_spec::{Options, Stack, parse};

fn read(text: &str, env: Option<&str>) -> Option<Stack> {
    let options = Options { env: env.map(str::to_owned), ..Options::default() };
    match parse(text, "wharf.yaml", &options) {
        Ok(parsed) => Some(Stack { env: None, ..parsed.stack }),
        Err(problems) => {
            for span in problems.list.iter().filter_map(|problem| problem.span) {
                assert!(text.get(span.start..span.end).is_some(), "{span:?} is no piece of the text");
            }
            problems.render(text, true);
            None
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (base, over) = text.split_once('\0').unwrap_or((&text, ""));
    let indented: String = over.lines().map(|line| format!("    {line}\n")).collect();
    read(&format!("{base}\nenvironments:\n  prod:\n{indented}"), Some("prod"));
    let alone = read(base, None);
    let empty = read(&format!("{base}\nenvironments: {{ prod: {{}} }}\n"), Some("prod"));
    if let (Some(alone), Some(empty)) = (alone, empty) {
        assert_eq!(alone, empty, "an empty environment changes something");
    }
});
