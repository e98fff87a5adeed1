//! A plan as a comment on a pull request: the dangerous first, details folded, of bounded size.
//!
//! Everything that comes from a spec or an account is either inside code, where Markdown means
//! nothing, or escaped. The account's number is cut to its last four digits.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use wharf_plan::{Action, Level, Plan};

use super::entries::{Entry, Section, entries, totals};
use super::field::{Field, Shown};
use super::plan::Mode;
use super::{count, mask_account, title};
use crate::exposure::{sentences, widenings};
use crate::review::Review;

/// Most bytes of a comment. GitHub refuses more than 65,536 characters.
const LIMIT: usize = 60_000;
/// Most items of a list above the fold.
const LISTED: usize = 12;
/// Most characters of a line inside code.
const LINE: usize = 240;
/// What is kept free for the words that say what was left out, and for the account's mask.
const RESERVE: usize = 1_000;

/// How exactly this plan is carried out.
#[derive(Clone, Debug)]
pub(crate) enum Exactly {
    /// By this command.
    Saved(String),
    /// It was not saved.
    NotSaved,
}

impl std::fmt::Display for Exactly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Saved(command) => write!(f, "Apply exactly this: `{command}`"),
            Self::NotSaved => f.write_str(
                "To apply exactly this, save it with `wharf plan --out FILE`, then `wharf apply FILE`",
            ),
        }
    }
}

/// Writes the comment.
pub(crate) fn text(plan: &Plan, mode: Mode, exactly: &Exactly) -> String {
    let head = head(plan);
    let foot = foot(plan, exactly);
    let room = LIMIT.saturating_sub(head.len() + foot.len() + RESERVE);
    let body = body(plan, mode, room);
    mask_account(&format!("{head}{body}{foot}"), &plan.account)
}

/// Writes the comment on a change of a spec: environment by environment, as far as there is room.
pub(crate) fn diff(review: &Review, mode: Mode) -> String {
    let mut out = format!("<!-- wharf:diff:{} -->\n", review.app.replace("--", "- -"));
    let _ = writeln!(out, "### wharf diff: {} → {}\n", escape(&review.old), escape(&review.new));
    let share = (LIMIT - out.len() - RESERVE) / review.environments.len().max(1);
    for one in &review.environments {
        let plan = &one.plan;
        let end = if plan.is_empty() { "no difference".to_owned() } else { totals(plan) };
        let mut head = format!("#### {} · {end}\n\n", escape(&plan.stack));
        let notes: Vec<String> = one.notes.iter().map(|note| escape(note)).collect();
        list(&mut head, &notes, "");
        if !plan.is_empty() {
            head.push_str(&points(plan));
        }
        let room = share.saturating_sub(head.len() + RESERVE);
        if head.len() + RESERVE > share {
            let _ =
                writeln!(out, "{} is left out to keep this comment short.\n", escape(&plan.stack));
            continue;
        }
        out.push_str(&head);
        out.push_str(&body(plan, mode, room));
        out.push('\n');
    }
    out
}

/// Writes a line for each resource, and the fields folded.
fn body(plan: &Plan, mode: Mode, mut left: usize) -> String {
    let entries = entries(plan);
    let mut out = String::new();
    let lines: Vec<String> = Section::ALL
        .iter()
        .flat_map(|section| entries.iter().filter(move |entry| entry.section() == *section))
        .map(summary_line)
        .collect();
    if !lines.is_empty() {
        let (block, dropped) = fenced("diff", &lines, left / 2);
        left = left.saturating_sub(block.len());
        out.push_str(&block);
        if dropped > 0 {
            let _ = writeln!(out, "\n{} more not shown.", count(dropped, "resource"));
        }
    }
    if !mode.summary {
        out.push_str(&details(plan, &entries, mode, left));
    }
    out
}

fn head(plan: &Plan) -> String {
    let mut out = format!("<!-- wharf:{} -->\n", plan.stack.replace("--", "- -"));
    let what = if plan.inputs.destroy { "wharf destroy" } else { "wharf" };
    let end = if plan.is_empty() { "no changes".to_owned() } else { totals(plan) };
    let _ = writeln!(out, "### {what}: {} · {end}\n", escape(&plan.stack));
    let _ = writeln!(out, "Account {}, {}\n", escape(&plan.account), escape(&plan.region));
    out.push_str(&points(plan));
    out
}

/// Lists what must be seen first: what goes, what is opened up, what is wrong, what it means.
fn points(plan: &Plan) -> String {
    let mut out = String::new();
    let entries = entries(plan);
    let dangerous: Vec<String> = entries
        .iter()
        .filter(|entry| entry.section() == Section::DeleteAndReplace)
        .map(|entry| {
            let verb = if entry.action() == Action::Delete { "Deletes" } else { "Replaces" };
            let name = code(entry.address.name());
            let why = escape(&entry.detail());
            format!("**{verb}** {} {name}: {why}", title(entry.address))
        })
        .collect();
    list(&mut out, &dangerous, "⚠ ");
    let opens: Vec<String> = sentences(&widenings(plan))
        .iter()
        .map(|what| format!("**Opens** {}", escape(what)))
        .collect();
    list(&mut out, &opens, "");
    let mut checks: Vec<_> = plan.checks.iter().collect();
    checks.sort_by_key(|check| std::cmp::Reverse(check.level));
    let checks: Vec<String> = checks
        .into_iter()
        .map(|check| {
            let word = match check.level {
                Level::Error => "Error",
                Level::Warning => "Warning",
                Level::Info => "Note",
            };
            let of = check.address.as_ref().map(|of| format!(" {}:", code(&of.to_string())));
            let of = of.unwrap_or_default();
            format!("**{word}** {}{of} {}", escape(&check.code), escape(&check.message))
        })
        .collect();
    list(&mut out, &checks, "");
    let waiting: Vec<String> = plan
        .waiting
        .iter()
        .map(|one| format!("**Waiting** {}: {}", code(&one.address.to_string()), escape(&one.what)))
        .collect();
    list(&mut out, &waiting, "");
    if !plan.is_empty() {
        for (label, text) in super::consequences::consequences(plan) {
            let _ = writeln!(out, "**{label}** {}\n", escape(&text));
        }
    }
    out
}

fn list(out: &mut String, items: &[String], sign: &str) {
    for item in items.iter().take(LISTED) {
        let _ = writeln!(out, "- {sign}{item}");
    }
    if items.len() > LISTED {
        let _ = writeln!(out, "- … and {} more like these", items.len() - LISTED);
    }
    if !items.is_empty() {
        out.push('\n');
    }
}

/// One line of the summary; its first sign gives it a colour.
fn summary_line(entry: &Entry<'_>) -> String {
    let (sign, word) = match (entry.action(), entry.section()) {
        (Action::Delete, _) => ("-", "delete"),
        (_, Section::Drift) => ("#", "put back"),
        (Action::Create, _) => ("+", "create"),
        (Action::Replace, Section::DeleteAndReplace) => ("!", "replace"),
        (Action::Adopt, _) => ("!", "adopt"),
        (Action::Update | Action::Replace, _) => ("!", "change"),
    };
    let mut line =
        format!("{sign} {word:<8} {:<18} {}", title(entry.address), entry.address.name());
    let moved: Vec<String> = entry
        .changes()
        .into_iter()
        .filter(|change| change.follows.is_none() && entry.action() != Action::Create)
        .filter_map(|change| {
            match Field::of(change, entry.action(), entry.is_revision(), false).shown {
                Shown::Moved(before, after) => Some(format!("{} {before} → {after}", change.path)),
                Shown::Lines(_) => Some(format!("{} differs", change.path)),
                Shown::New(_) => None,
            }
        })
        .take(3)
        .collect();
    let detail = if moved.is_empty() { entry.detail() } else { moved.join(", ") };
    if !detail.is_empty() {
        let _ = write!(line, "  {detail}");
    }
    line
}

/// Every field, folded, resource by resource, as far as there is room.
fn details(plan: &Plan, entries: &[Entry<'_>], mode: Mode, mut left: usize) -> String {
    let mut said = BTreeSet::new();
    let mut blocks = Vec::new();
    let mut fields = 0;
    for section in Section::ALL {
        for entry in entries.iter().filter(|entry| entry.section() == section) {
            if entry.action() == Action::Create && !mode.full {
                continue;
            }
            let mut lines = Vec::new();
            for change in entry.changes() {
                fields += 1;
                let field = Field::of(change, entry.action(), entry.is_revision(), mode.full);
                field_lines(&field, &mut lines);
            }
            lines.extend(entry.how().map(|how| format!("# how: {how}")));
            lines.extend(entry.notes(&mut said).into_iter().map(|note| format!("# {note}")));
            if !lines.is_empty() {
                let name = code(&entry.address.to_string());
                let (block, _) = fenced("diff", &lines, usize::MAX);
                blocks.push(format!("\n{} {name}\n{block}", title(entry.address)));
            }
        }
    }
    if mode.full && !plan.unchanged.is_empty() {
        let names: Vec<String> = plan.unchanged.iter().map(ToString::to_string).collect();
        let (block, _) = fenced("text", &names, usize::MAX);
        blocks.push(format!("\nUnchanged\n{block}"));
    }
    if blocks.is_empty() {
        return String::new();
    }
    let mut body = String::new();
    let mut shown = 0;
    for block in &blocks {
        if block.len() > left {
            break;
        }
        left -= block.len();
        body.push_str(block);
        shown += 1;
    }
    let dropped = blocks.len() - shown;
    let mut out =
        format!("\n<details><summary>All fields ({fields})</summary>\n{body}\n</details>\n");
    if dropped > 0 {
        let _ = writeln!(
            out,
            "\nDetails of {} left out to keep this comment short; `wharf plan --full` has them.",
            count(dropped, "resource")
        );
    }
    out
}

fn field_lines(field: &Field, lines: &mut Vec<String>) {
    let beside = field.beside().map_or_else(String::new, |words| format!("   ({words})"));
    let path = &field.path;
    match &field.shown {
        Shown::New(after) => lines.push(format!("+ {path}: {after}{beside}")),
        Shown::Moved(before, after) => lines.push(format!("! {path}: {before} → {after}{beside}")),
        Shown::Lines(diff) => {
            lines.push(format!("! {path}:{beside}"));
            lines.extend(diff.iter().map(|line| format!("{}   {}", line.sign.as_str(), line.text)));
        }
    }
}

fn foot(plan: &Plan, exactly: &Exactly) -> String {
    if plan.is_empty() {
        let unchanged = count(plan.summary.unchanged, "resource");
        return format!("{unchanged} unchanged. Plan {}\n", code(&plan.id));
    }
    let unchanged = match plan.summary.unchanged {
        0 => String::new(),
        number => format!(" {} unchanged.", count(number, "resource")),
    };
    let apply = match exactly {
        Exactly::Saved(command) => format!("Apply exactly this: {}", code(command)),
        Exactly::NotSaved => exactly.to_string(),
    };
    format!("\nPlan {}.{unchanged} {apply}\n", code(&plan.id))
}

/// Writes lines as a block of code whose fence none of them can end; returns how many did not fit.
fn fenced(language: &str, lines: &[String], room: usize) -> (String, usize) {
    let lines: Vec<String> = lines.iter().map(|line| clean(line)).collect();
    let longest = lines.iter().map(|line| backticks(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut body = String::new();
    let mut shown = 0;
    for line in &lines {
        if body.len() + line.len() + 2 * fence.len() + language.len() + 5 > room {
            break;
        }
        body.push_str(line);
        body.push('\n');
        shown += 1;
    }
    (format!("\n{fence}{language}\n{body}{fence}\n"), lines.len() - shown)
}

/// Writes text as code inside a sentence.
fn code(text: &str) -> String {
    let text = clean(text);
    let ticks = "`".repeat(backticks(&text) + 1);
    // Code that begins or ends with a backtick, or is blank, needs room around it.
    let room = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() {
        " "
    } else {
        ""
    };
    format!("{ticks}{room}{text}{room}{ticks}")
}

/// Returns the length of the longest run of backticks.
fn backticks(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

/// Keeps text on one line of bounded length: no control character, no separator of lines.
fn clean(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(LINE)
        .map(|letter| {
            let breaks = matches!(letter, '\u{2028}' | '\u{2029}' | '\u{85}');
            if letter.is_control() || breaks { '\u{fffd}' } else { letter }
        })
        .collect();
    if text.chars().nth(LINE).is_some() {
        out.push('…');
    }
    out.trim_end().to_owned()
}

/// Escapes a sentence: no markup, no HTML, nobody is mentioned and no issue referred to.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in clean(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '|' | '~' | '!' => {
                out.push('\\');
                out.push(letter);
            }
            // An invisible space keeps the word from becoming a mention or a reference.
            '@' | '#' => {
                out.push('\\');
                out.push(letter);
                out.push('\u{200b}');
            }
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
pub(crate) mod tests;
