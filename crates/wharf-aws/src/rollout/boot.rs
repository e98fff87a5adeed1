//! How long new tasks take to answer, as far as the balancer's checks show it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Goal;
use super::picture::Target;

/// What was seen of each target, by address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Boots {
    looked: bool,
    targets: BTreeMap<String, Boot>,
}

#[derive(Clone, Debug, Default)]
struct Boot {
    /// When it was registered, and when it answered; since the first look.
    since: Duration,
    answered: Option<Duration>,
    /// Whether checks of it failed before.
    failed: bool,
}

impl Boots {
    /// Takes in one look at the targets, `at` some time after the first. What was there at the first look began at a
    /// time nobody knows.
    pub(crate) fn look(&mut self, targets: &[Target], at: Duration) {
        let first = !std::mem::replace(&mut self.looked, true);
        for target in targets {
            let known = self.targets.entry(target.address.clone()).or_insert_with(|| Boot {
                since: at,
                answered: first.then_some(at),
                failed: false,
            });
            match target.state.as_str() {
                "healthy" => known.answered = known.answered.or(Some(at)),
                "unhealthy" => known.failed |= known.answered.is_none(),
                _ => {}
            }
        }
    }

    /// Says so if a task answered after its checks had failed, in time only because ECS did not count them yet
    /// (ECS Developer Guide, `healthCheckGracePeriodSeconds`), and that time was more than half over.
    pub(crate) fn tight(&self, goal: &Goal) -> Option<String> {
        let late = self.targets.values().filter(|boot| boot.failed);
        let took = late.filter_map(|boot| Some(boot.answered?.saturating_sub(boot.since))).max()?;
        if goal.grace == 0 || took * 2 < Duration::from_secs(goal.grace.into()) {
            return None;
        }
        Some(format!(
            "a task took about {} s until it answered its checks; ECS stops those that have not after {} s \
             (`health.grace`): raise that, or let it start faster",
            took.as_secs(),
            goal.grace
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::picture::tests::goal;

    fn target(address: &str, state: &str) -> Target {
        Target { address: address.to_owned(), state: state.to_owned(), description: String::new() }
    }

    fn said(grace: u32, states: &[&str]) -> Option<String> {
        let mut boots = Boots::default();
        boots.look(&[target("10.0.0.1:3000", "healthy")], Duration::ZERO);
        for (look, state) in (1..).zip(states) {
            let targets = [target("10.0.0.1:3000", "healthy"), target("10.0.0.2:3000", state)];
            boots.look(&targets, Duration::from_secs(5) * look);
        }
        boots.tight(&Goal { grace, ..goal() })
    }

    #[test]
    fn a_start_that_hardly_fits_is_told() {
        let mut states = vec!["initial"; 2];
        states.extend(["unhealthy"; 6]);
        assert_eq!(said(60, &states), None, "it never answered: that is another story");
        states.extend(["healthy"; 2]);
        let told = said(60, &states).unwrap();
        assert!(told.contains("about 40 s") && told.contains("after 60 s"), "{told}");
        assert_eq!(said(120, &states), None, "there is time enough");
        assert_eq!(said(0, &states), None, "how much time there is is not known");
    }

    #[test]
    fn a_target_that_was_there_or_never_failed_is_no_news() {
        assert_eq!(said(20, &["initial", "initial", "initial", "healthy"]), None);
        let mut boots = Boots::default();
        for (look, state) in (0..).zip(["unhealthy", "unhealthy", "healthy"]) {
            boots.look(&[target("10.0.0.1:3000", state)], Duration::from_secs(5) * look);
        }
        assert_eq!(boots.tight(&Goal { grace: 5, ..goal() }), None);
    }
}
