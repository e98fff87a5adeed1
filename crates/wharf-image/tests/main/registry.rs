//! A registry over HTTP with basic authentication: as much of it as a push needs.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::samples::digest;

/// `AWS:let-me-in`, as HTTP Basic has it.
const BASIC: &str = "Basic QVdTOmxldC1tZS1pbg==";

#[derive(Default)]
pub(crate) struct State {
    pub(crate) blobs: BTreeMap<String, Bytes>,
    pub(crate) manifests: BTreeMap<String, Bytes>,
    /// Manifests in the order they came, by name.
    pub(crate) order: Vec<String>,
    /// Statuses of the next uploads, before they succeed.
    pub(crate) failures: VecDeque<StatusCode>,
    /// Whether tags never move.
    pub(crate) immutable: bool,
}

pub(crate) struct Registry {
    pub(crate) host: String,
    pub(crate) state: Arc<Mutex<State>>,
    /// Ends with the registry.
    _server: JoinSet<()>,
}

impl Registry {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let answer = service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, Infallible>(answer(&state, request).await) }
                });
                let serve = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                connections.spawn(serve);
            }
        });
        Self { host, state, _server: server }
    }
}

fn status(code: StatusCode) -> Response<Full<Bytes>> {
    Response::builder().status(code).body(Full::default()).unwrap()
}

fn error(code: StatusCode, name: &str, message: &str) -> Response<Full<Bytes>> {
    let body = format!(r#"{{"errors":[{{"code":"{name}","message":"{message}"}}]}}"#);
    Response::builder().status(code).body(Full::from(body)).unwrap()
}

async fn answer(state: &Mutex<State>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let known = parts.headers.get(header::AUTHORIZATION).is_some_and(|value| value == BASIC);
    if !known {
        let mut refused = error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "who are you");
        let challenge = "Basic realm=\"test\"".parse().unwrap();
        refused.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return refused;
    }
    let mut state = state.lock().unwrap();
    let path = parts.uri.path();
    if path == "/v2/" {
        return status(StatusCode::OK);
    }
    let Some(rest) = path.strip_prefix("/v2/shop/web/") else {
        return error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "no such repository");
    };
    match (&parts.method, rest.split_once('/').unwrap()) {
        (&Method::POST, ("blobs", "uploads/")) => Response::builder()
            .status(StatusCode::ACCEPTED)
            .header(header::LOCATION, "/v2/shop/web/blobs/uploads/1")
            .body(Full::default())
            .unwrap(),
        (&Method::PUT, ("blobs", _)) => {
            if let Some(failure) = state.failures.pop_front() {
                return status(failure);
            }
            let wanted = parts.uri.query().unwrap().split_once("digest=").unwrap().1;
            let wanted = wanted.replace("%3A", ":");
            if digest(&body) != wanted {
                return error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "other bytes");
            }
            state.blobs.insert(wanted.clone(), body);
            let location = format!("/v2/shop/web/blobs/{wanted}");
            let created = Response::builder().status(StatusCode::CREATED);
            created.header(header::LOCATION, location).body(Full::default()).unwrap()
        }
        (&Method::HEAD, ("blobs", name)) if state.blobs.contains_key(name) => {
            status(StatusCode::OK)
        }
        (&Method::PUT, ("manifests", name)) => {
            if state.immutable && state.manifests.contains_key(name) {
                let said = "The image tag already exists and cannot be overwritten because the repository is immutable.";
                return error(StatusCode::BAD_REQUEST, "TAG_INVALID", said);
            }
            state.order.push(name.to_owned());
            state.manifests.insert(name.to_owned(), body);
            // Without a `Location`, as ECR answers.
            status(StatusCode::CREATED)
        }
        _ => status(StatusCode::NOT_FOUND),
    }
}
