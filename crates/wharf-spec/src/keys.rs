//! Every key of the format, and what to say about one that is not.

use crate::document::{Entry, Node};
use crate::problem::Problem;
use crate::read::Cx;

/// The keys one kind of map may have.
pub(crate) struct Shape {
    /// What the map is, for messages: "a service".
    pub(crate) what: &'static str,
    /// Keys of the format, whether this version applies them or not.
    pub(crate) keys: &'static [&'static str],
    /// Words people bring from elsewhere, with what is written here instead.
    pub(crate) foreign: &'static [(&'static str, &'static str)],
}

pub(crate) const ROOT: Shape = Shape {
    what: "the spec",
    keys: &[
        "version",
        "app",
        "wharf",
        "account",
        "region",
        "tags",
        "network",
        "cluster",
        "balancer",
        "images",
        "defaults",
        "release",
        "services",
        "jobs",
        "protect",
        "destroy",
        "waive",
        "environments",
    ],
    foreign: &[
        ("name", "write `app:`"),
        ("service", "write `services:`, a map, even for one service"),
        ("secrets", "write `secrets:` under the service that reads them, or under `defaults:`"),
        ("env", "write `env:` under the service that reads it, or under `defaults:`"),
    ],
};

pub(crate) const SERVICE: Shape = Shape {
    what: "a service",
    keys: &[
        "image",
        "build",
        "platform",
        "cpu",
        "memory",
        "port",
        "command",
        "entrypoint",
        "user",
        "stop_timeout",
        "health",
        "container_health",
        "domain",
        "route",
        "env",
        "secrets",
        "permissions",
        "scale",
        "deploy",
        "logs",
        "exec",
        "repository",
        "sidecars",
        "depends_on",
        "spot",
        "after",
        "renamed_from",
        "waive",
    ],
    foreign: &[
        ("ports", "write `port:` with the one port the container listens on"),
        (
            "healthcheck",
            "write `health:` for the balancer's check, `container_health:` for a command",
        ),
        ("replicas", "write `scale:`"),
        ("count", "write `scale:`"),
        ("variables", "write `env:`"),
        ("host", "write `route: { host: … }`, or `domain:` to have HTTPS too"),
        ("path", "write `route: { path: … }`"),
        ("schedule", "what runs at certain times is a job: write it under `jobs:`"),
        ("alarms", "write `deploy: { rollback_on_alarms: […] }`"),
        ("autoscaling", "write `scale: { min: …, max: …, cpu: … }`"),
        ("volumes", "Fargate tasks keep nothing; use a database or a bucket"),
        ("restart", "tasks are always restarted"),
        (
            "public",
            "a service with a `port` is public if the balancer is (`balancer: { scheme: … }`)",
        ),
    ],
};

pub(crate) const IMAGE: Shape = Shape {
    what: "an image",
    keys: &["tag", "digest", "build", "platform"],
    foreign: &[("repository", "write `repository:` beside `image:`, not inside")],
};

pub(crate) const REPOSITORY: Shape =
    Shape { what: "a repository", keys: &["tags", "keep"], foreign: &[] };

pub(crate) const HEALTH: Shape = Shape {
    what: "a health check",
    keys: &["path", "interval", "timeout", "good", "bad", "grace", "codes"],
    foreign: &[
        ("healthy_threshold", "write `good:`"),
        ("unhealthy_threshold", "write `bad:`"),
        ("grace_period", "write `grace:`"),
        ("matcher", "write `codes:`"),
        ("retries", "write `bad:`; `retries` belongs to `container_health`"),
    ],
};

pub(crate) const CONTAINER_HEALTH: Shape = Shape {
    what: "a container health check",
    keys: &["command", "interval", "timeout", "retries", "start_period"],
    foreign: &[("test", "write `command:`"), ("grace", "write `start_period:`")],
};

pub(crate) const DOMAIN: Shape = Shape {
    what: "a domain",
    keys: &["names", "zone", "certificate", "tls"],
    foreign: &[("name", "write `names:`, a list")],
};

pub(crate) const ROUTE: Shape = Shape {
    what: "a route",
    keys: &["host", "path"],
    foreign: &[
        ("hosts", "write `host:`, which takes a list too"),
        ("paths", "write `path:`, which takes a list too"),
    ],
};

pub(crate) const STATEMENT: Shape = Shape {
    what: "a permission",
    keys: &["allow", "on"],
    foreign: &[("actions", "write `allow:`"), ("resources", "write `on:`")],
};

pub(crate) const SCALE: Shape = Shape {
    what: "a scale",
    keys: &["min", "max", "cpu", "memory", "requests", "cooldown", "schedule"],
    foreign: &[("target", "write `cpu:`, `memory:` or `requests:` with the value aimed at")],
};

pub(crate) const DEPLOY: Shape = Shape {
    what: "a deploy setting",
    keys: &[
        "strategy",
        "bake",
        "step",
        "interval",
        "max_failures",
        "rollback_on_alarms",
        "drain",
        "timeout",
        "min_healthy",
        "max_running",
    ],
    foreign: &[
        ("alarms", "write `rollback_on_alarms:`"),
        ("percent", "write `step:`"),
        ("bake_time", "write `bake:`"),
    ],
};

pub(crate) const LOGS: Shape = Shape {
    what: "a log setting",
    keys: &["retain"],
    foreign: &[("retention", "write `retain:`")],
};

pub(crate) const NETWORK: Shape = Shape {
    what: "a network",
    keys: &["vpc", "tasks", "balancer"],
    foreign: &[("subnets", "write `tasks:` and `balancer:`, each with its subnets")],
};

pub(crate) const BALANCER: Shape =
    Shape { what: "a balancer", keys: &["use", "scheme", "allow", "idle_timeout"], foreign: &[] };

pub(crate) const DESTROY: Shape =
    Shape { what: "a destroy setting", keys: &["repository", "logs", "certificate"], foreign: &[] };

pub(crate) const BUILD: Shape = Shape {
    what: "a build",
    keys: &["context", "file", "platform"],
    foreign: &[
        ("dockerfile", "write `file:`"),
        ("path", "write `context:`"),
        ("args", "builds take no arguments; write `ARG NAME=value` in the Dockerfile"),
        ("target", "builds go to the last stage; keep one Dockerfile for each image"),
    ],
};

pub(crate) const IMAGES_ENTRY: Shape = Shape {
    what: "an entry of `images`",
    keys: &["tag", "digest", "build"],
    foreign: &[("context", "write `{ build: … }`")],
};

pub(crate) const SIDECAR: Shape = Shape {
    what: "a sidecar",
    keys: &[
        "image",
        "essential",
        "cpu",
        "memory",
        "command",
        "entrypoint",
        "user",
        "env",
        "secrets",
        "container_health",
        "depends_on",
    ],
    foreign: &[
        ("port", "containers of a task reach each other on localhost; only the service has a port"),
        (
            "ports",
            "containers of a task reach each other on localhost; only the service has a port",
        ),
        ("health", "the balancer asks the service only; write `container_health:`"),
        ("healthcheck", "write `container_health:`"),
        ("permissions", "the containers of a task share its role: write it under the service"),
        ("restart", "write `essential: true`, and the task is replaced when the sidecar ends"),
    ],
};

pub(crate) const JOB: Shape = Shape {
    what: "a job",
    keys: &[
        "image",
        "build",
        "platform",
        "repository",
        "cpu",
        "memory",
        "command",
        "entrypoint",
        "user",
        "stop_timeout",
        "env",
        "secrets",
        "permissions",
        "logs",
        "schedule",
        "retries",
        "timeout",
        "waive",
    ],
    foreign: &[
        ("cron", "write `schedule: { cron: … }`"),
        ("rate", "write `schedule: { rate: … }`"),
        ("port", "a job takes no requests; what does is a service"),
        ("scale", "one task runs at a time"),
        ("health", "a job is well when its command ends with exit code 0"),
    ],
};

pub(crate) const RELEASE: Shape = Shape {
    what: "a release",
    keys: &[
        "image",
        "build",
        "platform",
        "repository",
        "cpu",
        "memory",
        "command",
        "entrypoint",
        "user",
        "stop_timeout",
        "env",
        "secrets",
        "permissions",
        "logs",
        "timeout",
        "waive",
    ],
    foreign: &[
        ("schedule", "what runs at certain times is a job: write it under `jobs:`"),
        ("retries", "a release that fails stops the apply; run it again"),
    ],
};

pub(crate) const SCHEDULE: Shape = Shape {
    what: "a schedule",
    keys: &["cron", "rate", "timezone"],
    foreign: &[
        ("every", "write `rate:`"),
        ("tz", "write `timezone:`"),
        ("at", "write `cron:`; what runs at no certain times has no schedule"),
    ],
};

pub(crate) const SCALE_TIME: Shape = Shape {
    what: "a time of a scale",
    keys: &["cron", "timezone", "min", "max"],
    foreign: &[("rate", "write `cron:`"), ("tz", "write `timezone:`")],
};

pub(crate) const COOLDOWN: Shape = Shape { what: "a cooldown", keys: &["out", "in"], foreign: &[] };

pub(crate) const CLUSTER: Shape = Shape {
    what: "a cluster",
    keys: &["use"],
    foreign: &[(
        "name",
        "write `use:` for a cluster that exists; wharf's own is named by the stack",
    )],
};

/// The long form of a value that names something owned elsewhere.
pub(crate) const USE: Shape = Shape { what: "a reference", keys: &["use"], foreign: &[] };

const SHAPES: &[&Shape] = &[
    &ROOT,
    &SERVICE,
    &IMAGE,
    &REPOSITORY,
    &HEALTH,
    &CONTAINER_HEALTH,
    &DOMAIN,
    &ROUTE,
    &STATEMENT,
    &SCALE,
    &DEPLOY,
    &LOGS,
    &NETWORK,
    &BALANCER,
    &DESTROY,
    &BUILD,
    &IMAGES_ENTRY,
    &SIDECAR,
    &JOB,
    &RELEASE,
    &SCHEDULE,
    &SCALE_TIME,
    &COOLDOWN,
    &CLUSTER,
    &USE,
];

/// Returns every key of the format, with what it belongs to ("a service").
pub fn known_keys() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHAPES.iter().flat_map(|shape| shape.keys.iter().map(|key| (shape.what, *key)))
}

/// A map whose keys have been checked.
#[derive(Clone, Copy, Default)]
pub(crate) struct Fields<'n> {
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// Takes a map apart, reporting a wrong type and every key that is not of the format.
    pub(crate) fn of(cx: &mut Cx, node: &'n Node, shape: &Shape) -> Option<Self> {
        let Some(entries) = node.map() else {
            cx.wrong_type(node, &format!("{} (a map)", shape.what));
            return None;
        };
        for entry in entries {
            if cx.problems.len() > crate::problem::ENOUGH {
                break;
            }
            if !shape.keys.contains(&entry.key.text.as_str()) {
                cx.push(unknown(entry, shape));
            }
        }
        Some(Self { entries })
    }

    /// Takes a map apart whose keys are checked elsewhere.
    pub(crate) fn unchecked(node: &'n Node) -> Self {
        Self { entries: node.map().unwrap_or_default() }
    }

    /// Returns the value under a key; an empty value was reported and counts as absent.
    pub(crate) fn get(self, cx: &mut Cx, key: &str) -> Option<&'n Node> {
        let entry = self.entry(key)?;
        if entry.value.is_null() {
            cx.push(
                Problem::error("E009", entry.key.span, format!("`{key}` has no value"))
                    .label("nothing follows")
                    .help("give it a value, or remove the line"),
            );
            return None;
        }
        Some(&entry.value)
    }

    /// Returns the entry with a key.
    pub(crate) fn entry(self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| entry.key.text == key)
    }
}

fn unknown(entry: &Entry, shape: &Shape) -> Problem {
    let key = entry.key.text.as_str();
    let problem = Problem::error(
        "E005",
        entry.key.span,
        format!("{} has no key `{}`", shape.what, shorten(key)),
    )
    .label("unknown key");
    if let Some((_, instead)) = shape.foreign.iter().find(|(word, _)| *word == key) {
        return problem.help(*instead);
    }
    match nearest(key, shape.keys.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("the keys of {} are: {}", shape.what, shape.keys.join(", "))),
    }
}

/// Cuts a text that may be of any length down to what fits in a message.
pub(crate) fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    let start: String = text.chars().take(57).collect();
    format!("{start}…")
}

/// Finds the candidate most like `word`, if any is like it.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    if word.len() > 64 {
        return None;
    }
    let lower = word.to_lowercase().replace('-', "_");
    let score = |candidate: &str| {
        let candidate = candidate.to_lowercase().replace('-', "_");
        // Jaro-Winkler judges short words with swapped letters too harshly.
        let slips = strsim::damerau_levenshtein(&lower, &candidate);
        let slip = slips <= (candidate.len() / 4).max(1) && candidate.len() > 2;
        strsim::jaro_winkler(&lower, &candidate).max(if slip { 0.85 } else { 0.0 })
    };
    candidates
        .map(|candidate| (score(candidate), candidate))
        .filter(|(score, _)| *score >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("helth", SERVICE.keys.iter().copied()), Some("health"));
        assert_eq!(nearest("stop-timeout", SERVICE.keys.iter().copied()), Some("stop_timeout"));
        assert_eq!(nearest("wbe", ["api", "web"].into_iter()), Some("web"));
        assert_eq!(nearest("zzz", SERVICE.keys.iter().copied()), None);
    }
}
