//! Image archives: what `docker save` writes and OCI layouts, as directories or tar files.

mod blob;
mod docker;
mod files;
mod layout;

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub(crate) use blob::{Blob, Content};
use files::Files;

use crate::error::ImageError;

/// Media types of the OCI Image Format Specification 1.1 and of Docker's Image Manifest V2, Schema 2.
const INDEX: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const MANIFEST: [&str; 2] = [OCI_MANIFEST, "application/vnd.docker.distribution.manifest.v2+json"];
/// Largest manifest or config that is read (OCI Distribution Specification, pushing manifests).
const DOCUMENT_LIMIT: u64 = 4 << 20;

/// An image in a file or a directory, checked to be complete.
#[derive(Debug)]
pub struct Archive {
    /// Manifests in the order they must be pushed: children before the index that names them.
    pub(crate) manifests: Vec<Manifest>,
    /// Configs and layers, without repeats.
    pub(crate) blobs: Vec<Blob>,
    platforms: BTreeSet<String>,
}

/// A manifest or an index, byte for byte.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    /// One of [`INDEX`] or [`MANIFEST`].
    pub(crate) media_type: &'static str,
    pub(crate) digest: String,
    pub(crate) bytes: Vec<u8>,
}

/// A reference to content (OCI Image Format Specification, descriptors).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    urls: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    annotations: Option<serde_json::Map<String, Value>>,
}

impl Archive {
    /// Opens a directory or a file. Layers that are not compressed are compressed on the way, into
    /// temporary files that live as long as the archive.
    ///
    /// # Errors
    /// When the file cannot be read, is no archive, holds several images, or is not complete.
    pub fn open(path: &Path) -> Result<Self, ImageError> {
        let files = Files::open(path)?;
        if files.has("index.json") {
            layout::open(&files)
        } else if files.has("manifest.json") {
            docker::open(&files)
        } else {
            Err(files.not_an_archive("it has neither `index.json` nor `manifest.json`"))
        }
    }

    /// Returns the digest of what a tag will lead to: `sha256:…` of the index, or of the manifest
    /// if there is no index.
    pub fn digest(&self) -> &str {
        &self.root().digest
    }

    /// Returns the platforms it runs on, for example `linux/amd64`.
    pub fn platforms(&self) -> impl Iterator<Item = &str> {
        self.platforms.iter().map(String::as_str)
    }

    /// Returns the number of bytes of all configs and layers.
    pub fn size(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.size).sum()
    }

    pub(crate) fn root(&self) -> &Manifest {
        self.manifests.last().expect("an archive is only made with a root manifest")
    }
}

/// Returns the digest of `bytes`.
fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// Returns the hexadecimal part of a well-formed digest.
fn hex_of(digest: &str) -> Option<&str> {
    digest.strip_prefix("sha256:").filter(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// Reads a platform out of an image's config.
fn platform(config: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Config {
        architecture: String,
        os: String,
    }
    let config: Config = serde_json::from_slice(config).ok()?;
    Some(format!("{}/{}", config.os, config.architecture))
}
