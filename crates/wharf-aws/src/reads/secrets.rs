//! Parameters and secrets: that they exist, never what they hold.

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {}
