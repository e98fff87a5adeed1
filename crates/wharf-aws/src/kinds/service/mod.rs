//! A service: keeps a number of tasks running and moves them to new revisions.

mod canonical;
mod change;
mod create;
mod declare;
pub(super) mod launch;
mod lead;
mod shift;
mod stuck;

use std::collections::{BTreeMap, BTreeSet};

use canonical::Unsaid;
pub(super) use create::beside;
pub(super) use declare::arn;
use launch::Launch;
pub use launch::on_demand;
use serde::{Deserialize, Serialize};
use shift::{Requests, Routes, Shift};
use wharf_graph::{
    Address, Declare, Facts, Foreign, Input, Live, Outcome, Policy, ReplaceOrder, Stays,
};
use wharf_spec::Stack;

use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::names;
use crate::reads::Reads;
use crate::rollout;
use crate::tags::{self, Owner, Tags};

/// See the module.
pub(crate) struct Service;

/// Managed properties of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    name: String,
    cluster: Input<String>,
    task_definition: Input<String>,
    /// Number of tasks; `None` where the autoscaler decides.
    count: Option<u32>,
    /// Number of tasks it is made with, where the autoscaler decides later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<u32>,
    /// Fewest tasks of any range it is under, or what it is set to where that is less: an autoscaler does
    /// not bring a service back that somebody set below its range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_least: Option<u32>,
    /// Whether the second target group gets the requests at present. Never compared: with every release the
    /// two change places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    swapped: Option<bool>,
    /// Where its requests go, if rollouts move them between two target groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests: Option<Requests>,
    launch: Launch,
    /// Fargate platform version.
    platform: String,
    subnets: BTreeSet<String>,
    public_ip: bool,
    security_groups: BTreeSet<Input<String>>,
    load_balancer: Option<LoadBalancer>,
    deploy: Deploy,
    /// Seconds after a task's start during which failed health checks of the balancer are ignored.
    grace: u32,
    /// Whether commands can be run inside tasks.
    exec: bool,
    /// What tasks take their tags from: `SERVICE`.
    propagate_tags: String,
    /// How the last rollout went, as far as somebody saw it.
    rolled_out: Rollout,
    tags: Tags,
}

/// How a rollout went, as far as somebody saw it. In a plan it is `true`, `false` or a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "serde_json::Value", from = "serde_json::Value")]
pub(crate) enum Rollout {
    /// It was seen to its end.
    Complete,
    /// It was begun, and whoever waited for it left or was killed.
    Unfinished,
    /// It failed, and ECS went back to the release before.
    RolledBack,
    /// It failed, and there was no release to go back to.
    Failed,
}

impl From<Rollout> for serde_json::Value {
    fn from(rollout: Rollout) -> Self {
        match rollout {
            Rollout::Complete => true.into(),
            Rollout::Unfinished => false.into(),
            Rollout::RolledBack => canonical::ROLLED_BACK.into(),
            Rollout::Failed => canonical::FAILED.into(),
        }
    }
}

impl From<serde_json::Value> for Rollout {
    fn from(value: serde_json::Value) -> Self {
        match value.as_bool() {
            Some(true) => Self::Complete,
            None if value == canonical::ROLLED_BACK => Self::RolledBack,
            None if value == canonical::FAILED => Self::Failed,
            Some(false) | None => Self::Unfinished,
        }
    }
}

/// The target group in which tasks are registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LoadBalancer {
    target_group: Input<String>,
    container: String,
    port: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alternate: Option<Alternate>,
}

/// The second target group, and what it takes to move requests between the two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alternate {
    target_group: Input<String>,
    /// The rule whose weights are moved; the listener, where it is its default rule.
    rule: Input<String>,
    /// The role with which ECS does it.
    role: Input<String>,
}

/// How new revisions are rolled out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deploy {
    /// Percent of the count.
    min_percent: u32,
    /// Percent of the count.
    max_percent: u32,
    /// Whether ECS gives up a rollout whose tasks keep failing.
    breaker: bool,
    /// Whether it then goes back to the release before.
    rollback: bool,
    /// Failed tasks after which it gives up; `None` where that is some share of the count.
    max_failures: Option<u32>,
    /// Whether a task that becomes healthy starts the count of failures afresh.
    reset: bool,
    /// Alarms of CloudWatch at which it goes back as well.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    alarms: BTreeSet<String>,
    /// How requests move.
    #[serde(flatten)]
    shift: Shift,
}

impl Kind for Service {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[
            (
                "name",
                "the service moves to a new target group; the old one serves until the new one is \
                 healthy",
            ),
            ("cluster", "a service cannot move to another cluster"),
        ],
        replace_order: ReplaceOrder::CreateFirst,
        identity: Some("name"),
        initial: &["start", "swapped"],
        serves_traffic: true,
        // Of old revisions only those go that no rollout uses or could go back to; a range needs nothing
        // but the service.
        goes_on: Some(&["task_definition", "scalable_target"]),
        seen: Some("rolled_out"),
        stays: Some(Stays {
            setting: "/deploy/strategy",
            free: "rolling",
            prop: "load_balancer",
            why: "ECS moves its requests between the two target groups it has, not to others",
            first: "write `strategy: rolling` for it and apply the change; then set the strategy again",
        }),
        ..Policy::plain("service", "service")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        for service in stack.services.values() {
            declare::service(stack, facts, service, out);
        }
    }

    fn example() -> Props {
        canonical::example()
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let got = cx.services().await?;
        let routes = if got.value.iter().any(|one| rollout::groups(&one.service).len() > 1) {
            Routes::read(cx, &got).await?
        } else {
            Routes::default()
        };
        let mut found = Vec::new();
        for one in &got.value {
            let arn = one.service.service_arn().unwrap_or_default().to_owned();
            if let Some(name) = one.name(&cx.id) {
                let wanted = Unsaid {
                    spec: cx.stack.services.get(&name),
                    emulated: cx.custom_endpoint(),
                    routes: &routes,
                };
                found.push(Found::Ours(Owned {
                    props: canonical::props(&one.service, &one.tags, &cx.stack.tags, &wanted),
                    name,
                    outputs: outputs(&arn),
                    id: arn,
                    applied: one.tags.get(tags::SPEC).cloned(),
                    leaving: one.leaving(),
                }));
                continue;
            }
            let Owner::Other(owner) = tags::owner(&one.tags, &cx.id) else { continue };
            let physical = one.service.service_name().unwrap_or_default();
            let mut wanted = cx.stack.services.keys();
            if let Some(name) = wanted.find(|name| could_be(cx, physical, name)) {
                let address = Address::new(Self::POLICY.kind, name.clone());
                found.push(Found::Foreign(Foreign { address, id: arn, owner }));
            }
        }
        Ok(found)
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let arn = create::create(cx, &want).await?;
        Ok(Outcome::Done { outputs: outputs(&arn), id: arn })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        changed: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        Box::pin(change::update(cx, live, &want, changed)).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: outputs(&live.id) })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        change::delete(cx, live).await
    }
}

fn outputs(arn: &str) -> BTreeMap<String, String> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    BTreeMap::from([("arn".to_owned(), arn.to_owned()), ("name".to_owned(), name.to_owned())])
}

/// Says whether a physical name is one that the service of this name has, or can get with another
/// target group.
fn could_be(cx: &Reads, physical: &str, name: &str) -> bool {
    if physical == names::service(&cx.id, name, None) {
        return true;
    }
    let Some((_, hash)) = physical.rsplit_once('-') else { return false };
    hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        && physical == names::service(&cx.id, name, Some(&format!("x-{hash}")))
        && hash.len() == 4
}
