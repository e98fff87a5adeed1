//! From an HTTP request to an operation and its input.

use bytes::Bytes;
use http::{Request, header::AUTHORIZATION};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{cbor, form, json, xml};
use crate::{
    error::AwsError,
    rules::{Rule, wire as rules},
    services::{self, Operation, Protocol, Service},
};

/// The header that names the operation of awsJson.
const TARGET: &str = "x-amz-target";

/// A request understood.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// The service it was signed for.
    pub(crate) service: &'static Service,
    /// How it was written, and is answered.
    pub(crate) protocol: Protocol,
    /// Whoever sent it.
    pub(crate) by: Caller,
    /// The region it was signed for.
    pub(crate) region: String,
    /// The operation.
    pub(crate) operation: &'static Operation,
    /// Its members.
    pub(crate) input: Value,
}

/// Whoever sends a request, as far as it says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    /// The access key it is signed with.
    pub(crate) key: String,
    /// The program it comes from.
    pub(crate) agent: String,
}

impl Caller {
    fn of(request: &Request<Bytes>) -> Self {
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let signed = header("authorization");
        let key = signed.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next());
        Self { key: key.unwrap_or_default().to_owned(), agent: header("user-agent") }
    }

    /// Returns the user's name: there is one for each access key.
    pub(crate) fn user(&self) -> &str {
        if self.key.is_empty() { "sandbox" } else { &self.key }
    }
}

/// A request not understood.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The service it was for, if that much is known.
    pub(crate) service: Option<&'static Service>,
    /// How it is answered.
    pub(crate) protocol: &'static Protocol,
    /// The operation it named, if any.
    pub(crate) operation: Box<str>,
    /// Why it is refused.
    pub(crate) error: AwsError,
}

impl Refused {
    fn new(service: Option<&'static Service>, operation: &str, error: AwsError) -> Self {
        let protocol = service.map_or(&Protocol::Json, |service| &service.protocol);
        Self { service, protocol, operation: operation.into(), error }
    }
}

/// What a request asks for: the operation and its members.
type Asked = (&'static Operation, Value);

/// Understands a request: service and region from its signature's scope, the rest by protocol.
pub(crate) fn parse(request: &Request<Bytes>) -> Result<Incoming, Refused> {
    let (region, name) = scope(request).map_err(|error| Refused::new(None, "", error))?;
    let Some(service) = services::find(&name) else {
        let message = format!("The sandbox does not simulate the service '{name}'.");
        let error = rules::SERVICE_SIMULATED.refuse(message);
        return Err(Refused::new(None, "", error));
    };
    // Whoever does not speak CBOR speaks awsJson 1.0 with services that do.
    let named = request.headers().contains_key(TARGET);
    let protocol = match &service.protocol {
        Protocol::Cbor if named => &Protocol::Json,
        own => own,
    };
    let read = match protocol {
        Protocol::Json => from_json(service, request),
        Protocol::Cbor => from_cbor(service, request),
        Protocol::Query { .. } | Protocol::Ec2 { .. } => from_form(service, request),
        Protocol::RestXml { .. } | Protocol::RestJson => from_rest(service, request),
    };
    let (operation, input) = read.map_err(|refused| Refused { protocol, ..refused })?;
    Ok(Incoming { service, protocol: *protocol, by: Caller::of(request), region, operation, input })
}

/// Reads region and service from the credential scope. The signature itself is not checked.
fn scope(request: &Request<Bytes>) -> Result<(String, String), AwsError> {
    let missing = || rules::AUTHENTICATED.refuse("Request is missing Authentication Token");
    let header = request.headers().get(AUTHORIZATION).ok_or_else(missing)?;
    let header = header.to_str().map_err(|_| missing())?;
    let (_, credential) = header.split_once("Credential=").ok_or_else(missing)?;
    let credential = credential.split([',', ' ']).next().unwrap_or_default();
    // The access key may hold slashes, the four parts of the scope may not: count from the end.
    let mut parts = credential.rsplit('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some(service), Some(region)) if !service.is_empty() && !region.is_empty() => {
            Ok((region.to_owned(), service.to_owned()))
        }
        _ => Err(rules::SCOPE.refuse("The credential scope is malformed.")),
    }
}

fn from_json(service: &'static Service, request: &Request<Bytes>) -> Result<Asked, Refused> {
    let target = request.headers().get(TARGET).and_then(|value| value.to_str().ok());
    let name = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default();
    let operation = by_name(service, name, &rules::OPERATION_KNOWN)?;
    let input =
        json::parse(request.body()).map_err(|error| Refused::new(Some(service), name, error))?;
    Ok((operation, input))
}

fn from_cbor(service: &'static Service, request: &Request<Bytes>) -> Result<Asked, Refused> {
    let (header, word) = cbor::PROTOCOL;
    let spoken = request.headers().get(header).and_then(|value| value.to_str().ok());
    let name = cbor::operation(request.uri().path()).filter(|_| spoken == Some(word));
    let Some(name) = name else {
        let message = "The sandbox speaks Smithy RPC v2 CBOR with this service.";
        return Err(Refused::new(Some(service), "", rules::PATH_KNOWN.refuse(message)));
    };
    let operation = by_name(service, name, &rules::OPERATION_KNOWN)?;
    let input =
        cbor::parse(request.body()).map_err(|error| Refused::new(Some(service), name, error))?;
    Ok((operation, input))
}

fn from_form(service: &'static Service, request: &Request<Bytes>) -> Result<Asked, Refused> {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let body = if request.body().is_empty() { query } else { request.body() };
    let input = form::parse(body);
    let name = input.get("Action").and_then(Value::as_str).unwrap_or_default().to_owned();
    let operation = by_name(service, &name, &rules::ACTION_KNOWN)?;
    Ok((operation, input))
}

fn by_name(
    service: &'static Service,
    name: &str,
    rule: &'static Rule,
) -> Result<&'static Operation, Refused> {
    service.operations.iter().find(|operation| operation.name == name).ok_or_else(|| {
        let message = format!(
            "The action {name} is not valid for {}: the sandbox does not simulate it.",
            service.name
        );
        Refused::new(Some(service), name, rule.refuse(message))
    })
}

fn from_rest(service: &'static Service, request: &Request<Bytes>) -> Result<Asked, Refused> {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let found = service.operations.iter().find_map(|operation| {
        let (wanted, template) = operation.route?;
        let labels = (wanted == method).then(|| labels(template, path)).flatten()?;
        Some((operation, labels))
    });
    let Some((operation, labels)) = found else {
        let message = format!("The sandbox does not simulate {method} {path}.");
        let error = rules::PATH_KNOWN.refuse(message);
        return Err(Refused::new(Some(service), "", error));
    };
    let body = match service.protocol {
        Protocol::RestJson => json::parse(request.body()),
        _ => xml::parse(request.body()),
    };
    let mut input = match body {
        Ok(Value::Object(members)) => members,
        Ok(_) => Map::new(),
        Err(error) => return Err(Refused::new(Some(service), operation.name, error)),
    };
    let query = request.uri().query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = Value::String(value.into_owned());
        match input.get_mut(&*name) {
            // A list is written as its members, one by one.
            Some(Value::Array(members)) if service.protocol == Protocol::RestJson => {
                members.push(value);
            }
            Some(first) if service.protocol == Protocol::RestJson => {
                *first = Value::Array(vec![first.take(), value]);
            }
            _ => {
                input.insert(name.into_owned(), value);
            }
        }
    }
    input.extend(labels);
    let input = Value::Object(input);
    Ok((operation, input))
}

/// Matches a path against a template such as `/2013-04-01/change/{Id}`; a final slash is ignored.
fn labels(template: &str, path: &str) -> Option<Map<String, Value>> {
    let mut labels = Map::new();
    let mut wanted = template.trim_matches('/').split('/');
    let mut given = path.trim_matches('/').split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(labels),
            (Some(want), Some(have)) => {
                if let Some(name) = want.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
                    let value = percent_decode_str(have).decode_utf8_lossy().into_owned();
                    labels.insert(name.to_owned(), Value::String(value));
                } else if want != have {
                    return None;
                }
            }
            _ => return None,
        }
    }
}
