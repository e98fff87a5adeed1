//! The registry of resource kinds: a file each, a line each.

use wharf_graph::Policy;

use crate::kind::{AnyKind, Of};

mod cluster;

/// Every kind. Order means nothing: the graph decides what comes first.
pub(crate) static KINDS: &[&dyn AnyKind] = &[&Of::<cluster::Cluster>::new()];

/// Returns the kind called `name`.
pub(crate) fn find(name: &str) -> Option<&'static dyn AnyKind> {
    KINDS.iter().copied().find(|kind| kind.policy().kind == name)
}

/// Returns the policy of the kind called `name`.
pub fn policy(name: &str) -> Option<&'static Policy> {
    find(name).map(AnyKind::policy)
}
