//! What `docker save` writes (Docker Image Specification v1.2, combined image JSON and file system
//! changesets).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::blob::{Blob, Content};
use super::files::Files;
use super::{Archive, DOCUMENT_LIMIT, Manifest, OCI_MANIFEST, digest, platform};
use crate::error::ImageError;

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

pub(super) fn open(files: &Files) -> Result<Archive, ImageError> {
    let bytes = files.read("manifest.json", DOCUMENT_LIMIT)?;
    let saved: Vec<Saved> = serde_json::from_slice(&bytes)
        .map_err(|error| files.damaged(format!("`manifest.json`: {error}")))?;
    let [image] = &saved[..] else {
        return Err(match saved.len() {
            0 => files.not_an_archive("its `manifest.json` names no image"),
            _ => files.several(saved.iter().map(name).collect()),
        });
    };
    let config = files.read(&image.config, DOCUMENT_LIMIT)?;
    let platforms = platform(&config).into_iter().collect();
    let config = Blob {
        digest: digest(&config),
        size: config.len() as u64,
        content: Content::Bytes(config),
    };
    let layers = layers(files, &image.layers)?;
    // The archive has no manifest of its own; this one is the same for the same image each time.
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": { "mediaType": CONFIG, "digest": config.digest, "size": config.size },
        "layers": layers.iter().map(|layer| {
            json!({ "mediaType": LAYER, "digest": layer.digest, "size": layer.size })
        }).collect::<Vec<_>>(),
    });
    let bytes = manifest.to_string().into_bytes();
    let manifest = Manifest { media_type: OCI_MANIFEST, digest: digest(&bytes), bytes };
    let mut blobs = BTreeMap::from([(config.digest.clone(), config)]);
    blobs.extend(layers.into_iter().map(|layer| (layer.digest.clone(), layer)));
    Ok(Archive { manifests: vec![manifest], blobs: blobs.into_values().collect(), platforms })
}

fn name(image: &Saved) -> String {
    match image.repo_tags.as_deref() {
        Some([first, ..]) => first.clone(),
        _ => image.config.clone(),
    }
}

/// Compresses layers as many at a time as there are processors.
fn layers(files: &Files, names: &[String]) -> Result<Vec<Blob>, ImageError> {
    let slices = names.iter().map(|name| files.get(name)).collect::<Result<Vec<_>, _>>()?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut layers = Vec::new();
    for some in slices.chunks(threads) {
        let made: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> =
                some.iter().map(|slice| scope.spawn(move || slice.layer())).collect();
            let join = |worker: std::thread::ScopedJoinHandle<'_, _>| match worker.join() {
                Ok(made) => made,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            workers.into_iter().map(join).collect()
        });
        for layer in made {
            layers.push(layer?);
        }
    }
    Ok(layers)
}
