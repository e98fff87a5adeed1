//! Manifests: what a tag leads to, and what its containers will do.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{Blobs, Refusal};
use crate::image::{self, App};
use crate::services::ecr::state::Image;
use crate::world::{RegionState, World};

/// The label of an image that says what its application does, as JSON of an [`App`].
const LABEL: &str = "wharf.sandbox.app";
/// Media types of what names further manifests.
const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// A manifest on its way into a repository.
pub(super) struct Pushed {
    manifest: String,
    media_type: String,
    /// Digests of the manifests it names, if it is an index.
    children: Vec<String>,
    /// What its config says, if it is an image.
    config: Option<Config>,
}

/// The part of an image's config that matters here (OCI Image Format Specification, configuration).
#[derive(Deserialize)]
struct Config {
    architecture: String,
    #[serde(default)]
    config: Run,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Run {
    exposed_ports: Option<serde_json::Map<String, Value>>,
    labels: Option<serde_json::Map<String, Value>>,
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message.into())
}

/// Reads a manifest; everything it names must have been pushed before.
pub(super) fn read(
    blobs: &Blobs,
    bytes: &[u8],
    media_type: Option<&str>,
) -> Result<Pushed, Refusal> {
    let manifest = std::str::from_utf8(bytes).map_err(|_| invalid("it is no UTF-8"))?.to_owned();
    let parsed: Value = serde_json::from_str(&manifest).map_err(|_| invalid("it is no JSON"))?;
    let media_type = media_type
        .or_else(|| parsed.get("mediaType")?.as_str())
        .ok_or_else(|| invalid("its media type is missing"))?
        .to_owned();
    let digests = |key: &str| -> Vec<String> {
        let listed = parsed.get(key).and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(|one| one.get("digest")?.as_str().map(str::to_owned)).collect()
    };
    if INDEXES.contains(&media_type.as_str()) {
        let children = digests("manifests");
        return Ok(Pushed { manifest, media_type, children, config: None });
    }
    let config = parsed
        .pointer("/config/digest")
        .and_then(Value::as_str)
        .ok_or_else(|| invalid("it names no config"))?;
    for blob in digests("layers").iter().map(String::as_str).chain([config]) {
        if blobs.find(blob).is_none() {
            return Err(missing(blob));
        }
    }
    let config = blobs.read(config).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(Pushed { manifest, media_type, children: Vec::new(), config })
}

fn missing(digest: &str) -> Refusal {
    let message = format!("{digest} was never pushed");
    Refusal(StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN", message)
}

/// Puts a manifest into a repository, under a tag or by its digest alone, and returns its digest.
pub(super) fn store(
    world: &mut World,
    region: &str,
    name: &str,
    reference: &str,
    pushed: Pushed,
) -> Result<String, Refusal> {
    let now = world.now;
    let digest = image::digest_of(&pushed.manifest);
    let tag = (!reference.starts_with("sha256:")).then_some(reference);
    if tag.is_none() && reference != digest {
        let message = format!("the manifest's digest is {digest}");
        return Err(Refusal(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message));
    }
    let repository = world.region(region).ecr.repositories.get_mut(name).ok_or_else(|| {
        Refusal(StatusCode::NOT_FOUND, "NAME_UNKNOWN", format!("no repository {name}"))
    })?;
    let moved = tag.and_then(|tag| repository.image_tags.get(tag)).is_some_and(|at| *at != digest);
    if moved && repository.mutability.starts_with("IMMUTABLE") {
        // ECR User Guide, image tag mutability.
        let message = format!(
            "The image tag '{reference}' already exists in the '{name}' repository and cannot be \
             overwritten because the repository is immutable."
        );
        return Err(Refusal(StatusCode::BAD_REQUEST, "TAG_INVALID", message));
    }
    let mut platforms = Vec::new();
    for child in &pushed.children {
        let child = repository.images.get(child).ok_or_else(|| missing(child))?;
        platforms.extend(child.platforms.iter().cloned());
    }
    let mut app = pushed.children.iter().find_map(|child| world.apps.get(child).cloned());
    if let Some(config) = pushed.config {
        // Attestations are images of an unknown platform.
        platforms.extend(Some(config.architecture.clone()).filter(|name| name != "unknown"));
        app = Some(behaviour(&config)?);
    }
    let image =
        Image { manifest: pushed.manifest, media_type: pushed.media_type, platforms, pushed: now };
    let repository = world.region(region).ecr.repositories.get_mut(name);
    repository.expect("it was found above").push(tag, image);
    if let Some(app) = app {
        world.apps.insert(digest.clone(), app);
    }
    Ok(digest)
}

/// Derives what the application does: the label says it, and otherwise it listens on the port the
/// image exposes and answers everything.
fn behaviour(config: &Config) -> Result<App, Refusal> {
    let label = config.config.labels.as_ref().and_then(|labels| labels.get(LABEL)?.as_str());
    if let Some(label) = label {
        return serde_json::from_str(label)
            .map_err(|error| invalid(format!("the label `{LABEL}`: {error}")));
    }
    let mut ports = config.config.exposed_ports.iter().flat_map(serde_json::Map::keys);
    let listens = ports.find_map(|port| port.split('/').next()?.parse().ok());
    Ok(App { listens, ..App::default() })
}

/// Finds a manifest by tag or digest.
pub(super) fn find(region: &RegionState, name: &str, reference: &str) -> Option<(String, Image)> {
    let repository = region.ecr.repositories.get(name)?;
    let digest = match repository.image_tags.get(reference) {
        Some(digest) => digest.as_str(),
        None => reference,
    };
    Some((digest.to_owned(), repository.images.get(digest)?.clone()))
}
