//! Requests by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot send has failed")]

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use wharf_sandbox::{Options, Sandbox};

use crate::cbor;

/// A sandbox in memory with the seeds.
pub(crate) fn sandbox() -> Sandbox {
    Sandbox::in_memory(Options::default())
}

/// A response taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The body of a success as JSON.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()
    }

    /// The error code of a JSON error.
    pub(crate) fn code(&self) -> String {
        assert_ne!(self.status, 200, "{}", self.body);
        self.json()["__type"].as_str().unwrap().to_owned()
    }

    /// The text of the first element of this name in an XML body.
    pub(crate) fn element(&self, name: &str) -> String {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let after = self.body.split_once(&open).unwrap_or_else(|| panic!("{name}: {}", self.body));
        after.1.split_once(&close).unwrap().0.to_owned()
    }

    /// The texts of all elements of this name in an XML body.
    pub(crate) fn elements(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        self.body
            .split(&open)
            .skip(1)
            .map(|rest| rest.split_once(&close).unwrap().0.to_owned())
            .collect()
    }
}

/// The header that names service and region.
pub(crate) fn authorization(service: &str, region: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=00"
    )
}

/// Sends an awsJson request, or one of Smithy RPC v2 CBOR where the service speaks that.
pub(crate) async fn json(
    sandbox: &Sandbox,
    service: &str,
    operation: &str,
    input: Value,
) -> Answer {
    if service == "monitoring" {
        let authorization = authorization(service, "eu-west-1");
        let request = cbor::request(&authorization, operation, cbor::write(&input));
        return send(sandbox, request).await;
    }
    let request = Request::post("/")
        .header("authorization", authorization(service, "eu-west-1"))
        .header("x-amz-target", format!("Any_1.{operation}"))
        .body(Bytes::from(input.to_string()))
        .unwrap();
    send(sandbox, request).await
}

/// Sends an awsQuery or ec2Query request; `form` is the rest of the body.
pub(crate) async fn query(sandbox: &Sandbox, service: &str, operation: &str, form: &str) -> Answer {
    let request = Request::post("/")
        .header("authorization", authorization(service, "eu-west-1"))
        .body(Bytes::from(format!("Action={operation}&Version=x&{form}")))
        .unwrap();
    send(sandbox, request).await
}

/// Sends a restXml request to Route 53.
pub(crate) async fn rest(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> Answer {
    rest_of(sandbox, "route53", method, path, body).await
}

/// Sends a request of one of the REST protocols.
pub(crate) async fn rest_of(
    sandbox: &Sandbox,
    service: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Answer {
    let region = if service == "route53" { "us-east-1" } else { "eu-west-1" };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", authorization(service, region))
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    send(sandbox, request).await
}

/// Sends any request.
pub(crate) async fn send(sandbox: &Sandbox, request: Request<Bytes>) -> Answer {
    let response = sandbox.call(request).await;
    let status = response.status().as_u16();
    if response.headers().contains_key(cbor::PROTOCOL.0) {
        return Answer { status, body: cbor::read(&response).to_string() };
    }
    let body = String::from_utf8(response.into_body().to_vec()).unwrap();
    Answer { status, body }
}
