//! What a plan means beyond its steps: what users notice, and what it needs consent for.

use std::collections::BTreeMap;

use wharf_plan::{Cost, ImpactKind, Plan};

use super::seconds;

/// Returns labelled lines, the same in every form of a plan.
pub(crate) fn consequences(plan: &Plan) -> Vec<(&'static str, String)> {
    let mut lines = vec![("Impact", impact(plan))];
    lines.extend(plan.cost.as_ref().map(|cost| ("Money", money(cost))));
    lines.extend(consent(plan).map(|flags| ("Consent", flags)));
    lines
}

fn impact(plan: &Plan) -> String {
    let impact = &plan.impact;
    let whole = seconds(impact.seconds);
    if impact.sentence.is_empty() {
        let about = if impact.seconds == 0 { String::new() } else { format!(", about {whole}") };
        return match impact.kind {
            ImpactKind::None => format!("none for users of the service{about}"),
            ImpactKind::Rolling => format!("rolling restart{about}, no downtime"),
            ImpactKind::Outage => format!("requests are not answered for a while{about}"),
            ImpactKind::DataLoss => format!("data is deleted for good{about}"),
        };
    }
    let mut parts = vec![impact.sentence.clone()];
    if impact.seconds > 0 && !impact.sentence.contains(&format!("about {whole}")) {
        parts.push(format!("all of it takes about {whole}"));
    }
    if let Some(costliest) = &impact.costliest {
        let part = seconds(costliest.seconds);
        let (spent_on, setting) = (&costliest.spent_on, &costliest.setting);
        parts.push(format!("{part} of it is {spent_on} (`{setting}`)"));
    }
    parts.join("; ")
}

/// Says which flags the plan is applied with, and what for. Destroying is consented to by name.
fn consent(plan: &Plan) -> Option<String> {
    if plan.inputs.destroy || plan.consent.is_empty() {
        return None;
    }
    let mut flags: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for danger in &plan.consent {
        flags.entry(&danger.flag).or_default().push(danger.address.to_string());
    }
    let list: Vec<String> = flags
        .into_iter()
        .map(|(flag, of)| {
            if flag.contains(' ') { flag.to_owned() } else { format!("{flag} ({})", of.join(", ")) }
        })
        .collect();
    Some(format!("apply asks, or takes {}", list.join(" and ")))
}

/// Says what the stack costs at least; a floor, since traffic and storage come on top.
fn money(cost: &Cost) -> String {
    let Some(cents) = cost.cents_per_month else {
        return format!("unknown: the {}", cost.unknown.join("; the "));
    };
    let change = match cost.cents_change {
        None | Some(0) => String::new(),
        Some(change) => {
            let sign = if change < 0 { "-" } else { "+" };
            format!(" ({sign}{})", dollars(change.unsigned_abs()))
        }
    };
    let varying = cost.varying.join(" and ");
    let varying = if varying.is_empty() { varying } else { format!("; plus {varying}") };
    format!(
        "about {} a month at least{change}, by list prices of {}, without traffic and storage{varying}",
        dollars(cents),
        cost.prices_of
    )
}

fn dollars(cents: u64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}
