//! A cause, and how sure it is.

use serde::Serialize;

use crate::codes;

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// It follows from others, or is one of several explanations.
    Possible,
    /// The facts fit nothing else as well.
    Likely,
    /// A fact says so.
    Certain,
}

/// Why something does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Its code, for example `C401`.
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub what: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// The facts that prove it, a line each.
    pub facts: Vec<String>,
    /// Lines of the log that show it.
    pub logs: Vec<String>,
    /// What to do, in terms of the spec.
    pub help: String,
    /// The key of the service in the spec that it is about, if it is about one.
    pub key: Option<&'static str>,
    /// How far down the way of a task or a request it is; what comes first hides what follows.
    #[serde(skip)]
    pub(crate) depth: u8,
}

impl Cause {
    /// Makes a cause that is certain; the help is that of its code.
    pub(crate) fn new(code: &'static str, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            certainty: Certainty::Certain,
            facts: Vec::new(),
            logs: Vec::new(),
            help: codes::find(code).map_or("", |found| found.help).to_owned(),
            key: codes::find(code).and_then(|found| found.key),
            depth: 0,
        }
    }

    pub(crate) fn likely(mut self) -> Self {
        self.certainty = Certainty::Likely;
        self
    }

    pub(crate) fn possible(mut self) -> Self {
        self.certainty = Certainty::Possible;
        self
    }

    pub(crate) fn fact(mut self, line: impl Into<String>) -> Self {
        self.facts.push(line.into());
        self
    }

    pub(crate) fn logs(mut self, lines: &[String]) -> Self {
        self.logs = lines.to_vec();
        self
    }

    pub(crate) fn at(mut self, depth: u8) -> Self {
        self.depth = depth;
        self
    }

    /// Returns the lines under the sentence: facts, log lines, help, and where to read more.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.facts.iter().map(|fact| format!("= fact   {fact}")).collect();
        lines.extend(self.logs.iter().map(|line| format!("= log    {line}")));
        lines.push(format!("help: {}", self.help));
        lines.push(format!("more: wharf explain {}", self.code));
        lines
    }
}
