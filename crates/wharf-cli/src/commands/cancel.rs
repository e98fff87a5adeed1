//! `wharf cancel`: stops a rollout; what ran before serves on.

use futures::future::join_all;
use serde_json::{Value, json};
use wharf_aws::operate::rollouts::{Cancelled, cancel};

use super::services;
use crate::args::{CancelArgs, Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;

/// Takes no lease: whoever rolls out holds it, and is the one to be stopped.
pub(super) async fn run(global: &Global, args: &CancelArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let chosen = services::chosen(&session.spec.stack, args.service.as_deref())?;
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => {
            ui.say("Interrupted; ECS goes back by itself. `wharf wait` waits for it.");
            Ok(Exit::Interrupted)
        }
        done = all(&session, &chosen) => done,
    }
}

/// Stops the rollouts side by side. Each is seen to its end; the first failure is the answer.
async fn all(session: &Session, chosen: &[String]) -> Result<Exit, CliError> {
    let results = join_all(chosen.iter().map(|name| one(session, name))).await;
    let mut documents = Vec::new();
    let mut failed = Vec::new();
    for (name, result) in chosen.iter().zip(results) {
        match result {
            Ok(cancelled) => {
                session.ui.say(&sentence(name, &cancelled));
                documents.push(document(name, &cancelled));
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
        let all = json!({"format": "wharf.cancel/1", "stack": stack, "services": documents});
        session.ui.data(&format!("{all:#}\n"))?;
    }
    Ok(Exit::Done)
}

async fn one(session: &Session, name: &str) -> Result<Cancelled, CliError> {
    let step = services::step(session, name, false);
    Ok(Box::pin(cancel(&session.aws, &session.spec.stack, name, &step)).await?)
}

fn sentence(name: &str, cancelled: &Cancelled) -> String {
    match cancelled {
        Cancelled::Nothing => format!("Service {name}: no rollout is under way."),
        Cancelled::Back { from, to } => format!(
            "Service {name} is back on release {to}. The spec still asks for what was {from}: the next \
             `wharf apply` tries again."
        ),
        Cancelled::TooLate { on } => {
            format!("Service {name}: the rollout had ended by then; release {on} is live.")
        }
    }
}

fn document(name: &str, cancelled: &Cancelled) -> Value {
    let (result, from, to) = match cancelled {
        Cancelled::Nothing => ("nothing", None, None),
        Cancelled::Back { from, to } => ("back", Some(from), Some(to)),
        Cancelled::TooLate { on } => ("too-late", None, Some(on)),
    };
    json!({"service": name, "result": result, "from": from, "to": to})
}
