//! Walks the merged tree along the description of the format, and adds what nobody wrote.

use super::Effective;
use super::origin::Origins;
use crate::Options;
use crate::describe::{self, Key, Map, Shape};
use crate::document::{self, Entry, Node, Value};
use crate::stack::{Architecture, Image, ImageReference, Service, Stack, Strategy, Task};
use crate::units::{human, human_size};

/// Keys under which a short form stands for a map, with the keys it is short for.
const SHORT: &[(&str, &[&str])] = &[
    ("build", &["context"]),
    ("cluster", &["use"]),
    ("container_health", &["command"]),
    ("cooldown", &["out", "in"]),
    ("domain", &["names"]),
    ("health", &["path"]),
    ("scale", &["min", "max"]),
    ("schedule", &["cron"]),
];

/// Maps that are there with their defaults although nobody wrote them.
const ALWAYS: &[&str] =
    &["balancer", "cooldown", "deploy", "destroy", "health", "logs", "network", "repository"];

pub(super) struct Filler<'s> {
    stack: &'s Stack,
    origins: &'s Origins,
    options: &'s Options,
}

/// What a flag says about a key.
enum Flagged {
    No,
    /// The key is not there.
    Gone,
    Is(Effective),
}

/// What a map belongs to.
#[derive(Clone, Copy)]
enum Owner<'s> {
    None,
    Service(&'s Service),
    Task(&'s Task),
}

impl<'s> Owner<'s> {
    /// Returns the image with the name that `--image` knows it by.
    fn image(self) -> Option<(&'s Image, &'s str)> {
        match self {
            Self::None => None,
            Self::Service(service) => Some((&service.image, &service.name)),
            Self::Task(task) => Some((&task.image, &task.name)),
        }
    }

    fn size(self) -> Option<(u32, u32, Architecture)> {
        match self {
            Self::None => None,
            Self::Service(one) => Some((one.cpu, one.memory, one.architecture)),
            Self::Task(one) => Some((one.cpu, one.memory, one.architecture)),
        }
    }

    fn service(self) -> Option<&'s Service> {
        match self {
            Self::Service(service) => Some(service),
            Self::None | Self::Task(_) => None,
        }
    }
}

impl<'s> Filler<'s> {
    pub(super) fn new(stack: &'s Stack, origins: &'s Origins, options: &'s Options) -> Self {
        Self { stack, origins, options }
    }

    pub(super) fn root(&self, tree: &Node) -> Effective {
        self.map(describe::ROOT, Some(tree), Owner::None, None)
    }

    /// `origin` is that of all values, where they do not stand in the file.
    fn map(
        &self,
        map: &Map,
        node: Option<&Node>,
        owner: Owner<'_>,
        origin: Option<&str>,
    ) -> Effective {
        let mut pairs = Vec::new();
        for key in map.keys {
            let written = node.and_then(|node| node.get(key.name)).filter(|node| !node.is_null());
            let value = match (self.flag(map, key, node, owner), written) {
                (Flagged::Is(value), _) => Some(value),
                (Flagged::Gone, _) => None,
                (Flagged::No, Some(node)) => {
                    Some(self.value(key.name, &key.shape, node, owner, origin))
                }
                (Flagged::No, None) => self.default(map, key, node, owner),
            };
            pairs.extend(value.map(|value| (key.name.to_owned(), value)));
        }
        Effective::Map(pairs)
    }

    /// Returns what `--image` says about a key of a service or job, if it says anything.
    fn flag(&self, map: &Map, key: &Key, node: Option<&Node>, owner: Owner<'_>) -> Flagged {
        if !matches!(map.id, "service" | "job" | "release")
            || !matches!(key.name, "image" | "build")
        {
            return Flagged::No;
        }
        let Some((image, name)) = owner.image() else { return Flagged::No };
        let own =
            ["image", "build"].iter().any(|key| node.is_some_and(|node| node.get(key).is_some()));
        if !self.options.images.contains_key(name) || !own {
            return Flagged::No;
        }
        if key.name == "build" {
            return Flagged::Gone;
        }
        let text = |text: &str| Effective::Scalar {
            text: text.to_owned(),
            quoted: true,
            origin: "--image".to_owned(),
        };
        let pair = |key: &str, value: &str| Effective::Map(vec![(key.to_owned(), text(value))]);
        match image {
            Image::Own { reference: ImageReference::Tag(tag), .. } => Flagged::Is(pair("tag", tag)),
            Image::Own { reference: ImageReference::Digest(hex), .. } => {
                Flagged::Is(pair("digest", hex))
            }
            Image::Elsewhere(reference) => Flagged::Is(text(reference)),
            Image::Built { .. } | Image::Keep { .. } => Flagged::No,
        }
    }

    fn value(
        &self,
        name: &str,
        shape: &Shape,
        node: &Node,
        owner: Owner<'_>,
        origin: Option<&str>,
    ) -> Effective {
        let short = SHORT.iter().find(|(key, _)| *key == name);
        match (&node.value, shape.map(), short) {
            (Value::Map(_), ..) if name == "environments" => self.raw(node, origin),
            (Value::Map(_), Some(map), _) => {
                self.map(map, Some(node), self.owner(name, owner), origin)
            }
            (Value::Scalar(_) | Value::List(_), Some(map), Some((_, keys))) => {
                let entry = |key: &&str| Entry {
                    key: document::Key { text: (*key).to_owned(), span: node.span },
                    value: node.clone(),
                };
                let long = Value::Map(keys.iter().map(entry).collect());
                self.map(map, Some(&Node { value: long, span: node.span }), owner, origin)
            }
            (Value::Map(entries), None, _) => {
                let Shape::Named(inner) = shape else { return self.raw(node, origin) };
                let one = |entry: &Entry| {
                    let key = entry.key.text.clone();
                    let owner = self.member(name, &key);
                    let value = self.value("", inner, &entry.value, owner, origin);
                    (key, value)
                };
                Effective::Map(entries.iter().map(one).collect())
            }
            (Value::List(items), ..) => {
                let inner = shape.item().unwrap_or(&Shape::Text);
                let items = items.iter().map(|item| self.value("", inner, item, owner, origin));
                Effective::List { items: items.collect(), origin: self.origin(node, origin) }
            }
            (Value::Scalar(_), None, _) if one_or_more(shape) => Effective::List {
                items: vec![self.raw(node, origin)],
                origin: self.origin(node, origin),
            },
            (Value::Scalar(_), ..) => self.raw(node, origin),
        }
    }

    /// Returns whom the map under a key belongs to.
    fn owner<'o>(&'o self, name: &str, outer: Owner<'o>) -> Owner<'o> {
        match (name, &self.stack.release) {
            ("release", Some(task)) => Owner::Task(task),
            _ => outer,
        }
    }

    fn member(&self, group: &str, name: &str) -> Owner<'_> {
        match group {
            "services" => self.stack.services.get(name).map_or(Owner::None, Owner::Service),
            "jobs" => self.stack.jobs.get(name).map_or(Owner::None, |job| Owner::Task(&job.task)),
            _ => Owner::None,
        }
    }

    fn origin(&self, node: &Node, fixed: Option<&str>) -> String {
        fixed.map_or_else(|| self.origins.of(node.span), ToOwned::to_owned)
    }

    /// Takes a value as it is written.
    fn raw(&self, node: &Node, origin: Option<&str>) -> Effective {
        match &node.value {
            Value::Scalar(scalar) => Effective::Scalar {
                text: scalar.text.clone(),
                quoted: !scalar.plain
                    || scalar.text.contains([',', '[', ']', '{', '}', '#', '\n'])
                    || scalar.text.contains(": "),
                origin: self.origin(node, origin),
            },
            Value::List(items) => Effective::List {
                items: items.iter().map(|item| self.raw(item, origin)).collect(),
                origin: self.origin(node, origin),
            },
            Value::Map(entries) => Effective::Map(
                entries
                    .iter()
                    .map(|entry| (entry.key.text.clone(), self.raw(&entry.value, origin)))
                    .collect(),
            ),
        }
    }

    /// Returns the value of a key that nobody wrote, if it has one.
    fn default(
        &self,
        map: &Map,
        key: &Key,
        node: Option<&Node>,
        owner: Owner<'_>,
    ) -> Option<Effective> {
        let has =
            |name: &str| node.and_then(|node| node.get(name)).is_some_and(|node| !node.is_null());
        let said = |text: String, why: &str| {
            let origin = format!("default: {why}");
            Some(Effective::Scalar { text, quoted: false, origin })
        };
        let deploy = owner.service().map(|service| service.deploy.strategy);
        match (map.id, key.name) {
            ("service" | "job" | "release", "cpu") => {
                return said(crate::read::vcpu(owner.size()?.0), key.why);
            }
            ("service" | "job" | "release", "memory") => {
                return said(human_size(owner.size()?.1), key.why);
            }
            ("service" | "job" | "release", "platform") => {
                return match owner.size()?.2 {
                    Architecture::X86_64 => said("linux/amd64".to_owned(), key.why),
                    Architecture::Arm64 => said("linux/arm64".to_owned(), "that of the image"),
                };
            }
            ("image" | "build", "platform") => return None,
            ("service", "health") if !has("port") => return None,
            ("service" | "job" | "release", "repository") => {
                let elsewhere = matches!(owner.image(), None | Some((Image::Elsewhere(_), _)));
                if elsewhere || !(has("image") || has("build")) {
                    return None;
                }
            }
            ("deploy", "bake") => {
                return match deploy? {
                    Strategy::Rolling => None,
                    Strategy::BlueGreen { bake }
                    | Strategy::Linear { bake, .. }
                    | Strategy::Canary { bake, .. } => said(human(bake), key.why),
                };
            }
            ("deploy", "timeout") => {
                let timeout = human(owner.service()?.deploy.timeout);
                let usual = timeout == key.default;
                return said(
                    timeout,
                    if usual { key.why } else { "10m beyond what the strategy waits" },
                );
            }
            ("deploy", "step" | "interval") => {
                let (Strategy::Linear { step, interval, .. }
                | Strategy::Canary { step, interval, .. }) = deploy?
                else {
                    return None;
                };
                let text = if key.name == "step" { format!("{step}%") } else { human(interval) };
                return said(text, "the default of ECS for this strategy");
            }
            ("scale", "cooldown") => {
                let aims = ["cpu", "memory", "requests"].iter().any(|key| has(key));
                owner.service()?.scaling.as_ref().filter(|_| aims)?;
            }
            ("spec", "balancer") if self.stack.routed().next().is_none() => return None,
            ("balancer", _) if has("use") => return None,
            ("network", "balancer") if self.stack.balancer.shared.is_some() => return None,
            ("schedule", "timezone") if !has("cron") => return None,
            _ => {}
        }
        match (key.default, key.shape.map()) {
            ("", Some(inner)) if ALWAYS.contains(&key.name) => {
                Some(self.map(inner, None, owner, None))
            }
            ("" | "{}" | "[]", _) => None,
            (text, _) => {
                let node = document::read(text, &mut Vec::new())?;
                let origin = format!("default: {}", key.why);
                Some(self.value(key.name, &key.shape, &node, owner, Some(&origin)))
            }
        }
    }
}

/// Says whether one text is short for a list of it.
fn one_or_more(shape: &Shape) -> bool {
    matches!(shape, Shape::Any([Shape::List(_), Shape::Text | Shape::Match(_)]))
}
