//! Pieces of an image, wherever their bytes are.

use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::error::ImageError;

/// A config or a layer.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    /// `sha256:…`.
    pub(crate) digest: String,
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) content: Content,
}

/// Where the bytes are.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// In memory.
    Bytes(Vec<u8>),
    /// A part of a file.
    Slice {
        path: PathBuf,
        offset: u64,
        /// Removes the file when the last part of it is forgotten, if it is a temporary one.
        #[expect(dead_code, reason = "held for as long as the bytes are needed, never looked at")]
        keep: Option<Arc<NamedTempFile>>,
    },
}

/// A part of a file.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) path: PathBuf,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) keep: Option<Arc<NamedTempFile>>,
}

impl Slice {
    pub(crate) fn reader(&self) -> Result<std::io::Take<File>, ImageError> {
        let mut file = File::open(&self.path).map_err(ImageError::io(&self.path))?;
        file.seek(SeekFrom::Start(self.offset)).map_err(ImageError::io(&self.path))?;
        Ok(file.take(self.size))
    }

    pub(crate) fn content(&self) -> Content {
        Content::Slice { path: self.path.clone(), offset: self.offset, keep: self.keep.clone() }
    }

    /// Makes a layer blob of a tar file: as it is if it is compressed, else compressed.
    pub(crate) fn layer(&self) -> Result<Blob, ImageError> {
        let mut start = [0; 2];
        let compressed =
            self.size >= 2 && self.reader()?.read_exact(&mut start).is_ok() && start == GZIP;
        if compressed {
            let digest = hash(&mut self.reader()?).map_err(ImageError::io(&self.path))?;
            return Ok(Blob { digest, size: self.size, content: self.content() });
        }
        compress(&mut self.reader()?, &self.path)
    }
}

/// First bytes of a gzip file (RFC 1952, section 2.3.1).
pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Compresses into a temporary file. No name and no time go into it, so that the same layer has
/// the same digest each time and is not pushed again.
fn compress(from: &mut impl Read, path: &Path) -> Result<Blob, ImageError> {
    let io = ImageError::io(path);
    let mut made = || -> std::io::Result<(NamedTempFile, u64)> {
        let file = NamedTempFile::with_prefix("wharf-layer-")?;
        let mut encoder = GzEncoder::new(std::io::BufWriter::new(file), Compression::default());
        std::io::copy(from, &mut encoder)?;
        let mut file =
            encoder.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.flush()?;
        let size = file.as_file().metadata()?.len();
        Ok((file, size))
    };
    let (file, size) = made().map_err(io)?;
    let path = file.path().to_owned();
    let digest =
        File::open(&path).and_then(|mut file| hash(&mut file)).map_err(ImageError::io(&path))?;
    let content = Content::Slice { path, offset: 0, keep: Some(Arc::new(file)) };
    Ok(Blob { digest, size, content })
}

fn hash(from: &mut impl Read) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(format!("sha256:{}", hex::encode(hasher.finalize()))),
            n => hasher.update(&buffer[..n]),
        }
    }
}
