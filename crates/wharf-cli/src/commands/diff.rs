//! `wharf diff`: what a change of the spec means, offline.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use wharf_spec::Stack;

use crate::args::{DiffArgs, Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::review::{Review, compare};
use crate::session;
use crate::ui::Ui;
use crate::view;

/// One of the two specs.
struct Side {
    /// How it is called in messages.
    name: String,
    /// `None` when the revision has no such file.
    text: Option<String>,
}

pub(super) fn run(global: &Global, args: &DiffArgs, ui: Ui) -> Result<Exit, CliError> {
    if let Some(from) = &global.made_from {
        return Err(CliError::new(
            Exit::Usage,
            "what is made with --from is in no file to compare",
        )
        .hint(format!("compare what it is made like: --env {from}")));
    }
    let (old, new) = sides(global, args)?;
    let mut keys = environments(&old);
    keys.extend(environments(&new));
    if let Some(env) = &global.env {
        let wanted = Some(env.clone());
        if !keys.contains(&wanted) {
            let message =
                format!("neither {} nor {} has the environment {env}", old.name, new.name);
            return Err(CliError::new(Exit::Usage, message));
        }
        keys = BTreeSet::from([wanted]);
    }
    let mut review = Review {
        old: old.name.clone(),
        new: new.name.clone(),
        app: String::new(),
        environments: Vec::new(),
    };
    for env in &keys {
        let before = stack(&old, env.as_deref(), global, ui)?;
        let after = stack(&new, env.as_deref(), global, ui)?;
        if let Some(stack) = after.as_ref().or(before.as_ref()) {
            review.app.clone_from(&stack.app);
        }
        if before.is_some() || after.is_some() {
            review.environments.push(compare(before.as_ref(), after.as_ref(), &global.only)?);
        }
    }
    let mode = view::plan::Mode::of(global);
    match global.format {
        Format::Json => ui.data(&format!("{:#}\n", view::diff::json(&review)))?,
        Format::Markdown => ui.data(&view::markdown::diff(&review, mode))?,
        _ => ui.data(&view::diff::text(&review, mode))?,
    }
    if review.differs() { Ok(Exit::Changes) } else { Ok(Exit::Done) }
}

/// Returns the environments a spec declares; the nameless one when it declares none.
fn environments(side: &Side) -> BTreeSet<Option<String>> {
    let Some(text) = &side.text else { return BTreeSet::new() };
    let names: BTreeSet<Option<String>> =
        wharf_spec::environments(text).into_iter().map(Some).collect();
    if names.is_empty() { BTreeSet::from([None]) } else { names }
}

fn stack(
    side: &Side,
    env: Option<&str>,
    global: &Global,
    ui: Ui,
) -> Result<Option<Stack>, CliError> {
    let Some(text) = &side.text else { return Ok(None) };
    if !environments(side).contains(&env.map(str::to_owned)) {
        return Ok(None);
    }
    let options = wharf_spec::Options {
        env: env.map(str::to_owned),
        from: None,
        images: global.image.iter().cloned().collect(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    match wharf_spec::parse(text, &side.name, &options) {
        Ok(parsed) => Ok(Some(parsed.stack)),
        Err(problems) => {
            let rendered = problems.render(text, ui.color_err());
            Err(CliError::new(Exit::Usage, rendered.trim_end().to_owned()))
        }
    }
}

fn sides(global: &Global, args: &DiffArgs) -> Result<(Side, Side), CliError> {
    let git = Git::of(&global.file);
    if let Some(new) = &args.new {
        return Ok((git.side(&args.old, global)?, git.side(new, global)?));
    }
    if !is_file(&args.old)
        && let Some((from, to)) = args.old.split_once("..")
    {
        let or_head =
            |name: &str| if name.is_empty() { "HEAD".to_owned() } else { name.to_owned() };
        // Three dots compare with the point at which the two parted, as git does.
        let (from, to) = match to.strip_prefix('.') {
            Some(to) => (git.parted(&or_head(from), &or_head(to))?, or_head(to)),
            None => (or_head(from), or_head(to)),
        };
        return Ok((git.revision(&from)?, git.revision(&to)?));
    }
    let (name, text) = session::read_text(global)?;
    Ok((git.side(&args.old, global)?, Side { name, text: Some(text) }))
}

/// Says whether a word names something to read, as a shell's `<(command)` does too.
fn is_file(name: &str) -> bool {
    let path = Path::new(name);
    name == "-" || path.exists() && !path.is_dir()
}

/// The repository the spec file is in, asked by running git: nothing is checked out.
struct Git {
    folder: PathBuf,
    file: String,
}

impl Git {
    fn of(file: &Path) -> Self {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
        Self {
            folder: folder.unwrap_or(Path::new(".")).to_owned(),
            file: name.unwrap_or_else(|| "wharf.yaml".to_owned()),
        }
    }

    /// Reads a file or a revision, whichever the word names.
    fn side(&self, word: &str, global: &Global) -> Result<Side, CliError> {
        if is_file(word) {
            let named = Global { file: PathBuf::from(word), ..global.clone() };
            let (name, text) = session::read_text(&named)?;
            return Ok(Side { name, text: Some(text) });
        }
        self.revision(word)
    }

    fn revision(&self, revision: &str) -> Result<Side, CliError> {
        let commit = self.resolve(revision)?;
        let object = format!("{commit}:./{}", self.file);
        let name = format!("{} at {revision}", self.file);
        if self.run(&["cat-file", "-e", &object]).is_err() {
            return Ok(Side { name: format!("nothing at {revision}"), text: None });
        }
        let text = self.run(&["show", &object])?;
        Ok(Side { name, text: Some(text) })
    }

    fn parted(&self, one: &str, two: &str) -> Result<String, CliError> {
        let (one, two) = (self.resolve(one)?, self.resolve(two)?);
        self.run(&["merge-base", &one, &two]).map(|commit| commit.trim().to_owned())
    }

    /// Returns the commit a word stands for.
    fn resolve(&self, word: &str) -> Result<String, CliError> {
        let wanted = format!("{word}^{{commit}}");
        let found = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]);
        found.map(|commit| commit.trim().to_owned()).map_err(|error| {
            let message = format!("`{word}` is neither a file nor a revision of this repository");
            let mut wrapped = CliError::new(Exit::Usage, message);
            wrapped.causes = error.causes;
            wrapped.hint("for example: wharf diff main, wharf diff old.yaml new.yaml")
        })
    }

    fn run(&self, args: &[&str]) -> Result<String, CliError> {
        let output = Command::new("git").arg("-C").arg(&self.folder).args(args).output();
        let output = output.map_err(|error| {
            CliError::new(Exit::Other, "cannot run git").cause(error.to_string())
        })?;
        if !output.status.success() {
            let mut error = CliError::new(Exit::Other, format!("git {} failed", args[0]));
            let said = String::from_utf8_lossy(&output.stderr);
            error.causes.extend(said.lines().map(str::to_owned));
            return Err(error);
        }
        String::from_utf8(output.stdout)
            .map_err(|_| CliError::new(Exit::Usage, "the spec in that revision is not UTF-8 text"))
    }
}
