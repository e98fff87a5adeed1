//! Any bytes as a request, and whether the answer is one. Used by the test below and by the fuzz
//! target `wire`.
//!
//! The first line of an input says what it is for: `ecs CreateCluster`, `route53 GET /path`, or
//! after `@` the value of the header `authorization`, that of `x-amz-target` and a path, separated
//! by tabs. The rest is the body.

use bytes::Bytes;
use http::{Method, Request, Response};
use wharf_sandbox::{
    Options, Sandbox,
    services::{self, Protocol},
};

/// Makes a request of an input, if its first line can be one.
fn request(data: &[u8]) -> Option<(Option<Protocol>, Request<Bytes>)> {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let head = std::str::from_utf8(&data[..end]).ok()?;
    let body = Bytes::copy_from_slice(data.get(end + 1..).unwrap_or_default());
    if let Some(raw) = head.strip_prefix('@') {
        let mut parts = raw.split('\t');
        let (authorization, target) = (parts.next()?, parts.next().unwrap_or_default());
        let request = Request::post(parts.next().unwrap_or("/"))
            .header("authorization", authorization)
            .header("x-amz-target", target);
        return Some((None, request.body(body).ok()?));
    }
    let mut words = head.splitn(3, ' ');
    let service = services::find(words.next()?)?;
    let operation = words.next()?;
    let scope = format!("Credential=A/20260101/eu-west-1/{}/aws4_request", service.name);
    let request = Request::post("/").header("authorization", scope);
    let (request, body) = match service.protocol {
        Protocol::Cbor => {
            let path = format!("/service/Any/operation/{operation}");
            let (name, value) = ("smithy-protocol", "rpc-v2-cbor");
            (request.header(name, value).uri(path), body)
        }
        Protocol::Json => (request.header("x-amz-target", format!("Any.{operation}")), body),
        Protocol::Query { .. } | Protocol::Ec2 { .. } => {
            let mut form = format!("Action={operation}&").into_bytes();
            form.extend_from_slice(&body);
            (request, form.into())
        }
        Protocol::RestXml { .. } | Protocol::RestJson => {
            let method = Method::from_bytes(operation.as_bytes()).ok()?;
            (request.method(method).uri(words.next()?), body)
        }
    };
    Some((Some(service.protocol), request.body(body).ok()?))
}

/// Fails unless an answer is one that the protocol has.
fn check(protocol: Option<Protocol>, response: &Response<Bytes>) {
    let (status, body) = (response.status().as_u16(), response.body());
    if protocol == Some(Protocol::Cbor) {
        assert!((200..500).contains(&status), "{status}");
        let mut decoder = minicbor::Decoder::new(body);
        assert_eq!(decoder.datatype().ok(), Some(minicbor::data::Type::Map), "{body:?}");
        assert!(decoder.skip().is_ok() && decoder.position() == body.len(), "{body:?}");
        return;
    }
    let text = std::str::from_utf8(body).expect("an answer is text");
    assert!((200..500).contains(&status), "{status}: {text}");
    let kind = response.headers()["content-type"].to_str().unwrap_or_default();
    let is_json = kind.starts_with("application/");
    if let Some(protocol) = protocol {
        let wanted = matches!(protocol, Protocol::Json | Protocol::RestJson);
        assert_eq!(is_json, wanted, "{text}");
    }
    if is_json {
        let value: serde_json::Value = serde_json::from_str(text).expect("an answer is JSON");
        assert!(status < 300 || value["__type"].is_string(), "{text}");
        return;
    }
    let mut reader = quick_xml::Reader::from_str(text);
    let mut depth = 0;
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {text}")) {
            quick_xml::events::Event::Start(_) => depth += 1,
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "{text}");
    // XML has no way to write other control characters, not even escaped.
    let odd = |ch: char| ch < ' ' && !['\t', '\n', '\r'].contains(&ch);
    assert!(!text.contains(odd), "{text:?}");
    assert!(status < 300 || text.contains("<Code>"), "{text}");
}

/// Sends an input to a sandbox of its own, twice: once to an untouched world, once to what it left.
pub(crate) async fn try_input(data: &[u8]) {
    let sandbox = Sandbox::in_memory(Options::default());
    for _ in 0..2 {
        let Some((protocol, request)) = request(data) else { return };
        check(protocol, &sandbox.call(request).await);
    }
}
