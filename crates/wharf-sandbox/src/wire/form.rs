//! The form encoding of awsQuery and ec2Query.

use serde_json::{Map, Value};

/// The deepest nesting of names that is read; no request of AWS's comes near it.
const DEEPEST: usize = 32;

/// Reads `Foo.member.1.Bar=…` (awsQuery) or `Foo.1.Bar=…` (ec2Query) into nested values.
///
/// Every scalar stays text: the form does not say more.
pub(crate) fn parse(body: &[u8]) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, value) in form_urlencoded::parse(body) {
        if name.split('.').count() > DEEPEST {
            continue;
        }
        let mut place = &mut root;
        for part in name.split('.') {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let Value::Object(members) = place else { break };
            place = members.entry(part.to_owned()).or_insert(Value::Null);
        }
        *place = Value::String(value.into_owned());
    }
    lists(root)
}

/// Turns objects that only count their members into lists.
fn lists(value: Value) -> Value {
    let Value::Object(mut members) = value else { return value };
    if members.len() == 1
        && let Some(inner) = members.remove("member")
    {
        return match lists(inner) {
            Value::Array(items) => Value::Array(items),
            Value::String(text) if text.is_empty() => Value::Array(Vec::new()),
            other => Value::Array(vec![other]),
        };
    }
    let mut numbered: Vec<(u32, Value)> = Vec::new();
    let counts = !members.is_empty() && members.keys().all(|key| key.parse::<u32>().is_ok());
    if counts {
        for (key, inner) in members {
            numbered.push((key.parse().unwrap_or(0), lists(inner)));
        }
        numbered.sort_by_key(|(number, _)| *number);
        return numbered.into_iter().map(|(_, inner)| inner).collect();
    }
    members.into_iter().map(|(key, inner)| (key, lists(inner))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn deep_names_are_left_out() {
        let deep = format!("{}=1&b=2", vec!["a"; 100_000].join("."));
        assert_eq!(parse(deep.as_bytes()), json!({"b": "2"}));
    }

    #[test]
    fn member_lists_and_flat_lists_become_arrays() {
        let query = parse(b"Action=X&Names.member.2=b&Names.member.1=a&T.member.1.Key=k&Empty=");
        assert_eq!(
            query,
            json!({"Action": "X", "Names": ["a", "b"], "T": [{"Key": "k"}], "Empty": ""})
        );
        let ec2 = parse(b"Filter.1.Name=vpc-id&Filter.1.Value.1=v&GroupId.10=j&GroupId.9=i");
        assert_eq!(
            ec2,
            json!({"Filter": [{"Name": "vpc-id", "Value": ["v"]}], "GroupId": ["i", "j"]})
        );
    }
}
