//! Smithy RPC v2 CBOR: a path that names the operation, and bodies that are maps (Smithy specification, "Smithy
//! RPC v2 CBOR protocol").

use minicbor::data::{IanaTag, Type};
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Number, Value};

use crate::{error::AwsError, rules::wire as rules};

/// The header that says that a message is of this protocol, and its value.
pub(super) const PROTOCOL: (&str, &str) = ("smithy-protocol", "rpc-v2-cbor");
/// How deep a body may be nested; no request of AWS comes near.
const DEEPEST: usize = 64;

/// Returns the operation that a path names.
pub(super) fn operation(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once("/service/")?;
    let (_, operation) = rest.split_once("/operation/")?;
    Some(operation.trim_end_matches('/'))
}

/// Reads a body; an empty one is an empty structure.
pub(super) fn parse(body: &[u8]) -> Result<Value, AwsError> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let mut decoder = Decoder::new(body);
    let read = value(&mut decoder, 0).filter(Value::is_object);
    let whole = read.filter(|_| decoder.position() == body.len());
    whole.ok_or_else(|| rules::CBOR_MAP.refuse("The body is not a CBOR map."))
}

fn value(from: &mut Decoder<'_>, depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    Some(match from.datatype().ok()? {
        Type::Bool => from.bool().ok()?.into(),
        Type::Null | Type::Undefined => {
            from.skip().ok()?;
            Value::Null
        }
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => from.u64().ok()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => from.i64().ok()?.into(),
        Type::F16 | Type::F32 | Type::F64 => Number::from_f64(from.f64().ok()?)?.into(),
        Type::String => from.str().ok()?.into(),
        Type::StringIndef => {
            let parts: Option<String> = from.str_iter().ok()?.map(Result::ok).collect();
            parts?.into()
        }
        // A moment is its number of seconds, as in the other protocols.
        Type::Tag => {
            from.tag().ok()?;
            value(from, depth + 1)?
        }
        Type::Array | Type::ArrayIndef => {
            let mut left = from.array().ok()?;
            let mut items = Vec::new();
            while more(from, &mut left)? {
                items.push(value(from, depth + 1)?);
            }
            items.into()
        }
        Type::Map | Type::MapIndef => {
            let mut left = from.map().ok()?;
            let mut members = Map::new();
            while more(from, &mut left)? {
                let Value::String(name) = value(from, depth + 1)? else { return None };
                members.insert(name, value(from, depth + 1)?);
            }
            members.into()
        }
        _ => return None,
    })
}

/// Says whether a list or map goes on; one of no stated length ends with a break.
fn more(from: &mut Decoder<'_>, left: &mut Option<u64>) -> Option<bool> {
    match left {
        Some(0) => Some(false),
        Some(count) => {
            *count -= 1;
            Some(true)
        }
        None if from.datatype().ok()? == Type::Break => {
            from.skip().ok()?;
            Some(false)
        }
        None => Some(true),
    }
}

/// Writes a response; members that are null are left out.
pub(super) fn render(value: &Value) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    let empty = Value::Object(Map::new());
    // Writing to a vector cannot fail.
    let _infallible = write(&mut out, "", if value.is_null() { &empty } else { value });
    out.into_writer()
}

/// Writes an error.
pub(super) fn error(error: &AwsError) -> Vec<u8> {
    let mut members = error.details.clone();
    members.insert("__type".to_owned(), error.code.clone().into());
    members.insert("message".to_owned(), error.message.clone().into());
    render(&Value::Object(members))
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write(out: &mut Encoder<Vec<u8>>, name: &str, value: &Value) -> Written {
    match value {
        Value::Null => out.null()?.ok(),
        Value::Bool(it) => out.bool(*it)?.ok(),
        // What is called so is a moment in the models of all services that speak this protocol.
        Value::Number(it) if name.ends_with("Timestamp") => {
            out.tag(IanaTag::Timestamp)?.f64(it.as_f64().unwrap_or_default())?.ok()
        }
        Value::Number(it) => match (it.as_i64(), it.as_f64()) {
            (Some(whole), _) => out.i64(whole)?.ok(),
            (None, number) => out.f64(number.unwrap_or_default())?.ok(),
        },
        Value::String(it) => out.str(it)?.ok(),
        Value::Array(items) => {
            out.array(items.len() as u64)?;
            items.iter().try_for_each(|item| write(out, name, item))
        }
        Value::Object(members) => {
            let there = || members.iter().filter(|(_, inner)| !inner.is_null());
            out.map(there().count() as u64)?;
            there().try_for_each(|(name, inner)| {
                out.str(name)?;
                write(out, name, inner)
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let value = json!({"Alarms": [{"Name": "a", "Threshold": 0.5, "Periods": -3, "On": true, "None": null}]});
        let read = parse(&render(&value)).unwrap();
        assert_eq!(
            read,
            json!({"Alarms": [{"Name": "a", "Threshold": 0.5, "Periods": -3, "On": true}]})
        );
        assert_eq!(parse(&render(&Value::Null)).unwrap(), json!({}));
        assert_eq!(parse(b"").unwrap(), json!({}));
    }

    #[test]
    fn lengths_may_be_left_open_and_moments_are_seconds() {
        // {_ "a": [_ 1, (_ "b", "c")], "at": 1(1.5)}, RFC 8949 section 3.2.
        let body = b"\xbf\x61a\x9f\x01\x7f\x61b\x61c\xff\xff\x62at\xc1\xf9\x3e\x00\xff";
        assert_eq!(parse(body).unwrap(), json!({"a": [1, "bc"], "at": 1.5}));
        let out = render(&json!({"StateUpdatedTimestamp": 2}));
        assert!(out.windows(2).any(|pair| pair == [0xc1, 0xfb]), "{out:x?}");
    }

    #[test]
    fn bodies_that_are_no_map_are_refused() {
        let deep = [0x81; 2000];
        for body in
            [&b"\x01"[..], b"\xa1", b"\xa1\x01\x02", b"\xa0\x00", b"{}", &deep, b"\xbf\x61a"]
        {
            assert_eq!(parse(body).unwrap_err().rule, Some(&rules::CBOR_MAP), "{body:x?}");
        }
    }

    #[test]
    fn paths_name_operations() {
        let path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        assert_eq!(operation(path), Some("DescribeAlarms"));
        assert_eq!(operation("/"), None);
    }
}
