//! Schedules: the times at which jobs run by themselves, as tasks that EventBridge Scheduler starts.
//!
//! AWS starts the task and no more: it tries again when a task could not be started, but neither
//! starts one again that failed nor ends one that takes too long (EventBridge Scheduler API reference,
//! `RetryPolicy`; ECS API reference, `RunTask`).

mod canonical;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wharf_graph::props::short_hash;
use wharf_graph::{Address, Declare, Facts, Input, Live, Outcome, Policy, StackId};
use wharf_spec::Stack;
use wharf_spec::stack::Job;

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::kinds::cluster;
use crate::kinds::{release, schedule_group};
use crate::reads::Reads;
use crate::reads::iam::SCHEDULER;
use crate::reads::scheduler::no_such;
use crate::tags::{self, Owner};
use crate::{names, placement};

/// How long a run that could not be started is still worth starting, in seconds.
const LATE: u32 = 3600;
/// Longest client token (EventBridge Scheduler API reference, `CreateSchedule`).
const TOKEN: usize = 32;
/// Errors that pass once the role and the group are known everywhere (texts as AWS words them).
const SETTLING: &[Transient] = &[
    Transient {
        codes: &["ValidationException"],
        text: "must allow AWS EventBridge Scheduler to assume the role",
        budget: Duration::from_mins(2),
    },
    Transient {
        codes: &["ResourceNotFoundException"],
        text: "group",
        budget: Duration::from_mins(1),
    },
];

/// See the module.
pub(crate) struct Schedule;

/// Managed properties of a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    name: String,
    group: Input<String>,
    /// `cron(…)`, `rate(…)`.
    expression: String,
    /// IANA name.
    timezone: String,
    enabled: bool,
    cluster: Input<String>,
    role: Input<String>,
    task_definition: Input<String>,
    /// `FARGATE`.
    launch: String,
    /// Fargate platform version.
    platform: String,
    subnets: BTreeSet<String>,
    public_ip: bool,
    security_groups: BTreeSet<Input<String>>,
    /// How often a task that could not be started is tried again.
    retries: u32,
    /// For how many seconds.
    late: u32,
    /// What tasks take their tags from: `TASK_DEFINITION`.
    propagate_tags: String,
}

impl Kind for Schedule {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[
            ("name", "a schedule cannot be renamed"),
            ("group", "a schedule cannot move to another group"),
        ],
        identity: Some("name"),
        ..Policy::plain("schedule", "schedule")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        for job in stack.scheduled() {
            declare(stack, facts, job, out);
        }
    }

    fn example() -> Props {
        canonical::example()
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let (group, schedules) = futures::join!(cx.schedule_group(), cx.schedules());
        let (group, schedules) = (group?, schedules?);
        // Whoever has the group has what is in it.
        let Some(group) = &group.value else { return Ok(Vec::new()) };
        if tags::owner(&group.tags, &cx.id) != Owner::Ours {
            return Ok(Vec::new());
        }
        let found = schedules.value.iter().map(|found| {
            let id = found.arn().unwrap_or_default().to_owned();
            Found::Ours(Owned {
                name: found.name().unwrap_or_default().to_owned(),
                props: canonical::props(found, &group.arn),
                outputs: outputs(&id),
                id,
                applied: None,
                leaving: group.leaving,
            })
        });
        Ok(found.collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let token = short_hash(&format!("{}/{}", cx.step.token, want.name), TOKEN);
        let (target, group) = (canonical::target(&want)?, canonical::group(&want)?);
        let made = cx
            .aws
            .caller
            .retrying(SETTLING, async || {
                // A name that is taken is no conflict that passes.
                let made = cx
                    .aws
                    .caller
                    .once("scheduler:CreateSchedule", || {
                        cx.aws
                            .scheduler
                            .create_schedule()
                            .name(&want.name)
                            .group_name(&group)
                            .client_token(&token)
                            .description(canonical::description(cx.stack, &want.name))
                            .schedule_expression(&want.expression)
                            .schedule_expression_timezone(&want.timezone)
                            .state(canonical::state(want.enabled))
                            .flexible_time_window(canonical::exactly())
                            .target(target.clone())
                            .send()
                    })
                    .await;
                match made {
                    Ok(made) => Ok(Some(made.schedule_arn().to_owned())),
                    Err(error) if error.is(&["ConflictException"]) && error.says("exists") => {
                        Ok(None)
                    }
                    Err(error) => Err(error),
                }
            })
            .await?;
        let arn = match made {
            Some(arn) => arn,
            None => replace(cx, &want).await?,
        };
        Ok(Outcome::Done { outputs: outputs(&arn), id: arn })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        _: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        replace(cx, &want).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: outputs(&live.id) })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let mut parts = live.id.rsplit('/');
        let name = parts.next().unwrap_or(&live.id);
        let group = parts.next().unwrap_or_default();
        let token = short_hash(&format!("{}/{name}", cx.step.token), TOKEN);
        let deleted = cx
            .aws
            .caller
            .call("scheduler:DeleteSchedule", || {
                cx.aws
                    .scheduler
                    .delete_schedule()
                    .name(name)
                    .group_name(group)
                    .client_token(&token)
                    .send()
            })
            .await;
        match deleted {
            Err(error) if !no_such(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Writes the whole schedule: what an update leaves out takes its default again (EventBridge Scheduler
/// API reference, `UpdateSchedule`).
async fn replace(cx: &Write<'_>, want: &Props) -> Result<String, AwsError> {
    let (target, group) = (canonical::target(want)?, canonical::group(want)?);
    let updated = cx
        .aws
        .caller
        .retrying(SETTLING, async || {
            cx.aws
                .caller
                .call("scheduler:UpdateSchedule", || {
                    cx.aws
                        .scheduler
                        .update_schedule()
                        .name(&want.name)
                        .group_name(&group)
                        .description(canonical::description(cx.stack, &want.name))
                        .schedule_expression(&want.expression)
                        .schedule_expression_timezone(&want.timezone)
                        .state(canonical::state(want.enabled))
                        .flexible_time_window(canonical::exactly())
                        .target(target.clone())
                        .send()
                })
                .await
        })
        .await?;
    Ok(updated.schedule_arn().to_owned())
}

fn outputs(arn: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("arn".to_owned(), arn.to_owned())])
}

fn declare(stack: &Stack, facts: &Facts, job: &Job, out: &mut Declare) {
    let Some(times) = &job.schedule else { return };
    let name = job.task.name.as_str();
    // What the subnets lack is said by the services.
    let Ok(placed) = placement::tasks(stack, facts) else { return };
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let of = |kind: &str, name: &str, output: &str| Input::of(&Address::new(kind, name), output);
    let group = schedule_group::arn(facts, &names::schedule_group(&id));
    let props = Props {
        name: name.to_owned(),
        group: Input::Known(group),
        expression: times.expression(),
        timezone: times.timezone.clone(),
        enabled: true,
        cluster: cluster::arn(stack, facts),
        role: of("role", SCHEDULER, "arn"),
        task_definition: of("task_definition", name, "arn"),
        launch: canonical::FARGATE.to_owned(),
        platform: canonical::LATEST.to_owned(),
        subnets: placed.subnets,
        public_ip: placed.public_ip,
        security_groups: BTreeSet::from([of("security_group", "tasks", "id")]),
        retries: job.retries,
        late: LATE,
        propagate_tags: canonical::TASK_DEFINITION.to_owned(),
    };
    let node = out.add(&Schedule::POLICY, name, &props);
    node.note = Some(format!(
        "AWS neither ends a run that takes longer than {} nor starts one again that failed; \
         `wharf run {name}` does both",
        minutes(job.task.timeout)
    ));
    node.after.insert(Address::new("schedule_group", schedule_group::NAME));
    node.after.insert(Address::new("log_group", name));
    // What the release prepares is there before a job of the new release runs.
    node.after.extend(release::address(stack));
}

fn minutes(seconds: u32) -> String {
    match seconds {
        s if s % 3600 == 0 => format!("{} h", s / 3600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
