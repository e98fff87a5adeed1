//! Files of an archive by name, without unpacking it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use tempfile::NamedTempFile;

use super::blob::{GZIP, Slice};
use crate::error::ImageError;

/// Links that are followed to find a file.
const LINKS: usize = 8;

/// The files of a directory or of a tar file.
pub(crate) struct Files {
    /// What people called it.
    path: PathBuf,
    place: Place,
}

enum Place {
    Directory,
    Tar { file: PathBuf, entries: BTreeMap<String, Entry>, keep: Option<Arc<NamedTempFile>> },
}

enum Entry {
    File { offset: u64, size: u64 },
    Link(String),
}

impl Files {
    pub(crate) fn open(path: &Path) -> Result<Self, ImageError> {
        let metadata = std::fs::metadata(path).map_err(ImageError::io(path))?;
        let place = if metadata.is_dir() { Place::Directory } else { tar(path)? };
        Ok(Self { path: path.to_owned(), place })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        matches!(self.find(name), Ok(Some(_)))
    }

    /// Returns where a file is.
    pub(crate) fn get(&self, name: &str) -> Result<Slice, ImageError> {
        self.find(name)?.ok_or_else(|| self.damaged(format!("`{name}` is not in it")))
    }

    /// Reads a file of at most `limit` bytes.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, ImageError> {
        let slice = self.get(name)?;
        if slice.size > limit {
            return Err(
                self.damaged(format!("`{name}` has {} bytes, more than {limit}", slice.size))
            );
        }
        let mut bytes = Vec::new();
        slice.reader()?.read_to_end(&mut bytes).map_err(ImageError::io(&self.path))?;
        if bytes.len() as u64 != slice.size {
            return Err(self.damaged(format!("it ends within `{name}`")));
        }
        Ok(bytes)
    }

    pub(crate) fn damaged(&self, why: impl Into<String>) -> ImageError {
        ImageError::Damaged { path: self.path.clone(), why: why.into() }
    }

    pub(crate) fn not_an_archive(&self, why: impl Into<String>) -> ImageError {
        ImageError::NotAnArchive { path: self.path.clone(), why: why.into() }
    }

    pub(crate) fn several(&self, names: Vec<String>) -> ImageError {
        ImageError::SeveralImages { path: self.path.clone(), names }
    }

    fn find(&self, name: &str) -> Result<Option<Slice>, ImageError> {
        let Some(name) = plain(Path::new(name)) else { return Ok(None) };
        match &self.place {
            Place::Directory => {
                let path = self.path.join(&name);
                match std::fs::metadata(&path) {
                    Ok(data) if data.is_file() => {
                        Ok(Some(Slice { path, offset: 0, size: data.len(), keep: None }))
                    }
                    Ok(_) => Ok(None),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(ImageError::io(path)(error)),
                }
            }
            Place::Tar { file, entries, keep } => {
                let mut name = name;
                for _ in 0..LINKS {
                    match entries.get(&name) {
                        Some(Entry::File { offset, size }) => {
                            return Ok(Some(Slice {
                                path: file.clone(),
                                offset: *offset,
                                size: *size,
                                keep: keep.clone(),
                            }));
                        }
                        Some(Entry::Link(target)) => name.clone_from(target),
                        None => return Ok(None),
                    }
                }
                Ok(None)
            }
        }
    }
}

/// Lists a tar file; one that is compressed is first written out beside the system's other
/// temporary files.
fn tar(path: &Path) -> Result<Place, ImageError> {
    let io = || ImageError::io(path);
    let mut file = File::open(path).map_err(io())?;
    let mut start = Vec::new();
    file.by_ref().take(2).read_to_end(&mut start).map_err(io())?;
    let keep = if start == GZIP {
        let from = BufReader::new(File::open(path).map_err(io())?);
        let mut out = NamedTempFile::with_prefix("wharf-archive-").map_err(io())?;
        std::io::copy(&mut MultiGzDecoder::new(from), &mut out).map_err(io())?;
        Some(Arc::new(out))
    } else {
        None
    };
    let plain_file = keep.as_ref().map_or_else(|| path.to_owned(), |file| file.path().to_owned());
    let entries = list(&plain_file).map_err(|error| ImageError::NotAnArchive {
        path: path.to_owned(),
        why: format!("it is no complete tar file ({error})"),
    })?;
    Ok(Place::Tar { file: plain_file, entries, keep })
}

fn list(file: &Path) -> std::io::Result<BTreeMap<String, Entry>> {
    let file = File::open(file)?;
    let length = file.metadata()?.len();
    let mut archive = tar::Archive::new(BufReader::new(file));
    let mut entries = BTreeMap::new();
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        let Some(name) = plain(&entry.path()?) else { continue };
        let kind = entry.header().entry_type();
        if kind.is_file() {
            let offset = entry.raw_file_position();
            if offset.checked_add(entry.size()).is_none_or(|end| end > length) {
                return Err(std::io::Error::other(format!("it ends within `{name}`")));
            }
            entries.insert(name, Entry::File { offset, size: entry.size() });
        } else if let Some(target) = entry.link_name()? {
            // A hard link is named from the root, a symbolic one from where it stands.
            let from = if kind.is_hard_link() { Path::new("") } else { parent(&name) };
            if let Some(target) = plain(&from.join(target)) {
                entries.insert(name, Entry::Link(target));
            }
        }
    }
    Ok(entries)
}

fn parent(name: &str) -> &Path {
    Path::new(name).parent().unwrap_or(Path::new(""))
}

/// Returns a path without `.` and `..`; nothing for one that leaves the archive.
fn plain(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_the_archive() {
        assert_eq!(plain(Path::new("./a/../b/c")).as_deref(), Some("b/c"));
        assert_eq!(plain(Path::new("../etc/passwd")), None);
        assert_eq!(plain(Path::new("/etc/passwd")), None);
        assert_eq!(plain(Path::new("a/../../b")), None);
    }
}
