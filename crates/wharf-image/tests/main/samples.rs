//! Small images in every form that people have them in.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

pub(crate) fn config(architecture: &str) -> Vec<u8> {
    json!({ "architecture": architecture, "os": "linux", "rootfs": { "type": "layers", "diff_ids": [] } })
        .to_string()
        .into_bytes()
}

/// Writes a tar file of these files.
pub(crate) fn tar(path: &Path, files: &[(&str, &[u8])]) {
    let mut archive = tar::Builder::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    archive.into_inner().unwrap().sync_all().unwrap();
}

/// What `docker save` writes: layers as plain tar files.
pub(crate) fn docker_archive(directory: &Path, layers: &[&[u8]]) -> PathBuf {
    let names: Vec<String> = (0..layers.len()).map(|n| format!("{n}/layer.tar")).collect();
    let manifest =
        json!([{ "Config": "config.json", "RepoTags": ["web:v1"], "Layers": names }]).to_string();
    let config = config("amd64");
    let mut files: Vec<(&str, &[u8])> =
        vec![("manifest.json", manifest.as_bytes()), ("config.json", &config)];
    files.extend(names.iter().map(String::as_str).zip(layers.iter().copied()));
    let path = directory.join("docker.tar");
    tar(&path, &files);
    path
}

/// An OCI layout under construction.
#[derive(Default)]
pub(crate) struct Layout {
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Layout {
    pub(crate) fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = digest(bytes);
        let name = format!("blobs/sha256/{}", digest.strip_prefix("sha256:").unwrap());
        self.files.push((name, bytes.to_vec()));
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    }

    pub(crate) fn image(&mut self, architecture: &str, layers: &[&[u8]]) -> Value {
        let config = self.blob("application/vnd.oci.image.config.v1+json", &config(architecture));
        let layers: Vec<Value> = layers
            .iter()
            .map(|layer| self.blob("application/vnd.oci.image.layer.v1.tar+gzip", layer))
            .collect();
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
        self.blob("application/vnd.oci.image.manifest.v1+json", manifest.to_string().as_bytes())
    }

    pub(crate) fn index(&mut self, children: &[Value]) -> Value {
        let index = json!({ "schemaVersion": 2, "manifests": children }).to_string();
        self.blob("application/vnd.oci.image.index.v1+json", index.as_bytes())
    }

    /// Writes it as a directory whose index names these images.
    pub(crate) fn write(mut self, directory: &Path, roots: &[Value]) -> PathBuf {
        let index = json!({ "schemaVersion": 2, "manifests": roots }).to_string();
        self.files.push(("index.json".to_owned(), index.into_bytes()));
        self.files.push(("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
        let root = directory.join("layout");
        for (name, bytes) in &self.files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        root
    }
}
