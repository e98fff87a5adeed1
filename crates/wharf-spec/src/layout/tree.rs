//! The text as a tree that forgets nothing a person wrote but spacing.

use serde_saphyr::granit_parser::{self as yaml, Event, Parser, ScalarStyle, StructureStyle};

/// A comment, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// Everything from the `#` on, without spaces at the end.
    pub(super) text: String,
    /// Byte offset.
    pub(super) at: usize,
    /// Line, counted from 0.
    pub(super) line: usize,
    /// Column in characters, counted from 0.
    pub(super) column: usize,
    /// Whether nothing but spaces stands before it on its line.
    pub(super) alone: bool,
}

/// A scalar as it will be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    /// Without quotes, on one line; empty when nothing was written.
    Plain(String),
    /// In quotes.
    Quoted(String),
    /// `|` or `>`: what stands behind the sign, and the lines without their indentation.
    Block {
        /// The sign with its indicators, the one for indentation left out.
        head: String,
        /// Whether the indentation must be said, because the first line begins with a space.
        indented: bool,
        /// The lines.
        lines: Vec<String>,
    },
}

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) anchor: Option<String>,
    pub(super) kind: Kind,
    /// Byte offset of the first byte.
    pub(super) start: usize,
    /// Byte offset behind the last byte.
    pub(super) end: usize,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Alias(String),
    Scalar(Scalar),
    List(Group),
    Map(Group),
}

/// The inside of a list or a map.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// Whether it was written on one line, in braces or brackets, and will be again.
    pub(super) flow: bool,
    /// Whether it was written in braces or brackets.
    pub(super) bracketed: bool,
    pub(super) items: Vec<Item>,
    /// Comments behind the last item.
    pub(super) tail: Vec<Comment>,
}

/// One item of a list, or one key with its value.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The key, as it will be written; `None` in a list.
    pub(super) key: Option<Key>,
    pub(super) value: Node,
    /// Byte offset of the key, or in a list of the value.
    pub(super) start: usize,
    /// Line of that, counted from 0.
    pub(super) line: usize,
    /// Column of that, or of the dash, counted from 0.
    pub(super) column: usize,
    /// Comments on lines of their own above.
    pub(super) before: Vec<Comment>,
    /// The comment at the end of the line.
    pub(super) beside: Option<Comment>,
}

/// A key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) quoted: bool,
    pub(super) end: usize,
}

/// A text and where its lines begin.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// Returns the line of a byte, counted from 0.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Returns what stands on the line before a byte.
    pub(super) fn before(&self, at: usize) -> &'t str {
        &self.text[self.starts[self.line(at)]..at]
    }

    /// Returns a whole line without its end.
    fn whole(&self, line: usize) -> &'t str {
        let end = self.starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        self.text.get(self.starts[line]..end).unwrap_or_default()
    }

    /// Says whether the line above is empty.
    pub(super) fn empty_above(&self, line: usize) -> bool {
        let (Some(above), Some(end)) = (line.checked_sub(1), self.starts.get(line)) else {
            return false;
        };
        self.text[self.starts[above]..*end].trim().is_empty()
    }
}

/// A whole file.
pub(super) struct Tree {
    pub(super) root: Node,
    pub(super) comments: Vec<Comment>,
}

/// Reads a text that is known to be one document without tags; says why it cannot be laid out.
pub(super) fn read(source: &Source<'_>) -> Result<Tree, &'static str> {
    let text = source.text;
    let mut options = yaml::options! { emit_anchor_events: true };
    options.set_emit_comments(true);
    options.max_buffered_comment_events = usize::MAX;
    let events = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { source, text, events, comments: Vec::new(), peeked: None };
    let mut root = None;
    while let Some((event, start, end)) = reader.next()? {
        match event {
            Event::StreamStart | Event::DocumentEnd => {}
            Event::DocumentStart(_, version) => {
                if version.is_some() || text[..start].lines().any(|line| line.starts_with('%')) {
                    return Err("a line that begins with `%` (a directive) would be lost");
                }
            }
            Event::StreamEnd => break,
            event => root = Some(reader.node(event, start, end)?),
        }
    }
    reader.comments.sort_by_key(|comment| comment.at);
    root.map(|root| Tree { root, comments: reader.comments }).ok_or("the file is empty")
}

struct Reader<'s, 't> {
    source: &'s Source<'t>,
    text: &'t str,
    events: Parser<'t, yaml::StrInput<'t>>,
    comments: Vec<Comment>,
    peeked: Option<(Event<'t>, usize, usize)>,
}

impl<'t> Reader<'_, 't> {
    /// Takes the next event that is no comment, with its bytes.
    fn next(&mut self) -> Result<Option<(Event<'t>, usize, usize)>, &'static str> {
        if let Some(event) = self.peeked.take() {
            return Ok(Some(event));
        }
        loop {
            let Some(event) = self.events.next_event() else { return Ok(None) };
            let (event, span) = event.map_err(|_| "it is not valid YAML")?;
            let range = span.byte_range().unwrap_or_default();
            let start = range.start.min(self.text.len());
            let end = range.end.clamp(start, self.text.len());
            if matches!(event, Event::Comment(..)) {
                let comment = self.comment(start, end);
                self.comments.push(comment);
            } else {
                return Ok(Some((event, start, end)));
            }
        }
    }

    fn comment(&self, start: usize, end: usize) -> Comment {
        let before = self.source.before(start);
        Comment {
            text: self.text[start..end].trim_end().to_owned(),
            at: start,
            line: self.source.line(start),
            column: before.chars().count(),
            alone: before.trim_start_matches('\u{feff}').trim().is_empty(),
        }
    }

    /// Takes the name behind an anchored node.
    fn anchor(&mut self, id: usize) -> Result<Option<String>, &'static str> {
        if id == 0 {
            return Ok(None);
        }
        match self.next()? {
            Some((Event::Anchor(_, name), ..)) => Ok(Some(name.into_owned())),
            other => {
                self.peeked = other;
                Err("an anchor has no name")
            }
        }
    }

    fn node(&mut self, event: Event<'t>, start: usize, end: usize) -> Result<Node, &'static str> {
        match event {
            Event::Alias(_) => {
                let name = self.text[start..end].trim_start_matches('*').to_owned();
                Ok(Node { anchor: None, kind: Kind::Alias(name), start, end })
            }
            Event::Scalar(text, style, id, None) => {
                let anchor = self.anchor(id)?;
                let scalar = self.scalar(&text, style, start, end)?;
                Ok(Node { anchor, kind: Kind::Scalar(scalar), start, end })
            }
            Event::SequenceStart(style, id, None) => {
                let anchor = self.anchor(id)?;
                let (group, end) = self.list(style, start)?;
                Ok(Node { anchor, kind: Kind::List(group), start, end })
            }
            Event::MappingStart(style, id, None) => {
                let anchor = self.anchor(id)?;
                let (group, end) = self.map(style, start)?;
                Ok(Node { anchor, kind: Kind::Map(group), start, end })
            }
            _ => Err("it holds a tag"),
        }
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        start: usize,
        end: usize,
    ) -> Result<Scalar, &'static str> {
        Ok(match style {
            ScalarStyle::Plain if text.contains('\n') => {
                return Err("a text without quotes goes over several paragraphs");
            }
            ScalarStyle::Plain => Scalar::Plain(text.to_owned()),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                Scalar::Quoted(text.to_owned())
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                block(self.source, start, end, style == ScalarStyle::Folded)
                    .ok_or("a text behind `|` or `>` is indented in a way that is not understood")?
            }
        })
    }

    fn list(
        &mut self,
        style: StructureStyle,
        start: usize,
    ) -> Result<(Group, usize), &'static str> {
        let mut group = Group::default();
        let mut last = start;
        loop {
            let (event, at, end) = self.next()?.ok_or("it ends too early")?;
            if event == Event::SequenceEnd {
                return Ok(self.close(group, style, start, last, end));
            }
            let value = self.node(event, at, end)?;
            last = value.end.max(last);
            group.items.push(self.item(None, value.start, value));
        }
    }

    fn map(&mut self, style: StructureStyle, start: usize) -> Result<(Group, usize), &'static str> {
        let mut group = Group::default();
        let mut last = start;
        loop {
            let (event, at, end) = self.next()?.ok_or("it ends too early")?;
            if event == Event::MappingEnd {
                return Ok(self.close(group, style, start, last, end));
            }
            let key = self.node(event, at, end)?;
            let (text, quoted) = match key.kind {
                Kind::Scalar(Scalar::Plain(text)) => (text, false),
                Kind::Scalar(Scalar::Quoted(text)) => (text, true),
                _ => return Err("a key is not a single word"),
            };
            if key.anchor.is_some() {
                return Err("a key has an anchor");
            }
            let (event, at, end) = self.next()?.ok_or("it ends too early")?;
            let mut value = self.node(event, at, end)?;
            if value.start < key.end {
                // Nothing was written, so it stands nowhere.
                (value.start, value.end) = (key.end, key.end);
            }
            last = value.end.max(key.end).max(last);
            let name = Key { text, quoted, end: key.end };
            group.items.push(self.item(Some(name), key.start, value));
        }
    }

    fn item(&self, key: Option<Key>, start: usize, value: Node) -> Item {
        let line = self.source.line(start);
        let above = self.source.before(start);
        let column = match above.rfind('-') {
            Some(dash) if key.is_none() => above[..dash].chars().count(),
            _ => above.chars().count(),
        };
        Item { key, value, start, line, column, before: Vec::new(), beside: None }
    }

    /// Returns a finished group and where it ends: a bracket, or the end of its last item.
    fn close(
        &self,
        mut group: Group,
        style: StructureStyle,
        start: usize,
        last: usize,
        end: usize,
    ) -> (Group, usize) {
        let flow = style == StructureStyle::Flow;
        let end = if flow && end > last { end } else { last };
        group.bracketed = flow;
        group.flow = group.items.is_empty() || (flow && !self.text[start..end].contains('\n'));
        (group, end)
    }
}

/// Takes a block scalar apart: the sign, and the lines without what they are indented by.
///
/// The parser's range begins behind the indentation of the first line that is not empty, so the sign is
/// looked for behind the key.
fn block(source: &Source<'_>, start: usize, end: usize, folded: bool) -> Option<Scalar> {
    let text = source.text;
    let sign = if folded { '>' } else { '|' };
    let first = source.line(start);
    let mut at = first;
    let (line, head) = loop {
        let line = source.whole(at);
        let head = line.split(" #").next().unwrap_or_default().trim_end();
        let tail = head.rsplit([' ', ':', '-']).next().unwrap_or_default();
        if at < first && is_head(head, sign) {
            break (at, head[head.rfind(sign)?..].to_owned());
        }
        if at < first && !line.trim().is_empty() && tail.is_empty() {
            return None;
        }
        at = at.checked_sub(1)?;
    };
    let column = source.before(start).len();
    let body_start = source.starts.get(line + 1).copied().unwrap_or(text.len());
    let body = text.get(body_start..end.max(body_start))?;
    let chomp: String = head.chars().filter(|c| matches!(c, '-' | '+')).collect();
    let stated = head.chars().any(|c| c.is_ascii_digit());
    let mut lines = Vec::new();
    let mut rows: Vec<&str> = body.split('\n').collect();
    if body.ends_with('\n') {
        rows.pop();
    }
    for row in rows {
        if row.len() <= column && row.trim_matches(' ').is_empty() {
            lines.push(String::new());
        } else {
            let (margin, rest) = row.split_at_checked(column)?;
            if !margin.bytes().all(|byte| byte == b' ') {
                return None;
            }
            lines.push(rest.to_owned());
        }
    }
    if !chomp.contains('+') {
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
    }
    Some(Scalar::Block { head: format!("{sign}{chomp}"), indented: stated, lines })
}

/// Says whether a line ends with the sign of a block scalar and its indicators.
fn is_head(line: &str, sign: char) -> bool {
    let bare = line.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+'));
    bare.strip_suffix(sign).is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
}
