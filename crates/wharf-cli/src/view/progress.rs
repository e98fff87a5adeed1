//! A run as it happens: redrawn on a terminal, one line per change of state elsewhere, or JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use wharf_apply::{Event, EventKind, Sink};
use wharf_graph::Address;
use wharf_plan::{Action, Part, Plan, StepId};

use super::{paint, title};
use crate::args::Format;
use crate::ui::{Ui, style};

/// How often a line with a running clock is redrawn.
const TICK: Duration = Duration::from_millis(120);

/// Returns where events of a run go.
pub(crate) fn sink(ui: Ui, format: Format, plan: &Plan) -> Sink {
    match format {
        Format::Json => Arc::new(move |event| json(ui, &event)),
        _ if ui.live() => {
            let live = Mutex::new(Live::new(ui));
            Arc::new(move |event| live.lock().unwrap_or_else(PoisonError::into_inner).show(&event))
        }
        _ => {
            let lines = Mutex::new(Lines {
                ui,
                width: plan.steps.len().to_string().len(),
                done: 0,
                total: plan.steps.len(),
                said: BTreeMap::new(),
            });
            Arc::new(move |event| lines.lock().unwrap_or_else(PoisonError::into_inner).show(&event))
        }
    }
}

fn json(ui: Ui, event: &Event) {
    if let Ok(line) = serde_json::to_string(event) {
        // When nobody reads any more, the work still goes on.
        drop(ui.data(&format!("{line}\n")));
    }
}

fn name(address: &Address) -> String {
    format!("{:<22} {}", title(address), address.name())
}

/// Past and present tense of what a step does.
fn verbs(address: &Address, action: Action, part: Option<Part>) -> (&'static str, &'static str) {
    match (action, part) {
        // Only revisions nobody will go back to are deregistered; the plan says the others are kept.
        (Action::Replace, Some(Part::Delete)) if super::has_revisions(address) => {
            ("clearing out old revisions", "old revisions cleared out")
        }
        _ if address.kind() == "release" => ("running the command", "command ended well"),
        (_, Some(Part::Attach)) => ("attaching new target", "new target attached"),
        (_, Some(Part::Widen)) => ("granting what is new", "granted what is new"),
        (_, Some(Part::Narrow)) => {
            ("taking away what is not needed", "took away what is not needed")
        }
        (_, Some(Part::Move)) => ("moving traffic", "traffic moved"),
        (Action::Replace, Some(Part::Delete)) | (Action::Delete, _) => ("deleting", "deleted"),
        (Action::Create | Action::Replace, _) => ("creating", "created"),
        (Action::Update, _) => ("changing", "changed"),
        (Action::Adopt, _) => ("adopting", "adopted"),
    }
}

/// Says whether notes of a step ask somebody to do something: push an image, make DNS records.
fn asks(address: &Address) -> bool {
    matches!(address.kind(), "image" | "certificate_validation")
}

/// Says whether the details of a step's notes are what a program writes, each line told once.
fn tells_lines(address: &Address) -> bool {
    address.kind() == "release"
}

fn took(millis: u64) -> String {
    if millis < 10_000 {
        format!("{}.{} s", millis / 1000, millis % 1000 / 100)
    } else {
        super::seconds(millis / 1000)
    }
}

/// One line per change of state, for logs and pipes.
struct Lines {
    ui: Ui,
    width: usize,
    done: usize,
    total: usize,
    /// What was said about each step already: events of AWS come again with every look.
    said: BTreeMap<StepId, BTreeSet<String>>,
}

impl Lines {
    fn show(&mut self, event: &Event) {
        match &event.kind {
            EventKind::StepNote { step, address, details, .. } => {
                let said = self.said.entry(step.clone()).or_default();
                let mut lines: Vec<String> = details
                    .iter()
                    // A program may say the same twice; AWS repeats its events with every look.
                    .filter(|detail| tells_lines(address) || said.insert((*detail).clone()))
                    .map(|detail| format!("  {detail}"))
                    .collect();
                let message = format!("{address}: {}", event.message);
                let again = !lines.is_empty() && !tells_lines(address);
                if said.insert(message.clone()) || again {
                    lines.insert(0, message);
                }
                for line in lines {
                    self.ui.say(&format!("  {} {line}", self.blank()));
                }
            }
            EventKind::StepDone { address, action, part, millis, .. } => {
                self.done += 1;
                let (_, past) = verbs(address, *action, *part);
                let counter = format!("{:>width$}/{}", self.done, self.total, width = self.width);
                self.ui.say(&format!("  {counter} {} {past}  {}", name(address), took(*millis)));
            }
            EventKind::StepFailed { address, failure, .. } => {
                self.ui.say(&format!("  {} {} FAILED: {failure}", self.blank(), name(address)));
            }
            EventKind::StepWaiting { address, what, .. } => {
                self.ui.say(&format!("  {} {} waiting: {what}", self.blank(), name(address)));
            }
            EventKind::Interrupted { .. } | EventKind::TimedOut => {
                self.ui.say(&format!("  {}", event.message));
            }
            EventKind::Start { .. }
            | EventKind::StepStarted { .. }
            | EventKind::StepSkipped { .. }
            | EventKind::Settled { .. }
            | EventKind::End { .. } => {}
        }
    }

    fn blank(&self) -> String {
        " ".repeat(self.width * 2 + 1)
    }
}

/// One redrawn block: finished steps above, running ones with their clocks below.
struct Live {
    ui: Ui,
    area: MultiProgress,
    running: BTreeMap<StepId, ProgressBar>,
    /// Steps whose request to somebody was shown.
    asked: BTreeSet<StepId>,
}

impl Live {
    fn new(ui: Ui) -> Self {
        Self { ui, area: MultiProgress::new(), running: BTreeMap::new(), asked: BTreeSet::new() }
    }

    fn show(&mut self, event: &Event) {
        match &event.kind {
            EventKind::StepStarted { step, address, action, part, .. } => {
                let (present, _) = verbs(address, *action, *part);
                let bar = self.area.add(ProgressBar::new_spinner());
                if let Ok(style) =
                    ProgressStyle::with_template("{spinner} {prefix}  {elapsed}  {wide_msg}")
                {
                    bar.set_style(style);
                }
                bar.set_prefix(name(address));
                bar.set_message(present);
                bar.enable_steady_tick(TICK);
                self.running.insert(step.clone(), bar);
            }
            EventKind::StepNote { address, lasting: true, .. } => {
                self.print(&format!("· {}  {}", name(address), event.message));
            }
            EventKind::StepNote { step, address, details, .. } => {
                if tells_lines(address) {
                    for detail in details {
                        self.print(&format!("  release | {detail}"));
                    }
                }
                if asks(address) {
                    // What somebody has to do must stay readable, and be there to copy.
                    if !details.is_empty() && self.asked.insert(step.clone()) {
                        self.print(&format!("· {}  {}", name(address), event.message));
                        for detail in details {
                            self.print(&format!("    {detail}"));
                        }
                    }
                } else if let Some(bar) = self.running.get(step) {
                    let detail =
                        details.first().map(|detail| format!(" · {detail}")).unwrap_or_default();
                    bar.set_message(format!("{}{detail}", event.message));
                }
            }
            EventKind::StepDone { step, address, action, part, millis, .. } => {
                let (_, past) = verbs(address, *action, *part);
                let mark = paint(style::CREATE, "✓");
                self.finish(step, &format!("{mark} {}  {past}  {}", name(address), took(*millis)));
            }
            EventKind::StepFailed { step, address, failure, .. } => {
                let mark = paint(style::DELETE, "✗ FAILED");
                self.finish(step, &format!("{mark} {}  {failure}", name(address)));
            }
            EventKind::StepWaiting { step, address, what, .. } => {
                let mark = paint(style::CHANGE, "· waiting");
                self.finish(step, &format!("{mark} {}  {what}", name(address)));
            }
            EventKind::Interrupted { .. } | EventKind::TimedOut => self.print(&event.message),
            EventKind::Settled { .. } => {
                for bar in std::mem::take(&mut self.running).into_values() {
                    bar.finish_and_clear();
                }
            }
            EventKind::Start { .. } | EventKind::StepSkipped { .. } | EventKind::End { .. } => {}
        }
    }

    fn finish(&mut self, step: &StepId, text: &str) {
        if let Some(bar) = self.running.remove(step) {
            bar.finish_and_clear();
            self.area.remove(&bar);
        }
        self.print(text);
    }

    fn print(&self, text: &str) {
        let text = if self.ui.color_err() {
            text.to_owned()
        } else {
            anstream::adapter::strip_str(text).to_string()
        };
        // Nothing is left to do when the terminal is gone.
        drop(self.area.println(text));
    }
}
