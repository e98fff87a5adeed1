//! Owns every byte written: data to standard output, words for people to standard error.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use crate::args::{Color, Global};
use crate::error::CliError;
use crate::exit::Exit;

/// The terminal, or whatever stands in for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    quiet: bool,
    color_out: bool,
    color_err: bool,
}

/// Styles, by what they mean. None of them carries meaning alone: signs and words say the same.
pub(crate) mod style {
    use super::{AnsiColor, Style};

    pub(crate) const CREATE: Style = AnsiColor::Green.on_default();
    pub(crate) const CHANGE: Style = AnsiColor::Yellow.on_default();
    pub(crate) const DELETE: Style = AnsiColor::Red.on_default();
    pub(crate) const DIM: Style = Style::new().dimmed();
    pub(crate) const STRONG: Style = Style::new().bold();
}

impl Ui {
    /// Decides on colour from the flag, `NO_COLOR` and whether anybody looks.
    pub(crate) fn new(global: &Global) -> Self {
        let allowed = |terminal: bool| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                terminal
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Self {
            quiet: global.quiet,
            color_out: allowed(io::stdout().is_terminal()),
            color_err: allowed(io::stderr().is_terminal()),
        }
    }

    /// Says whether somebody can answer questions.
    pub(crate) fn can_ask() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Says whether progress can be redrawn.
    pub(crate) fn live(self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Says whether standard error shows colour.
    pub(crate) fn color_err(self) -> bool {
        self.color_err
    }

    /// Writes data. A reader that went away is not an error.
    pub(crate) fn data(self, text: &str) -> Result<(), CliError> {
        let text = if self.color_out { text.to_owned() } else { plain(text) };
        let mut out = io::stdout().lock();
        done(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Writes data that goes on; `false` when its reader went away.
    pub(crate) fn stream(self, text: &str) -> Result<bool, CliError> {
        let text = if self.color_out { text.to_owned() } else { plain(text) };
        write(&text)
    }

    /// Says whether what was written can be drawn over.
    pub(crate) fn redraws() -> bool {
        io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Empties the screen by `clear` and writes anew; `false` when its reader went away.
    pub(crate) fn redraw(self, clear: &str, text: &str) -> Result<bool, CliError> {
        let text = if self.color_out { text.to_owned() } else { plain(text) };
        write(&format!("{clear}{text}"))
    }

    /// Tells people something, unless they asked for quiet.
    pub(crate) fn say(self, text: &str) {
        if !self.quiet {
            self.err_line(text);
        }
    }

    fn err_line(self, text: &str) {
        let text = if self.color_err { text.to_owned() } else { plain(text) };
        let mut err = io::stderr().lock();
        // Nothing is left to do when standard error is gone.
        drop(writeln!(err, "{text}"));
    }

    /// Reports why a command failed.
    pub(crate) fn error(self, error: &CliError) {
        let bold = style::DELETE.bold();
        // Problems of a spec come with a heading each.
        if anstream::adapter::strip_str(&error.message).to_string().starts_with("error[") {
            self.err_line(&error.message);
        } else {
            self.err_line(&format!("{bold}error{bold:#}: {}", error.message));
        }
        for cause in &error.causes {
            self.err_line(&format!("  {}", indent(cause)));
        }
        for hint in &error.hints {
            if labelled(hint) {
                self.err_line(&format!("  {}", indent(hint)));
                continue;
            }
            self.err_line(&format!("{}hint{:#}: {}", style::STRONG, style::STRONG, indent(hint)));
        }
    }

    /// Asks a question and returns the answer.
    pub(crate) fn ask(self, question: &str) -> Result<String, CliError> {
        let mut err = io::stderr().lock();
        let text = if self.color_err { question.to_owned() } else { plain(question) };
        done(write!(err, "{text} ").and_then(|()| err.flush()))?;
        let mut answer = String::new();
        io::stdin()
            .read_line(&mut answer)
            .map_err(|error| CliError::from_error(Exit::Other, &error))?;
        Ok(answer.trim().to_owned())
    }
}

fn write(text: &str) -> Result<bool, CliError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => done(other).map(|()| true),
    }
}

/// Says whether a line brings a label of its own, as those of a named cause do.
fn labelled(line: &str) -> bool {
    ["= ", "help: ", "more: ", "also "].iter().any(|label| line.starts_with(label))
}

fn indent(text: &str) -> String {
    text.replace('\n', "\n  ")
}

fn done(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::new(Exit::Other, "cannot write the output").cause(error.to_string()))
        }
        _ => Ok(()),
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
