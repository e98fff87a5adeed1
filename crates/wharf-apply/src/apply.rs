//! What a run is asked to do, and the way in.

use std::sync::Arc;
use std::time::Duration;

use wharf_graph::{Policy, Provider};
use wharf_plan::Plan;

use crate::run::Run;
use crate::{Cancel, Clock, Report, Sink};

/// How to carry out a plan.
#[derive(Clone)]
pub struct Options {
    /// How many steps may run at once; at least one does.
    pub parallelism: usize,
    /// How long a single step may take.
    pub step_budget: Duration,
    /// How long the whole run may take.
    pub total_budget: Duration,
    /// Whether to leave alone what AWS goes on with by itself ([`Policy::goes_on`]), unless a later step
    /// needs its end.
    pub detach: bool,
    /// Finds the policy of a kind by its name.
    pub policy: fn(&str) -> Option<&'static Policy>,
    /// Tells the time.
    pub clock: Clock,
}

impl Options {
    /// Ten steps at once, 20 minutes for each, an hour for all.
    pub fn new(policy: fn(&str) -> Option<&'static Policy>, clock: Clock) -> Self {
        Self {
            parallelism: 10,
            step_budget: Duration::from_mins(20),
            total_budget: Duration::from_hours(1),
            detach: false,
            policy,
            clock,
        }
    }
}

/// Carries out a plan and says how each step ended.
///
/// After a failure, what runs is finished, what depends on it is skipped, and the rest goes on. The
/// first [`Cancel::interrupt`] starts nothing more, the second drops what runs. Dropping the future
/// drops what runs as well.
pub async fn apply(
    plan: &Plan,
    provider: Arc<dyn Provider>,
    options: &Options,
    cancel: &Cancel,
    sink: &Sink,
) -> Report {
    Run::new(plan, provider, options, sink).drive(cancel).await
}
