//! `wharf restart`: new tasks of the same release.

use futures::future::join_all;
use serde_json::json;
use wharf_aws::operate::restart::{Restarted, restart};
use wharf_graph::ErrorClass;

use super::services;
use crate::args::{Format, Global, RestartArgs};
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
    let (mut documents, mut failed) = (Vec::new(), Vec::new());
    for (name, result) in chosen.iter().zip(results) {
        match result {
            Ok(restarted) => {
                session.ui.say(&sentence(name, restarted));
                documents.push(json!({ "service": name, "result": word(restarted) }));
            }
            Err(error) => failed.push(error),
        }
    }
    let mut failed = failed.into_iter();
    if let Some(mut first) = failed.next() {
        first.causes.extend(failed.map(|other| other.message));
        return Err(first);
    }
    if session.global.format == Format::Json {
        let stack = session.id().to_string();
        let all = json!({ "format": "wharf.restart/1", "stack": stack, "services": documents });
        session.ui.data(&format!("{all:#}\n"))?;
    }
    Ok(Exit::Done)
}

async fn one(session: &Session, name: &str, detach: bool) -> Result<Restarted, CliError> {
    let step = services::step(session, name, detach);
    Box::pin(restart(&session.aws, &session.spec.stack, name, &step)).await.map_err(|error| {
        // The tasks of before keep serving, so this is no release that went away.
        let failed = matches!(error.class, ErrorClass::RolloutFailed | ErrorClass::RolledBack);
        let mut error = CliError::from(error);
        if failed {
            error.exit = Exit::RolledBack;
        }
        error
    })
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
