//! Compose files (the Compose Specification: compose-spec.io, "Services top-level element").

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::values::{legal, mebibytes, rest, seconds, shown, size, text, time, words};
use crate::starter::asked_path;

/// Images that keep what they are told: on Fargate it would be gone with the task.
const STORES: &[&str] = &[
    "cassandra",
    "clickhouse-server",
    "couchdb",
    "elasticsearch",
    "etcd",
    "influxdb",
    "kafka",
    "mariadb",
    "minio",
    "mongo",
    "mysql",
    "nats",
    "neo4j",
    "opensearch",
    "postgis",
    "postgres",
    "rabbitmq",
    "redis",
    "valkey",
    "zookeeper",
];

/// Keys of a service that something is made of here, or that say what is so anyway.
const KNOWN: &[&str] = &[
    "build",
    "command",
    "container_name",
    "depends_on",
    "deploy",
    "entrypoint",
    "environment",
    "expose",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "platform",
    "ports",
    "restart",
    "scale",
    "stop_grace_period",
    "stdin_open",
    "tty",
    "user",
    "cpus",
    "mem_limit",
];

const HINTS: &[(&str, &str)] = &[
    ("volumes", "Fargate tasks keep nothing; use a bucket or a database"),
    (
        "networks",
        "tasks are in the VPC's subnets (`network:`), and only the balancer can connect to them",
    ),
    (
        "env_file",
        "its lines are not read; write those that are no secrets under `env`, the others under `secrets`",
    ),
    (
        "secrets",
        "these are files; store each with `aws ssm put-parameter` and name it under `secrets`",
    ),
    ("configs", "these are files; build them into the image, or give them as variables"),
    ("labels", "tags of the whole stack are written under the top-level `tags`"),
    ("logging", "lines go to CloudWatch Logs; `logs: { retain: 30d }` says how long they are kept"),
    ("links", "services do not find each other by name"),
    ("privileged", "Fargate allows none"),
    ("cap_add", "Fargate adds no capabilities"),
    ("network_mode", "Fargate tasks have a network interface of their own"),
    ("extends", "the other file is not read"),
    ("profiles", "write an environment for what runs only at times"),
    ("working_dir", "write `WORKDIR` in the Dockerfile"),
    ("dns", "the VPC's resolver is used"),
];

/// Makes a spec of a Compose file.
pub(crate) fn draft(file: &Value, app: Option<&str>, region: &str) -> Result<Draft, String> {
    let Some(services) = file.get("services").and_then(Value::as_object) else {
        return Err("it has no `services`; is it a Compose file?".to_owned());
    };
    let named = file.get("name").and_then(Value::as_str).map(legal);
    let app = app.map(str::to_owned).or(named).unwrap_or_else(|| "app".to_owned());
    let mut draft = Draft::new(&app, region);
    let top = ["name", "version", "services"];
    rest(
        &mut draft,
        &[],
        file,
        &top,
        &[
            ("volumes", "Fargate tasks keep nothing; use a bucket or a database"),
            ("networks", "one VPC is used; `network:` says which"),
            ("include", "the other files are not read"),
        ],
    );
    let mut exposed = 0;
    let mut made = Vec::new();
    // What is built here is the app; what else answers is beside it.
    let mut ordered: Vec<(&String, &Value)> = services.iter().collect();
    ordered.sort_by_key(|(_, service)| service.get("build").is_none());
    for (name, service) in ordered {
        let mut unset = Vec::new();
        let service = interpolated(service, &mut unset);
        if let Some(why) = store(&service) {
            draft.note(&["services"], format!("left out: the service `{name}`: {why}"));
            continue;
        }
        let short = legal(name);
        if draft.has(&["services", &short]) {
            draft.note(
                &["services"],
                format!("left out: the service `{name}`: another is called {short}"),
            );
            continue;
        }
        one(&mut draft, &short, &service, &mut exposed);
        for variable in unset {
            draft.note(
                &["services", &short],
                format!("${{{variable}}} was put in by Compose; see where it stood"),
            );
        }
        made.push((short, service));
    }
    for (name, service) in &made {
        after(&mut draft, name, service);
    }
    Ok(draft)
}

fn one(draft: &mut Draft, name: &str, service: &Value, exposed: &mut usize) {
    let place = ["services", name];
    image(draft, &place, service);
    port(draft, &place, service, exposed);
    for (from, to) in [("command", "command"), ("entrypoint", "entrypoint")] {
        if let Some(value) = service.get(from).filter(|value| !value.is_null()) {
            match words(value) {
                Some(words) => {
                    draft.put(&place, to, words.into());
                }
                None => draft.note(
                    &place,
                    format!("left out: `{from}: {}`: it is no list of words", shown(value)),
                ),
            }
        }
    }
    for key in ["user", "platform"] {
        if let Some(value) = service.get(key).and_then(text) {
            draft.put(&place, key, value.into());
        }
    }
    if let Some(grace) = service.get("stop_grace_period").and_then(seconds) {
        draft.put(&place, "stop_timeout", time(grace));
    }
    variables(draft, &place, service.get("environment"));
    deployed(draft, &place, service);
    health(draft, &place, service.get("healthcheck"));
    if service.get("restart").and_then(Value::as_str) == Some("no") {
        draft.note(
            &place,
            "`restart: no`: a service's tasks are always replaced; what ends is a job",
        );
    }
    rest(draft, &place, service, KNOWN, HINTS);
}

fn image(draft: &mut Draft, place: &[&str], service: &Value) {
    let given = service.get("image").and_then(text);
    let image = match service.get("build") {
        Some(Value::String(context)) => json!({ "build": context }),
        Some(build @ Value::Object(_)) => {
            let mut made = Map::new();
            for (from, to) in [("context", "context"), ("dockerfile", "file")] {
                if let Some(value) = build.get(from).and_then(text) {
                    made.insert(to.to_owned(), value.into());
                }
            }
            rest(
                draft,
                place,
                build,
                &["context", "dockerfile"],
                &[
                    ("args", "write `ARG NAME=value` in the Dockerfile"),
                    ("target", "builds go to the last stage"),
                ],
            );
            json!({ "build": made })
        }
        _ => match &given {
            Some(image) => image.clone().into(),
            None => json!({ "tag": "v1" }),
        },
    };
    let builds = image.get("build").is_some();
    if draft.put(place, "image", image) {
        if let Some(given) = given.filter(|_| builds) {
            draft.note(
                place,
                format!("built and pushed to a repository of its own, not as {given}"),
            );
        }
    } else {
        draft.put(place, "image", json!({ "tag": "v1" }));
    }
}

fn port(draft: &mut Draft, place: &[&str], service: &Value, exposed: &mut usize) {
    let ports: Vec<&Value> =
        service.get("ports").and_then(Value::as_array).into_iter().flatten().collect();
    let Some((first, others)) = ports.split_first() else {
        if let Some(expose) = service.get("expose") {
            draft.note(
                place,
                format!(
                    "left out: `expose: {}`: services do not reach each other by name; with a `port` \
                     the balancer leads to it",
                    shown(expose)
                ),
            );
        }
        return;
    };
    let inside = match first {
        Value::Object(_) => first.get("target").and_then(text),
        other => text(other).and_then(|text| {
            let text = text.split('/').next().unwrap_or_default().to_owned();
            text.rsplit(':').next().map(str::to_owned)
        }),
    };
    match inside.and_then(|port| port.parse::<u16>().ok()) {
        Some(port) => {
            let mut values = vec![("port", json!(port))];
            if *exposed > 0 {
                values.push(("route", json!({ "path": format!("/{}/*", place[1]) })));
                draft.note(
                    place,
                    "it had a port of its own on the host; here one balancer leads to all services, by \
                     `route` (path or host)",
                );
            }
            match draft.try_put(place, &values) {
                Ok(()) => *exposed += 1,
                Err(problem) => {
                    draft.note(place, format!("left out: `port: {port}`: {}", problem.message));
                }
            }
        }
        None => {
            draft.note(place, format!("left out: `ports: {}`: it is no single port", shown(first)));
        }
    }
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(|port| shown(port)).collect();
        draft.note(place, format!("left out: the ports {}: a service has one", others.join(", ")));
    }
}

fn variables(draft: &mut Draft, place: &[&str], environment: Option<&Value>) {
    let pairs: Vec<(String, Option<String>)> = match environment {
        Some(Value::Object(map)) => {
            map.iter().map(|(name, value)| (name.clone(), text(value))).collect()
        }
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(text)
            .map(|item| match item.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (item, None),
            })
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in pairs {
        match value {
            Some(value) => draft.variable(place, &name, &value),
            None => draft.note(
                place,
                format!("left out: the variable {name}: its value came from the machine"),
            ),
        }
    }
}

fn deployed(draft: &mut Draft, place: &[&str], service: &Value) {
    let deploy = service.get("deploy").unwrap_or(&Value::Null);
    let count = deploy.get("replicas").or_else(|| service.get("scale"));
    if let Some(count) = count.and_then(Value::as_u64).filter(|count| *count != 1) {
        draft.put(place, "scale", count.into());
    }
    let limits = &deploy["resources"]["limits"];
    let cpu = limits.get("cpus").or_else(|| service.get("cpus")).and_then(text);
    let memory = limits.get("memory").or_else(|| service.get("mem_limit")).and_then(mebibytes);
    size(draft, place, cpu.and_then(|cpu| cpu.parse().ok()), memory);
    rest(
        draft,
        place,
        deploy,
        &["replicas", "resources"],
        &[("restart_policy", "tasks are always replaced")],
    );
    if let Some(resources) = deploy.get("resources") {
        let hint = [("reservations", "a task of Fargate has what its limits say")];
        rest(draft, place, resources, &["limits"], &hint);
    }
}

fn health(draft: &mut Draft, place: &[&str], check: Option<&Value>) {
    let serves = draft.has(&[place, &["port"]].concat());
    let check = check.unwrap_or(&Value::Null);
    let test = match check.get("test") {
        Some(Value::String(line)) => vec!["CMD-SHELL".to_owned(), line.clone()],
        Some(list @ Value::Array(_)) => words(list).unwrap_or_default(),
        _ => Vec::new(),
    };
    let off = check.get("disable") == Some(&Value::Bool(true))
        || test.first().is_some_and(|word| word == "NONE");
    let every = |from: &str| check.get(from).and_then(seconds).map(time);
    let path = asked_path(&test.join(" ")).filter(|_| serves);
    if let Some(path) = path {
        let mut made = json!({ "path": path });
        for (from, to) in
            [("interval", "interval"), ("timeout", "timeout"), ("start_period", "grace")]
        {
            if let Some(time) = every(from) {
                made[to] = time;
            }
        }
        if let Some(retries) = check.get("retries").and_then(Value::as_u64) {
            made["bad"] = retries.into();
        }
        if !draft.put(place, "health", made) {
            draft.put(place, "health", path.into());
        }
        return;
    }
    if serves {
        draft.put(place, "health", "/".into());
        draft.note(place, "the balancer asks for /; write the path that answers when it is well");
    }
    if !off && !test.is_empty() {
        let mut made = json!({ "command": test });
        for key in ["interval", "timeout", "start_period"] {
            if let Some(time) = every(key) {
                made[key] = time;
            }
        }
        if let Some(retries) = check.get("retries").and_then(Value::as_u64) {
            made["retries"] = retries.into();
        }
        draft.put(place, "container_health", made);
    }
}

fn after(draft: &mut Draft, name: &str, service: &Value) {
    let wanted: Vec<String> = match service.get("depends_on") {
        Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let (there, gone): (Vec<String>, Vec<String>) =
        wanted.into_iter().partition(|other| draft.has(&["services", &legal(other)]));
    let place = ["services", name];
    if !gone.is_empty() {
        draft.note(
            &place,
            format!("left out: `depends_on` of {}: not in this spec", gone.join(", ")),
        );
    }
    if !there.is_empty() {
        let there: Vec<String> = there.iter().map(|other| legal(other)).collect();
        draft.put(&place, "after", there.into());
    }
}

/// Says why a service has no place on Fargate, if it has none.
fn store(service: &Value) -> Option<String> {
    if service.get("build").is_some() {
        return None;
    }
    let image = service.get("image").and_then(Value::as_str)?;
    let name = image.split('@').next()?.rsplit('/').next()?.split(':').next()?;
    STORES.contains(&name).then(|| {
        format!(
            "{image} keeps what it is told, and Fargate tasks keep nothing; use a service of AWS for it, \
             and give its address to the others as a secret"
        )
    })
}

/// Puts in the defaults of `${NAME:-default}`, takes `$$` for `$`, and notes names without a default.
fn interpolated(value: &Value, unset: &mut Vec<String>) -> Value {
    match value {
        Value::String(text) => interpolate(text, unset).into(),
        Value::Array(items) => items.iter().map(|item| interpolated(item, unset)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), interpolated(value, unset)))
            .collect::<Map<String, Value>>()
            .into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn interpolate(text: &str, unset: &mut Vec<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((inside, after)) =
            after.strip_prefix('{').and_then(|inner| inner.split_once('}'))
        {
            let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let (name, rule) = inside.split_at(end.unwrap_or(inside.len()));
            let default = rule.strip_prefix(":-").or_else(|| rule.strip_prefix('-'));
            if let Some(default) = default {
                out.push_str(default);
            } else {
                unset.push(name.to_owned());
            }
            rest = after;
        } else {
            let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let (name, after) = after.split_at(end.unwrap_or(after.len()));
            if name.is_empty() {
                out.push('$');
            } else {
                unset.push(name.to_owned());
            }
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::interpolate;

    #[test]
    fn compose_variables_become_their_defaults() {
        let mut unset = Vec::new();
        let text = interpolate("${A:-x}/$$B/${C-}$D/${E:?no}$", &mut unset);
        assert_eq!(text, "x/$B//$");
        assert_eq!(unset, ["D", "E"]);
    }
}
