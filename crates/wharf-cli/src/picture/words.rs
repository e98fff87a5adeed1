//! The same picture for other programs, and in plain words.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::build::{Node, Picture};

/// Version of the document. Minor additions never break a reader.
pub(crate) const FORMAT: &str = "wharf.graph/1";

/// Nodes by service, the shared ones first.
fn groups(picture: &Picture) -> BTreeMap<Option<&str>, Vec<(usize, &Node)>> {
    let mut groups: BTreeMap<Option<&str>, Vec<(usize, &Node)>> = BTreeMap::new();
    for (at, node) in picture.nodes.iter().enumerate() {
        groups.entry(node.service.as_deref()).or_default().push((at, node));
    }
    groups
}

/// Writes the language of Graphviz.
pub(crate) fn dot(picture: &Picture) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&picture.stack));
    out.push_str("  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    for (service, nodes) in groups(picture) {
        let indent = if let Some(service) = service {
            let (id, label) = (quoted(&format!("cluster {service}")), format!("service {service}"));
            let _ = writeln!(out, "  subgraph {id} {{\n    label={};", quoted(&label));
            "    "
        } else {
            "  "
        };
        for (_, node) in nodes {
            let word = node.word(picture.planned);
            let gap = if word.is_empty() { "" } else { ": " };
            let label = format!("{}\n{}{gap}{word}", node.title, node.address.name());
            let color = match node.class() {
                "create" => ", color=\"#176b34\"",
                "update" => ", color=\"#8a5200\"",
                "replace" => ", color=\"#a11257\"",
                "delete" => ", color=\"#b3261e\", style=dashed",
                "adopt" => ", color=\"#1f5fa8\"",
                _ => "",
            };
            let address = quoted(&node.address.to_string());
            let _ = writeln!(out, "{indent}{address} [label={}{color}];", quoted(&label));
        }
        if service.is_some() {
            out.push_str("  }\n");
        }
    }
    for (from, to) in picture.arrows() {
        let name = |at: usize| quoted(&picture.nodes[at].address.to_string());
        let _ = writeln!(out, "  {} -> {};", name(from), name(to));
    }
    out.push_str("}\n");
    out
}

/// Writes a string of Graphviz.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}

/// Writes the language of Mermaid, which GitHub and GitLab draw.
pub(crate) fn mermaid(picture: &Picture) -> String {
    let mut out = String::from("flowchart LR\n");
    for (service, nodes) in groups(picture) {
        let indent = if let Some(service) = service {
            let _ =
                writeln!(out, "  subgraph g{}[\"service {}\"]", plain(service), entities(service));
            "    "
        } else {
            "  "
        };
        for (at, node) in nodes {
            let word = node.word(picture.planned);
            let gap = if word.is_empty() { "" } else { ": " };
            let class = match node.action {
                Some(_) => format!(":::{}", node.class()),
                None => String::new(),
            };
            let (title, name) = (entities(&node.title), entities(node.address.name()));
            let _ = writeln!(out, "{indent}n{at}[\"{title}<br/>{name}{gap}{word}\"]{class}");
        }
        if service.is_some() {
            out.push_str("  end\n");
        }
    }
    for (from, to) in picture.arrows() {
        let _ = writeln!(out, "  n{from} --> n{to}");
    }
    if picture.planned {
        for (class, color) in [
            ("create", "#176b34"),
            ("update", "#8a5200"),
            ("replace", "#a11257"),
            ("delete", "#b3261e"),
            ("adopt", "#1f5fa8"),
        ] {
            let _ = writeln!(out, "  classDef {class} stroke:{color},stroke-width:2px");
        }
    }
    out
}

fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

/// Writes everything that could mean something to Mermaid as the number of the character.
fn entities(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | '/' | '_' => letter.to_string(),
            other => format!("#{};", u32::from(other)),
        })
        .collect()
}

/// Writes each resource with what it needs, in an order in which they could be made.
pub(crate) fn text(picture: &Picture) -> String {
    let mut out = String::new();
    let mut done = vec![false; picture.nodes.len()];
    loop {
        let ready = (0..done.len())
            .find(|at| !done[*at] && picture.nodes[*at].needs.iter().all(|need| done[*need]));
        // A round cannot be; were there one, what is in it is listed as it comes.
        let Some(at) = ready.or_else(|| done.iter().position(|done| !done)) else { break };
        done[at] = true;
        let node = &picture.nodes[at];
        let word = match node.word(picture.planned) {
            "" => String::new(),
            word => format!("  {word}"),
        };
        let _ = writeln!(out, "{}{word}", node.address);
        let needs: Vec<String> =
            node.needs.iter().map(|need| picture.nodes[*need].address.to_string()).collect();
        if !needs.is_empty() {
            let _ = writeln!(out, "    needs {}", needs.join(", "));
        }
    }
    out
}

/// Writes everything as a document.
pub(crate) fn json(picture: &Picture) -> Value {
    let nodes: Vec<Value> = picture
        .nodes
        .iter()
        .map(|node| {
            let needs: Vec<String> =
                node.needs.iter().map(|need| picture.nodes[*need].address.to_string()).collect();
            json!({
                "address": node.address,
                "title": node.title,
                "service": node.service,
                "action": node.action,
                "needs": needs,
            })
        })
        .collect();
    json!({"format": FORMAT, "stack": picture.stack, "planned": picture.planned, "nodes": nodes})
}
