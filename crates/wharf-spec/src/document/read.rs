//! Text to tree, with limits that hold before memory is spent.

use std::collections::BTreeMap;

use serde_saphyr::granit_parser::{self as yaml, Event, Parser, ScalarStyle};

use super::{Entry, Key, Node, Scalar, Value};
use crate::problem::{Problem, Span};

/// Largest file, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting of lists and maps.
const MAX_DEPTH: usize = 64;
/// Most values, counting those that aliases repeat.
const MAX_NODES: usize = 20_000;

/// Reads the one document of a text; problems that leave a usable tree are pushed beside it.
///
/// Returns nothing when the text is no YAML at all or breaks a limit.
pub(crate) fn read(text: &str, problems: &mut Vec<Problem>) -> Option<Node> {
    if text.len() > MAX_BYTES {
        problems.push(
            Problem::error("E002", None, "the file is larger than 1 MiB")
                .note(format!("it has {} bytes; a spec is a few hundred lines", text.len()))
                .help("is this the right file?"),
        );
        return None;
    }
    if let Some((at, character)) = text.char_indices().find(|(_, c)| forbidden(*c)) {
        problems.push(
            Problem::error(
                "E001",
                span_at(text, at, at + character.len_utf8()),
                "the file is not text",
            )
            .label(format!("control character U+{:04X}", u32::from(character)))
            .help("is this the right file? save it as plain UTF-8 text"),
        );
        return None;
    }
    let options = yaml::options! { emit_comments: false };
    let mut reader = Reader {
        text,
        events: Parser::new_from_str_with_options(text, options),
        problems,
        anchors: BTreeMap::new(),
        nodes: 0,
    };
    reader.document()
}

fn forbidden(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\r' | '\t' | '\u{85}')
}

/// Finds line and column of a byte range.
fn span_at(text: &str, start: usize, end: usize) -> Span {
    let before = text.get(..start).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Span { start, end, line, column }
}

struct Reader<'t, 'p> {
    text: &'t str,
    events: Parser<'t, yaml::StrInput<'t>>,
    problems: &'p mut Vec<Problem>,
    /// Finished anchored nodes by the parser's number, with their size.
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
}

impl<'t> Reader<'t, '_> {
    fn document(&mut self) -> Option<Node> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::DocumentStart(..) if root.is_some() => {
                    self.problems.push(
                        Problem::error("E004", span, "the file holds more than one YAML document")
                            .label("a second document starts here")
                            .help("remove the `---`; keep one spec per file"),
                    );
                    return root;
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                event => root = Some(self.node(event, span, 0)?),
            }
        }
        if root.is_none() {
            self.problems.push(
                Problem::error("E001", None, "the file is empty")
                    .help("the smallest spec has `version: 1`, `app`, `region` and one service"),
            );
        }
        root
    }

    /// Takes the next event; a syntax error ends the reading, since nothing behind it can be trusted.
    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        match self.events.next_event()? {
            Ok((event, span)) => Some((event, self.span(&span))),
            Err(error) => {
                let problem = self.syntax(&error);
                self.problems.push(problem);
                None
            }
        }
    }

    fn span(&self, span: &yaml::Span) -> Span {
        let range = span.byte_range().unwrap_or_default();
        let start = range.start.min(self.text.len());
        let mut end = range.end.clamp(start, self.text.len());
        // A collection is pointed at by its first line: a caret under twenty lines helps nobody.
        if let Some(cut) = self.text.get(start..end).and_then(|text| text.find('\n')) {
            end = start + cut;
        }
        let trimmed = self.text.get(start..end).unwrap_or_default().trim_end().len();
        Span { start, end: start + trimmed, line: span.start.line(), column: span.start.col() + 1 }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return self.too_many(span);
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                let plain = style == ScalarStyle::Plain;
                let scalar = Scalar { text: text.into_owned(), plain };
                let node = Node { value: Value::Scalar(scalar), span };
                self.keep(anchor, &node, 1);
                Some(node)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                let before = self.nodes;
                let items = self.list(span, depth)?;
                let node = Node { value: Value::List(items), span };
                self.keep(anchor, &node, self.nodes - before + 1);
                Some(node)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                let before = self.nodes;
                let entries = self.map(span, depth)?;
                let node = Node { value: Value::Map(entries), span };
                self.keep(anchor, &node, self.nodes - before + 1);
                Some(node)
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            // The parser never puts these where a value stands.
            _ => {
                self.problems.push(Problem::error("E001", span, "this is not a value"));
                None
            }
        }
    }

    fn list(&mut self, span: Span, depth: usize) -> Option<Vec<Node>> {
        self.check_depth(span, depth)?;
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Some(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, span: Span, depth: usize) -> Option<Vec<Entry>> {
        self.check_depth(span, depth)?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Some(entries),
                (event, span) => self.node(event, span, depth + 1)?,
            };
            let (event, span) = self.next()?;
            let mut value = self.node(event, span, depth + 1)?;
            let Some(text) = key.scalar().map(|scalar| scalar.text.clone()) else {
                self.problems.push(
                    Problem::error("E004", key.span, format!("a key cannot be {}", key.describe()))
                        .label("expected a name")
                        .help("a value that contains `{`, `[` or `*` at its start needs quotes"),
                );
                continue;
            };
            if text == "<<" && key.scalar().is_some_and(|scalar| scalar.plain) {
                self.problems.push(
                    Problem::error("E004", key.span, "merge keys (`<<`) are not accepted")
                        .note("a reader of the spec should not have to put maps together")
                        .help("write settings that all services share under `defaults:`"),
                );
                continue;
            }
            if let Some(first) = seen.get(&text) {
                self.problems.push(
                    Problem::error("E003", key.span, format!("the key `{text}` appears twice"))
                        .label("second time")
                        .also(*first, "first time")
                        .help("keep one of them"),
                );
                continue;
            }
            seen.insert(text.clone(), key.span);
            if value.is_null() && value.span.start == value.span.end {
                // An empty value has no text of its own; its key is where a person would look.
                value.span = key.span;
            }
            entries.push(Entry { key: Key { text, span: key.span }, value });
        }
    }

    fn check_depth(&mut self, span: Span, depth: usize) -> Option<()> {
        if depth < MAX_DEPTH {
            return Some(());
        }
        self.problems.push(too_deep(span));
        None
    }

    fn keep(&mut self, anchor: usize, node: &Node, size: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Option<Node> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            self.problems.push(
                Problem::error("E004", span, "this alias refers to a value it is part of")
                    .label("refers to itself"),
            );
            return None;
        };
        self.nodes = self.nodes.saturating_add(*size);
        if self.nodes > MAX_NODES {
            return self.too_many(span);
        }
        Some(node.clone())
    }

    fn too_many(&mut self, span: Span) -> Option<Node> {
        self.problems.push(
            Problem::error("E002", span, format!("the file holds more than {MAX_NODES} values"))
                .label("this is one too many")
                .note("values repeated by aliases (`*name`) are counted each time"),
        );
        None
    }

    fn refuse_tag(&mut self, tagged: bool, span: Span) {
        if tagged {
            self.problems.push(
                Problem::error("E004", span, "YAML tags (`!name`) are not accepted")
                    .label("has a tag in front")
                    .help("remove the tag; a text that should stay a text is put in quotes"),
            );
        }
    }

    fn syntax(&self, error: &yaml::ScanError) -> Problem {
        use yaml::ErrorKind as K;
        let mark = error.marker();
        let mut start = mark.byte_offset().unwrap_or(0).min(self.text.len());
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        let rest = &self.text[start..];
        let width = rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        let span = span_at(self.text, start, start + width);
        let problem = |what: &str| Problem::error("E001", span, what.to_owned());
        match error.kind() {
            K::RecursionLimitExceeded => too_deep(span),
            K::TabNotAllowed
            | K::TabInBlockIndentation
            | K::TabInIndentation
            | K::TabAtBlockScalarStart
            | K::TabInPlainScalar => problem("a tab is used where YAML wants spaces")
                .label("tab")
                .help("indent with two spaces; most editors can convert tabs to spaces"),
            K::UnknownAnchor => problem("this alias has no anchor")
                .label("nothing is named so with `&` above")
                .help("a value that starts with `*` needs quotes"),
            K::UnclosedFlowCollection { open } => problem("a bracket is never closed")
                .label(format!("`{open}` opened here or before has no end")),
            _ if self.text[..start].ends_with('$') && rest.starts_with('{') => {
                problem("within braces, a value with `${…}` needs quotes")
                    .label("YAML takes this for a map")
                    .help("write it so: { tag: \"${env}\" }")
            }
            K::MissingAnchorOrAliasName => problem("a value cannot start with `*` or `&`")
                .label("here or just before")
                .help("put quotes around the value, for example [\"*\"]"),
            K::UnexpectedEofFlowSequence
            | K::UnexpectedEofFlowMapping
            | K::ExpectedFlowMappingSeparator
            | K::ExpectedFlowSequenceSeparator => {
                problem("a `{…}` or `[…]` is not closed or lacks a comma")
                    .label("expected `,` or the closing bracket here or before")
            }
            K::UnclosedQuotedScalar | K::DocumentIndicatorInQuotedScalar => {
                problem("a quoted text is never closed").label("starts here")
            }
            K::UnknownQuotedScalarEscape => problem("unknown escape in a double-quoted text")
                .label("here")
                .help("write `\\\\` for a backslash, or use single quotes, which know no escapes"),
            K::MappingValueNotAllowed | K::SimpleKeyExpected | K::InvalidColonPlacement => {
                problem("this `:` or line cannot stand here")
                    .label("YAML is lost here")
                    .help("check the indentation of this line and the one above, and put quotes around a value that contains `: `")
            }
            K::UnexpectedCharacter { character } => {
                problem(&format!("a value cannot start with `{}`", character.escape_debug()))
                    .label("unexpected character")
                    .help("put quotes around the value")
            }
            K::ExpectedBlockMappingKey
            | K::ExpectedBlockSequenceEntry
            | K::InvalidIndentation
            | K::MappingKeyNotAllowed
            | K::InvalidSimpleKey
            | K::BlockSequenceEntryNotAllowed => problem("the indentation does not fit")
                .label("this line belongs to nothing above it")
                .help("keys of one map start in the same column; what belongs to a key is indented by two spaces"),
            other => problem(&format!("this is not valid YAML: {other}")).label("here or just before"),
        }
    }
}

fn too_deep(span: Span) -> Problem {
    Problem::error("E002", span, format!("values are nested deeper than {MAX_DEPTH} levels"))
        .label("one level too many")
        .help("a spec needs about six levels; is this the right file?")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        let mut problems = Vec::new();
        read(text, &mut problems);
        problems.iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn spans_point_at_the_exact_value() {
        let text = "a: 1\nb:\n  ü: \"x y\" # note\n";
        let root = read(text, &mut Vec::new()).unwrap();
        let value = root.get("b").unwrap().get("ü").unwrap();
        assert_eq!(&text[value.span.start..value.span.end], "\"x y\"");
        assert_eq!((value.span.line, value.span.column), (3, 6));
    }

    #[test]
    fn limits_hold() {
        assert_eq!(codes(&"a".repeat(MAX_BYTES + 1)), ["E002"]);
        assert_eq!(codes(&"[".repeat(500_000)), ["E002"]);
        assert_eq!(codes(&"- ".repeat(400_000)), ["E002"]);
        assert_eq!(codes(&"- a\n".repeat(200_000)), ["E002"]);
        let mut bomb = String::from("l0: &l0 [a, a, a, a, a, a, a, a, a, a]\n");
        for level in 1..30 {
            let previous = format!("*l{}, ", level - 1).repeat(10);
            writeln!(bomb, "l{level}: &l{level} [{previous}]").unwrap();
        }
        assert_eq!(codes(&bomb), ["E002"]);
        assert_eq!(codes("a: &a [*a]\n"), ["E004"]);
    }

    #[test]
    fn aliases_repeat_values() {
        let root = read("a: &x {k: 1}\nb: *x\n", &mut Vec::new()).unwrap();
        assert_eq!(root.get("a").unwrap().value, root.get("b").unwrap().value);
    }
}
