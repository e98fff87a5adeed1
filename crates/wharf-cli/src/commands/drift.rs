//! `wharf drift`: only what somebody changed outside wharf.

use std::collections::BTreeMap;

use serde_json::Value;
use wharf_aws::trail::{self, Deed, Suspect};
use wharf_graph::Address;
use wharf_plan::Step;

use crate::args::{Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

pub(super) async fn run(global: &Global, who: bool, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let snapshot = session.read().await?;
    let plan = session.plan(&snapshot, false)?;
    let drifted: Vec<&Step> = plan.steps.iter().filter(|step| step.drift).collect();
    let deeds = if who && !drifted.is_empty() {
        let suspects: Vec<Suspect> = drifted.iter().map(|step| suspect(step)).collect();
        Some(trail::who(&session.aws, &snapshot.facts.partition, &suspects).await)
    } else {
        None
    };
    // That nobody may look into the history hides no drift.
    let deeds: Option<BTreeMap<Address, Deed>> = match deeds.transpose() {
        Ok(deeds) => deeds,
        Err(error) => {
            ui.error(&CliError::from(error).hint("who it was is not known"));
            None
        }
    };
    match global.format {
        Format::Json => {
            let document = view::drift::json(&plan, &drifted, deeds.as_ref());
            ui.data(&format!("{document:#}\n"))?;
        }
        _ => ui.data(&view::drift::text(&plan, &drifted, deeds.as_ref()))?,
    }
    if global.verbose {
        ui.say(&view::plan::cost(&snapshot.stats));
    }
    if drifted.is_empty() { Ok(Exit::Done) } else { Ok(Exit::Changes) }
}

/// Says what an object is known by: its id, and where it is gone the name it had.
fn suspect(step: &Step) -> Suspect {
    let mut known_as = Vec::new();
    let props = match step.op.live() {
        Some(live) => {
            // A rule goes by its group, a record by its name; both stand in their ids.
            let parts = live.id.split('|').next().map(str::to_owned);
            known_as.extend(parts);
            Some(&live.props)
        }
        None => step.op.props(),
    };
    for prop in ["name", "group"] {
        let name = props.and_then(|props| props.get(prop)).and_then(Value::as_str);
        known_as.extend(name.map(str::to_owned));
    }
    Suspect { address: step.address.clone(), known_as, gone: step.op.live().is_none() }
}
