//! A plan as text: what goes first, then what comes, what changes, what somebody else changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;
use wharf_graph::{Address, ReadStats};
use wharf_plan::{
    Action, Change, ImpactKind, KNOWN_AFTER_APPLY, Level, MASK, Moved, Part, Plan, Reason, Step,
};

use super::{count, headline, paint, seconds, title, value};
use crate::args::Global;
use crate::error::CliError;
use crate::exit::Exit;
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

/// One resource with all its steps.
struct Entry<'a> {
    address: &'a Address,
    steps: Vec<&'a Step>,
}

impl Entry<'_> {
    fn action(&self) -> Action {
        self.steps[0].action
    }

    /// Says whether every change of the kind makes a new revision, so that a replacement is nothing
    /// to worry about: the old revision stays for a rollback.
    fn is_revision(&self) -> bool {
        self.action() == Action::Replace
            && wharf_aws::kinds::policy(self.address.kind())
                .is_some_and(|policy| policy.replace_on.iter().any(|(prop, _)| *prop == "*"))
    }

    fn section(&self) -> usize {
        if self.is_revision() {
            return if self.steps.iter().all(|step| step.drift) { 3 } else { 2 };
        }
        match self.action() {
            Action::Delete | Action::Replace => 0,
            _ if self.steps.iter().all(|step| step.drift) => 3,
            Action::Create => 1,
            Action::Update | Action::Adopt => 2,
        }
    }
}

const SECTIONS: [&str; 4] =
    ["DELETE AND REPLACE", "CREATE", "CHANGE", "DRIFT (changed outside wharf; apply puts it back)"];

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
    if plan.is_empty() {
        if plan.inputs.destroy {
            line(&mut out, "Nothing of this stack exists.");
        } else {
            line(&mut out, &format!("No changes. {} unchanged.", plan.summary.unchanged));
        }
    } else {
        let entries = entries(plan);
        for (section, heading) in SECTIONS.iter().enumerate() {
            let mut listed = entries.iter().filter(|entry| entry.section() == section).peekable();
            if listed.peek().is_none() {
                continue;
            }
            line(&mut out, "");
            let heading = if plan.inputs.destroy { "DELETE" } else { heading };
            line(&mut out, &paint(style::STRONG, heading));
            for entry in listed {
                write_entry(&mut out, entry, mode);
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
    for waiting in &plan.waiting {
        line(&mut out, &format!("Waiting  {}: {}", waiting.address, waiting.what));
        for how in &waiting.how {
            line(&mut out, &format!("           {how}"));
        }
    }
    if !plan.is_empty() {
        line(&mut out, &format!("Impact   {}", impact(plan)));
        line(&mut out, &format!("Plan     {}      id {}", totals(plan), plan.id));
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

/// Gathers the steps by resource, in plan order of their first step.
fn entries(plan: &Plan) -> Vec<Entry<'_>> {
    let mut order: Vec<Entry<'_>> = Vec::new();
    let mut seen: BTreeMap<(&Address, Action), usize> = BTreeMap::new();
    for step in &plan.steps {
        let key = (&step.address, step.action);
        if let Some(index) = seen.get(&key) {
            order[*index].steps.push(step);
        } else {
            seen.insert(key, order.len());
            order.push(Entry { address: &step.address, steps: vec![step] });
        }
    }
    order
}

fn sign(action: Action) -> (&'static str, Style) {
    match action {
        Action::Create => ("+", style::CREATE),
        Action::Update => ("~", style::CHANGE),
        Action::Replace => ("±", style::DELETE),
        Action::Delete => ("-", style::DELETE),
        Action::Adopt => ("^", style::CHANGE),
    }
}

fn write_entry(out: &mut String, entry: &Entry<'_>, mode: Mode) {
    let (sign, color) =
        if entry.is_revision() { ("~", style::CHANGE) } else { sign(entry.action()) };
    let verb = if mode.summary { format!("{:<8}", entry.action().as_str()) } else { String::new() };
    let name = format!("{sign} {verb}{:<22} {}", title(entry.address), entry.address.name());
    let detail = summary_of(entry);
    let gap = if detail.is_empty() { "" } else { "  " };
    line(out, &format!("  {}{gap}{}", paint(color, &name), paint(style::DIM, &detail)));
    if mode.summary {
        return;
    }
    if entry.action() != Action::Create || mode.full {
        let changes: Vec<&Change> = changes(entry);
        let width = changes.iter().map(|change| change.path.len()).max().unwrap_or(0).min(32);
        for change in changes {
            let mut change = change.clone();
            if entry.is_revision() {
                change.forces_replacement = None;
            }
            line(out, &format!("      {}", change_line(&change, width, entry.action())));
        }
    }
    if let Some(how) = how(entry) {
        line(out, &format!("      {}", paint(style::DIM, &how)));
    }
    let mut notes: Vec<&str> = entry.steps.iter().filter_map(|step| step.note.as_deref()).collect();
    notes.dedup();
    for note in notes {
        line(out, &format!("      {}", paint(style::DIM, note)));
    }
}

/// What a create makes, or why something else happens.
fn summary_of(entry: &Entry<'_>) -> String {
    let first = entry.steps[0];
    if entry.action() == Action::Create
        && let Some(text) = first.op.props().and_then(|props| headline::of(entry.address, props))
    {
        return text;
    }
    match entry.action() {
        Action::Create if !first.drift => String::new(),
        Action::Delete => {
            // An id of our own making only repeats the address.
            let id =
                first.op.live().map(|live| headline::id(&live.id)).filter(|id| !id.contains('|'));
            let id = id.unwrap_or_default();
            if first.because == Reason::Destroyed {
                return id;
            }
            format!("{id}  {}", first.reason).trim().to_owned()
        }
        Action::Replace if entry.is_revision() => {
            "a new revision; older ones are kept for a rollback".to_owned()
        }
        Action::Replace => why(entry).unwrap_or_else(|| first.reason.clone()),
        Action::Create | Action::Update | Action::Adopt => {
            if entry.steps.iter().any(|step| step.part == Some(Part::Move)) {
                return entry.steps.last().map(|step| step.reason.clone()).unwrap_or_default();
            }
            first.reason.clone()
        }
    }
}

/// Why a resource is replaced: the first property that forces it. A name that follows from the others
/// explains nothing, unless nothing else does.
fn why(entry: &Entry<'_>) -> Option<String> {
    let forced = |change: &&&Change| change.forces_replacement.is_some();
    let all = changes(entry);
    let named = all.iter().filter(forced).find(|change| change.path != "name");
    named.or_else(|| all.iter().find(forced)).and_then(|change| change.forces_replacement.clone())
}

/// The differences of all steps of a resource, each once; creating half first.
fn changes<'a>(entry: &Entry<'a>) -> Vec<&'a Change> {
    let mut found: Vec<&Change> = Vec::new();
    for step in &entry.steps {
        // Attaching is half of a move; the move says where it ends.
        if step.part == Some(Part::Attach)
            && entry.steps.iter().any(|other| other.part == Some(Part::Move))
        {
            continue;
        }
        for change in &step.changes {
            if !found.iter().any(|known| known.path == change.path) {
                found.push(change);
            }
        }
    }
    found
}

fn change_line(change: &Change, width: usize, action: Action) -> String {
    let (before, after) = if change.sensitive {
        (MASK.to_owned(), MASK.to_owned())
    } else {
        let after =
            if change.unknown { KNOWN_AFTER_APPLY.to_owned() } else { value(&change.after) };
        (value(&change.before), after)
    };
    let mut text = if action == Action::Create {
        format!("{:<width$}  {after}", change.path)
    } else {
        format!("{:<width$}  {before} → {after}", change.path)
    };
    if let Some(why) = &change.forces_replacement {
        write!(text, "   {}", paint(style::DELETE, &format!("replaces: {why}")))
            .expect("a string takes any text");
    }
    if let Some(of) = &change.follows {
        write!(text, "   {}", paint(style::DIM, &format!("follows {of}")))
            .expect("a string takes any text");
    }
    text
}

fn how(entry: &Entry<'_>) -> Option<String> {
    if entry.action() != Action::Replace || entry.is_revision() {
        return None;
    }
    let parts: Vec<Option<Part>> = entry.steps.iter().map(|step| step.part).collect();
    let create = parts.iter().position(|part| *part == Some(Part::Create))?;
    let delete = parts.iter().position(|part| *part == Some(Part::Delete))?;
    Some(if create < delete {
        "how: the new one is made beside the old one, which goes when nothing uses it any more"
            .to_owned()
    } else {
        "how: the old one is deleted first; until the new one is there, neither answers".to_owned()
    })
}

fn impact(plan: &Plan) -> String {
    let impact = &plan.impact;
    if !impact.sentence.is_empty() {
        return impact.sentence.clone();
    }
    let about = if impact.seconds == 0 {
        String::new()
    } else {
        format!(", about {}", seconds(impact.seconds))
    };
    match impact.kind {
        ImpactKind::None => format!("none for users of the service{about}"),
        ImpactKind::Rolling => format!("rolling restart{about}, no downtime"),
        ImpactKind::Outage => format!("requests are not answered for a while{about}"),
        ImpactKind::DataLoss => format!("data is deleted for good{about}"),
    }
}

fn totals(plan: &Plan) -> String {
    let summary = &plan.summary;
    let revisions = entries(plan).iter().filter(|entry| entry.is_revision()).count();
    let parts = [
        (summary.delete, "to delete"),
        (summary.replace.saturating_sub(revisions), "to replace"),
        (summary.create, "to create"),
        (summary.update + revisions, "to change"),
        (summary.adopt, "to adopt"),
    ];
    let mut text: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    if summary.drift > 0 {
        text.push(format!("{} of them drift", summary.drift));
    }
    text.join(", ")
}

/// One line per step, for messages.
pub(crate) fn lines(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in entries(plan) {
        lines.push(format!("{} {}: {}", entry.action(), entry.address, entry.steps[0].reason));
        for change in changes(&entry) {
            lines.push(format!("  {}", change_line(change, 0, entry.action())));
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
