//! The bytes of configs and layers, in files named by their digest.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::Refusal;

/// Where blobs are kept.
#[derive(Debug)]
pub(crate) enum Blobs {
    /// Beside the world they belong to.
    Kept(PathBuf),
    /// For as long as the sandbox lives.
    Passing(OnceLock<TempDir>),
}

impl Blobs {
    /// Keeps blobs below the directory of a sandbox.
    pub(crate) fn beside(world: &Path) -> Self {
        Self::Kept(world.join("registry"))
    }

    /// Keeps blobs until the sandbox is dropped.
    pub(crate) fn passing() -> Self {
        Self::Passing(OnceLock::new())
    }

    fn directory(&self) -> io::Result<PathBuf> {
        match self {
            Self::Kept(path) => {
                fs::create_dir_all(path)?;
                Ok(path.clone())
            }
            Self::Passing(made) => {
                if let Some(directory) = made.get() {
                    return Ok(directory.path().to_owned());
                }
                let new = TempDir::with_prefix("wharf-registry-")?;
                Ok(made.get_or_init(|| new).path().to_owned())
            }
        }
    }

    /// Returns the file of a blob, if there is such a blob.
    pub(crate) fn find(&self, digest: &str) -> Option<PathBuf> {
        let path = self.directory().ok()?.join(hex_of(digest)?);
        path.is_file().then_some(path)
    }

    /// Reads a blob that is a document.
    pub(crate) fn read(&self, digest: &str) -> Option<Vec<u8>> {
        fs::read(self.find(digest)?).ok()
    }

    /// Begins an upload and returns its id.
    pub(super) fn begin(&self) -> io::Result<String> {
        let file = tempfile::Builder::new().prefix("upload-").tempfile_in(self.directory()?)?;
        let (_, path) = file.keep()?;
        let name = path.file_name().and_then(|name| name.to_str());
        name.map(str::to_owned).ok_or_else(|| io::Error::other("a name that is no text"))
    }

    /// Appends to an upload and returns its size so far.
    pub(super) async fn append(&self, id: &str, mut body: Incoming) -> Result<u64, Refusal> {
        let disk = |error: io::Error| Refusal::disk(&error);
        let mut file = File::options().append(true).open(self.upload(id)?).map_err(disk)?;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| {
                let message = "the upload broke off".to_owned();
                Refusal(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message)
            })?;
            if let Ok(data) = frame.into_data() {
                file.write_all(&data).map_err(disk)?;
            }
        }
        Ok(file.metadata().map_err(disk)?.len())
    }

    /// Ends an upload; what arrived must be what the digest says.
    pub(super) fn finish(&self, id: &str, digest: &str) -> Result<(), Refusal> {
        let disk = |error: io::Error| Refusal::disk(&error);
        let path = self.upload(id)?;
        let mut hasher = Hasher(Sha256::new());
        io::copy(&mut File::open(&path).map_err(disk)?, &mut hasher).map_err(disk)?;
        let found = hex::encode(hasher.0.finalize());
        if hex_of(digest) != Some(&*found) {
            fs::remove_file(&path).map_err(disk)?;
            let message = format!("what arrived is sha256:{found}");
            return Err(Refusal(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message));
        }
        fs::rename(&path, path.with_file_name(found)).map_err(disk)
    }

    fn upload(&self, id: &str) -> Result<PathBuf, Refusal> {
        let plain = id.starts_with("upload-") && !id.contains(['/', '\\', '.']);
        let path = self.directory().map_err(|error| Refusal::disk(&error))?.join(id);
        if plain && path.is_file() {
            return Ok(path);
        }
        let message = "no such upload".to_owned();
        Err(Refusal(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", message))
    }
}

struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the hexadecimal part of a well-formed digest.
fn hex_of(digest: &str) -> Option<&str> {
    digest.strip_prefix("sha256:").filter(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}
