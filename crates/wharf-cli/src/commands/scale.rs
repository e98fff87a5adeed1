//! `wharf scale`: another number of tasks, now.

use wharf_aws::operate::scale::{Range, Scale, look, scale};
use wharf_spec::render::{self, Effective};

use super::services;
use crate::args::{Format, Global, ScaleArgs};
use crate::error::CliError;
use crate::exit::Exit;
use crate::lease::holding;
use crate::session::{self, Session};
use crate::ui::Ui;
use crate::view::scale::{Done, json};

pub(super) async fn run(global: &Global, args: &ScaleArgs, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let stack = &session.spec.stack;
    let name = services::single(stack, Some(&args.service), "SERVICE")?;
    let work = async {
        let from = look(&session.aws, stack, &name).await?;
        refuse(&name, &from, args.count)?;
        say_owner(&session, &name, &from, args.count)?;
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => {
                ui.say("Interrupted; ECS goes on by itself. `wharf wait` waits for it.");
                Ok(Exit::Interrupted)
            }
            done = go(&session, &name, &from, args.count) => done,
        }
    };
    holding(&session, Box::pin(work)).await
}

/// Refuses a number that the autoscaler would take back.
fn refuse(name: &str, from: &Scale, count: u32) -> Result<(), CliError> {
    let Some(Range { min, max }) = from.range else { return Ok(()) };
    if (min..=max).contains(&count) {
        return Ok(());
    }
    let (side, bound) = if count > max { ("most", "max") } else { ("fewest", "min") };
    let message = format!(
        "service {name} has {min} to {max} tasks, as the autoscaler decides: it would take {count} back"
    );
    Err(CliError::new(Exit::Usage, message)
        .cause(format!("{} is its {side}", if count > max { max } else { min }))
        .hint(format!("change `{bound}` of services.{name}.scale, and `wharf apply`")))
}

/// Says who decides about the number, and how long the new one lasts.
fn say_owner(session: &Session, name: &str, from: &Scale, count: u32) -> Result<(), CliError> {
    let ui = session.ui;
    if let Some(Range { min, max }) = from.range {
        ui.say(&format!(
            "The autoscaler decides how many tasks service {name} has, {min} to {max}. It goes from {} \
             to {count} now, and wherever the load takes it after that.",
            from.count
        ));
        return Ok(());
    }
    ui.say(&format!("Service {name} goes from {} to {count} now.", from.count));
    let wanted = session.spec.stack.services.get(name).map_or(count, |service| service.count);
    if wanted == count {
        return Ok(());
    }
    let place = match line(session, name)? {
        Some(place) => format!("to keep {count}, change `scale` at {place}"),
        None => format!("to keep {count}, write `scale: {count}` under services.{name}"),
    };
    ui.say(&format!("The next `wharf apply` returns to {wanted}, as the spec says; {place}."));
    if count == 0 {
        ui.say(&format!("Without a task, service {name} does nothing and answers nobody."));
    }
    Ok(())
}

/// Returns where the spec says how many tasks a service has; nowhere, if it leaves that to the default.
fn line(session: &Session, name: &str) -> Result<Option<String>, CliError> {
    let spec = &session.spec;
    let rendered = render::render(&spec.text, &spec.file, &session::options(&session.global)?)
        .map_err(|problems| {
            let shown = problems.render(&spec.text, session.ui.color_err());
            CliError::new(Exit::Usage, shown.trim_end().to_owned())
        })?;
    let found =
        ["services", name, "scale"].iter().try_fold(&rendered.spec, |part, key| below(part, key));
    let origin = found.and_then(origin);
    Ok(origin.filter(|origin| !origin.starts_with("default:")).map(str::to_owned))
}

fn below<'a>(part: &'a Effective, key: &str) -> Option<&'a Effective> {
    match part {
        Effective::Map(pairs) => pairs.iter().find(|(own, _)| own == key).map(|(_, value)| value),
        Effective::Scalar { .. } | Effective::List { .. } => None,
    }
}

fn origin(part: &Effective) -> Option<&str> {
    match part {
        Effective::Scalar { origin, .. } | Effective::List { origin, .. } => Some(origin),
        Effective::Map(pairs) => pairs.iter().find_map(|(_, value)| origin(value)),
    }
}

async fn go(session: &Session, name: &str, from: &Scale, count: u32) -> Result<Exit, CliError> {
    let ui = session.ui;
    let stack = &session.spec.stack;
    let step = services::step(session, name, false);
    if from.count != count {
        Box::pin(scale(&session.aws, stack, name, from, count, &step)).await?;
    }
    let wanted = stack.services.get(name).filter(|_| from.range.is_none());
    let spec_line = if wanted.is_some() { line(session, name)? } else { None };
    if session.global.format == Format::Json {
        let done = Done {
            stack: stack.name(),
            service: name.to_owned(),
            before: from.count,
            count,
            range: from.range,
            spec_count: wanted.map(|service| service.count),
            spec_line,
        };
        ui.data(&json(&done))?;
    } else {
        let many = if count == 1 { "task" } else { "tasks" };
        ui.say(&format!("Service {name} has {count} {many}."));
    }
    Ok(Exit::Done)
}
