//! `wharf push`: an image, built or handed over, to the stack's own repository.

use std::path::Path;

use wharf_spec::Stack;
use wharf_spec::stack::{Image, Workload};

use crate::args::{Format, Global, PushArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::image;
use crate::session::Session;
use crate::ui::Ui;

pub(super) async fn run(global: &Global, args: &PushArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let service = one(&session.spec.stack, args.service.as_deref(), args.archive.as_deref())?;
    let sent = bounded(global, async {
        let ready = image::ready(&session, service, args.archive.as_deref()).await?;
        image::send(&session, service, ready, args.tag.as_deref()).await
    })
    .await?;
    if global.format == Format::Json {
        ui.data(&format!("{:#}\n", sent.document()))?;
    } else {
        ui.data(&format!("{}\n", sent.digest))?;
    }
    Ok(Exit::Done)
}

/// Finds the service or job whose image is meant: the named one, or the only one there can be. Those
/// that share an image count as one.
pub(super) fn one<'s>(
    stack: &'s Stack,
    name: Option<&str>,
    archive: Option<&Path>,
) -> Result<Workload<'s>, CliError> {
    if let Some(name) = name {
        return named(stack, name);
    }
    let fits = |one: &Workload<'_>| match archive {
        Some(_) => !matches!(one.image, Image::Elsewhere(_)),
        None => matches!(one.image, Image::Built { .. }),
    };
    let found = apart(stack.workloads().filter(fits));
    match found.as_slice() {
        [only] => Ok(*only),
        [] => Err(nothing(archive.is_some())),
        several => {
            let names: Vec<&str> = several.iter().map(|one| one.name).collect();
            let message = format!("which service is meant? It could be {}", names.join(", "));
            Err(CliError::new(Exit::Usage, message).hint("name it before the flags"))
        }
    }
}

/// Returns one workload for each image: several can share a repository, and are built once.
pub(super) fn apart<'s>(all: impl Iterator<Item = Workload<'s>>) -> Vec<Workload<'s>> {
    let mut seen = std::collections::BTreeSet::new();
    all.filter(|one| one.image.repository().is_some_and(|found| seen.insert(&found.name))).collect()
}

/// Says that no service takes an image.
pub(super) fn nothing(archive: bool) -> CliError {
    if archive {
        return CliError::new(Exit::Usage, "no service has a repository of its own")
            .hint("write for example `image: { tag: v1 }` or `build: .` for one of them");
    }
    CliError::new(Exit::Usage, "no service has a `build`")
        .hint("name an archive with `--archive FILE`, or write for example `build: .`")
}

fn named<'s>(stack: &'s Stack, name: &str) -> Result<Workload<'s>, CliError> {
    let service = stack.workload(name).ok_or_else(|| {
        let names: Vec<&str> = stack.workloads().map(|one| one.name).collect();
        CliError::new(Exit::Usage, format!("there is no service `{name}`"))
            .hint(format!("there is {}", names.join(", ")))
    })?;
    if let Image::Elsewhere(reference) = service.image {
        let message = format!(
            "service `{name}` runs `{reference}`, which lives elsewhere: it has no repository of its own"
        );
        return Err(CliError::new(Exit::Usage, message)
            .hint("write for example `image: { tag: v1 }` or `build: .` instead"));
    }
    Ok(service)
}

/// Does `work` until it is done, the time is up or somebody interrupts.
pub(super) async fn bounded<T>(
    global: &Global,
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let up = async {
        match global.timeout {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        done = work => done,
        () = up => Err(CliError::new(Exit::TimedOut, "the time budget is spent, and the image is not pushed")
            .hint("what the registry has is not sent again; allow more with `--timeout`")),
        _ = tokio::signal::ctrl_c() => Err(CliError::new(Exit::Interrupted, "interrupted; the image is not pushed")),
    }
}
