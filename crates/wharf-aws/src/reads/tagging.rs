//! The sweep over everything that carries our tags.

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {}
