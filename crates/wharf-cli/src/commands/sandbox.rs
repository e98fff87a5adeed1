//! `wharf sandbox`: the simulated AWS, by itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use wharf_sandbox::Sandbox;

use crate::args::{Global, SandboxCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session;
use crate::ui::Ui;

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
    }
}

fn open(global: &Global) -> Result<Sandbox, CliError> {
    session::sandbox(global, None)?
        .ok_or_else(|| CliError::new(Exit::Other, "no sandbox directory; this is a bug in wharf"))
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
