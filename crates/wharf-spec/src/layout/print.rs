//! The tree as text.

use std::fmt::Write as _;

use super::tree::{Comment, Group, Item, Key, Kind, Node, Scalar, Source};

/// Least distance of a comment from what stands before it.
const GAP: usize = 2;

/// A comment at the end of a line, and the column it would like.
struct Beside {
    text: String,
    column: usize,
}

/// A line to be written.
struct Line {
    text: String,
    beside: Option<Beside>,
    /// Whether an empty line stands above.
    spaced: bool,
    /// Whether it is a comment and nothing else.
    comment: bool,
}

/// Writes a file: the comments that open it, its value, the comments that close it.
pub(super) fn print(
    root: &Node,
    header: &[Comment],
    apart: bool,
    rest: &[Comment],
    source: &Source<'_>,
) -> String {
    let printer = Printer { source };
    let mut lines = Vec::new();
    printer.comments(header, 0, &mut lines);
    let begin = lines.len();
    match &root.kind {
        Kind::Map(group) | Kind::List(group) if !group.flow => {
            printer.group(group, 0, true, &mut lines);
        }
        _ => lines.push(line(inline(root))),
    }
    if let Some(first) = lines.get_mut(begin) {
        first.spaced = apart;
    }
    printer.comments(rest, 0, &mut lines);
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        // A text behind `|+` may end with an empty line of its own.
        if line.spaced && at > 0 && !lines[at - 1].text.is_empty() {
            out.push('\n');
        }
        out.push_str(&line.text);
        if let Some(comment) = &line.beside {
            let width = line.text.chars().count();
            let column = comment.column.max(width + GAP);
            out.push_str(&" ".repeat(column - width));
            out.push_str(&comment.text);
        }
        out.push('\n');
    }
    out
}

fn line(text: String) -> Line {
    Line { text, beside: None, spaced: false, comment: false }
}

struct Printer<'s, 't> {
    source: &'s Source<'t>,
}

impl Printer<'_, '_> {
    fn comments(&self, comments: &[Comment], indent: usize, lines: &mut Vec<Line>) {
        for comment in comments {
            lines.push(Line {
                text: format!("{}{}", " ".repeat(indent), comment.text),
                beside: None,
                spaced: comment.alone && self.source.empty_above(comment.line),
                comment: true,
            });
        }
    }

    fn group(&self, group: &Group, indent: usize, root: bool, lines: &mut Vec<Line>) {
        let begin = lines.len();
        for item in &group.items {
            self.item(item, indent, lines);
        }
        if let Some(first) = lines.get_mut(begin)
            && !root
        {
            first.spaced = false;
        }
        self.comments(&group.tail, indent, lines);
    }

    fn item(&self, item: &Item, indent: usize, lines: &mut Vec<Line>) {
        let pad = " ".repeat(indent);
        self.comments(&item.before, indent, lines);
        let spaced = self.source.empty_above(item.line);
        let begin = lines.len();
        let anchor = item.value.anchor.as_ref().map(|name| format!(" &{name}")).unwrap_or_default();
        let group = match &item.value.kind {
            Kind::List(group) | Kind::Map(group) if !group.flow => Some(group),
            _ => None,
        };
        match (&item.key, group) {
            (Some(key), Some(group)) => {
                lines.push(line(format!("{pad}{}:{anchor}", self::key(key))));
                self.group(group, indent + 2, false, lines);
            }
            (Some(key), None) => {
                let value = scalar_lines(&item.value, indent + 2);
                lines.extend(split(&format!("{pad}{}:{}", self::key(key), spaced_value(&value))));
            }
            (None, None) => {
                let value = scalar_lines(&item.value, indent + 2);
                lines.extend(split(&format!("{pad}-{}", spaced_value(&value))));
            }
            (None, Some(group)) if !anchor.is_empty() => {
                lines.push(line(format!("{pad}-{anchor}")));
                self.group(group, indent + 2, false, lines);
            }
            (None, Some(group)) => {
                let mut inner = Vec::new();
                self.group(group, indent + 2, false, &mut inner);
                // Comments cannot stand between the dash and what it begins.
                let comments = inner.iter().take_while(|line| line.comment).count();
                for mut line in inner.drain(..comments) {
                    line.text.drain(..2);
                    lines.push(line);
                }
                if let Some(first) = inner.first_mut() {
                    first.text.replace_range(indent..=indent, "-");
                    first.spaced = false;
                }
                lines.append(&mut inner);
            }
        }
        if let Some(first) = lines.get_mut(begin) {
            first.spaced = spaced;
            if first.beside.is_none() {
                first.beside = item.beside.as_ref().map(|comment| Beside {
                    text: comment.text.clone(),
                    // Moved as far as the line itself is.
                    column: (comment.column + indent).saturating_sub(item.column),
                });
            }
        }
    }
}

fn split(text: &str) -> impl Iterator<Item = Line> {
    text.split('\n').map(|part| line(part.to_owned()))
}

fn spaced_value(value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" {value}") }
}

/// Writes a value that begins on the line of its key; only block scalars go on below.
fn scalar_lines(node: &Node, indent: usize) -> String {
    let Kind::Scalar(Scalar::Block { head, indented, lines }) = &node.kind else {
        return inline(node);
    };
    let anchor = node.anchor.as_ref().map(|name| format!("&{name} ")).unwrap_or_default();
    let (sign, chomp) = head.split_at(1);
    let digit = if *indented { "2" } else { "" };
    let mut out = format!("{anchor}{sign}{digit}{chomp}");
    for line in lines {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
    }
    out
}

/// Writes a value on one line.
fn inline(node: &Node) -> String {
    let anchor = node.anchor.as_ref().map(|name| format!("&{name} ")).unwrap_or_default();
    let value = match &node.kind {
        Kind::Alias(name) => format!("*{name}"),
        Kind::Scalar(Scalar::Plain(text)) => text.clone(),
        Kind::Scalar(Scalar::Quoted(text)) => quoted(text),
        // Not possible within brackets; the comparison afterwards would notice.
        Kind::Scalar(Scalar::Block { lines, .. }) => quoted(&lines.join("\n")),
        Kind::List(group) => {
            let items: Vec<String> = group.items.iter().map(|item| inline(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Map(group) if group.items.is_empty() => "{}".to_owned(),
        Kind::Map(group) => {
            let pair = |item: &Item| {
                let name = item.key.as_ref().map(key).unwrap_or_default();
                format!("{name}:{}", spaced_value(&inline(&item.value)))
            };
            let items: Vec<String> = group.items.iter().map(pair).collect();
            format!("{{ {} }}", items.join(", "))
        }
    };
    format!("{anchor}{value}").trim_end().to_owned()
}

fn key(key: &Key) -> String {
    let simple = key.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    let word = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if !key.quoted || (simple && !word.contains(&key.text.to_lowercase().as_str())) {
        key.text.clone()
    } else {
        quoted(&key.text)
    }
}

/// Puts a text in quotes: double ones, unless that would need escapes and single ones would not.
pub(crate) fn quoted(text: &str) -> String {
    let plain =
        |c: char| !c.is_control() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    let printable = text.chars().all(plain);
    if printable && text.contains(['"', '\\']) && !text.contains('\'') {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if plain(c) => out.push(c),
            c => {
                // Writing to a string cannot fail.
                write!(out, "\\u{:04X}", u32::from(c)).expect("a string takes any text");
            }
        }
    }
    out.push('"');
    out
}
