//! `wharf promote`: what runs in one environment is applied to another, digest for digest.

use std::collections::BTreeMap;

use serde_json::json;
use wharf_aws::operate::releases::{Release, releases};
use wharf_spec::Stack;
use wharf_spec::stack::Service;

use super::{apply, releases::reference};
use crate::args::{ApplyArgs, Format, Global, PromoteArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::{self, Session};
use crate::ui::Ui;

pub(super) async fn run(global: &Global, args: &PromoteArgs, ui: Ui) -> Result<Exit, CliError> {
    if let Some(env) = global.env.as_ref().filter(|env| **env != args.to) {
        let message =
            format!("--env {env} is neither here nor there: the environments are arguments");
        return Err(CliError::new(Exit::Usage, message)
            .hint(format!("wharf promote {} {}", args.from, args.to)));
    }
    if args.from == args.to {
        let message = format!("{} is to be promoted to itself", args.from);
        return Err(CliError::new(Exit::Usage, message));
    }
    let apply = ApplyArgs { consent: args.consent.clone(), ..ApplyArgs::default() };
    apply::askable(global, &apply)?;
    let of = |env: &str| Global { env: Some(env.to_owned()), ..global.clone() };
    let to = session::load(&of(&args.to), ui)?.stack;
    let from = Global { image: Vec::new(), ..of(&args.from) };
    let from = Session::start(&from, ui).await?;
    reachable(&from.spec.stack, &to, args)?;
    let images = images(&from, &to, global, args).await?;
    for (service, release, image) in &images {
        let commit = release.commit.as_deref().map(|it| format!(", commit {it}"));
        ui.say(&format!(
            "Service {service}: {image}, as release {} of {}{}",
            release.name,
            args.from,
            commit.unwrap_or_default()
        ));
    }
    if global.format == Format::Json {
        let images: BTreeMap<&String, &String> =
            images.iter().map(|(service, _, image)| (service, image)).collect();
        let document = json!({
            "format": "wharf.promote/1", "app": to.app, "from": args.from, "to": args.to, "images": images,
        });
        ui.data(&format!("{document}\n"))?;
    }
    let mut into = of(&args.to);
    into.image.extend(images.iter().map(|(service, _, image)| (service.clone(), image.clone())));
    let exit = Box::pin(apply::run(&into, &apply, ui)).await?;
    if exit == Exit::Done {
        ui.say(&format!(
            "The spec was not changed: the next `wharf apply --env {}` takes the images it names.",
            args.to
        ));
    }
    Ok(exit)
}

/// Refuses environments that share no repository: one account and region has one for the app.
fn reachable(from: &Stack, to: &Stack, args: &PromoteArgs) -> Result<(), CliError> {
    let differs = |what: &str, one: &str, other: &str| {
        let message = format!(
            "{} is in {what} {one} and {} in {other}: they share no repository",
            args.from, args.to
        );
        CliError::new(Exit::Usage, message).hint(format!(
            "copy the image by its digest (`wharf releases --env {}` shows it), then \
             `wharf apply --env {} --image SERVICE=@DIGEST`",
            args.from, args.to
        ))
    };
    if let (Some(one), Some(other)) = (&from.account, &to.account)
        && one != other
    {
        return Err(differs("account", one, other));
    }
    if from.region != to.region {
        return Err(differs("region", &from.region, &to.region));
    }
    Ok(())
}

/// Returns for each service whose image is the app's own what runs of it, and how `--image` names it.
async fn images(
    from: &Session,
    to: &Stack,
    global: &Global,
    args: &PromoteArgs,
) -> Result<Vec<(String, Release, String)>, CliError> {
    let mut images = Vec::new();
    for service in to.services.values() {
        let name = &service.name;
        let own = service.image.repository().is_some();
        if !own || global.image.iter().any(|(named, _)| named == name) {
            continue;
        }
        let there = from.spec.stack.services.get(name);
        comparable(there, service, args)?;
        let all = releases(&from.aws, &from.spec.stack, name).await?;
        let Some(live) = all.into_iter().find(|release| release.primary) else {
            let message = format!("service {name} runs nothing in {}", args.from);
            return Err(CliError::new(Exit::Usage, message)
                .hint(format!("`wharf apply --env {}` makes it", args.from)));
        };
        if live.result.is_some_and(|result| result == "under way") {
            let message = format!("service {name} is being rolled out in {}", args.from);
            return Err(CliError::new(Exit::Usage, message)
                .hint(format!("`wharf wait --env {}` waits for its end", args.from)));
        }
        if live.digest.is_none() {
            let message = format!(
                "service {name} runs {} in {}, which names no digest",
                live.image, args.from
            );
            return Err(CliError::new(Exit::Usage, message));
        }
        let image = reference(to, name, &live);
        images.push((name.clone(), live, image));
    }
    if images.is_empty() {
        return Err(CliError::new(Exit::Usage, "no service has an image of the app's own")
            .hint("images elsewhere are named in the spec, for both environments"));
    }
    Ok(images)
}

/// Refuses a service that the other environment does not have, or has for another processor.
fn comparable(from: Option<&Service>, to: &Service, args: &PromoteArgs) -> Result<(), CliError> {
    let name = &to.name;
    let Some(from) = from else {
        let message = format!("{} has no service {name}, which {} has", args.from, args.to);
        return Err(CliError::new(Exit::Usage, message)
            .hint(format!("name its image yourself: --image {name}=REFERENCE")));
    };
    if from.architecture != to.architecture {
        let message = format!(
            "service {name} has another `platform` in {} than in {}: its image would not run",
            args.from, args.to
        );
        return Err(CliError::new(Exit::Usage, message)
            .hint("give both the same, or push an image for both"));
    }
    Ok(())
}
