//! `wharf destroy`: the plan for the empty stack, carried out.

use super::run::{Options, run as carry_out};
use crate::args::{DestroyArgs, Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::lease::holding;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

pub(super) async fn run(global: &Global, args: &DestroyArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let name = session.id().to_string();
    if let Some(given) = &args.confirm
        && *given != name
    {
        return Err(wrong_name(given, &name));
    }
    if !args.yes && (global.format == Format::Json || !Ui::can_ask()) {
        return Err(CliError::new(Exit::Usage, "nobody can be asked: this is not a terminal")
            .hint(format!("add --yes --confirm {name}")));
    }
    let snapshot = session.read().await?;
    let plan = session.plan(&snapshot, true)?;
    if global.format == Format::Text {
        ui.data(&view::plan::text(&plan, view::plan::Mode::of(global)))?;
    }
    if plan.is_empty() {
        // A destroy that died after its last step left its lease, and nobody else would remove it.
        crate::lease::sweep(&session).await?;
        return if global.format == Format::Json {
            super::run::nothing_to_do(&session)
        } else {
            Ok(Exit::Done)
        };
    }
    if !args.yes {
        let answer =
            ui.ask(&format!("This cannot be undone. Type the stack's name ({name}) to go on:"))?;
        if answer != name {
            ui.say("Nothing was changed.");
            return Ok(Exit::Done);
        }
    }
    holding(&session, Box::pin(reconsider(&session, plan))).await
}

/// Destroys a stack whose lease is held, without a question; the plan is shown before anything is done.
pub(super) async fn at_once(session: &Session) -> Result<Exit, CliError> {
    let snapshot = session.read().await?;
    let plan = session.plan(&snapshot, true)?;
    if session.global.format == Format::Text {
        session.ui.data(&view::plan::text(&plan, view::plan::Mode::of(&session.global)))?;
    }
    if plan.is_empty() { Ok(Exit::Done) } else { carry_out(session, plan, &options()).await }
}

fn options() -> Options {
    Options {
        patience: std::time::Duration::ZERO,
        verify: true,
        detach: false,
        marks: wharf_aws::tags::Tags::new(),
    }
}

async fn reconsider(session: &Session, plan: wharf_plan::Plan) -> Result<Exit, CliError> {
    let snapshot = session.read().await?;
    if let Err(moved) = plan.verify(&snapshot) {
        return Err(view::plan::moved("the account changed since the plan was made", &moved)
            .hint("run `wharf destroy` again to see the new plan"));
    }
    carry_out(session, plan, &options()).await
}

fn wrong_name(given: &str, name: &str) -> CliError {
    CliError::new(Exit::Refused, format!("`{given}` is not the stack this spec describes"))
        .hint(format!("its name is {name}"))
}
