//! Pushing to a registry (OCI Distribution Specification 1.1, pushing).

use std::io::SeekFrom;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::HeaderValue;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::{OciDistributionError, OciEnvelope, OciErrorCode};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use crate::archive::{Archive, Blob, Content, Manifest};
use crate::error::ImageError;

/// How often a piece is sent before the push is given up.
const ATTEMPTS: u32 = 4;
/// Wait before the second attempt; doubled before each further one.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// How much is read from disk at a time.
const CHUNK: usize = 1 << 18;

/// Where an image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Host of the registry, with its port if it has one. One on this machine speaks plain HTTP.
    pub registry: String,
    /// Name within the registry.
    pub repository: String,
    /// The tag that will lead to the image.
    pub tag: String,
}

/// What a registry wants to know. Not printable.
#[derive(Clone)]
pub enum Credentials {
    /// Nothing.
    Anonymous,
    /// A name and a password, as ECR's authorization token holds them.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Basic { .. } => "Basic(***)",
        })
    }
}

/// How far a push is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that were sent, or need not be since the registry has them.
    pub done: u64,
    /// Bytes of all configs and layers.
    pub total: u64,
}

/// What a push did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// `sha256:…` of what the tag leads to now.
    pub digest: String,
    /// Configs and layers sent.
    pub sent: usize,
    /// Configs and layers the registry had.
    pub skipped: usize,
    /// Bytes sent.
    pub bytes: u64,
}

/// Pushes an image, `parallel` pieces at a time, telling `progress` how far it is. What the
/// registry has already is not sent again.
///
/// # Errors
/// When the credentials are refused, the repository is missing, the tag is taken and immutable, or
/// the registry fails repeatedly.
pub async fn push(
    archive: &Archive,
    to: &Destination,
    credentials: &Credentials,
    parallel: usize,
    progress: impl Fn(Progress) + Sync,
) -> Result<Pushed, ImageError> {
    let registry = Registry::new(to, credentials);
    registry.authenticate().await?;
    let total = archive.size();
    let (done, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    let advance = |size: u64| {
        let done = done.fetch_add(size, Ordering::Relaxed) + size;
        progress(Progress { done, total });
    };
    let registry = &registry;
    let sent: Vec<bool> = stream::iter(&archive.blobs)
        .map(async |blob| {
            let sent = registry.blob(blob).await?;
            if sent {
                bytes.fetch_add(blob.size, Ordering::Relaxed);
            }
            advance(blob.size);
            Ok::<_, ImageError>(sent)
        })
        .buffer_unordered(parallel.max(1))
        .try_collect()
        .await?;
    let (root, children) =
        archive.manifests.split_last().expect("an archive is only made with a root manifest");
    for child in children {
        registry.manifest(child, &child.digest).await?;
    }
    registry.manifest(root, &to.tag).await?;
    let new = sent.iter().filter(|sent| **sent).count();
    Ok(Pushed {
        digest: root.digest.clone(),
        sent: new,
        skipped: sent.len() - new,
        bytes: bytes.into_inner(),
    })
}

struct Registry<'t> {
    client: Client,
    auth: RegistryAuth,
    to: &'t Destination,
    reference: Reference,
}

impl<'t> Registry<'t> {
    fn new(to: &'t Destination, credentials: &Credentials) -> Self {
        // The one provider of the process; if somebody was first, theirs does.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::new(ClientConfig {
            protocol: if is_loopback(&to.registry) {
                ClientProtocol::Http
            } else {
                ClientProtocol::Https
            },
            // ECR and others take a layer in one request; chunks cost a round trip each.
            use_monolithic_push: true,
            connect_timeout: Some(Duration::from_secs(10)),
            read_timeout: Some(Duration::from_mins(5)),
            user_agent: concat!("wharf/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        });
        let auth = match credentials {
            Credentials::Anonymous => RegistryAuth::Anonymous,
            Credentials::Basic { user, password } => {
                RegistryAuth::Basic(user.clone(), password.clone())
            }
        };
        Self { client, auth, to, reference: reference(to, &to.tag) }
    }

    async fn authenticate(&self) -> Result<(), ImageError> {
        self.persist(async || {
            self.client.auth(&self.reference, &self.auth, RegistryOperation::Push).await.map(drop)
        })
        .await
    }

    /// Sends a config or a layer unless the registry has it; says whether it did.
    async fn blob(&self, blob: &Blob) -> Result<bool, ImageError> {
        let has = self
            .persist(async || self.client.blob_exists(&self.reference, &blob.digest).await)
            .await?;
        if has {
            return Ok(false);
        }
        self.persist(async || self.send(blob).await).await?;
        Ok(true)
    }

    async fn send(&self, blob: &Blob) -> Result<(), OciDistributionError> {
        let Blob { digest, size, content } = blob;
        match content {
            Content::Bytes(bytes) => {
                self.client.push_blob(&self.reference, bytes.clone(), digest).await?;
            }
            Content::Slice { path, offset, .. } => {
                let mut file = File::open(path).await?;
                file.seek(SeekFrom::Start(*offset)).await?;
                let bytes = ReaderStream::with_capacity(file.take(*size), CHUNK);
                let bytes = bytes.map_err(OciDistributionError::IoError);
                self.client.push_blob_stream(&self.reference, bytes, digest, Some(*size)).await?;
            }
        }
        Ok(())
    }

    /// Puts a manifest under a tag or a digest.
    ///
    /// A digest is written where a tag goes: the URL is the same, and the client expects a tag when
    /// a registry leaves out the `Location` of the answer, as ECR does.
    async fn manifest(&self, manifest: &Manifest, name: &str) -> Result<(), ImageError> {
        let reference = reference(self.to, name);
        let media_type = HeaderValue::from_static(manifest.media_type);
        self.persist(async || {
            self.client
                .push_manifest_raw(&reference, manifest.bytes.clone(), media_type.clone())
                .await
                .map(drop)
        })
        .await
    }

    /// Repeats what may pass by itself.
    async fn persist<T>(
        &self,
        call: impl AsyncFn() -> Result<T, OciDistributionError>,
    ) -> Result<T, ImageError> {
        let mut wait = FIRST_WAIT;
        for _ in 1..ATTEMPTS {
            match call().await {
                Err(error) if passes(&error) => tokio::time::sleep(wait).await,
                other => return other.map_err(|error| self.explain(error)),
            }
            wait *= 2;
        }
        call().await.map_err(|error| self.explain(error))
    }

    fn said(&self, message: String) -> ImageError {
        ImageError::Registry { registry: self.to.registry.clone(), message }
    }

    fn unauthorized(&self) -> ImageError {
        let Destination { registry, repository, .. } = self.to.clone();
        ImageError::Unauthorized { registry, repository }
    }

    /// Explains what a registry lists as errors.
    fn listed(&self, envelope: &OciEnvelope) -> ImageError {
        let Destination { registry, repository, tag } = self.to.clone();
        let has = |code: &OciErrorCode| envelope.errors.iter().any(|one| one.code == *code);
        let said: Vec<&str> = envelope.errors.iter().map(|one| one.message.as_str()).collect();
        let said = said.join("; ");
        // ECR says it in words of its own (ECR User Guide, image tag immutability).
        if has(&OciErrorCode::TagInvalid) || said.contains("immutable") {
            ImageError::TagTaken { tag, repository }
        } else if has(&OciErrorCode::NameUnknown) {
            ImageError::NoRepository { registry, repository }
        } else if has(&OciErrorCode::Unauthorized) || has(&OciErrorCode::Denied) {
            self.unauthorized()
        } else {
            ImageError::Registry { registry, message: said }
        }
    }

    fn explain(&self, error: OciDistributionError) -> ImageError {
        match error {
            OciDistributionError::UnauthorizedError { .. }
            | OciDistributionError::AuthenticationFailure(_) => self.unauthorized(),
            OciDistributionError::RegistryError { envelope, .. } => self.listed(&envelope),
            OciDistributionError::ServerError { code, message, .. } => {
                // Some answers are only recognised as a list of errors by their body.
                match serde_json::from_str::<OciEnvelope>(&message) {
                    Ok(envelope) => self.listed(&envelope),
                    Err(_) => self.said(format!("answered {code} {message}")),
                }
            }
            OciDistributionError::RequestError(error)
                if error.status().is_some_and(|code| code == 401 || code == 403) =>
            {
                self.unauthorized()
            }
            OciDistributionError::RequestError(error) => {
                // The URL of an upload carries the registry's state: long, and of no use to people.
                let error = error.without_url();
                let mut message = error.to_string();
                let mut source = std::error::Error::source(&error);
                while let Some(deeper) = source {
                    message = format!("{message}: {deeper}");
                    source = deeper.source();
                }
                self.said(message)
            }
            other => self.said(other.to_string()),
        }
    }
}

/// Says whether a failure may pass by itself: the connection, or the registry's own trouble.
fn passes(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::RequestError(error) => {
            error.status().is_none_or(|status| status.is_server_error() || status == 429)
        }
        OciDistributionError::ServerError { code, .. } => *code >= 500 || *code == 429,
        OciDistributionError::RegistryError { envelope, .. } => {
            envelope.errors.iter().any(|one| one.code == OciErrorCode::Toomanyrequests)
        }
        _ => false,
    }
}

fn reference(to: &Destination, tag: &str) -> Reference {
    Reference::with_tag(to.registry.clone(), to.repository.clone(), tag.to_owned())
}

/// Registries on the same machine speak plain HTTP (Docker daemon reference, insecure registries).
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}
