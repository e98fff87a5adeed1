//! Where a listener or rule sends requests, in the one form that both kinds share.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, TargetGroupTuple,
};
use serde::{Deserialize, Serialize};
use wharf_graph::{Address, Input, Unresolved};

/// A target group and its share of the requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Target {
    target_group: Input<String>,
    /// 0 to 999; zero means that it is attached and gets nothing.
    weight: i32,
}

/// Sends everything to one service.
pub(super) fn to_service(service: &str) -> Vec<Target> {
    let group = Address::new("target_group", service);
    vec![Target { target_group: Input::of(&group, "arn"), weight: 1 }]
}

/// An example for tests that walk the registry.
pub(super) fn example() -> Vec<Target> {
    let arn = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/notes-web-1a2b/1";
    vec![Target { target_group: Input::from(arn), weight: 1 }]
}

/// Builds the action.
pub(super) fn action(targets: &[Target]) -> Result<Action, Unresolved> {
    let tuples = targets
        .iter()
        .map(|target| {
            Ok(TargetGroupTuple::builder()
                .target_group_arn(target.target_group.get()?)
                .weight(target.weight)
                .build())
        })
        .collect::<Result<Vec<_>, Unresolved>>()?;
    let config = ForwardActionConfig::builder().set_target_groups(Some(tuples)).build();
    Ok(Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build())
}

/// Reads the targets of a list of actions, the largest share first. A forward to a single group comes
/// back in two forms and with weight 1 (ELB API reference, Action); with one group any share is all.
pub(super) fn targets(actions: &[Action]) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for action in actions.iter().filter(|action| action.r#type() == Some(&ActionTypeEnum::Forward))
    {
        let tuples = action.forward_config().map_or(&[][..], ForwardActionConfig::target_groups);
        targets.extend(tuples.iter().filter_map(|tuple| {
            let target_group = Input::from(tuple.target_group_arn()?);
            Some(Target { target_group, weight: tuple.weight().unwrap_or(1) })
        }));
        if let (true, Some(arn)) = (tuples.is_empty(), action.target_group_arn()) {
            targets.push(Target { target_group: Input::from(arn), weight: 1 });
        }
    }
    targets
        .sort_by(|one, two| (two.weight, &one.target_group).cmp(&(one.weight, &two.target_group)));
    if let [only] = targets.as_mut_slice() {
        only.weight = only.weight.min(1);
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(targets(&[plain]), targets(&[full]));
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
        let order: Vec<_> = targets(&[action])
            .into_iter()
            .map(|target| (target.target_group.get().unwrap().clone(), target.weight))
            .collect();
        assert_eq!(order, [("a".into(), 1), ("c".into(), 1), ("b".into(), 0)]);
    }

    #[test]
    fn an_unresolved_group_never_reaches_aws() {
        assert!(action(&to_service("web")).is_err());
    }
}
