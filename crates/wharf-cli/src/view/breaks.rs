//! What can be broken in the sandbox, a line each.

use wharf_sandbox::breaks;

use super::{add, paint};
use crate::ui::style;

/// Lists every case with what it does and what AWS then shows.
pub(crate) fn list() -> String {
    let width = breaks::all().map(|case| case.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for case in breaks::all() {
        let name = paint(style::STRONG, case.name);
        let gap = " ".repeat(width - case.name.len());
        add(
            &mut out,
            format_args!("{name}{gap}  {} {}; {}\n", case.names, case.what, case.symptom),
        );
    }
    out
}
