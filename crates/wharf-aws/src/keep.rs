//! What outlives a destroy.

use std::collections::BTreeSet;

use wharf_graph::{Live, Snapshot};
use wharf_spec::Stack;
use wharf_spec::stack::Fate;

use crate::kinds::{self, dns_record};

/// Returns what a destroy leaves where it is, as kinds and addresses: what the spec says, and what it takes to
/// go on being of use. ACM renews a certificate for as long as the records that prove its names stand (ACM User
/// Guide, "Managed certificate renewal").
pub fn kept(stack: &Stack, snapshot: &Snapshot) -> BTreeSet<String> {
    let fates = [
        ("repository", stack.destroy.repository),
        ("log_group", stack.destroy.logs),
        ("certificate", stack.destroy.certificate),
    ];
    let kinds = fates.into_iter().filter(|(_, fate)| *fate == Fate::Keep);
    let mut kept: BTreeSet<String> = kinds.map(|(kind, _)| kind.to_owned()).collect();
    if kept.contains("certificate") {
        let proofs = snapshot.iter().filter(|live| dns_record::proves(live));
        kept.extend(proofs.map(|live| live.address.to_string()));
    }
    // Repositories belong to the app: they go with its last environment.
    let shared = |live: &Live| live.outputs.contains_key(kinds::SHARED_WITH);
    if snapshot.iter().any(shared) {
        kept.insert("repository".to_owned());
    }
    kept
}
