//! How long a service takes to move its requests to new tasks that stand beside the old ones.

use serde_json::Value;

use crate::estimate::tasks;
use crate::impact::{Costliest, words};
use crate::rollout::Figures;
use crate::{Impact, ImpactKind};

/// Seconds Amazon ECS takes to go from one stage of such a deployment to the next, and how many there are. A
/// rule of thumb.
const BETWEEN: (u64, u64) = (5, 4);
/// Least seconds for which a wait is worth naming.
const WORTH_NAMING: u64 = 60;

/// How requests move, by the spec (Amazon ECS API reference, `DeploymentConfiguration`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shifting {
    /// Percent of the requests that move at a time, or first; all of them without.
    step: Option<u64>,
    /// Whether all steps are equal.
    equal: bool,
    /// Seconds between two steps.
    interval: u64,
    /// Seconds the old tasks stay after the last one.
    bake: u64,
}

impl Shifting {
    /// Finds it in the props of a service; `None` if it replaces tasks one by one.
    pub(crate) fn of(props: &Value) -> Option<Self> {
        let deploy = props.get("deploy")?;
        let strategy = deploy.get("strategy").and_then(Value::as_str)?;
        let number = |name: &str| deploy.get(name).and_then(Value::as_u64);
        (strategy != "rolling").then(|| Self {
            step: number("step"),
            equal: strategy == "linear",
            interval: number("interval").unwrap_or(0),
            bake: number("bake").unwrap_or(0),
        })
    }

    /// Returns the seconds from the first request that moves to the last.
    fn moving(&self) -> u64 {
        match self.step {
            Some(step) if self.equal => {
                100_u64.div_ceil(step.max(1)).saturating_sub(1) * self.interval
            }
            Some(_) => self.interval,
            None => 0,
        }
    }

    /// Adds what it takes to move the requests back to the first target group before tasks are replaced there
    /// one by one.
    pub(crate) fn back(figures: Figures, impact: &mut Impact) {
        let at_once = Self { step: None, equal: false, interval: 0, bake: 0 };
        let seconds = at_once.impact(figures, "").seconds;
        impact.seconds += seconds;
        impact.sentence = format!(
            "all requests move back to the first target group, about {}; then {}",
            words(seconds),
            impact.sentence
        );
    }

    /// Says what a rollout means.
    pub(crate) fn impact(&self, figures: Figures, name: &str) -> Impact {
        let (between, stages) = BETWEEN;
        let seconds =
            figures.healthy() + self.moving() + self.bake + figures.gone() + between * stages;
        let how = match self.step {
            Some(step) if self.equal => {
                format!("requests move {step} % at a time, {} apart", words(self.interval))
            }
            Some(step) => {
                format!(
                    "{step} % of the requests move first, the rest {} later",
                    words(self.interval)
                )
            }
            None => "all requests move at once".to_owned(),
        };
        let back = if self.bake > 0 {
            format!("; the old ones stay for {}, to go back to in seconds", words(self.bake))
        } else {
            String::new()
        };
        let tasks = tasks(figures.count);
        let sentence = format!(
            "{tasks} of {name} start beside the old ones and {how}{back}; about {} with twice the tasks, no \
             downtime",
            words(seconds)
        );
        let waits = [
            (self.moving(), "deploy.interval", "moving requests in steps"),
            (self.bake, "deploy.bake", "keeping the old tasks"),
        ];
        let longest = waits.into_iter().max_by_key(|(seconds, ..)| *seconds);
        let costliest = longest.filter(|(seconds, ..)| *seconds >= WORTH_NAMING);
        Impact {
            kind: ImpactKind::Rolling,
            downtime: false,
            seconds,
            sentence,
            costliest: costliest.map(|(seconds, setting, spent_on)| Costliest {
                setting: setting.to_owned(),
                spent_on: spent_on.to_owned(),
                seconds,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn figures() -> Figures {
        Figures {
            count: 2,
            least: 100,
            most: 200,
            interval: Some(10),
            checks: "health.interval",
            drain: 30,
        }
    }

    #[test]
    fn waits_are_those_of_the_strategy() {
        let shifting = |deploy: Value| Shifting::of(&json!({"deploy": deploy}));
        assert_eq!(shifting(json!({"strategy": "rolling", "bake": 5})), None);
        assert_eq!(Shifting::of(&json!({})), None);
        for (deploy, moving) in [
            (json!({"strategy": "blue-green", "bake": 300}), 0),
            (json!({"strategy": "linear", "step": 30, "interval": 60, "bake": 300}), 180),
            (json!({"strategy": "canary", "step": 5, "interval": 600, "bake": 300}), 600),
        ] {
            let found = shifting(deploy).unwrap();
            assert_eq!(found.moving(), moving);
            assert_eq!(found.impact(figures(), "x").seconds, 35 + moving + 300 + 40 + 20);
        }
    }

    #[test]
    fn the_sentence_says_how_requests_move_and_the_way_back() {
        let deploy = json!({"strategy": "linear", "step": 25, "interval": 120, "bake": 60});
        let impact =
            Shifting::of(&json!({"deploy": deploy})).unwrap().impact(figures(), "service web");
        assert_eq!(
            impact.sentence,
            "2 tasks of service web start beside the old ones and requests move 25 % at a time, 2 min apart; \
             the old ones stay for 1 min, to go back to in seconds; about 8 min 35 s with twice the tasks, no \
             downtime"
        );
        assert_eq!(impact.costliest.unwrap().setting, "deploy.interval");
    }
}
