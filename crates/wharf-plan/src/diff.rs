//! Compares desired with live props, path by path.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wharf_graph::Address;

/// How a value is shown that only applying can tell.
pub const KNOWN_AFTER_APPLY: &str = "(known after apply)";

/// How a value is shown that must not be shown.
pub const MASK: &str = "***";

/// One prop that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Where it is: `health.path`, `containers.0.image`.
    pub path: String,
    /// What it is; `null` when it is not there.
    pub before: Value,
    /// What it is to be; `null` when it is to go, and when it is unknown.
    pub after: Value,
    /// Whether only applying can tell what it will be.
    pub unknown: bool,
    /// Whether the values are masked.
    pub sensitive: bool,
    /// Why this makes a new object necessary, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forces_replacement: Option<String>,
    /// The resource whose new object causes this change, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Address>,
}
