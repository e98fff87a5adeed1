//! The stack's group of schedules, and the schedules in it.
//!
//! Schedules carry no tags; they belong to whom their group belongs (EventBridge Scheduler API
//! reference, `TagResource`).

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::types::ScheduleGroupState;
use futures::future::try_join_all;

use crate::error::AwsError;
use crate::names;
use crate::reads::iam::SCHEDULER;
use crate::reads::{Got, Memo, Reads};
use crate::tags::Tags;

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    group: Memo<Option<FoundGroup>>,
    schedules: Memo<Vec<GetScheduleOutput>>,
}

/// A group of schedules with its tags.
#[derive(Clone, Debug)]
pub(crate) struct FoundGroup {
    pub(crate) name: String,
    pub(crate) arn: String,
    /// Whether it is being deleted.
    pub(crate) leaving: bool,
    pub(crate) tags: Tags,
}

/// Says whether an error means that there is no such schedule or group.
pub(crate) fn no_such(error: &AwsError) -> bool {
    error.is(&["ResourceNotFoundException"])
}

impl Reads {
    /// Says whether there can be a group, and after how many calls that is known. A stack without
    /// schedules asks nothing: the tag sweep shows a group that was left, and so does the
    /// scheduler's role, which is made before the group, for as long as the sweep lags behind.
    async fn may_have_schedules(&self) -> Result<Got<bool>, AwsError> {
        if self.stack.scheduled().next().is_some() {
            return Ok(Got { value: true, round: 0 });
        }
        let (sweep, roles) = futures::join!(self.sweep(), self.roles());
        let roles = roles?;
        let swept = sweep.value.iter().any(|(arn, _)| arn.contains(":schedule-group/"));
        let role = roles.value.iter().any(|role| role.name == SCHEDULER);
        Ok(Got { value: swept || role, round: sweep.round.max(roles.round) })
    }

    /// Reads the group of the stack's name.
    pub(crate) async fn schedule_group(&self) -> Result<Arc<Got<Option<FoundGroup>>>, AwsError> {
        self.memos
            .scheduler
            .group
            .get(async || {
                let may = self.may_have_schedules().await?;
                if !may.value {
                    return Ok(Got { value: None, round: may.round });
                }
                let name = names::schedule_group(&self.id);
                let got = self
                    .call(may.round, "scheduler:GetScheduleGroup", |aws| {
                        aws.scheduler.get_schedule_group().name(&name).send()
                    })
                    .await;
                let got = match got {
                    Ok(got) => got,
                    Err(error) if no_such(&error) => {
                        return Ok(Got { value: None, round: may.round + 1 });
                    }
                    Err(error) => return Err(error),
                };
                let arn = got.value.arn().unwrap_or_default().to_owned();
                let tags = self.tags_of(&arn, async || self.group_tags(&arn, got.round).await);
                let tags = tags.await?;
                let leaving = got.value.state() == Some(&ScheduleGroupState::Deleting);
                let round = tags.round.max(got.round);
                let value = Some(FoundGroup { name, arn: arn.clone(), leaving, tags: tags.value });
                Ok(Got { value, round })
            })
            .await
    }

    async fn group_tags(&self, arn: &str, after: u32) -> Result<Got<Tags>, AwsError> {
        let got = self
            .call(after, "scheduler:ListTagsForResource", |aws| {
                aws.scheduler.list_tags_for_resource().resource_arn(arn).send()
            })
            .await?;
        let tags = got.value.tags().iter();
        let tags = tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
        Ok(Got { value: tags, round: got.round })
    }

    /// Reads the schedules of the group: those of the spec by name, and those it no longer has.
    pub(crate) async fn schedules(&self) -> Result<Arc<Got<Vec<GetScheduleOutput>>>, AwsError> {
        self.memos
            .scheduler
            .schedules
            .get(async || {
                let may = self.may_have_schedules().await?;
                if !may.value {
                    return Ok(Got { value: Vec::new(), round: may.round });
                }
                let wanted: BTreeSet<String> =
                    self.stack.scheduled().map(|job| job.task.name.clone()).collect();
                let named = wanted.iter().map(|name| self.schedule(name, may.round));
                let (named, listed) =
                    futures::join!(try_join_all(named), self.listed_schedules(may.round));
                let (named, listed) = (named?, listed?);
                let left = listed.value.iter().filter(|name| !wanted.contains(*name));
                let left = left.map(|name| self.schedule(name, listed.round));
                let all: Vec<_> = named.into_iter().chain(try_join_all(left).await?).collect();
                let round = all.iter().map(|one| one.round).max().unwrap_or(0).max(listed.round);
                Ok(Got { value: all.into_iter().filter_map(|one| one.value).collect(), round })
            })
            .await
    }

    async fn schedule(
        &self,
        name: &str,
        after: u32,
    ) -> Result<Got<Option<GetScheduleOutput>>, AwsError> {
        let group = names::schedule_group(&self.id);
        let got = self
            .call(after, "scheduler:GetSchedule", |aws| {
                aws.scheduler.get_schedule().group_name(&group).name(name).send()
            })
            .await;
        match got {
            Ok(got) => Ok(Got { value: Some(got.value), round: got.round }),
            Err(error) if no_such(&error) => Ok(Got { value: None, round: after + 1 }),
            Err(error) => Err(error),
        }
    }

    async fn listed_schedules(&self, after: u32) -> Result<Got<Vec<String>>, AwsError> {
        let group = names::schedule_group(&self.id);
        let (mut found, mut round, mut token) = (Vec::new(), after, None::<String>);
        loop {
            let page = self
                .call(round, "scheduler:ListSchedules", |aws| {
                    aws.scheduler
                        .list_schedules()
                        .group_name(&group)
                        .set_next_token(token.clone())
                        .send()
                })
                .await;
            let page = match page {
                Ok(page) => page,
                Err(error) if no_such(&error) => {
                    return Ok(Got { value: Vec::new(), round: round + 1 });
                }
                Err(error) => return Err(error),
            };
            round = page.round;
            found.extend(
                page.value.schedules().iter().filter_map(|one| one.name()).map(str::to_owned),
            );
            token = page.value.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(Got { value: found, round });
            }
        }
    }
}
