//! Reads that have not caught up with writes.

use std::time::Duration;

use crate::{time::SimTime, world::World};

/// The services whose reads lag: those whose references call them eventually consistent (EC2
/// developer guide, eventual consistency; IAM user guide, troubleshooting; and what Terraform's
/// provider retries on for ELB and ECS).
const LAGGING: [&str; 5] = ["ec2", "ecs", "elasticloadbalancing", "iam", "tagging"];

/// States from before recent writes.
#[derive(Debug, Default)]
pub(crate) struct Past {
    kept: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    service: &'static str,
    /// When the write happened that the state does not have.
    written: SimTime,
    world: World,
}

impl Past {
    /// Keeps the state before a write by a service for `lag`. While one is kept, later writes add
    /// none: reads show the state before the first.
    pub(crate) fn keep(
        &mut self,
        service: &'static str,
        before: World,
        now: SimTime,
        lag: Duration,
    ) {
        self.forget(now, lag);
        let known = self.kept.iter().any(|kept| kept.service == service);
        if LAGGING.contains(&service) && !known && !lag.is_zero() {
            self.kept.push(Kept { service, written: now, world: before });
        }
    }

    /// Returns a copy of the state that a late read of a service sees, if it has not caught up.
    pub(crate) fn seen(&mut self, service: &str, now: SimTime, lag: Duration) -> Option<World> {
        self.forget(now, lag);
        if !LAGGING.contains(&service) {
            return None;
        }
        // The tagging API is behind every service; its oldest state comes first in the list.
        let mut kept = self.kept.iter();
        let found = kept.find(|kept| service == "tagging" || kept.service == service)?;
        Some(found.world.clone())
    }

    fn forget(&mut self, now: SimTime, lag: Duration) {
        self.kept.retain(|kept| now.since(kept.written) < lag);
    }
}
