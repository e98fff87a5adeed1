//! Warnings that somebody has read and lives with: `waive: [W104]`.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::Node;
use crate::keys::{nearest, shorten};
use crate::problem::{Level, Problem, Span};
use crate::read::Cx;
use crate::{codes, units};

/// A code under `waive`, and what it is waived for.
#[derive(Clone, Debug)]
pub(crate) struct Waiver {
    code: String,
    span: Span,
    /// The service or job it stands under; empty at the top level.
    service: String,
}

/// Reads a list of codes.
pub(crate) fn read(cx: &mut Cx, node: &Node) {
    for (code, span) in units::one_or_more(cx, node, "`waive`").unwrap_or_default() {
        let codes = codes();
        let known = codes.iter().any(|known| known.code == code);
        let warnings = || codes.iter().map(|code| code.code).filter(|code| code.starts_with("W1"));
        if code.starts_with("W1") && known {
            let service = cx.service.clone();
            cx.waivers.push(Waiver { code, span, service });
        } else if known {
            cx.push(
                Problem::error("E100", span, format!("`{code}` is an error"))
                    .label("only warnings can be waived")
                    .help(format!("`wharf explain {code}` says how to put it right")),
            );
        } else if code.starts_with("W2") {
            cx.push(
                Problem::error("E100", span, format!("`{}` is not about the spec", shorten(&code)))
                    .label("only warnings from W101 to W199 can be waived")
                    .note("what is said about the account can be different tomorrow"),
            );
        } else {
            let problem =
                Problem::error("E100", span, format!("there is no warning `{}`", shorten(&code)))
                    .label("not a code of wharf");
            cx.push(match nearest(&code, warnings()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("`wharf explain` lists the codes"),
            });
        }
    }
}

/// The waivers of a file, over all of its environments.
#[derive(Default)]
pub(crate) struct Waived {
    /// Every waiver by its place, and whether it waived anything.
    seen: BTreeMap<(Span, String), bool>,
}

impl Waived {
    /// Takes the waived warnings of one environment away.
    pub(crate) fn apply(&mut self, problems: &mut Vec<Problem>, waivers: &[Waiver]) {
        let mut used = BTreeSet::new();
        problems.retain(|problem| {
            if problem.level == Level::Error {
                return true;
            }
            let mut waived = false;
            for waiver in waivers.iter().filter(|waiver| waiver.code == problem.code) {
                let about = problem.service.as_deref().unwrap_or_default();
                if waiver.service.is_empty() || waiver.service == about {
                    used.insert((waiver.span, waiver.code.clone()));
                    waived = true;
                }
            }
            !waived
        });
        for waiver in waivers {
            let key = (waiver.span, waiver.code.clone());
            let was = used.contains(&key);
            *self.seen.entry(key).or_default() |= was;
        }
    }

    /// Reports what was waived and never occurred.
    pub(crate) fn unused(self) -> impl Iterator<Item = Problem> {
        self.seen.into_iter().filter(|(_, used)| !used).map(|((span, code), _)| {
            Problem::warning("W119", span, format!("`{code}` is waived and does not occur"))
                .label("waives nothing")
                .note("a waiver that is no longer needed would hide the next one")
                .help("remove it")
        })
    }
}
