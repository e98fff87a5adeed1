//! `${app}` and `${env}`, and nothing else.

use crate::document::{Node, Value};
use crate::problem::{Problem, Span};

/// What the two names stand for.
pub(crate) struct Variables {
    pub(crate) app: String,
    pub(crate) env: Environment,
}

/// What `${env}` stands for.
pub(crate) enum Environment {
    /// The file declares environments and this one is looked at.
    Named(String),
    /// The file declares none.
    Absent,
    /// The declaration itself is broken and has been reported.
    Unknown,
}

/// Replaces the variables in every value of the tree.
pub(crate) fn interpolate(node: &mut Node, variables: &Variables, problems: &mut Vec<Problem>) {
    match &mut node.value {
        Value::Scalar(scalar) if scalar.text.contains("${") => {
            scalar.text = replace(&scalar.text, node.span, variables, problems);
            scalar.plain = false;
        }
        Value::Scalar(_) => {}
        Value::List(items) => {
            for item in items {
                interpolate(item, variables, problems);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                interpolate(&mut entry.value, variables, problems);
            }
        }
    }
}

fn replace(text: &str, span: Span, variables: &Variables, problems: &mut Vec<Problem>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let Some(end) = inner.find('}') else {
            problems.push(
                Problem::error("E020", span, "`${` without a closing `}`")
                    .label("in this value")
                    .help("write `${app}` or `${env}`; a lone `$` needs no escape"),
            );
            out.push_str(&rest[at..]);
            return out;
        };
        match (&inner[..end], &variables.env) {
            ("app", _) => out.push_str(&variables.app),
            ("env", Environment::Named(env)) => out.push_str(env),
            ("env", Environment::Unknown) => out.push_str("env"),
            ("env", Environment::Absent) => problems.push(
                Problem::error(
                    "E020",
                    span,
                    "`${env}` is used, but the file declares no environments",
                )
                .label("has no value")
                .help("declare `environments:`, or write the name out"),
            ),
            (name, _) => problems.push(unknown(name, span)),
        }
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    out
}

fn unknown(name: &str, span: Span) -> Problem {
    let shown: String = name.chars().take(40).collect();
    let problem = Problem::error(
        "E020",
        span,
        format!("`${{{shown}}}` is not a variable of the spec"),
    )
    .label("in this value")
    .note("only `${app}` and `${env}` are replaced, so that a reader of the file knows the result");
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        problem.help(format!(
            "for a variable of the container's shell, write `${shown}` without braces"
        ))
    } else {
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Scalar;

    fn run(text: &str, env: Environment) -> (String, Vec<&'static str>) {
        let variables = Variables { app: "notes".to_owned(), env };
        let scalar = Scalar { text: text.to_owned(), plain: true };
        let mut node = Node { value: Value::Scalar(scalar), span: Span::default() };
        let mut problems = Vec::new();
        interpolate(&mut node, &variables, &mut problems);
        let text = node.scalar().unwrap().text.clone();
        (text, problems.iter().map(|problem| problem.code).collect())
    }

    #[test]
    fn both_variables_are_replaced_everywhere() {
        let prod = Environment::Named("prod".to_owned());
        assert_eq!(run("${app}/${env}/${app}", prod), ("notes/prod/notes".to_owned(), vec![]));
    }

    #[test]
    fn a_dollar_alone_stays() {
        assert_eq!(run("$HOME $$ 5$", Environment::Absent), ("$HOME $$ 5$".to_owned(), vec![]));
    }

    #[test]
    fn anything_else_is_an_error() {
        assert_eq!(run("a${HOME}b", Environment::Absent).1, ["E020"]);
        assert_eq!(run("${env}", Environment::Absent).1, ["E020"]);
        assert_eq!(run("${app", Environment::Absent).1, ["E020"]);
        assert_eq!(run("${}${ app }", Environment::Absent).1, ["E020", "E020"]);
    }
}
