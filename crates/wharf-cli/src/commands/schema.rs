//! `wharf schema`: the JSON Schema of the spec.

use crate::error::CliError;
use crate::exit::Exit;
use crate::schema;
use crate::ui::Ui;

pub(super) fn run(ui: Ui) -> Result<Exit, CliError> {
    ui.data(&format!("{:#}\n", schema::document()))?;
    Ok(Exit::Done)
}
