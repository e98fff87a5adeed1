//! A plan as one page that needs nothing else: no script, no request, nothing that is not escaped.

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use wharf_plan::{Action, Level, Plan};

use super::entries::{Entry, Section, entries, totals};
use super::field::{Field, Shown, Sign};
use super::plan::Mode;
use super::{count, mask_account, title};
use crate::exposure::{sentences, widenings};
use crate::picture::{self, Picture};

const CSS: &str = include_str!("html.css");
/// Nothing may be loaded, sent or run; styles are those of the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Writes the page.
pub(crate) fn page(plan: &Plan, picture: &Picture, mode: Mode, apply: &str) -> String {
    let what = if plan.inputs.destroy { "wharf destroy" } else { "wharf plan" };
    let heading = format!("{what}: {}", plan.stack);
    let entries = entries(plan);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                link rel="icon" href="data:,";
                title { (heading) }
                style {
                    (PreEscaped(CSS)) (PreEscaped(picture::css())) (PreEscaped(filters()))
                    (PreEscaped(format!("figure svg {{ min-width: {:.0}px; }}\n", legible(picture))))
                }
            }
            body {
                a class="skip" href="#changes" { "To the changes" }
                header { (top(plan, &entries, mode, &heading)) }
                main {
                    (overview(plan))
                    section aria-labelledby="picture-heading" {
                        h2 id="picture-heading" { "Picture" }
                        figure tabindex="0" role="group" aria-label="Resources, which scroll" {
                            (picture::inline(picture))
                        }
                    }
                    (changes(plan, &entries, mode))
                }
                footer { (foot(plan, apply)) }
            }
        }
    };
    let text: String = mask_account(&page.into_string(), &plan.account)
        .chars()
        .filter(|letter| !letter.is_control() || *letter == '\n')
        .collect();
    text + "\n"
}

/// Returns the width under which a picture scrolls instead of shrinking further.
fn legible(picture: &Picture) -> f64 {
    picture::width(picture) * 0.75
}

/// The actions, each a filter.
const ACTIONS: [Action; 5] =
    [Action::Delete, Action::Replace, Action::Create, Action::Update, Action::Adopt];

/// Without a script, a filter is a choice that hides all other entries.
fn filters() -> String {
    ACTIONS.iter().fold(String::new(), |mut css, action| {
        let rule = format_args!(
            ":root:has(#only-{action}:checked) .entry:not(.{action}) {{ display: none; }}\n"
        );
        super::add(&mut css, rule);
        css
    })
}

fn top(plan: &Plan, entries: &[Entry<'_>], mode: Mode, heading: &str) -> Markup {
    let env = plan.inputs.env.as_ref().map(|env| format!("environment {env}, "));
    let revisions = entries.iter().filter(|entry| entry.is_revision()).count();
    html! {
        h1 { (heading) }
        p class="meta" {
            (env.unwrap_or_default()) "account " (plan.account)
            @if mode.sandbox { " (sandbox)" }
            ", " (plan.region)
        }
        ul class="tiles" aria-label="Resources by what happens to them" {
            @for (number, class, word) in [
                (plan.summary.delete, "delete", "to delete"),
                (plan.summary.replace.saturating_sub(revisions), "replace", "to replace"),
                (plan.summary.create, "create", "to create"),
                (plan.summary.update + revisions, "update", "to change"),
                (plan.summary.adopt, "adopt", "to adopt"),
                (plan.summary.drift, "drift", "of them drift"),
                (plan.summary.unchanged, "unchanged", "unchanged"),
            ] {
                @if number > 0 { li class=(class) { b { (number) } span { (word) } } }
            }
        }
    }
}

fn overview(plan: &Plan) -> Markup {
    let opens = sentences(&widenings(plan));
    html! {
        section aria-labelledby="overview" {
            h2 id="overview" { "What it means" }
            @if plan.is_empty() { p { "Nothing changes." } }
            @else {
                dl {
                    @for (label, text) in super::consequences::consequences(plan) { dt { (label) } dd { (text) } }
                    @if !opens.is_empty() {
                        dt { "Opens" }
                        dd { ul { @for what in &opens { li { (what) } } } }
                    }
                    dt { "Plan" }
                    dd { (totals(plan)) }
                }
            }
            @if !plan.waiting.is_empty() {
                h2 { "Waits for somebody" }
                ul { @for one in &plan.waiting { li { code { (one.address) } ": " (one.what) } } }
            }
            @if !plan.checks.is_empty() {
                h2 { "Checks" }
                ul class="checks" {
                    @for check in &plan.checks {
                        li class=(if check.level == Level::Error { "error" } else { "warning" }) {
                            b {
                                (match check.level {
                                    Level::Error => "Error",
                                    Level::Warning => "Warning",
                                    Level::Info => "Note",
                                })
                                " " (check.code)
                            }
                            @if let Some(address) = &check.address { " " code { (address) } }
                            ": " (check.message)
                        }
                    }
                }
            }
        }
    }
}

fn changes(plan: &Plan, entries: &[Entry<'_>], mode: Mode) -> Markup {
    let mut said = BTreeSet::new();
    let present: BTreeSet<Action> = entries.iter().map(Entry::action).collect();
    html! {
        section id="changes" aria-labelledby="changes-heading" {
            h2 id="changes-heading" { "Changes" }
            @if present.len() > 1 {
                fieldset {
                    legend { "Show" }
                    label { input type="radio" name="only" id="only-all" checked; "all" }
                    @for action in ACTIONS.iter().filter(|action| present.contains(action)) {
                        label { input type="radio" name="only" id={ "only-" (action) }; (action) }
                    }
                }
            }
            @for section in Section::ALL {
                @let listed: Vec<&Entry<'_>> =
                    entries.iter().filter(|entry| entry.section() == section).collect();
                @if !listed.is_empty() {
                    h3 { (section.heading(plan.inputs.destroy)) }
                    @for entry in listed { (one(entry, mode, &mut said)) }
                }
            }
            @if !plan.unchanged.is_empty() {
                details open[mode.full] {
                    summary { (count(plan.unchanged.len(), "resource")) " unchanged" }
                    ul class="columns" {
                        @for address in &plan.unchanged { li { (title(address)) " " (address.name()) } }
                    }
                }
            }
        }
    }
}

fn one<'a>(entry: &Entry<'a>, mode: Mode, said: &mut BTreeSet<&'a str>) -> Markup {
    let action = entry.action();
    let also = match (entry.is_drift(), entry.is_revision()) {
        (true, _) => " drift",
        (_, true) => " revision",
        _ => "",
    };
    let word = if entry.is_revision() { "new revision" } else { action.as_str() };
    let notes = entry.notes(said);
    let open = mode.full || entry.section() == Section::DeleteAndReplace;
    let inside = !mode.summary
        && (!entry.changes().is_empty() || entry.how().is_some() || !notes.is_empty());
    html! {
        details class={ "entry " (action) (also) } data-address=(entry.address) data-action=(action)
            open[open && inside] {
            summary {
                span class="word" { (entry.sign().0) " " (word) }
                span class="kind" { (title(entry.address)) }
                span { b { (entry.address.name()) } " " span class="detail" { (entry.detail()) } }
            }
            @if inside {
                div class="inside" {
                    @if !entry.changes().is_empty() { (fields(entry)) }
                    @if let Some(how) = entry.how() { p { "How: " (how) "." } }
                    @for note in notes { p { (note) } }
                }
            }
        }
    }
}

fn fields(entry: &Entry<'_>) -> Markup {
    let new = entry.action() == Action::Create;
    html! {
        table {
            thead {
                tr {
                    th class="path" scope="col" { "Field" }
                    @if new { th scope="col" { "Value" } }
                    @else {
                        th scope="col" { "Before" }
                        th scope="col" { "After" }
                        th class="why" scope="col" { "Why it matters" }
                    }
                }
            }
            tbody {
                @for change in entry.changes() {
                    @let field = Field::of(change, entry.action(), entry.is_revision(), true);
                    tr {
                        th class="mono path" scope="row" { (field.path) }
                        (values(&field))
                        @if !new {
                            td class=(if field.replaces.is_some() { "forced" } else { "quiet" }) {
                                (field.beside().unwrap_or_default())
                            }
                        }
                    }
                }
            }
        }
    }
}

fn values(field: &Field) -> Markup {
    match &field.shown {
        Shown::New(after) => html! { td class="mono" { (after) } },
        Shown::Moved(before, after) => html! {
            td class="mono" { (before) }
            td class="mono" { (after) }
        },
        Shown::Lines(lines) => {
            // Something new has one column for its value, a change has two.
            let new = lines.iter().all(|line| line.sign == Sign::More);
            html! {
                td colspan=(if new { "1" } else { "2" }) {
                    pre {
                        @for line in lines {
                            @let class = match line.sign {
                                Sign::Same => "same",
                                Sign::Less => "less",
                                Sign::More => "more",
                                Sign::Gap => "gap",
                            };
                            @if new { span { (line.text) } }
                            @else { span class=(class) { (line.sign.as_str()) " " (line.text) } }
                        }
                    }
                }
            }
        }
    }
}

fn foot(plan: &Plan, apply: &str) -> Markup {
    html! {
        p {
            "Plan " code { (plan.id) } ", made by wharf " (plan.wharf) " from facts " code { (plan.facts) }
            ". " (apply)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_write_becomes_markup() {
        let evil = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\u{7}\"'&";
        let plan = crate::view::markdown::tests::plan(evil, 2);
        let picture = Picture::planned(&wharf_graph::Graph::default(), &plan);
        let page = page(&plan, &picture, Mode { full: true, ..Mode::default() }, "apply it");
        for tag in ["<script", "<img", "</td><s", "\u{7}"] {
            assert!(!page.contains(tag), "{tag}\n{page}");
        }
        assert!(page.contains("&lt;script&gt;"), "{page}");
        assert!(!page.contains("111122223333"), "{page}");
        assert!(
            !page.contains("http://")
                || page.matches("http://").count()
                    == page.matches("http://www.w3.org/2000/svg").count()
        );
    }
}
