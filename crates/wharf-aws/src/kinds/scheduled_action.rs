//! Scheduled actions: times at which another range of tasks begins to hold.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_applicationautoscaling::primitives::{DateTime, DateTimeFormat};
use aws_sdk_applicationautoscaling::types::{ScalableTargetAction, ScheduledAction as AwsAction};
use serde::{Deserialize, Serialize};
use wharf_graph::{
    Address, Declare, ErrorClass, Facts, Input, Live, Outcome, Policy, ReplaceOrder,
};
use wharf_spec::Stack;

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::scalable_target::{self, scaled};
use crate::reads::Reads;
use crate::reads::autoscaling::{dimension, namespace};

/// How long a target made a moment ago may be unknown.
const SETTLING: &[Transient] =
    &[Transient { codes: &["ObjectNotFoundException"], text: "", budget: Duration::from_mins(2) }];
/// What a schedule is read in where nothing is said (Application Auto Scaling API reference,
/// `PutScheduledAction`).
const UTC: &str = "UTC";

/// See the module.
pub(crate) struct ScheduledAction;

/// Managed properties of a scheduled action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    /// What it belongs to: `service/cluster/name`.
    target: Input<String>,
    /// `cron(…)`, `rate(…)` or `at(…)`.
    schedule: String,
    /// Time zone the schedule is read in.
    timezone: String,
    /// Fewest tasks from then on.
    min: Option<u32>,
    /// Most tasks from then on.
    max: Option<u32>,
    /// Not before; wharf sets none.
    starts: Option<String>,
    /// Not after; wharf sets none.
    ends: Option<String>,
}

impl Kind for ScheduledAction {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[("target", "a scheduled action belongs to one service")],
        replace_order: ReplaceOrder::CreateFirst,
        governs: true,
        ..Policy::plain("scheduled_action", "scheduled range")
    };

    fn declare(stack: &Stack, _: &Facts, out: &mut Declare) {
        for (service, scaling) in scaled(stack) {
            for (name, time) in &scaling.schedule {
                let props = Props {
                    target: Input::of(&Address::new("scalable_target", service), "resource"),
                    schedule: time.at.expression(),
                    timezone: time.at.timezone.clone(),
                    min: Some(time.min),
                    max: Some(time.max),
                    starts: None,
                    ends: None,
                };
                let node = out.add(&Self::POLICY, format!("{service}:{name}"), &props);
                node.after.insert(Address::new("scalable_target", service));
            }
        }
    }

    fn example() -> Props {
        Props {
            target: "service/notes/notes-web-1a2b".into(),
            schedule: "cron(0 7 ? * MON,TUE,WED,THU,FRI *)".to_owned(),
            timezone: "Europe/Berlin".to_owned(),
            min: Some(4),
            max: Some(20),
            starts: Some("2026-01-01T00:00:00Z".to_owned()),
            ends: Some("2026-02-01T00:00:00Z".to_owned()),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let got = cx.scaled().await?;
        let all = got.value.iter().flat_map(|one| {
            one.actions.iter().map(|action| {
                let name = action.scheduled_action_name();
                Found::Ours(Owned {
                    name: format!("{}:{name}", one.service),
                    props: props(action),
                    outputs: BTreeMap::new(),
                    id: format!("{}/{name}", action.resource_id()),
                    applied: None,
                    leaving: false,
                })
            })
        });
        Ok(all.collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let id = put(cx, &want).await?;
        Ok(Outcome::Done { id, outputs: BTreeMap::new() })
    }

    /// A range that holds now because of the action becomes the new one at once: the next time may be
    /// days away.
    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        changed: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        let before: Option<Props> = serde_json::from_value(live.props.clone()).ok();
        let range = |props: &Props| props.min.zip(props.max);
        let ranges = before.as_ref().and_then(range).zip(range(&want));
        let ranges = ranges.filter(|_| changed.any(&["min", "max"]));
        // Before the action, so that a run that dies in between leaves a range the spec knows; and after
        // it, because until then the old one may have come due.
        follow(cx, &want, ranges).await?;
        let id = put(cx, &want).await?;
        follow(cx, &want, ranges).await?;
        Ok(Outcome::Done { id, outputs: BTreeMap::new() })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let (resource, name) = live.id.rsplit_once('/').ok_or_else(|| {
            let message = format!("`{}` names no scheduled action", live.id);
            AwsError::own(ErrorClass::Other, message)
        })?;
        let deleted = cx
            .aws
            .caller
            .call("application-autoscaling:DeleteScheduledAction", || {
                cx.aws
                    .autoscaling
                    .delete_scheduled_action()
                    .service_namespace(namespace())
                    .scalable_dimension(dimension())
                    .resource_id(resource)
                    .scheduled_action_name(name)
                    .send()
            })
            .await;
        match deleted {
            Err(error) if !error.is(&["ObjectNotFoundException"]) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Brings what the autoscaler returns into canonical form.
fn props(action: &AwsAction) -> Props {
    let set = action.scalable_target_action();
    let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    let moment = |at: Option<&DateTime>| at.and_then(|at| at.fmt(DateTimeFormat::DateTime).ok());
    Props {
        target: action.resource_id().into(),
        schedule: action.schedule().to_owned(),
        timezone: action.timezone().unwrap_or(UTC).to_owned(),
        min: number(set.and_then(ScalableTargetAction::min_capacity)),
        max: number(set.and_then(ScalableTargetAction::max_capacity)),
        starts: moment(action.start_time()),
        ends: moment(action.end_time()),
    }
}

/// Brings the range that an action began to what it says now; any other range stays.
async fn follow(
    cx: &Write<'_>,
    want: &Props,
    ranges: Option<((u32, u32), (u32, u32))>,
) -> Result<(), AwsError> {
    let Some((before, after)) = ranges else { return Ok(()) };
    let resource = want.target.get()?;
    if scalable_target::range(cx, resource).await? == Some(before) {
        scalable_target::set_range(cx, resource, after, None).await?;
    }
    Ok(())
}

/// Makes an action, or changes it. Bounds that are not sent are dropped (Application Auto Scaling API
/// reference, `PutScheduledAction`).
async fn put(cx: &Write<'_>, want: &Props) -> Result<String, AwsError> {
    let resource = want.target.get()?.clone();
    let (_, name) = cx.address.name().split_once(':').unwrap_or(("", cx.address.name()));
    let signed = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let set = ScalableTargetAction::builder()
        .set_min_capacity(want.min.map(signed))
        .set_max_capacity(want.max.map(signed))
        .build();
    cx.aws
        .caller
        .retrying(SETTLING, async || {
            cx.aws
                .caller
                .call("application-autoscaling:PutScheduledAction", || {
                    cx.aws
                        .autoscaling
                        .put_scheduled_action()
                        .service_namespace(namespace())
                        .scalable_dimension(dimension())
                        .resource_id(&resource)
                        .scheduled_action_name(name)
                        .schedule(&want.schedule)
                        .timezone(&want.timezone)
                        .scalable_target_action(set.clone())
                        .send()
                })
                .await
        })
        .await?;
    Ok(format!("{resource}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_back_gives_what_was_wanted() {
        let want = ScheduledAction::example();
        let signed = |value: Option<u32>| value.map(|value| i32::try_from(value).unwrap());
        let moment = |text: &Option<String>| {
            let text = text.as_deref().unwrap();
            Some(DateTime::from_str(text, DateTimeFormat::DateTime).unwrap())
        };
        let set = ScalableTargetAction::builder()
            .set_min_capacity(signed(want.min))
            .set_max_capacity(signed(want.max))
            .build();
        let live = AwsAction::builder()
            .scheduled_action_name("day")
            .scheduled_action_arn("arn")
            .service_namespace(namespace())
            .schedule(&want.schedule)
            .timezone(&want.timezone)
            .resource_id(want.target.get().unwrap())
            .scalable_target_action(set)
            .set_start_time(moment(&want.starts))
            .set_end_time(moment(&want.ends))
            .creation_time(DateTime::from_secs(0))
            .build()
            .unwrap();
        assert_eq!(props(&live), want);
        let mut plain = live;
        (plain.timezone, plain.start_time) = (None, None);
        assert_eq!(props(&plain).timezone, "UTC");
        assert_eq!(props(&plain).starts, None);
    }
}
