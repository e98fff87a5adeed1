//! Every key of the format, and what to say about one that is not.

use crate::document::{Entry, Node};
use crate::problem::Problem;
use crate::read::Cx;

/// The keys one kind of map may have.
pub(crate) struct Shape {
    /// What the map is, for messages: "a service".
    pub(crate) what: &'static str,
    /// Keys that are applied.
    pub(crate) keys: &'static [&'static str],
    /// Keys of the format that this version cannot apply.
    pub(crate) later: &'static [&'static str],
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
        "balancer",
        "images",
        "defaults",
        "services",
        "protect",
        "destroy",
        "environments",
    ],
    later: &["release", "jobs"],
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
    ],
    later: &["build", "spot", "sidecars", "after", "renamed_from"],
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
        ("depends_on", "services start together; a service should wait for what it needs"),
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
    keys: &["tag", "digest", "platform"],
    later: &["build"],
    foreign: &[("repository", "write `repository:` beside `image:`, not inside")],
};

pub(crate) const REPOSITORY: Shape =
    Shape { what: "a repository", keys: &["tags", "keep"], later: &[], foreign: &[] };

pub(crate) const HEALTH: Shape = Shape {
    what: "a health check",
    keys: &["path", "interval", "timeout", "good", "bad", "grace", "codes"],
    later: &[],
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
    later: &[],
    foreign: &[("test", "write `command:`"), ("grace", "write `start_period:`")],
};

pub(crate) const DOMAIN: Shape = Shape {
    what: "a domain",
    keys: &["names", "zone", "certificate", "tls"],
    later: &[],
    foreign: &[("name", "write `names:`, a list")],
};

pub(crate) const ROUTE: Shape = Shape {
    what: "a route",
    keys: &["host", "path"],
    later: &[],
    foreign: &[
        ("hosts", "write `host:`, which takes a list too"),
        ("paths", "write `path:`, which takes a list too"),
    ],
};

pub(crate) const STATEMENT: Shape = Shape {
    what: "a permission",
    keys: &["allow", "on"],
    later: &[],
    foreign: &[("actions", "write `allow:`"), ("resources", "write `on:`")],
};

pub(crate) const SCALE: Shape = Shape {
    what: "a scale",
    keys: &["min", "max"],
    later: &["cpu", "memory", "requests", "cooldown"],
    foreign: &[],
};

pub(crate) const DEPLOY: Shape = Shape {
    what: "a deploy setting",
    keys: &["strategy", "max_failures", "drain", "timeout", "min_healthy", "max_running"],
    later: &["rollback_on_alarms"],
    foreign: &[],
};

pub(crate) const LOGS: Shape = Shape {
    what: "a log setting",
    keys: &["retain"],
    later: &[],
    foreign: &[("retention", "write `retain:`")],
};

pub(crate) const NETWORK: Shape = Shape {
    what: "a network",
    keys: &["vpc", "tasks", "balancer"],
    later: &[],
    foreign: &[("subnets", "write `tasks:` and `balancer:`, each with its subnets")],
};

pub(crate) const BALANCER: Shape = Shape {
    what: "a balancer",
    keys: &["scheme", "allow", "idle_timeout"],
    later: &["use"],
    foreign: &[],
};

pub(crate) const DESTROY: Shape = Shape {
    what: "a destroy setting",
    keys: &["repository", "logs", "certificate"],
    later: &[],
    foreign: &[],
};

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
];

/// Returns every key this version applies, with what it belongs to ("a service").
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
    if shape.later.contains(&key) {
        return later(entry.key.span, &format!("`{key}`"));
    }
    let problem = Problem::error(
        "E005",
        entry.key.span,
        format!("{} has no key `{}`", shape.what, shorten(key)),
    )
    .label("unknown key");
    if let Some((_, instead)) = shape.foreign.iter().find(|(word, _)| *word == key) {
        return problem.help(*instead);
    }
    match nearest(key, shape.keys.iter().chain(shape.later).copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("the keys of {} are: {}", shape.what, shape.keys.join(", "))),
    }
}

/// Makes the error for something the format has and this version does not do.
pub(crate) fn later(span: crate::Span, what: &str) -> Problem {
    Problem::error(
        "E090",
        span,
        format!("{what} is part of the format, but this version cannot apply it yet"),
    )
    .label("not applied yet")
    .help(match what {
        "`build`" => "push the image to the service's repository, and write `image: { tag: v1 }`",
        "`sidecars`" | "`jobs`" | "`release`" | "`after`" | "`renamed_from`" => "remove it for now",
        "`use`" => "without it, wharf makes a balancer for this stack",
        what if what.starts_with("`strategy") => "write `strategy: rolling`, or remove the line",
        what if what.starts_with("a role") => "write the statements that the role allows",
        what if what.starts_with("a range") => {
            "for a fixed number of tasks, write for example `scale: 2`"
        }
        _ => "remove it for now",
    })
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
