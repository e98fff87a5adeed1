//! `wharf plan`: reads the account and shows what apply would do.

use wharf_graph::Graph;

use crate::args::{Format, Global, PlanArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::picture::Picture;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

pub(super) async fn run(global: &Global, args: &PlanArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let snapshot = session.read().await?;
    let plan = session.plan(&snapshot, args.destroy)?;
    match global.format {
        Format::Json => ui.data(&format!("{}\n", json(&plan)?))?,
        Format::Markdown => {
            let mode = view::plan::Mode::of(global);
            ui.data(&view::markdown::text(&plan, mode, &exactly(global, args)))?;
        }
        Format::Html => {
            let graph = if args.destroy { Graph::default() } else { session.graph(&snapshot)? };
            let picture = Picture::planned(&graph, &plan);
            let mode = view::plan::Mode::of(global);
            let apply = exactly(global, args).to_string();
            ui.data(&view::html::page(&plan, &picture, mode, &apply))?;
        }
        _ => ui.data(&view::plan::text(&plan, view::plan::Mode::of(global)))?,
    }
    if global.verbose {
        ui.say(&view::plan::cost(&snapshot.stats));
    }
    if let Some(path) = &args.out {
        save(path, &json(&plan)?)?;
        ui.say(&format!("saved as {}; carry it out with: wharf apply {0}", path.display()));
    }
    if args.detailed_exitcode && !plan.is_empty() { Ok(Exit::Changes) } else { Ok(Exit::Done) }
}

/// Says how exactly this plan is carried out.
fn exactly(global: &Global, args: &PlanArgs) -> view::markdown::Exactly {
    let mut words = Vec::new();
    if global.file != std::path::Path::new("wharf.yaml") {
        words.extend(["--file".to_owned(), global.file.display().to_string()]);
    }
    match &args.out {
        Some(out) => view::markdown::Exactly::Saved(
            [vec!["wharf apply".to_owned(), out.display().to_string()], words].concat().join(" "),
        ),
        None => view::markdown::Exactly::NotSaved,
    }
}

fn json(plan: &wharf_plan::Plan) -> Result<String, CliError> {
    plan.to_json_pretty().map_err(|error| CliError::from_error(Exit::Other, &error))
}

/// Writes the whole file or nothing: a plan cut short must not be left behind.
fn save(path: &std::path::Path, text: &str) -> Result<(), CliError> {
    use std::io::Write as _;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let write = || -> std::io::Result<()> {
        let mut file =
            tempfile::NamedTempFile::new_in(parent.unwrap_or(std::path::Path::new(".")))?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| {
        CliError::new(Exit::Other, format!("cannot save the plan as `{}`", path.display()))
            .cause(error.to_string())
    })
}
