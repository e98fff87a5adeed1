//! The commands, a file each.

mod adopt;
mod apply;
mod cancel;
mod check;
mod completions;
mod consent;
mod deploy;
mod destroy;
mod diff;
mod doctor;
mod drift;
mod exec;
mod explain;
mod export;
mod fmt;
mod graph;
mod help;
mod iam;
mod import;
mod init;
mod logs;
mod plan;
mod promote;
mod push;
mod releases;
mod render;
mod restart;
mod run;
mod sandbox;
mod scale;
mod schema;
mod services;
mod status;
mod sweep;
mod task;
mod wait;

use crate::args::{Cli, Command, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::Ui;

pub(crate) use adopt::Takeover;

/// Does what was asked for.
pub(crate) async fn run(cli: Cli, ui: Ui) -> Result<Exit, CliError> {
    let Cli { global, command } = cli;
    known_format(&global, &command)?;
    // Boxed, since each of these is a large state machine and only one of them ever runs.
    match command {
        Command::Check => check::run(&global, ui),
        Command::Plan(args) => Box::pin(plan::run(&global, &args, ui)).await,
        Command::Apply(args) => Box::pin(apply::run(&global, &args, ui)).await,
        Command::Push(args) => Box::pin(push::run(&global, &args, ui)).await,
        Command::Deploy(args) => Box::pin(deploy::run(&global, &args, ui)).await,
        Command::Destroy(args) => Box::pin(destroy::run(&global, &args, ui)).await,
        Command::Sweep(args) => Box::pin(sweep::run(&global, &args, ui)).await,
        Command::Diff(args) => diff::run(&global, &args, ui),
        Command::Graph(args) => Box::pin(graph::run(&global, &args, ui)).await,
        Command::Drift { who } => Box::pin(drift::run(&global, who, ui)).await,
        Command::Doctor { service } => Box::pin(doctor::run(&global, service.as_deref(), ui)).await,
        Command::Status { watch } => Box::pin(status::run(&global, watch, ui)).await,
        Command::Cancel(args) => Box::pin(cancel::run(&global, &args, ui)).await,
        Command::Wait => Box::pin(wait::run(&global, ui)).await,
        Command::Logs(args) => Box::pin(logs::run(&global, &args, ui)).await,
        Command::Restart(args) => Box::pin(restart::run(&global, &args, ui)).await,
        Command::Scale(args) => Box::pin(scale::run(&global, &args, ui)).await,
        Command::Releases(args) => Box::pin(releases::list(&global, &args, ui)).await,
        Command::Rollback(args) => Box::pin(releases::rollback(&global, &args, ui)).await,
        Command::Promote(args) => Box::pin(promote::run(&global, &args, ui)).await,
        Command::Exec(args) => Box::pin(exec::run(&global, &args, ui)).await,
        Command::Run(args) => Box::pin(task::run(&global, &args, ui)).await,
        Command::Fmt { check } => fmt::run(&global, check, ui),
        Command::Render { why } => render::run(&global, why, ui),
        Command::Schema => schema::run(ui),
        Command::Explain { code } => explain::run(&global, code.as_deref(), ui),
        Command::Adopt(args) => Box::pin(adopt::run(&global, &args, ui)).await,
        Command::Export => Box::pin(export::run(&global, ui)).await,
        Command::Iam(args) => iam::run(&global, &args, ui),
        Command::Import(args) => Box::pin(import::run(&global, &args, ui)).await,
        Command::Init(args) => init::run(&global, &args, ui),
        Command::Sandbox(command) => Box::pin(sandbox::run(&global, &command, ui)).await,
        Command::Completions { shell } => completions::run(shell, ui),
        Command::Help { topic } => help::run(topic.as_deref(), ui),
    }
}

/// Refuses a form of output the command does not have, before it does anything.
fn known_format(global: &Global, command: &Command) -> Result<(), CliError> {
    let formats = command.formats();
    if formats.contains(&global.format) {
        return Ok(());
    }
    let message = format!("this command does not answer as {}", global.format.word());
    let words: Vec<String> = formats.iter().map(|format| format.word()).collect();
    Err(CliError::new(Exit::Usage, message).hint(format!("it knows --format {}", words.join(", "))))
}
