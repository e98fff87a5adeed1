//! `wharf releases` and `wharf rollback`: what ran before, and going back to it.

use std::collections::BTreeMap;

use wharf_aws::operate::releases::{Release, choose, releases};
use wharf_spec::stack::Image;

use super::{apply, services};
use crate::args::{ApplyArgs, Format, Global, ReleasesArgs, RollbackArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

pub(super) async fn list(global: &Global, args: &ReleasesArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let chosen = services::chosen(&session.spec.stack, args.service.as_deref())?;
    let mut found: BTreeMap<String, Vec<Release>> = BTreeMap::new();
    for name in chosen {
        let all = releases(&session.aws, &session.spec.stack, &name).await?;
        found.insert(name, all);
    }
    let text = if global.format == Format::Json {
        view::releases::json(&session.spec.stack.name(), &found)
    } else {
        view::releases::text(&found)
    };
    ui.data(&text)?;
    Ok(Exit::Done)
}

pub(super) async fn rollback(
    global: &Global,
    args: &RollbackArgs,
    ui: Ui,
) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let stack = &session.spec.stack;
    let service = services::single(stack, args.service.as_deref(), "add --service NAME")?;
    if global.image.iter().any(|(name, _)| *name == service) {
        return Err(CliError::new(
            Exit::Usage,
            format!("--image names another image for service `{service}` than the release has"),
        ));
    }
    let all = releases(&session.aws, stack, &service).await?;
    let release = choose(&service, &all, args.revision).map_err(|error| {
        let mut error = CliError::from(error);
        error.exit = Exit::Usage;
        error
    })?;
    ui.say(&format!(
        "Service {service} goes back to the image of release {}: {}",
        release.revision, release.image
    ));
    let mut global = global.clone();
    let reference = reference(stack, &service, release);
    global.image.push((service.clone(), reference.clone()));
    let apply = ApplyArgs { consent: args.consent.clone(), ..ApplyArgs::default() };
    let exit = Box::pin(apply::run(&global, &apply, ui)).await?;
    if exit == Exit::Done {
        let image = stack.services.get(&service).map(|service| &service.image);
        ui.say(&lasting(image, &service, &reference));
    }
    Ok(exit)
}

/// Says how long what was gone back to stays.
fn lasting(image: Option<&Image>, service: &str, reference: &str) -> String {
    match image {
        Some(Image::Built { .. }) => "It stays until the next `wharf deploy`.".to_owned(),
        Some(Image::Keep { .. }) => {
            "It stays, since the spec keeps whatever image runs (`image: keep`).".to_owned()
        }
        _ => format!(
            "The spec was not changed: the next `wharf apply` goes forward again, unless the spec names \
             this image or the run has --image {service}={reference}"
        ),
    }
}

/// Returns the image of a release as `--image` takes it: the digest alone where it lies in the service's
/// own repository.
pub(super) fn reference(stack: &wharf_spec::Stack, service: &str, release: &Release) -> String {
    let own = stack.services.get(service).and_then(|service| service.image.repository());
    let home = own.map(|own| format!("/{}/{}", stack.app, own.name));
    match (release.image.split_once('@'), &release.digest) {
        (Some((repository, _)), Some(digest))
            if home.is_some_and(|home| repository.ends_with(&home)) =>
        {
            format!("@{digest}")
        }
        _ => release.image.clone(),
    }
}
