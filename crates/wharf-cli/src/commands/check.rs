//! `wharf check`: the spec alone, offline.

use wharf_spec::{Level, Problem};

use crate::args::{Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session;
use crate::ui::Ui;
use crate::view;

pub(super) fn run(global: &Global, ui: Ui) -> Result<Exit, CliError> {
    if global.format == Format::Text {
        let spec = session::load(global, ui)?;
        let services: Vec<&str> = spec.stack.services.keys().map(String::as_str).collect();
        ui.data(&format!(
            "{}: no problems; stack {} in {}, services: {}\n",
            spec.file,
            spec.stack.name(),
            spec.stack.region,
            services.join(", ")
        ))?;
        return Ok(Exit::Done);
    }
    let (file, text) = session::read_text(global)?;
    let found = wharf_spec::parse(&text, &file, &session::options(global)?);
    let (stack, problems, omitted) = match &found {
        Ok(parsed) => (Some(&parsed.stack), &parsed.warnings, 0),
        Err(problems) => (None, &problems.list, problems.omitted),
    };
    let document = if global.format == Format::Sarif {
        view::check::sarif(&file, &text, problems)
    } else {
        view::check::json(&file, &text, stack, problems, omitted)
    };
    ui.data(&format!("{document:#}\n"))?;
    let failed = problems.iter().any(|problem: &Problem| problem.level == Level::Error);
    Ok(if failed { Exit::Usage } else { Exit::Done })
}
