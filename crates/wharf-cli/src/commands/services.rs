//! Which services of the spec a command is about.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wharf_graph::StepContext;
use wharf_spec::Stack;

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

fn names(stack: &Stack) -> String {
    let names: Vec<&str> = stack.services.keys().map(String::as_str).collect();
    names.join(", ")
}
