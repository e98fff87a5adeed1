//! One telling line about a resource that is to be created, for whoever reads its plan first.

use serde_json::Value;
use wharf_graph::Address;

use super::times;

/// Returns what a person wants to know first about a new resource.
pub(super) fn of(address: &Address, props: &Value) -> Option<String> {
    let props = Props(props);
    let text = match address.kind() {
        "certificate" => format!("for {}", props.list("/names")),
        "certificate_validation" => "waits until the certificate is issued".to_owned(),
        "dns_record" => dns_record(&props),
        "image" => match props.0.pointer("/digest").and_then(Value::as_str) {
            Some(digest) => format!("{}  {}", reference(&props), short(digest)),
            None => reference(&props),
        },
        "ingress_rule" => ingress_rule(&props),
        "listener" => listener(&props),
        "listener_rule" => {
            let hosts = props.list("/hosts");
            let paths = props.list("/paths");
            format!(
                "{hosts}{} → {}",
                if hosts.is_empty() { paths } else { format!(" {paths}") },
                target(&props)
            )
        }
        "load_balancer" => format!("{}  {}", props.text("/name"), props.text("/scheme")),
        "log_group" => match props.0.pointer("/retention").and_then(Value::as_u64) {
            Some(days) => format!("{}  kept {days} days", props.text("/name")),
            None => format!("{}  kept for ever", props.text("/name")),
        },
        "repository" => format!(
            "{}  tags {}",
            props.text("/name"),
            props.text("/tag_mutability").to_lowercase()
        ),
        "cluster" | "role" | "schedule_group" | "security_group" => props.text("/name"),
        "service" => {
            // An autoscaled one begins with some.
            let count = props.number("/count").max(props.number("/start"));
            let tasks = if count == 1 { "task" } else { "tasks" };
            format!("{}  {count} {tasks}", props.text("/name"))
        }
        "scalable_target" => format!("{} to {} tasks", props.number("/min"), props.number("/max")),
        "scaling_policy" => {
            let aim = props.number("/aim");
            match props.text("/metric").as_str() {
                "requests" => format!("{aim} requests a minute for each task"),
                metric => format!("{aim} % {metric} on average"),
            }
        }
        "scheduled_action" => format!(
            "{} {}: {} to {} tasks",
            props.text("/schedule"),
            props.text("/timezone"),
            props.number("/min"),
            props.number("/max")
        ),
        "target_group" => format!(
            "{}  port {}, health {} every {} s",
            props.text("/name"),
            props.number("/port"),
            props.text("/health_check/path"),
            props.number("/health_check/interval")
        ),
        "task_definition" => task_definition(&props),
        "schedule" => schedule(&props),
        _ => return None,
    };
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Shortens an ARN, and an image of the account's own registry, to what tells objects apart.
pub(super) fn id(id: &str) -> String {
    let mut parts = id.splitn(6, ':');
    match (parts.next(), parts.nth(4)) {
        (Some("arn"), Some(rest)) => rest.to_owned(),
        _ => image(id).unwrap_or_else(|| id.to_owned()),
    }
}

/// Returns `notes/web@sha256:6847e3c4ab52` for an image of a private registry (ECR User Guide).
fn image(id: &str) -> Option<String> {
    let (host, rest) = id.split_once('/')?;
    host.contains(".dkr.ecr.").then(|| match rest.split_once('@') {
        Some((name, digest)) => format!("{name}@{}", short(digest)),
        None => rest.to_owned(),
    })
}

/// Props as JSON, read leniently: a headline that lacks a word is better than none.
struct Props<'a>(&'a Value);

impl Props<'_> {
    fn text(&self, pointer: &str) -> String {
        self.0.pointer(pointer).map(plain).unwrap_or_default()
    }

    fn number(&self, pointer: &str) -> u64 {
        self.0.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
    }

    fn list(&self, pointer: &str) -> String {
        let items = self.0.pointer(pointer).and_then(Value::as_array);
        items
            .map(|items| items.iter().map(plain).collect::<Vec<_>>().join(", "))
            .unwrap_or_default()
    }
}

/// Writes a value without quotes; a reference as the resource it leads to.
fn plain(value: &Value) -> String {
    match (value, wharf_graph::input::as_ref(value)) {
        (_, Some(reference)) => reference.of.to_string(),
        (Value::String(text), None) => text.clone(),
        (Value::Null, None) => String::new(),
        (other, None) => other.to_string(),
    }
}

/// Shortens `sha256:…` to a length people compare.
fn short(digest: &str) -> String {
    digest.chars().take(7 + 12).collect()
}

fn reference(props: &Props<'_>) -> String {
    match props.0.pointer("/repository").and_then(Value::as_str) {
        // What follows a repository begins with `:` or `@`; words say where an image comes from.
        Some(repository) => match props.text("/reference").as_str() {
            word if word.starts_with(|c: char| c.is_ascii_alphabetic()) => repository.to_owned(),
            place => format!("{repository}{place}"),
        },
        None => props.text("/reference"),
    }
}

fn dns_record(props: &Props<'_>) -> String {
    if props.0.pointer("/alias").is_some_and(|alias| !alias.is_null()) {
        "→ the balancer".to_owned()
    } else {
        "proves to the certificate authority that the name is yours".to_owned()
    }
}

fn ingress_rule(props: &Props<'_>) -> String {
    let source = props.0.pointer("/source");
    let from = source
        .and_then(Value::as_object)
        .and_then(|source| source.values().next_back())
        .map(plain)
        .unwrap_or_default();
    let from = match from.as_str() {
        "0.0.0.0/0" => "any IPv4 address".to_owned(),
        "::/0" => "any IPv6 address".to_owned(),
        "security_group.balancer" => "the balancer".to_owned(),
        _ => from,
    };
    format!("{from} → port {}", props.number("/to_port"))
}

fn target(props: &Props<'_>) -> String {
    props.text("/forward/0/target_group")
}

fn listener(props: &Props<'_>) -> String {
    let own = format!("{} on port {}", props.text("/protocol"), props.number("/port"));
    if let Some(redirect) = props.0.pointer("/redirect").filter(|redirect| !redirect.is_null()) {
        let to = redirect.get("protocol").map(plain).unwrap_or_default();
        return format!("{own}, redirects to {to}");
    }
    let target = target(props);
    if target.is_empty() {
        format!("{own}, answers {} unless a rule matches", props.text("/fixed"))
    } else {
        format!("{own} → {target}")
    }
}

fn schedule(props: &Props<'_>) -> String {
    let (expression, zone) = (props.text("/expression"), props.text("/timezone"));
    let times = times::in_words(&expression);
    if expression.starts_with("rate") { times } else { format!("{times}, {zone}") }
}

fn task_definition(props: &Props<'_>) -> String {
    // 1024 CPU units are one vCPU; thousandths are exact for every size Fargate offers.
    let thousandths = props.number("/cpu") * 1000 / 1024;
    let cpu = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    let cpu = cpu.trim_end_matches('0').trim_end_matches('.');
    let count = |place: &str, what: &str| {
        let found = props.0.pointer(place).and_then(Value::as_object);
        match found.map_or(0, serde_json::Map::len) {
            0 => String::new(),
            1 => format!(", 1 {what}"),
            number => format!(", {number} {what}s"),
        }
    };
    let (sidecars, secrets) =
        (count("/sidecars", "sidecar"), count("/container/secrets", "secret"));
    format!(
        "{cpu} vCPU, {} MiB, {}{sidecars}{secrets}",
        props.number("/memory"),
        props.text("/architecture").to_lowercase()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(kind: &str, props: &Value) -> String {
        of(&Address::new(kind, "x"), props).unwrap()
    }

    #[test]
    fn headlines_read_like_sentences() {
        let group = json!({"$ref": {"of": "security_group.balancer", "output": "id"}});
        let rule = json!({"to_port": 3000, "source": {"group": group}});
        assert_eq!(line("ingress_rule", &rule), "the balancer → port 3000");
        let target = json!({"$ref": {"of": "target_group.web", "output": "arn"}});
        let listener = json!({"protocol": "HTTP", "port": 80, "forward": [{"target_group": target, "weight": 1}]});
        assert_eq!(line("listener", &listener), "HTTP on port 80 → target_group.web");
        let task = json!({"cpu": 256, "memory": 512, "architecture": "X86_64", "container": {"secrets": {"A": "x"}}});
        assert_eq!(line("task_definition", &task), "0.25 vCPU, 512 MiB, x86_64, 1 secret");
        let image = |from: &str| json!({"repository": "notes/web", "reference": from});
        assert_eq!(line("image", &image(":v1")), "notes/web:v1");
        assert_eq!(line("image", &image("build")), "notes/web");
    }

    #[test]
    fn arns_are_shortened_and_other_ids_are_not() {
        assert_eq!(id("arn:aws:ecs:eu-west-1:1:cluster/notes"), "cluster/notes");
        assert_eq!(id("sg-0a1"), "sg-0a1");
        let image =
            format!("1.dkr.ecr.eu-west-1.amazonaws.com/notes/web@sha256:{}", "a1".repeat(32));
        assert_eq!(id(&image), "notes/web@sha256:a1a1a1a1a1a1");
        assert_eq!(id("public.ecr.aws/nginx/nginx:1"), "public.ecr.aws/nginx/nginx:1");
    }
}
