//! `wharf restart`: new tasks of the same release.

use serde_json::json;
use wharf_aws::operate::restart::{Restarted, restart};
use wharf_graph::ErrorClass;

use super::services::{self, Told, side_by_side};
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
        let restart = async |name: &str| one(&session, name, args.detach).await;
        let anew = side_by_side(&session, &chosen, "restart", restart);
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => {
                ui.say("Interrupted; ECS goes on with the restart by itself. `wharf wait` waits for it.");
                Ok(Exit::Interrupted)
            }
            done = anew => done,
        }
    };
    holding(&session, Box::pin(work)).await
}

async fn one(session: &Session, name: &str, detach: bool) -> Result<Told, CliError> {
    let step = services::step(session, name, detach);
    let done = Box::pin(restart(&session.aws, &session.spec.stack, name, &step)).await;
    let restarted = done.map_err(|error| {
        // The tasks of before keep serving, so this is no release that went away.
        let failed = matches!(error.class, ErrorClass::RolloutFailed | ErrorClass::RolledBack);
        let mut error = CliError::from(error);
        if failed {
            error.exit = Exit::RolledBack;
        }
        error
    })?;
    let document = json!({ "service": name, "result": word(restarted) });
    Ok((sentence(name, restarted), document))
}

fn sentence(name: &str, restarted: Restarted) -> String {
    match restarted {
        Restarted::Done => format!("Service {name} runs on new tasks."),
        Restarted::Begun => format!(
            "Service {name} is being restarted. `wharf wait` waits for it, `wharf cancel` stops it."
        ),
        Restarted::NoTasks => {
            format!("Service {name} is scaled to nothing: nothing is there to restart.")
        }
    }
}

const fn word(restarted: Restarted) -> &'static str {
    match restarted {
        Restarted::Done => "restarted",
        Restarted::Begun => "begun",
        Restarted::NoTasks => "no-tasks",
    }
}
