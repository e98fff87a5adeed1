//! `wharf export`: what the stack owns, for whoever goes on without wharf.

use crate::args::{Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::exporter;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

pub(super) async fn run(global: &Global, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let snapshot = session.read_whole().await?;
    let (id, region) = (session.id(), &session.spec.stack.region);
    match global.format {
        Format::Json => ui.data(&format!("{:#}\n", exporter::json(&id, region, &snapshot)))?,
        _ => ui.data(&exporter::text(&id, region, &snapshot))?,
    }
    if global.verbose {
        ui.say(&view::plan::cost(&snapshot.stats));
    }
    Ok(Exit::Done)
}
