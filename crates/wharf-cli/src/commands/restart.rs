//! `wharf restart`: new tasks of the same release.

use futures::future::join_all;
use wharf_aws::operate::restart::{Restarted, restart};
use wharf_graph::ErrorClass;

use super::services;
use crate::args::{Global, RestartArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::lease::holding;
use crate::session::Session;
use crate::ui::Ui;

pub(super) async fn run(global: &Global, args: &RestartArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let chosen = services::chosen(&session.spec.stack, args.service.as_deref())?;
    let work = async {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => {
                ui.say("Interrupted; ECS goes on with the restart by itself. `wharf wait` waits for it.");
                Ok(Exit::Interrupted)
            }
            done = all(&session, &chosen, args.detach) => done,
        }
    };
    holding(&session, Box::pin(work)).await
}

/// Restarts services side by side. Each is seen to its end; the first failure is the answer.
async fn all(session: &Session, chosen: &[String], detach: bool) -> Result<Exit, CliError> {
    let results = join_all(chosen.iter().map(|name| one(session, name, detach))).await;
    let mut failed = results.into_iter().filter_map(Result::err);
    let Some(mut first) = failed.next() else { return Ok(Exit::Done) };
    for other in failed {
        first.causes.push(other.message);
    }
    Err(first)
}

async fn one(session: &Session, name: &str, detach: bool) -> Result<(), CliError> {
    let ui = session.ui;
    let step = services::step(session, name, detach);
    match Box::pin(restart(&session.aws, &session.spec.stack, name, &step)).await {
        Ok(Restarted::Done) => ui.say(&format!("Service {name} runs on new tasks.")),
        Ok(Restarted::Begun) => ui.say(&format!(
            "Service {name} is being restarted. `wharf wait` waits for it, `wharf cancel` stops it."
        )),
        Ok(Restarted::NoTasks) => {
            ui.say(&format!("Service {name} is scaled to nothing: nothing is there to restart."));
        }
        Err(error) => {
            // The tasks of before keep serving, so this is no release that went away.
            let failed = matches!(error.class, ErrorClass::RolloutFailed | ErrorClass::RolledBack);
            let mut error = CliError::from(error);
            if failed {
                error.exit = Exit::RolledBack;
            }
            return Err(error);
        }
    }
    Ok(())
}
