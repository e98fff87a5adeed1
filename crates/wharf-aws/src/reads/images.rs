//! Images: what a tag stands for, in the account's registry or elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_ecr::config::Region;
use aws_sdk_ecr::types::{ImageFailureCode, ImageIdentifier};
use futures::FutureExt as _;
use futures::future::try_join_all;
use tokio::time::{Instant, timeout_at};
use wharf_graph::facts::ImageFact;
use wharf_spec::stack::{Image, ImageReference, Workload};

use crate::error::AwsError;
use crate::names;
use crate::reads::ecr::{Registry, registry};
use crate::reads::{Got, Memo, Reads};
use crate::registry::{PATIENCE, Reference, Resolved, architectures};

/// What ECR may answer with: without the lists it would pick one image of an index.
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// The reference of `image: keep` while nothing runs.
pub(crate) const KEEP: &str = "keep";

/// What is read once.
#[derive(Default)]
pub(crate) struct Memos {
    images: Memo<BTreeMap<String, ImageFact>>,
}

impl Reads {
    /// Resolves the workloads' images to digests, as far as this account's registry knows them.
    pub(crate) async fn images(&self) -> Result<Arc<Got<BTreeMap<String, ImageFact>>>, AwsError> {
        self.memos
            .images
            .images
            .get(async || {
                // What several run is asked for once.
                let mut own: BTreeMap<(&str, &ImageReference), Vec<&str>> = BTreeMap::new();
                let mut others = Vec::new();
                for workload in self.stack.workloads() {
                    match workload.image {
                        Image::Own { reference, repository } => {
                            let place = (repository.name.as_str(), reference);
                            own.entry(place).or_default().push(workload.name);
                        }
                        Image::Elsewhere(_) | Image::Keep { .. } | Image::Built { .. } => {
                            others.push(workload);
                        }
                    }
                }
                let own = own.into_iter().map(async |((repository, reference), names)| {
                    let repository = names::repository(&self.id, repository);
                    let fact = self.own_image(&repository, reference).await?;
                    Ok::<_, AwsError>((names, fact))
                });
                let others = others.into_iter().map(async |workload| {
                    let fact = match workload.image {
                        Image::Elsewhere(reference) => {
                            self.image_elsewhere(workload.name, reference).await
                        }
                        // Until something was built for this run, what runs now.
                        Image::Keep { .. } | Image::Built { .. } | Image::Own { .. } => {
                            self.running_image(workload.name).await?
                        }
                    };
                    Ok::<_, AwsError>((vec![workload.name], fact))
                });
                let (own, others) = futures::join!(try_join_all(own), try_join_all(others));
                let facts: Vec<_> = own?.into_iter().chain(others?).collect();
                let round = facts.iter().map(|(_, fact)| fact.round).max().unwrap_or(0);
                let each = facts.into_iter().flat_map(|(names, fact)| {
                    names.into_iter().map(move |name| (name.to_owned(), fact.value.clone()))
                });
                Ok(Got { value: each.collect(), round })
            })
            .await
    }

    /// Resolves an image of another registry, or of another account's. Not being told is no error.
    async fn image_elsewhere(&self, service: &str, reference: &str) -> Got<ImageFact> {
        let mut value = elsewhere(reference);
        let Some(registries) = &self.aws.registries else { return Got { value, round: 0 } };
        let deadline = Instant::now() + PATIENCE;
        if let Some(place) = registry(reference) {
            let ask = async || {
                let wanted = version_id(&Reference::parse(reference).version);
                let asked = self.stored_image(&place.repository, wanted, Some(&place));
                timeout_at(deadline, asked).await.ok()?.ok()?.value
            };
            if let Some(found) = registries.once(reference, ask).await {
                value.digest = value.digest.or(Some(found.digest));
                value.architectures = found.architectures;
            }
            return Got { value, round: 1 };
        }
        if value.digest.is_none() {
            value.digest = registries.digest(reference, deadline).await;
        }
        let Some(digest) = value.digest.clone() else { return Got { value, round: 0 } };
        // What runs has shown that it fits, and the list is not free everywhere.
        let running = self.running(service).await.unwrap_or(Got { value: None, round: 0 });
        if !running.value.is_some_and(|image| image.ends_with(&digest)) {
            value.architectures = registries.architectures(reference, &digest, deadline).await;
        }
        Got { value, round: running.round }
    }

    /// Returns the image that a service runs now; without a digest if nothing runs.
    async fn running_image(&self, service: &str) -> Result<Got<ImageFact>, AwsError> {
        let running = self.running(service).await?;
        let value = running.value.map_or_else(|| fact(KEEP, None), |image| elsewhere(&image));
        Ok(Got { value, round: running.round })
    }

    /// Returns what a service's task definition says to run now.
    async fn running(&self, service: &str) -> Result<Got<Option<String>>, AwsError> {
        let got = self.definitions().await?;
        // Nothing has to run now for the newest release of a job to be what it runs.
        let ends = self.stack.workload(service).is_some_and(Workload::ends);
        let running = got
            .value
            .iter()
            .filter(|found| (found.used || ends) && found.name == service)
            .max_by_key(|found| found.definition.revision())
            .and_then(|found| {
                let containers = found.definition.container_definitions();
                let own = containers.iter().find(|container| container.name() == Some(service));
                own?.image()
            });
        Ok(Got { value: running.map(str::to_owned), round: got.round })
    }

    /// Resolves an image of a service's own repository. The manifest gives the digest and the
    /// architectures in one call; who may not read it is still told the digest.
    async fn own_image(
        &self,
        repository: &str,
        reference: &ImageReference,
    ) -> Result<Got<ImageFact>, AwsError> {
        let wanted = image_id(reference);
        let found = match self.stored_image(repository, wanted.clone(), None).await {
            Ok(found) => found,
            Err(_) => self.described_image(repository, wanted).await?,
        };
        let mut value = fact(&reference_text(reference), None);
        if let Some(image) = found.value {
            value.digest = Some(image.digest);
            value.architectures = image.architectures;
        }
        Ok(Got { value, round: found.round })
    }

    /// Reads an image's digest and manifest, of another account's registry if `place` names one.
    async fn stored_image(
        &self,
        repository: &str,
        wanted: ImageIdentifier,
        place: Option<&Registry>,
    ) -> Result<Got<Option<Resolved>>, AwsError> {
        let got = self
            .call(0, "ecr:BatchGetImage", |aws| {
                let request = aws
                    .ecr
                    .batch_get_image()
                    .repository_name(repository)
                    .image_ids(wanted.clone())
                    .set_accepted_media_types(Some(MEDIA_TYPES.map(str::to_owned).to_vec()))
                    .set_registry_id(place.map(|place| place.account.clone()));
                match place {
                    Some(place) => {
                        let region = Region::new(place.region.clone());
                        let config = aws_sdk_ecr::config::Builder::new().region(region);
                        request.customize().config_override(config).send().boxed()
                    }
                    None => request.send().boxed(),
                }
            })
            .await;
        let got = match got {
            Ok(got) => got,
            Err(error) if no_image(&error) => return Ok(Got { value: None, round: 1 }),
            Err(error) => return Err(error),
        };
        let image = got.value.images().first();
        let digest = image.and_then(|image| image.image_id()?.image_digest());
        let value = digest.map(|digest| Resolved {
            digest: digest.to_owned(),
            architectures: image
                .and_then(|image| image.image_manifest())
                .map(|manifest| architectures(manifest.as_bytes()))
                .unwrap_or_default(),
        });
        let missing = |code: &ImageFailureCode| *code == ImageFailureCode::ImageNotFound;
        let told = got.value.failures().first().and_then(|failure| failure.failure_code());
        if value.is_none() && place.is_none() && !told.is_some_and(missing) {
            // It exists, but not as something ECR would hand out this way.
            return self.described_image(repository, wanted).await;
        }
        Ok(Got { value, round: got.round })
    }

    async fn described_image(
        &self,
        repository: &str,
        wanted: ImageIdentifier,
    ) -> Result<Got<Option<Resolved>>, AwsError> {
        let got = self
            .call(1, "ecr:DescribeImages", |aws| {
                aws.ecr
                    .describe_images()
                    .repository_name(repository)
                    .image_ids(wanted.clone())
                    .send()
            })
            .await;
        match got {
            Ok(got) => {
                let image = got.value.image_details().first();
                let digest = image.and_then(|image| image.image_digest()).map(str::to_owned);
                let value = digest.map(|digest| Resolved { digest, architectures: Vec::new() });
                Ok(Got { value, round: got.round })
            }
            Err(error) if no_image(&error) => Ok(Got { value: None, round: 2 }),
            Err(error) => Err(error),
        }
    }
}

fn fact(reference: &str, digest: Option<String>) -> ImageFact {
    ImageFact { reference: reference.to_owned(), digest, architectures: Vec::new() }
}

/// An image named in full is used as it is; only a digest in it is known.
fn elsewhere(reference: &str) -> ImageFact {
    let digest = reference.rsplit_once('@').map(|(_, digest)| digest.to_owned());
    fact(reference, digest.filter(|digest| digest.starts_with("sha256:")))
}

/// Writes a reference the way it follows a repository: `:v1` or `@sha256:…`.
pub(crate) fn reference_text(reference: &ImageReference) -> String {
    match reference {
        ImageReference::Tag(tag) => format!(":{tag}"),
        ImageReference::Digest(digest) => format!("@{digest}"),
    }
}

/// Names an image to ECR.
pub(crate) fn image_id(reference: &ImageReference) -> ImageIdentifier {
    match reference {
        ImageReference::Tag(tag) => ImageIdentifier::builder().image_tag(tag).build(),
        ImageReference::Digest(digest) => ImageIdentifier::builder().image_digest(digest).build(),
    }
}

/// Names to ECR what follows a repository's name: a tag, or a digest.
fn version_id(version: &str) -> ImageIdentifier {
    let builder = ImageIdentifier::builder();
    let builder = if version.starts_with("sha256:") {
        builder.image_digest(version)
    } else {
        builder.image_tag(version)
    };
    builder.build()
}

/// Says whether an error of `DescribeImages` or `BatchGetImage` means that there is no such image yet.
pub(crate) fn no_image(error: &AwsError) -> bool {
    error.is(&["RepositoryNotFoundException", "ImageNotFoundException"])
}

#[cfg(test)]
#[path = "images_tests.rs"]
mod tests;
