//! The text of a first spec.

use super::answers::Answers;
use crate::error::CliError;
use crate::exit::Exit;

/// Longest command that a comment shows.
const SHOWN: usize = 60;

/// Writes the spec, in its canonical form. It is checked: what is returned can be planned.
pub(crate) fn write(answers: &Answers) -> Result<String, CliError> {
    let text = draft(answers);
    let options = wharf_spec::Options::default();
    wharf_spec::parse(&text, "the new spec", &options).map_err(|problems| {
        CliError::new(Exit::Usage, problems.render(&text, false).trim_end().to_owned())
    })?;
    wharf_spec::format(&text, "the new spec").map_err(|error| {
        CliError::new(Exit::Other, "the new spec has no canonical form").cause(match error {
            wharf_spec::LayoutError::Unreadable(problems) => problems.to_string(),
            wharf_spec::LayoutError::Unsafe(why) => why,
        })
    })
}

/// Says why a value cannot stand in a spec, in the words of `wharf check`.
pub(super) fn objection(answers: &Answers) -> Option<String> {
    let text = draft(answers);
    let problems = wharf_spec::parse(&text, "", &wharf_spec::Options::default()).err()?;
    problems.list.first().map(|problem| {
        let label =
            if problem.label.is_empty() { String::new() } else { format!(": {}", problem.label) };
        format!("{}{label}", problem.message)
    })
}

fn draft(answers: &Answers) -> String {
    let (app, service) = (&answers.app.value, &answers.service.value);
    let runs = match (&answers.runs, &answers.user) {
        (Some(runs), Some(user)) => {
            format!("    # It runs {}, as user {}.\n", comment(runs), comment(user))
        }
        (Some(runs), None) => format!("    # It runs {}.\n", comment(runs)),
        (None, Some(user)) => format!("    # It runs as user {}.\n", comment(user)),
        (None, None) => String::new(),
    };
    let repository = format!("{app}/{service}");
    let (does, (why, image)) = match &answers.built_from {
        Some(file) => ("deploy", built(file, &repository)),
        None => ("apply", pushed(&repository)),
    };
    format!(
        "# What runs, and where. `wharf plan` shows what it becomes, `wharf {does}` does it.\n\
         version: 1\n\
         app: {}\n\
         region: {}\n\
         services:\n  {}:\n    \
             {why}\
         {runs}    \
             {image}\n    \
             port: {} # the container listens here\n    \
             health: {} # answers with success when the service is well\n",
        scalar(app),
        scalar(&answers.region.value),
        scalar(service),
        answers.port.value,
        scalar(&answers.health.value),
    )
}

/// An image that wharf builds, with a comment on where it goes.
fn built(dockerfile: &str, repository: &str) -> (String, String) {
    let image = match dockerfile {
        "Dockerfile" => "build: .".to_owned(),
        other => format!("build: {{ context: ., file: {} }}", scalar(other)),
    };
    let why = format!(
        "# `wharf deploy` builds the image, pushes it to the service's own repository,\n    \
         # {}, and rolls it out.\n",
        comment(repository)
    );
    (why, image)
}

/// An image that somebody pushes.
fn pushed(repository: &str) -> (String, String) {
    let why = format!(
        "# Tag v1 in the service's own repository, {}. `wharf apply` makes the\n    \
         # repository and prints the commands that build and push the image.\n",
        comment(repository)
    );
    (why, "image: { tag: v1 }".to_owned())
}

/// Writes a text as YAML: in quotes unless it can only be read as text.
pub(crate) fn scalar(text: &str) -> String {
    // Words that some readers of YAML take for something else.
    const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let safe = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c))
        && !WORDS.contains(&text);
    if safe { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// Shows foreign words in a comment: on one line, not too long.
fn comment(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.chars().count() <= SHOWN {
        return clean;
    }
    let short: String = clean.chars().take(SHOWN).collect();
    format!("{short}…")
}
