//! What somebody changed outside wharf.

use serde_json::{Value, json};
use wharf_plan::{KNOWN_AFTER_APPLY, MASK, Plan, Step};

use super::{add, paint, title, value};
use crate::ui::style;

/// Writes the drifted resources, each field on a line.
pub(crate) fn text(plan: &Plan, drifted: &[&Step]) -> String {
    if drifted.is_empty() {
        let mut text = format!("No drift in {}: nothing was changed outside wharf.\n", plan.stack);
        if !plan.is_empty() {
            text.push_str("The spec itself has changes; `wharf plan` shows them.\n");
        }
        return text;
    }
    let mut text = String::new();
    for step in drifted {
        let head = format!("{} {}", title(&step.address), step.address.name());
        add(&mut text, format_args!("{}: {}\n", paint(style::CHANGE, &head), step.reason));
        for change in step.changes.iter().filter(|_| step.op.live().is_some()) {
            let (wanted, live) = if change.sensitive {
                (MASK.to_owned(), MASK.to_owned())
            } else if change.unknown {
                (KNOWN_AFTER_APPLY.to_owned(), value(&change.before))
            } else {
                (value(&change.after), value(&change.before))
            };
            add(&mut text, format_args!("  {}  spec: {wanted}, live: {live}\n", change.path));
        }
    }
    text.push_str("`wharf apply` puts it back.\n");
    text
}

/// Writes the same as a document.
pub(crate) fn json(plan: &Plan, drifted: &[&Step]) -> Value {
    let drift: Vec<Value> = drifted
        .iter()
        .map(|step| {
            json!({
                "address": step.address,
                "action": step.action,
                "reason": step.reason,
                "id": step.op.live().map(|live| &live.id),
                "changes": step.changes,
            })
        })
        .collect();
    json!({
        "format": "wharf.drift/1",
        "stack": plan.stack,
        "account": plan.account,
        "region": plan.region,
        "drift": drift,
    })
}
