//! The registry behind ECR: what `docker push` and others talk to, on the port of the served sandbox.
//!
//! As much of the OCI Distribution Specification 1.1 as pushing and pulling need, with basic
//! authentication as ECR has it (ECR User Guide, private registry authentication). The bytes of blobs
//! are kept in files; manifests are part of the world, where ECR's API finds them.

mod blobs;
mod manifests;

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde_json::json;

pub(crate) use blobs::Blobs;

use crate::sandbox::Sandbox;

/// What begins the path of every request to a registry.
pub(crate) const PREFIX: &str = "/v2/";
/// The user of every token (ECR API reference, `GetAuthorizationToken`).
const USER: &str = "AWS";
/// What the sandbox's passwords begin with; the region follows, since one port serves all of them.
const PASSWORD: &str = "sandbox-";
/// Largest manifest (OCI Distribution Specification, pushing manifests).
const MANIFEST_LIMIT: usize = 4 << 20;

type Answer = Response<Full<Bytes>>;

/// An error as registries write it (OCI Distribution Specification, error codes).
struct Refusal(StatusCode, &'static str, String);

impl Refusal {
    fn unknown_blob(digest: &str) -> Self {
        Self(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", format!("no blob {digest}"))
    }

    fn disk(error: &std::io::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", format!("the sandbox's disk: {error}"))
    }
}

/// Returns the authorization token of a region: `AWS:password`, in base64.
pub(crate) fn token(region: &str) -> String {
    BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}{region}"))
}

/// Reads the region out of the header that carries a token.
fn region(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = BASE64_STANDARD.decode(value.strip_prefix("Basic ")?.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let region = text.strip_prefix(USER)?.strip_prefix(':')?.strip_prefix(PASSWORD)?;
    Some(region.to_owned())
}

/// Answers a request whose path begins with [`PREFIX`].
pub(crate) async fn answer(sandbox: &Sandbox, request: Request<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    let Some(region) = region(&parts) else {
        let mut refused =
            refuse(&Refusal(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Not Authorized".to_owned()));
        let challenge = HeaderValue::from_static("Basic realm=\"wharf sandbox\"");
        refused.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return refused;
    };
    let route = Route { sandbox, region, blobs: Arc::clone(&sandbox.blobs) };
    route.answer(&parts, body).await.unwrap_or_else(|refusal| refuse(&refusal))
}

fn refuse(Refusal(status, code, message): &Refusal) -> Answer {
    let body = json!({"errors": [{"code": code, "message": message}]}).to_string();
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = *status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

struct Route<'s> {
    sandbox: &'s Sandbox,
    region: String,
    blobs: Arc<Blobs>,
}

impl Route<'_> {
    async fn answer(&self, parts: &Parts, body: Incoming) -> Result<Answer, Refusal> {
        let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
        if path.is_empty() {
            return Ok(empty(StatusCode::OK, &[]));
        }
        if let Some((name, upload)) = path.split_once("/blobs/uploads/") {
            return self.upload(parts, name, upload, body).await;
        }
        if let Some((name, digest)) = path.rsplit_once("/blobs/") {
            self.repository(name)?;
            return self.blob(&parts.method, digest);
        }
        if let Some((name, reference)) = path.rsplit_once("/manifests/") {
            self.repository(name)?;
            return match parts.method {
                Method::PUT => self.put_manifest(parts, name, reference, body).await,
                Method::GET | Method::HEAD => self.manifest(&parts.method, name, reference),
                _ => Err(unsupported()),
            };
        }
        Err(unsupported())
    }

    /// Refuses a repository that nobody made: ECR makes none by itself.
    fn repository(&self, name: &str) -> Result<(), Refusal> {
        let known = self
            .sandbox
            .with_world(|world| world.region(&self.region).ecr.repositories.contains_key(name));
        if known {
            return Ok(());
        }
        Err(Refusal(
            StatusCode::NOT_FOUND,
            "NAME_UNKNOWN",
            format!("The repository with name '{name}' does not exist in the registry"),
        ))
    }

    async fn upload(
        &self,
        parts: &Parts,
        name: &str,
        id: &str,
        body: Incoming,
    ) -> Result<Answer, Refusal> {
        self.repository(name)?;
        let digest = query(parts, "digest");
        match (&parts.method, id) {
            (&Method::POST, "") => {
                let id = self.blobs.begin().map_err(|error| Refusal::disk(&error))?;
                if let Some(digest) = digest {
                    self.blobs.append(&id, body).await?;
                    self.blobs.finish(&id, &digest)?;
                    return Ok(created(name, &digest));
                }
                let location = format!("{PREFIX}{name}/blobs/uploads/{id}");
                Ok(empty(StatusCode::ACCEPTED, &[(header::LOCATION, &location)]))
            }
            (&Method::PATCH, id) => {
                let size = self.blobs.append(id, body).await?;
                let location = format!("{PREFIX}{name}/blobs/uploads/{id}");
                let range = format!("0-{}", size.saturating_sub(1));
                let headers = [(header::LOCATION, &*location), (header::RANGE, &*range)];
                Ok(empty(StatusCode::ACCEPTED, &headers))
            }
            (&Method::PUT, id) => {
                let digest = digest.ok_or_else(|| {
                    let message = "the digest is missing".to_owned();
                    Refusal(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
                })?;
                self.blobs.append(id, body).await?;
                self.blobs.finish(id, &digest)?;
                Ok(created(name, &digest))
            }
            _ => Err(unsupported()),
        }
    }

    fn blob(&self, method: &Method, digest: &str) -> Result<Answer, Refusal> {
        let path = self.blobs.find(digest).ok_or_else(|| Refusal::unknown_blob(digest))?;
        let size = std::fs::metadata(&path).map_err(|error| Refusal::disk(&error))?.len();
        let body = match *method {
            Method::GET => std::fs::read(&path).map_err(|error| Refusal::disk(&error))?.into(),
            Method::HEAD => Bytes::new(),
            _ => return Err(unsupported()),
        };
        Ok(content(body, size, "application/octet-stream", digest))
    }

    fn manifest(&self, method: &Method, name: &str, reference: &str) -> Result<Answer, Refusal> {
        let found = self
            .sandbox
            .with_world(|world| manifests::find(world.region(&self.region), name, reference));
        let (digest, image) = found.ok_or_else(|| {
            let message = format!("Requested image '{reference}' not found");
            Refusal(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", message)
        })?;
        let size = image.manifest.len() as u64;
        let body = if *method == Method::GET { image.manifest.into() } else { Bytes::new() };
        Ok(content(body, size, &image.media_type, &digest))
    }

    async fn put_manifest(
        &self,
        parts: &Parts,
        name: &str,
        reference: &str,
        body: Incoming,
    ) -> Result<Answer, Refusal> {
        let body = Limited::new(body, MANIFEST_LIMIT).collect().await.map_err(|_| {
            let message = "the manifest is too large, or did not arrive whole".to_owned();
            Refusal(StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID", message)
        })?;
        let media_type =
            parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let image = manifests::read(&self.blobs, &body.to_bytes(), media_type)?;
        let digest = self
            .sandbox
            .with_world(|world| manifests::store(world, &self.region, name, reference, image))?;
        // ECR leaves the `Location` out.
        Ok(empty(StatusCode::CREATED, &[(DIGEST, &digest)]))
    }
}

/// Carries the digest of what was asked for.
const DIGEST: header::HeaderName = header::HeaderName::from_static("docker-content-digest");

fn unsupported() -> Refusal {
    let message = "the sandbox's registry only pushes and pulls".to_owned();
    Refusal(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
}

fn query(parts: &Parts, key: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(parts.uri.query()?.as_bytes());
    pairs.into_iter().find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

fn empty(status: StatusCode, headers: &[(header::HeaderName, &str)]) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name.clone(), value);
        }
    }
    answer
}

fn created(name: &str, digest: &str) -> Answer {
    let location = format!("{PREFIX}{name}/blobs/{digest}");
    empty(StatusCode::CREATED, &[(header::LOCATION, &location), (DIGEST, digest)])
}

fn content(body: Bytes, size: u64, media_type: &str, digest: &str) -> Answer {
    let size = size.to_string();
    let headers =
        [(header::CONTENT_TYPE, media_type), (header::CONTENT_LENGTH, &*size), (DIGEST, digest)];
    let mut answer = empty(StatusCode::OK, &headers);
    *answer.body_mut() = Full::new(body);
    answer
}
