//! `wharf init`: the first spec of a directory.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use crate::args::{Format, Global, InitArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::starter::{answers, text};
use crate::ui::Ui;
use crate::view;

pub(super) fn run(global: &Global, args: &InitArgs, ui: Ui) -> Result<Exit, CliError> {
    let file = global.file.as_path();
    let printed = file == Path::new("-");
    // Before anything is asked. A link that leads nowhere is in the way as well.
    if !printed && file.symlink_metadata().is_ok() {
        return Err(in_the_way(file));
    }
    let answers = answers::gather(global, args, ui)?;
    let spec = text::write(&answers)?;
    if !printed {
        write(file, &spec)?;
    }
    if global.format == Format::Json {
        ui.data(&format!("{}\n", view::init::json(file, &answers, &spec)))?;
        return Ok(Exit::Done);
    }
    if printed {
        ui.data(&spec)?;
    }
    ui.say(view::init::text(file, &answers).trim_end());
    Ok(Exit::Done)
}

/// Writes a file that was not there; whoever made one in the meantime keeps it.
pub(super) fn write(file: &Path, text: &str) -> Result<(), CliError> {
    let cannot = |error: &std::io::Error| {
        CliError::new(Exit::Other, format!("cannot write `{}`", file.display()))
            .cause(error.to_string())
    };
    let mut made = match std::fs::File::create_new(file) {
        Ok(made) => made,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(in_the_way(file)),
        Err(error) => return Err(cannot(&error)),
    };
    made.write_all(text.as_bytes()).and_then(|()| made.sync_all()).map_err(|error| {
        // Half a spec would be in the way of the next try.
        drop(std::fs::remove_file(file));
        cannot(&error)
    })
}

pub(super) fn in_the_way(file: &Path) -> CliError {
    let message = format!("`{}` exists already; nothing is overwritten", file.display());
    CliError::new(Exit::Usage, message)
        .hint("write another with `--file FILE`, or print it with `--file -`")
}
