//! `wharf sandbox`: the simulated AWS, by itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde_json::{Value, json};
use wharf_sandbox::Sandbox;
use wharf_sandbox::breaks::{self, BreakError};

use crate::args::{Format, Global, SandboxCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session;
use crate::ui::Ui;
use crate::view;

pub(super) async fn run(
    global: &Global,
    command: &SandboxCommand,
    ui: Ui,
) -> Result<Exit, CliError> {
    // These commands are about the sandbox whether or not the flag says so again.
    let mut global = global.clone();
    let dir = global.sandbox.get_or_insert_with(|| PathBuf::from(".wharf/sandbox")).clone();
    match command {
        SandboxCommand::Serve { port } => serve(&open(&global)?, *port, ui).await,
        SandboxCommand::Reset => {
            Sandbox::reset(&dir).map_err(|error| CliError::from_error(Exit::Other, &error))?;
            ui.say(&format!("The sandbox in {} is empty.", dir.display()));
            Ok(Exit::Done)
        }
        SandboxCommand::Show => {
            ui.data(&format!("{:#}\n", open(&global)?.show()))?;
            Ok(Exit::Done)
        }
        SandboxCommand::Break { case: None, .. } => {
            let text = if global.format == Format::Json {
                format!(
                    "{:#}
",
                    list()
                )
            } else {
                view::breaks::list()
            };
            ui.data(&text)?;
            Ok(Exit::Done)
        }
        SandboxCommand::Break { case: Some(case), .. } if case == "none" => {
            mend(&open(&global)?, ui);
            Ok(Exit::Done)
        }
        SandboxCommand::Break { case: Some(case), service, now } => {
            let sandbox = open(&global)?;
            let outcome = break_case(&sandbox, case, service.as_deref())?;
            if *now && !sandbox.with_world(|world| world.break_present(service.as_deref())) {
                return Err(CliError::new(Exit::Usage, "no service runs in this sandbox")
                    .hint("apply a spec first, or leave `--now` out"));
            }
            ui.say(&outcome);
            Ok(Exit::Done)
        }
        SandboxCommand::Mend => {
            mend(&open(&global)?, ui);
            Ok(Exit::Done)
        }
    }
}

fn open(global: &Global) -> Result<Sandbox, CliError> {
    session::sandbox(global, None)?
        .ok_or_else(|| CliError::new(Exit::Other, "no sandbox directory; this is a bug in wharf"))
}

fn list() -> Value {
    let cases = breaks::all().map(|case| {
        json!({"case": case.name, "what": case.what, "symptom": case.symptom, "cause": case.names})
    });
    json!({"format": "wharf.breaks/1", "cases": cases.collect::<Vec<Value>>()})
}

fn break_case(sandbox: &Sandbox, name: &str, service: Option<&str>) -> Result<String, CliError> {
    let outcome = sandbox.with_world(|world| world.break_case(name, service));
    let touched = outcome.map_err(|error| match error {
        BreakError::NoCase => {
            let short: String = name.chars().take(60).collect();
            CliError::new(Exit::Usage, format!("there is no case `{short}`"))
                .hint("`wharf sandbox break` without a case lists all of them")
        }
        BreakError::NoService => {
            let which = service.map_or_else(String::new, |name| format!(" `{name}`"));
            CliError::new(Exit::Usage, format!("no service{which} runs in this sandbox"))
                .hint("apply a spec first; cases of images need no service")
        }
        BreakError::NothingToBreak(what) => {
            CliError::new(Exit::Usage, format!("`{name}` has nothing to break: {what}"))
        }
    })?;
    let Some(case) = breaks::find(name) else { return Ok(String::new()) };
    let then = match (touched, case.is_of_images()) {
        (_, true) => "Images that are pushed from now on are like that.".to_owned(),
        (Some(service), _) if case.replaces => {
            format!("The tasks of {service} are being replaced.")
        }
        (Some(service), _) => format!("It happened to {service}."),
        (None, _) => "It will happen to what is made from now on.".to_owned(),
    };
    Ok(format!(
        "{}: {}. {then}\nAWS will show it like this: {}\nUndo it with `wharf sandbox mend`.",
        case.name, case.what, case.symptom
    ))
}

fn mend(sandbox: &Sandbox, ui: Ui) {
    let mended = sandbox.with_world(wharf_sandbox::world::World::mend);
    if mended.is_empty() {
        ui.say("Nothing was broken.");
    } else {
        ui.say(&format!("Mended: {}.", mended.join(", ")));
    }
}

async fn serve(sandbox: &Sandbox, port: u16, ui: Ui) -> Result<Exit, CliError> {
    let server =
        sandbox.serve(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(|error| {
            CliError::new(Exit::Other, format!("cannot listen on port {port}"))
                .cause(error.to_string())
                .hint("choose another with `--port`; 0 picks a free one")
        })?;
    ui.data(&format!("http://{}\n", server.addr()))?;
    ui.say(&format!(
        "Answering AWS calls on this machine only, until interrupted. In another terminal:\n  \
         export AWS_ENDPOINT_URL=http://{} AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x\n\
         wharf itself keeps up with the sandbox's clock with WHARF_PACE={}.",
        server.addr(),
        session::speed()
    ));
    server
        .run(async {
            // An error here means that no interrupt can arrive: serve until killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await;
    Ok(Exit::Done)
}
