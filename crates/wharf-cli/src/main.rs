//! The command `wharf`.

mod args;
mod budget;
mod checks;
mod codes;
mod commands;
mod cost;
mod error;
mod exit;
mod exporter;
mod exposure;
mod image;
mod importer;
mod lease;
mod origin;
mod picture;
mod review;
mod schema;
mod session;
mod starter;
mod ui;
mod view;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;
use crate::exit::Exit;
use crate::ui::Ui;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is a usage error, which is 3 here
            // because 2 means "there are changes".
            drop(error.print());
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return ExitCode::from(exit.code());
        }
    };
    let ui = Ui::new(&cli.global);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let exit = match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(commands::run(cli, ui));
            // A name nobody resolves can keep its thread for long after the question was given up.
            runtime.shutdown_background();
            exit
        }
        Err(error) => Err(error::CliError::from_error(Exit::Other, &error)),
    };
    let exit = exit.unwrap_or_else(|error| {
        ui.error(&error);
        error.exit
    });
    ExitCode::from(exit.code())
}
