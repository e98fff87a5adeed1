//! Log groups.

use std::sync::Arc;

use aws_sdk_cloudwatchlogs::types::LogGroup;
use futures::future::try_join_all;

use crate::error::AwsError;
use crate::names;
use crate::reads::{Got, Memo, Reads};
use crate::tags::Tags;

/// Most groups on one page (`CloudWatch` Logs API reference, `DescribeLogGroups`).
const PAGE: i32 = 50;

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    groups: Memo<Vec<TaggedGroup>>,
}

/// A log group with its tags.
#[derive(Clone, Debug)]
pub(crate) struct TaggedGroup {
    pub(crate) group: LogGroup,
    /// The service or job whose logs it holds.
    pub(crate) service: String,
    pub(crate) tags: Tags,
}

impl Reads {
    /// Reads the log groups below the stack's prefix, whether the spec still names them or not.
    pub(crate) async fn log_groups(&self) -> Result<Arc<Got<Vec<TaggedGroup>>>, AwsError> {
        self.memos
            .logs
            .groups
            .get(async || {
                let prefix = names::log_group_prefix(&self.id);
                let (mut found, mut round, mut token) = (Vec::new(), 0, None::<String>);
                loop {
                    let got = self
                        .call(round, "logs:DescribeLogGroups", |aws| {
                            aws.logs
                                .describe_log_groups()
                                .log_group_name_prefix(&prefix)
                                .limit(PAGE)
                                .set_next_token(token.clone())
                                .send()
                        })
                        .await?;
                    round = got.round;
                    found.extend_from_slice(got.value.log_groups());
                    token = got.value.next_token().map(str::to_owned);
                    if token.is_none() {
                        break;
                    }
                }
                let groups = found.into_iter().filter_map(|group| {
                    let service = service(group.log_group_name()?, &prefix)?.to_owned();
                    Some((group, service))
                });
                let tagged = groups.map(|(group, service)| self.tagged(group, service, round));
                let tagged = try_join_all(tagged).await?;
                let round = tagged.iter().map(|one| one.round).max().unwrap_or(round);
                Ok(Got { value: tagged.into_iter().map(|one| one.value).collect(), round })
            })
            .await
    }

    async fn tagged(
        &self,
        group: LogGroup,
        service: String,
        after: u32,
    ) -> Result<Got<TaggedGroup>, AwsError> {
        let arn = arn(&group);
        let tags = self
            .tags_of(&arn, async || {
                let got = self
                    .call(after, "logs:ListTagsForResource", |aws| {
                        aws.logs.list_tags_for_resource().resource_arn(&arn).send()
                    })
                    .await?;
                let tags = got.value.tags().cloned().unwrap_or_default();
                Ok(Got { value: tags.into_iter().collect(), round: got.round })
            })
            .await?;
        let round = tags.round.max(after);
        Ok(Got { value: TaggedGroup { group, service, tags: tags.value }, round })
    }
}

/// Returns the group's ARN as tagging wants it: without the `:*` that `DescribeLogGroups` appends.
pub(crate) fn arn(group: &LogGroup) -> String {
    let arn = group.log_group_arn().or(group.arn()).unwrap_or_default();
    arn.strip_suffix(":*").unwrap_or(arn).to_owned()
}

/// Returns the part after the prefix if it is exactly one: what lies deeper belongs to a stack with
/// an environment.
fn service<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    name.strip_prefix(prefix).filter(|rest| !rest.is_empty() && !rest.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_not_services() {
        assert_eq!(service("/wharf/notes/web", "/wharf/notes/"), Some("web"));
        assert_eq!(service("/wharf/notes/prod/web", "/wharf/notes/"), None);
    }

    #[test]
    fn the_arn_has_no_star() {
        let group = LogGroup::builder().arn("arn:aws:logs:r:1:log-group:/wharf/a/web:*").build();
        assert_eq!(arn(&group), "arn:aws:logs:r:1:log-group:/wharf/a/web");
    }
}
