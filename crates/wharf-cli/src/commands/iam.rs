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
    let spec = session::load(global, ui)?;
    let verb = match args.verb {
        IamVerb::Plan => Verb::Plan,
        IamVerb::Apply => Verb::Apply,
        IamVerb::Destroy => Verb::Destroy,
        IamVerb::Push => Verb::Push,
    };
    let all = permissions::policies(&spec.stack, verb);
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
