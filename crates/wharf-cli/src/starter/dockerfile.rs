//! What a Dockerfile says about the container it makes.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use parse_dockerfile::{Command, Dockerfile, HealthcheckArguments, Instruction, Stage};

use super::healthcheck;
use super::variables::Variables;
use crate::error::CliError;
use crate::exit::Exit;

/// Largest Dockerfile that is read.
const LIMIT: u64 = 1 << 20;
/// Most ports of a range that are told apart.
const MANY: usize = 16;

/// What is known of the image's last stage and those it is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// TCP ports it exposes, with the line that says so.
    pub(crate) ports: Vec<(u16, usize)>,
    /// Why an `EXPOSE` could not be understood.
    pub(crate) unclear: Option<String>,
    /// Path its health check asks for, with the line.
    pub(crate) health: Option<(String, usize)>,
    /// Who runs it.
    pub(crate) user: Option<String>,
    entrypoint: Option<Ran>,
    command: Option<Ran>,
}

/// A command as written.
#[derive(Clone, Debug)]
struct Ran {
    words: String,
    shell: bool,
    stage: usize,
}

impl Found {
    /// Returns what the container runs, on one line.
    pub(crate) fn runs(&self) -> Option<String> {
        let words = match (&self.entrypoint, &self.command) {
            // An entrypoint that a shell runs is given no command (Dockerfile reference,
            // "Understand how CMD and ENTRYPOINT interact").
            (Some(entrypoint), Some(command)) if !entrypoint.shell => {
                format!("{} {}", entrypoint.words, command.words)
            }
            (Some(one), _) | (None, Some(one)) => one.words.clone(),
            (None, None) => return None,
        };
        Some(words)
    }

    fn expose(&mut self, word: &str, line: usize, variables: &Variables) {
        let (value, missing) = variables.put_in(word.trim_matches(['"', '\'']));
        if let Some(name) = missing.first() {
            self.unclear = Some(format!("nothing gives {name} of `EXPOSE {word}` a value"));
            return;
        }
        let (number, protocol) = value.split_once('/').unwrap_or((&value, "tcp"));
        if !protocol.eq_ignore_ascii_case("tcp") {
            return;
        }
        let (first, last) = number.split_once('-').unwrap_or((number, number));
        match (first.parse::<u16>(), last.parse::<u16>()) {
            (Ok(first), Ok(last)) if first > 0 && first <= last => {
                for port in (first..=last).take(MANY) {
                    if self.ports.iter().all(|(known, _)| *known != port) {
                        self.ports.push((port, line));
                    }
                }
            }
            _ => self.unclear = Some(format!("`{value}` of line {line} is not a port")),
        }
    }
}

/// Reads a Dockerfile. Returns `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Found>, CliError> {
    let name = path.display();
    let mut bytes = Vec::new();
    let opened =
        std::fs::File::open(path).and_then(|opened| opened.take(LIMIT + 1).read_to_end(&mut bytes));
    match opened {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(CliError::new(Exit::Usage, format!("cannot read `{name}`"))
                .cause(error.to_string()));
        }
        Ok(_) if bytes.len() as u64 > LIMIT => {
            return Err(CliError::new(Exit::Usage, format!("`{name}` is larger than 1 MiB")));
        }
        Ok(_) => {}
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        CliError::new(Exit::Usage, format!("`{name}` is not UTF-8 text"))
            .cause(error.utf8_error().to_string())
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let parsed = parse_dockerfile::parse(text).map_err(|error| {
        let place = match error.line() {
            0 => name.to_string(),
            line => format!("{name}:{line}:{}", error.column()),
        };
        let mut wrapped = CliError::new(Exit::Usage, format!("{place}: {error:#}"));
        if let Some(line) = error.line().checked_sub(1).and_then(|at| text.lines().nth(at)) {
            let line: String = line.chars().filter(|c| !c.is_control()).take(100).collect();
            wrapped = wrapped.cause(line);
        }
        wrapped.hint("mend it, or name another one with `--dockerfile FILE`")
    })?;
    Ok(Some(facts(&parsed, text)))
}

/// Collects what the last stage says, and before it what the stages it is made from say.
fn facts(parsed: &Dockerfile<'_>, text: &str) -> Found {
    let mut globals = Variables::default();
    for arg in parsed.global_args() {
        let none = Variables::default();
        globals.arg(&arg.arguments.value, &none);
    }
    let stages: Vec<Stage<'_, '_>> = parsed.stages().collect();
    let mut found = Found::default();
    let mut variables = Variables::default();
    for (number, stage) in lineage(&stages, &globals).into_iter().enumerate() {
        for instruction in stage.instructions {
            take_in(
                &mut found,
                &mut variables,
                instruction,
                &Place { text, number, globals: &globals },
            );
        }
    }
    found
}

/// Returns the last stage and before it those it is made from, the oldest first.
fn lineage<'s, 'a, 'b>(stages: &'s [Stage<'a, 'b>], globals: &Variables) -> Vec<&'s Stage<'a, 'b>> {
    let mut line = Vec::new();
    let mut seen = BTreeSet::new();
    let mut at = stages.len().checked_sub(1);
    while let Some(stage) = at.filter(|at| seen.insert(*at)) {
        line.push(&stages[stage]);
        let base = globals.put_in(&stages[stage].from.image.value).0;
        // Only stages before this one can be named, in any case of letters.
        at = stages[..stage].iter().position(|earlier| {
            earlier
                .from
                .as_
                .as_ref()
                .is_some_and(|(_, name)| name.value.eq_ignore_ascii_case(&base))
        });
    }
    line.reverse();
    line
}

/// Where an instruction stands.
struct Place<'p> {
    text: &'p str,
    /// Number of the stage in the lineage.
    number: usize,
    globals: &'p Variables,
}

impl Place<'_> {
    fn line(&self, position: usize) -> usize {
        self.text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1
    }

    fn ran(&self, command: &Command<'_>) -> Ran {
        let (words, shell) = words(command);
        Ran { words, shell, stage: self.number }
    }
}

fn take_in(
    found: &mut Found,
    variables: &mut Variables,
    instruction: &Instruction<'_>,
    place: &Place<'_>,
) {
    match instruction {
        Instruction::Arg(arg) => variables.arg(&arg.arguments.value, place.globals),
        Instruction::Env(env) => variables.env(&env.arguments.value),
        Instruction::Expose(expose) => {
            let line = place.line(expose.expose.span.start);
            for word in &expose.arguments {
                found.expose(&word.value, line, variables);
            }
        }
        Instruction::User(user) => {
            found.user = Some(variables.put_in(user.arguments.value.trim()).0);
        }
        Instruction::Entrypoint(entrypoint) => {
            found.entrypoint = Some(place.ran(&entrypoint.arguments));
            // A new entrypoint drops the command that an earlier stage set (Dockerfile reference,
            // "Understand how CMD and ENTRYPOINT interact").
            found.command = found.command.take().filter(|command| command.stage == place.number);
        }
        Instruction::Cmd(command) => found.command = Some(place.ran(&command.arguments)),
        Instruction::Healthcheck(check) => {
            let line = place.line(check.healthcheck.span.start);
            found.health = match &check.arguments {
                HealthcheckArguments::Cmd { arguments, .. } => {
                    // Variables are the shell's here, and most often a part of the address only.
                    healthcheck::path(&words(arguments).0).map(|path| (path, line))
                }
                _ => None,
            };
        }
        _ => {}
    }
}

/// Returns a command as one line, and whether a shell runs it.
fn words(command: &Command<'_>) -> (String, bool) {
    match command {
        Command::Exec(words) => {
            let words: Vec<&str> = words.value.iter().map(|word| word.value.as_ref()).collect();
            (words.join(" "), false)
        }
        Command::Shell(text) => {
            let words = text.value.split_whitespace().filter(|word| *word != "\\");
            (words.collect::<Vec<_>>().join(" "), true)
        }
        _ => (String::new(), true),
    }
}
