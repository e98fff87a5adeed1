//! Manifests of AWS Copilot (aws.github.io/copilot-cli, "Manifest").

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::values::{legal, rest, seconds, shown, size, text, time, words};

/// Keys of a manifest that something is made of here.
const KNOWN: &[&str] = &[
    "name",
    "type",
    "image",
    "http",
    "cpu",
    "memory",
    "platform",
    "count",
    "exec",
    "entrypoint",
    "command",
    "variables",
    "secrets",
    "sidecars",
    "on",
    "retries",
    "timeout",
    "environments",
    "deployment",
    "logging",
];

const HINTS: &[(&str, &str)] = &[
    ("env_file", "its lines are not read; write those that are no secrets under `env`"),
    ("storage", "Fargate tasks keep nothing; use a bucket or a database"),
    ("network", "`network:` of the whole stack says where tasks stand"),
    (
        "publish",
        "topics are made elsewhere; give the ARN in `env` and allow it under `permissions`",
    ),
    (
        "subscribe",
        "queues are made elsewhere; give the URL in `env` and allow it under `permissions`",
    ),
    ("observability", "add the collector under `sidecars`"),
    ("taskdef_overrides", "the spec has a key of its own for what can be set"),
    ("nlb", "there is one application load balancer"),
    ("depends_on", "containers of a task are ordered under `sidecars`"),
];

/// Makes a spec of manifests, each with the name of its file.
pub(crate) fn draft(
    manifests: &[(String, Value)],
    app: &str,
    region: &str,
) -> Result<Draft, String> {
    let mut draft = Draft::new(app, region);
    let mut environments = BTreeSet::new();
    for (file, manifest) in manifests {
        if manifest.get("name").is_none() || manifest.get("type").is_none() {
            return Err(format!("`{file}` has no `name` and `type`; is it a manifest of Copilot?"));
        }
        let named = manifest.get("environments").and_then(Value::as_object);
        environments.extend(named.into_iter().flatten().map(|(name, _)| legal(name)));
    }
    let text = manifests
        .iter()
        .any(|(_, manifest)| manifest.to_string().contains("COPILOT_ENVIRONMENT_NAME"));
    if environments.is_empty() && text {
        environments.insert("test".to_owned());
        draft.note(&["environments"], "values name the environment; write those there are");
    }
    for environment in &environments {
        draft.declare(environment);
    }
    let mut served = 0;
    for (file, manifest) in manifests {
        let manifest = interpolated(manifest);
        let name = legal(manifest["name"].as_str().unwrap_or_default());
        let kind = manifest["type"].as_str().unwrap_or_default();
        let section = match kind {
            "Load Balanced Web Service" | "Backend Service" | "Worker Service" => "services",
            "Scheduled Job" => "jobs",
            other => {
                draft.note(&[], format!("left out: {file}: wharf has nothing like a `{other}`"));
                continue;
            }
        };
        let place = [section, name.as_str()];
        image(&mut draft, &place, &manifest);
        if !draft.has(&place) {
            // None of it has a place then, so all of it is shown.
            for (key, value) in manifest.as_object().into_iter().flatten() {
                draft.note(&place, format!("left out: `{key}: {}`", shown(value)));
            }
            continue;
        }
        let balanced = kind == "Load Balanced Web Service";
        if balanced {
            serve(&mut draft, &place, &manifest, &mut served);
        } else if let Some(port) = manifest["image"].get("port").filter(|_| section == "services") {
            draft.note(
                &place,
                format!(
                    "left out: `port: {}`: services do not reach each other by name",
                    shown(port)
                ),
            );
        }
        common(&mut draft, &place, &manifest);
        job(&mut draft, &place, &manifest);
        rest(&mut draft, &place, &manifest, KNOWN, HINTS);
    }
    for (_, manifest) in manifests {
        let manifest = interpolated(manifest);
        overrides(&mut draft, &manifest);
    }
    Ok(draft)
}

/// What each environment has otherwise.
fn overrides(draft: &mut Draft, manifest: &Value) {
    let job = manifest["type"] == "Scheduled Job";
    let name = legal(manifest["name"].as_str().unwrap_or_default());
    for (environment, other) in manifest["environments"].as_object().into_iter().flatten() {
        let section = if job { "jobs" } else { "services" };
        if !draft.has(&[section, &name]) {
            continue;
        }
        let environment = legal(environment);
        let place = ["environments", environment.as_str(), section, name.as_str()];
        common(draft, &place, other);
        rest(
            draft,
            &["environments", &environment],
            other,
            &[
                "cpu",
                "memory",
                "platform",
                "count",
                "exec",
                "entrypoint",
                "command",
                "variables",
                "secrets",
            ],
            HINTS,
        );
    }
}

fn image(draft: &mut Draft, place: &[&str], manifest: &Value) {
    let image = &manifest["image"];
    let wanted = match (image.get("build"), image.get("location").and_then(text)) {
        (Some(Value::String(file)), _) => {
            let context = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
            let name = file.rsplit('/').next().unwrap_or_default();
            json!({ "build": { "context": context, "file": name } })
        }
        (Some(build @ Value::Object(_)), _) => {
            let mut made = Map::new();
            let dockerfile = build.get("dockerfile").and_then(text);
            let folder = dockerfile.as_deref().and_then(|file| file.rsplit_once('/'));
            let context = build.get("context").and_then(text);
            let context = context.or_else(|| folder.map(|(folder, _)| folder.to_owned()));
            if let Some(file) = &dockerfile {
                let inside = context.as_deref().and_then(|context| {
                    file.strip_prefix(context.trim_end_matches('/'))?.strip_prefix('/')
                });
                made.insert("file".to_owned(), inside.unwrap_or(file).into());
            }
            made.insert("context".to_owned(), context.unwrap_or_else(|| ".".to_owned()).into());
            rest(
                draft,
                place,
                build,
                &["dockerfile", "context"],
                &[
                    ("args", "write `ARG NAME=value` in the Dockerfile"),
                    ("target", "builds go to the last stage"),
                ],
            );
            json!({ "build": made })
        }
        (_, Some(location)) => location.into(),
        _ => json!({ "tag": "v1" }),
    };
    if !draft.put(place, "image", wanted) {
        draft.put(place, "image", json!({ "tag": "v1" }));
    }
    if let Some(check) = image.get("healthcheck").filter(|_| draft.has(place)) {
        let command = match check.get("command") {
            Some(Value::String(line)) => vec!["CMD-SHELL".to_owned(), line.clone()],
            Some(list) => words(list).unwrap_or_default(),
            None => Vec::new(),
        };
        let mut made = json!({ "command": command });
        for key in ["interval", "timeout", "start_period"] {
            if let Some(value) = check.get(key).and_then(seconds) {
                made[key] = time(value);
            }
        }
        if let Some(retries) = check.get("retries") {
            made["retries"] = retries.clone();
        }
        draft.put(place, "container_health", made);
    }
    rest(draft, place, image, &["build", "location", "port", "healthcheck"], HINTS);
}

fn serve(draft: &mut Draft, place: &[&str], manifest: &Value, served: &mut usize) {
    let http = &manifest["http"];
    let port = manifest["image"].get("port").cloned().unwrap_or_else(|| json!(80));
    let mut values = vec![("port", port)];
    let path = http.get("path").and_then(text).unwrap_or_else(|| "/".to_owned());
    let path = path.trim_matches('/').to_owned();
    if !path.is_empty() {
        values.push(("route", json!({ "path": [format!("/{path}"), format!("/{path}/*")] })));
    }
    match draft.try_put(place, &values) {
        Ok(()) => *served += 1,
        Err(problem) => {
            draft.note(place, format!("left out: `port` and `http.path`: {}", problem.message));
            return;
        }
    }
    let check = &http["healthcheck"];
    let health = match check {
        Value::Object(_) => {
            let mut made = json!({ "path": check.get("path").and_then(text).unwrap_or_else(|| "/".to_owned()) });
            for (from, to) in
                [("interval", "interval"), ("timeout", "timeout"), ("grace_period", "grace")]
            {
                if let Some(value) = check.get(from).and_then(seconds) {
                    made[to] = time(value);
                }
            }
            for (from, to) in [("healthy_threshold", "good"), ("unhealthy_threshold", "bad")] {
                if let Some(value) = check.get(from) {
                    made[to] = value.clone();
                }
            }
            if let Some(codes) = check.get("success_codes").and_then(text) {
                made["codes"] = codes.into();
            }
            made
        }
        other => text(other).unwrap_or_else(|| "/".to_owned()).into(),
    };
    draft.put(place, "health", health);
    let names = match http.get("alias") {
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(|one| text(one).or_else(|| one.get("name").and_then(text)))
            .collect(),
        Some(one) => text(one)
            .map(|one| one.split(',').map(str::trim).map(str::to_owned).collect())
            .unwrap_or_default(),
        None => Vec::<String>::new(),
    };
    if !names.is_empty() {
        draft.put(place, "domain", json!({ "names": names }));
    }
    if let Some(drain) = http.get("deregistration_delay").and_then(seconds) {
        draft.put(&[place, &["deploy"]].concat(), "drain", time(drain));
    }
    rest(
        draft,
        place,
        http,
        &["path", "healthcheck", "alias", "deregistration_delay"],
        &[
            ("stickiness", "requests go to any task"),
            ("allowed_source_ips", "write `balancer: { allow: […] }`"),
            ("hosted_zone", "the zone is found by the name; `domain: { zone: … }` names another"),
            ("additional_rules", "a service has one `route`"),
            ("version", "the balancer speaks HTTP/1.1 to tasks"),
        ],
    );
}

/// What services, jobs and their environments have alike.
fn common(draft: &mut Draft, place: &[&str], manifest: &Value) {
    let number = |key: &str| manifest.get(key).and_then(Value::as_f64);
    let memory = manifest.get("memory").and_then(Value::as_u64);
    size(draft, place, number("cpu").map(|units| units / 1024.0), memory);
    match manifest.get("platform") {
        Some(Value::String(platform)) => {
            let arm = platform.contains("arm64");
            let ours = if arm { "linux/arm64" } else { "linux/amd64" };
            if platform.starts_with("linux") {
                draft.put(place, "platform", ours.into());
            } else {
                draft.note(place, format!("left out: `platform: {platform}`: tasks run Linux"));
            }
        }
        Some(other) if !other.is_null() => {
            draft.note(place, format!("left out: `platform: {}`", shown(other)));
        }
        _ => {}
    }
    count(draft, place, manifest.get("count"));
    if let Some(exec) = manifest.get("exec") {
        draft.put(place, "exec", exec.clone());
    }
    for key in ["entrypoint", "command"] {
        if let Some(words) = manifest.get(key).and_then(words) {
            draft.put(place, key, words.into());
        }
    }
    for (name, value) in manifest["variables"].as_object().into_iter().flatten() {
        match text(value) {
            Some(value) => draft.variable(place, name, &value),
            None => draft.note(
                place,
                format!("left out: the variable {name}: its value is in another stack"),
            ),
        }
    }
    for (name, value) in manifest["secrets"].as_object().into_iter().flatten() {
        let reference = match value {
            Value::Object(map) => map.get("secretsmanager").and_then(text).map(|secret| {
                let mut parts = secret.splitn(4, ':');
                let id = parts.next().unwrap_or_default().to_owned();
                match parts.next().filter(|key| !key.is_empty()) {
                    Some(key) => format!("sm:{id}#{key}"),
                    None => format!("sm:{id}"),
                }
            }),
            other => text(other).map(|parameter| format!("ssm:{parameter}")),
        };
        match reference {
            Some(reference) => {
                draft.put(&[place, &["secrets"]].concat(), name, reference.into());
            }
            None => {
                draft.note(place, format!("left out: the secret {name}: it is in another stack"));
            }
        }
    }
    for (name, sidecar) in manifest["sidecars"].as_object().into_iter().flatten() {
        let inside = [place, &["sidecars", name.as_str()]].concat();
        let image = sidecar.get("image").and_then(text);
        let Some(image) = image else {
            draft.note(place, format!("left out: the sidecar {name}: its image is built"));
            continue;
        };
        let essential = sidecar.get("essential").cloned().unwrap_or(Value::Bool(true));
        let values = [("image", image.into()), ("essential", essential)];
        if let Err(problem) = draft.try_put(&inside, &values) {
            draft.note(place, format!("left out: the sidecar {name}: {}", problem.message));
            continue;
        }
        for (variable, value) in sidecar["variables"].as_object().into_iter().flatten() {
            if let Some(value) = text(value) {
                draft.variable(&inside, variable, &value);
            }
        }
        if let Some(words) = sidecar.get("command").and_then(words) {
            draft.put(&inside, "command", words.into());
        }
        rest(
            draft,
            place,
            sidecar,
            &["image", "essential", "variables", "command"],
            &[("port", "containers of a task reach each other on localhost")],
        );
    }
    if let Some(days) = manifest["logging"].get("retention").and_then(Value::as_u64) {
        draft.put(&[place, &["logs"]].concat(), "retain", format!("{days}d").into());
    }
    if let Some(alarms) = manifest["deployment"].get("rollback_alarms").filter(|it| it.is_array()) {
        draft.put(&[place, &["deploy"]].concat(), "rollback_on_alarms", alarms.clone());
    }
    if manifest["deployment"].get("rolling").and_then(Value::as_str) == Some("recreate") {
        draft.put(&[place, &["deploy"]].concat(), "min_healthy", "0%".into());
    }
}

fn count(draft: &mut Draft, place: &[&str], count: Option<&Value>) {
    match count {
        Some(number @ Value::Number(_)) => {
            draft.put(place, "scale", number.clone());
        }
        Some(range @ Value::Object(_)) => {
            let bounds = &range["range"];
            let (min, max) = match bounds {
                Value::String(text) => {
                    let (min, max) = text.split_once('-').unwrap_or((text, text));
                    (min.trim().parse().ok(), max.trim().parse().ok())
                }
                _ => (
                    bounds.get("min").and_then(Value::as_u64),
                    bounds.get("max").and_then(Value::as_u64),
                ),
            };
            let (Some(min), Some(max)) = (min, max) else {
                if let Some(spot) = range.get("spot").and_then(Value::as_u64) {
                    let values = [("scale", json!(spot)), ("spot", "100%".into())];
                    if let Err(problem) = draft.try_put(place, &values) {
                        draft.note(place, format!("left out: `count`: {}", problem.message));
                    }
                    return;
                }
                draft.note(place, format!("left out: `count: {}`", shown(range)));
                return;
            };
            let mut made = json!({ "min": min, "max": max });
            for (from, to) in [
                ("cpu_percentage", "cpu"),
                ("memory_percentage", "memory"),
                ("requests", "requests"),
            ] {
                let value = range.get(from).map(|value| value.get("value").unwrap_or(value));
                if let Some(value) = value {
                    made[to] = value.clone();
                }
            }
            if !draft.put(place, "scale", made) {
                draft.put(place, "scale", json!(min));
            }
            rest(
                draft,
                place,
                range,
                &["range", "cpu_percentage", "memory_percentage", "requests"],
                &[("cooldown", "write `scale: { cooldown: { out: …, in: … } }`")],
            );
        }
        _ => {}
    }
}

fn job(draft: &mut Draft, place: &[&str], manifest: &Value) {
    if place[0] != "jobs" {
        return;
    }
    if let Some(schedule) = manifest["on"].get("schedule").and_then(text) {
        let schedule = match schedule.strip_prefix("@every ").map(|every| seconds(&every.into())) {
            Some(Some(every)) => json!({ "rate": format!("{}m", every.div_ceil(60)) }),
            _ => match schedule.as_str() {
                "@hourly" => json!({ "cron": "0 * * * *" }),
                "@daily" | "@midnight" => json!({ "cron": "0 0 * * *" }),
                "@weekly" => json!({ "cron": "0 0 * * 0" }),
                "@monthly" => json!({ "cron": "0 0 1 * *" }),
                "@yearly" | "@annually" => json!({ "cron": "0 0 1 1 *" }),
                other => json!({ "cron": other }),
            },
        };
        draft.put(place, "schedule", schedule);
    }
    if let Some(retries) = manifest.get("retries") {
        draft.put(place, "retries", retries.clone());
    }
    if let Some(timeout) = manifest.get("timeout").and_then(seconds) {
        draft.put(place, "timeout", time(timeout));
    }
}

/// Copilot's own variables become the spec's.
fn interpolated(value: &Value) -> Value {
    match value {
        Value::String(text) => text
            .replace("${COPILOT_APPLICATION_NAME}", "${app}")
            .replace("${COPILOT_ENVIRONMENT_NAME}", "${env}")
            .into(),
        Value::Array(items) => items.iter().map(interpolated).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), interpolated(value)))
            .collect::<Map<String, Value>>()
            .into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
