//! `wharf iam`: the permissions a verb takes, from the spec alone.

use serde_json::Value;
use wharf_aws::permissions::{self, Verb};

use crate::args::{Format, Global, IamArgs, IamVerb};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session;
use crate::ui::Ui;
use crate::view;

pub(super) fn run(global: &Global, args: &IamArgs, ui: Ui) -> Result<Exit, CliError> {
    let previews = pattern(global, ui)?;
    let one = previews.as_ref().map_or(global, |previews| &previews.one);
    let spec = session::load(one, ui)?;
    let verb = match args.verb {
        IamVerb::Plan => Verb::Plan,
        IamVerb::Apply => Verb::Apply,
        IamVerb::Destroy => Verb::Destroy,
        IamVerb::Push => Verb::Push,
    };
    let mut all = permissions::policies(&spec.stack, verb);
    if let (Some(previews), Some(env)) = (&previews, &one.env) {
        all = permissions::widen(all, env, &previews.pattern);
    }
    let chosen = match args.part {
        None => all.as_slice(),
        Some(part) => {
            let at = usize::from(part) - 1;
            all.get(at..=at).ok_or_else(|| {
                let have = view::count(all.len(), "policy").replace("policys", "policies");
                CliError::new(Exit::Usage, format!("there is no part {part}: it takes {have}"))
            })?
        }
    };
    // One is printed as what it is, so that it can be handed to AWS; several as a list.
    let document = match chosen {
        [only] => only.clone(),
        several => Value::from(several.to_vec()),
    };
    if global.format == Format::Json {
        ui.data(&format!("{document}\n"))?;
    } else {
        ui.data(&format!("{document:#}\n"))?;
        ui.say(&view::iam::how(&spec.stack, verb, all.len(), args.part));
    }
    Ok(Exit::Done)
}

/// Environments whose names begin alike, made like a declared one.
struct Previews {
    /// Their names: `pr-*`.
    pattern: String,
    /// The flags that ask for one of them.
    one: Global,
}

/// Reads `--env 'pr-*' --from preview`.
fn pattern(global: &Global, ui: Ui) -> Result<Option<Previews>, CliError> {
    let (Some(pattern), Some(_)) = (&global.env, &global.made_from) else { return Ok(None) };
    let Some(start) = pattern.strip_suffix('*') else { return Ok(None) };
    if start.is_empty() {
        return Err(CliError::new(Exit::Usage, "`*` would be every environment of the app")
            .hint("begin the names of previews alike: --env 'pr-*'"));
    }
    let (_, text) = session::read_text(global)?;
    if let Some(name) =
        wharf_spec::environments(&text).into_iter().find(|name| name.starts_with(start))
    {
        let message = format!("`{pattern}` would be the declared environment `{name}` as well");
        return Err(CliError::new(Exit::Usage, message));
    }
    ui.say(&format!("These are for every environment called {pattern}."));
    let one = Global { env: Some(format!("{start}0")), ..global.clone() };
    Ok(Some(Previews { pattern: pattern.clone(), one }))
}
