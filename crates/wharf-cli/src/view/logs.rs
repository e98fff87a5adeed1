//! Lines of tasks.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::json;
use wharf_aws::operate::logs::Line;

use super::paint;
use crate::ui::style;

/// Name and version of each line as JSON.
const FORMAT: &str = "wharf.logs/1";
/// Colours that tell tasks apart at a glance; the task id says the same.
const COLORS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Green,
    AnsiColor::Yellow,
    AnsiColor::Blue,
    AnsiColor::Magenta,
    AnsiColor::BrightCyan,
];

/// Writes lines for people: when, which task, what.
pub(crate) fn text(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        let time = paint(style::DIM, &moment(line.at, "%Y-%m-%d %H:%M:%S%.3f"));
        let task = line.task.get(..8).unwrap_or(&line.task);
        let container = if line.container == line.service || line.container.is_empty() {
            String::new()
        } else {
            format!("/{}", line.container)
        };
        let who = paint(color(&line.task), &format!("{}{container}/{task}", line.service));
        // Writing to a string cannot fail.
        writeln!(out, "{time}  {who}  {}", tame(&line.message)).expect("a string takes any text");
    }
    out
}

/// Writes lines for programs, an object each.
pub(crate) fn json(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        let object = json!({
            "format": FORMAT,
            "service": line.service,
            "container": line.container,
            "task": line.task,
            "time": moment(line.at, "%Y-%m-%dT%H:%M:%S%.3fZ"),
            "message": line.message,
        });
        writeln!(out, "{object}").expect("a string takes any text");
    }
    out
}

fn moment(at: i64, form: &str) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map_or_else(|_| at.to_string(), |time| time.strftime(form).to_string())
}

/// The same colour for a task in every run.
fn color(task: &str) -> Style {
    let sum =
        task.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    COLORS.get(sum % COLORS.len()).map_or(Style::new(), |color| color.on_default())
}

/// Takes out what would move the cursor or set the title of somebody's terminal.
fn tame(message: &str) -> String {
    let text = anstream::adapter::strip_str(message).to_string();
    text.chars().filter(|ch| *ch == '\t' || !ch.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_who_and_what() {
        let line = Line {
            at: 1_700_000_000_123,
            service: "web".to_owned(),
            container: "proxy".to_owned(),
            task: "0123456789ab".to_owned(),
            message: "\u{1b}[31mred\u{1b}[0m\u{7} x".to_owned(),
            id: "1".to_owned(),
        };
        let shown = anstream::adapter::strip_str(&text(std::slice::from_ref(&line))).to_string();
        assert_eq!(shown, "2023-11-14 22:13:20.123  web/proxy/01234567  red x\n");
        assert!(json(&[line]).contains("\"time\":\"2023-11-14T22:13:20.123Z\""));
        assert_eq!(color("a"), color("a"));
    }
}
