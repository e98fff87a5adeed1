//! XML in both directions, as far as the AWS protocols use it (no attributes).

use quick_xml::{
    Reader,
    escape::{escape, resolve_predefined_entity},
    events::Event,
};
use serde_json::{Map, Value};

use crate::{error::AwsError, rules::wire as rules};

/// The deepest nesting of elements that is read; no request of AWS's comes near it.
const DEEPEST: usize = 32;

/// How the members of a list are written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lists {
    /// Each in an element of this name, inside the list's element.
    Wrapped(&'static str),
    /// Each in an element named like the list.
    Repeated,
}

/// Appends the members of an object as elements; null members are left out.
pub(crate) fn write(out: &mut String, members: &Value, lists: Lists) {
    let Value::Object(members) = members else { return };
    for (name, value) in members {
        match (value, lists) {
            (Value::Null, _) => {}
            (Value::Array(items), Lists::Repeated) => {
                for item in items {
                    element(out, name, item, lists);
                }
            }
            (Value::Array(items), Lists::Wrapped(member)) => {
                open(out, name);
                for item in items {
                    element(out, member, item, lists);
                }
                close(out, name);
            }
            _ => element(out, name, value, lists),
        }
    }
}

fn element(out: &mut String, name: &str, value: &Value, lists: Lists) {
    open(out, name);
    match value {
        Value::Object(_) => write(out, value, lists),
        Value::String(text) => out.push_str(&escape(text.replace(is_unwritable, "\u{fffd}"))),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::Null | Value::Array(_) => {}
    }
    close(out, name);
}

/// Says whether XML cannot hold a character, not even escaped (XML 1.0, section 2.2).
fn is_unwritable(ch: char) -> bool {
    (ch < ' ' && !['\t', '\n', '\r'].contains(&ch)) || ['\u{fffe}', '\u{ffff}'].contains(&ch)
}

/// Appends an opening tag.
pub(crate) fn open(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

/// Appends a closing tag.
pub(crate) fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Reads the children of a document's root element; repeated elements become lists.
pub(crate) fn parse(body: &[u8]) -> Result<Value, AwsError> {
    let broken = || rules::XML_FORM.refuse("The body is not well-formed XML.");
    let text = std::str::from_utf8(body).map_err(|_| broken())?;
    if text.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let mut reader = Reader::from_str(text);
    // One entry per open element: its name, its text, its children.
    let mut stack: Vec<(String, String, Map<String, Value>)> = Vec::new();
    loop {
        match reader.read_event().map_err(|_| broken())? {
            Event::Start(_) if stack.len() >= DEEPEST => return Err(broken()),
            Event::Start(tag) => {
                let name = tag.local_name();
                let name = String::from_utf8_lossy(name.as_ref().as_ref()).into_owned();
                stack.push((name, String::new(), Map::new()));
            }
            Event::Empty(tag) => {
                let name = tag.local_name();
                let name = String::from_utf8_lossy(name.as_ref().as_ref()).into_owned();
                let Some((_, _, children)) = stack.last_mut() else {
                    return Ok(Value::Object(Map::new()));
                };
                add(children, name, Value::String(String::new()));
            }
            Event::Text(piece) => {
                if let Some((_, text, _)) = stack.last_mut() {
                    text.push_str(&piece.html_content());
                }
            }
            Event::CData(piece) => {
                if let Some((_, text, _)) = stack.last_mut() {
                    text.push_str(&piece.html_content());
                }
            }
            Event::GeneralRef(reference) => {
                let Some((_, text, _)) = stack.last_mut() else { return Err(broken()) };
                if let Some(ch) = reference.resolve_char_ref().map_err(|_| broken())? {
                    text.push(ch);
                } else {
                    let name = reference.html_content();
                    text.push_str(resolve_predefined_entity(&name).ok_or_else(broken)?);
                }
            }
            Event::End(_) => {
                let (name, text, children) = stack.pop().ok_or_else(broken)?;
                let value =
                    if children.is_empty() { Value::String(text) } else { Value::Object(children) };
                match stack.last_mut() {
                    Some((_, _, parent)) => add(parent, name, value),
                    None if value.is_object() => return Ok(value),
                    None => return Ok(Value::Object(Map::new())),
                }
            }
            Event::Eof => return Err(broken()),
            _ => {}
        }
    }
}

fn add(children: &mut Map<String, Value>, name: String, value: Value) {
    match children.get_mut(&name) {
        None => {
            children.insert(name, value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Lists, parse, write};

    #[test]
    fn reads_nested_repeated_and_escaped_elements() {
        let body = b"<?xml version=\"1.0\"?><R xmlns=\"urn:x\"><A><B>1</B><B>a&amp;&#98;</B></A>\
            <C/></R>";
        assert_eq!(parse(body).unwrap(), json!({"A": {"B": ["1", "a&b"]}, "C": ""}));
        assert!(parse(b"<R><A></R>").is_err());
        assert!(parse(b"<R>").is_err());
        assert!(parse("<R>".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn writes_lists_in_both_forms() {
        let value = json!({"A": [1, {"B": "<"}], "N": null, "T": true});
        let mut wrapped = String::new();
        write(&mut wrapped, &value, Lists::Wrapped("member"));
        assert_eq!(wrapped, "<A><member>1</member><member><B>&lt;</B></member></A><T>true</T>");
        let mut repeated = String::new();
        write(&mut repeated, &value, Lists::Repeated);
        assert_eq!(repeated, "<A>1</A><A><B>&lt;</B></A><T>true</T>");
    }
}
