//! Log groups: one for each service and job, and how long it keeps what was written.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wharf_graph::{Declare, ErrorClass, Facts, Foreign, Live, Outcome, Policy, StackId};
use wharf_spec::Stack;

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::names;
use crate::reads::Reads;
use crate::reads::logs::{TaggedGroup, arn};
use crate::tags::{self, Owner, Tags};

/// A group that was just made may not be there for the next call.
const FRESH: &[Transient] = &[Transient {
    codes: &["ResourceNotFoundException"],
    text: "",
    budget: Duration::from_mins(1),
}];

/// See the module.
pub(crate) struct LogGroup;

/// Managed properties of a log group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    name: String,
    /// Days; `None` means for ever.
    retention: Option<u32>,
    tags: Tags,
}

impl Kind for LogGroup {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[("name", "a log group cannot be renamed")],
        identity: Some("name"),
        holds_data: true,
        // The cluster too: AWS deletes it only when the last task is gone, also of a service that drains and that no
        // list shows any more (ECS API reference, `DeleteService`, `DeleteCluster`).
        delete_after: &["service", "schedule", "cluster"],
        ..Policy::plain("log_group", "log group")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
        for workload in stack.workloads() {
            let name = names::log_group(&id, workload.home);
            let Facts { partition, region, account, .. } = facts;
            let arn = format!("arn:{partition}:logs:{region}:{account}:log-group:{name}");
            let retention = workload.log_retention;
            let props = Props { name, retention, tags: stack.tags.clone() };
            out.add(&Self::POLICY, workload.home, &props).known_outputs = outputs(&arn);
        }
    }

    fn example() -> Props {
        Props {
            name: "/wharf/notes/prod/web".to_owned(),
            retention: Some(30),
            tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let got = cx.log_groups().await?;
        let found = got.value.iter().filter_map(|group| {
            let id = arn(&group.group);
            match tags::owner(&group.tags, &cx.id) {
                Owner::Ours => Some(Found::Ours(Owned {
                    name: group.service.clone(),
                    id: id.clone(),
                    props: props(group, &cx.stack.tags),
                    outputs: outputs(&id),
                    applied: group.tags.get(tags::SPEC).cloned(),
                    leaving: false,
                })),
                // Under our prefix, but not under a name that is needed: nobody's business.
                Owner::Other(_) if cx.stack.workload(&group.service).is_none() => None,
                Owner::Other(owner) => {
                    let address = wharf_graph::Address::new(Self::POLICY.kind, &group.service);
                    Some(Found::Foreign(Foreign { address, id, owner }))
                }
            }
        });
        Ok(found.collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let all = cx.tags(&want.tags);
        let created = cx
            .aws
            .caller
            .call("logs:CreateLogGroup", || {
                cx.aws
                    .logs
                    .create_log_group()
                    .log_group_name(&want.name)
                    .set_tags(Some(all.clone().into_iter().collect()))
                    .send()
            })
            .await;
        let existed = match created {
            Ok(_) => false,
            Err(error) if error.is(&["ResourceAlreadyExistsException"]) => true,
            Err(error) => return Err(error),
        };
        let arn = find(cx, &want.name).await?;
        if existed {
            check_owner(cx, &want.name, &arn).await?;
            tag(cx, &arn, &all).await?;
        }
        put_retention(cx, &want).await?;
        Ok(Outcome::Done { outputs: outputs(&arn), id: arn })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        changed: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        if changed.has("retention") {
            put_retention(cx, &want).await?;
        }
        tag(cx, &live.id, &cx.tags(&want.tags)).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: outputs(&live.id) })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let name = live.id.split_once(":log-group:").map_or(live.id.as_str(), |(_, name)| name);
        let deleted = cx
            .aws
            .caller
            .call("logs:DeleteLogGroup", || {
                cx.aws.logs.delete_log_group().log_group_name(name).send()
            })
            .await;
        match deleted {
            // Deletion protection blocks every deletion (CloudWatch Logs API reference,
            // `PutLogGroupDeletionProtection`).
            Err(error) if error.is(&["ValidationException"]) => Err(error.hint(format!(
                "if somebody switched deletion protection on, switch it off with: aws logs \
                 put-log-group-deletion-protection --no-deletion-protection-enabled \
                 --log-group-identifier {name}"
            ))),
            Err(error) if !error.is(&["ResourceNotFoundException"]) => Err(error),
            _ => Ok(()),
        }
    }
}

fn outputs(arn: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("arn".to_owned(), arn.to_owned())])
}

/// Brings what the Logs service returns into canonical form.
fn props(found: &TaggedGroup, spec: &Tags) -> Props {
    Props {
        name: found.group.log_group_name().unwrap_or_default().to_owned(),
        retention: found.group.retention_in_days().and_then(|days| u32::try_from(days).ok()),
        tags: tags::managed(&found.tags, spec),
    }
}

/// Returns the ARN of the group called exactly `name`.
async fn find(cx: &Write<'_>, name: &str) -> Result<String, AwsError> {
    cx.aws
        .caller
        .retrying(FRESH, async || {
            let got = cx
                .aws
                .caller
                .call("logs:DescribeLogGroups", || {
                    cx.aws.logs.describe_log_groups().log_group_name_prefix(name).send()
                })
                .await?;
            let groups = got.log_groups();
            let exact = groups.iter().find(|group| group.log_group_name() == Some(name));
            exact.map(arn).ok_or_else(|| {
                let message = format!("{name} is not visible yet");
                let mut error = AwsError::own(ErrorClass::Other, message);
                "logs:DescribeLogGroups".clone_into(&mut error.operation);
                error.code = Some("ResourceNotFoundException".to_owned());
                error
            })
        })
        .await
}

async fn check_owner(cx: &Write<'_>, name: &str, arn: &str) -> Result<(), AwsError> {
    let got = cx
        .aws
        .caller
        .call("logs:ListTagsForResource", || {
            cx.aws.logs.list_tags_for_resource().resource_arn(arn).send()
        })
        .await?;
    let found: Tags = got.tags().cloned().unwrap_or_default().into_iter().collect();
    super::refuse_foreign(cx, &found, &format!("the log group {name}"))
}

/// Retention cannot be given when a group is made (`CloudWatch` Logs API reference, `CreateLogGroup`).
async fn put_retention(cx: &Write<'_>, want: &Props) -> Result<(), AwsError> {
    let days = want.retention.and_then(|days| i32::try_from(days).ok());
    cx.aws
        .caller
        .retrying(FRESH, async || match days {
            Some(days) => cx
                .aws
                .caller
                .call("logs:PutRetentionPolicy", || {
                    cx.aws
                        .logs
                        .put_retention_policy()
                        .log_group_name(&want.name)
                        .retention_in_days(days)
                        .send()
                })
                .await
                .map(drop),
            None => cx
                .aws
                .caller
                .call("logs:DeleteRetentionPolicy", || {
                    cx.aws.logs.delete_retention_policy().log_group_name(&want.name).send()
                })
                .await
                .map(drop),
        })
        .await
}

async fn tag(cx: &Write<'_>, arn: &str, tags: &Tags) -> Result<(), AwsError> {
    cx.aws
        .caller
        .call("logs:TagResource", || {
            cx.aws
                .logs
                .tag_resource()
                .resource_arn(arn)
                .set_tags(Some(tags.clone().into_iter().collect()))
                .send()
        })
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn keeps_logs_for_ever_unless_told_otherwise() {
        let group = |days: Option<i32>| TaggedGroup {
            group: aws_sdk_cloudwatchlogs::types::LogGroup::builder()
                .log_group_name("/wharf/notes/prod/web")
                .set_retention_in_days(days)
                .build(),
            service: "web".to_owned(),
            tags: Tags::from([("team".into(), "notes".into()), ("other".into(), "x".into())]),
        };
        let spec = testing::stack().tags;
        assert_eq!(props(&group(Some(30)), &spec), LogGroup::example());
        assert_eq!(props(&group(None), &spec).retention, None);
    }
}
