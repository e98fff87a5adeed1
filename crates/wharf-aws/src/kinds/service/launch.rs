//! Where tasks run: on Fargate, on its spare capacity (Spot), or shared between the two.
//!
//! A share of Spot becomes a capacity provider strategy. Its arithmetic: one task is always on
//! `FARGATE` (its `base`), so that the service outlives the loss of all spare capacity; of the others,
//! `spot` in a hundred are on `FARGATE_SPOT` (the weights, reduced by their greatest common divisor).
//! With `spot: 50` and five tasks that is 1 + 2 on `FARGATE` and 2 on `FARGATE_SPOT`. All or nothing
//! of Spot needs no base.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use aws_sdk_ecs::types::{CapacityProviderStrategyItem, Service as EcsService};
use serde::{Deserialize, Serialize};
use wharf_graph::ErrorClass;
use wharf_spec::stack::Service;

use crate::error::AwsError;

pub(super) const FARGATE: &str = "FARGATE";
const SPOT: &str = "FARGATE_SPOT";

/// Returns the capacity providers a service takes of its cluster: none where a launch type serves.
pub(in crate::kinds) fn providers(service: &Service) -> &'static [&'static str] {
    match service.spot {
        0 => &[],
        100 => &[SPOT],
        _ => &[FARGATE, SPOT],
    }
}

/// The share of one capacity provider (ECS API reference, `CapacityProviderStrategyItem`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    /// Tasks that come first.
    base: u32,
    /// Part of the tasks beyond all bases, relative to the other weights.
    weight: u32,
}

/// Says where tasks run; reads `FARGATE`, or `FARGATE (base 1, weight 1), FARGATE_SPOT (weight 1)`.
///
/// A launch type, and a strategy that names only that provider, run tasks in the same way, so both
/// are that provider's name alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Launch(BTreeMap<String, Share>);

impl Launch {
    /// Runs so many in a hundred tasks on Spot.
    pub(super) fn of_spot(percent: u32) -> Self {
        let spot = percent.min(100);
        match spot {
            0 => Self::only(FARGATE),
            100 => Self::only(SPOT),
            _ => {
                let rest = 100 - spot;
                let common = common_divisor(spot, rest);
                Self(BTreeMap::from([
                    (FARGATE.to_owned(), Share { base: 1, weight: rest / common }),
                    (SPOT.to_owned(), Share { base: 0, weight: spot / common }),
                ]))
            }
        }
    }

    fn only(provider: &str) -> Self {
        Self(BTreeMap::from([(provider.to_owned(), Share { base: 0, weight: 1 })]))
    }

    /// Brings what ECS returns into canonical form: a strategy is read back in the place of the
    /// launch type, base and weight 0 where none was given.
    pub(super) fn of_live(live: &EcsService) -> Self {
        let number = |value: i32| u32::try_from(value).unwrap_or_default();
        let strategy = live.capacity_provider_strategy();
        match (strategy, live.launch_type()) {
            ([], Some(launch)) => Self::only(launch.as_str()),
            ([], None) => Self(BTreeMap::new()),
            ([one], _) => Self::only(one.capacity_provider()),
            (several, _) => Self(
                several
                    .iter()
                    .map(|item| {
                        let share =
                            Share { base: number(item.base()), weight: number(item.weight()) };
                        (item.capacity_provider().to_owned(), share)
                    })
                    .collect(),
            ),
        }
    }

    /// Returns how many of `count` tasks are not on Spot, at least: all bases, and of the rest each
    /// provider's part rounded down.
    fn on_demand(&self, count: u32) -> u32 {
        let total: u64 = self.0.values().map(|share| u64::from(share.weight)).sum();
        let bases: u32 = self.0.values().map(|share| share.base).sum();
        let rest = u64::from(count.saturating_sub(bases));
        let others = self.0.iter().filter(|(provider, _)| *provider != SPOT);
        let sure: u64 = others
            .map(|(_, share)| {
                let part = (rest * u64::from(share.weight)).checked_div(total).unwrap_or(rest);
                u64::from(share.base) + part
            })
            .sum();
        u32::try_from(sure).unwrap_or(u32::MAX).min(count)
    }

    /// Says whether it is plain Fargate, for which a launch type is enough.
    pub(super) fn is_fargate(&self) -> bool {
        *self == Self::only(FARGATE)
    }

    /// Builds the strategy. An update has no launch type to go back to, so plain Fargate is a
    /// strategy too (ECS API reference, `UpdateService`).
    pub(super) fn strategy(&self) -> Result<Vec<CapacityProviderStrategyItem>, AwsError> {
        let items = self.0.iter().map(|(provider, share)| {
            CapacityProviderStrategyItem::builder()
                .capacity_provider(provider)
                .base(super::canonical::signed(share.base))
                .weight(super::canonical::signed(share.weight))
                .build()
        });
        items.collect::<Result<_, _>>().map_err(|error| {
            AwsError::own(ErrorClass::Other, format!("{error}; this is a bug in wharf"))
        })
    }
}

/// Returns how many of a service's tasks are not on Spot, at least. `launch` is the property of that
/// name; every task counts where it says something else.
pub fn on_demand(launch: &str, count: u32) -> u32 {
    launch.parse::<Launch>().map_or(count, |launch| launch.on_demand(count))
}

fn common_divisor(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { common_divisor(other, one % other) }
}

impl fmt::Display for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (provider, share)) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            match share {
                _ if self.0.len() == 1 => f.write_str(provider)?,
                Share { base: 0, weight } => write!(f, "{provider} (weight {weight})")?,
                Share { base, weight } => write!(f, "{provider} (base {base}, weight {weight})")?,
            }
        }
        Ok(())
    }
}

impl From<Launch> for String {
    fn from(launch: Launch) -> Self {
        launch.to_string()
    }
}

impl TryFrom<String> for Launch {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Launch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` does not say where tasks run");
        let mut rest = text.trim();
        let mut shares = BTreeMap::new();
        while !rest.is_empty() {
            let end = rest.find([' ', ',']).unwrap_or(rest.len());
            let (provider, after) = rest.split_at(end);
            let mut share = Share { base: 0, weight: 1 };
            rest = after.trim_start();
            if let Some(inside) = rest.strip_prefix('(') {
                let (figures, after) = inside.split_once(')').ok_or_else(wrong)?;
                for figure in figures.split(", ") {
                    let (name, value) = figure.split_once(' ').ok_or_else(wrong)?;
                    let value = value.parse().map_err(|_| wrong())?;
                    match name {
                        "base" => share.base = value,
                        "weight" => share.weight = value,
                        _ => return Err(wrong()),
                    }
                }
                rest = after;
            }
            rest = rest.trim_start_matches([',', ' ']);
            shares.insert(provider.to_owned(), share);
        }
        Ok(Self(shares))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::LaunchType;

    use super::*;

    #[test]
    fn shares_become_the_smallest_weights_beside_one_task_that_stays() {
        for (percent, words) in [
            (0, "FARGATE"),
            (100, "FARGATE_SPOT"),
            (50, "FARGATE (base 1, weight 1), FARGATE_SPOT (weight 1)"),
            (75, "FARGATE (base 1, weight 1), FARGATE_SPOT (weight 3)"),
            (33, "FARGATE (base 1, weight 67), FARGATE_SPOT (weight 33)"),
        ] {
            assert_eq!(Launch::of_spot(percent).to_string(), words);
        }
    }

    #[test]
    fn one_task_is_always_sure_unless_all_are_on_spot() {
        for (percent, count, sure) in
            [(0, 3, 3), (50, 1, 1), (50, 2, 1), (50, 5, 3), (75, 5, 2), (100, 5, 0), (99, 2, 1)]
        {
            let launch = Launch::of_spot(percent).to_string();
            assert_eq!(on_demand(&launch, count), sure, "{percent} % of {count}");
        }
        assert_eq!(on_demand("who (knows)", 4), 4);
    }

    #[test]
    fn words_can_be_read_again() {
        for percent in 0..=100 {
            let launch = Launch::of_spot(percent);
            assert_eq!(launch.to_string().parse(), Ok(launch));
        }
        for wrong in ["FARGATE (weight)", "FARGATE (weight 1", "FARGATE (speed 3)"] {
            assert!(wrong.parse::<Launch>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_read_back_is_what_was_sent() {
        for percent in [0, 1, 50, 99, 100] {
            let launch = Launch::of_spot(percent);
            let live = EcsService::builder()
                .set_capacity_provider_strategy(Some(launch.strategy().unwrap()))
                .build();
            assert_eq!(Launch::of_live(&live), launch);
        }
        let live = EcsService::builder().launch_type(LaunchType::Fargate).build();
        assert!(Launch::of_live(&live).is_fargate());
    }
}
