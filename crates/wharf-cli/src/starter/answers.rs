//! What the spec is made of, and where each value comes from.

use std::path::Path;

use super::dockerfile::{self, Found};
use super::{region, text};
use crate::args::{Global, InitArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::Ui;

/// How often a question is put again after an answer that cannot be used.
const TRIES: usize = 3;

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Answer<T> {
    pub(crate) value: T,
    pub(crate) from: String,
}

impl<T> Answer<T> {
    fn new(value: T, from: impl Into<String>) -> Self {
        Self { value, from: from.into() }
    }
}

/// All values of a first spec.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    pub(crate) app: Answer<String>,
    pub(crate) region: Answer<String>,
    pub(crate) service: Answer<String>,
    pub(crate) port: Answer<u16>,
    pub(crate) health: Answer<String>,
    /// What the image runs, if the Dockerfile says so.
    pub(crate) runs: Option<String>,
    /// Who runs it, if the Dockerfile says so.
    pub(crate) user: Option<String>,
    /// The Dockerfile that was read.
    pub(crate) dockerfile: Option<String>,
    /// The same from the folder of the spec, if it is in there: then wharf can build from it.
    pub(crate) built_from: Option<String>,
}

impl Answers {
    /// Values that are right in every spec, to try one other among them.
    fn probe() -> Self {
        let fixed = |value: &str| Answer::new(value.to_owned(), "");
        Self {
            app: fixed("app"),
            region: fixed("eu-west-1"),
            service: fixed("web"),
            port: Answer::new(80, ""),
            health: fixed("/"),
            runs: None,
            user: None,
            dockerfile: None,
            built_from: None,
        }
    }
}

/// What a question is about.
#[derive(Clone, Copy)]
struct Question {
    /// What is asked for.
    what: &'static str,
    /// The flag that answers it.
    flag: &'static str,
    /// What is taken when nothing is said.
    default: Option<&'static str>,
    /// Puts an answer among others, or says why it is none.
    put: fn(&mut Answers, &str) -> Result<(), String>,
}

const APP: Question = Question {
    what: "the name of the app",
    flag: "--app NAME",
    default: None,
    put: |answers, value| {
        value.clone_into(&mut answers.app.value);
        Ok(())
    },
};
const REGION: Question = Question {
    what: "the AWS region, such as eu-west-1",
    flag: "--region REGION",
    default: None,
    put: |answers, value| {
        value.clone_into(&mut answers.region.value);
        Ok(())
    },
};
const SERVICE: Question = Question {
    what: "the name of the service",
    flag: "--service NAME",
    default: Some("web"),
    put: |answers, value| {
        value.clone_into(&mut answers.service.value);
        Ok(())
    },
};
const PORT: Question = Question {
    what: "the port the container listens on",
    flag: "--port PORT",
    default: None,
    put: |answers, value| {
        let port = value.parse::<u16>().ok().filter(|port| *port > 0);
        answers.port.value = port.ok_or("a port is a number from 1 to 65535")?;
        Ok(())
    },
};
const HEALTH: Question = Question {
    what: "the path that answers when the service is well",
    flag: "--health PATH",
    default: Some("/"),
    put: |answers, value| {
        value.clone_into(&mut answers.health.value);
        Ok(())
    },
};

impl Question {
    /// Says why a value is no answer, in the words of `wharf check`.
    fn objection(&self, value: &str) -> Option<String> {
        let mut answers = Answers::probe();
        match (self.put)(&mut answers, value) {
            Ok(()) => text::objection(&answers),
            Err(why) => Some(why),
        }
    }
}

/// Asks people, or notes what nobody could be asked.
struct Asking {
    ui: Ui,
    /// Whether defaults are taken unasked.
    yes: bool,
    missing: Vec<String>,
}

impl Asking {
    /// Settles one value: what is known already, the default, or what a person says. Without
    /// anybody to ask, notes what is missing and goes on, so that all of it is told at once.
    fn settle(
        &mut self,
        question: Question,
        known: Option<Answer<String>>,
        why: Option<&str>,
        answers: &mut Answers,
    ) -> Result<String, CliError> {
        let found = match known {
            Some(known) => {
                if let Some(objection) = question.objection(&known.value) {
                    return Err(CliError::new(Exit::Usage, objection)
                        .cause(format!("{} comes from {}", question.what, known.from))
                        .hint(format!("say another with `{}`", question.flag)));
                }
                known
            }
            None => match question.default.filter(|_| self.yes) {
                Some(default) => Answer::new(default.to_owned(), "default"),
                None if Ui::can_ask() => Answer::new(self.ask(question, why)?, "answer"),
                None => {
                    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                    self.missing.push(format!("{}{why}: `{}`", question.what, question.flag));
                    return Ok(String::new());
                }
            },
        };
        (question.put)(answers, &found.value).map_err(|why| CliError::new(Exit::Usage, why))?;
        Ok(found.from)
    }

    fn ask(&self, question: Question, why: Option<&str>) -> Result<String, CliError> {
        if let Some(why) = why {
            self.ui.say(why);
        }
        let default = question.default.map(|value| format!(" [{value}]")).unwrap_or_default();
        for _ in 0..TRIES {
            let answer = self.ui.ask(&format!("{}{default}:", question.what))?;
            let answer = match question.default {
                Some(default) if answer.is_empty() => default.to_owned(),
                _ => answer,
            };
            match question.objection(&answer) {
                None => return Ok(answer),
                Some(objection) => self.ui.say(&format!("  {objection}")),
            }
        }
        Err(CliError::new(Exit::Usage, format!("no answer about {}", question.what))
            .hint(format!("`{}` answers it", question.flag)))
    }
}

/// Finds out all values: flags first, then what the Dockerfile and the machine say, then people.
pub(crate) fn gather(global: &Global, args: &InitArgs, ui: Ui) -> Result<Answers, CliError> {
    let path = args.dockerfile.as_deref().unwrap_or(Path::new("Dockerfile"));
    let name = path.display().to_string();
    let read = dockerfile::read(path)?;
    if read.is_none() && args.dockerfile.is_some() {
        return Err(CliError::new(Exit::Usage, format!("there is no `{name}`")));
    }
    let mut answers = Answers::probe();
    answers.dockerfile = read.is_some().then(|| name.clone());
    answers.built_from = read.as_ref().and_then(|_| beneath(&global.file, path));
    let found = read.unwrap_or_default();
    answers.runs = found.runs().filter(|runs| !runs.is_empty());
    answers.user = found.user.clone().filter(|user| !user.is_empty());

    let mut asking = Asking { ui, yes: args.yes, missing: Vec::new() };
    let flag = |value: &Option<String>, flag: &str| {
        value.as_ref().map(|value| Answer::new(value.clone(), flag))
    };
    let app = flag(&args.app, "--app").or_else(directory);
    answers.app.from = asking.settle(APP, app, None, &mut answers)?;
    let region = flag(&global.region, "--region").or_else(|| {
        let (region, from) = region::of_machine(global.profile.as_deref())?;
        Some(Answer::new(region, from))
    });
    answers.region.from = asking.settle(REGION, region, None, &mut answers)?;
    // One service has no need of a name of its own; nobody is asked for one.
    let service = flag(&args.service, "--service")
        .or_else(|| SERVICE.default.map(|name| Answer::new(name.to_owned(), "default")));
    answers.service.from = asking.settle(SERVICE, service, None, &mut answers)?;
    let (port, why) = match args.port {
        Some(port) => (Some(Answer::new(port.to_string(), "--port")), None),
        None => port(&found, answers.dockerfile.as_deref()),
    };
    answers.port.from = asking.settle(PORT, port, why.as_deref(), &mut answers)?;
    let health = flag(&args.health, "--health").or_else(|| {
        let (path, line) = found.health.clone()?;
        Some(Answer::new(path, format!("HEALTHCHECK, {name}:{line}")))
    });
    answers.health.from = asking.settle(HEALTH, health, None, &mut answers)?;

    if asking.missing.is_empty() {
        return Ok(answers);
    }
    let mut error = CliError::new(
        Exit::Usage,
        "something is missing that only you can say, and there is no terminal to ask at",
    );
    error.causes = asking.missing;
    Err(error.hint("`--yes` takes the default where there is one"))
}

/// Returns the path of a Dockerfile from the folder that the spec will be in, if it is beneath it.
fn beneath(spec: &Path, dockerfile: &Path) -> Option<String> {
    let folder = spec.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
    let dockerfile = dockerfile.canonicalize().ok()?;
    dockerfile.strip_prefix(folder).ok()?.to_str().map(str::to_owned)
}

/// Returns the port that the Dockerfile names, or why it names none.
fn port(found: &Found, dockerfile: Option<&str>) -> (Option<Answer<String>>, Option<String>) {
    let Some(name) = dockerfile else { return (None, None) };
    let why = match (&found.unclear, found.ports.as_slice()) {
        (Some(why), _) => why.clone(),
        (None, [(port, line)]) => {
            let from = format!("EXPOSE, {name}:{line}");
            return (Some(Answer::new(port.to_string(), from)), None);
        }
        (None, []) => "it has no EXPOSE".to_owned(),
        (None, several) => {
            let ports: Vec<String> = several.iter().map(|(port, _)| port.to_string()).collect();
            format!("it exposes several ports: {}", ports.join(", "))
        }
    };
    (None, Some(format!("{name}: {why}")))
}

/// Returns the region of the flag or of the machine, if either says one.
pub(crate) fn known_region(global: &Global) -> Option<String> {
    let machine = || region::of_machine(global.profile.as_deref()).map(|(region, _)| region);
    global.region.clone().or_else(machine)
}

/// Makes a legal name from that of the directory, if it has anything of one.
pub(crate) fn directory() -> Option<Answer<String>> {
    let here = std::env::current_dir().ok()?;
    let name = legal(&here.file_name()?.to_string_lossy());
    (!name.is_empty()).then(|| Answer::new(name, "the directory's name"))
}

fn legal(name: &str) -> String {
    const LONGEST: usize = 32;
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    let out: String =
        out.trim_start_matches(|c: char| !c.is_ascii_lowercase()).chars().take(LONGEST).collect();
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::legal;

    #[test]
    fn names_of_directories_become_legal() {
        let cases = [
            ("notes", "notes"),
            ("My_App (2)", "my-app-2"),
            ("2024-notes.d", "notes-d"),
            ("größe", "gr-e"),
            ("---", ""),
            ("日本", ""),
            ("abcdefghijklmnopqrstuvwxyz-1234-x", "abcdefghijklmnopqrstuvwxyz-1234"),
        ];
        for (name, wanted) in cases {
            assert_eq!(legal(name), wanted, "{name}");
        }
    }
}
