//! The sandbox over HTTP, for the AWS CLI, boto3 or anything else that takes an endpoint.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{faults::Broken, registry, sandbox::Sandbox};

/// The most bytes a request may have.
const LARGEST: usize = 16 << 20;

/// How long open connections may take to finish once the server is to stop.
const GRACE: Duration = Duration::from_secs(2);

/// A bound server, not yet running.
#[derive(Debug)]
pub struct Server {
    sandbox: Sandbox,
    listener: TcpListener,
    addr: SocketAddr,
}

impl Sandbox {
    /// Binds an address (port 0 is any free one); the server runs once [`Server::run`] is awaited.
    ///
    /// # Errors
    ///
    /// Fails if the address cannot be bound.
    pub async fn serve(&self, addr: SocketAddr) -> io::Result<Server> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        Ok(Server { sandbox: self.clone(), listener, addr })
    }
}

impl Server {
    /// Returns the address that was bound.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` completes, then lets open connections finish what they are at.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                // A client that went away, or no free descriptor just now: keep serving.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            let sandbox = self.sandbox.clone();
            let service = service_fn(move |request| answer(sandbox.clone(), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            connections.spawn(async move {
                // A connection that breaks is the client's affair.
                let _ended = connection.await;
            });
        }
        let _all_finished = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    }
}

/// Answers a request; after an error hyper closes the connection without another word.
async fn answer(
    sandbox: Sandbox,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Broken> {
    if request.uri().path().starts_with(registry::PREFIX) {
        return Ok(registry::answer(&sandbox, request).await);
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST).collect().await else {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(response);
    };
    let request = Request::from_parts(parts, body.to_bytes());
    Ok(sandbox.try_call(request).await?.map(Full::new))
}
