//! `wharf status`: rollout, tasks, targets, certificate and URL in one view.

use std::time::Duration;

use wharf_aws::status::{Status, status};

use crate::args::{Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

/// Time between two looks of `--watch`.
const EVERY: Duration = Duration::from_secs(5);
/// Takes the cursor home and empties the screen.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

pub(super) async fn run(global: &Global, watching: bool, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    if watching {
        return tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
            done = watch(&session) => done,
        };
    }
    let found = Box::pin(status(&session.aws, &session.spec.stack)).await?;
    match global.format {
        Format::Json => {
            let text = serde_json::to_string_pretty(&found)
                .map_err(|error| CliError::from_error(Exit::Other, &error))?;
            ui.data(&format!("{text}\n"))?;
        }
        _ => ui.data(&view::status::text(&found))?,
    }
    Ok(Exit::Done)
}

/// Looks again and again: a terminal is redrawn, anything else gets each look that differs from the one
/// before; as JSON, a document a line.
async fn watch(session: &Session) -> Result<Exit, CliError> {
    let (ui, format) = (session.ui, session.global.format);
    let mut last = String::new();
    loop {
        let found = Box::pin(status(&session.aws, &session.spec.stack)).await?;
        let text = written(&found, format)?;
        if text != last {
            let redraw = format == Format::Text && Ui::redraws();
            let shown = match (redraw, last.is_empty(), format) {
                (true, _, _) => ui.redraw(CLEAR, &text)?,
                (false, false, Format::Text) => ui.stream(&format!("\n{text}"))?,
                _ => ui.stream(&text)?,
            };
            if !shown {
                return Ok(Exit::Done);
            }
            last = text;
        }
        session.aws.pause(EVERY).await;
    }
}

fn written(found: &Status, format: Format) -> Result<String, CliError> {
    if format != Format::Json {
        return Ok(view::status::text(found));
    }
    let text =
        serde_json::to_string(found).map_err(|error| CliError::from_error(Exit::Other, &error))?;
    Ok(format!("{text}\n"))
}
