//! OCI layouts (OCI Image Format Specification 1.1, image layout).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::files::Files;
use super::{Archive, Blob, DOCUMENT_LIMIT, Descriptor, INDEX, MANIFEST, Manifest};
use super::{digest, hex_of, platform};
use crate::error::ImageError;

/// How deep an index may name other indexes.
const DEPTH: usize = 4;
/// The name people gave an image.
const NAME: &str = "org.opencontainers.image.ref.name";

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct ImageManifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

pub(super) fn open(files: &Files) -> Result<Archive, ImageError> {
    let index: Index = parse(files, "index.json", &files.read("index.json", DOCUMENT_LIMIT)?)?;
    // Saving one image under two names gives two entries for the same digest.
    let mut roots: BTreeMap<&str, &Descriptor> = BTreeMap::new();
    for entry in &index.manifests {
        roots.entry(&entry.digest).or_insert(entry);
    }
    let root = match roots.values().copied().collect::<Vec<_>>()[..] {
        [] => return Err(files.not_an_archive("its `index.json` names no image")),
        [root] => root,
        ref several => return Err(files.several(several.iter().map(|one| name(one)).collect())),
    };
    let mut walk =
        Walk { files, manifests: Vec::new(), blobs: BTreeMap::new(), platforms: BTreeSet::new() };
    walk.manifest(root, DEPTH)?;
    Ok(Archive {
        manifests: walk.manifests,
        blobs: walk.blobs.into_values().collect(),
        platforms: walk.platforms,
    })
}

fn name(entry: &Descriptor) -> String {
    let named = entry.annotations.as_ref().and_then(|all| all.get(NAME)?.as_str());
    named.unwrap_or(&entry.digest).to_owned()
}

fn parse<T: for<'de> Deserialize<'de>>(
    files: &Files,
    name: &str,
    bytes: &[u8],
) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|error| files.damaged(format!("`{name}`: {error}")))
}

struct Walk<'f> {
    files: &'f Files,
    manifests: Vec<Manifest>,
    blobs: BTreeMap<String, Blob>,
    platforms: BTreeSet<String>,
}

impl Walk<'_> {
    /// Takes up a manifest after everything it names.
    fn manifest(&mut self, descriptor: &Descriptor, depth: usize) -> Result<(), ImageError> {
        if self.manifests.iter().any(|known| known.digest == descriptor.digest) {
            return Ok(());
        }
        let bytes = self.document(descriptor)?;
        let known = |types: [&'static str; 2]| {
            types.into_iter().find(|media_type| *media_type == descriptor.media_type)
        };
        let media_type = if let Some(media_type) = known(INDEX) {
            let Some(depth) = depth.checked_sub(1) else {
                return Err(self.files.damaged("its indexes are nested too deep"));
            };
            let index: Index = parse(self.files, &descriptor.digest, &bytes)?;
            for child in &index.manifests {
                self.manifest(child, depth)?;
            }
            media_type
        } else if let Some(media_type) = known(MANIFEST) {
            let manifest: ImageManifest = parse(self.files, &descriptor.digest, &bytes)?;
            let config = self.document(&manifest.config)?;
            // Attestations are manifests of an unknown platform.
            self.platforms.extend(platform(&config).filter(|one| !one.starts_with("unknown")));
            self.blob(&manifest.config)?;
            for layer in &manifest.layers {
                self.blob(layer)?;
            }
            media_type
        } else {
            return Err(self.files.damaged(format!(
                "{} is neither a manifest nor an index but `{}`",
                descriptor.digest, descriptor.media_type
            )));
        };
        self.manifests.push(Manifest { media_type, digest: descriptor.digest.clone(), bytes });
        Ok(())
    }

    fn path(&self, descriptor: &Descriptor) -> Result<String, ImageError> {
        let hex = hex_of(&descriptor.digest).ok_or_else(|| {
            self.files.damaged(format!("`{}` is no sha256 digest", descriptor.digest))
        })?;
        Ok(format!("blobs/sha256/{hex}"))
    }

    /// Reads a manifest or a config, which must be what its digest says.
    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ImageError> {
        let path = self.path(descriptor)?;
        let bytes = self.files.read(&path, DOCUMENT_LIMIT)?;
        if digest(&bytes) != descriptor.digest {
            return Err(self.files.damaged(format!("`{path}` is not what its name says")));
        }
        Ok(bytes)
    }

    fn blob(&mut self, descriptor: &Descriptor) -> Result<(), ImageError> {
        // Layers kept elsewhere are not pushed (OCI Image Format Specification, descriptors, urls).
        if !descriptor.urls.is_empty() || self.blobs.contains_key(&descriptor.digest) {
            return Ok(());
        }
        let path = self.path(descriptor)?;
        let slice = self.files.get(&path)?;
        if slice.size != descriptor.size {
            return Err(self.files.damaged(format!(
                "`{path}` has {} bytes, the manifest says {}",
                slice.size, descriptor.size
            )));
        }
        let blob =
            Blob { digest: descriptor.digest.clone(), size: slice.size, content: slice.content() };
        self.blobs.insert(descriptor.digest.clone(), blob);
        Ok(())
    }
}
