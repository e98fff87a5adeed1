//! Which services and jobs of the spec a command is about.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use wharf_graph::StepContext;
use wharf_spec::Stack;

use crate::args::Format;
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;

/// Returns the service asked for, or all of them.
pub(super) fn chosen(stack: &Stack, asked: Option<&str>) -> Result<Vec<String>, CliError> {
    match asked {
        None => Ok(stack.services.keys().cloned().collect()),
        Some(name) if stack.services.contains_key(name) => Ok(vec![name.to_owned()]),
        Some(name) => Err(CliError::new(Exit::Usage, format!("the spec has no service `{name}`"))
            .hint(format!("its services: {}", names(stack)))),
    }
}

/// Returns the service asked for, or the only one there is.
pub(super) fn single(stack: &Stack, asked: Option<&str>, flag: &str) -> Result<String, CliError> {
    let mut all = chosen(stack, asked)?;
    if all.len() == 1 {
        return Ok(all.remove(0));
    }
    Err(CliError::new(Exit::Usage, "the stack has several services; say which one is meant")
        .hint(format!("{flag}, with one of: {}", names(stack))))
}

/// Prepares something that is done to one service: it says how it stands whenever that changes, and has
/// as much time as a rollout of the service, unless told otherwise.
pub(super) fn step(session: &Session, name: &str, detach: bool) -> StepContext {
    let own = session
        .spec
        .stack
        .services
        .get(name)
        .map_or(Duration::ZERO, |service| Duration::from_secs(service.deploy.timeout.into()));
    let (ui, service) = (session.ui, name.to_owned());
    let last = Mutex::new(String::new());
    StepContext {
        token: String::new(),
        budget: session.global.timeout.unwrap_or(own),
        detach,
        notes: Arc::new(move |note| {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if *last != note.message {
                ui.say(&format!("  {service}  {}", note.message));
                last.clone_from(&note.message);
            }
        }),
    }
}

/// What became of a service: the sentence for people, and what a document says of it.
pub(super) type Told = (String, Value);

/// Does something to services side by side. Each is seen to its end; the first failure is the answer.
pub(super) async fn side_by_side(
    session: &Session,
    chosen: &[String],
    verb: &str,
    work: impl AsyncFn(&str) -> Result<Told, CliError>,
) -> Result<Exit, CliError> {
    let work = &work;
    let results = join_all(chosen.iter().map(|name| work(name))).await;
    let (mut documents, mut failed) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok((sentence, document)) => {
                session.ui.say(&sentence);
                documents.push(document);
            }
            Err(error) => failed.push(error),
        }
    }
    let mut failed = failed.into_iter();
    if let Some(mut first) = failed.next() {
        first.causes.extend(failed.map(|other| other.message));
        return Err(first);
    }
    if session.global.format == Format::Json {
        let stack = session.id().to_string();
        let all =
            json!({"format": format!("wharf.{verb}/1"), "stack": stack, "services": documents});
        session.ui.data(&format!("{all:#}\n"))?;
    }
    Ok(Exit::Done)
}

/// Returns the service or job asked for; without a name, all services.
pub(super) fn writers(stack: &Stack, asked: Option<&str>) -> Result<Vec<String>, CliError> {
    match asked {
        Some(name) if stack.workload(name).is_some() => Ok(vec![name.to_owned()]),
        Some(name) if stack.workloads().any(wharf_spec::stack::Workload::ends) => {
            Err(nothing(stack, name, |_| true))
        }
        _ => chosen(stack, asked),
    }
}

/// Returns the service or job that is to be run.
pub(super) fn runnable(stack: &Stack, name: &str) -> Result<String, CliError> {
    if stack.services.contains_key(name) || stack.jobs.contains_key(name) {
        return Ok(name.to_owned());
    }
    if stack.jobs.is_empty() {
        return single(stack, Some(name), "name it");
    }
    Err(nothing(stack, name, |one| one.kind != wharf_spec::stack::WorkloadKind::Release))
}

/// Says that there is neither a service nor a job of a name.
fn nothing(
    stack: &Stack,
    name: &str,
    fits: impl Fn(&wharf_spec::stack::Workload<'_>) -> bool,
) -> CliError {
    let names: Vec<&str> = stack.workloads().filter(fits).map(|one| one.name).collect();
    CliError::new(Exit::Usage, format!("the spec has neither a service nor a job `{name}`"))
        .hint(format!("there is {}", names.join(", ")))
}

fn names(stack: &Stack) -> String {
    let names: Vec<&str> = stack.services.keys().map(String::as_str).collect();
    names.join(", ")
}
