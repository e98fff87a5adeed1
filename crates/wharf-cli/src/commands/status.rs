//! `wharf status`: rollout, tasks, targets, certificate and URL in one view.

use crate::args::{Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

pub(super) async fn run(global: &Global, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let status = wharf_aws::status::status(&session.aws, &session.spec.stack).await?;
    match global.format {
        Format::Json => {
            let text = serde_json::to_string_pretty(&status)
                .map_err(|error| CliError::from_error(Exit::Other, &error))?;
            ui.data(&format!("{text}\n"))?;
        }
        _ => ui.data(&view::status::text(&status))?,
    }
    Ok(Exit::Done)
}
