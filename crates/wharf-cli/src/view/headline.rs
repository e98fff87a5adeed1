//! One telling line about a resource that is to be created.

use serde_json::Value;
use wharf_graph::Address;

/// Returns what a person wants to know first about a new resource.
pub(super) fn of(address: &Address, props: &Value) -> Option<String> {
    let _ = (address, props);
    None
}

/// Shortens an ARN to what tells objects apart.
pub(super) fn id(id: &str) -> String {
    let mut parts = id.splitn(6, ':');
    match (parts.next(), parts.nth(4)) {
        (Some("arn"), Some(rest)) => rest.to_owned(),
        _ => id.to_owned(),
    }
}
