//! `wharf check`: the spec alone, offline.

use serde_json::json;

use crate::args::{Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session;
use crate::ui::Ui;

pub(super) fn run(global: &Global, ui: Ui) -> Result<Exit, CliError> {
    let spec = session::load(global, ui)?;
    let stack = &spec.stack;
    if global.format == Format::Json {
        let warnings: Vec<_> = spec
            .warnings
            .iter()
            .map(|warning| {
                json!({
                    "code": warning.code,
                    "message": warning.message,
                    "line": warning.span.map(|span| span.line),
                    "column": warning.span.map(|span| span.column),
                })
            })
            .collect();
        let document = json!({
            "format": "wharf.check/1",
            "stack": stack.name(),
            "region": stack.region,
            "services": stack.services.keys().collect::<Vec<_>>(),
            "warnings": warnings,
        });
        ui.data(&format!("{document:#}\n"))?;
    } else {
        let services: Vec<&str> = stack.services.keys().map(String::as_str).collect();
        ui.data(&format!(
            "{}: no problems; stack {} in {}, services: {}\n",
            spec.file,
            stack.name(),
            stack.region,
            services.join(", ")
        ))?;
    }
    Ok(Exit::Done)
}
