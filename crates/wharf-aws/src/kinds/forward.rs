//! Where a listener or rule sends requests, in the one form that both kinds share.
//!
//! Of a service whose requests move between two target groups both are named, and how much each of them gets
//! is ECS's business: read back, the service's own group always has everything, and what is written keeps
//! the requests where they are.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, TargetGroupTuple,
};
use serde::{Deserialize, Serialize};
use wharf_graph::{Address, Input, Unresolved};
use wharf_spec::stack::{Service, Strategy};

use crate::error::AwsError;
use crate::kind::Write;
use crate::kinds::target_group::Role;
use crate::reads::Reads;
use crate::rollout::look;
use crate::tags::{self, Owner};

/// A target group and its share of the requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Target {
    target_group: Input<String>,
    /// 0 to 999; zero means that it is attached and gets nothing.
    weight: i32,
}

/// The second target groups of services, by ARN.
#[derive(Default)]
pub(super) struct Alternates(BTreeSet<String>);

impl Alternates {
    /// Finds them by the tags of the stack's target groups.
    pub(super) async fn read(cx: &Reads) -> Result<Self, AwsError> {
        let tags = cx.balancer_tags().await?;
        let ours = tags.value.iter().filter(|(_, own)| tags::owner(own, &cx.id) == Owner::Ours);
        let second = ours.filter(|(_, own)| {
            let address = tags::address(own, "target_group");
            address.is_some_and(|address| Role::of(address.name()) == Role::Alternate)
        });
        Ok(Self(second.map(|(arn, _)| arn.clone()).collect()))
    }
}

/// Sends everything to one service.
pub(super) fn to_service(service: &Service) -> Vec<Target> {
    let group = |role: Role, weight: i32| {
        let group = Address::new("target_group", role.address(&service.name));
        Target { target_group: Input::of(&group, "arn"), weight }
    };
    let mut targets = vec![group(Role::Primary, 1)];
    if service.deploy.strategy != Strategy::Rolling {
        targets.push(group(Role::Alternate, 0));
    }
    targets
}

/// An example for tests that walk the registry.
pub(super) fn example() -> Vec<Target> {
    let arn = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/notes-web-1a2b/1";
    vec![Target { target_group: Input::from(arn), weight: 1 }]
}

/// Builds the action.
pub(super) fn action(targets: &[Target]) -> Result<Action, Unresolved> {
    let groups = targets.iter().map(|target| Ok((target.target_group.get()?, target.weight)));
    Ok(weighted(&groups.collect::<Result<Vec<_>, Unresolved>>()?))
}

/// Builds the action that forwards to groups by weight.
pub(super) fn weighted(groups: &[(&String, i32)]) -> Action {
    let tuples = groups.iter().map(|(arn, weight)| {
        TargetGroupTuple::builder().target_group_arn(*arn).weight(*weight).build()
    });
    let config = ForwardActionConfig::builder().set_target_groups(Some(tuples.collect())).build();
    Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build()
}

/// Reads the targets of a list of actions, the largest share first. A forward to a single group comes
/// back in two forms and with weight 1 (ELB API reference, Action); with one group any share is all.
pub(super) fn targets(actions: &[Action], alternates: &Alternates) -> Vec<Target> {
    let mut targets: Vec<Target> = weights(actions)
        .into_iter()
        .map(|(arn, weight)| Target { target_group: Input::Known(arn), weight })
        .collect();
    let second =
        |target: &Target| target.target_group.get().is_ok_and(|arn| alternates.0.contains(arn));
    if targets.iter().any(second) {
        for target in &mut targets {
            target.weight = i32::from(!second(target));
        }
    }
    targets
        .sort_by(|one, two| (two.weight, &one.target_group).cmp(&(one.weight, &two.target_group)));
    if let [only] = targets.as_mut_slice() {
        only.weight = only.weight.min(1);
    }
    targets
}

/// Reads the groups of a list of actions with their weights.
pub(crate) fn weights(actions: &[Action]) -> Vec<(String, i32)> {
    let mut all = Vec::new();
    for action in actions.iter().filter(|action| action.r#type() == Some(&ActionTypeEnum::Forward))
    {
        let tuples = action.forward_config().map_or(&[][..], ForwardActionConfig::target_groups);
        all.extend(tuples.iter().filter_map(|tuple| {
            Some((tuple.target_group_arn()?.to_owned(), tuple.weight().unwrap_or(1)))
        }));
        if let (true, Some(arn)) = (tuples.is_empty(), action.target_group_arn()) {
            all.push((arn.to_owned(), 1));
        }
    }
    all
}

/// Says whether how much each target gets depends on what is there.
pub(super) fn keeps_shares(want: &[Target]) -> bool {
    want.iter().any(|target| target.weight == 0)
}

/// Returns the targets with the weights to be written. Where some get nothing, that is how the group with
/// tasks is told from the one without, and the requests stay where they are: where `live` sends them, or
/// else where the tasks are.
pub(super) async fn shares(
    cx: &Write<'_>,
    want: &[Target],
    live: &[Action],
) -> Result<Vec<Target>, AwsError> {
    let mut targets = want.to_vec();
    if !keeps_shares(want) {
        return Ok(targets);
    }
    let now = weights(live);
    let named: Vec<&String> =
        want.iter().map(|target| target.target_group.get()).collect::<Result<_, _>>()?;
    let stays = now.iter().any(|(_, weight)| *weight > 0)
        && now.iter().all(|(arn, weight)| *weight == 0 || named.contains(&arn));
    if stays {
        for target in &mut targets {
            let arn = target.target_group.get()?;
            target.weight =
                now.iter().find(|(named, _)| named == arn).map_or(0, |(_, weight)| *weight);
        }
        return Ok(targets);
    }
    let mut serving = Vec::new();
    for arn in named {
        serving.push(look::healthy(cx.aws, arn).await? > 0);
    }
    if let Some(only) = serving.iter().position(|serves| *serves) {
        let busy = targets.iter().zip(&serving).any(|(it, serves)| it.weight > 0 && *serves);
        if !busy {
            for (index, target) in targets.iter_mut().enumerate() {
                target.weight = i32::from(index == only);
            }
        }
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn group(arn: &str, weight: i32) -> TargetGroupTuple {
        TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build()
    }

    #[test]
    fn both_forms_of_one_group_are_equal() {
        let plain = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn("a").build();
        let config = ForwardActionConfig::builder().target_groups(group("a", 100)).build();
        let full = Action::builder()
            .r#type(ActionTypeEnum::Forward)
            .target_group_arn("a")
            .forward_config(config)
            .build();
        let none = Alternates::default();
        assert_eq!(targets(&[plain], &none), targets(&[full], &none));
    }

    #[test]
    fn order_is_by_share_and_name() {
        let config = ForwardActionConfig::builder()
            .target_groups(group("b", 0))
            .target_groups(group("c", 1))
            .target_groups(group("a", 1))
            .build();
        let action =
            Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build();
        let order: Vec<_> = targets(&[action], &Alternates::default())
            .into_iter()
            .map(|target| (target.target_group.get().unwrap().clone(), target.weight))
            .collect();
        assert_eq!(order, [("a".into(), 1), ("c".into(), 1), ("b".into(), 0)]);
    }

    #[test]
    fn how_much_the_two_groups_of_a_service_get_is_not_compared() {
        let alternates = Alternates(BTreeSet::from(["b".to_owned()]));
        for (one, two) in [(100, 0), (0, 100), (70, 30)] {
            let config = ForwardActionConfig::builder()
                .target_groups(group("a", one))
                .target_groups(group("b", two))
                .build();
            let action =
                Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build();
            let order: Vec<_> = targets(&[action], &alternates)
                .into_iter()
                .map(|target| (target.target_group.get().unwrap().clone(), target.weight))
                .collect();
            assert_eq!(order, [("a".into(), 1), ("b".into(), 0)]);
        }
    }

    #[test]
    fn an_unresolved_group_never_reaches_aws() {
        let stack = testing::stack();
        assert!(action(&to_service(&stack.services["web"])).is_err());
    }
}
