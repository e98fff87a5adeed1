//! Consent: what a plan may do because somebody said so, by a flag or by an answer.

use wharf_plan::{Danger, DangerKind, Level, Plan};

use crate::args::Consent;
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::Ui;

/// Who has seen the plan before it is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nobody: it was made and is carried out in one go.
    Nobody,
    /// Whoever reviewed the file it comes from. That is consent to deletions, not to harm.
    InAFile,
    /// Whoever answers at the terminal. Deletions are part of what the last question is about.
    AtATerminal,
}

/// Makes sure that there is consent to everything the plan does only with consent. Returns whether to
/// go on.
pub(super) fn obtain(plan: &Plan, args: &Consent, seen: Seen, ui: Ui) -> Result<bool, CliError> {
    hopeless(plan)?;
    let open: Vec<&Danger> =
        plan.consent.iter().filter(|danger| !given(danger, plan, args, seen)).collect();
    if open.is_empty() {
        return Ok(true);
    }
    if args.yes || !Ui::can_ask() {
        return Err(refused(&open));
    }
    for danger in open {
        let question = format!(
            "{}: {}: {}. Do it? Only `yes` is taken as yes:",
            danger.kind, danger.address, danger.what
        );
        if ui.ask(&question)? != "yes" {
            ui.say(&format!("Nothing was changed. The flag for it is {}.", danger.flag));
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is certain to go wrong is not begun.
fn hopeless(plan: &Plan) -> Result<(), CliError> {
    let mut errors = plan.checks.iter().filter(|check| check.level == Level::Error).peekable();
    if errors.peek().is_none() {
        return Ok(());
    }
    let mut error = CliError::new(Exit::Other, "this plan would fail in this account");
    for check in errors {
        let of = check.address.as_ref().map(|at| format!("{at}: ")).unwrap_or_default();
        error = error.cause(format!("error[{}] {of}{}", check.code, check.message));
    }
    Err(error.hint("`wharf explain CODE` says more"))
}

fn given(danger: &Danger, plan: &Plan, args: &Consent, seen: Seen) -> bool {
    match danger.kind {
        DangerKind::Outage => args.allow_downtime.contains(&danger.address),
        DangerKind::DataLoss => args.allow_delete,
        DangerKind::Delete => {
            // Whoever destroys a stack by a file does not type its name.
            args.allow_delete || (seen != Seen::Nobody && !plan.inputs.destroy)
        }
    }
}

fn refused(open: &[&Danger]) -> CliError {
    let deletes = open.iter().all(|danger| danger.kind == DangerKind::Delete);
    let message = if deletes {
        "this would delete, and nobody has looked at the plan"
    } else {
        "this would do harm that nobody has consented to"
    };
    let mut error = CliError::new(Exit::Refused, message);
    for danger in open {
        error = error.cause(format!("{}: {}: {}", danger.kind, danger.address, danger.what));
    }
    let mut flags: Vec<&str> = open.iter().map(|danger| danger.flag.as_str()).collect();
    flags.sort_unstable();
    flags.dedup();
    let mut hint = format!("if that is meant, add {}", flags.join(" "));
    if deletes {
        hint.push_str(", or review a plan saved with `wharf plan --out FILE` and apply that");
    }
    error.hint(hint)
}
