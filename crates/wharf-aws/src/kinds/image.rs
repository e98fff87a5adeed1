//! Images: that what a service or job runs exists, and by which digest.
//!
//! wharf neither makes nor deletes one here; a missing image is a step that waits for a push.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wharf_graph::facts::ImageFact;
use wharf_graph::{
    Address, Declare, ErrorClass, Facts, Input, Live, Note, Outcome, Policy, StackId,
};
use wharf_spec::Stack;
use wharf_spec::stack::{Architecture, Image as Wanted, ImageReference, Workload};

use crate::error::AwsError;
use crate::kind::{Changed, Found, Kind, Owned, Write};
use crate::names;
use crate::reads::Reads;
use crate::reads::images::{KEEP, image_id, no_image, reference_text};
use crate::registry::Reference;
use crate::wait::{Look, wait};

/// How often a push is looked for.
const EVERY: Duration = Duration::from_secs(5);

/// The reference of `build` while nothing runs.
const BUILD: &str = "build";

/// See the module.
pub(crate) struct Image;

/// What identifies an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Props {
    /// The repository of the stack's own; `None` for an image that is named in full.
    repository: Option<String>,
    /// `:tag`, `@sha256:…`, `keep` or `build` in the own repository, else a full reference.
    reference: String,
    /// `None` as long as it is not known.
    digest: Option<String>,
    /// What a push has to be built for, for example `linux/amd64`.
    platform: String,
}

impl Kind for Image {
    type Props = Props;

    const POLICY: Policy = Policy { never_prune: true, ..Policy::plain("image", "image") };

    fn declare(stack: &Stack, facts: &Facts, out: &mut Declare) {
        let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
        for workload in stack.workloads() {
            let wanted = props(&id, workload, facts.images.get(workload.name));
            let note = match (&wanted.repository, &wanted.digest) {
                (Some(_), None) if wanted.reference == KEEP => {
                    Some("takes over the image that runs".to_owned())
                }
                (Some(_), None) if wanted.reference == BUILD => {
                    Some("`wharf deploy` builds and pushes it".to_owned())
                }
                (Some(repository), None) => {
                    Some(format!("{repository}{} has not been pushed yet", wanted.reference))
                }
                _ => None,
            };
            let declared = out.add(&Self::POLICY, workload.name, &wanted);
            if let Some(repository) =
                workload.image.repository().filter(|_| wanted.repository.is_some())
            {
                declared.after.insert(Address::new("repository", &repository.name));
            }
            declared.note = note;
        }
    }

    fn example() -> Props {
        Props {
            repository: Some("notes/web".to_owned()),
            reference: ":v1".to_owned(),
            digest: Some(format!("sha256:{}", "0".repeat(64))),
            platform: "linux/amd64".to_owned(),
        }
    }

    async fn read(cx: &Reads) -> Result<Vec<Found<Props>>, AwsError> {
        let (images, identity) = futures::join!(cx.images(), cx.identity());
        let (images, identity) = (images?, identity?);
        let host =
            registry_host(&identity.value.account, &cx.stack.region, &identity.value.partition);
        let found = cx.stack.workloads().filter_map(|workload| {
            let props = props(&cx.id, workload, images.value.get(workload.name));
            let uri = uri(&props, &host)?;
            Some(Found::Ours(Owned {
                name: workload.name.to_owned(),
                id: uri.clone(),
                props,
                outputs: outputs(&uri),
                applied: None,
                leaving: false,
            }))
        });
        Ok(found.collect())
    }

    async fn create(cx: &Write<'_>, want: Props) -> Result<Outcome, AwsError> {
        let Some(repository) = want.repository.clone() else {
            let uri = uri(&want, "").unwrap_or(want.reference);
            return Ok(Outcome::Done { outputs: outputs(&uri), id: uri });
        };
        if want.reference == BUILD {
            return Ok(Outcome::Waiting {
                what: "nobody has built and pushed the image yet".to_owned(),
                how: vec!["wharf deploy".to_owned()],
            });
        }
        let Some(reference) = parse(&want.reference) else {
            return Ok(Outcome::Waiting {
                what: "`image: keep` takes over the image that runs, and nothing runs yet"
                    .to_owned(),
                how: vec![format!("wharf apply --image {}=:TAG", cx.address.name())],
            });
        };
        let home = home(cx, &repository).await?;
        let what = format!("{repository}{} to be pushed", want.reference);
        let how = push(&home, &reference, &want.platform, &cx.aws.region);
        // Where nobody waits, the outcome says it all at once.
        let details = if cx.patience.is_zero() { Vec::new() } else { how.clone() };
        let waiting = || {
            let message = format!("waiting for {what}");
            Look::NotYet(Note { message, details: details.clone(), lasting: false })
        };
        let pushed = wait(cx.aws.caller.pace, cx.step, &what, EVERY, cx.patience, async || {
            let got = cx
                .aws
                .caller
                .call("ecr:DescribeImages", || {
                    cx.aws
                        .ecr
                        .describe_images()
                        .repository_name(&repository)
                        .image_ids(image_id(&reference))
                        .send()
                })
                .await;
            match got {
                Ok(got) => {
                    let digest = got.image_details().first().and_then(|image| image.image_digest());
                    Ok(digest.map_or_else(waiting, |digest| Look::Ready(digest.to_owned())))
                }
                Err(error) if no_image(&error) => Ok(waiting()),
                Err(error) => Err(error),
            }
        })
        .await;
        match pushed {
            Ok(digest) => {
                let uri = format!("{home}@{digest}");
                Ok(Outcome::Done { outputs: outputs(&uri), id: uri })
            }
            Err(error) if error.class == ErrorClass::TimedOut => Ok(Outcome::Waiting {
                what: format!("the image {home}{} has not been pushed", want.reference),
                how,
            }),
            Err(error) => Err(error),
        }
    }

    async fn update(
        _: &Write<'_>,
        live: &Live,
        _: Props,
        _: &Changed<'_>,
    ) -> Result<Outcome, AwsError> {
        Ok(Outcome::Done { id: live.id.clone(), outputs: live.outputs.clone() })
    }

    async fn delete(_: &Write<'_>, _: &Live) -> Result<(), AwsError> {
        // Images go with their repository.
        Ok(())
    }
}

fn outputs(uri: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("uri".to_owned(), uri.to_owned())])
}

/// Says what an image is, from the spec and the facts. Desired and live are built the same way: the
/// digest is a fact, and only its absence makes a difference.
fn props(stack: &StackId, workload: Workload<'_>, fact: Option<&ImageFact>) -> Props {
    let own = || {
        let repository = workload.image.repository()?;
        Some(names::repository(stack, &repository.name))
    };
    let (repository, reference) = match workload.image {
        Wanted::Own { reference, .. } => (own(), reference_text(reference)),
        Wanted::Keep { .. } | Wanted::Built { .. } => match fact {
            Some(running) if running.reference != KEEP => (None, running.reference.clone()),
            _ if matches!(workload.image, Wanted::Built { .. }) => (own(), BUILD.to_owned()),
            _ => (own(), KEEP.to_owned()),
        },
        Wanted::Elsewhere(reference) => (None, reference.clone()),
    };
    let platform = match workload.architecture {
        Architecture::X86_64 => "linux/amd64",
        Architecture::Arm64 => "linux/arm64",
    };
    let digest = fact.and_then(|fact| fact.digest.clone());
    Props { repository, reference, digest, platform: platform.to_owned() }
}

/// Returns what a task definition says to run, or `None` while that is not known.
fn uri(props: &Props, host: &str) -> Option<String> {
    match (&props.repository, &props.digest) {
        (None, None) => Some(props.reference.clone()),
        (None, Some(digest)) => Some(Reference::pinned(&props.reference, digest)),
        (Some(repository), Some(digest)) => Some(format!("{host}/{repository}@{digest}")),
        (Some(_), None) => None,
    }
}

/// Returns what a task definition says to run. A digest that is known is written out: a
/// reference would look the same before and after a push, and the new release would pass for a change
/// that somebody made outside wharf.
pub(super) fn input(stack: &Stack, facts: &Facts, workload: Workload<'_>) -> Input<String> {
    let id = StackId { app: stack.app.clone(), env: stack.env.clone() };
    let fact = facts.images.get(workload.name);
    let host = registry_host(&facts.account, &facts.region, &facts.partition);
    match uri(&props(&id, workload, fact), &host) {
        Some(uri) => Input::Known(uri),
        None => Input::of(&Address::new("image", workload.name), "uri"),
    }
}

/// Host of the account's registry (ECR User Guide, private registries).
fn registry_host(account: &str, region: &str, partition: &str) -> String {
    let suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("{account}.dkr.ecr.{region}.{suffix}")
}

fn parse(reference: &str) -> Option<ImageReference> {
    match (reference.strip_prefix(':'), reference.strip_prefix('@')) {
        (Some(tag), _) => Some(ImageReference::Tag(tag.to_owned())),
        (_, Some(digest)) => Some(ImageReference::Digest(digest.to_owned())),
        _ => None,
    }
}

/// Returns the repository's address for pushes, with its registry.
async fn home(cx: &Write<'_>, repository: &str) -> Result<String, AwsError> {
    let got = cx
        .aws
        .caller
        .call("ecr:DescribeRepositories", || {
            cx.aws.ecr.describe_repositories().repository_names(repository).send()
        })
        .await?;
    let uri = got.repositories().first().and_then(|found| found.repository_uri());
    Ok(uri.unwrap_or(repository).to_owned())
}

/// Lists the commands that build and push what is missing.
fn push(home: &str, reference: &ImageReference, platform: &str, region: &str) -> Vec<String> {
    let host = home.split('/').next().unwrap_or(home);
    let login = format!(
        "aws ecr get-login-password --region {region} | docker login --username AWS \
         --password-stdin {host}"
    );
    match reference {
        ImageReference::Tag(tag) => vec![
            login,
            format!("docker build --platform {platform} -t {home}:{tag} ."),
            format!("docker push {home}:{tag}"),
        ],
        // Nobody can choose the digest of a push; the image has to exist somewhere already.
        ImageReference::Digest(digest) => vec![
            login,
            format!("docker tag IMAGE {home}:TAG    # IMAGE is the one whose digest is {digest}"),
            format!("docker push {home}:TAG"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const HOME: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/notes/web";

    #[test]
    fn what_is_pushed_is_live_by_its_digest() {
        let mut props = Image::example();
        let host = registry_host("111122223333", "eu-west-1", "aws");
        let digest = props.digest.clone().unwrap();
        assert_eq!(uri(&props, &host), Some(format!("{HOME}@{digest}")));
        props.digest = None;
        assert_eq!(uri(&props, &host), None);
        props = Props { repository: None, reference: "nginx:1.27".into(), ..props };
        assert_eq!(uri(&props, &host).as_deref(), Some("nginx:1.27"));
        props.digest = Some(digest.clone());
        assert_eq!(uri(&props, &host), Some(format!("nginx@{digest}")));
    }

    #[test]
    fn the_digest_of_the_facts_is_the_one_wanted() {
        let declared = |facts: &Facts| {
            let mut out = Declare::new();
            Image::declare(&testing::stack(), facts, &mut out);
            out.finish().0.remove(0)
        };
        let missing = declared(&Facts::default());
        assert_eq!(missing.note.as_deref(), Some("notes/web:v1 has not been pushed yet"));
        let digest = Image::example().digest;
        let fact = ImageFact { reference: ":v1".into(), digest, architectures: Vec::new() };
        let images = BTreeMap::from([("web".to_owned(), fact)]);
        let known = declared(&Facts { images, ..Facts::default() });
        assert_eq!(known.props, serde_json::to_value(Image::example()).unwrap());
        assert!(known.after.contains(&Address::new("repository", "web")));
    }

    #[test]
    fn what_runs_is_kept_and_waited_for() {
        let stack = StackId { app: "notes".into(), env: None };
        let mut service = testing::service("web");
        let repository = wharf_spec::stack::Repository {
            name: "web".to_owned(),
            immutable_tags: false,
            keep: 30,
        };
        service.image = Wanted::Keep { repository };
        let fact = |reference: &str| ImageFact {
            reference: reference.to_owned(),
            digest: None,
            architectures: Vec::new(),
        };
        let running = format!("{HOME}@sha256:abc");
        let kept = props(&stack, (&service).into(), Some(&fact(&running)));
        assert_eq!(uri(&kept, "host"), Some(running));
        assert_eq!(uri(&props(&stack, (&service).into(), Some(&fact(KEEP))), "host"), None);
    }

    #[test]
    fn says_how_to_push() {
        let tag = ImageReference::Tag("v1".to_owned());
        assert_eq!(
            push(HOME, &tag, "linux/arm64", "eu-west-1"),
            [
                "aws ecr get-login-password --region eu-west-1 | docker login --username AWS \
                 --password-stdin 111122223333.dkr.ecr.eu-west-1.amazonaws.com"
                    .to_owned(),
                format!("docker build --platform linux/arm64 -t {HOME}:v1 ."),
                format!("docker push {HOME}:v1"),
            ]
        );
    }
}
