//! What a command does that runs instead of an image's own. Nothing is really run: a few words that
//! every shell knows do what they say, and every other command says that it ran and ends well.

use serde_json::Value;

use crate::image::App;

/// Returns what a container of a task that belongs to no service does: what its image says of such
/// tasks, else what its command says. An image that fails in a way of its own still does.
pub(super) fn one_off(app: App, definition: &Value) -> App {
    if let Some(own) = &app.one_off {
        let (code, after, log) = (own.exit_code, own.after_seconds, own.log.clone());
        return App { exit_code: code, exit_after_seconds: after, last_words: log, ..app };
    }
    match instead(definition) {
        Some(said) if app.exit_code.is_none() => App {
            exit_code: said.exit_code,
            exit_after_seconds: said.exit_after_seconds,
            log: said.log,
            ..app
        },
        _ => app,
    }
}

/// Returns what a container does by the command of an override or a definition, if it names one.
pub(super) fn instead(overrides: &Value) -> Option<App> {
    let words: Vec<&str> =
        overrides["command"].as_array()?.iter().filter_map(Value::as_str).collect();
    let ends = |code: i32, after: u32, line: Option<String>| App {
        exit_code: Some(code),
        exit_after_seconds: after,
        log: line.into_iter().collect(),
        ..App::default()
    };
    let script: Vec<&str> = match words.as_slice() {
        [] => return None,
        ["sh" | "/bin/sh", "-c", script] => script.split_whitespace().collect(),
        words => words.to_vec(),
    };
    Some(match script.as_slice() {
        ["true"] => ends(0, 1, None),
        ["false"] => ends(1, 1, None),
        ["exit", code] => ends(code.parse::<u8>().unwrap_or(2).into(), 1, None),
        ["sleep", seconds] => ends(0, seconds.parse().unwrap_or(1), None),
        ["echo", words @ ..] => ends(0, 1, Some(words.join(" "))),
        other => ends(0, 1, Some(format!("sandbox: `{}` would run here", other.join(" ")))),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::instead;

    #[test]
    fn commands_end_as_they_say() {
        let code = |words: serde_json::Value| {
            instead(&json!({"command": words})).and_then(|app| app.exit_code)
        };
        assert_eq!(code(json!([])), None);
        assert_eq!(code(json!(["true"])), Some(0));
        assert_eq!(code(json!(["sh", "-c", "exit 3"])), Some(3));
        assert_eq!(code(json!(["rake", "db:migrate"])), Some(0));
        assert_eq!(instead(&json!({"name": "web"})), None);
    }
}
