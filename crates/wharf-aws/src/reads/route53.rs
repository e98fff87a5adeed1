//! Hosted zones and records.

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {}
