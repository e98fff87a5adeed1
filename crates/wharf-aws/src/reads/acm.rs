//! Certificates.

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {}
