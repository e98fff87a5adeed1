//! A service that runs on ECS.

use serde_json::{Value, json};
use wharf_aws::operate::found::{FoundContainer, FoundService};

use super::draft::Draft;
use super::values::{legal, size, time};

/// Makes a spec of a service that runs.
pub(crate) fn draft(found: &FoundService, app: &str, region: &str) -> Draft {
    let mut draft = Draft::new(app, region);
    let name = legal(&found.name);
    let place = ["services", name.as_str()];
    let Some((main, others)) = found.containers.split_first() else { return draft };
    if !draft.put(&place, "image", main.image.clone().into()) {
        draft.put(&place, "image", json!({ "tag": "v1" }));
    }
    size(&mut draft, &place, found.cpu, found.memory);
    if found.arm {
        draft.put(&place, "platform", "linux/arm64".into());
    }
    serve(&mut draft, &place, found);
    container(&mut draft, &place, main);
    if let Some(seconds) = main.stop_timeout {
        draft.put(&place, "stop_timeout", time(seconds.into()));
    }
    if found.count != 1 {
        draft.put(&place, "scale", found.count.into());
    }
    if found.exec {
        draft.put(&place, "exec", true.into());
    }
    for other in others {
        let inside = [&place[..], &["sidecars", &other.name]].concat();
        let values = [("image", other.image.clone().into()), ("essential", other.essential.into())];
        match draft.try_put(&inside, &values) {
            Ok(()) => container(&mut draft, &inside, other),
            Err(problem) => {
                draft.note(
                    &place,
                    format!("left out: the container {}: {}", other.name, problem.message),
                );
            }
        }
    }
    if let Some(role) = &found.task_role {
        draft.put(&place, "permissions", role.clone().into());
    }
    network(&mut draft, found);
    for what in &found.beyond {
        draft.note(&place, format!("left out: {what}"));
    }
    draft
}

fn serve(draft: &mut Draft, place: &[&str], found: &FoundService) {
    let Some(balancer) = &found.balancer else { return };
    draft.put(place, "port", balancer.port.into());
    let check = &balancer.health;
    let path = check.path.as_deref().unwrap_or("/");
    let mut health = json!({ "path": path });
    let times = [("interval", check.interval), ("timeout", check.timeout), ("grace", found.grace)];
    for (key, seconds) in times {
        if let Some(seconds) = seconds {
            health[key] = time(seconds.into());
        }
    }
    for (key, count) in [("good", check.good), ("bad", check.bad)] {
        if let Some(count) = count {
            health[key] = count.into();
        }
    }
    if let Some(codes) = &check.codes {
        health["codes"] = codes.clone().into();
    }
    if !draft.put(place, "health", health) {
        draft.put(place, "health", path.into());
    }
    let hosts = &balancer.hosts;
    if balancer.tls && !hosts.is_empty() {
        draft.put(place, "domain", json!({ "names": hosts }));
    } else if !hosts.is_empty() {
        draft.put(&[place, &["route"]].concat(), "host", hosts.clone().into());
    } else if balancer.tls {
        draft.note(place, "it answers HTTPS, but no rule names a host; write `domain:`");
    }
    if !balancer.paths.is_empty() {
        draft.put(&[place, &["route"]].concat(), "path", balancer.paths.clone().into());
    }
    if !balancer.public {
        draft.put(&["balancer"], "scheme", "internal".into());
    }
    draft.note(
        place,
        format!(
            "it is behind the balancer {}; apply makes one of its own beside it, and names move with \
             their DNS records",
            balancer.name
        ),
    );
}

/// What a service's container and a sidecar have alike.
fn container(draft: &mut Draft, place: &[&str], from: &FoundContainer) {
    for (key, words) in [("command", &from.command), ("entrypoint", &from.entrypoint)] {
        if !words.is_empty() {
            draft.put(place, key, words.clone().into());
        }
    }
    if let Some(user) = &from.user {
        draft.put(place, "user", user.clone().into());
    }
    for (name, value) in &from.env {
        draft.variable(place, name, value);
    }
    for (name, reference) in &from.secrets {
        draft.put(&[place, &["secrets"]].concat(), name, secret(reference).into());
    }
    if let Some((command, [interval, timeout, start, retries])) = &from.health {
        let mut health = json!({ "command": command });
        for (key, seconds) in
            [("interval", interval), ("timeout", timeout), ("start_period", start)]
        {
            if let Some(seconds) = seconds {
                health[key] = time((*seconds).into());
            }
        }
        if let Some(retries) = retries {
            health["retries"] = (*retries).into();
        }
        draft.put(place, "container_health", health);
    }
}

/// Turns where ECS takes a secret from into a reference of the spec: a parameter by name or ARN, a
/// secret by ARN with the key inside it (ECS developer guide, "Pass Secrets Manager secrets").
fn secret(reference: &str) -> String {
    if let Some((_, rest)) = reference.split_once(":secret:") {
        let mut parts = rest.split(':');
        // Secrets Manager adds a hyphen and six characters to the name.
        let name = parts.next().unwrap_or_default();
        let bare =
            name.rsplit_once('-').filter(|(_, end)| end.len() == 6).map_or(name, |(name, _)| name);
        return match parts.next().filter(|key| !key.is_empty()) {
            Some(key) => format!("sm:{bare}#{key}"),
            None => format!("sm:{bare}"),
        };
    }
    match reference.split_once(":parameter") {
        Some((_, name)) => format!("ssm:{name}"),
        None => format!("ssm:{reference}"),
    }
}

fn network(draft: &mut Draft, found: &FoundService) {
    if found.subnets.is_empty() {
        return;
    }
    let subnets: Value = found.subnets.clone().into();
    draft.put(&["network"], "tasks", subnets);
    if found.public_ip {
        draft.note(
            &["network"],
            "its tasks have public addresses; wharf gives them where no NAT leads out",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::secret;

    #[test]
    fn secrets_are_told_by_where_they_are() {
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:notes/prod-AbCdEf";
        assert_eq!(secret(&format!("{arn}:key::")), "sm:notes/prod#key");
        assert_eq!(secret(arn), "sm:notes/prod");
        assert_eq!(
            secret("arn:aws:ssm:eu-west-1:111122223333:parameter/notes/url"),
            "ssm:/notes/url"
        );
        assert_eq!(secret("/notes/url"), "ssm:/notes/url");
    }
}
