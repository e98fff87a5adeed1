//! `wharf deploy`: the repository, the image, then everything else, in one go.

use wharf_graph::Address;
use wharf_spec::stack::{Image, ImageReference, Workload};

use super::{apply, push};
use crate::args::{ApplyArgs, DeployArgs, Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::image::{self, Sent};
use crate::session::Session;
use crate::ui::Ui;

pub(super) async fn run(global: &Global, args: &DeployArgs, ui: Ui) -> Result<Exit, CliError> {
    let apply = ApplyArgs {
        plan: None,
        wait_image: args.wait_image,
        consent: args.consent.clone(),
        ttl: args.ttl,
    };
    // Found out now rather than after a build.
    apply::askable(global, &apply)?;
    let session = Session::start(global, ui).await?;
    let services = chosen(&session, args)?;
    if let Some((name, _)) =
        global.image.iter().find(|(name, _)| services.iter().any(|one| one.name == *name))
    {
        return Err(CliError::new(
            Exit::Usage,
            format!("--image names an image for `{name}`, and deploy is about to make one"),
        )
        .hint("leave `--image` out, or use `wharf apply`"));
    }
    // What cannot be built needs no repository.
    let mut ready = Vec::new();
    for service in services.iter().copied() {
        let archive = args.archive.as_deref();
        ready.push(push::bounded(global, image::ready(&session, service, archive)).await?);
    }
    let missing = missing(&session, &services).await?;
    if !missing.is_empty() {
        ui.say("The image needs its repository first.");
        let mut first = global.clone();
        first.only = missing;
        let exit = Box::pin(apply::with(&session.again(first)?, &apply)).await?;
        if exit != Exit::Done {
            return Ok(exit);
        }
        if !self::missing(&session, &services).await?.is_empty() {
            // Somebody was asked and did not say yes.
            return Ok(Exit::Done);
        }
    }
    let mut pinned = global.clone();
    for (service, ready) in services.iter().copied().zip(ready) {
        let sending = image::send(&session, service, ready, args.tag.as_deref());
        let sent = push::bounded(global, sending).await?;
        if global.format == Format::Json {
            ui.data(&format!("{}\n", sent.document()))?;
        }
        warn(ui, service, &sent);
        let repository = service.image.repository();
        let all = session.spec.stack.workloads();
        for one in all.filter(|one| one.image.repository() == repository) {
            pinned.image.push((one.name.to_owned(), format!("@{}", sent.digest)));
        }
    }
    Box::pin(apply::with(&session.again(pinned)?, &apply)).await
}

/// Returns what is to be deployed: the one that is meant, or all that are built, each image once.
fn chosen<'s>(session: &'s Session, args: &DeployArgs) -> Result<Vec<Workload<'s>>, CliError> {
    let stack = &session.spec.stack;
    if args.service.is_some() || args.archive.is_some() {
        let one = push::one(stack, args.service.as_deref(), args.archive.as_deref())?;
        return Ok(vec![one]);
    }
    let built = stack.workloads().filter(|one| matches!(one.image, Image::Built { .. }));
    let built = push::apart(built);
    if built.is_empty() { Err(push::nothing(false)) } else { Ok(built) }
}

/// Lists the repositories that nobody has made yet.
async fn missing(session: &Session, services: &[Workload<'_>]) -> Result<Vec<Address>, CliError> {
    let mut missing = Vec::new();
    for service in services {
        if image::home(session, *service).await?.is_none() {
            let repository = service.image.repository();
            missing.extend(repository.map(|one| Address::new("repository", &one.name)));
        }
    }
    Ok(missing)
}

/// Says when the spec names another image than the one that was pushed.
fn warn(ui: Ui, service: Workload<'_>, sent: &Sent) {
    let Image::Own { reference, .. } = service.image else { return };
    let (named, same) = match reference {
        ImageReference::Tag(tag) => (format!(":{tag}"), *tag == sent.tag),
        ImageReference::Digest(digest) => (format!("@{digest}"), *digest == sent.digest),
    };
    if !same {
        ui.say(&format!(
            "The spec names {}{named} for `{}`: the next `wharf apply` goes back to that unless the \
             spec names :{}.",
            sent.repository, service.name, sent.tag
        ));
    }
}
