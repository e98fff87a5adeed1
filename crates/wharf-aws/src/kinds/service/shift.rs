//! Requests that move from one target group to another, all at once or in steps.
//!
//! ECS moves them, by the weights of a listener rule, and with every release the two target groups of the
//! service change places. Between this and rolling updates a service goes over in two steps, since ECS takes
//! the target groups with a deployment of the old strategy, and the new strategy when none is in progress
//! (Amazon ECS Developer Guide, "Update the Amazon ECS deployment strategy").

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{
    AdvancedConfiguration, CanaryConfiguration, DeploymentConfiguration, DeploymentStrategy,
    LinearConfiguration, LoadBalancer as EcsLoadBalancer, Service as EcsService,
};
use aws_sdk_elasticloadbalancingv2::types::{Listener, Rule};
use serde::{Deserialize, Serialize};
use wharf_graph::{Input, Live};
use wharf_spec::stack::Strategy as Spec;

use super::canonical::signed;
use super::change::{self, Watched};
use super::{Alternate, Deploy, Props, lead, stuck};
use crate::error::AwsError;
use crate::kind::{Changed, Write};
use crate::kinds::forward;
use crate::reads::ecs::TaggedService;
use crate::reads::{Got, Reads};
use crate::rollout::{self, picture::State};

/// How requests move to a new revision (ECS API reference, `DeploymentConfiguration`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Strategy {
    #[default]
    Rolling,
    BlueGreen,
    Linear,
    Canary,
}

impl Strategy {
    fn word(self) -> DeploymentStrategy {
        match self {
            Self::Rolling => DeploymentStrategy::Rolling,
            Self::BlueGreen => DeploymentStrategy::BlueGreen,
            Self::Linear => DeploymentStrategy::Linear,
            Self::Canary => DeploymentStrategy::Canary,
        }
    }

    /// Returns the strategy of a service, rolling where none is shown.
    fn of_live(config: &DeploymentConfiguration) -> Self {
        match config.strategy() {
            Some(DeploymentStrategy::BlueGreen) => Self::BlueGreen,
            Some(DeploymentStrategy::Linear) => Self::Linear,
            Some(DeploymentStrategy::Canary) => Self::Canary,
            _ => Self::Rolling,
        }
    }
}

/// The strategy with its figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Shift {
    #[serde(default)]
    pub(super) strategy: Strategy,
    /// Percent of the requests that move first, or at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) step: Option<u32>,
    /// Seconds between two steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) interval: Option<u32>,
    /// Seconds the old tasks stay when all requests have moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bake: Option<u32>,
}

impl Shift {
    /// Moves all requests at once and keeps nothing to go back to.
    fn at_once() -> Self {
        Self { strategy: Strategy::BlueGreen, bake: Some(0), ..Self::default() }
    }

    pub(super) fn is_rolling(&self) -> bool {
        self.strategy == Strategy::Rolling
    }

    pub(super) fn of_spec(strategy: Spec) -> Self {
        match strategy {
            Spec::Rolling => Self::default(),
            Spec::BlueGreen { bake } => {
                Self { strategy: Strategy::BlueGreen, bake: Some(bake), ..Self::default() }
            }
            Spec::Linear { step, interval, bake } => Self {
                strategy: Strategy::Linear,
                step: Some(step),
                interval: Some(interval),
                bake: Some(bake),
            },
            Spec::Canary { step, interval, bake } => Self {
                strategy: Strategy::Canary,
                step: Some(step),
                interval: Some(interval),
                bake: Some(bake),
            },
        }
    }

    /// Brings what ECS returns into canonical form.
    pub(super) fn of_live(config: &DeploymentConfiguration) -> Self {
        let strategy = Strategy::of_live(config);
        let (step, interval) = match strategy {
            Strategy::Linear => {
                let linear = config.linear_configuration();
                (
                    linear.and_then(LinearConfiguration::step_percent),
                    linear.and_then(LinearConfiguration::step_bake_time_in_minutes),
                )
            }
            Strategy::Canary => {
                let canary = config.canary_configuration();
                (
                    canary.and_then(CanaryConfiguration::canary_percent),
                    canary.and_then(CanaryConfiguration::canary_bake_time_in_minutes),
                )
            }
            Strategy::Rolling | Strategy::BlueGreen => (None, None),
        };
        let bake = config.bake_time_in_minutes().filter(|_| strategy != Strategy::Rolling);
        Self {
            strategy,
            step: step.map(whole),
            interval: interval.map(seconds),
            bake: bake.map(seconds),
        }
    }

    /// Adds the strategy to the rollout settings of a request.
    pub(super) fn write(
        &self,
        config: aws_sdk_ecs::types::builders::DeploymentConfigurationBuilder,
    ) -> aws_sdk_ecs::types::builders::DeploymentConfigurationBuilder {
        let minutes = |seconds: Option<u32>| seconds.map(|seconds| signed(seconds / 60));
        let config = config.strategy(self.strategy.word());
        let (percent, interval) = (self.step.map(f64::from), minutes(self.interval));
        match self.strategy {
            Strategy::Rolling => config,
            Strategy::BlueGreen => config.set_bake_time_in_minutes(minutes(self.bake)),
            Strategy::Linear => {
                config.set_bake_time_in_minutes(minutes(self.bake)).linear_configuration(
                    LinearConfiguration::builder()
                        .set_step_percent(percent)
                        .set_step_bake_time_in_minutes(interval)
                        .build(),
                )
            }
            Strategy::Canary => {
                config.set_bake_time_in_minutes(minutes(self.bake)).canary_configuration(
                    CanaryConfiguration::builder()
                        .set_canary_percent(percent)
                        .set_canary_bake_time_in_minutes(interval)
                        .build(),
                )
            }
        }
    }
}

/// Reads a percentage. The spec has whole ones; any other is none of them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 100")]
fn whole(percent: f64) -> u32 {
    if percent.fract() == 0.0 { percent as u32 } else { 0 }
}

fn seconds(minutes: i32) -> u32 {
    u32::try_from(minutes).unwrap_or_default().saturating_mul(60)
}

/// Where the stack's listeners and rules lead.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// The rules, without those by default.
    rules: BTreeSet<String>,
    /// The target groups that get requests.
    serving: BTreeSet<String>,
    /// The target groups that the tasks of services are in which move no requests at present, by ARN of the service.
    settled: BTreeMap<String, Vec<String>>,
}

/// Where the requests of a service go whose rollouts move them between two target groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Requests {
    #[serde(rename = "to its tasks")]
    ToItsTasks,
    #[serde(rename = "to both target groups")]
    ToBoth,
    #[serde(rename = "to the target group without its tasks")]
    Astray,
}

impl Routes {
    #[cfg(test)]
    pub(super) const NONE: Self =
        Self { rules: BTreeSet::new(), serving: BTreeSet::new(), settled: BTreeMap::new() };

    pub(super) async fn read(
        cx: &Reads,
        services: &Got<Vec<TaggedService>>,
    ) -> Result<Self, AwsError> {
        let (listeners, rules, settled) =
            futures::try_join!(cx.listeners(), cx.rules(), settled(cx, services))?;
        let rules: Vec<&Rule> = rules.value.iter().flat_map(|listener| &listener.rules).collect();
        let defaults = listeners.value.iter().map(Listener::default_actions);
        let actions = defaults.chain(rules.iter().map(|rule| rule.actions()));
        let weights = actions.flat_map(forward::weights);
        Ok(Self {
            serving: weights.filter(|(_, weight)| *weight > 0).map(|(arn, _)| arn).collect(),
            rules: rules.iter().filter_map(|rule| rule.rule_arn()).map(str::to_owned).collect(),
            settled,
        })
    }

    /// Says where the requests of a service go. While a rollout moves them, that is ECS's business; and a rule that
    /// leads to neither target group is not as it should be in other ways.
    pub(super) fn requests(&self, live: &EcsService) -> Requests {
        let groups = rollout::groups(live);
        let own = live.service_arn().and_then(|arn| self.settled.get(arn));
        let (Some(own), [first, second]) = (own, groups.as_slice()) else {
            return Requests::ToItsTasks;
        };
        let gets = [first, second].map(|group| self.serving.contains(group));
        let has = [first, second].map(|group| own.contains(group));
        match gets {
            [true, true] => Requests::ToBoth,
            [false, false] => Requests::ToItsTasks,
            _ if has[0] != has[1] && gets != has => Requests::Astray,
            _ => Requests::ToItsTasks,
        }
    }

    /// Says whether the second target group of a service gets its requests, and the first none.
    pub(super) fn lead_to_second(&self, live: &EcsService) -> bool {
        match rollout::groups(live).as_slice() {
            [first, second] => self.serving.contains(second) && !self.serving.contains(first),
            _ => false,
        }
    }
}

/// Reads which target groups the tasks of those services are in that have two, and of which no rollout is under way.
async fn settled(
    cx: &Reads,
    services: &Got<Vec<TaggedService>>,
) -> Result<BTreeMap<String, Vec<String>>, AwsError> {
    let mut asked = BTreeMap::new();
    for one in &services.value {
        let live = &one.service;
        let at_rest = rollout::is(live, State::Completed);
        let arn = live.service_arn().filter(|_| at_rest && rollout::groups(live).len() > 1);
        if let (Some(arn), [only]) = (arn, live.current_service_revisions())
            && let Some(revision) = only.arn()
        {
            asked.insert(revision.to_owned(), arn.to_owned());
        }
    }
    let mut found = BTreeMap::new();
    for (revision, groups) in cx.revision_groups(asked.keys(), services.round).await? {
        found.extend(asked.remove(&revision).map(|service| (service, groups)));
    }
    Ok(found)
}

impl Alternate {
    /// Brings what ECS returns into canonical form. A default rule goes by the ARN of its listener, which does
    /// not have to be looked up.
    pub(super) fn of_live(live: &AdvancedConfiguration, routes: &Routes) -> Self {
        let rule = live.production_listener_rule().unwrap_or_default();
        let rule = match rule.replacen(":listener-rule/", ":listener/", 1).rsplit_once('/') {
            Some((listener, _)) if !routes.rules.contains(rule) => listener.to_owned(),
            _ => rule.to_owned(),
        };
        Self {
            target_group: live.alternate_target_group_arn().unwrap_or_default().into(),
            rule: Input::Known(rule),
            role: live.role_arn().unwrap_or_default().into(),
        }
    }
}

/// Builds the list of target groups, which has one or none.
pub(super) async fn balancers(
    cx: &Write<'_>,
    want: &Props,
) -> Result<Vec<EcsLoadBalancer>, AwsError> {
    let Some(balancer) = &want.load_balancer else { return Ok(Vec::new()) };
    let advanced = match &balancer.alternate {
        Some(alternate) => Some(
            AdvancedConfiguration::builder()
                .alternate_target_group_arn(alternate.target_group.get()?)
                .production_listener_rule(
                    lead::rule(cx, alternate).await?.rule_arn().unwrap_or_default(),
                )
                .role_arn(alternate.role.get()?)
                .build(),
        ),
        None => None,
    };
    Ok(vec![
        EcsLoadBalancer::builder()
            .target_group_arn(balancer.target_group.get()?)
            .container_name(&balancer.container)
            .container_port(balancer.port.into())
            .set_advanced_configuration(advanced)
            .build(),
    ])
}

/// A move between rolling updates and the other strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Enter,
    Leave,
}

impl Turn {
    /// Finds out whether a change is one.
    pub(super) fn of(live: &Live, want: &Props) -> Option<(Self, Props)> {
        let before: Props = serde_json::from_value(live.props.clone()).ok()?;
        match (before.deploy.shift.is_rolling(), want.deploy.shift.is_rolling()) {
            (true, false) => Some((Self::Enter, before)),
            (false, true) => Some((Self::Leave, before)),
            _ => None,
        }
    }
}

/// Moves a service between rolling updates and the other strategies.
pub(super) async fn turn(
    cx: &Write<'_>,
    live: &Live,
    (turn, before): (Turn, Props),
    want: &Props,
    changed: &Changed<'_>,
) -> Result<(), AwsError> {
    let mut paths = changed.0.to_vec();
    if stuck::settle_down(cx, want).await? {
        paths.extend(["count".to_owned(), "at_least".to_owned()]);
    }
    let changed = &Changed(&paths);
    match turn {
        Turn::Enter => {
            let deploy = Deploy { shift: before.deploy.shift.clone(), ..want.deploy.clone() };
            let first = Props { deploy, ..want.clone() };
            if !change::is_quiet(changed)
                && change::roll(cx, live, &first, changed, false).await? == Watched::Left
            {
                return Ok(());
            }
            change::quiet(cx, live, want, &Changed(&["deploy".to_owned()])).await
        }
        Turn::Leave => {
            lead::mend(cx, &change::there(cx, want).await?, before.load_balancer.as_ref()).await?;
            let swapped = match &before.load_balancer {
                Some(balancer) => lead::is_swapped(cx, balancer).await?,
                None => false,
            };
            if swapped {
                cx.step.say("moving requests back to the first target group");
                let deploy = Deploy { shift: Shift::at_once(), ..want.deploy.clone() };
                let load_balancer = before.load_balancer.clone();
                let first = Props { load_balancer, deploy, ..want.clone() };
                let rest = without(changed, "load_balancer");
                if change::roll(cx, live, &first, &Changed(&rest), true).await? == Watched::Left {
                    return Ok(());
                }
            }
            change::roll(cx, live, want, changed, false).await?;
            change::note_done(cx, live, want).await
        }
    }
}

fn without(changed: &Changed<'_>, prop: &str) -> Vec<String> {
    let paths = changed.0.iter();
    paths.filter(|path| path.split('.').next() != Some(prop)).cloned().collect()
}
