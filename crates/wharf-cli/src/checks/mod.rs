//! Numbered checks of a spec against the account it is planned for, a file for each noun.
//!
//! What keeps a resource from being declared at all is found where it is declared
//! (`wharf_graph::desired::Problem`) and has a number as well. Errors stop an apply, warnings do not.

mod alarm;
mod image;
mod network;
mod quota;
mod zone;

use wharf_graph::{Address, Snapshot};
use wharf_plan::{Check, Level};

use crate::session::Spec;

/// Returns what is worth saying beside the plan.
pub(crate) fn against_account(spec: &Spec, snapshot: &Snapshot) -> Vec<Check> {
    let facts = &snapshot.facts;
    let mut checks: Vec<Check> = spec.warnings.iter().map(from_spec).collect();
    checks.extend(alarm::checks(&spec.stack, facts));
    checks.extend(image::checks(&spec.stack, facts));
    checks.extend(network::checks(&spec.stack, facts));
    checks.extend(quota::checks(&spec.stack, snapshot));
    checks.extend(zone::checks(facts));
    checks
}

fn error(code: &str, address: Option<Address>, message: String) -> Check {
    Check { code: code.to_owned(), level: Level::Error, message, address }
}

fn warning(code: &str, address: Option<Address>, message: String) -> Check {
    Check { code: code.to_owned(), level: Level::Warning, message, address }
}

fn from_spec(problem: &wharf_spec::Problem) -> Check {
    warning(problem.code, None, problem.message.clone())
}
