//! The containers of one task together: memory, names, order, ports.

use super::{cycle, of_service};
use crate::document::Node;
use crate::keys::{nearest, shorten};
use crate::problem::Problem;
use crate::read::Cx;
use crate::read::vcpu;
use crate::stack::{Condition, Service};
use crate::units::human_size;

/// Variables that name credentials for every AWS client in a container (AWS SDKs and Tools Reference Guide,
/// "Standardized credential providers").
const CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"];

pub(super) fn check(cx: &mut Cx, root: &Node, service: &Service) {
    sums(cx, root, service);
    depends(cx, root, service);
    ports(cx, root, service);
    moving(cx, root, service);
    commands(cx, root, service);
}

/// What sidecars take must leave something to the service's own container.
fn sums(cx: &mut Cx, root: &Node, service: &Service) {
    let at = |path: &[&str]| of_service(root, &service.name, path).span;
    let memory: u64 = service.sidecars.values().filter_map(|s| s.memory).map(u64::from).sum();
    if memory >= u64::from(service.memory) && memory > 0 {
        let total = u32::try_from(memory).unwrap_or(u32::MAX);
        let mut problem = Problem::error(
            "E043",
            at(&["memory"]),
            format!("the sidecars leave no memory to `{}`", service.name),
        )
        .label(format!("a task has {}", human_size(service.memory)));
        for sidecar in service.sidecars.values().filter(|sidecar| sidecar.memory.is_some()) {
            problem = problem.also(at(&["sidecars", &sidecar.name, "memory"]), "takes part of it");
        }
        cx.push(
            problem
                .note(format!("together they take {}", human_size(total)))
                .help("raise `memory` of the service, or lower what the sidecars may use"),
        );
    }
    let cpu: u64 = service.sidecars.values().filter_map(|s| s.cpu).map(u64::from).sum();
    if cpu > u64::from(service.cpu) {
        let mut problem =
            Problem::error("E043", at(&["cpu"]), "the sidecars reserve more CPU than a task has")
                .label(format!("a task has {} vCPU", vcpu(service.cpu)));
        for sidecar in service.sidecars.values().filter(|sidecar| sidecar.cpu.is_some()) {
            problem = problem.also(at(&["sidecars", &sidecar.name, "cpu"]), "reserves part of it");
        }
        cx.push(problem.help("raise `cpu` of the service, or lower that of the sidecars"));
    }
    if service.sidecars.contains_key(&service.name) {
        let name = &service.name;
        cx.push(
            Problem::error("E043", at(&["sidecars", name]), "a sidecar is called like its service")
                .label("this name is taken")
                .note("the service's own container has the name of the service")
                .help("give the sidecar another name"),
        );
    }
}

/// The rules of the ECS API reference, `ContainerDependency`.
fn depends(cx: &mut Cx, root: &Node, service: &Service) {
    let own = service.name.as_str();
    let names: Vec<&str> = service.sidecars.keys().map(String::as_str).chain([own]).collect();
    let waits = |name: &str| match service.sidecars.get(name) {
        Some(sidecar) if name != own => &sidecar.depends_on,
        _ => &service.depends_on,
    };
    let at = |waiting: &str, other: &str| {
        let path: &[&str] = if waiting == own {
            &["depends_on", other]
        } else {
            &["sidecars", waiting, "depends_on", other]
        };
        of_service(root, own, path).span
    };
    for waiting in &names {
        for (other, condition) in waits(waiting) {
            let span = at(waiting, other);
            let target = service.sidecars.get(other);
            if !names.contains(&other.as_str()) {
                let problem = Problem::error(
                    "E044",
                    span,
                    format!("the task has no container `{}`", shorten(other)),
                )
                .label("waits for nothing");
                let service = cx.services.iter().any(|(name, _)| name == other);
                cx.push(if service {
                    problem.help(format!("for the order of services, write `after: [{other}]`"))
                } else {
                    match nearest(other, names.iter().copied().filter(|name| name != waiting)) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help(format!("the containers are: {}", names.join(", "))),
                    }
                });
                continue;
            }
            let (essential, health) = match target {
                Some(sidecar) if other != own => {
                    (sidecar.essential, sidecar.container_health.is_some())
                }
                _ => (true, service.container_health.is_some()),
            };
            if *condition == Condition::Healthy && !health {
                cx.push(
                    Problem::error("E044", span, format!("`{other}` has no `container_health`"))
                        .label("would never be known to be healthy")
                        .help("add `container_health` to it, or wait for `start`"),
                );
            }
            if matches!(condition, Condition::Complete | Condition::Success) && essential {
                cx.push(
                    Problem::error("E044", span, format!("`{other}` must not end"))
                        .label("waits for its end")
                        .note("when an essential container ends, the whole task does")
                        .help("write `essential: false` under the sidecar, or wait for `start`"),
                );
            }
        }
    }
    // What waits for a name that is none was reported above.
    let known = |name: &&str| names.contains(name);
    let next = |name: &str| waits(name).keys().map(String::as_str).filter(known).collect();
    let Some(round) = cycle(&names, next) else { return };
    let (Some(first), Some(second)) = (round.first(), round.get(1).or(round.first())) else {
        return;
    };
    let message = "these containers wait for each other, so none could start";
    let mut problem = Problem::error("E044", at(first, second), message)
        .label(format!("`{first}` waits for `{second}`"));
    for (place, name) in round.iter().enumerate().skip(1) {
        let to = round.get(place + 1).unwrap_or(first);
        problem = problem.also(at(name, to), format!("`{name}` waits for `{to}`"));
    }
    cx.push(problem.help("remove one of them"));
}

fn ports(cx: &mut Cx, root: &Node, service: &Service) {
    let Some(port) = service.routing.as_ref().map(|routing| routing.port) else { return };
    let at = |path: &[&str]| of_service(root, &service.name, path);
    let here = at(&["port"]).span;
    let root_user = |user: &str| {
        let name = user.split(':').next().unwrap_or_default();
        matches!(name, "root" | "0")
    };
    if port < 1024
        && let Some(user) = service.user.as_ref().filter(|user| !root_user(user))
    {
        cx.push(
            Problem::warning("W109", here, format!("`{}` may not listen on this port", shorten(user)))
                .label("ports below 1024 are root's")
                .also(at(&["user"]).span, "the user")
                .help("listen on a port from 1024, for example 8080; the balancer still answers on 80 and 443"),
        );
    }
    let port = port.to_string();
    if let Some(said) = service.env.get("PORT").filter(|said| **said != port) {
        cx.push(
            Problem::warning("W117", at(&["env", "PORT"]).span, "`PORT` is not the service's port")
                .label(format!("tells the program to listen on {}", shorten(said)))
                .also(here, "requests are sent here")
                .help(format!("write \"{port}\" here, or change `port`")),
        );
    }
    for sidecar in service.sidecars.values() {
        if sidecar.env.get("PORT") == Some(&port) {
            cx.push(
                Problem::warning(
                    "W117",
                    at(&["sidecars", &sidecar.name, "env", "PORT"]).span,
                    "the sidecar is told to listen on the service's port",
                )
                .label("the same port")
                .also(here, "the service's own container listens here")
                .note("the containers of a task share one network, so only one can have a port")
                .help("give the sidecar another port"),
            );
        }
    }
}

/// Tasks that AWS or the autoscaler takes away, with nothing left.
fn moving(cx: &mut Cx, root: &Node, service: &Service) {
    let at = |path: &[&str]| of_service(root, &service.name, path).span;
    if service.spot == 100 && service.count == 1 {
        cx.push(
            Problem::warning("W113", at(&["spot"]), "the only task runs on spare capacity")
                .label("AWS may stop it with two minutes' notice")
                .also(at(&["scale"]), "one task")
                .note("until another has started, and while there is no capacity, nothing answers")
                .help("run two tasks, or only a part of them on spare capacity"),
        );
    }
    if let Some(scaling) = &service.scaling
        && scaling.min == 0
        && (scaling.cpu.is_some() || scaling.memory.is_some() || scaling.requests.is_some())
    {
        cx.push(
            Problem::warning("W120", at(&["scale", "min"]), "with no task, nothing is measured")
                .label("would never be left again")
                .note("CPU, memory and requests per task are measured at running tasks")
                .help("write `min: 1`, or bring the tasks back at certain times with `schedule`"),
        );
    }
}

/// Credentials in the container's variables, which the agent of `exec` finds before the role of the task.
fn commands(cx: &mut Cx, root: &Node, service: &Service) {
    if !service.exec {
        return;
    }
    let at = |path: &[&str]| of_service(root, &service.name, path).span;
    for name in CREDENTIALS {
        let key = if service.env.contains_key(name) {
            "env"
        } else if service.secrets.contains_key(name) {
            "secrets"
        } else {
            continue;
        };
        cx.push(
            Problem::warning("W122", at(&[key, name]), "commands may not get into these tasks")
                .label("stands in for the task's role")
                .also(at(&["exec"]), "the agent that takes commands needs that role")
                .help(
                    "let the role do what they are for (`permissions`), or give them to the program under \
                     other names",
                ),
        );
    }
}
