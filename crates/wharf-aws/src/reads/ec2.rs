//! VPC, subnets, route tables, security groups.

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {}
