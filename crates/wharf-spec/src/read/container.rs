//! What services, jobs and sidecars say about a container in the same words.

use std::collections::BTreeMap;

use super::context::Cx;
use super::{deploy, size, variables};
use crate::keys::{Fields, shorten};
use crate::problem::Problem;
use crate::stack::{SecretRef, Statement};
use crate::units;

/// What runs in a container, and with which variables.
pub(super) struct Process {
    pub(super) command: Option<Vec<String>>,
    pub(super) entrypoint: Option<Vec<String>>,
    pub(super) user: Option<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) secrets: BTreeMap<String, SecretRef>,
}

pub(super) fn process(cx: &mut Cx, fields: Fields<'_>) -> Process {
    let words = command(cx, fields, "command");
    let entrypoint = command(cx, fields, "entrypoint");
    let env = fields.get(cx, "env").map(|node| variables::env(cx, node)).unwrap_or_default();
    let secrets = fields.get(cx, "secrets");
    let secrets = secrets.map(|node| variables::secrets(cx, node)).unwrap_or_default();
    variables::refuse_both(cx, fields);
    let user = fields.get(cx, "user").and_then(|node| units::text(cx, node, "`user`"));
    Process { command: words, entrypoint, user, env, secrets }
}

/// What a task is beside its first container.
pub(super) struct Frame {
    pub(super) cpu: u32,
    pub(super) memory: u32,
    pub(super) stop_timeout: u32,
    pub(super) permissions: Vec<Statement>,
    pub(super) task_role: Option<String>,
    pub(super) log_retention: Option<u32>,
}

pub(super) fn frame(cx: &mut Cx, fields: Fields<'_>) -> Frame {
    let (cpu, memory) = size::read(cx, fields);
    let permissions = fields.get(cx, "permissions");
    let (permissions, task_role) =
        permissions.map(|node| variables::permissions(cx, node)).unwrap_or_default();
    // ECS API reference, ContainerDefinition.stopTimeout: at most 120 seconds on Fargate.
    let stop_timeout = fields
        .get(cx, "stop_timeout")
        .and_then(|node| units::duration(cx, node, "`stop_timeout`", 2, 120))
        .unwrap_or(30);
    let logs = fields.get(cx, "logs");
    let log_retention = deploy::logs(cx, logs);
    Frame { cpu, memory, stop_timeout, permissions, task_role, log_retention }
}

fn command(cx: &mut Cx, fields: Fields<'_>, key: &str) -> Option<Vec<String>> {
    let node = fields.get(cx, key)?;
    if let Some(scalar) = node.scalar() {
        let words: Vec<String> =
            scalar.text.split_whitespace().map(|word| format!("\"{word}\"")).collect();
        cx.push(
            Problem::error("E007", node.span, format!("`{key}` must be a list of words"))
                .label("this is one text")
                .help(format!("write [{}]", shorten(&words.join(", "))))
                .help(format!(
                    "for a shell, write [\"sh\", \"-c\", \"{}\"]",
                    shorten(&scalar.text)
                )),
        );
        return None;
    }
    let items = units::texts(cx, node, &format!("`{key}`"))?;
    if items.is_empty() {
        cx.push(
            Problem::error("E009", node.span, format!("`{key}` is empty"))
                .label("no words")
                .help("remove the line to use what the image says"),
        );
    }
    for (word, span) in &items {
        variables::refuse_credential(cx, "", word, *span);
    }
    Some(items.into_iter().map(|(word, _)| word).collect())
}
