//! Settings of a service that may be there or not: one row each.
//!
//! A new key of the spec is a new row. Its generation is one above [`crate::draw::NEWEST`], which is then
//! raised. Every row has a stream of its own, so a new one leaves what others draw as it was.

use std::collections::BTreeMap;

use crate::draw::Draw;

/// One setting.
#[derive(Clone, Copy)]
pub(crate) struct Feature {
    /// The first generation that draws it.
    since: u32,
    /// How many of a hundred services have it from the start.
    percent: u64,
    /// The key of the service.
    key: &'static str,
    /// The member of the key; empty if the key has a plain value.
    member: &'static str,
    /// The values it may have.
    values: &'static [&'static str],
    /// Whether it needs a port.
    port: bool,
}

const fn row(
    key: &'static str,
    member: &'static str,
    percent: u64,
    values: &'static [&'static str],
) -> Feature {
    Feature { since: 2, percent, key, member, values, port: false }
}

const fn with_port(feature: Feature) -> Feature {
    Feature { port: true, ..feature }
}

const fn since(generation: u32, feature: Feature) -> Feature {
    Feature { since: generation, ..feature }
}

const RANGES: &[&str] = &[
    "{ min: 2, max: 5, cpu: 60 }",
    "{ min: 2, max: 5, cpu: 50, requests: 800, cooldown: 1m }",
    "{ min: 3, max: 4, memory: 70 }",
    "{ min: 2, max: 6, cpu: 60, schedule: { leap: { cron: \"0 7 29 2 *\", min: 3, max: 6 } } }",
];

const STRATEGY: &str = "strategy";
/// With the waits that belong to them.
const STRATEGIES: &[&str] = &[
    "blue-green, bake: 1m",
    "blue-green, bake: 0s",
    "linear, step: 40%, interval: 1m, bake: 1m",
    "canary, interval: 1m, bake: 0s",
];

const FEATURES: &[Feature] = &[
    row("stop_timeout", "", 15, &["10s", "60s"]),
    row("command", "", 15, &["[serve]", "[serve, --verbose]"]),
    row("user", "", 10, &["app"]),
    row("platform", "", 10, &["linux/arm64"]),
    row("repository", "keep", 10, &["10", "20"]),
    row("repository", "tags", 10, &["immutable"]),
    row("deploy", "min_healthy", 20, &["50%", "0%"]),
    row("deploy", "max_running", 15, &["150%"]),
    row("deploy", "max_failures", 10, &["5"]),
    with_port(row("health", "codes", 15, &["\"200\"", "200-399"])),
    with_port(row("health", "bad", 10, &["2", "5"])),
    with_port(row("health", "grace", 15, &["30s", "90s"])),
    // In the place of the fixed number, so only where requests can be counted.
    since(4, with_port(row("scale", "", 25, RANGES))),
    since(4, row("spot", "", 20, &["50%", "100%"])),
    since(4, row("deploy", "rollback_on_alarms", 10, &["[notes-errors]"])),
    since(4, row("permissions", "", 10, &["arn:aws:iam::111122223333:role/theirs"])),
    since(6, with_port(row("deploy", STRATEGY, 30, STRATEGIES))),
    since(4, row("container_health", "", 10, &["{ command: [CMD, ping], interval: 10s }"])),
];

/// The features of one service: rows by their name, with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Features(BTreeMap<(&'static str, &'static str), &'static str>);

impl Features {
    pub(crate) fn draw(draw: &Draw, service: &str, port: bool) -> Self {
        let mut found = BTreeMap::new();
        for row in rows(draw, port) {
            let mut own = draw.aside(&format!("{service}/{}/{}", row.key, row.member));
            if own.chance(row.percent) {
                found.insert((row.key, row.member), *own.pick(row.values));
            }
        }
        Self(found)
    }

    /// Adds, alters or drops one.
    pub(crate) fn change(&mut self, draw: &mut Draw, port: bool) {
        let rows: Vec<&Feature> = rows(draw, port).collect();
        if rows.is_empty() {
            return;
        }
        let row = *draw.pick(&rows);
        let key = (row.key, row.member);
        let value = *draw.pick(row.values);
        if self.0.get(&key) == Some(&value) {
            self.0.remove(&key);
        } else {
            self.0.insert(key, value);
        }
    }

    /// The same without one of them, for each.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let without = |key| {
            let mut fewer = self.clone();
            fewer.0.remove(key);
            fewer
        };
        self.0.keys().map(without).collect()
    }

    /// Returns the fewest tasks of the range, if there is one.
    pub(crate) fn fewest(&self) -> Option<u32> {
        let range = self.0.get(&("scale", ""))?;
        range
            .split(['{', ',', '}'])
            .find_map(|part| part.trim().strip_prefix("min: ")?.parse().ok())
    }

    /// The same with rolling updates.
    pub(crate) fn rolling(&self) -> Self {
        let mut other = self.clone();
        other.0.remove(&("deploy", STRATEGY));
        other
    }

    /// Adds them to the keys of a service.
    pub(crate) fn write(&self, keys: &mut Keys, count: u32) {
        for ((key, member), value) in &self.0 {
            if *member == "max_running" && count < 2 {
                // Half a task is no room for another one, and is refused.
                continue;
            }
            let counts = self.0.get(&("scale", "")).is_some_and(|range| range.contains("requests"));
            if *member == STRATEGY && counts {
                // Requests are counted in one target group.
                continue;
            }
            if member.is_empty() {
                keys.set(key, *value);
            } else {
                keys.add(key, member, *value);
            }
        }
    }
}

fn rows(draw: &Draw, port: bool) -> impl Iterator<Item = &'static Feature> + use<> {
    let draw = draw.clone();
    FEATURES.iter().filter(move |row| draw.since(row.since) && (port || !row.port))
}

/// The keys of a service as they are written: plain values, and maps on one line.
#[derive(Debug, Default)]
pub(crate) struct Keys(BTreeMap<String, Vec<String>>);

impl Keys {
    /// Gives a key a plain value.
    pub(crate) fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_owned(), vec![value.into()]);
    }

    /// Adds a member to the map behind a key.
    pub(crate) fn add(&mut self, key: &str, member: &str, value: impl Into<String>) {
        let text = format!("{member}: {}", value.into());
        self.0.entry(format!("{key} {{}}")).or_default().push(text);
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(key, values)| match key.strip_suffix(" {}") {
            Some(key) => format!("{key}: {{ {} }}", values.join(", ")),
            None => format!("{key}: {}", values.join(", ")),
        })
    }
}
