//! `wharf graph`: the resources of the stack as a picture.

use crate::args::{Format, Global, GraphArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::picture::{self, Picture};
use crate::review;
use crate::session::{self, Session};
use crate::ui::Ui;

pub(super) async fn run(global: &Global, args: &GraphArgs, ui: Ui) -> Result<Exit, CliError> {
    let picture = if args.live {
        let session = Session::start(global, ui).await?;
        let snapshot = session.read().await?;
        let plan = session.plan(&snapshot, false)?;
        Picture::planned(&session.graph(&snapshot)?, &plan)
    } else {
        let spec = session::load(global, ui)?;
        Picture::of(&spec.stack.name(), &review::offline(&spec.stack)?)
    };
    let text = match global.format {
        Format::Json => format!("{:#}\n", picture::json(&picture)),
        Format::Svg => picture::svg(&picture),
        Format::Dot => picture::dot(&picture),
        Format::Mermaid => picture::mermaid(&picture),
        _ => picture::text(&picture),
    };
    ui.data(&text)?;
    Ok(Exit::Done)
}
