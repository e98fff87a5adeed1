//! `wharf drift`: only what somebody changed outside wharf.

use crate::args::{Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

pub(super) async fn run(global: &Global, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let snapshot = session.read().await?;
    let plan = session.plan(&snapshot, false)?;
    let drifted: Vec<&wharf_plan::Step> = plan.steps.iter().filter(|step| step.drift).collect();
    match global.format {
        Format::Json => ui.data(&format!("{:#}\n", view::drift::json(&plan, &drifted)))?,
        _ => ui.data(&view::drift::text(&plan, &drifted))?,
    }
    if global.verbose {
        ui.say(&view::plan::cost(&snapshot.stats));
    }
    if drifted.is_empty() { Ok(Exit::Done) } else { Ok(Exit::Changes) }
}
