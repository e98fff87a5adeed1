//! `wharf import`: a spec from what describes a service elsewhere.

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::init;
use crate::args::{Format, Global, ImportArgs, ImportFrom};
use crate::error::CliError;
use crate::exit::Exit;
use crate::importer::draft::Draft;
use crate::importer::{compose, copilot, live};
use crate::session;
use crate::starter::answers;
use crate::ui::Ui;

/// Largest file that is read.
const LIMIT: u64 = 1 << 20;
/// What a Compose file is called (Compose Specification, "Compose file").
const COMPOSE: &[&str] =
    &["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

pub(super) async fn run(global: &Global, args: &ImportArgs, ui: Ui) -> Result<Exit, CliError> {
    let file = global.file.as_path();
    let printed = file == Path::new("-");
    if !printed && file.symlink_metadata().is_ok() {
        return Err(init::in_the_way(file));
    }
    let region = answers::known_region(global).ok_or_else(|| {
        CliError::new(Exit::Usage, "no region is known").hint("say it with `--region REGION`")
    })?;
    if let Some(app) = &args.app {
        legal(app, &region)?;
    }
    let here = answers::directory().map_or_else(|| "app".to_owned(), |answer| answer.value);
    let app = args.app.clone();
    let (draft, source, next) = match &args.from {
        ImportFrom::Compose { path } => {
            let path = path.clone().map_or_else(compose_file, Ok)?;
            let read = read(&path)?;
            let app = app.or_else(|| read.get("name").is_none().then_some(here));
            let draft = compose::draft(&read, app.as_deref(), &region)
                .map_err(|why| refused(&path, &why))?;
            (draft, path.display().to_string(), next(file))
        }
        ImportFrom::Copilot { path } => {
            let folder = path.clone().unwrap_or_else(|| PathBuf::from("copilot"));
            let manifests = manifests(&folder)?;
            let app = app.or_else(|| application(&folder)).unwrap_or(here);
            let draft =
                copilot::draft(&manifests, &app, &region).map_err(|why| refused(&folder, &why))?;
            (draft, folder.display().to_string(), next(file))
        }
        ImportFrom::Service { name } => {
            let (cluster, service) = name.split_once('/').ok_or_else(|| {
                CliError::new(Exit::Usage, format!("`{name}` is no service"))
                    .hint("write CLUSTER/SERVICE, as in `wharf import service main/web`")
            })?;
            let app = app.unwrap_or(here);
            legal(&app, &region)?;
            let aws = session::connect_to(global, &region).await?;
            let found = Box::pin(wharf_aws::operate::found::found(&aws, cluster, service)).await?;
            let draft = live::draft(&found, &app, &region);
            let mut next = next(file);
            if let Some(first) = next.first_mut() {
                *first = first.replace("wharf check", "wharf adopt");
            }
            (draft, format!("service {}/{}", found.cluster, found.name), next)
        }
    };
    if draft.is_empty() {
        return Err(CliError::new(Exit::Usage, format!("nothing of `{source}` can be a spec"))
            .cause(
                draft.remarks().into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n"),
            ));
    }
    let heading = format!("From {source}. What could not be carried over is in comments.");
    let spec = draft.write(&heading)?;
    if !printed {
        init::write(file, &spec)?;
    }
    let remarks = draft.remarks();
    if global.format == Format::Json {
        let remarks: Vec<Value> =
            remarks.iter().map(|(place, text)| json!({ "place": place, "text": text })).collect();
        let document = json!({
            "format": "wharf.import/1", "file": file.display().to_string(), "source": source,
            "spec": spec, "remarks": remarks, "next": next,
        });
        ui.data(&format!("{document}\n"))?;
        return Ok(Exit::Done);
    }
    if printed {
        ui.data(&spec)?;
        return Ok(Exit::Done);
    }
    ui.say(&told(file, &draft, &next));
    Ok(Exit::Done)
}

/// Says what was written and what to look at.
fn told(file: &Path, draft: &Draft, next: &[String]) -> String {
    let remarks = draft.remarks().len();
    let looked = match remarks {
        0 => "everything was carried over".to_owned(),
        1 => "1 remark is in its comments".to_owned(),
        many => format!("{many} remarks are in its comments"),
    };
    let next: Vec<String> = next.iter().map(|command| format!("`{command}`")).collect();
    format!("{}: written; {looked}\nNext: {}", file.display(), next.join(", then "))
}

fn next(file: &Path) -> Vec<String> {
    if file == Path::new("-") {
        return Vec::new();
    }
    let flag = if file == Path::new("wharf.yaml") {
        String::new()
    } else {
        format!(" --file {}", file.display())
    };
    vec![format!("wharf check{flag}"), format!("wharf plan{flag}")]
}

/// Refuses a name or a region that no spec can have, in the words of `wharf check`.
fn legal(app: &str, region: &str) -> Result<(), CliError> {
    Draft::new(app, region).probe().map_err(|why| CliError::new(Exit::Usage, why))
}

fn compose_file() -> Result<PathBuf, CliError> {
    COMPOSE.iter().map(PathBuf::from).find(|path| path.is_file()).ok_or_else(|| {
        CliError::new(Exit::Usage, "there is no Compose file here")
            .cause(format!("looked for {}", COMPOSE.join(", ")))
            .hint("name it: `wharf import compose FILE`")
    })
}

fn read(path: &Path) -> Result<Value, CliError> {
    let cannot = |why: String| {
        CliError::new(Exit::Usage, format!("cannot read `{}`", path.display())).cause(why)
    };
    let mut text = String::new();
    let length = std::fs::File::open(path)
        .and_then(|file| file.take(LIMIT + 1).read_to_string(&mut text))
        .map_err(|error| cannot(error.to_string()))?;
    if length as u64 > LIMIT {
        return Err(cannot("it is larger than 1 MiB".to_owned()));
    }
    serde_saphyr::from_str(&text).map_err(|error| cannot(error.to_string()))
}

/// Reads one manifest, or those of all services of a workspace.
fn manifests(path: &Path) -> Result<Vec<(String, Value)>, CliError> {
    if path.is_file() {
        return Ok(vec![(path.display().to_string(), read(path)?)]);
    }
    let listed = std::fs::read_dir(path).map_err(|error| {
        let missing = error.kind() == ErrorKind::NotFound;
        let message = format!("cannot read `{}`", path.display());
        let error = CliError::new(Exit::Usage, message).cause(error.to_string());
        if missing { error.hint("name the folder, or a manifest") } else { error }
    })?;
    let mut paths: Vec<PathBuf> = listed
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("manifest.yml"))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    // Environments have manifests too, in a folder of their own; they describe no service.
    if paths.is_empty() {
        return Err(CliError::new(
            Exit::Usage,
            format!("`{}` has no manifest of Copilot", path.display()),
        )
        .hint("name the folder that holds SERVICE/manifest.yml, or a manifest"));
    }
    paths.iter().map(|path| Ok((path.display().to_string(), read(path)?))).collect()
}

/// Returns the application's name that Copilot keeps beside the manifests.
fn application(folder: &Path) -> Option<String> {
    let read = read(&folder.join(".workspace")).ok()?;
    read.get("application")?.as_str().map(str::to_owned)
}

fn refused(path: &Path, why: &str) -> CliError {
    CliError::new(Exit::Usage, format!("`{}` cannot be imported", path.display())).cause(why)
}
