//! How a run ended: what is done, failed, skipped, and what to do now.

use wharf_apply::{Report, StepState, Verdict};
use wharf_plan::{Action, Plan};

use super::{add, count, paint, seconds, title};
use crate::ui::style;

/// Writes the end of a run.
pub(crate) fn text(plan: &Plan, report: &Report) -> String {
    let mut out = String::new();
    for (step, failure) in report.failures() {
        add(
            &mut out,
            format_args!(
                "\n{} {} {}\n  {}\n",
                paint(style::DELETE, "FAILED"),
                title(&step.address),
                step.address.name(),
                failure.to_string().replace('\n', "\n  ")
            ),
        );
        if let Some(id) = &failure.request_id {
            add(&mut out, format_args!("  request id {id}\n"));
        }
        let said = failure.to_string();
        let cause = failure.code.as_deref().and_then(|code| wharf_doctor::of_error(code, &said));
        if let Some(cause) = cause {
            add(&mut out, format_args!("  {}: {}\n", cause.code, cause.what));
            for line in cause.lines() {
                add(&mut out, format_args!("  {line}\n"));
            }
        }
        for hint in &failure.hints {
            add(&mut out, format_args!("  {}\n", hint.replace('\n', "\n  ")));
        }
    }
    for step in report.waiting() {
        if let StepState::Waiting { what, how } = &step.state {
            add(
                &mut out,
                format_args!("\n{} {}: {what}\n", paint(style::CHANGE, "WAITING"), step.address),
            );
            for line in how {
                add(&mut out, format_args!("  {line}\n"));
            }
        }
    }
    for step in report.skipped() {
        if let StepState::Skipped { because_address, .. } = &step.state {
            add(
                &mut out,
                format_args!(
                    "  skipped {} {}, because of {because_address}\n",
                    step.action, step.address
                ),
            );
        }
    }
    for step in report.steps.iter().filter(|step| matches!(step.state, StepState::Aborted)) {
        add(&mut out, format_args!("  broken off: {} {}\n", step.action, step.address));
        if step.address.kind() == "service" && step.action != Action::Delete {
            out.push_str(
                "  ECS goes on with its rollout: `wharf wait` waits for it, `wharf cancel` goes back\n",
            );
        }
    }
    let done = report.done().count();
    let took = seconds(report.millis.div_ceil(1000));
    let what = if plan.inputs.destroy { "Destroyed" } else { "Applied" };
    let end = match report.verdict() {
        Verdict::Done => format!("\n{what}: {} in {took}.", count(done, "step")),
        Verdict::Waiting => format!(
            "\n{} done in {took}; the rest waits. Run the same command again when that is there.",
            count(done, "step")
        ),
        verdict => format!(
            "\n{}: {} of {} done in {took}. Running the same command again goes on from here.",
            word(verdict),
            done,
            count(report.steps.len(), "step")
        ),
    };
    out.push_str(&end);
    out
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Done | Verdict::Waiting => "Done",
        Verdict::RolledBack => "Rolled back; the old release is live",
        Verdict::Denied => "Not allowed",
        Verdict::Failed => "Failed",
        Verdict::TimedOut => "Out of time",
        Verdict::Interrupted => "Interrupted",
    }
}
