//! `wharf apply`: plans (or takes a saved plan), asks, carries it out.

use std::path::Path;

use wharf_plan::Plan;

use super::consent::{self, Seen};
use super::run::{Options, run as carry_out};
use crate::args::{ApplyArgs, Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::lease::holding;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

pub(super) async fn run(global: &Global, args: &ApplyArgs, ui: Ui) -> Result<Exit, CliError> {
    match &args.plan {
        Some(path) => Box::pin(saved(global, args, path, ui)).await,
        None => Box::pin(fresh(global, args, ui)).await,
    }
}

async fn fresh(global: &Global, args: &ApplyArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    with(&session, args).await
}

/// Plans what the session's flags say, asks unless told not to, and carries it out.
pub(super) async fn with(session: &Session, args: &ApplyArgs) -> Result<Exit, CliError> {
    let ui = session.ui;
    if args.consent.yes {
        // The lease comes first, so that what is read stays true until it is acted upon.
        return holding(session, Box::pin(read_and_apply(session, args))).await;
    }
    in_words(&session.global)?;
    let snapshot = session.read().await?;
    let plan = session.plan(&snapshot, false)?;
    show(session, &plan)?;
    if plan.is_empty() {
        return finish_unchanged(session, &snapshot, args).await;
    }
    if !Ui::can_ask() {
        return Err(nobody());
    }
    if !consent::obtain(&plan, &args.consent, Seen::AtATerminal, ui)? {
        return Ok(Exit::Done);
    }
    if !matches!(ui.ask("Apply this? Only `yes` is taken as yes:")?.as_str(), "yes") {
        ui.say("Nothing was changed.");
        return Ok(Exit::Done);
    }
    holding(session, Box::pin(reconsider_and_apply(session, args, plan))).await
}

/// Refuses a run that will have a question and nobody to ask it.
pub(super) fn askable(global: &Global, args: &ApplyArgs) -> Result<(), CliError> {
    if args.consent.yes {
        return Ok(());
    }
    in_words(global)?;
    if Ui::can_ask() { Ok(()) } else { Err(nobody()) }
}

fn in_words(global: &Global) -> Result<(), CliError> {
    if global.format == Format::Json {
        return Err(
            CliError::new(Exit::Usage, "a question cannot be asked in JSON").hint("add --yes")
        );
    }
    Ok(())
}

fn nobody() -> CliError {
    CliError::new(Exit::Usage, "nobody can be asked: this is not a terminal")
        .hint("add --yes to apply without asking, or save a plan with `wharf plan --out FILE` and apply that")
}

async fn read_and_apply(session: &Session, args: &ApplyArgs) -> Result<Exit, CliError> {
    let snapshot = session.read().await?;
    let plan = session.plan(&snapshot, false)?;
    if session.global.format == Format::Text {
        show(session, &plan)?;
    }
    if plan.is_empty() {
        return finish_unchanged(session, &snapshot, args).await;
    }
    if !consent::obtain(&plan, &args.consent, Seen::Nobody, session.ui)? {
        return Ok(Exit::Done);
    }
    carry_out(session, plan, &options(session, args)).await
}

/// Somebody read the plan and said yes; meanwhile time passed. What was shown is what is done.
async fn reconsider_and_apply(
    session: &Session,
    args: &ApplyArgs,
    plan: Plan,
) -> Result<Exit, CliError> {
    let snapshot = session.read().await?;
    if let Err(moved) = plan.verify(&snapshot) {
        return Err(view::plan::moved(
            "the account changed while you were reading the plan",
            &moved,
        )
        .hint("run `wharf apply` again to see the new plan"));
    }
    carry_out(session, plan, &options(session, args)).await
}

async fn saved(global: &Global, args: &ApplyArgs, path: &Path, ui: Ui) -> Result<Exit, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        CliError::new(Exit::Usage, format!("cannot read the plan `{}`", path.display()))
            .cause(error.to_string())
    })?;
    let plan = Plan::from_json(&text)?;
    // The plan remembers what it was made with; the flags of this run may leave that out.
    let mut global = global.clone();
    global.env = global.env.or_else(|| plan.inputs.env.clone());
    global.made_from = global.made_from.or_else(|| plan.inputs.from.clone());
    if global.image.is_empty() {
        global.image = plan.inputs.images.clone().into_iter().collect();
    }
    global.only = plan.inputs.only.clone().unwrap_or_default();
    let session = Session::start(&global, ui).await?;
    if session.inputs(plan.inputs.destroy) != plan.inputs {
        return Err(CliError::new(
            Exit::Stale,
            "the plan was made from another spec or other flags",
        )
        .hint("make a new one with `wharf plan --out FILE`"));
    }
    if plan.stack != session.id().to_string() || plan.region != session.spec.stack.region {
        return Err(CliError::new(
            Exit::Stale,
            format!("the plan is for stack {} in {}", plan.stack, plan.region),
        ));
    }
    holding(&session, Box::pin(verify_and_apply(&session, args, plan))).await
}

async fn verify_and_apply(
    session: &Session,
    args: &ApplyArgs,
    plan: Plan,
) -> Result<Exit, CliError> {
    let snapshot = session.read().await?;
    if let Err(moved) = plan.verify(&snapshot) {
        return Err(view::plan::moved("the plan no longer matches the account", &moved)
            .hint("make a new one with `wharf plan --out FILE`"));
    }
    if session.global.format == Format::Text {
        show(session, &plan)?;
    }
    if plan.is_empty() {
        return finish_unchanged(session, &snapshot, args).await;
    }
    if !consent::obtain(&plan, &args.consent, Seen::InAFile, session.ui)? {
        return Ok(Exit::Done);
    }
    carry_out(session, plan, &options(session, args)).await
}

fn options(session: &Session, args: &ApplyArgs) -> Options {
    let patience = super::run::patience(session, args.wait_image);
    let marks = session.marks(args.ttl);
    Options { patience, verify: true, detach: args.consent.detach, marks }
}

fn show(session: &Session, plan: &Plan) -> Result<(), CliError> {
    session.ui.data(&view::plan::text(plan, view::plan::Mode::of(&session.global)))
}

/// Nothing to do; but if an earlier run died after its last step, its seal is still missing.
async fn finish_unchanged(
    session: &Session,
    snapshot: &wharf_graph::Snapshot,
    args: &ApplyArgs,
) -> Result<Exit, CliError> {
    super::run::seal(session, snapshot, &session.marks(args.ttl)).await?;
    if session.global.format == Format::Json {
        return super::run::nothing_to_do(session);
    }
    super::run::tell_urls(session, snapshot)?;
    Ok(Exit::Done)
}
