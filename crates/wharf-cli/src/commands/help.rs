//! `wharf help`, and topics that are no command.

use std::fmt::Write as _;

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::error::CliError;
use crate::exit::{Exit, MEANINGS};
use crate::ui::Ui;

pub(super) fn run(topic: Option<&str>, ui: Ui) -> Result<Exit, CliError> {
    let mut command = Cli::command();
    let text = match topic {
        Some("exit-codes") => exit_codes(),
        None => command.render_long_help().to_string(),
        Some(name) => {
            let Some(found) = command.find_subcommand_mut(name) else {
                let message = format!("there is no help on `{name}`");
                return Err(CliError::new(Exit::Usage, message)
                    .hint("topics: exit-codes, and each command; `wharf help` lists them"));
            };
            found.render_long_help().to_string()
        }
    };
    ui.data(&text)?;
    Ok(Exit::Done)
}

fn exit_codes() -> String {
    let mut text = String::from("Exit codes\n\n");
    for (exit, meaning) in MEANINGS {
        // Writing to a string cannot fail.
        writeln!(text, "{:>5}  {meaning}", exit.code()).expect("a string takes any text");
    }
    text.push_str("\n`wharf run` ends with the exit code of the container, when that is not 0.\n");
    text
}
