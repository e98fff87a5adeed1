//! The releases of a service: its task definition's revisions that can still be run.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ecs::types::{Deployment, SortOrder, TaskDefinitionField, TaskDefinitionStatus};
use aws_smithy_types::date_time::Format;
use futures::future::try_join_all;
use serde::Serialize;
use wharf_graph::{ErrorClass, StackId};
use wharf_spec::Stack;

use crate::aws::Aws;
use crate::error::AwsError;
use crate::operate::{self, rollouts};
use crate::reads::ecs;
use crate::tags::{self, Owner};

/// Most revisions that are shown; wharf itself keeps fewer.
const MOST: usize = 20;

/// One release of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Release {
    /// Revision of the task definition.
    pub revision: u32,
    /// Task definition with revision: `notes-prod-web:7`.
    pub name: String,
    /// The image the service's container runs.
    pub image: String,
    /// Its digest, where the image is named by one.
    pub digest: Option<String>,
    /// When it was registered, RFC 3339.
    pub registered: Option<String>,
    /// The commit it was applied from, with ` dirty` behind it when files differed.
    pub commit: Option<String>,
    /// Who applied it.
    pub by: Option<String>,
    /// How its newest rollout ended: `succeeded`, `rolled back`, `stopped`, `failed`, `under way`; nothing
    /// where ECS does not remember it.
    pub result: Option<&'static str>,
    /// Whether the service is set to run it.
    pub primary: bool,
    /// How many tasks run it.
    pub running: i32,
}

/// How long an emulator is asked how rollouts ended.
const EMULATED: Duration = Duration::from_secs(5);

/// Reads the releases of a service, newest first.
///
/// Fails when the service does not exist.
pub async fn releases(aws: &Aws, stack: &Stack, service: &str) -> Result<Vec<Release>, AwsError> {
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let found = operate::service(aws, stack, service).await?;
    let primary = found.task_definition().unwrap_or_default();
    let family = ecs::family_of(primary).to_owned();
    let mut arns = revisions(aws, &family).await?;
    if !primary.is_empty() && !arns.iter().any(|arn| arn == primary) {
        // Somebody deregistered it; it runs all the same.
        arns.push(primary.to_owned());
    }
    arns.sort_by_key(|arn| std::cmp::Reverse(ecs::revision_of(arn)));
    let running = |arn: &str| -> i32 {
        let rows = found.deployments().iter();
        rows.filter(|row| row.task_definition() == Some(arn)).map(Deployment::running_count).sum()
    };
    // What some emulators, and some policies, do not know takes nothing from the list.
    let results = rollouts::results(aws, &found);
    let results = if aws.custom_endpoint {
        // An emulator that does not know a call answers it like a server in trouble, for ever.
        tokio::time::timeout(EMULATED, results).await.unwrap_or_else(|_| Ok(BTreeMap::new()))
    } else {
        results.await
    };
    let results = results.unwrap_or_default();
    let read = try_join_all(arns.iter().map(async |arn| {
        let got = aws
            .caller
            .call("ecs:DescribeTaskDefinition", || {
                aws.ecs
                    .describe_task_definition()
                    .task_definition(arn)
                    .include(TaskDefinitionField::Tags)
                    .send()
            })
            .await?;
        let tags = ecs::tags(got.tags());
        let ours = tags::owner(&tags, &id) == Owner::Ours || arn == primary;
        let Some(definition) = got.task_definition.filter(|_| ours) else { return Ok(None) };
        let containers = definition.container_definitions();
        let own = containers.iter().find(|one| one.name() == Some(service));
        let image = own.and_then(|one| one.image()).unwrap_or_default().to_owned();
        Ok::<_, AwsError>(Some(Release {
            revision: ecs::revision_of(arn),
            name: operate::last(arn).to_owned(),
            digest: image.split_once('@').map(|(_, digest)| digest.to_owned()),
            image,
            registered: definition.registered_at().and_then(|at| at.fmt(Format::DateTime).ok()),
            commit: tags.get(tags::COMMIT).cloned(),
            by: tags.get(tags::BY).cloned(),
            result: results.get(arn).copied(),
            primary: arn == primary,
            running: running(arn),
        }))
    }))
    .await?;
    Ok(read.into_iter().flatten().collect())
}

/// Lists the active revisions of a family, newest first, as many as are shown.
async fn revisions(aws: &Aws, family: &str) -> Result<Vec<String>, AwsError> {
    let page = aws
        .caller
        .call("ecs:ListTaskDefinitions", || {
            aws.ecs
                .list_task_definitions()
                .family_prefix(family)
                .status(TaskDefinitionStatus::Active)
                .sort(SortOrder::Desc)
                .send()
        })
        .await?;
    let mut found = page.task_definition_arns.unwrap_or_default();
    found.retain(|arn| ecs::family_of(arn) == family);
    found.truncate(MOST);
    Ok(found)
}

/// Chooses the release to go back to: the one asked for, or the newest before the one in use that runs
/// another image, and did not fail when it was rolled out.
///
/// Fails, with what there is to choose from, when there is none such.
pub fn choose<'a>(
    service: &str,
    all: &'a [Release],
    asked: Option<u32>,
) -> Result<&'a Release, AwsError> {
    let wrong = |message: String| {
        let known: Vec<String> = all.iter().map(|one| one.revision.to_string()).collect();
        AwsError::own(ErrorClass::Invalid, message)
            .hint(format!("revisions there are: {}", known.join(", ")))
    };
    let known = |revision| all.iter().find(|one| one.revision == revision);
    let found = match asked {
        Some(revision) => known(revision)
            .ok_or_else(|| wrong(format!("service {service} has no release {revision}"))),
        None => before(all).ok_or_else(|| {
            wrong(format!("service {service} has no earlier release with another image"))
        }),
    }?;
    if found.digest.is_none() {
        let message = format!(
            "release {} of service {service} names its image by tag ({}), which may mean another image \
             by now",
            found.revision, found.image
        );
        return Err(AwsError::own(ErrorClass::Invalid, message)
            .hint(format!("name the image yourself: wharf apply --image {service}=REFERENCE")));
    }
    Ok(found)
}

/// Returns the newest release before the one in use that runs another image and is not known to have
/// failed.
fn before(all: &[Release]) -> Option<&Release> {
    let now = all.iter().find(|one| one.primary);
    let revision = now.map_or(u32::MAX, |one| one.revision);
    let image = now.map(|one| one.image.as_str());
    all.iter()
        .filter(|one| one.revision < revision && Some(one.image.as_str()) != image)
        .filter(|one| one.result.is_none_or(|result| result == "succeeded"))
        .max_by_key(|one| one.revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(revision: u32, digest: &str, primary: bool) -> Release {
        Release {
            revision,
            name: format!("notes-web:{revision}"),
            image: format!("notes/web@sha256:{digest}"),
            digest: Some(format!("sha256:{digest}")),
            registered: None,
            commit: None,
            by: None,
            result: None,
            primary,
            running: 0,
        }
    }

    #[test]
    fn the_release_before_is_the_newest_with_another_image() {
        let all = [
            release(5, "d", false),
            release(4, "c", true),
            release(3, "c", false),
            release(2, "b", false),
            release(1, "a", false),
        ];
        assert_eq!(choose("web", &all, None).unwrap().revision, 2);
        assert_eq!(choose("web", &all, Some(5)).unwrap().revision, 5);
        let error = choose("web", &all, Some(9)).unwrap_err();
        assert!(error.hints[0].contains("5, 4, 3, 2, 1"), "{:?}", error.hints);
        assert!(choose("web", &all[4..], None).is_ok());
        assert!(choose("web", &[release(1, "a", true)], None).is_err());
    }

    #[test]
    fn nobody_goes_back_to_what_failed() {
        let mut all = [release(3, "c", true), release(2, "b", false), release(1, "a", false)];
        all[1].result = Some("rolled back");
        all[2].result = Some("succeeded");
        assert_eq!(choose("web", &all, None).unwrap().revision, 1);
        // Whoever names it gets it.
        assert_eq!(choose("web", &all, Some(2)).unwrap().revision, 2);
    }

    #[test]
    fn an_image_named_by_tag_is_no_release_to_go_back_to() {
        let mut one = release(1, "a", false);
        one.digest = None;
        assert!(choose("web", &[one], Some(1)).is_err());
    }
}
