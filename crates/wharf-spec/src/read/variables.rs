//! What a container is told and may do: environment, secrets, permissions.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Cx;
use super::owned;
use crate::credential;
use crate::document::Node;
use crate::keys::{self, Fields, shorten};
use crate::problem::{Problem, Span};
use crate::stack::{SecretRef, Statement};
use crate::units;

pub(super) fn env(cx: &mut Cx, node: &Node) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    let Some(entries) = node.map() else {
        cx.push(
            Problem::error("E007", node.span, "`env` must be a map of names and values")
                .label(format!("this is {}", node.describe()))
                .help("write `NAME: value`, one per line"),
        );
        return env;
    };
    for entry in entries {
        let name = entry.key.text.as_str();
        check_name(cx, name, entry.key.span);
        if entry.value.is_null() {
            cx.push(
                Problem::error("E009", entry.key.span, format!("`{}` has no value", shorten(name)))
                    .label("nothing follows")
                    .help("for an empty value, write \"\"")
                    .help("for a value that is looked up, use `secrets:`"),
            );
            continue;
        }
        let Some(value) = units::text(cx, &entry.value, "the value of a variable") else {
            continue;
        };
        if let Some(rest) = value.strip_prefix("ssm:").or_else(|| value.strip_prefix("sm:"))
            && !rest.is_empty()
        {
            cx.push(
                Problem::error(
                    "E050",
                    entry.value.span,
                    "a reference to a secret belongs under `secrets`",
                )
                .label("would be passed on as this text")
                .help(format!("move `{}` from `env:` to `secrets:`", shorten(name))),
            );
        } else {
            refuse_credential(cx, name, &value, entry.value.span);
        }
        env.insert(name.to_owned(), value);
    }
    env
}

/// Refuses a literal that looks like a credential, with the way to store it.
pub(super) fn refuse_credential(cx: &mut Cx, name: &str, value: &str, span: Span) {
    let found = if name.is_empty() {
        credential::by_value(value)
    } else {
        credential::looks_like(name, value)
    };
    let Some(what) = found else { return };
    let variable = if name.is_empty() { "SECRET" } else { name };
    let parameter = format!("/{}/{}", cx.stack.replace('-', "/"), variable.to_ascii_lowercase());
    let region = if cx.region.is_empty() { "REGION" } else { &cx.region };
    let mut problem = Problem::error("E051", span, format!("this looks like {what}"))
        .label("must not stand in a file that others read")
        .note("task definitions show plain variables to everybody who may read them, too")
        .help(format!(
            "store it: aws ssm put-parameter --region {region} --type SecureString --name {parameter} --value 'THE VALUE'"
        ))
        .help(format!("and name it: secrets: {{ {variable}: \"ssm:{parameter}\" }}"));
    problem.sensitive = true;
    cx.push(problem);
}

fn check_name(cx: &mut Cx, name: &str, span: Span) {
    let start = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if start && name.len() <= 256 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return;
    }
    let problem =
        Problem::error("E052", span, format!("`{}` is not the name of a variable", shorten(name)))
            .label("letters, digits and `_`, not starting with a digit");
    let fixed = name.replace(['-', '.', ' '], "_");
    cx.push(if start && fixed != name {
        problem.help(format!("write {}", shorten(&fixed)))
    } else {
        problem
    });
}

/// Reports names that stand under `env` and `secrets` both.
pub(super) fn refuse_both(cx: &mut Cx, fields: Fields<'_>) {
    let map = |key| fields.entry(key).and_then(|entry| entry.value.map()).unwrap_or_default();
    let plain: BTreeMap<&str, Span> =
        map("env").iter().map(|entry| (entry.key.text.as_str(), entry.key.span)).collect();
    for secret in map("secrets") {
        if let Some(plain) = plain.get(secret.key.text.as_str()) {
            cx.push(
                Problem::error(
                    "E052",
                    secret.key.span,
                    format!("`{}` is set twice", shorten(&secret.key.text)),
                )
                .label("as a secret")
                .also(*plain, "as a plain variable")
                .help("keep one of them"),
            );
        }
    }
}

pub(super) fn secrets(cx: &mut Cx, node: &Node) -> BTreeMap<String, SecretRef> {
    let mut secrets = BTreeMap::new();
    let Some(entries) = node.map() else {
        cx.push(
            Problem::error("E007", node.span, "`secrets` must be a map of names and references")
                .label(format!("this is {}", node.describe()))
                .help("write `NAME: ssm:/path` or `NAME: sm:name#key`, one per line"),
        );
        return secrets;
    };
    for entry in entries {
        check_name(cx, &entry.key.text, entry.key.span);
        let Some(text) = units::text(cx, &entry.value, "a reference to a secret") else { continue };
        if let Some(secret) = secret(cx, &entry.key.text, &text, entry.value.span) {
            secrets.insert(entry.key.text.clone(), secret);
        }
    }
    secrets
}

fn secret(cx: &mut Cx, variable: &str, text: &str, span: Span) -> Option<SecretRef> {
    let bad = |label: &str| {
        Problem::error("E050", span, format!("`{}` is not a reference to a secret", shorten(text)))
            .label(label)
    };
    if let Some(name) = text.strip_prefix("ssm:") {
        // Systems Manager API reference, PutParameter: letters, digits, `_.-` and slashes.
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-/".contains(&b);
        let problem = if !name.starts_with('/') {
            bad("the name of a parameter starts with a slash")
                .help(format!("write ssm:/{}", shorten(name)))
        } else if name.len() < 2 || name.ends_with('/') || name.contains("//") || name.len() > 1011
        {
            bad("not the name of a parameter").help("for example ssm:/notes/prod/database_url")
        } else if let Some(c) = name.chars().find(|c| !c.is_ascii() || !allowed(*c as u8)) {
            bad(&format!("`{}` is not allowed in the name of a parameter", c.escape_debug()))
        } else {
            return Some(SecretRef::Ssm { name: name.to_owned() });
        };
        cx.push(problem);
        return None;
    }
    if let Some(rest) = text.strip_prefix("sm:") {
        let (name, key) = match rest.split_once('#') {
            Some((name, key)) => (name, Some(key)),
            None => (rest, None),
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/_+=.@-:".contains(&b);
        let arn = name.starts_with("arn:");
        let problem = if name.is_empty() || name.len() > 512 || key.is_some_and(str::is_empty) {
            bad("expected sm:NAME or sm:NAME#KEY")
        } else if !name.bytes().all(allowed) || (!arn && name.contains(':')) {
            bad("not the name of a secret: letters, digits and /_+=.@-")
        } else if arn && !(name.contains(":secretsmanager:") && name.contains(":secret:")) {
            bad("not the ARN of a secret")
        } else if key.is_some_and(|key| key.contains(':')) {
            bad("`:` is not allowed in a key")
        } else {
            return Some(SecretRef::SecretsManager {
                name: name.to_owned(),
                key: key.map(ToOwned::to_owned),
            });
        };
        cx.push(problem);
        return None;
    }
    let mut problem =
        Problem::error("E050", span, "a secret is given as a reference, never as a value")
            .label("expected ssm:/PATH or sm:NAME#KEY");
    problem.sensitive = !text.starts_with('/') && !text.starts_with("arn:");
    if text.starts_with('/') {
        problem = problem.help(format!("for this parameter, write ssm:{}", shorten(text)));
    } else if text.starts_with("arn:") && text.contains(":secretsmanager:") {
        problem = problem.help("for this secret, write sm: in front");
    } else {
        let parameter =
            format!("/{}/{}", cx.stack.replace('-', "/"), variable.to_ascii_lowercase());
        let region = if cx.region.is_empty() { "REGION" } else { &cx.region };
        problem = problem
            .help(format!("store it: aws ssm put-parameter --region {region} --type SecureString --name {parameter} --value 'THE VALUE'"))
            .help(format!("and write ssm:{parameter}"));
    }
    cx.push(problem);
    None
}

/// Reads statements, or the ARN of a role that takes the place of the task role.
pub(super) fn permissions(cx: &mut Cx, node: &Node) -> (Vec<Statement>, Option<String>) {
    if let Some(items) = node.list() {
        return (items.iter().filter_map(|item| statement(cx, item)).collect(), None);
    }
    let role = node.map().is_some_and(|entries| entries.iter().any(|e| e.key.text == "use"))
        || node.scalar().is_some_and(|scalar| scalar.text.starts_with("arn:"));
    if role {
        let inner = owned::inner(cx, node);
        return (Vec::new(), inner.and_then(|node| owned::role(cx, node)));
    }
    cx.push(
        Problem::error("E007", node.span, "`permissions` must be a list of statements")
            .label(format!("this is {}", node.describe()))
            .help("for example - { allow: [\"s3:GetObject\"], on: [\"arn:aws:s3:::bucket/*\"] }"),
    );
    (Vec::new(), None)
}

fn statement(cx: &mut Cx, node: &Node) -> Option<Statement> {
    let fields = Fields::of(cx, node, &keys::STATEMENT)?;
    for (key, example) in
        [("allow", "allow: [\"s3:GetObject\"]"), ("on", "on: [\"arn:aws:s3:::bucket/*\"]")]
    {
        if fields.entry(key).is_none() {
            cx.missing(node.span, "a permission", key, example);
        }
    }
    let allow = fields.get(cx, "allow").and_then(|node| units::texts(cx, node, "`allow`"));
    let on = fields.get(cx, "on").and_then(|node| units::texts(cx, node, "`on`"));
    for (list, key) in [(&allow, "allow"), (&on, "on")] {
        if list.as_ref().is_some_and(Vec::is_empty) {
            let span = fields.entry(key).map_or(node.span, |entry| entry.value.span);
            cx.push(
                Problem::error("E082", span, format!("`{key}` is empty")).label("names nothing"),
            );
        }
    }
    for (action, span) in allow.iter().flatten() {
        let word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-*?".contains(&b))
        };
        if action == "*" {
            cx.push(
                Problem::warning("W103", *span, "this allows every action of AWS")
                    .label("everything")
                    .help("name the actions the service needs"),
            );
        } else if !action.split_once(':').is_some_and(|(service, name)| word(service) && word(name))
        {
            cx.push(
                Problem::error("E082", *span, format!("`{}` is not an action", shorten(action)))
                    .label("expected SERVICE:Action")
                    .help("for example s3:GetObject"),
            );
        }
    }
    for (resource, span) in on.iter().flatten() {
        if resource != "*" && (!resource.starts_with("arn:") || resource.split(':').count() < 6) {
            cx.push(
                Problem::error("E082", *span, format!("`{}` is not a resource", shorten(resource)))
                    .label("expected an ARN, which may contain `*`")
                    .help("for example arn:aws:s3:::notes-files/*"),
            );
        }
    }
    let set = |list: Option<Vec<(String, Span)>>| -> BTreeSet<String> {
        list.into_iter().flatten().map(|(text, _)| text).collect()
    };
    Some(Statement { allow: set(allow), on: set(on) })
}
