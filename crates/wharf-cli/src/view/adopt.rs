//! What adopting would do, as text and JSON.

use serde_json::json;
use wharf_graph::StackId;

use super::{add, count, paint, plan, title};
use crate::commands::Takeover;
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::style;

/// Lists what would be tagged, then the plan as it will be.
pub(crate) fn text(takeover: &Takeover, mode: plan::Mode) -> String {
    let mut out = String::new();
    if takeover.claims.is_empty() {
        out.push_str("Nothing to adopt: nothing that carries nobody's tags stands under a name the spec needs.\n");
        return out;
    }
    let what = count(takeover.claims.len(), "object");
    add(
        &mut out,
        format_args!(
            "{} to adopt; each gets the stack's tags and nothing else:\n",
            paint(style::STRONG, &what)
        ),
    );
    for (id, address) in &takeover.claims {
        let line = format!("  & {:<18} {:<28} {id}", title(address), address.name());
        add(&mut out, format_args!("{}\n", paint(style::CHANGE, &line)));
    }
    if takeover.plan.is_empty() {
        out.push_str("\nThey are as the spec wants them.\n");
    } else {
        out.push_str("\nAfter that, `wharf apply` would do this:\n\n");
        out.push_str(&plan::text(&takeover.plan, mode));
    }
    out
}

/// Writes the same as a document, with the whole plan in it.
pub(crate) fn json(stack: &StackId, takeover: &Takeover) -> Result<String, CliError> {
    let plan = serde_json::to_value(&takeover.plan)
        .map_err(|error| CliError::from_error(Exit::Other, &error))?;
    let adopt: Vec<_> = takeover
        .claims
        .iter()
        .map(|(id, address)| {
            json!({"address": address, "id": id, "tags": wharf_aws::adopt::tags(stack, address)})
        })
        .collect();
    let document = json!({
        "format": "wharf.adopt/1",
        "stack": stack.to_string(),
        "adopt": adopt,
        "plan": plan,
    });
    Ok(format!("{document:#}\n"))
}
