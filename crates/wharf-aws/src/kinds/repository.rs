//! Repositories: where images are pushed to; one for each service or job, or for each image they share.
//!
//! A repository belongs to the app and not to one environment, so that one digest can go from staging
//! to production. It carries no environment tag, and goes with the last environment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ecr::types::{ImageScanningConfiguration, ImageTagMutability, Tag};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wharf_graph::{Declare, ErrorClass, Facts, Foreign, Live, Outcome, Policy, StackId};
use wharf_spec::Stack;
use wharf_spec::stack::Repository as Spec;

use crate::call::Transient;
use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::names;
use crate::reads::ecr::TaggedRepository;
use crate::reads::{Reads, ec2};
use crate::tags::{self, Owner, Tags};

/// The output that names other environments of the app, separated by commas, when there are any.
pub const SHARED_WITH: &str = "shared_with";

/// A repository that was just made may not be there for the next call.
const FRESH: &[Transient] = &[Transient {
    codes: &["RepositoryNotFoundException"],
    text: "",
    budget: Duration::from_mins(2),
}];

/// See the module.
pub(crate) struct Repository;

/// Managed properties of a repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    name: String,
    scan_on_push: bool,
    /// `MUTABLE` or `IMMUTABLE`.
    tag_mutability: String,
    /// The lifecycle policy as JSON; null without one.
    lifecycle: Value,
    tags: Tags,
}

impl Kind for Repository {
    type Props = Props;

    const POLICY: Policy = Policy {
        replace_on: &[("name", "a repository cannot be renamed")],
        identity: Some("name"),
        holds_data: true,
        ..Policy::plain("repository", "repository")
    };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
        for repository in wanted(stack).into_values() {
            let name = names::repository(&id, &repository.name);
            let Facts { partition, region, account, .. } = facts;
            let arn = format!("arn:{partition}:ecr:{region}:{account}:repository/{name}");
            let mutability = if repository.immutable_tags {
                ImageTagMutability::Immutable
            } else {
                ImageTagMutability::Mutable
            };
            let props = Props {
                name,
                scan_on_push: true,
                tag_mutability: mutability.as_str().to_owned(),
                lifecycle: keep(repository.keep),
                tags: stack.tags.clone(),
            };
            out.add(&Self::POLICY, &repository.name, &props).known_outputs =
                BTreeMap::from([("arn".to_owned(), arn)]);
        }
    }

    fn example() -> Props {
        Props {
            name: "notes/web".to_owned(),
            scan_on_push: true,
            tag_mutability: "MUTABLE".to_owned(),
            lifecycle: keep(30),
            tags: Tags::from([("team".to_owned(), "notes".to_owned())]),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let got = cx.repositories().await?;
        if got.value.is_empty() {
            return Ok(Vec::new());
        }
        let others = cx.other_environments().await?;
        let found = got.value.iter().map(|found| {
            let id = found.repository.repository_arn().unwrap_or_default().to_owned();
            if let Some(owner) = foreign(&found.tags, &cx.id) {
                let address = wharf_graph::Address::new(Self::POLICY.kind, &found.service);
                return Found::Foreign(Foreign { address, id, owner });
            }
            let mut outputs = outputs(&found.repository);
            if !others.value.is_empty() {
                let others: Vec<&str> = others.value.iter().map(String::as_str).collect();
                outputs.insert(SHARED_WITH.to_owned(), others.join(","));
            }
            Found::Ours(Owned {
                name: found.service.clone(),
                id,
                props: props(found, &cx.stack.tags),
                outputs,
                applied: None,
                leaving: false,
            })
        });
        Ok(found.collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let tags = tag_list(&shared_tags(cx, &want.tags));
        let created = cx
            .aws
            .caller
            .call("ecr:CreateRepository", || {
                cx.aws
                    .ecr
                    .create_repository()
                    .repository_name(&want.name)
                    .image_tag_mutability(want.tag_mutability.as_str().into())
                    .image_scanning_configuration(scanning(want.scan_on_push))
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await;
        let repository = match created {
            Ok(created) => created.repository().cloned(),
            Err(error) if error.is(&["RepositoryAlreadyExistsException"]) => {
                let found = existing(cx, &want.name).await?;
                tag(cx, found.repository_arn().unwrap_or_default(), &tags).await?;
                put_scanning(cx, &want).await?;
                put_mutability(cx, &want).await?;
                Some(found)
            }
            Err(error) => return Err(error),
        };
        put_lifecycle(cx, &want).await?;
        let repository = repository.ok_or_else(|| {
            AwsError::own(ErrorClass::Other, "ECR did not say which repository it made")
        })?;
        Ok(Outcome::Done {
            id: repository.repository_arn().unwrap_or_default().to_owned(),
            outputs: outputs(&repository),
        })
    }

    async fn update(
        cx: &Write<'_>,
        live: &Live,
        want: Props,
        changed: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        if changed.has("scan_on_push") {
            put_scanning(cx, &want).await?;
        }
        if changed.has("tag_mutability") {
            put_mutability(cx, &want).await?;
        }
        if changed.has("lifecycle") {
            put_lifecycle(cx, &want).await?;
        }
        let tags = tag_list(&shared_tags(cx, &want.tags));
        tag(cx, &live.id, &tags).await?;
        Ok(Outcome::Done { id: live.id.clone(), outputs: live.outputs.clone() })
    }

    async fn delete(cx: &Write<'_>, live: &Live) -> Result<(), AwsError> {
        let others = other_environments(cx).await?;
        if !others.is_empty() {
            let others: Vec<String> = others.into_iter().collect();
            cx.step.say(format!("kept, since it is shared with {}", others.join(", ")));
            return Ok(());
        }
        let name = live.id.split_once(":repository/").map_or(live.id.as_str(), |(_, name)| name);
        let deleted = cx
            .aws
            .caller
            .call("ecr:DeleteRepository", || {
                cx.aws.ecr.delete_repository().repository_name(name).force(true).send()
            })
            .await;
        match deleted {
            Err(error) if !error.is(&["RepositoryNotFoundException"]) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Returns the repositories of the stack by name. Several workloads can share one.
pub(crate) fn wanted(stack: &Stack) -> BTreeMap<&str, &Spec> {
    let all = stack.workloads().filter_map(|workload| workload.image.repository());
    all.map(|repository| (repository.name.as_str(), repository)).collect()
}

/// Keeps the newest `count` images, tagged or not: a deployment names a digest, and a digest loses
/// its tag when the tag moves on.
fn keep(count: u32) -> Value {
    json!({"rules": [{
        "rulePriority": 1,
        "description": format!("keep the newest {count} images"),
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count},
        "action": {"type": "expire"},
    }]})
}

fn scanning(on_push: bool) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder().scan_on_push(on_push).build()
}

/// Brings what ECR returns into canonical form.
fn props(found: &TaggedRepository, spec: &Tags) -> Props {
    let repository = &found.repository;
    let scanning = repository.image_scanning_configuration();
    Props {
        name: repository.repository_name().unwrap_or_default().to_owned(),
        scan_on_push: scanning.is_some_and(ImageScanningConfiguration::scan_on_push),
        tag_mutability: repository
            .image_tag_mutability()
            .unwrap_or(&ImageTagMutability::Mutable)
            .as_str()
            .to_owned(),
        // Comes back as text with spacing and key order of its own; one that does not parse is
        // shown as it is.
        lifecycle: found.lifecycle.as_ref().map_or(Value::Null, |text| {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        }),
        tags: tags::managed(&found.tags, spec),
    }
}

fn outputs(repository: &aws_sdk_ecr::types::Repository) -> BTreeMap<String, String> {
    [("arn", repository.repository_arn()), ("uri", repository.repository_uri())]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect()
}

/// Says whose a repository is, unless it is this app's.
fn foreign(found: &Tags, stack: &StackId) -> Option<String> {
    match found.get(tags::APP) {
        Some(app) if *app == stack.app => None,
        Some(app) => Some(format!("belongs to app {app}")),
        None => match tags::owner(found, stack) {
            Owner::Other(owner) => Some(owner),
            Owner::Ours => None,
        },
    }
}

/// Builds the tags of an object that all environments share: what differs between them is left out.
fn shared_tags(cx: &Write<'_>, own: &Tags) -> Tags {
    let mut tags = cx.tags(own);
    tags.remove(tags::ENV);
    tags.remove(tags::SPEC);
    tags
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    // Key and value are both set, which is all that building asks for.
    tags.iter()
        .filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok())
        .collect()
}

/// Returns the repository that stands under the name already, if it is this app's.
async fn existing(cx: &Write<'_>, name: &str) -> Result<aws_sdk_ecr::types::Repository, AwsError> {
    let call = &cx.aws.caller;
    let got = call
        .call("ecr:DescribeRepositories", || {
            cx.aws.ecr.describe_repositories().repository_names(name).send()
        })
        .await?;
    let found = got.repositories().first().cloned().ok_or_else(|| {
        AwsError::own(ErrorClass::Other, format!("{name} exists, but ECR does not show it"))
    })?;
    let arn = found.repository_arn().unwrap_or_default();
    let got = call
        .call("ecr:ListTagsForResource", || {
            cx.aws.ecr.list_tags_for_resource().resource_arn(arn).send()
        })
        .await?;
    let tags = got.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
    match foreign(&tags.collect(), cx.stack) {
        None => Ok(found),
        Some(owner) => {
            let message = format!("the repository {name} exists already: {owner}");
            Err(AwsError::own(ErrorClass::Foreign, message))
        }
    }
}

async fn tag(cx: &Write<'_>, arn: &str, tags: &[Tag]) -> Result<(), AwsError> {
    cx.aws
        .caller
        .call("ecr:TagResource", || {
            cx.aws.ecr.tag_resource().resource_arn(arn).set_tags(Some(tags.to_vec())).send()
        })
        .await?;
    Ok(())
}

async fn put_scanning(cx: &Write<'_>, want: &Props) -> Result<(), AwsError> {
    cx.aws
        .caller
        .call("ecr:PutImageScanningConfiguration", || {
            cx.aws
                .ecr
                .put_image_scanning_configuration()
                .repository_name(&want.name)
                .image_scanning_configuration(scanning(want.scan_on_push))
                .send()
        })
        .await?;
    Ok(())
}

async fn put_mutability(cx: &Write<'_>, want: &Props) -> Result<(), AwsError> {
    cx.aws
        .caller
        .call("ecr:PutImageTagMutability", || {
            cx.aws
                .ecr
                .put_image_tag_mutability()
                .repository_name(&want.name)
                .image_tag_mutability(want.tag_mutability.as_str().into())
                .send()
        })
        .await?;
    Ok(())
}

async fn put_lifecycle(cx: &Write<'_>, want: &Props) -> Result<(), AwsError> {
    let text = want.lifecycle.to_string();
    cx.aws
        .caller
        .retrying(FRESH, async || {
            cx.aws
                .caller
                .call("ecr:PutLifecyclePolicy", || {
                    cx.aws
                        .ecr
                        .put_lifecycle_policy()
                        .repository_name(&want.name)
                        .lifecycle_policy_text(&text)
                        .send()
                })
                .await
        })
        .await?;
    Ok(())
}

/// Lists the other environments of the app once more, right before images would be destroyed. A failure here is
/// a failure of the delete: images are not destroyed on a guess.
async fn other_environments(cx: &Write<'_>) -> Result<BTreeSet<String>, AwsError> {
    let mut found = BTreeSet::new();
    let mut token = None::<String>;
    loop {
        let page = cx
            .aws
            .caller
            .call("ec2:DescribeSecurityGroups", || {
                let filter = ec2::filter(&format!("tag:{}", tags::APP), &cx.stack.app);
                let ask = cx.aws.ec2.describe_security_groups().filters(filter);
                ask.max_results(ec2::PAGE).set_next_token(token.clone()).send()
            })
            .await?;
        let groups = page.security_groups().iter();
        found.extend(groups.filter_map(|group| ec2::environment(group, cx.stack)));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn spacing_and_order_of_a_policy_mean_nothing() {
        let found = TaggedRepository {
            repository: aws_sdk_ecr::types::Repository::builder()
                .repository_name("notes/web")
                .image_scanning_configuration(scanning(true))
                .image_tag_mutability(ImageTagMutability::Mutable)
                .build(),
            service: "web".to_owned(),
            tags: Tags::from([("team".into(), "notes".into())]),
            lifecycle: Some(
                r#"{ "rules": [ { "action": {"type":"expire"},
                    "selection": {"countNumber":30,"countType":"imageCountMoreThan","tagStatus":"any"},
                    "description": "keep the newest 30 images", "rulePriority": 1 } ] }"#
                    .to_owned(),
            ),
        };
        assert_eq!(props(&found, &testing::stack().tags), Repository::example());
    }

    #[test]
    fn an_environment_does_not_make_a_repository_foreign() {
        let stack = StackId { app: "notes".into(), env: Some("prod".into()) };
        let tag = |app: &str| Tags::from([(tags::APP.to_owned(), app.to_owned())]);
        assert_eq!(foreign(&tag("notes"), &stack), None);
        assert_eq!(foreign(&tag("shop"), &stack).as_deref(), Some("belongs to app shop"));
        assert_eq!(foreign(&Tags::new(), &stack).as_deref(), Some("not tagged by wharf"));
    }

    #[test]
    fn an_image_of_elsewhere_needs_no_repository() {
        let mut stack = testing::stack();
        let mut worker = testing::service("worker");
        worker.image = wharf_spec::stack::Image::Elsewhere("nginx:1.27".to_owned());
        stack.services.insert("worker".to_owned(), worker);
        let mut out = Declare::new();
        Repository::declare(&stack, &Facts::default(), &mut out);
        let (nodes, problems) = out.finish();
        let addresses: Vec<String> = nodes.iter().map(|node| node.address.to_string()).collect();
        assert_eq!((addresses, problems), (vec!["repository.web".to_owned()], Vec::new()));
    }
}
