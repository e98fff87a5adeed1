//! Repositories and images.

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {}
