//! `wharf drift`: only what somebody changed outside wharf.

use std::collections::BTreeMap;

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

/// Says what an object is known by: its id, and its name, or that of what it belongs to.
fn suspect(step: &Step) -> Suspect {
    let live = step.op.live();
    let props = live.map(|live| &live.props).or_else(|| step.op.props());
    let named =
        ["name", "group", "target"].into_iter().filter_map(|prop| props?.get(prop)?.as_str());
    let id = live.map(|live| live.id.as_str());
    Suspect {
        address: step.address.clone(),
        known_as: id.into_iter().chain(named).map(str::to_owned).collect(),
        gone: live.is_none(),
    }
}
