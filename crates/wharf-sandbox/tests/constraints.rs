//! Every constraint of the models refuses: from a good request of each operation, one bad request
//! for each constraint of each member.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use regex::Regex;
use serde_json::{Map, Value, json};
use wharf_sandbox::{
    Sandbox,
    services::{self, Protocol, Service},
};

use crate::common::{self, Answer, sandbox};

/// Text that fits the patterns there are; the first that fits is taken.
const SAMPLES: &[&str] = &[
    "abcdefghij",
    "a1b2c3d4",
    "/",
    "/a/",
    "200",
    "111122223333",
    "HTTPS",
    "Name",
    "us-east-1",
    "1.5",
    "www.example.com",
    "ipam-pool-0",
    "ipv4pool-coip-0",
    "arn:aws:acm:eu-west-1:111122223333:certificate/x",
    "arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/x",
    "01234567-0123-0123-0123-0123456789ab",
    "arn:aws:kms:eu-west-1:111122223333:key/x",
    "arn:aws:iam::111122223333:role/x",
    "arn:aws:sqs:eu-west-1:111122223333:x",
    "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/x",
];

/// Text that fits hardly any pattern; the first that does not fit is taken.
const ODD: &[&str] = &["\u{7f}\u{7}", "\u{e000}", "~~", ":*"];

/// What the services hold to although their models do not say so: service, member, a good value.
const NARROWER: &[(&str, &str, &str)] = &[
    ("ecs", "value", "enabled"),
    ("elasticloadbalancing", "ProtocolVersion", "HTTP1"),
    ("route53", "maxitems", "10"),
];

/// How deep structures are filled; deeper members are left out.
const DEEP: usize = 7;

/// What is longer or more than this is not tried: the request itself would be too large.
const LARGE: i64 = 12_000;

struct Model {
    service: &'static Service,
    shapes: Map<String, Value>,
}

/// A bad request: the rule it breaks, the member, the input.
struct Bad {
    rules: &'static [&'static str],
    member: String,
    input: Value,
}

fn regex(java: &str) -> Regex {
    let text =
        java.replace(r"\w", "[0-9A-Za-z_]").replace(r"\d", "[0-9]").replace(r"[\s\S]", "(?s:.)");
    Regex::new(&format!(r"\A(?:{text})\z")).unwrap()
}

impl Model {
    fn shape(&self, name: &Value) -> &Value {
        &self.shapes[name.as_str().unwrap()]
    }

    fn text(shape: &Value) -> String {
        if let Some(choice) = shape["enum"].get(0) {
            return choice.as_str().unwrap().to_owned();
        }
        let (min, max) = bounds(shape);
        let pattern = shape.get("rewritten").or(shape.get("pattern"));
        let fits = |text: &str| {
            pattern.is_none_or(|pattern| regex(pattern.as_str().unwrap()).is_match(text))
        };
        let lengthened = |text: &str| {
            let mut text = text.to_owned();
            while i64::try_from(text.len()).unwrap() < min {
                text.push('x');
            }
            text.truncate(usize::try_from(max.min(1000)).unwrap());
            text
        };
        let mut all = SAMPLES.iter().map(|text| lengthened(text));
        all.find(|text| fits(text)).unwrap_or_else(|| panic!("a sample for {shape}"))
    }

    /// Returns a value with every member there is.
    fn good(&self, shape: &Value, depth: usize) -> Value {
        let text = !matches!(self.service.protocol, Protocol::Json | Protocol::Cbor);
        match shape["type"].as_str().unwrap() {
            "structure" => {
                let members = shape["members"].as_object().unwrap();
                let required = shape["required"].as_array();
                let needed = |name: &str| {
                    depth < DEEP || required.is_some_and(|it| it.iter().any(|it| it == name))
                };
                members
                    .iter()
                    .filter(|(name, _)| needed(name))
                    .map(|(name, inner)| {
                        let service = self.service.name;
                        let narrower =
                            NARROWER.iter().find(|it| (it.0, it.1) == (service, name.as_str()));
                        let value = match narrower {
                            Some((_, _, value)) if self.shape(inner)["type"] == "string" => {
                                Value::from(*value)
                            }
                            _ => self.good(self.shape(inner), depth + 1),
                        };
                        (name.clone(), value)
                    })
                    .collect()
            }
            "list" => {
                let count = usize::try_from(bounds(shape).0.max(1)).unwrap();
                let one = self.good(self.shape(&shape["member"]), depth + 1);
                Value::from(vec![one; count])
            }
            "map" => {
                let key = Self::text(self.shape(&shape["key"]));
                let value = self.good(self.shape(&shape["value"]), depth + 1);
                let count = usize::try_from(bounds(shape).0.max(1)).unwrap();
                (0..count).map(|at| (key[..key.len() - at].to_owned(), value.clone())).collect()
            }
            "string" => Self::text(shape).into(),
            "blob" => "AAAA".into(),
            "integer" | "long" => scalar(&json!(bounds(shape).0.max(1)), text),
            "float" | "double" => scalar(&json!(1.5), text),
            "boolean" => scalar(&json!(true), text),
            "timestamp" if text => "2026-01-01T00:00:00Z".into(),
            "timestamp" => 1.into(),
            other => panic!("{other}"),
        }
    }

    /// Returns what is bad about a value of this shape: each time the whole value.
    fn bad(&self, shape: &Value, good: &Value, name: &str) -> Vec<Bad> {
        let mut all = Vec::new();
        let mut add = |rules: &'static [&'static str], member: &str, input: Value| {
            all.push(Bad { rules, member: member.to_owned(), input });
        };
        let text = !matches!(self.service.protocol, Protocol::Json | Protocol::Cbor);
        let (min, max) = bounds(shape);
        match good {
            Value::Object(members) if shape["type"] == "structure" => {
                let mut more = members.clone();
                more.insert("WharfUnknown".to_owned(), "x".into());
                add(&["input/member-known"], "WharfUnknown", more.into());
                if !text {
                    add(&["input/type"], name, "x".into());
                }
                for required in shape["required"].as_array().into_iter().flatten() {
                    let required = required.as_str().unwrap();
                    let mut fewer = members.clone();
                    fewer.remove(required);
                    // In forms, a structure without members is not there at all.
                    if !text || !fewer.is_empty() || name.is_empty() {
                        add(&["input/required"], required, fewer.into());
                    }
                }
                for (member, value) in members {
                    let inner = self.shape(&shape["members"][member]);
                    for bad in self.bad(inner, value, member) {
                        let mut changed = members.clone();
                        changed.insert(member.clone(), bad.input);
                        add(bad.rules, &bad.member, changed.into());
                    }
                }
            }
            Value::Array(items) => {
                if !text {
                    add(&["input/type"], name, "x".into());
                }
                if min > 0 {
                    add(&["input/size"], name, json!([]));
                }
                if max < LARGE / 10 {
                    let many = vec![items[0].clone(); usize::try_from(max + 1).unwrap()];
                    add(&["input/size"], name, many.into());
                }
                for bad in self.bad(self.shape(&shape["member"]), &items[0], name) {
                    let mut changed = items.clone();
                    changed[0] = bad.input;
                    add(bad.rules, &bad.member, changed.into());
                }
            }
            Value::Object(members) => {
                add(&["input/type"], name, "x".into());
                if min > 0 {
                    add(&["input/size"], name, json!({}));
                }
                let (key, value) = members.iter().next().unwrap();
                for bad in self.bad(self.shape(&shape["value"]), value, name) {
                    let mut changed = members.clone();
                    changed.insert(key.clone(), bad.input);
                    add(bad.rules, &bad.member, changed.into());
                }
            }
            _ => self.bad_scalar(shape, name, &mut add),
        }
        all
    }

    fn bad_scalar(
        &self,
        shape: &Value,
        name: &str,
        add: &mut impl FnMut(&'static [&'static str], &str, Value),
    ) {
        let (min, max) = bounds(shape);
        let text = !matches!(self.service.protocol, Protocol::Json | Protocol::Cbor);
        let kind = shape["type"].as_str().unwrap();
        // Odd lengths seldom fit the pattern; then both are said, in either order.
        let length = &["input/length", "input/pattern", "input/enum"];
        match kind {
            "string" => {
                if !text {
                    add(&["input/type"], name, json!(1));
                }
                if min > 0 {
                    let short = "x".repeat(usize::try_from(min - 1).unwrap());
                    add(length, name, short.into());
                }
                if max < LARGE {
                    add(length, name, "x".repeat(usize::try_from(max + 1).unwrap()).into());
                }
                if shape.get("enum").is_some() {
                    add(&["input/enum", "input/length"], name, "no such choice".into());
                }
                if let Some(pattern) = shape.get("rewritten").or(shape.get("pattern")) {
                    let pattern = regex(pattern.as_str().unwrap());
                    if let Some(odd) = ODD.iter().find(|odd| !pattern.is_match(odd)) {
                        add(&["input/pattern", "input/length"], name, (*odd).into());
                    }
                }
            }
            "integer" | "long" => {
                add(&["input/type"], name, "x".into());
                for (there, number) in [(min > i64::MIN, min), (max < i64::MAX, max)] {
                    if there {
                        let number = if number == min { number - 1 } else { number + 1 };
                        add(&["input/range"], name, scalar(&json!(number), text));
                    }
                }
            }
            "boolean" | "float" | "double" => add(&["input/type"], name, "x".into()),
            "timestamp" if !text => add(&["input/type"], name, "x".into()),
            _ => {}
        }
    }
}

fn bounds(shape: &Value) -> (i64, i64) {
    let sized = !["integer", "long"].contains(&shape["type"].as_str().unwrap());
    let least = if sized { 0 } else { i64::MIN };
    (shape["min"].as_i64().unwrap_or(least), shape["max"].as_i64().unwrap_or(i64::MAX))
}

fn scalar(value: &Value, text: bool) -> Value {
    if text { value.to_string().into() } else { value.clone() }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Writes `A.member.1.B=…` (awsQuery) or `A.1.B=…` (ec2Query).
fn form(value: &Value, name: &str, member: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, inner) in members {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                form(inner, &name, member, out);
            }
        }
        Value::Array(items) if items.is_empty() => out.push(format!("{name}=")),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                form(item, &format!("{name}.{member}{}", at + 1), member, out);
            }
        }
        Value::String(text) => out.push(format!("{name}={}", encoded(text))),
        other => panic!("{other}"),
    }
}

fn xml(model: &Model, shape: &Value, value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let shape = shape["members"].get(name).map(|it| model.shape(it));
                write!(out, "<{name}>").unwrap();
                xml(model, shape.unwrap_or(&Value::Null), inner, out);
                write!(out, "</{name}>").unwrap();
            }
        }
        Value::Array(items) => {
            let name = shape["name"].as_str().unwrap();
            for item in items {
                write!(out, "<{name}>").unwrap();
                xml(model, model.shape(&shape["member"]), item, out);
                write!(out, "</{name}>").unwrap();
            }
        }
        Value::String(text) => {
            for ch in text.chars() {
                write!(out, "&#{};", u32::from(ch)).unwrap();
            }
        }
        other => panic!("{other}"),
    }
}

async fn send(sandbox: &Sandbox, model: &Model, operation: &str, input: &Value) -> Answer {
    let service = model.service;
    match service.protocol {
        Protocol::Json | Protocol::Cbor => {
            common::json(sandbox, service.name, operation, input.clone()).await
        }
        Protocol::Query { .. } | Protocol::Ec2 { .. } => {
            let member = if service.name == "ec2" { "" } else { "member." };
            let mut pairs = Vec::new();
            form(input, "", member, &mut pairs);
            common::query(sandbox, service.name, operation, &pairs.join("&")).await
        }
        Protocol::RestXml { .. } | Protocol::RestJson => {
            let known = service.operations.iter().find(|it| it.name == operation).unwrap();
            let (method, template) = known.route.unwrap();
            let mut members = input.as_object().unwrap().clone();
            let mut path = template.to_owned();
            for part in template.split('/') {
                if let Some(label) = part.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
                    let value = members.remove(label).unwrap_or_default();
                    path = path.replace(part, &encoded(value.as_str().unwrap_or_default()));
                }
            }
            let (mut query, mut body) = (Vec::new(), String::new());
            if service.protocol == Protocol::RestJson && ["POST", "PUT"].contains(&method) {
                body = Value::from(members).to_string();
            } else if method == "POST" {
                let shape = model.shapes.get(&format!("{operation}Request"));
                xml(model, shape.unwrap(), &members.into(), &mut body);
                body = format!("<{operation}Request>{body}</{operation}Request>");
            } else if service.protocol == Protocol::RestJson {
                for (name, value) in &members {
                    let one = std::slice::from_ref(value);
                    for value in value.as_array().map_or(one, Vec::as_slice) {
                        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        query.push(format!("{name}={}", encoded(&text)));
                    }
                }
                path = format!("{path}?{}", query.join("&"));
            } else {
                form(&members.into(), "", "", &mut query);
                path = format!("{path}?{}", query.join("&"));
            }
            common::rest_of(sandbox, service.name, method, &path, &body).await
        }
    }
}

fn models() -> Vec<(Model, Map<String, Value>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("constraints");
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut file: Map<String, Value> = serde_json::from_str(&text).unwrap();
        let Value::Object(shapes) = file["shapes"].take() else { panic!() };
        let Value::Object(operations) = file["operations"].take() else { panic!() };
        let service = services::find(file["service"].as_str().unwrap()).unwrap();
        all.push((Model { service, shapes }, operations));
    }
    all
}

#[tokio::test(start_paused = true)]
async fn every_constraint_of_every_member_refuses_and_names_it() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut problems, mut operations) = (Vec::new(), 0);
    for (model, shapes) in models() {
        for (operation, shape) in &shapes {
            let Some(shape) = shape.as_str().map(|name| &model.shapes[name]) else { continue };
            operations += 1;
            let sandbox = sandbox();
            let good = model.good(shape, 0);
            let where_ = format!("{} {operation}", model.service.name);
            let answer = send(&sandbox, &model, operation, &good).await;
            let call = sandbox.calls().pop().unwrap();
            // Other rules may refuse so full a request; its form is good.
            if call.rule.is_some_and(|rule| rule.starts_with("input/")) {
                problems.push(format!("{where_}: good: {}", answer.body));
            }
            for bad in model.bad(shape, &good, "") {
                let is_label = model.service.operations.iter().any(|it| {
                    it.name == operation
                        && it.route.is_some_and(|it| it.1.contains(&format!("{{{}}}", bad.member)))
                });
                // A path without its label, or with another, is another path.
                if is_label || bad.member.is_empty() {
                    continue;
                }
                let answer = send(&sandbox, &model, operation, &bad.input).await;
                let call = sandbox.calls().pop().unwrap();
                let rule = call.rule.unwrap_or_default();
                let named = answer.body.to_lowercase().contains(&bad.member.to_lowercase());
                if !bad.rules.contains(&rule) || !named {
                    let Bad { rules, member, .. } = &bad;
                    problems.push(format!("{where_} {member}: {rules:?}: {rule} {}", answer.body));
                }
                *counts.entry(bad.rules[0]).or_default() += 1;
            }
        }
    }
    assert!(
        problems.is_empty(),
        "{}\n{}",
        problems.len(),
        problems[..problems.len().min(20)].join("\n")
    );
    let total: usize = counts.values().sum();
    assert!(total > 1000, "{total}");
    println!("{operations} operations, {total} bad requests, each refused: {counts:?}");
}
