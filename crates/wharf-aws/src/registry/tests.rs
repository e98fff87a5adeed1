//! A registry on the loopback interface, and what is learned from it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::client::{PATIENCE, Registries, architectures};
use crate::testing;

const INDEX: &str = r#"{"manifests": [
    {"platform": {"architecture": "arm64", "os": "linux"}},
    {"platform": {"architecture": "amd64", "os": "linux"}},
    {"platform": {"architecture": "amd64", "os": "windows"}},
    {"platform": {"architecture": "unknown", "os": "unknown"}},
    {"digest": "sha256:0"}
]}"#;

/// A registry that wants a token, with one image `app/web` under several tags.
pub(crate) struct Loopback {
    pub(crate) host: String,
    seen: Arc<Mutex<Vec<String>>>,
    stuck: Arc<Notify>,
    _server: JoinSet<()>,
}

impl Loopback {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let (seen, stuck) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Notify::new()));
        let address = host.clone();
        let (log, waiting) = (seen.clone(), stuck.clone());
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (host, seen, stuck) = (host.clone(), seen.clone(), stuck.clone());
                let service = service_fn(move |request| {
                    let (host, seen, stuck) = (host.clone(), seen.clone(), stuck.clone());
                    async move {
                        let line = format!("{} {}", request.method(), request.uri());
                        seen.lock().unwrap().push(line);
                        if request.uri().path().ends_with("/slow") {
                            stuck.notify_one();
                            std::future::pending::<()>().await;
                        }
                        Ok::<_, Infallible>(answer(&host, &request))
                    }
                });
                let io = TokioIo::new(stream);
                connections.spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(io, service),
                );
            }
        });
        Self { host: address, seen: log, stuck: waiting, _server: server }
    }

    pub(crate) fn image(&self, version: &str) -> String {
        format!("{}/app/web{version}", self.host)
    }

    /// Returns the requests since the last time.
    pub(crate) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

pub(crate) fn digest_of_index() -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(INDEX)))
}

fn answer(host: &str, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let reply = |status: StatusCode, headers: &[(&str, &str)], body: &str| {
        let mut reply = Response::builder().status(status);
        for (name, value) in headers {
            reply = reply.header(*name, *value);
        }
        let body = if *request.method() == Method::HEAD { String::new() } else { body.to_owned() };
        reply.body(Full::new(Bytes::from(body))).unwrap()
    };
    let uri = request.uri();
    if uri.path() == "/token" {
        let right = uri.query() == Some("service=test&scope=repository%3Aapp%2Fweb%3Apull");
        let (status, body) = if right {
            (StatusCode::OK, r#"{"access_token": "secret", "expires_in": 300}"#)
        } else {
            (StatusCode::BAD_REQUEST, "{}")
        };
        return reply(status, &[], body);
    }
    if uri.path() == "/v2/app/plain/manifests/v1" {
        // Somewhere that asks for a password, which nobody has given wharf.
        return reply(StatusCode::UNAUTHORIZED, &[("www-authenticate", "Basic realm=\"x\"")], "");
    }
    if request.headers().get("authorization").is_none_or(|token| token != "Bearer secret") {
        let realm = format!("Bearer realm=\"http://{host}/token\",service=\"test\"");
        return reply(StatusCode::UNAUTHORIZED, &[("www-authenticate", &realm)], "{}");
    }
    let digest = digest_of_index();
    let version = uri.path().strip_prefix("/v2/app/web/manifests/").unwrap_or_default();
    match version {
        "v1" => reply(StatusCode::OK, &[("docker-content-digest", &digest)], INDEX),
        "bare" => reply(StatusCode::OK, &[], INDEX),
        "odd" => reply(StatusCode::OK, &[("docker-content-digest", "md5:1")], INDEX),
        "moved" => {
            reply(StatusCode::TEMPORARY_REDIRECT, &[("location", "/v2/app/web/manifests/v1")], "")
        }
        "away" => reply(StatusCode::FOUND, &[("location", "http://registry.invalid/v2/")], ""),
        "round" => reply(StatusCode::FOUND, &[("location", "/v2/app/web/manifests/round")], ""),
        _ if version == digest => reply(StatusCode::OK, &[], INDEX),
        // A digest whose content is something else.
        _ if version.starts_with("sha256:") => reply(StatusCode::OK, &[], INDEX),
        _ => reply(StatusCode::NOT_FOUND, &[], r#"{"errors": [{"code": "MANIFEST_UNKNOWN"}]}"#),
    }
}

/// Long enough that only what is meant to be slow is too slow.
fn later() -> Instant {
    Instant::now() + Duration::from_mins(5)
}

#[tokio::test]
async fn a_tag_is_resolved_with_a_token_and_only_once() {
    let (registry, registries) = (Loopback::start().await, testing::registries());
    let image = registry.image(":v1");
    assert_eq!(registries.digest(&image, later()).await, Some(digest_of_index()));
    let asked = "HEAD /v2/app/web/manifests/v1";
    let token = "GET /token?service=test&scope=repository%3Aapp%2Fweb%3Apull";
    assert_eq!(registry.seen(), [asked, token, asked]);
    assert_eq!(registries.digest(&image, later()).await, Some(digest_of_index()));
    assert_eq!(registry.seen(), [""; 0]);
}

#[tokio::test]
async fn an_index_lists_its_architectures() {
    let (registry, registries) = (Loopback::start().await, testing::registries());
    let (image, digest) = (registry.image(":v1"), digest_of_index());
    assert_eq!(registries.architectures(&image, &digest, later()).await, ["amd64", "arm64"]);
    // What does not have the digest it was asked by is not believed.
    let other = format!("sha256:{}", "1".repeat(64));
    assert_eq!(registries.architectures(&image, &other, later()).await, [""; 0]);
    assert_eq!(registry.seen().last(), Some(&format!("GET /v2/app/web/manifests/{other}")));
}

#[tokio::test]
async fn registries_differ_in_how_they_say_it() {
    let (registry, registries) = (Loopback::start().await, testing::registries());
    for tag in ["moved", "bare"] {
        let found = registries.digest(&registry.image(&format!(":{tag}")), later()).await;
        assert_eq!(found, Some(digest_of_index()), "{tag}");
    }
}

#[tokio::test]
async fn what_cannot_be_resolved_stays_unresolved() {
    let (registry, registries) = (Loopback::start().await, testing::registries());
    for tag in ["gone", "odd", "away", "round"] {
        let image = registry.image(&format!(":{tag}"));
        assert_eq!(registries.digest(&image, later()).await, None, "{tag}");
        assert!(!registry.seen().is_empty(), "{tag}");
    }
    let plain = format!("{}/app/plain:v1", registry.host);
    assert_eq!(registries.digest(&plain, later()).await, None);
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(registries.digest(&format!("{closed}/app/web:v1"), later()).await, None);
}

#[tokio::test]
async fn a_slow_registry_is_given_up() {
    let (registry, registries) = (Loopback::start().await, testing::registries());
    let image = registry.image(":slow");
    let start = Instant::now();
    let asked = registries.digest(&image, start + PATIENCE);
    let clock = async {
        registry.stuck.notified().await;
        // From here on, time passes as fast as nothing else happens.
        tokio::time::pause();
    };
    let (found, ()) =
        tokio::time::timeout(Duration::from_mins(5), futures::future::join(asked, clock))
            .await
            .expect("the registry is not waited for");
    assert_eq!(found, None);
    // The answer stands: a second plan of the same run says the same, at once.
    assert_eq!(registries.digest(&image, later()).await, None);
}

#[test]
fn only_an_index_has_a_list() {
    assert_eq!(architectures(INDEX.as_bytes()), ["amd64", "arm64"]);
    for other in ["", "[]", "{\"config\": {}}", "{\"manifests\": 1}"] {
        assert_eq!(architectures(other.as_bytes()), [""; 0], "{other}");
    }
}

#[tokio::test]
async fn answers_are_kept_apart() {
    let registries: Registries = testing::registries();
    let resolved = |digest: &str| super::Resolved { digest: digest.into(), architectures: vec![] };
    let mut found = BTreeMap::new();
    for reference in ["a", "b"] {
        found.insert(
            reference,
            registries.once(reference, async || Some(resolved(reference))).await,
        );
    }
    assert_eq!(found["a"], Some(resolved("a")));
    assert_eq!(found["b"], Some(resolved("b")));
}
