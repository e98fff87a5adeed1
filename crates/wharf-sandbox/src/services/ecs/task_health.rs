//! Whether tasks are well.

use std::time::Duration;

use serde_json::Value;

use super::{
    outside::{self, Target},
    state::Task,
};
use crate::{image::App, world::World};

/// How long a task without any check must run to count as healthy (ECS Developer Guide, "Amazon ECS
/// deployment circuit breaker").
pub(super) const PROVEN: Duration = Duration::from_secs(40);

/// What is wrong with a running task.
pub(super) enum Fault {
    /// A balancer finds it unhealthy.
    Target {
        /// The target group's ARN.
        group: String,
        /// The port.
        port: i64,
        /// Why.
        reason: String,
    },
    /// A container's own check fails.
    Container,
    /// A target group does not exist any more.
    NoGroup {
        /// The target group's ARN.
        group: String,
        /// The port.
        port: i64,
    },
}

/// Says whether a task counts as healthy in a deployment.
pub(super) fn is_healthy(world: &World, region: &str, task: &Task) -> bool {
    if task.last_status != "RUNNING" || !task.is_wanted() {
        return false;
    }
    if task.is_checked() && task.health() != "HEALTHY" {
        return false;
    }
    if !task.balancers.is_empty() {
        let ip = task.attachment.as_ref().map(|found| found.ip.as_str()).unwrap_or_default();
        return task.balancers.iter().all(|balancer| {
            outside::target(world, region, &balancer.target_group, ip) == Target::Healthy
        });
    }
    task.is_checked() || task.started.is_some_and(|at| world.now.since(at) >= PROVEN)
}

/// Returns what is wrong with a running task whose grace period is over.
pub(super) fn fault(world: &World, region: &str, task: &Task, grace: i64) -> Option<Fault> {
    if task.last_status != "RUNNING" || !task.is_wanted() {
        return None;
    }
    let grace = Duration::from_secs(u64::try_from(grace).unwrap_or(0));
    if task.started.is_none_or(|at| world.now.since(at) < grace) {
        return None;
    }
    if task.health() == "UNHEALTHY" {
        return Some(Fault::Container);
    }
    let ip = task.attachment.as_ref()?.ip.as_str();
    task.balancers.iter().find_map(|balancer| {
        let group = balancer.target_group.clone();
        if world.target_group(region, &group).is_none() {
            return Some(Fault::NoGroup { group, port: balancer.port });
        }
        match outside::target(world, region, &group, ip) {
            Target::Unhealthy(reason) => Some(Fault::Target { group, port: balancer.port, reason }),
            _ => None,
        }
    })
}

/// Returns when a container's health check comes to a result, and to which.
///
/// A check that asks a URL gets what the application answers; every other command succeeds once
/// the application is up.
pub(super) fn verdict(check: &Value, app: &App, port: Option<u16>) -> Option<(Duration, bool)> {
    let words: Vec<&str> = check["command"].as_array()?.iter().filter_map(Value::as_str).collect();
    if words.first() == Some(&"NONE") {
        return None;
    }
    let number = |member: &str, default: u64| check[member].as_u64().unwrap_or(default);
    let interval = number("interval", 30).max(1);
    let (retries, grace) = (number("retries", 3), number("startPeriod", 0));
    let command = words.join(" ");
    // The first check that finds the application up.
    let up = u64::from(app.startup_seconds).div_ceil(interval).max(1);
    let in_time = up <= retries || up * interval <= grace;
    let passes = match app.health_command {
        Some(code) => code == 0,
        None => answers(&command, app, port),
    };
    if in_time && passes {
        return Some((Duration::from_secs(up * interval), true));
    }
    Some((Duration::from_secs(grace + retries * interval), false))
}

fn answers(command: &str, app: &App, port: Option<u16>) -> bool {
    let Some((_, url)) = command.split_once("http://") else { return true };
    let end = url.find([' ', '"', '\'', '|', ';', ')']).unwrap_or(url.len());
    let url = &url[..end];
    let (host, path) = url.find('/').map_or((url, "/"), |at| url.split_at(at));
    let asked = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(80);
    let listens = app.listens.or(port).unwrap_or(asked);
    listens == asked && app.answers(path) < 400
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::verdict;
    use crate::image::App;

    #[test]
    fn a_check_asks_the_application() {
        let mut app = App { other_paths: 404, ..App::default() };
        app.paths.insert("/ok".to_owned(), 200);
        let check = |command: &str| json!({"command": ["CMD-SHELL", command], "interval": 10});
        let seconds = Duration::from_secs;
        for (command, expected) in [
            ("curl -f http://localhost:3000/ok || exit 1", (seconds(10), true)),
            ("curl -f http://localhost:3000/", (seconds(30), false)),
            ("wget -q 'http://127.0.0.1:3001/ok'", (seconds(30), false)),
            ("bin/worker ping", (seconds(10), true)),
        ] {
            assert_eq!(verdict(&check(command), &app, Some(3000)), Some(expected), "{command}");
        }
        app.startup_seconds = 31;
        let slow = verdict(&check("bin/worker ping"), &app, None);
        assert_eq!(slow, Some((seconds(30), false)), "three tries are over before it is up");
    }
}
