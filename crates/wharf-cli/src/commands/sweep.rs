//! `wharf sweep`: takes away the environments made with `--from` whose time is over.

use jiff::Timestamp;
use wharf_aws::previews::{self, Preview};

use super::destroy;
use crate::args::{Format, Global, SweepArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::lease::holding;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

pub(super) async fn run(global: &Global, args: &SweepArgs, ui: Ui) -> Result<Exit, CliError> {
    let Some(from) = global.env.clone().filter(|_| global.made_from.is_none()) else {
        return Err(CliError::new(Exit::Usage, "say what the environments are made like")
            .hint("wharf sweep --env NAME, with the NAME that `--from` had"));
    };
    if !args.yes && !args.dry_run && (global.format == Format::Json || !Ui::can_ask()) {
        return Err(CliError::new(Exit::Usage, "nobody can be asked: this is not a terminal")
            .hint("add --yes, or --dry-run to see the list"));
    }
    let session = Session::start(global, ui).await?;
    let app = session.spec.stack.app.clone();
    let found = previews::list(&session.aws, &app, &from).await?;
    let now = Timestamp::now();
    let over: Vec<&Preview> =
        found.iter().filter(|one| view::previews::is_over(one, now)).collect();
    if global.format == Format::Json {
        ui.data(&view::previews::json(&app, &from, &found, now))?;
    } else {
        ui.data(&view::previews::text(&app, &from, &found, now))?;
    }
    if args.dry_run || over.is_empty() {
        return Ok(Exit::Done);
    }
    if !args.yes {
        let what = if over.len() == 1 { "it" } else { "them" };
        let answer = ui.ask(&format!(
            "Destroy the {} whose time is over, and all that is in {what}? Only `yes` is taken as yes:",
            over.len()
        ))?;
        if answer != "yes" {
            ui.say("Nothing was changed.");
            return Ok(Exit::Done);
        }
    }
    let mut worst = Exit::Done;
    for one in over {
        let of =
            Global { env: Some(one.env.clone()), made_from: Some(from.clone()), ..global.clone() };
        // One that cannot go keeps none of the others.
        let gone = async { Box::pin(take_away(&session.again(of)?, one, &from)).await };
        let exit = match gone.await {
            Ok(exit) => exit,
            Err(error) => {
                ui.error(&error);
                error.exit
            }
        };
        if worst == Exit::Done {
            worst = exit;
        }
    }
    Ok(worst)
}

/// Destroys an environment unless somebody has applied it for another while meanwhile.
async fn take_away(session: &Session, one: &Preview, from: &str) -> Result<Exit, CliError> {
    let work = async {
        let app = &session.spec.stack.app;
        let found = previews::list(&session.aws, app, from).await?;
        let now = Timestamp::now();
        let still = |other: &Preview| other.env == one.env && view::previews::is_over(other, now);
        if !found.iter().any(still) {
            session.ui.say(&format!("{} is wanted again, or gone.", one.env));
            return Ok(Exit::Done);
        }
        destroy::at_once(session).await
    };
    holding(session, Box::pin(work)).await
}
