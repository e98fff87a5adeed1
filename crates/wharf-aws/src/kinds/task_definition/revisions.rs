//! The revisions of one family: which is the newest, and which may go.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{SortOrder, TaskDefinition, TaskDefinitionField, TaskDefinitionStatus};
use wharf_graph::Live;

use super::{Props, SERVED, canonical};
use crate::error::AwsError;
use crate::kind::Write;
use crate::kinds::{cluster, service};
use crate::names;
use crate::reads::ecs;
use crate::tags::{self, Owner, Tags};

/// How many revisions of a family stay active beside the one in use, to go back to.
const KEPT: usize = 5;

/// Returns the newest active revision if it is exactly what is wanted: registering has no client
/// token, so an answer that was lost must not lead to a second revision.
pub(super) async fn newest_if_same(
    cx: &Write<'_>,
    want: &Props,
) -> Result<Option<TaskDefinition>, AwsError> {
    let Some((definition, tags)) = describe(cx, &want.family).await? else { return Ok(None) };
    let same = definition.status() == Some(&TaskDefinitionStatus::Active)
        && tags::owner(&tags, cx.stack) == Owner::Ours
        && tags.get(tags::SPEC).is_some_and(|hash| hash == cx.spec_hash)
        && canonical::props(&definition, cx.address.name(), tags::managed(&tags, &want.tags))
            == *want;
    Ok(same.then_some(definition))
}

/// Deregisters what is no longer needed. While a service uses the family, the newest revisions stay;
/// when none does any more, all of them go. A job's family is used by no service: there a newer
/// revision tells one that was replaced from one that goes for good.
pub(super) async fn retire(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
    let family = ecs::family_of(&live.id);
    let mut used = in_use(cx, live.address.name(), family).await?;
    let active = active(cx, family).await?;
    if used.is_empty() && !live.outputs.contains_key(SERVED) {
        let newer = active.first().filter(|arn| ecs::revision_of(arn) > ecs::revision_of(&live.id));
        used.extend(newer.cloned());
    }
    if used.is_empty() && *cx.cluster != names::own_cluster(cx.stack) {
        // A cluster of the stack's own goes only when nothing runs in it any more.
        cluster::stop_runs(cx, cx.cluster, Some(family)).await?;
    }
    let keep = if used.is_empty() { 0 } else { KEPT };
    let unused = active.into_iter().filter(|arn| !used.contains(arn));
    for arn in unused.skip(keep) {
        // A revision that somebody else registered in our family is theirs.
        let Some((_, tags)) = describe(cx, &arn).await? else { continue };
        if tags::owner(&tags, cx.stack) != Owner::Ours {
            continue;
        }
        let gone = cx
            .aws
            .caller
            .call("ecs:DeregisterTaskDefinition", || {
                cx.aws.ecs.deregister_task_definition().task_definition(&arn).send()
            })
            .await;
        match gone {
            Err(error) if !ecs::no_such_definition(&error) && !error.says("inactive") => {
                return Err(error);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads one revision, or the newest active one of a family.
async fn describe(cx: &Write<'_>, which: &str) -> Result<Option<(TaskDefinition, Tags)>, AwsError> {
    let got = cx
        .aws
        .caller
        .call("ecs:DescribeTaskDefinition", || {
            cx.aws
                .ecs
                .describe_task_definition()
                .task_definition(which)
                .include(TaskDefinitionField::Tags)
                .send()
        })
        .await;
    match got {
        Ok(got) => {
            let tags = ecs::tags(got.tags());
            Ok(got.task_definition.map(|definition| (definition, tags)))
        }
        Err(error) if ecs::no_such_definition(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lists the active revisions of a family, newest first. What the API calls a prefix is the exact
/// family (ECS API reference, `ListTaskDefinitions`).
async fn active(cx: &Write<'_>, family: &str) -> Result<Vec<String>, AwsError> {
    let mut found = Vec::new();
    let mut token = None::<String>;
    loop {
        let page = cx
            .aws
            .caller
            .call("ecs:ListTaskDefinitions", || {
                cx.aws
                    .ecs
                    .list_task_definitions()
                    .family_prefix(family)
                    .status(TaskDefinitionStatus::Active)
                    .sort(SortOrder::Desc)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        found.extend(page.task_definition_arns().iter().cloned());
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    found.retain(|arn| ecs::family_of(arn) == family);
    found.sort_by_key(|arn| std::cmp::Reverse(ecs::revision_of(arn)));
    Ok(found)
}

/// Returns the revisions of the family that active services use. Looking at services tells a
/// replaced revision from one that is to go for good; which revision is the newest does not, since
/// a rollout that failed leaves newer ones behind.
async fn in_use(cx: &Write<'_>, name: &str, family: &str) -> Result<BTreeSet<String>, AwsError> {
    let services = service::beside(cx, &names::service(cx.stack, name, None)).await?;
    let active = services.iter().filter(|service| service.status() == Some("ACTIVE"));
    let used = active.filter_map(|service| service.task_definition());
    Ok(used.filter(|arn| ecs::family_of(arn) == family).map(str::to_owned).collect())
}
