//! What a command does that runs instead of an image's own. Nothing is really run: a few words that
//! every shell knows do what they say, and every other command says that it ran and ends well.

use serde_json::Value;

use crate::image::App;

/// Returns what a container does under an override, if the override names a command.
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
