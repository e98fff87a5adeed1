//! `wharf render`: the effective spec, and where each value comes from.

use serde_json::{Value, json};
use wharf_spec::render::{self, Effective};

use crate::args::{Format, Global};
use crate::error::CliError;
use crate::exit::Exit;
use crate::session;
use crate::ui::Ui;

pub(super) fn run(global: &Global, why: bool, ui: Ui) -> Result<Exit, CliError> {
    let (file, text) = session::read_text(global)?;
    let rendered =
        render::render(&text, &file, &session::options(global)?).map_err(|problems| {
            let shown = problems.render(&text, ui.color_err());
            CliError::new(Exit::Usage, shown.trim_end().to_owned())
        })?;
    for warning in &rendered.warnings {
        ui.say(&warning.render(&file, &text, ui.color_err()));
    }
    if global.format == Format::Json {
        let mut values = Vec::new();
        flatten("", &rendered.spec, &mut values);
        let document = json!({
            "format": "wharf.render/1",
            "stack": rendered.stack.name(),
            "env": rendered.stack.env,
            "values": values,
        });
        ui.data(&format!("{document:#}\n"))?;
    } else {
        ui.data(&render::text(&rendered.spec, why))?;
    }
    Ok(Exit::Done)
}

/// Lists every value by its path.
fn flatten(path: &str, effective: &Effective, out: &mut Vec<Value>) {
    match effective {
        Effective::Map(pairs) if pairs.is_empty() => {
            out.push(json!({ "path": path, "value": {}, "origin": null }));
        }
        Effective::Map(pairs) => {
            for (key, inner) in pairs {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, inner, out);
            }
        }
        Effective::Scalar { origin, .. } | Effective::List { origin, .. } => {
            out.push(json!({ "path": path, "value": value(effective), "origin": origin }));
        }
    }
}

fn value(effective: &Effective) -> Value {
    match effective {
        // Numbers and booleans stand without quotes; everything else is a text.
        Effective::Scalar { text, quoted: false, .. } => match serde_json::from_str(text) {
            Ok(plain @ (Value::Number(_) | Value::Bool(_))) => plain,
            _ => json!(text),
        },
        Effective::Scalar { text, .. } => json!(text),
        Effective::List { items, .. } => items.iter().map(value).collect(),
        Effective::Map(pairs) => {
            pairs.iter().map(|(key, inner)| (key.clone(), value(inner))).collect()
        }
    }
}
