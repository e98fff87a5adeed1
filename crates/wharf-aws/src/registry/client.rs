//! The few requests that resolve a tag (OCI Distribution Specification 1.1, pulling manifests).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::challenge::Challenge;
use super::reference::Reference;

/// How long a plan waits for registries.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// Largest body that is read; registries take no larger manifest either (OCI Distribution
/// Specification, pushing manifests).
const BODY_LIMIT: usize = 4 << 20;
/// Most redirects that are followed.
const REDIRECTS: usize = 3;
/// What a manifest may be.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";
/// Carries the digest of a manifest.
const DIGEST: &str = "docker-content-digest";

/// What a reference stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// `sha256:…` of the index, or of the manifest if there is no index.
    pub(crate) digest: String,
    /// Architectures of the index; empty when unknown.
    pub(crate) architectures: Vec<String>,
}

/// Asks registries, anonymously. Whatever one of them answered stands for the whole run, no answer
/// too: otherwise two plans of one apply could disagree.
pub(crate) struct Registries {
    connector: OnceLock<SharedHttpConnector>,
    proxy: ProxyConfig,
    images: Once<Option<Resolved>>,
    platforms: Once<Vec<String>>,
    /// Tokens by host and name.
    tokens: Mutex<BTreeMap<String, String>>,
}

impl fmt::Debug for Registries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registries")
    }
}

/// A response that was read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Registries {
    /// Nothing is connected to, and no certificates are loaded, before the first question.
    pub(crate) fn new(proxy: ProxyConfig) -> Self {
        Self {
            connector: OnceLock::new(),
            proxy,
            images: Once::default(),
            platforms: Once::default(),
            tokens: Mutex::default(),
        }
    }

    /// Returns what `reference` was resolved to, resolving it with `make` the first time.
    pub(crate) async fn once(
        &self,
        reference: &str,
        make: impl AsyncFnOnce() -> Option<Resolved>,
    ) -> Option<Resolved> {
        self.images.get(reference, make).await
    }

    /// Returns the digest of `reference`, without its architectures.
    ///
    /// Only the header is asked for: Docker Hub counts reading a manifest as a pull, and anonymous
    /// ones are few (Docker Hub documentation, usage and limits).
    pub(crate) async fn digest(&self, reference: &str, deadline: Instant) -> Option<String> {
        let ask = async || {
            let image = Reference::parse(reference);
            let digest = timeout_at(deadline, self.look_up(&image)).await.ok()??;
            Some(Resolved { digest, architectures: Vec::new() })
        };
        Some(self.once(reference, ask).await?.digest)
    }

    /// Returns the architectures `digest` offers in the place `reference` names; empty when unknown.
    pub(crate) async fn architectures(
        &self,
        reference: &str,
        digest: &str,
        deadline: Instant,
    ) -> Vec<String> {
        let pinned = Reference::pinned(reference, digest);
        let ask = async || {
            let image = Reference::parse(&pinned);
            let read = timeout_at(deadline, self.manifest(Method::GET, &image)).await;
            let answer = read.ok().flatten().filter(|answer| hash(&answer.body) == digest);
            answer.map(|answer| architectures(&answer.body)).unwrap_or_default()
        };
        self.platforms.get(&pinned, ask).await
    }

    async fn look_up(&self, image: &Reference) -> Option<String> {
        let answer = self.manifest(Method::HEAD, image).await?;
        if let Some(digest) = answer.header(DIGEST) {
            return is_digest(digest).then(|| digest.to_owned());
        }
        // The header is optional; the digest is the hash of the bytes.
        let answer = self.manifest(Method::GET, image).await?;
        Some(hash(&answer.body))
    }

    /// Asks for a manifest, with a token if the registry wants one.
    async fn manifest(&self, method: Method, image: &Reference) -> Option<Answer> {
        let Reference { host, name, version } = image;
        let scheme = if is_loopback(host) { "http" } else { "https" };
        let url: Uri = format!("{scheme}://{host}/v2/{name}/manifests/{version}").parse().ok()?;
        let place = format!("{host}/{name}");
        let known = lock(&self.tokens).get(&place).cloned();
        let mut answer = self.send(&method, &url, known.as_deref()).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            let challenge = Challenge::parse(answer.header(header::WWW_AUTHENTICATE)?)?;
            let token = self.token(&challenge, &url, name).await?;
            answer = self.send(&method, &url, Some(&token)).await?;
            lock(&self.tokens).insert(place, token);
        }
        (answer.status == StatusCode::OK).then_some(answer)
    }

    async fn token(&self, challenge: &Challenge, from: &Uri, name: &str) -> Option<String> {
        /// Registries use either name (Distribution registry, token authentication).
        #[derive(Deserialize)]
        struct Token {
            token: Option<String>,
            access_token: Option<String>,
        }
        let url: Uri = challenge.token_url(name).parse().ok()?;
        if !may_lead(from, &url) {
            return None;
        }
        let answer = self.send(&Method::GET, &url, None).await?;
        if answer.status != StatusCode::OK {
            return None;
        }
        let token: Token = serde_json::from_slice(&answer.body).ok()?;
        token.token.or(token.access_token)
    }

    /// Sends a request and follows redirects. The token stays with the host it is for.
    async fn send(&self, method: &Method, url: &Uri, token: Option<&str>) -> Option<Answer> {
        let mut at = url.clone();
        for _ in 0..=REDIRECTS {
            let token = token.filter(|_| at.authority() == url.authority());
            let answer = self.exchange(method, &at, token).await?;
            if !answer.status.is_redirection() {
                return Some(answer);
            }
            let next = follow(&at, answer.header(header::LOCATION)?)?;
            if !may_lead(&at, &next) {
                return None;
            }
            at = next;
        }
        None
    }

    async fn exchange(&self, method: &Method, url: &Uri, token: Option<&str>) -> Option<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header(header::ACCEPT, ACCEPT)
            .header(header::USER_AGENT, concat!("wharf/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = HttpRequest::try_from(request.body(SdkBody::empty()).ok()?).ok()?;
        let response = self.connector().call(request).await.ok()?.try_into_http1x().ok()?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, BODY_LIMIT).collect().await.ok()?.to_bytes();
        Some(Answer { status: parts.status, headers: parts.headers, body })
    }

    fn connector(&self) -> &SharedHttpConnector {
        self.connector.get_or_init(|| {
            let connector = aws_smithy_http_client::Connector::builder()
                .proxy_config(self.proxy.clone())
                .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
                .build();
            SharedHttpConnector::new(connector)
        })
    }
}

/// Says whether a registry may send wharf from one address to another: never out of encryption.
fn may_lead(from: &Uri, to: &Uri) -> bool {
    to.scheme_str() == Some("https")
        || (from.scheme_str() == Some("http")
            && to.scheme_str() == Some("http")
            && to.authority().is_some_and(|to| is_loopback(to.as_str())))
}

/// Registries on the same machine speak plain HTTP (Docker daemon reference, insecure registries).
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// Returns where a `Location` leads, seen from `at`.
fn follow(at: &Uri, location: &str) -> Option<Uri> {
    if location.starts_with('/') && !location.starts_with("//") {
        return format!("{}://{}{location}", at.scheme_str()?, at.authority()?).parse().ok();
    }
    location.parse().ok()
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

fn hash(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// Lists the Linux architectures of an index, sorted; none for anything else. Attestations are
/// entries of an unknown platform (OCI Image Format Specification, image index).
pub(crate) fn architectures(manifest: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Index {
        #[serde(default)]
        manifests: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        platform: Option<Platform>,
    }
    #[derive(Deserialize)]
    struct Platform {
        architecture: String,
        os: String,
    }
    let Ok(index) = serde_json::from_slice::<Index>(manifest) else { return Vec::new() };
    let platforms = index.manifests.into_iter().filter_map(|entry| entry.platform);
    let linux = platforms.filter(|platform| platform.os == "linux");
    let mut found: Vec<String> = linux.map(|platform| platform.architecture).collect();
    found.sort();
    found.dedup();
    found
}

/// Answers by question; each is asked for once.
struct Once<T>(Mutex<BTreeMap<String, Arc<OnceCell<T>>>>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Once<T> {
    async fn get(&self, key: &str, make: impl AsyncFnOnce() -> T) -> T {
        let cell = Arc::clone(lock(&self.0).entry(key.to_owned()).or_default());
        cell.get_or_init(async || make().await).await.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
