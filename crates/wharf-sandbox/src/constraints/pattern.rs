//! The models' regular expressions, which are Java's.

use regex::Regex;

/// What Java's classes mean, which are ASCII's. A class within brackets is a nested one here.
const CLASSES: [(char, &str); 4] = [
    ('w', "[0-9A-Za-z_]"),
    ('d', "[0-9]"),
    ('s', "[ \\t\\n\\x0B\\f\\r]"),
    ('S', "[^ \\t\\n\\x0B\\f\\r]"),
];

/// Compiles a pattern that the whole text must match; none if that cannot be.
pub(super) fn compile(java: &str) -> Option<Regex> {
    let mut text = String::from(r"\A(?:");
    let mut chars = java.chars();
    while let Some(ch) = chars.next() {
        if ch != '\\' {
            text.push(ch);
            continue;
        }
        let escaped = chars.next()?;
        match CLASSES.iter().find(|(name, _)| *name == escaped) {
            Some((_, class)) => text.push_str(class),
            None => text.extend(['\\', escaped]),
        }
    }
    text.push_str(r")\z");
    Regex::new(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn the_whole_text_must_match_and_classes_are_ascii() {
        let fits = |pattern: &str, text: &str| compile(pattern).unwrap().is_match(text);
        assert!(fits(r"[\w+=,.@-]+", "a_B-1"));
        assert!(!fits(r"[\w+=,.@-]+", "é"));
        assert!(!fits("[a-z]+", "ab1"));
        assert!(fits(r"[\s\S]*", "a\n é"));
        assert!(fits(r"^\d{2}$", "12"));
        assert!(fits(r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "é 1"));
        assert!(compile("(?=a)").is_none());
    }
}
