//! `wharf fmt`: the canonical form of a spec.

use std::io::Write as _;
use std::path::Path;

use similar::TextDiff;
use wharf_spec::LayoutError;

use crate::args::Global;
use crate::error::CliError;
use crate::exit::Exit;
use crate::session;
use crate::ui::Ui;

pub(super) fn run(global: &Global, check: bool, ui: Ui) -> Result<Exit, CliError> {
    let (file, text) = session::read_text(global)?;
    let wanted = wharf_spec::format(&text, &file).map_err(|error| match error {
        LayoutError::Unreadable(problems) => {
            let shown = problems.render(&text, ui.color_err());
            CliError::new(Exit::Usage, shown.trim_end().to_owned())
        }
        LayoutError::Unsafe(why) => {
            CliError::new(Exit::Usage, format!("{file} is left as it is")).cause(why)
        }
    })?;
    if check {
        if wanted == text {
            return Ok(Exit::Done);
        }
        let diff = TextDiff::from_lines(&text, &wanted);
        ui.data(&diff.unified_diff().header(&file, &format!("{file}, canonical")).to_string())?;
        ui.say(&format!("{file} is not in its canonical form; `wharf fmt` writes it"));
        return Ok(Exit::Changes);
    }
    if global.file == Path::new("-") {
        ui.data(&wanted)?;
    } else if wanted == text {
        ui.say(&format!("{file}: nothing to change"));
    } else {
        replace(&global.file, &wanted).map_err(|error| {
            CliError::new(Exit::Other, format!("cannot write {file}")).cause(error.to_string())
        })?;
        ui.say(&format!("{file}: written anew"));
    }
    Ok(Exit::Done)
}

/// Puts a new text in the place of a file at once: whoever looks sees the old one or the new one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // A link stays a link.
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}
