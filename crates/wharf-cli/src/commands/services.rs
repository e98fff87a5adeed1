//! Which services of the spec a command is about.

use wharf_spec::Stack;

use crate::error::CliError;
use crate::exit::Exit;

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

fn names(stack: &Stack) -> String {
    let names: Vec<&str> = stack.services.keys().map(String::as_str).collect();
    names.join(", ")
}
