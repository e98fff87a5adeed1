//! The state of ECR, and how tasks pull from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    image::{self, App, PullError, Pulled, Reference},
    tags::Tags,
    time::SimTime,
    world::World,
};

/// How long after a repository is made somebody has pushed to it.
pub const PUSHED_AFTER: Duration = Duration::from_secs(8);

/// The media type of an image index.
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Everything ECR knows in a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EcrState {
    /// The repositories by name.
    pub repositories: BTreeMap<String, Repository>,
}

/// An image repository.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Repository {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its address without a tag.
    pub uri: String,
    /// When it was made.
    pub created: SimTime,
    /// `MUTABLE`, `IMMUTABLE` or one of these with exclusions.
    pub mutability: String,
    /// The exclusion filters, as they were sent.
    pub exclusions: Vec<Value>,
    /// Whether images are scanned when they are pushed.
    pub scan_on_push: bool,
    /// The encryption configuration, as it is reported.
    pub encryption: Value,
    /// The lifecycle policy's text.
    pub lifecycle: Option<String>,
    /// The repository policy's text.
    pub policy: Option<String>,
    /// Its tags (not those of images).
    pub tags: Tags,
    /// The images by digest.
    pub images: BTreeMap<String, Image>,
    /// The digest each image tag points to.
    pub image_tags: BTreeMap<String, String>,
    /// Image tags that were deleted, and so do not appear by themselves again.
    pub deleted_tags: BTreeSet<String>,
}

/// An image in a repository.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Image {
    /// Its manifest or index.
    pub manifest: String,
    /// The media type of the manifest.
    pub media_type: String,
    /// The CPU architectures it is built for.
    pub platforms: Vec<String>,
    /// When it was pushed.
    pub pushed: SimTime,
}

impl Repository {
    /// Stores an image under its digest, which is returned, and points the tag at it.
    pub(crate) fn push(&mut self, tag: Option<&str>, image: Image) -> String {
        let digest = image::digest_of(&image.manifest);
        self.images.entry(digest.clone()).or_insert(image);
        if let Some(tag) = tag {
            self.image_tags.insert(tag.to_owned(), digest.clone());
            self.deleted_tags.remove(tag);
        }
        digest
    }

    /// Returns the tags that point to a digest.
    pub(super) fn tags_of(&self, digest: &str) -> Vec<&str> {
        let pairs = self.image_tags.iter().filter(|(_, to)| *to == digest);
        pairs.map(|(tag, _)| tag.as_str()).collect()
    }

    /// Lets the image of a tag appear if by now somebody would have pushed it. Returns its digest
    /// if it did.
    fn appear(&mut self, tag: &str, now: SimTime, platforms: &[String]) -> Option<String> {
        let due = self.created + PUSHED_AFTER;
        let known = self.image_tags.contains_key(tag) || self.deleted_tags.contains(tag);
        if known || now < due || tag.is_empty() {
            return None;
        }
        let name = format!("{}:{tag}", self.name);
        Some(self.push(Some(tag), index(&name, platforms, due)))
    }
}

/// Makes an image index for some architectures; the name makes it unlike others.
fn index(name: &str, platforms: &[String], pushed: SimTime) -> Image {
    let manifests: Vec<Value> = platforms
        .iter()
        .map(|architecture| {
            json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": image::digest_of(&format!("{name} linux/{architecture}")),
                "size": 1024,
                "platform": {"architecture": architecture, "os": "linux"},
            })
        })
        .collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": manifests,
        "annotations": {"org.opencontainers.image.ref.name": name},
    });
    Image {
        manifest: manifest.to_string(),
        media_type: INDEX.to_owned(),
        platforms: platforms.to_vec(),
        pushed,
    }
}

impl World {
    /// Lets the image of a tag appear if by now somebody would have pushed it; broken, if that is
    /// what is wanted of images pushed now. Returns whether it did.
    pub(super) fn let_appear(&mut self, region: &str, repository: &str, tag: &str) -> bool {
        if !self.images_appear || self.trouble.nobody_pushes(repository) {
            return false;
        }
        let now = self.now;
        let platforms = self.trouble.pushed(repository).map(|pushed| pushed.platforms);
        let platforms = platforms.unwrap_or_else(image::both_platforms);
        let found = self.region(region).ecr.repositories.get_mut(repository);
        let Some(digest) = found.and_then(|found| found.appear(tag, now, &platforms)) else {
            return false;
        };
        self.spoil(region, repository, &digest);
        true
    }

    /// Gives an image that was pushed just now the behaviour that is wanted of it, if any.
    pub(crate) fn spoil(&mut self, region: &str, repository: &str, digest: &str) {
        let Some(pushed) = self.trouble.pushed(repository) else { return };
        let found = self.region(region).ecr.repositories.get_mut(repository);
        if let Some(image) = found.and_then(|found| found.images.get_mut(digest)) {
            image.platforms = pushed.platforms;
        }
        self.apps.insert(digest.to_owned(), pushed.app);
        let place = (region.to_owned(), repository.to_owned());
        self.trouble.spoiled.insert(digest.to_owned(), place);
    }

    /// Pushes an image with an application of the given behaviour, as a developer would, and
    /// returns its digest; `None` if there is no such repository.
    pub fn push_image(
        &mut self,
        region: &str,
        repository: &str,
        tag: &str,
        platforms: &[String],
        app: App,
    ) -> Option<String> {
        let now = self.now;
        let repository = self.region(region).ecr.repositories.get_mut(repository)?;
        // What it does is part of the image: another behaviour is another digest.
        let behaviour = serde_json::to_string(&app).unwrap_or_default();
        let name = format!("{}:{tag} {behaviour}", repository.name);
        let digest = repository.push(Some(tag), index(&name, platforms, now));
        self.apps.insert(digest.clone(), app);
        Some(digest)
    }

    /// Resolves an image as a task's pull does; images that would have been pushed appear.
    pub fn pull_image(&mut self, reference: &str) -> Result<Pulled, PullError> {
        let reference = Reference::parse(reference);
        let Some((account, region)) = reference.private_registry() else {
            let mut pulled = image::pull_public(&reference)?;
            if let Some(app) = self.apps.get(&pulled.digest) {
                pulled.app = app.clone();
            }
            return Ok(pulled);
        };
        if account != self.account {
            return Err(PullError::NoRepository);
        }
        if reference.digest.is_none() && self.regions.contains_key(region) {
            self.let_appear(region, &reference.repository, &reference.tag);
        }
        let state = self.regions.get(region).ok_or(PullError::NoRepository)?;
        let repository =
            state.ecr.repositories.get(&reference.repository).ok_or(PullError::NoRepository)?;
        let digest = match reference.digest {
            Some(digest) => digest,
            None => repository.image_tags.get(&reference.tag).cloned().ok_or(PullError::NoImage)?,
        };
        let image = repository.images.get(&digest).ok_or(PullError::NoImage)?;
        let platforms = image.platforms.clone();
        let app = self.apps.get(&digest).cloned().unwrap_or_default();
        Ok(Pulled { digest, platforms, app })
    }
}
