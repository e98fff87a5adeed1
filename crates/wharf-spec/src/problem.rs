//! What is wrong with a spec, where, why, and how to put it right.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level as Severity, Renderer, Snippet};

/// A stretch of the spec's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// Byte offset of the first byte.
    pub start: usize,
    /// Byte offset behind the last byte.
    pub end: usize,
    /// Line of the first byte, counted from 1.
    pub line: usize,
    /// Column of the first character, counted in characters from 1.
    pub column: usize,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The spec cannot be used.
    Error,
    /// The spec can be used, but probably does not say what was meant.
    Warning,
}

/// One thing wrong with a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable number: `E…` for errors, `W…` for warnings.
    pub code: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// Where; `None` when the cause is a flag and not the file.
    pub span: Option<Span>,
    /// What the caret says.
    pub label: String,
    /// Other places that matter, with what is said there.
    pub secondary: Vec<(Span, String)>,
    /// Why it is wrong.
    pub notes: Vec<String>,
    /// How to put it right.
    pub help: Vec<String>,
    /// Whether the text at the span must not be shown, because it may be a credential.
    pub sensitive: bool,
    /// The service or job it is about, if it is about one.
    pub service: Option<String>,
}

impl Problem {
    pub(crate) fn error(
        code: &'static str,
        span: impl Into<Option<Span>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            level: Level::Error,
            message: message.into(),
            span: span.into(),
            label: String::new(),
            secondary: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            sensitive: false,
            service: None,
        }
    }

    pub(crate) fn warning(
        code: &'static str,
        span: impl Into<Option<Span>>,
        message: impl Into<String>,
    ) -> Self {
        Self { level: Level::Warning, ..Self::error(code, span, message) }
    }

    pub(crate) fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    pub(crate) fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Says which service or job the problem is about.
    pub(crate) fn of(mut self, service: &str) -> Self {
        self.service = Some(service.to_owned());
        self
    }

    pub(crate) fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push((span, text.into()));
        self
    }

    /// Renders the problem with the lines of `text` it is about, in colour if asked.
    ///
    /// `file` is the name shown before line and column. A value that may be a credential is masked.
    pub fn render(&self, file: &str, text: &str, color: bool) -> String {
        let text = mask(text, std::slice::from_ref(self));
        self.render_masked(file, &text, color)
    }

    fn render_masked(&self, file: &str, text: &str, color: bool) -> String {
        let severity = match self.level {
            Level::Error => Severity::ERROR,
            Level::Warning => Severity::WARNING,
        };
        let mut group = Group::with_title(severity.primary_title(&self.message).id(self.code));
        if let Some(span) = self.span {
            group = group.element(self.snippet(span, file, text));
        }
        for note in &self.notes {
            group = group.element(Severity::NOTE.message(note));
        }
        for help in &self.help {
            group = group.element(Severity::HELP.message(help));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let lines: Vec<String> =
            renderer.render(&[group]).lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n")
    }

    /// Cuts out the lines that are annotated: the renderer need not walk a file of a megabyte.
    fn snippet<'a>(
        &'a self,
        span: Span,
        file: &'a str,
        text: &'a str,
    ) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let spans = || std::iter::once(span).chain(self.secondary.iter().map(|(span, _)| *span));
        let first = spans().min().unwrap_or(span);
        let last = spans().map(|span| span.end).max().unwrap_or(span.end);
        let start = clamp(text, first.start);
        let begin = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let last = clamp(text, last).max(start);
        let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
        let range = |span: Span| -> Range<usize> {
            let from = clamp(text, span.start).clamp(begin, end) - begin;
            let to = clamp(text, span.end).clamp(begin, end) - begin;
            from..to.max(from)
        };
        let mut snippet =
            Snippet::source(&text[begin..end]).line_start(first.line.max(1)).path(file).annotation(
                AnnotationKind::Primary
                    .span(range(span))
                    .label((!self.label.is_empty()).then_some(self.label.as_str())),
            );
        for (span, label) in &self.secondary {
            snippet = snippet
                .annotation(AnnotationKind::Context.span(range(*span)).label(label.as_str()));
        }
        snippet
    }
}

/// Moves an offset back to the nearest character boundary inside the text.
fn clamp(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Replaces every sensitive value by asterisks and Windows line ends by plain ones, keeping all byte
/// offsets.
fn mask(text: &str, problems: &[Problem]) -> String {
    let mut bytes = text.replace("\r\n", " \n").into_bytes();
    for span in problems.iter().filter(|problem| problem.sensitive).filter_map(|p| p.span) {
        let (start, end) = (clamp(text, span.start), clamp(text, span.end));
        for byte in bytes.get_mut(start..end).into_iter().flatten() {
            if !matches!(*byte, b'\n' | b'\r' | b' ') {
                *byte = b'*';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// After this many problems, no more are looked for: a hundred are shown.
pub(crate) const ENOUGH: usize = 500;

/// Every problem of one file, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// Name of the file, as shown to people.
    pub file: String,
    /// The problems; at least one of them is an error.
    pub list: Vec<Problem>,
    /// Problems beyond the first hundred, which are not listed.
    pub omitted: usize,
}

impl Problems {
    /// How many problems are listed; a file with more is broken in another way.
    const MOST: usize = 100;

    /// Sorts by position and drops repeats.
    pub(crate) fn new(file: &str, mut list: Vec<Problem>) -> Self {
        list.sort_by(|a, b| (a.span, a.level, a.code).cmp(&(b.span, b.level, b.code)));
        let mut seen = BTreeSet::new();
        list.retain(|problem| seen.insert((problem.code, problem.span, problem.message.clone())));
        let omitted = list.len().saturating_sub(Self::MOST);
        list.truncate(Self::MOST);
        Self { file: file.to_owned(), list, omitted }
    }

    /// Renders all problems against the text they were found in, and a closing count.
    pub fn render(&self, text: &str, color: bool) -> String {
        let text = mask(text, &self.list);
        let mut out = String::new();
        for problem in &self.list {
            out.push_str(&problem.render_masked(&self.file, &text, color));
            out.push_str("\n\n");
        }
        out.push_str(&self.to_string());
        out.push('\n');
        out
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.list.iter().filter(|p| p.level == Level::Error).count() + self.omitted;
        let plural = if errors == 1 { "" } else { "s" };
        write!(f, "{}: {errors} error{plural}", self.file)?;
        if self.omitted > 0 {
            write!(f, ", {} of them not shown", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
