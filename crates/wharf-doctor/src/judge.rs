//! Ranking: what is certain comes before what is likely, and what comes first on the way of a task
//! or a request before what follows from it.

use crate::{Cause, Evidence, health, route, scaling, start, stopped};

/// Names the causes for which a service does not work, the primary one first; none if all is well.
pub fn judge(evidence: &Evidence) -> Vec<Cause> {
    let mut found = Vec::new();
    found.extend(start::causes(evidence));
    found.extend(stopped::causes(evidence));
    found.extend(health::causes(evidence));
    found.extend(route::causes(evidence));
    found.extend(scaling::causes(evidence));
    found.sort_by(|one, two| {
        two.certainty.cmp(&one.certainty).then_with(|| one.depth.cmp(&two.depth))
    });
    // That nothing answers follows from all the others.
    if found.iter().any(|cause| cause.code != "C703") {
        found.retain(|cause| cause.code != "C703");
    }
    let mut seen = Vec::new();
    found.retain(|cause| {
        let new = !seen.contains(&cause.code);
        seen.push(cause.code);
        new
    });
    found
}
