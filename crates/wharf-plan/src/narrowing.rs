//! Taking away what a resource grants only when nobody uses it any more.
//!
//! The tasks of a release run with the permissions of their role until the next release has taken over, and if
//! that one fails, ECS goes back to the old one and starts its tasks again. So a role first gets what the new
//! release needs beside what the old one has ("widen"), and loses the rest once everything that uses it has
//! changed ("narrow").

use serde_json::Value;
use wharf_graph::Grants;

use crate::Change;
use crate::decide::{Decision, Decisions, Verdict, compare};

/// How an update that takes something away is cut up.
#[derive(Debug)]
pub(crate) struct Narrowing {
    /// Props and changes of the first half; `None` when nothing is added.
    pub(crate) widen: Option<(Value, Vec<Change>)>,
}

impl Narrowing {
    /// Returns how the update is cut, if it takes anything away.
    pub(crate) fn of(decision: &Decision<'_>, decided: &Decisions<'_>) -> Option<Self> {
        let policy = decision.desired.policy;
        let grants = policy.grants?;
        let live = decision.live.filter(|_| decision.verdict == Verdict::Update)?;
        let wanted = &decision.desired.props;
        let both = union(&grants, &live.props, wanted)?;
        let added = compare(policy, &live.props, &both, decided);
        let prop = grants.prop();
        let widens = added.iter().any(|change| change.path.split('.').next() == Some(prop));
        Some(Self { widen: widens.then_some((both, added)) })
    }
}

/// Returns the desired props with what the object grants now left in; `None` if nothing would be lost, or if
/// both together are more than AWS takes.
fn union(grants: &Grants, live: &Value, wanted: &Value) -> Option<Value> {
    let now = live.pointer(grants.list)?.as_array()?;
    let then = wanted.pointer(grants.list).and_then(Value::as_array);
    let kept = then.map_or(&[][..], Vec::as_slice);
    if now.iter().all(|grant| kept.contains(grant)) {
        return None;
    }
    let mut list: Vec<Value> = kept.iter().chain(now).cloned().collect();
    // The order in which lists of this kind are compared.
    list.sort_by_cached_key(Value::to_string);
    list.dedup();
    let mut both = wanted.clone();
    if then.is_none() {
        both[grants.prop()] = live[grants.prop()].clone();
    }
    *both.pointer_mut(grants.list)? = Value::Array(list);
    (both[grants.prop()].to_string().len() <= grants.most).then_some(both)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GRANTS: Grants = Grants { list: "/policy/may", most: 60, users: &[] };

    #[test]
    fn nothing_is_lost_in_between() {
        let live = json!({"policy": {"may": ["a", "b"]}, "tags": {"team": "x"}});
        let wanted = json!({"policy": {"may": ["b", "c"]}, "tags": {}});
        let both = json!({"policy": {"may": ["a", "b", "c"]}, "tags": {}});
        assert_eq!(union(&GRANTS, &live, &wanted), Some(both));
    }

    #[test]
    fn a_policy_that_goes_stays_in_between() {
        let live = json!({"policy": {"may": ["a"]}});
        let wanted = json!({"policy": null});
        assert_eq!(union(&GRANTS, &live, &wanted), Some(live));
    }

    #[test]
    fn what_only_adds_is_not_cut() {
        let wanted = json!({"policy": {"may": ["a", "b"]}});
        for live in
            [json!({"policy": {"may": ["a"]}}), json!({"policy": null}), json!({"policy": "?"})]
        {
            assert_eq!(union(&GRANTS, &live, &wanted), None, "{live}");
        }
    }

    #[test]
    fn more_than_aws_takes_is_not_tried() {
        let live = json!({"policy": {"may": ["a".repeat(30)]}});
        let wanted = json!({"policy": {"may": ["b".repeat(30)]}});
        assert_eq!(union(&GRANTS, &live, &wanted), None);
    }
}
