//! Variables of a Dockerfile: `ARG`, `ENV`, and where they are put in.

use std::collections::BTreeMap;

/// What is known of variables at one place of a stage.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    args: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
}

impl Variables {
    /// Takes over an `ARG` line. An argument without a value gets that of the global one, if any.
    pub(super) fn arg(&mut self, text: &str, globals: &Self) {
        for word in words(text) {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(self.put_in(value).0)),
                None => (word.as_str(), globals.args.get(&word).cloned()),
            };
            if let Some(value) = value {
                self.args.insert(name.to_owned(), value);
            }
        }
    }

    /// Takes over an `ENV` line, also in its old form `ENV NAME value`.
    pub(super) fn env(&mut self, text: &str) {
        let words = words(text);
        let old = words.first().is_some_and(|word| !word.contains('='));
        let pairs: Vec<(String, String)> = if old {
            let (name, value) = text.trim().split_once(char::is_whitespace).unwrap_or((text, ""));
            vec![(name.to_owned(), value.trim().to_owned())]
        } else {
            let pair = |word: &String| {
                word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
            };
            words.iter().filter_map(pair).collect()
        };
        // All values of a line see the variables as they were before it (Dockerfile reference,
        // "Environment replacement").
        let before = self.clone();
        self.env.extend(pairs.into_iter().map(|(name, value)| (name, before.put_in(&value).0)));
    }

    /// Puts values in the place of `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}`. Also
    /// returns the names that have no value; they become nothing, as Docker does it.
    pub(super) fn put_in(&self, text: &str) -> (String, Vec<String>) {
        let (mut out, mut missing) = (String::new(), Vec::new());
        let mut rest = text;
        while let Some(at) = rest.find(['$', '\\']) {
            let (before, found) = rest.split_at(at);
            out.push_str(before);
            let after = &found[1..];
            if found.starts_with('\\') {
                let next = after.chars().next();
                out.extend(next);
                rest = &after[next.map_or(0, char::len_utf8)..];
            } else if let Some(inner) = after.strip_prefix('{') {
                let Some((inside, left)) = inner.split_once('}') else {
                    out.push_str(found);
                    return (out, missing);
                };
                self.braces(inside, &mut out, &mut missing);
                rest = left;
            } else {
                let name = name_at(after);
                if name.is_empty() {
                    out.push('$');
                } else {
                    self.plain(name, &mut out, &mut missing);
                }
                rest = &after[name.len()..];
            }
        }
        out.push_str(rest);
        (out, missing)
    }

    fn value(&self, name: &str) -> Option<&String> {
        // ENV goes before ARG (Dockerfile reference, "Using ARG variables").
        self.env.get(name).or_else(|| self.args.get(name))
    }

    fn plain(&self, name: &str, out: &mut String, missing: &mut Vec<String>) {
        match self.value(name) {
            Some(value) => out.push_str(value),
            None => missing.push(name.to_owned()),
        }
    }

    fn braces(&self, inside: &str, out: &mut String, missing: &mut Vec<String>) {
        let name = name_at(inside);
        let operator = &inside[name.len()..];
        let value = self.value(name);
        let full = value.filter(|value| !value.is_empty());
        if let Some(word) = operator.strip_prefix(":-") {
            out.push_str(full.map_or(word, String::as_str));
        } else if let Some(word) = operator.strip_prefix('-') {
            out.push_str(value.map_or(word, String::as_str));
        } else if let Some(word) = operator.strip_prefix(":+") {
            out.push_str(if full.is_some() { word } else { "" });
        } else if let Some(word) = operator.strip_prefix('+') {
            out.push_str(if value.is_some() { word } else { "" });
        } else if operator.is_empty() {
            self.plain(name, out, missing);
        } else {
            missing.push(inside.to_owned());
        }
    }
}

/// Returns the name of a variable with which a text begins.
fn name_at(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

/// Cuts a text at white space outside quotes, and takes the quotes away.
pub(crate) fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut begun) = (Vec::new(), String::new(), false);
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                begun = true;
            }
            (None, _) if c.is_whitespace() => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            (None | Some('"'), '\\') => {
                word.extend(chars.next());
                begun = true;
            }
            _ => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_as_docker_does_it() {
        let mut globals = Variables::default();
        globals.arg("PORT=3000 HOST=\"a b\"", &Variables::default());
        let mut here = Variables::default();
        here.arg("PORT", &globals);
        here.arg("OTHER", &globals);
        here.env("NAME old form");
        here.env("UPPER=8${PORT} 'QUOTED'=x\\ y EMPTY=");
        let cases = [
            ("$PORT/tcp", "3000/tcp", 0),
            ("${PORT}", "3000", 0),
            ("${UPPER}", "83000", 0),
            ("${NOWHERE:-81}${EMPTY:-82}${EMPTY-83}", "8182", 0),
            ("${PORT:+84}${NOWHERE+85}", "84", 0),
            ("$OTHER$NOWHERE", "", 2),
            ("$NAME|$QUOTED|\\$PORT|$|${", "old form|x y|$PORT|$|${", 0),
            ("ü$PORT€\\é", "ü3000€é", 0),
        ];
        for (text, wanted, missing) in cases {
            let (found, without) = here.put_in(text);
            assert_eq!((found.as_str(), without.len()), (wanted, missing), "{text}");
        }
    }
}
