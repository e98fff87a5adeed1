//! Roles and their inline policies.

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {}
