//! From an operation's result to an HTTP response.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};

use super::{
    cbor, json,
    xml::{self, Lists},
};
use crate::{
    error::{AwsError, Fault},
    services::Protocol,
};

/// What is to be written.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// How it is written; as JSON if the request was not understood.
    pub(crate) protocol: Protocol,
    /// The operation's name.
    pub(crate) operation: String,
    /// The request's id.
    pub(crate) request_id: String,
    /// The members of the response, or the error.
    pub(crate) result: Result<Value, AwsError>,
    /// Another status than 200 for a success.
    pub(crate) status: Option<u16>,
    /// Further headers.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Outcome {
    /// Returns the HTTP status of the response.
    pub(crate) fn status(&self) -> u16 {
        match &self.result {
            Ok(_) => self.status.unwrap_or(200),
            Err(error) => error.status,
        }
    }
}

/// Writes a response.
pub(crate) fn render(outcome: Outcome) -> Response<Bytes> {
    let protocol = outcome.protocol;
    let id = outcome.request_id.as_str();
    let status = outcome.status();
    let mut error_type = None;
    let body = match outcome.result {
        Ok(value) => success(protocol, &outcome.operation, id, value),
        Err(error) => {
            let body = failure(protocol, id, &error);
            error_type = Some(error.code);
            body
        }
    };
    let content_type = match protocol {
        Protocol::Json => "application/x-amz-json-1.1",
        Protocol::RestJson => "application/json",
        Protocol::Cbor => "application/cbor",
        _ => "text/xml",
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    put("x-amzn-requestid", id);
    if let (Protocol::Json | Protocol::RestJson, Some(code)) = (protocol, error_type) {
        put("x-amzn-errortype", &code);
    }
    if protocol == Protocol::Cbor {
        let (name, value) = cbor::PROTOCOL;
        put(name, value);
    }
    for (name, value) in &outcome.headers {
        put(name, value);
    }
    response
}

fn success(protocol: Protocol, operation: &str, id: &str, value: Value) -> Vec<u8> {
    let root = format!("{operation}Response");
    match protocol {
        Protocol::Json | Protocol::RestJson => json::render(value),
        Protocol::Cbor => cbor::render(&value),
        Protocol::Query { xmlns } => {
            let members = json!({"ResponseMetadata": {"RequestId": id}});
            document(&root, xmlns, |out| {
                let result = format!("{operation}Result");
                xml::open(out, &result);
                xml::write(out, &value, Lists::Wrapped("member"));
                xml::close(out, &result);
                xml::write(out, &members, Lists::Repeated);
            })
        }
        Protocol::Ec2 { xmlns } => document(&root, xmlns, |out| {
            xml::write(out, &json!({"requestId": id}), Lists::Repeated);
            xml::write(out, &value, Lists::Wrapped("item"));
        }),
        Protocol::RestXml { xmlns } => {
            document(&root, xmlns, |out| xml::write(out, &value, Lists::Repeated))
        }
    }
}

fn failure(protocol: Protocol, id: &str, error: &AwsError) -> Vec<u8> {
    let kind = match error.fault {
        Fault::Sender => "Sender",
        Fault::Receiver => "Receiver",
    };
    let mut members = Map::new();
    members.insert("Code".to_owned(), error.code.clone().into());
    members.insert("Message".to_owned(), error.message.clone().into());
    match protocol {
        Protocol::Json => json::error(error),
        Protocol::Cbor => cbor::error(error),
        Protocol::RestJson => json::rest_error(error),
        Protocol::Query { xmlns } | Protocol::RestXml { xmlns } => {
            members.insert("Type".to_owned(), kind.into());
            members.extend(error.details.clone());
            let value = json!({"Error": members, "RequestId": id});
            document("ErrorResponse", xmlns, |out| xml::write(out, &value, Lists::Repeated))
        }
        Protocol::Ec2 { .. } => {
            let value = json!({"Errors": {"Error": members}, "RequestID": id});
            document("Response", "", |out| xml::write(out, &value, Lists::Repeated))
        }
    }
}

fn document(root: &str, xmlns: &str, content: impl FnOnce(&mut String)) -> Vec<u8> {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<");
    out.push_str(root);
    if !xmlns.is_empty() {
        out.push_str(" xmlns=\"");
        out.push_str(xmlns);
        out.push('"');
    }
    out.push('>');
    content(&mut out);
    xml::close(&mut out, root);
    out.into_bytes()
}
