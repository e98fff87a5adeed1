//! Codes for people: one in full, or all by their titles.

use wharf_spec::Code;

use super::{add, paint};
use crate::codes;
use crate::ui::style;

/// Width of the running text.
const WIDTH: usize = 96;

/// One code in full.
pub(crate) fn one(code: &Code) -> String {
    let mut out = String::new();
    let head = format!("{}: {}", code.code, code.title);
    add(
        &mut out,
        format_args!("{}  ({})\n\n", paint(style::STRONG, &head), codes::source(code.code)),
    );
    add(&mut out, format_args!("{}\n\n", wrap(code.explanation)));
    add(&mut out, format_args!("{}\n{}\n", paint(style::STRONG, "What to do"), wrap(code.fix)));
    if let Some(example) = code.example {
        out.push('\n');
        for line in example.lines() {
            add(&mut out, format_args!("    {line}\n"));
        }
    }
    out
}

/// All codes, a line each.
pub(crate) fn list(codes: &[Code]) -> String {
    let mut out = String::new();
    for code in codes {
        add(&mut out, format_args!("{}  {}\n", paint(style::STRONG, code.code), code.title));
    }
    out
}

/// Breaks a text between words.
fn wrap(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out
}
