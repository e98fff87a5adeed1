//! A plan as text: what goes first, then what comes, what changes, what somebody else changed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use wharf_graph::ReadStats;
use wharf_plan::{Action, Level, Moved, Plan};

use super::consequences::consequences;
use super::entries::{Entry, Section, entries, totals};
use super::field::{Field, Shown, Sign};
use super::{count, paint, title};
use crate::args::Global;
use crate::error::CliError;
use crate::exit::Exit;
use crate::exposure::{sentences, widenings};
use crate::ui::style;

/// How much is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mode {
    /// One line per resource.
    pub(crate) summary: bool,
    /// Every field, and what is unchanged.
    pub(crate) full: bool,
    /// Whether the account is a simulated one.
    pub(crate) sandbox: bool,
}

impl Mode {
    pub(crate) fn of(global: &Global) -> Self {
        Self { summary: global.summary, full: global.full, sandbox: global.sandbox.is_some() }
    }
}

/// Writes a whole plan.
pub(crate) fn text(plan: &Plan, mode: Mode) -> String {
    let mut out = header(plan, mode);
    for (level, name) in
        [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Info, "note")]
    {
        for check in plan.checks.iter().filter(|check| check.level == level) {
            let of =
                check.address.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
            line(&mut out, &format!("{name}[{}] {of}{}", check.code, check.message));
        }
    }
    out.push_str(&changes(plan, mode));
    for waiting in &plan.waiting {
        line(&mut out, &format!("Waiting  {}: {}", waiting.address, waiting.what));
        for how in &waiting.how {
            line(&mut out, &format!("           {how}"));
        }
    }
    if !plan.is_empty() {
        for (label, text) in consequences(plan) {
            line(&mut out, &format!("{label:<9}{text}"));
        }
        line(&mut out, &format!("Plan     {}      id {}", totals(plan), plan.id));
    }
    out
}

/// Writes what changes, and what that opens up.
pub(super) fn changes(plan: &Plan, mode: Mode) -> String {
    let mut out = String::new();
    if plan.is_empty() {
        if plan.inputs.destroy {
            line(&mut out, "Nothing of this stack exists.");
        } else {
            line(&mut out, &format!("No changes. {} unchanged.", plan.summary.unchanged));
        }
    } else {
        let entries = entries(plan);
        let mut said = BTreeSet::new();
        for section in Section::ALL {
            let mut listed = entries.iter().filter(|entry| entry.section() == section).peekable();
            if listed.peek().is_none() {
                continue;
            }
            line(&mut out, "");
            line(&mut out, &paint(style::STRONG, section.heading(plan.inputs.destroy)));
            for entry in listed {
                write_entry(&mut out, entry, mode, &mut said);
            }
        }
        line(&mut out, "");
        if !mode.full && plan.summary.unchanged > 0 {
            line(&mut out, &format!("  {} unchanged", plan.summary.unchanged));
            line(&mut out, "");
        }
    }
    if mode.full && !plan.unchanged.is_empty() {
        line(&mut out, &paint(style::STRONG, "UNCHANGED"));
        for address in &plan.unchanged {
            line(&mut out, &format!("    {:<22} {}", title(address), address.name()));
        }
        line(&mut out, "");
    }
    for (index, what) in sentences(&widenings(plan)).iter().enumerate() {
        let label = if index == 0 { "Opens" } else { "" };
        line(&mut out, &format!("{label:<9}{what}"));
    }
    out
}

fn header(plan: &Plan, mode: Mode) -> String {
    let what = if plan.inputs.destroy { "wharf destroy" } else { "wharf plan" };
    let env = plan.inputs.env.as_ref().map(|env| format!(" ({env})")).unwrap_or_default();
    let sandbox = if mode.sandbox { " (sandbox)" } else { "" };
    format!(
        "{}  {}{env}  account {}{sandbox}, {}\n",
        paint(style::STRONG, what),
        plan.stack,
        plan.account,
        plan.region
    )
}

fn write_entry<'a>(out: &mut String, entry: &Entry<'a>, mode: Mode, said: &mut BTreeSet<&'a str>) {
    let (sign, color) = entry.sign();
    let verb = if mode.summary { format!("{:<8}", entry.action().as_str()) } else { String::new() };
    let name = format!("{sign} {verb}{:<22} {}", title(entry.address), entry.address.name());
    let detail = entry.detail();
    let gap = if detail.is_empty() { "" } else { "  " };
    line(out, &format!("  {}{gap}{}", paint(color, &name), paint(style::DIM, &detail)));
    if mode.summary {
        return;
    }
    if entry.action() != Action::Create || mode.full {
        let changes = entry.changes();
        let width = changes.iter().map(|change| change.path.len()).max().unwrap_or(0).min(32);
        for change in changes {
            let field = Field::of(change, entry.action(), entry.is_revision(), mode.full);
            write_field(out, &field, width);
        }
    }
    if let Some(how) = entry.how() {
        line(out, &format!("      {}", paint(style::DIM, &format!("how: {how}"))));
    }
    for note in entry.notes(said) {
        line(out, &format!("      {}", paint(style::DIM, note)));
    }
}

fn write_field(out: &mut String, field: &Field, width: usize) {
    let path = &field.path;
    let beside = field.beside().map_or_else(String::new, |words| {
        let color = if field.replaces.is_some() { style::DELETE } else { style::DIM };
        format!("   {}", paint(color, &words))
    });
    match &field.shown {
        Shown::New(after) => line(out, &format!("      {path:<width$}  {after}{beside}")),
        Shown::Moved(before, after) => {
            line(out, &format!("      {path:<width$}  {before} → {after}{beside}"));
        }
        Shown::Lines(lines) => {
            line(out, &format!("      {path:<width$}{beside}"));
            for one in lines {
                let text = format!("{} {}", one.sign.as_str(), one.text);
                let color = match one.sign {
                    Sign::Less => style::DELETE,
                    Sign::More => style::CREATE,
                    Sign::Same | Sign::Gap => style::DIM,
                };
                line(out, &format!("        {}", paint(color, text.trim_end())));
            }
        }
    }
}

/// One line per step, for messages.
pub(crate) fn lines(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in entries(plan) {
        lines.push(format!("{} {}: {}", entry.action(), entry.address, entry.steps[0].reason));
        for change in entry.changes() {
            let mut text = String::new();
            let field = Field::of(change, entry.action(), entry.is_revision(), false);
            write_field(&mut text, &field, 0);
            lines.extend(text.lines().map(|line| line[4..].to_owned()));
        }
    }
    lines
}

/// Says what reading cost.
pub(crate) fn cost(stats: &ReadStats) -> String {
    let mut text = format!(
        "{} in {}, {}.{:03} s",
        count(stats.calls as usize, "read"),
        count(stats.rounds as usize, "round"),
        stats.millis / 1000,
        stats.millis % 1000
    );
    for (operation, calls) in &stats.by_operation {
        write!(text, "\n  {calls:>3} × {operation}").expect("a string takes any text");
    }
    text
}

/// Says which facts a plan no longer matches.
pub(crate) fn moved(message: &str, moved: &[Moved]) -> CliError {
    let mut error = CliError::new(Exit::Stale, message);
    error.causes = moved.iter().map(ToString::to_string).collect();
    error
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}
