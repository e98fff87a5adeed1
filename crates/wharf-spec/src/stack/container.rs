//! What containers are made of: image, health, secrets, permissions.

use std::collections::BTreeSet;

/// Where a container image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// In a repository of the stack's own.
    Own {
        /// Tag or digest in that repository.
        reference: ImageReference,
        /// Settings of the repository.
        repository: Repository,
    },
    /// Built and pushed by wharf, to a repository of the stack's own.
    Built {
        /// Name of what is built: the service's or job's name, or the key under `images` when
        /// several share the build.
        name: String,
        /// How it is built.
        build: Build,
        /// Settings of the repository.
        repository: Repository,
    },
    /// A full reference to an image that exists elsewhere.
    Elsewhere(String),
    /// Whatever runs now (`image: keep`), in a repository of the stack's own.
    Keep {
        /// Settings of the repository.
        repository: Repository,
    },
}

impl Image {
    /// Returns the repository of the stack's own that it is in.
    pub fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Own { repository, .. }
            | Self::Built { repository, .. }
            | Self::Keep { repository } => Some(repository),
            Self::Elsewhere(_) => None,
        }
    }

    /// Returns the image of a service that was called otherwise before: its repository keeps its name.
    pub(crate) fn kept_under(mut self, name: &str, before: Option<&str>) -> Self {
        if let Self::Own { repository, .. }
        | Self::Built { repository, .. }
        | Self::Keep { repository } = &mut self
            && let Some(before) = before
            && repository.name == name
        {
            before.clone_into(&mut repository.name);
        }
        self
    }
}

/// How an image is built.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Build {
    /// Folder whose files the build may use, relative to the spec.
    pub context: String,
    /// The Dockerfile, relative to the context.
    pub file: String,
    /// CPU architecture it is built for.
    pub architecture: Architecture,
}

/// A tag or a digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageReference {
    /// For example `v1`.
    Tag(String),
    /// For example `sha256:…`.
    Digest(String),
}

/// A repository of the stack's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its name below the app: that of the service or job, or of the entry of `images` that several
    /// share.
    pub name: String,
    /// Whether a pushed tag can never be pushed again.
    pub immutable_tags: bool,
    /// How many images are kept; older ones expire.
    pub keep: u32,
}

/// CPU architecture of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Architecture {
    /// `linux/amd64`.
    X86_64,
    /// `linux/arm64`.
    Arm64,
}

/// A health check run inside the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerHealth {
    /// `["CMD", …]` or `["CMD-SHELL", …]`.
    pub command: Vec<String>,
    /// Seconds between two checks (5 to 300).
    pub interval: u32,
    /// Seconds to wait (2 to 60).
    pub timeout: u32,
    /// Failures until unhealthy (1 to 10).
    pub retries: u32,
    /// Seconds after a start during which failures are ignored (0 to 300).
    pub start_period: u32,
}

/// Where a secret value lives. The value itself is never read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretRef {
    /// `ssm:/path`.
    Ssm {
        /// Parameter name, with its leading slash.
        name: String,
    },
    /// `sm:name#key`.
    SecretsManager {
        /// Secret name or full ARN.
        name: String,
        /// Key inside the secret's JSON, if only one value of it is meant.
        key: Option<String>,
    },
}

/// One statement of the task role's policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// Actions, for example `s3:GetObject`.
    pub allow: BTreeSet<String>,
    /// ARNs or patterns.
    pub on: BTreeSet<String>,
}
