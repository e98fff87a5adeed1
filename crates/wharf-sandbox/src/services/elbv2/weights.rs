//! How much of a rule's requests each target group gets, for ECS, which moves them.

use super::state::{Action, Deed, Elbv2State};
use crate::world::World;

/// A rule that does nothing but forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardRule {
    /// The ARNs of its target groups with their weights.
    pub groups: Vec<(String, u32)>,
    /// What it takes to change it, and on which ARN: a default rule is changed with its listener.
    pub changed_by: (&'static str, String),
}

impl World {
    /// Finds a rule, or a listener's default rule, that does nothing but forward.
    pub fn forward_rule(&self, region: &str, rule: &str) -> Option<ForwardRule> {
        let elb = &self.regions.get(region)?.elbv2;
        let (actions, changed_by) = if let Some(found) = elb.rules.get(rule) {
            (&found.actions, ("elasticloadbalancing:ModifyRule", found.arn.clone()))
        } else {
            let of = elb.listeners.values().find(|it| it.default_rule == rule)?;
            (&of.actions, ("elasticloadbalancing:ModifyListener", of.arn.clone()))
        };
        match actions.as_slice() {
            [Action { what: Deed::Forward { groups, .. }, .. }] => {
                Some(ForwardRule { groups: groups.clone(), changed_by })
            }
            _ => None,
        }
    }

    /// Gives the target groups of a rule other weights; groups that are not named keep theirs.
    pub fn weigh(&mut self, region: &str, rule: &str, weights: &[(String, u32)]) {
        let elb = &mut self.region(region).elbv2;
        let actions = actions_of(elb, rule).into_iter().flatten();
        for action in actions {
            let Deed::Forward { groups, .. } = &mut action.what else { continue };
            for (group, weight) in groups {
                if let Some((_, new)) = weights.iter().find(|(named, _)| named == group) {
                    *weight = *new;
                }
            }
        }
        self.targets_changed(region);
    }
}

fn actions_of<'e>(elb: &'e mut Elbv2State, rule: &str) -> Option<&'e mut Vec<Action>> {
    if let Some(found) = elb.rules.get_mut(rule) {
        return Some(&mut found.actions);
    }
    let of = elb.listeners.values_mut().find(|it| it.default_rule == rule)?;
    Some(&mut of.actions)
}
