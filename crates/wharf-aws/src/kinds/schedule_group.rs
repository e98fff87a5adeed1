//! The group of the stack's schedules. It carries the tags, which schedules cannot (EventBridge
//! Scheduler API reference, `TagResource`).

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_scheduler::types::Tag;
use serde::{Deserialize, Serialize};
use wharf_graph::props::short_hash;
use wharf_graph::{Address, Declare, Facts, Foreign, Live, Outcome, Policy, StackId};
use wharf_spec::Stack;

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::names;
use crate::reads::Reads;
use crate::reads::iam::SCHEDULER;
use crate::reads::scheduler::no_such;
use crate::tags::{self, Owner, Tags};
use crate::wait::{Look, wait};

/// Every stack that has schedules has exactly one group.
pub(crate) const NAME: &str = "main";
/// How long a group may take to go, with all that is in it.
const GONE: Duration = Duration::from_mins(10);
/// Longest client token (EventBridge Scheduler API reference, `CreateScheduleGroup`).
const TOKEN: usize = 32;

/// See the module.
pub(crate) struct ScheduleGroup;

/// Managed properties of the group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    name: String,
    tags: Tags,
}

impl Kind for ScheduleGroup {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[("name", "a group of schedules cannot be renamed")],
        identity: Some("name"),
        delete_after: &["schedule"],
        ..Policy::plain("schedule_group", "group of schedules")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        if stack.scheduled().next().is_none() {
            return;
        }
        let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
        let name = names::schedule_group(&id);
        let arn = arn(facts, &name);
        let props = Props { name, tags: stack.tags.clone() };
        let node = out.add(&Self::POLICY, NAME, &props);
        node.known_outputs = outputs(&arn);
        // A group that was left is found by the role that is made first, before the tag sweep shows it.
        node.after.insert(Address::new("role", SCHEDULER));
    }

    fn example() -> Props {
        Props {
            name: "notes-prod".to_owned(),
            tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let got = cx.schedule_group().await?;
        let Some(found) = &got.value else { return Ok(Vec::new()) };
        let id = found.arn.clone();
        if let Owner::Other(owner) = tags::owner(&found.tags, &cx.id) {
            let address = Address::new(Self::POLICY.kind, NAME);
            return Ok(vec![Found::Foreign(Foreign { address, id, owner })]);
        }
        Ok(vec![Found::Ours(Owned {
            name: NAME.to_owned(),
            props: Props {
                name: found.name.clone(),
                tags: tags::managed(&found.tags, &cx.stack.tags),
            },
            outputs: outputs(&id),
            id,
            applied: found.tags.get(tags::SPEC).cloned(),
            leaving: found.leaving,
        })])
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        /// A group of that name that is being deleted has to be gone first.
        const LEAVING: &[Transient] =
            &[Transient { codes: &["ConflictException"], text: "being deleted", budget: GONE }];
        let all = cx.tags(&want.tags);
        let token = short_hash(&format!("{}/{}", cx.step.token, want.name), TOKEN);
        let made = cx
            .aws
            .caller
            .retrying(LEAVING, async || {
                cx.aws
                    .caller
                    .call("scheduler:CreateScheduleGroup", || {
                        cx.aws
                            .scheduler
                            .create_schedule_group()
                            .name(&want.name)
                            .client_token(&token)
                            .set_tags(Some(tag_list(&all)))
                            .send()
                    })
                    .await
            })
            .await;
        let arn = match made {
            Ok(made) => made.schedule_group_arn().to_owned(),
            Err(error) if error.is(&["ConflictException"]) => existing(cx, &want, &all).await?,
            Err(error) => return Err(error),
        };
        Ok(Outcome::Done { outputs: outputs(&arn), id: arn })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        _: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        tag(cx, &live.id, &cx.tags(&want.tags)).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: outputs(&live.id) })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let name = live.id.rsplit('/').next().unwrap_or(&live.id);
        let token = short_hash(&format!("{}/{name}", cx.step.token), TOKEN);
        let deleted = cx
            .aws
            .caller
            .call("scheduler:DeleteScheduleGroup", || {
                cx.aws.scheduler.delete_schedule_group().name(name).client_token(&token).send()
            })
            .await;
        match deleted {
            Err(error) if no_such(&error) => return Ok(()),
            // It is on its way out already.
            Err(error) if error.is(&["ConflictException"]) && error.says("being deleted") => {}
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        let pace = cx.aws.caller.pace;
        let what = "the group of schedules to be gone";
        wait(pace, cx.step, what, Duration::from_secs(5), GONE, async || {
            match get(cx, name).await {
                Ok(_) => Ok(Look::not_yet("the group of schedules is being deleted")),
                Err(error) if no_such(&error) => Ok(Look::Ready(())),
                Err(error) => Err(error),
            }
        })
        .await
    }
}

/// Writes the ARN of a group.
pub(crate) fn arn(facts: &Facts, name: &str) -> String {
    let Facts { partition, region, account, .. } = facts;
    format!("arn:{partition}:scheduler:{region}:{account}:schedule-group/{name}")
}

fn outputs(arn: &str) -> BTreeMap<String, String> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    BTreeMap::from([("arn".to_owned(), arn.to_owned()), ("name".to_owned(), name.to_owned())])
}

/// Takes a group of that name that exists already, if it is ours.
async fn existing(cx: &Write<'_>, want: &Props, all: &Tags) -> Result<String, AwsError> {
    let arn = get(cx, &want.name).await?;
    let got = cx
        .aws
        .caller
        .call("scheduler:ListTagsForResource", || {
            cx.aws.scheduler.list_tags_for_resource().resource_arn(&arn).send()
        })
        .await?;
    let found = got.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
    super::refuse_foreign(cx, &found.collect(), &format!("the schedule group {}", want.name))?;
    tag(cx, &arn, all).await?;
    Ok(arn)
}

/// Returns the ARN of a group.
async fn get(cx: &Write<'_>, name: &str) -> Result<String, AwsError> {
    let got = cx
        .aws
        .caller
        .call("scheduler:GetScheduleGroup", || {
            cx.aws.scheduler.get_schedule_group().name(name).send()
        })
        .await?;
    Ok(got.arn().unwrap_or_default().to_owned())
}

async fn tag(cx: &Write<'_>, arn: &str, tags: &Tags) -> Result<(), AwsError> {
    let list = tag_list(tags);
    cx.aws
        .caller
        .call("scheduler:TagResource", || {
            cx.aws.scheduler.tag_resource().resource_arn(arn).set_tags(Some(list.clone())).send()
        })
        .await?;
    Ok(())
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    // Key and value are both set, which is all that building asks for.
    tags.iter()
        .filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok())
        .collect()
}
