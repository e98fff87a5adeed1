//! Requests of Smithy RPC v2 CBOR, written by hand, and their answers as JSON.

#![expect(clippy::unwrap_used, reason = "a test that cannot send has failed")]

use bytes::Bytes;
use http::{Request, Response};
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Value};

/// The header that says that a message is of this protocol, and its value.
pub(crate) const PROTOCOL: (&str, &str) = ("smithy-protocol", "rpc-v2-cbor");

/// Makes a request of an operation.
pub(crate) fn request(authorization: &str, operation: &str, body: Bytes) -> Request<Bytes> {
    Request::post(format!("/service/Any/operation/{operation}"))
        .header("authorization", authorization)
        .header(PROTOCOL.0, PROTOCOL.1)
        .body(body)
        .unwrap()
}

/// Writes a body.
pub(crate) fn write(value: &Value) -> Bytes {
    let mut out = Encoder::new(Vec::new());
    write_to(&mut out, value);
    out.into_writer().into()
}

fn write_to(out: &mut Encoder<Vec<u8>>, value: &Value) {
    match value {
        Value::Null => drop(out.null().unwrap()),
        Value::Bool(it) => drop(out.bool(*it).unwrap()),
        Value::Number(it) if it.is_i64() => drop(out.i64(it.as_i64().unwrap()).unwrap()),
        Value::Number(it) => drop(out.f64(it.as_f64().unwrap()).unwrap()),
        Value::String(it) => drop(out.str(it).unwrap()),
        Value::Array(items) => {
            out.begin_array().unwrap();
            for item in items {
                write_to(out, item);
            }
            out.end().unwrap();
        }
        Value::Object(members) => {
            out.begin_map().unwrap();
            for (name, inner) in members {
                out.str(name).unwrap();
                write_to(out, inner);
            }
            out.end().unwrap();
        }
    }
}

/// Reads an answer.
pub(crate) fn read(response: &Response<Bytes>) -> Value {
    assert_eq!(response.headers()[PROTOCOL.0], PROTOCOL.1);
    assert_eq!(response.headers()["content-type"], "application/cbor");
    let mut from = Decoder::new(response.body());
    let value = read_from(&mut from);
    assert_eq!(from.position(), response.body().len(), "something follows the answer");
    value
}

fn read_from(from: &mut Decoder<'_>) -> Value {
    match from.datatype().unwrap() {
        Type::Bool => from.bool().unwrap().into(),
        Type::F64 => from.f64().unwrap().into(),
        Type::String => from.str().unwrap().into(),
        Type::Tag => {
            from.tag().unwrap();
            read_from(from)
        }
        Type::Array => (0..from.array().unwrap().unwrap()).map(|_| read_from(from)).collect(),
        Type::Map => {
            let count = from.map().unwrap().unwrap();
            let members = (0..count).map(|_| (from.str().unwrap().to_owned(), read_from(from)));
            members.collect::<Map<_, _>>().into()
        }
        _ => from.i64().unwrap().into(),
    }
}
