//! `wharf cancel`: stops a rollout; what ran before serves on.

use serde_json::{Value, json};
use wharf_aws::operate::rollouts::{Cancelled, cancel};

use super::services::{self, Told, side_by_side};
use crate::args::{CancelArgs, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;

/// Takes no lease: whoever rolls out holds it, and is the one to be stopped.
pub(super) async fn run(global: &Global, args: &CancelArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let chosen = services::chosen(&session.spec.stack, args.service.as_deref())?;
    let stop = side_by_side(&session, &chosen, "cancel", async |name| one(&session, name).await);
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => {
            ui.say("Interrupted; ECS goes back by itself. `wharf wait` waits for it.");
            Ok(Exit::Interrupted)
        }
        done = stop => done,
    }
}

async fn one(session: &Session, name: &str) -> Result<Told, CliError> {
    let step = services::step(session, name, false);
    let cancelled = Box::pin(cancel(&session.aws, &session.spec.stack, name, &step)).await?;
    Ok((sentence(name, &cancelled), document(name, &cancelled)))
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
