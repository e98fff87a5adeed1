//! Values as other formats write them, and as the spec does.

use serde_json::{Value, json};

use super::draft::Draft;
use super::yaml;

/// vCPUs a task can have on Fargate; which memory goes with each is for the spec's own check.
const CPUS: [f64; 7] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
/// Most memory of a task, in GiB.
const MOST: u64 = 120;
/// Longest name of an app or a service.
const LONGEST: usize = 32;

/// Makes a name that the spec allows from another.
pub(super) fn legal(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    let out: String =
        out.trim_start_matches(|c: char| !c.is_ascii_lowercase()).chars().take(LONGEST).collect();
    let out = out.trim_end_matches('-').to_owned();
    if out.is_empty() { "web".to_owned() } else { out }
}

/// Returns a single value as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns a list of texts; a text alone is cut as a shell cuts it, but nothing else of one is done.
pub(super) fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(line) => Some(crate::starter::words(line)),
        Value::Array(items) => items.iter().map(text).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// Reads a time such as `1m30s`, `90s`, `500ms` or `90` (seconds), rounded up to seconds.
pub(super) fn seconds(value: &Value) -> Option<u64> {
    let text = text(value)?;
    if let Ok(plain) = text.parse::<u64>() {
        return Some(plain);
    }
    let (mut total, mut number, mut unit) = (0.0, String::new(), String::new());
    let mut add = |number: &mut String, unit: &mut String| {
        let amount = number.parse::<f64>().ok()?;
        let factor = match unit.as_str() {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        total += amount * factor;
        number.clear();
        unit.clear();
        Some(())
    };
    for c in text.chars() {
        if c.is_ascii_digit() || c == '.' {
            if !unit.is_empty() {
                add(&mut number, &mut unit)?;
            }
            number.push(c);
        } else {
            unit.push(c);
        }
    }
    add(&mut number, &mut unit)?;
    // Times of these files are far below where a float loses seconds.
    format!("{:.0}", total.ceil()).parse().ok()
}

/// Writes seconds as the spec has them.
pub(super) fn time(seconds: u64) -> Value {
    format!("{seconds}s").into()
}

/// Reads an amount of memory such as `512M`, `1g` or a number of bytes, in MiB, rounded up.
pub(super) fn mebibytes(value: &Value) -> Option<u64> {
    let text = text(value)?.to_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: u64 = number.parse().ok()?;
    match unit.trim_end_matches("ib").trim_end_matches('b') {
        "" => Some(number.div_ceil(1 << 20)),
        "k" => Some(number.div_ceil(1 << 10)),
        "m" => Some(number),
        "g" => number.checked_mul(1 << 10),
        _ => None,
    }
}

/// Gives a service the smallest task of Fargate that has what it had.
pub(super) fn size(draft: &mut Draft, place: &[&str], cpu: Option<f64>, memory: Option<u64>) {
    if cpu.is_none() && memory.is_none() {
        return;
    }
    let gigabytes = (1..=MOST).map(|all| all << 10);
    let sizes: Vec<u64> = std::iter::once(512).chain(gigabytes).collect();
    for vcpu in CPUS.into_iter().filter(|have| cpu.is_none_or(|wanted| *have >= wanted)) {
        for mebibytes in sizes.iter().filter(|have| memory.is_none_or(|wanted| **have >= wanted)) {
            let shown = if *mebibytes < 1024 {
                format!("{mebibytes}MB")
            } else {
                format!("{}GB", mebibytes >> 10)
            };
            let pair = [("cpu", json!(vcpu)), ("memory", shown.clone().into())];
            if draft.try_put(place, &pair).is_ok() {
                let more = cpu.is_some_and(|wanted| wanted < vcpu)
                    || memory.is_some_and(|wanted| wanted < *mebibytes);
                if more {
                    draft.note(
                        place,
                        format!(
                            "the smallest task of Fargate with as much as it had ({}) is {vcpu} vCPU, {shown}",
                            had(cpu, memory)
                        ),
                    );
                }
                return;
            }
        }
    }
    draft.note(
        place,
        format!("left out: its size ({}): no task of Fargate is so large", had(cpu, memory)),
    );
}

fn had(cpu: Option<f64>, memory: Option<u64>) -> String {
    let cpu = cpu.map(|cpu| format!("{cpu} vCPU"));
    let memory = memory.map(|memory| format!("{memory} MiB"));
    cpu.into_iter().chain(memory).collect::<Vec<_>>().join(", ")
}

/// Notes every key that nothing was made of, with what to do about it where that is known.
pub(super) fn rest(
    draft: &mut Draft,
    place: &[&str],
    map: &Value,
    known: &[&str],
    hints: &[(&str, &str)],
) {
    for (key, value) in map.as_object().into_iter().flatten() {
        if known.contains(&key.as_str()) || value.is_null() {
            continue;
        }
        let hint = hints.iter().find(|(word, _)| word == key).map(|(_, hint)| *hint);
        let hint = hint.unwrap_or("the spec has no word for it");
        draft.note(place, format!("left out: `{key}: {}`: {hint}", shown(value)));
    }
}

/// Shows a value of a foreign file in a comment, not longer than it takes to recognise it. The values of
/// maps may be anything, passwords too, so only their keys are shown.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    fn bare(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                map.iter().map(|(key, value)| (key.clone(), bare(value))).collect()
            }
            Value::Array(items) => items.iter().map(bare).collect(),
            Value::String(text) if text.contains('=') => {
                format!("{}=…", text.split('=').next().unwrap_or_default()).into()
            }
            Value::String(text) if looks_secret(text) => "…".into(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }
    let text = yaml::flow(&bare(value));
    if text.chars().count() <= LONGEST {
        return text;
    }
    let short: String = text.chars().take(LONGEST).collect();
    format!("{short}…")
}

/// Whether the spec would refuse the text as a variable because it may be a credential.
fn looks_secret(text: &str) -> bool {
    let mut probe = Draft::new("app", "eu-west-1");
    let image = [("image", json!("nginx:1"))];
    probe.try_put(&["services", "web"], &image).is_ok()
        && probe
            .try_put(&["services", "web", "env"], &[("VALUE", text.into())])
            .is_err_and(|problem| problem.sensitive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read_as_others_write_them() {
        for (text, wanted) in [
            ("1m30s", Some(90)),
            ("90", Some(90)),
            ("500ms", Some(1)),
            ("1.5h", Some(5400)),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(seconds(&text.into()), wanted, "{text}");
        }
        for (text, wanted) in [
            ("512M", Some(512)),
            ("1g", Some(1024)),
            ("2GiB", Some(2048)),
            ("1073741824", Some(1024)),
            ("x", None),
        ] {
            assert_eq!(mebibytes(&text.into()), wanted, "{text}");
        }
    }

    #[test]
    fn comments_show_no_credentials() {
        let value = json!({"logging": ["TOKEN=abc", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"]});
        assert_eq!(shown(&value), "{ logging: [\"TOKEN=…\", \"…\"] }");
    }
}
