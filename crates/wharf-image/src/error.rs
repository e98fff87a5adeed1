//! What can be wrong with an image, its builder or its registry.

use std::path::PathBuf;

/// Why an image was not built, opened or pushed.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file could not be read or written.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no image archive.
    #[error(
        "{} is no image archive: {why}; expected an OCI layout (a directory or a tar file with `oci-layout` and `index.json`) or what `docker save` writes",
        path.display()
    )]
    NotAnArchive {
        /// The file.
        path: PathBuf,
        /// What was missing or wrong.
        why: String,
    },
    /// The archive holds several images and nothing says which is meant.
    #[error("{} holds {} images ({}); save only the one to push", path.display(), names.len(), names.join(", "))]
    SeveralImages {
        /// The file.
        path: PathBuf,
        /// Their names, or digests.
        names: Vec<String>,
    },
    /// Something the archive's own index names is not in it, or is not what it says.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// No program that builds images was found.
    #[error("nothing here builds images ({}); install docker, podman or buildah, or push an archive with `--archive FILE`", looked.join("; "))]
    NoBuilder {
        /// What was looked for, and why each does not do.
        looked: Vec<String>,
    },
    /// The build failed.
    #[error("{builder} could not build the image (exit code {code}); its output is above")]
    Build {
        /// The program.
        builder: &'static str,
        /// Its exit code, or `-` when a signal ended it.
        code: String,
    },
    /// The registry wants other credentials.
    #[error("{registry} did not accept the credentials for {repository}")]
    Unauthorized {
        /// Host of the registry.
        registry: String,
        /// Name within it.
        repository: String,
    },
    /// The tag leads to another image already, and the repository's tags never move.
    #[error(
        "the tag `{tag}` of {repository} exists and its tags are immutable; push under another tag"
    )]
    TagTaken {
        /// The tag.
        tag: String,
        /// Name within the registry.
        repository: String,
    },
    /// The repository is not there.
    #[error("{registry} has no repository {repository}; `wharf apply` creates it")]
    NoRepository {
        /// Host of the registry.
        registry: String,
        /// Name within it.
        repository: String,
    },
    /// Another answer of the registry, or none.
    #[error("{registry}: {message}")]
    Registry {
        /// Host of the registry.
        registry: String,
        /// What it said.
        message: String,
    },
}

impl ImageError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
