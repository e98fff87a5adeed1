//! Scalable targets: the range within which the autoscaler decides how many tasks a service has.
//!
//! A target belongs to its service and has no tags of wharf's: every target of the stack's services is
//! the stack's. Where the spec has times at which other ranges begin, whichever of those holds now is as
//! it should be; AWS does not say which that is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{ScalableTarget as AwsTarget, SuspendedState};
use aws_sdk_ecs::types::Tag;
use serde::{Deserialize, Serialize};
use wharf_graph::{Address, Declare, Facts, Input, Live, Outcome, Policy, ReplaceOrder};
use wharf_spec::Stack;
use wharf_spec::stack::Scaling;

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::service;
use crate::reads::Reads;
use crate::reads::autoscaling::{SCALED, Scaled, dimension, namespace, resource_of};

/// How long a service made a moment ago, and the role of the autoscaler, may be unknown to it (Terraform's
/// provider retries the same).
const SETTLING: &[Transient] = &[
    Transient {
        codes: &["ValidationException"],
        text: "Unable to assume IAM role",
        budget: Duration::from_mins(2),
    },
    Transient {
        codes: &["ValidationException"],
        text: "ECS service doesn't exist",
        budget: Duration::from_mins(2),
    },
];

/// See the module.
pub(crate) struct ScalableTarget;

/// Managed properties of a scalable target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    /// ARN of the service.
    service: Input<String>,
    /// Fewest tasks.
    min: u32,
    /// Most tasks.
    max: u32,
    /// What somebody stopped: `scaling in`, `scaling out`, `scheduled scaling`.
    suspended: BTreeSet<String>,
}

impl Kind for ScalableTarget {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[("service", "a range belongs to one service")],
        replace_order: ReplaceOrder::CreateFirst,
        governs: true,
        ..Policy::plain("scalable_target", "range of tasks")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        for (name, scaling) in scaled(stack) {
            let service = Address::new("service", name);
            let props = Props {
                service: Input::of(&service, "arn"),
                min: scaling.min,
                max: scaling.max,
                suspended: BTreeSet::new(),
            };
            let arn = service::arn(stack, facts, name);
            out.add(&Self::POLICY, name, &props).known_outputs = outputs(resource_of(&arn));
        }
    }

    fn example() -> Props {
        Props {
            service: "arn:aws:ecs:eu-west-1:123456789012:service/notes/notes-web-1a2b".into(),
            min: 2,
            max: 10,
            suspended: BTreeSet::from(["scaling in".to_owned()]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let got = cx.scaled().await?;
        let found = got.value.iter().map(|one| {
            let spec = cx.stack.services.get(&one.service).and_then(|spec| spec.scaling.as_ref());
            let id = one.target.resource_id().to_owned();
            Found::Ours(Owned {
                name: one.service.clone(),
                props: props(one, spec),
                outputs: outputs(&id),
                id,
                applied: None,
                leaving: false,
            })
        });
        Ok(found.collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let arn = want.service.get()?.clone();
        // First, so that no reading misses a target that is there.
        mark(cx, &arn).await?;
        let id = resource_of(&arn).to_owned();
        register(cx, &id, &want).await?;
        Ok(Outcome::Done { outputs: outputs(&id), id })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        _: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        register(cx, &live.id, &want).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: outputs(&live.id) })
    }

    /// Policies and scheduled actions go with it, and their alarms (Application Auto Scaling API
    /// reference, `DeregisterScalableTarget`).
    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let deleted = cx
            .aws
            .caller
            .call("application-autoscaling:DeregisterScalableTarget", || {
                cx.aws
                    .autoscaling
                    .deregister_scalable_target()
                    .service_namespace(namespace())
                    .scalable_dimension(dimension())
                    .resource_id(&live.id)
                    .send()
            })
            .await;
        match deleted {
            Err(error) if !error.is(&["ObjectNotFoundException"]) => return Err(error),
            _ => {}
        }
        let arn = live.props.get("service").and_then(|arn| arn.as_str()).unwrap_or_default();
        unmark(cx, arn).await
    }
}

/// Lists the services with a range, by name.
pub(super) fn scaled(stack: &Stack) -> impl Iterator<Item = (&str, &Scaling)> {
    let services = stack.services.values();
    services.filter_map(|spec| Some((spec.name.as_str(), spec.scaling.as_ref()?)))
}

fn outputs(resource: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("resource".to_owned(), resource.to_owned())])
}

/// Brings what the autoscaler returns into canonical form.
fn props(found: &Scaled, spec: Option<&Scaling>) -> Props {
    let number = |value: i32| u32::try_from(value).unwrap_or_default();
    let mut range = (number(found.target.min_capacity()), number(found.target.max_capacity()));
    if let Some(spec) = spec.filter(|spec| holds_now(found, spec, range)) {
        range = (spec.min, spec.max);
    }
    Props {
        service: found.service_arn.clone().into(),
        min: range.0,
        max: range.1,
        suspended: suspended(&found.target),
    }
}

/// Says whether a range is one that some time of the spec began: as the spec has it now, or as it had it
/// when that time came.
fn holds_now(found: &Scaled, spec: &Scaling, range: (u32, u32)) -> bool {
    let now = spec.schedule.values().any(|time| (time.min, time.max) == range);
    let before = found.actions.iter().any(|action| {
        let named = spec.schedule.contains_key(action.scheduled_action_name());
        let set = action.scalable_target_action();
        let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
        named
            && set.is_some_and(|set| {
                (number(set.min_capacity()), number(set.max_capacity()))
                    == (Some(range.0), Some(range.1))
            })
    });
    now || before
}

/// Lists what somebody stopped.
pub(crate) fn suspended(target: &AwsTarget) -> BTreeSet<String> {
    let state = target.suspended_state();
    let flags = [
        ("scaling in", state.and_then(SuspendedState::dynamic_scaling_in_suspended)),
        ("scaling out", state.and_then(SuspendedState::dynamic_scaling_out_suspended)),
        ("scheduled scaling", state.and_then(SuspendedState::scheduled_scaling_suspended)),
    ];
    flags.into_iter().filter(|(_, on)| *on == Some(true)).map(|(what, _)| what.to_owned()).collect()
}

/// Registers a service, or changes what is registered. It brings the number of tasks into the range at
/// once, and leaves it alone otherwise.
async fn register(cx: &Write<'_>, resource: &str, want: &Props) -> Result<(), AwsError> {
    let stopped = |what: &str| want.suspended.contains(what);
    let state = SuspendedState::builder()
        .dynamic_scaling_in_suspended(stopped("scaling in"))
        .dynamic_scaling_out_suspended(stopped("scaling out"))
        .scheduled_scaling_suspended(stopped("scheduled scaling"))
        .build();
    set_range(cx, resource, (want.min, want.max), Some(state)).await
}

/// Sets a range; what is suspended stays so without `state`.
pub(super) async fn set_range(
    cx: &Write<'_>,
    resource: &str,
    (min, max): (u32, u32),
    state: Option<SuspendedState>,
) -> Result<(), AwsError> {
    let signed = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    cx.aws
        .caller
        .retrying(SETTLING, async || {
            cx.aws
                .caller
                .call("application-autoscaling:RegisterScalableTarget", || {
                    cx.aws
                        .autoscaling
                        .register_scalable_target()
                        .service_namespace(namespace())
                        .scalable_dimension(dimension())
                        .resource_id(resource)
                        .min_capacity(signed(min))
                        .max_capacity(signed(max))
                        .set_suspended_state(state.clone())
                        .send()
                })
                .await
        })
        .await?;
    Ok(())
}

/// Returns the range that holds for a resource now.
pub(super) async fn range(cx: &Write<'_>, resource: &str) -> Result<Option<(u32, u32)>, AwsError> {
    let got = cx
        .aws
        .caller
        .call("application-autoscaling:DescribeScalableTargets", || {
            cx.aws
                .autoscaling
                .describe_scalable_targets()
                .service_namespace(namespace())
                .scalable_dimension(dimension())
                .resource_ids(resource)
                .send()
        })
        .await?;
    let number = |value: i32| u32::try_from(value).unwrap_or_default();
    let found = got.scalable_targets().first();
    Ok(found.map(|target| (number(target.min_capacity()), number(target.max_capacity()))))
}

/// Notes on a service that it is scaled; see [`SCALED`].
async fn mark(cx: &Write<'_>, service: &str) -> Result<(), AwsError> {
    let tag = Tag::builder().key(SCALED).value("yes").build();
    cx.aws
        .caller
        .call("ecs:TagResource", || {
            cx.aws.ecs.tag_resource().resource_arn(service).tags(tag.clone()).send()
        })
        .await?;
    Ok(())
}

/// Takes the note back; a service that is gone needs none taken.
async fn unmark(cx: &Write<'_>, service: &str) -> Result<(), AwsError> {
    let untagged = cx
        .aws
        .caller
        .call("ecs:UntagResource", || {
            cx.aws.ecs.untag_resource().resource_arn(service).tag_keys(SCALED).send()
        })
        .await;
    match untagged {
        Err(error)
            if !error.is(&[
                "ServiceNotFoundException",
                "ClusterNotFoundException",
                "ResourceNotFoundException",
                "ServiceNotActiveException",
                "InvalidParameterException",
            ]) =>
        {
            Err(error)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_applicationautoscaling::primitives::DateTime;
    use aws_sdk_applicationautoscaling::types::{ScalableTargetAction, ScheduledAction};
    use wharf_spec::stack::{Schedule, TimedRange, Timing};

    use super::*;

    fn found(min: i32, max: i32, actions: Vec<ScheduledAction>) -> Scaled {
        let target = AwsTarget::builder()
            .service_namespace(namespace())
            .scalable_dimension(dimension())
            .resource_id("service/notes/notes-web-1a2b")
            .min_capacity(min)
            .max_capacity(max)
            .role_arn("arn:aws:iam::123456789012:role/x")
            .creation_time(DateTime::from_secs(0))
            .suspended_state(SuspendedState::builder().dynamic_scaling_in_suspended(true).build())
            .build()
            .unwrap();
        Scaled {
            service: "web".to_owned(),
            service_arn: "arn:aws:ecs:eu-west-1:123456789012:service/notes/notes-web-1a2b"
                .to_owned(),
            target,
            policies: Vec::new(),
            actions,
        }
    }

    fn scaling(times: &[(&str, u32, u32)]) -> Scaling {
        let timing = Timing::Cron { text: "0 7 * * *".into(), fields: "0 7 * * ? *".into() };
        let at = Schedule { timing, timezone: "UTC".to_owned() };
        let schedule = times.iter().map(|(name, min, max)| {
            ((*name).to_owned(), TimedRange { at: at.clone(), min: *min, max: *max })
        });
        Scaling {
            min: 2,
            max: 10,
            cpu: Some(60),
            memory: None,
            requests: None,
            cooldown_out: 300,
            cooldown_in: 300,
            schedule: schedule.collect(),
        }
    }

    fn action(name: &str, min: i32, max: i32) -> ScheduledAction {
        let set = ScalableTargetAction::builder().min_capacity(min).max_capacity(max).build();
        ScheduledAction::builder()
            .scheduled_action_name(name)
            .scheduled_action_arn("arn")
            .service_namespace(namespace())
            .schedule("cron(0 7 * * ? *)")
            .resource_id("service/notes/notes-web-1a2b")
            .scalable_target_action(set)
            .creation_time(DateTime::from_secs(0))
            .build()
            .unwrap()
    }

    #[test]
    fn reading_back_gives_what_was_wanted() {
        assert_eq!(props(&found(2, 10, Vec::new()), None), ScalableTarget::example());
    }

    #[test]
    fn a_range_that_a_time_of_the_spec_began_is_as_it_should_be() {
        let range = |found: &Scaled, spec: &Scaling| {
            let props = props(found, Some(spec));
            (props.min, props.max)
        };
        let plain = scaling(&[]);
        let day = scaling(&[("day", 4, 20)]);
        assert_eq!(range(&found(4, 20, Vec::new()), &plain), (4, 20), "somebody changed it");
        assert_eq!(range(&found(4, 20, Vec::new()), &day), (2, 10), "the day began");
        assert_eq!(range(&found(5, 20, Vec::new()), &day), (5, 20), "somebody changed it");
        // The spec's range of the day has changed since it began.
        assert_eq!(range(&found(4, 15, vec![action("day", 4, 15)]), &day), (2, 10));
        // The spec does not have that time any more.
        assert_eq!(range(&found(1, 3, vec![action("night", 1, 3)]), &day), (1, 3));
    }
}
