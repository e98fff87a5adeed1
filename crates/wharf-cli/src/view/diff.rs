//! What a change of a spec means, as text and as a document.

use serde_json::{Value, json};

use super::consequences::consequences;
use super::entries::totals;
use super::plan::{self, Mode};
use super::{add, paint};
use crate::exposure::widenings;
use crate::review::Review;
use crate::ui::style;

/// Version of the document. Minor additions never break a reader.
pub(crate) const FORMAT: &str = "wharf.diff/1";

/// Writes each environment with what changes in it.
pub(crate) fn text(review: &Review, mode: Mode) -> String {
    let head = paint(style::STRONG, "wharf diff");
    let mut out = format!("{head}  {} → {}\n", review.old, review.new);
    for one in &review.environments {
        let plan = &one.plan;
        let stack = paint(style::STRONG, &plan.stack);
        let env = one.env.as_ref().map(|env| format!(" ({env})")).unwrap_or_default();
        if plan.is_empty() && one.notes.is_empty() {
            add(&mut out, format_args!("\n{stack}{env}: no difference\n"));
            continue;
        }
        add(&mut out, format_args!("\n{stack}{env}\n"));
        for note in &one.notes {
            add(&mut out, format_args!("  {note}\n"));
        }
        if plan.is_empty() {
            continue;
        }
        out.push_str(&plan::changes(plan, mode));
        for (label, text) in consequences(plan) {
            add(&mut out, format_args!("{label:<9}{text}\n"));
        }
        add(&mut out, format_args!("Diff     {}\n", totals(plan)));
    }
    out
}

/// Writes everything as a document.
pub(crate) fn json(review: &Review) -> Value {
    let environments: Vec<Value> = review
        .environments
        .iter()
        .map(|one| {
            let steps: Vec<Value> = one
                .plan
                .steps
                .iter()
                .map(|step| {
                    json!({
                        "id": step.id,
                        "address": step.address,
                        "action": step.action,
                        "part": step.part,
                        "reason": step.reason,
                        "needs": step.needs,
                        "changes": step.changes,
                    })
                })
                .collect();
            json!({
                "env": one.env,
                "stack": one.plan.stack,
                "region": one.plan.region,
                "notes": one.notes,
                "summary": one.plan.summary,
                "impact": one.plan.impact,
                "opens": widenings(&one.plan),
                "steps": steps,
            })
        })
        .collect();
    json!({
        "format": FORMAT,
        "wharf": env!("CARGO_PKG_VERSION"),
        "old": review.old,
        "new": review.new,
        "differs": review.differs(),
        "environments": environments,
    })
}
