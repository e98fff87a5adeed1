//! Environments made like a declared one.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::json;
use wharf_aws::previews::Preview;

use super::paint;
use crate::ui::style;

/// Name and version of the document.
const FORMAT: &str = "wharf.previews/1";

/// Writes a line for each, with how long it is still wanted.
pub(crate) fn text(app: &str, from: &str, found: &[Preview], now: Timestamp) -> String {
    if found.is_empty() {
        return format!("No environment of {app} is made like {from}.\n");
    }
    let mut out = format!("{}\n", paint(style::STRONG, &format!("{app}, made like {from}")));
    let widest = found.iter().map(|one| one.env.len()).max().unwrap_or_default();
    for one in found {
        let left = match until(one) {
            Some(until) if until <= now => paint(style::CHANGE, "its time is over"),
            Some(until) => format!("wanted for {} more", left(now, until)),
            None => "wanted until somebody destroys it".to_owned(),
        };
        let until = one.expires.as_deref().map(|until| format!("  until {until}"));
        let until = until.unwrap_or_default();
        // Writing to a string cannot fail.
        writeln!(out, "  {:widest$}  {left}{until}", one.env).unwrap_or_default();
    }
    out
}

/// Writes the document.
pub(crate) fn json(app: &str, from: &str, found: &[Preview], now: Timestamp) -> String {
    let list: Vec<_> = found
        .iter()
        .map(|one| json!({"env": one.env, "expires": one.expires, "over": is_over(one, now)}))
        .collect();
    format!("{}\n", json!({"format": FORMAT, "app": app, "from": from, "previews": list}))
}

/// Says whether an environment is wanted no longer. What cannot be read as a time has none.
pub(crate) fn is_over(one: &Preview, now: Timestamp) -> bool {
    until(one).is_some_and(|until| until <= now)
}

fn until(one: &Preview) -> Option<Timestamp> {
    one.expires.as_deref()?.parse().ok()
}

/// Says how much time is left, in its largest unit.
fn left(now: Timestamp, until: Timestamp) -> String {
    let seconds = until.duration_since(now).as_secs().max(0);
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_how_long_it_is_wanted() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let of = |env: &str, expires: Option<&str>| Preview {
            env: env.to_owned(),
            expires: expires.map(str::to_owned),
        };
        let found = [
            of("pr-1", Some("2025-12-31T23:59:59Z")),
            of("pr-2", Some("2026-01-02T12:00:00Z")),
            of("pr-10", None),
            of("odd", Some("tomorrow")),
        ];
        let over: Vec<bool> = found.iter().map(|one| is_over(one, now)).collect();
        assert_eq!(over, [true, false, false, false]);
        let text = anstream::adapter::strip_str(&text("notes", "preview", &found, now)).to_string();
        assert!(text.contains("pr-1   its time is over"), "{text}");
        assert!(text.contains("pr-2   wanted for 36 h more  until 2026-01-02T12:00:00Z"), "{text}");
        assert!(text.contains("pr-10  wanted until somebody destroys it\n"), "{text}");
    }
}
