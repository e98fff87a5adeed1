//! How long a service takes to move its tasks, from the figures of its spec.
//!
//! The shares work as Amazon ECS counts them: the least share is rounded up and the largest down
//! (Amazon ECS Developer Guide, service definition parameters, `minimumHealthyPercent` and
//! `maximumPercent`).

use crate::impact::Costliest;

/// Seconds from asking for a task until it runs: to attach a network interface, pull an image and
/// start. A rule of thumb.
const START: u64 = 25;
/// Seconds after which a running task counts as healthy that nothing checks (Amazon ECS Developer
/// Guide, deployment circuit breaker).
const UNCHECKED: u64 = 40;
/// Seconds from the end of draining until a task is gone.
const STOP: u64 = 10;
/// Least seconds and least share, in percent, for which a setting is worth naming.
const WORTH_NAMING: (u64, u64) = (20, 25);

/// The figures of a service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) count: u64,
    /// Least healthy tasks, percent of the count.
    pub(crate) least: u64,
    /// Most running tasks, percent of the count.
    pub(crate) most: u64,
    /// Seconds between health checks; `None` if nothing checks. A new target is healthy after its
    /// first success (Elastic Load Balancing User Guide, health checks for target groups).
    pub(crate) interval: Option<u64>,
    /// The key under which that stands in the spec.
    pub(crate) checks: &'static str,
    /// Seconds a task keeps answering open requests before it is stopped.
    pub(crate) drain: u64,
}

/// How replacing all tasks goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rollout {
    /// Seconds until all new tasks are healthy and all old ones gone.
    pub(crate) seconds: u64,
    /// How often new tasks are started and waited for.
    pub(crate) rounds: u64,
    /// Seconds during which no task is healthy.
    pub(crate) gap: u64,
}

impl Figures {
    /// Returns the seconds from asking for a task until it counts as healthy.
    pub(crate) fn healthy(&self) -> u64 {
        START + self.interval.unwrap_or(UNCHECKED)
    }

    /// Returns the seconds a task takes to go.
    pub(crate) fn gone(&self) -> u64 {
        self.drain + STOP
    }

    /// Follows a rolling update round by round; `None` if the shares let no task move.
    pub(crate) fn replace_all(&self) -> Option<Rollout> {
        let keep = (self.count * self.least).div_ceil(100);
        let most = self.count * self.most / 100;
        let (mut old, mut new) = (self.count, 0);
        let (mut now, mut rounds, mut gap, mut last_stop) = (0, 0, 0, 0);
        while old > 0 || new < self.count {
            let stopped = old.min((old + new).saturating_sub(keep));
            if stopped > 0 {
                last_stop = now;
            }
            old -= stopped;
            let started = (self.count - new).min(most.saturating_sub(old + new));
            if stopped == 0 && started == 0 {
                return None;
            }
            if old + new == 0 {
                gap += self.healthy();
            }
            if started > 0 {
                now += self.healthy();
                rounds += 1;
            }
            new += started;
        }
        Some(Rollout { seconds: now.max(last_stop + self.gone()), rounds, gap })
    }

    /// Names the setting that costs most, if one stands out.
    pub(crate) fn costliest(&self, rollout: Rollout) -> Option<Costliest> {
        let candidates = [
            (self.drain, "deploy.drain", "draining"),
            (self.interval.unwrap_or(0) * rollout.rounds, self.checks, "waiting for checks"),
            (
                self.healthy() * rollout.rounds.saturating_sub(1),
                "deploy.max_running",
                "replacing a few tasks at a time",
            ),
        ];
        let (seconds, setting, spent_on) =
            candidates.into_iter().rev().max_by_key(|(seconds, ..)| *seconds)?;
        let (least, share) = WORTH_NAMING;
        (seconds >= least && seconds * 100 >= rollout.seconds * share).then(|| Costliest {
            setting: setting.to_owned(),
            spent_on: spent_on.to_owned(),
            seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(count: u64, least: u64, most: u64) -> Figures {
        Figures { count, least, most, interval: Some(10), checks: "health.interval", drain: 30 }
    }

    #[test]
    fn room_for_twice_the_tasks_needs_one_round() {
        let rollout = figures(3, 100, 200).replace_all();
        assert_eq!(rollout, Some(Rollout { seconds: 75, rounds: 1, gap: 0 }));
    }

    #[test]
    fn without_room_tasks_change_one_after_another() {
        let rollout = Figures { drain: 90, ..figures(3, 66, 100) }.replace_all();
        assert_eq!(rollout, Some(Rollout { seconds: 170, rounds: 3, gap: 0 }));
    }

    #[test]
    fn a_single_task_that_may_be_missing_leaves_a_gap() {
        let rollout = figures(1, 0, 100).replace_all();
        assert_eq!(rollout, Some(Rollout { seconds: 40, rounds: 1, gap: 35 }));
    }

    #[test]
    fn shares_that_round_to_the_count_let_nothing_move() {
        assert_eq!(figures(3, 67, 100).replace_all(), None);
        assert_eq!(figures(1, 50, 150).replace_all(), None);
    }

    #[test]
    fn the_costliest_setting_is_named() {
        let figures = Figures { drain: 150, ..figures(1, 100, 200) };
        let named = figures.costliest(figures.replace_all().unwrap()).unwrap();
        assert_eq!((named.setting.as_str(), named.seconds), ("deploy.drain", 150));
        let quick = Figures { drain: 5, ..figures };
        assert_eq!(quick.costliest(quick.replace_all().unwrap()), None);
    }
}
