//! `wharf doctor`: the way of a request hop by hop, and why it ends where it does.

use serde_json::{Value, json};
use wharf_doctor::{Evidence, State, judge, walk};

use crate::args::{Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session::Session;
use crate::ui::Ui;
use crate::view;

/// Name and version of the document.
const FORMAT: &str = "wharf.doctor/1";

pub(super) async fn run(global: &Global, service: Option<&str>, ui: Ui) -> Result<Exit, CliError> {
    let session = Session::start(global, ui).await?;
    let stack = &session.spec.stack;
    let names: Vec<&String> = match service {
        None => stack.services.keys().collect(),
        Some(name) => match stack.services.get_key_value(name) {
            Some((name, _)) => vec![name],
            None => return Err(unknown(name, stack)),
        },
    };
    let looks = names.iter().map(|name| wharf_aws::doctor::examine(&session.aws, stack, name));
    let all = Box::pin(futures::future::try_join_all(looks)).await?;
    let broken = all.iter().any(is_broken);
    let text = if global.format == Format::Json {
        let services: Vec<Value> = all.iter().map(document).collect();
        let document = json!({
            "format": FORMAT, "stack": stack.name(), "region": stack.region, "services": services,
        });
        format!("{document:#}\n")
    } else {
        let spec = &session.spec;
        let shown: Vec<String> =
            all.iter().map(|one| view::doctor::text(one, &spec.file, &spec.text)).collect();
        shown.join("\n")
    };
    ui.data(&text)?;
    Ok(if broken { Exit::Other } else { Exit::Done })
}

fn unknown(name: &str, stack: &wharf_spec::Stack) -> CliError {
    let short: String = name.chars().take(60).collect();
    let known: Vec<&str> = stack.services.keys().map(String::as_str).collect();
    CliError::new(Exit::Usage, format!("the spec has no service `{short}`"))
        .hint(format!("it has {}", known.join(", ")))
}

/// Says whether a hop is broken or a cause was found.
fn is_broken(evidence: &Evidence) -> bool {
    walk(evidence).iter().any(|hop| hop.state == State::Broken) || !judge(evidence).is_empty()
}

fn document(evidence: &Evidence) -> Value {
    json!({
        "name": evidence.intent.service,
        "well": !is_broken(evidence),
        "hops": walk(evidence),
        "causes": judge(evidence),
    })
}
