//! `wharf push`: an image, built or handed over, to the service's own repository.

use std::path::Path;

use wharf_spec::Stack;
use wharf_spec::stack::{Image, Service};

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

/// Finds the service that is meant: the named one, or the only one that can be.
pub(super) fn one<'s>(
    stack: &'s Stack,
    name: Option<&str>,
    archive: Option<&Path>,
) -> Result<&'s Service, CliError> {
    if let Some(name) = name {
        return named(stack, name);
    }
    let fits = |service: &&Service| match archive {
        Some(_) => !matches!(service.image, Image::Elsewhere(_)),
        None => matches!(service.image, Image::Built { .. }),
    };
    let found: Vec<&Service> = stack.services.values().filter(fits).collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(nothing(archive.is_some())),
        several => {
            let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
            let message = format!("which service is meant? It could be {}", names.join(", "));
            Err(CliError::new(Exit::Usage, message).hint("name it before the flags"))
        }
    }
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

fn named<'s>(stack: &'s Stack, name: &str) -> Result<&'s Service, CliError> {
    let service = stack.services.get(name).ok_or_else(|| {
        let names: Vec<&str> = stack.services.keys().map(String::as_str).collect();
        CliError::new(Exit::Usage, format!("there is no service `{name}`"))
            .hint(format!("there is {}", names.join(", ")))
    })?;
    if let Image::Elsewhere(reference) = &service.image {
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
