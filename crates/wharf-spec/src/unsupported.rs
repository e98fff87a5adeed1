//! What the format has and this version cannot apply.
//!
//! Everything is read and checked; what stands in [`NOT_APPLIED`] is then refused, so that nobody
//! believes in a line that has no effect. A feature that works loses its line there, and nothing else
//! of this file changes.

use crate::problem::{Problem, Span};
use crate::read::Cx;

/// Something of the format that may not be applied yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    ClusterUse,
}

/// The features this version refuses, with what they are called and what to do meanwhile.
const NOT_APPLIED: &[(Feature, &str, &str)] =
    &[(Feature::ClusterUse, "`use`", "without it, wharf makes a cluster for this stack")];

/// Reports every use of what is not applied yet.
pub(crate) fn check(cx: &mut Cx) {
    for (feature, span) in std::mem::take(&mut cx.features) {
        let Some((_, what, help)) = NOT_APPLIED.iter().find(|(named, ..)| *named == feature) else {
            continue;
        };
        cx.push(refusal(span, what, help));
    }
}

fn refusal(span: Span, what: &str, help: &str) -> Problem {
    Problem::error(
        "E090",
        span,
        format!("{what} is part of the format, but this version cannot apply it yet"),
    )
    .label("not applied yet")
    .help(help)
}
