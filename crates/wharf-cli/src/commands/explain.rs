//! `wharf explain`: what a code means and what to do about it, offline.

use serde_json::{Value, json};
use wharf_spec::Code;

use crate::args::{Format, Global};
use crate::codes;
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::Ui;
use crate::view;

pub(super) fn run(global: &Global, asked: Option<&str>, ui: Ui) -> Result<Exit, CliError> {
    let all = codes::all();
    let shown = match asked {
        None => all,
        Some(asked) => vec![find(&all, asked)?],
    };
    let text = if global.format == Format::Json {
        let codes: Vec<Value> = shown.iter().map(document).collect();
        format!("{:#}\n", json!({ "format": "wharf.explain/1", "codes": codes }))
    } else if asked.is_some() {
        shown.iter().map(view::explain::one).collect()
    } else {
        view::explain::list(&shown)
    };
    ui.data(&text)?;
    Ok(Exit::Done)
}

fn document(code: &Code) -> Value {
    json!({
        "code": code.code,
        "title": code.title,
        "source": codes::source(code.code),
        "explanation": code.explanation,
        "fix": code.fix,
        "example": code.example,
    })
}

/// Finds a code, written in any case and with or without the brackets it is shown in.
fn find(all: &[Code], asked: &str) -> Result<Code, CliError> {
    let bare = asked.trim_matches(['[', ']', ' ', ':']).to_uppercase();
    if let Some(code) = all.iter().find(|code| code.code == bare) {
        return Ok(*code);
    }
    let short: String = asked.chars().take(60).collect();
    let error = CliError::new(Exit::Usage, format!("there is no code `{short}`"));
    Err(match near(all, &bare) {
        near if near.is_empty() => error.hint("`wharf explain` without a code lists all of them"),
        near => near.iter().fold(error, |error, code| {
            error.hint(format!("did you mean {}, {}?", code.code, code.title))
        }),
    })
}

/// Returns the codes that were probably meant: the nearest number, or those whose title has the word.
fn near(all: &[Code], asked: &str) -> Vec<Code> {
    let fixed = asked.replace('O', "0");
    let digits = fixed.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = &fixed[..fixed.len() - digits.len()];
    if let Ok(number) = digits.parse::<u32>() {
        let distance = |code: &Code| code.code[1..].parse().map_or(u32::MAX, number_apart(number));
        let same = all.iter().filter(|code| letters.is_empty() || code.code.starts_with(letters));
        return same.min_by_key(|code| distance(code)).into_iter().copied().collect();
    }
    let word = asked.to_lowercase();
    let has = |code: &&Code| word.len() > 2 && code.title.to_lowercase().contains(&word);
    all.iter().filter(has).take(3).copied().collect()
}

fn number_apart(number: u32) -> impl Fn(u32) -> u32 {
    move |other| number.abs_diff(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(asked: &str) -> Vec<&'static str> {
        near(&codes::all(), asked).iter().map(|code| code.code).collect()
    }

    #[test]
    fn what_was_probably_meant_is_found() {
        assert_eq!(hint("E5"), ["E005"]);
        assert_eq!(hint("EO05"), ["E005"]);
        assert!(hint("E0051").contains(&"E051"));
        let last = codes::all().iter().rfind(|code| code.code.starts_with("W2")).map(|it| it.code);
        assert_eq!(hint("W299"), [last.expect("there are warnings about the account")]);
        assert!(hint("CREDENTIAL").contains(&"E051"));
        assert!(hint("ZZZ").is_empty() && hint("").is_empty());
    }

    #[test]
    fn each_code_stands_once() {
        let all = codes::all();
        assert!(all.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
