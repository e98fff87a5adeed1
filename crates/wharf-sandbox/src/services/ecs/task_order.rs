//! The order in which the containers of a task start (ECS API reference, `ContainerDependency`).

use serde_json::Value;

use super::state::{Container, Task};

/// Returns the place of a container that has not been started and waits for nothing any more.
pub(super) fn ready(task: &Task, definitions: &[Value]) -> Option<usize> {
    task.containers.iter().position(|container| {
        container.last_status == "PENDING"
            && waits_for(definitions, &container.name).all(|after| holds(task, after))
    })
}

fn waits_for<'d>(definitions: &'d [Value], name: &str) -> impl Iterator<Item = &'d Value> {
    let own = definitions.iter().find(|definition| definition["name"] == *name);
    own.and_then(|own| own["dependsOn"].as_array()).into_iter().flatten()
}

fn holds(task: &Task, after: &Value) -> bool {
    let Some(other) = task.containers.iter().find(|it| after["containerName"] == *it.name) else {
        return false;
    };
    let ended = |it: &Container| it.last_status == "STOPPED";
    match after["condition"].as_str() {
        Some("COMPLETE") => ended(other),
        Some("SUCCESS") => ended(other) && other.exit_code == Some(0),
        Some("HEALTHY") => other.health == "HEALTHY",
        _ => other.last_status != "PENDING",
    }
}
