//! The JSON Schema of the spec, made from the description of the format.
//!
//! Draft 7, which is what yaml-language-server reads ("Supports JSON Schema 7 and below", its README).
//! What stands under a service, a job or an environment may be `null`, which removes what the defaults or
//! the base say, and may be a part that these complete; so each map has a strict and a loose definition.

use serde_json::{Map as Object, Value, json};
use wharf_spec::describe::{self, Key, Map, Shape};

/// Returns the schema.
pub(crate) fn document() -> Value {
    let mut definitions = Object::new();
    for map in describe::maps() {
        for loose in [false, true] {
            definitions.insert(name(map, loose), object(map, loose));
        }
    }
    let mut schema = object(describe::ROOT, false);
    definitions.retain(|name, _| name != "spec" && name != "spec_part");
    let used = used(&definitions, &schema);
    definitions.retain(|name, _| used.contains(name));
    if let Some(root) = schema.as_object_mut() {
        root.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        root.insert("title".to_owned(), json!("wharf.yaml"));
        root.insert("description".to_owned(), json!("A stack of containers on AWS, for wharf"));
        root.insert("definitions".to_owned(), Value::Object(definitions));
    }
    schema
}

/// Returns the definitions that can be reached.
fn used(definitions: &Object<String, Value>, root: &Value) -> std::collections::BTreeSet<String> {
    let mut found = std::collections::BTreeSet::new();
    let mut queue = vec![root];
    while let Some(value) = queue.pop() {
        match value {
            Value::Object(map) => {
                let name =
                    map.get("$ref").and_then(Value::as_str).and_then(|at| at.rsplit('/').next());
                if let Some(name) = name
                    && found.insert(name.to_owned())
                {
                    queue.extend(definitions.get(name));
                }
                queue.extend(map.values());
            }
            Value::Array(items) => queue.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

fn name(map: &Map, loose: bool) -> String {
    if loose { format!("{}_part", map.id) } else { map.id.to_owned() }
}

fn object(map: &Map, loose: bool) -> Value {
    let mut properties = Object::new();
    let mut required = Vec::new();
    for key in map.keys {
        let described = property(map, key, loose);
        if key.name == "env" {
            let mut other = described.clone();
            other["description"] = json!("Another name for `env`; `wharf fmt` writes `env`");
            properties.insert("environment".to_owned(), other);
        }
        properties.insert(key.name.to_owned(), described);
        if key.required && !loose {
            required.push(key.name);
        }
    }
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn property(map: &Map, key: &Key, loose: bool) -> Value {
    // Defaults complete what stands under these, and an environment completes nothing but itself.
    let inside =
        loose || matches!(key.name, "services" | "jobs" | "defaults" | "release" | "environments");
    let mut value = shape(&key.shape, inside);
    if loose {
        value = json!({ "anyOf": [value, { "type": "null" }] });
    } else if value.get("$ref").is_some() {
        // What stands beside a reference is not read in this draft.
        value = json!({ "allOf": [value] });
    }
    let without = match (key.default, key.why) {
        (_, "") if map.id == "spec" => String::new(),
        (_, "" | "see there") => String::new(),
        ("", why) => format!(". Without it: {why}"),
        (default, why) => format!(". Default: {default}, {why}"),
    };
    value["title"] = json!(key.name);
    value["description"] = json!(format!("{}{without}.", key.about));
    if !key.default.is_empty() {
        value["default"] = parse(key.default);
    }
    if !key.examples.is_empty() {
        value["examples"] = key.examples.iter().map(|example| parse(example)).collect();
    }
    value
}

/// Reads a value of the description; a word that is no JSON is a text.
fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn shape(shape: &Shape, loose: bool) -> Value {
    match shape {
        Shape::Text => json!({ "type": ["string", "integer"] }),
        Shape::Match(pattern) => json!({ "type": "string", "pattern": pattern }),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Whole(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Shape::Number([]) => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Shape::Number(choices) => {
            json!({ "enum": choices.iter().map(|choice| parse(choice)).collect::<Vec<_>>() })
        }
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Duration => json!({ "type": "string", "pattern": "^[0-9]+[smhd]$" }),
        Shape::Size => json!({ "type": "string", "pattern": "^[0-9.]+(MB|GB|MiB|GiB)$" }),
        Shape::Percent(low, high) => json!({ "anyOf": [
            { "type": "integer", "minimum": low, "maximum": high },
            { "type": "string", "pattern": "^[0-9]+%$" },
        ] }),
        Shape::List(inner) => json!({ "type": "array", "items": self::shape(inner, false) }),
        Shape::Map(map) => json!({ "$ref": format!("#/definitions/{}", name(map, loose)) }),
        Shape::Named(inner) => {
            let value = self::shape(inner, loose);
            let value = if loose { json!({ "anyOf": [value, { "type": "null" }] }) } else { value };
            json!({ "type": "object", "additionalProperties": value })
        }
        Shape::Any(shapes) => {
            let shapes: Vec<Value> = shapes.iter().map(|one| self::shape(one, loose)).collect();
            json!({ "anyOf": shapes })
        }
    }
}
