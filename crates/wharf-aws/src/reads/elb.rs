//! Balancers, target groups, listeners, rules and their tags.

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {}
