//! What scaling a service led to.

use serde_json::json as value;
use wharf_aws::operate::scale::Range;

/// Name and version of the document.
const FORMAT: &str = "wharf.scale/1";

/// A service that was scaled.
pub(crate) struct Done {
    pub(crate) stack: String,
    pub(crate) service: String,
    pub(crate) before: u32,
    pub(crate) count: u32,
    /// The range, if an autoscaler decides.
    pub(crate) range: Option<Range>,
    /// What the spec says, if that decides.
    pub(crate) spec_count: Option<u32>,
    /// Where it says so.
    pub(crate) spec_line: Option<String>,
}

/// Writes the document.
pub(crate) fn json(done: &Done) -> String {
    let owner = if done.range.is_some() { "autoscaler" } else { "spec" };
    let document = value!({
        "format": FORMAT,
        "stack": done.stack,
        "service": done.service,
        "before": done.before,
        "count": done.count,
        "owner": owner,
        "range": done.range,
        "spec_count": done.spec_count,
        "spec_line": done.spec_line,
    });
    format!("{document:#}\n")
}
