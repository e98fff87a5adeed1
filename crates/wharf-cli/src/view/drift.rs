//! What somebody changed outside wharf.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wharf_aws::trail::Deed;
use wharf_graph::Address;
use wharf_plan::{KNOWN_AFTER_APPLY, MASK, Plan, Step};

use super::{add, paint, title, value};
use crate::ui::style;

/// Who it was, by address, if anybody asked.
type Deeds<'a> = Option<&'a BTreeMap<Address, Deed>>;

/// Writes the drifted resources, each field on a line.
pub(crate) fn text(plan: &Plan, drifted: &[&Step], deeds: Deeds<'_>) -> String {
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
        if let Some(deeds) = deeds {
            add(&mut text, format_args!("  {}\n", by(deeds.get(&step.address))));
        }
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

/// Says who it was.
fn by(deed: Option<&Deed>) -> String {
    let Some(deed) = deed else {
        return "by nobody that CloudTrail knows of; events of the last minutes, or older than 90 days, are not in it"
            .to_owned();
    };
    let through = deed.through.as_ref().map(|through| format!(", with {through}"));
    format!("by {}, {}: {}{}", deed.by, deed.at, deed.event, through.unwrap_or_default())
}

/// Writes the same as a document.
pub(crate) fn json(plan: &Plan, drifted: &[&Step], deeds: Deeds<'_>) -> Value {
    let drift: Vec<Value> = drifted
        .iter()
        .map(|step| {
            json!({
                "address": step.address,
                "action": step.action,
                "reason": step.reason,
                "id": step.op.live().map(|live| &live.id),
                "changes": step.changes,
                "by": deeds.and_then(|deeds| deeds.get(&step.address)).map(|deed| {
                    json!({
                        "who": deed.by,
                        "at": deed.at,
                        "event": deed.event,
                        "through": deed.through,
                    })
                }),
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
