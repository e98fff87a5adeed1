//! A stack as it stands.

/// Writes it.
pub(crate) fn text(_: &wharf_aws::status::Status) -> String {
    String::new()
}
