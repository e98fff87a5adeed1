//! What the files say, read once.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use regex::Regex;
use serde::Deserialize;

use super::pattern;

/// The constraints of one service.
#[derive(Debug, Deserialize)]
pub(super) struct Model {
    /// The shape of each operation's request; none if the request has no members.
    pub(super) operations: BTreeMap<String, Option<String>>,
    /// The shapes by their names.
    pub(super) shapes: BTreeMap<String, Shape>,
}

/// The type of a shape.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Members by name.
    Structure,
    /// Members in order.
    List,
    /// Text to anything.
    Map,
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A whole number.
    Long,
    /// A number.
    Float,
    /// A number.
    Double,
    /// Yes or no.
    Boolean,
    /// A moment.
    Timestamp,
    /// Bytes, as base64.
    Blob,
}

/// A shape with what must hold of it.
#[derive(Debug, Deserialize)]
pub(super) struct Shape {
    /// Its type.
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    /// The shapes of a structure's members, by their names on the wire.
    #[serde(default)]
    pub(super) members: BTreeMap<String, String>,
    /// The members that must be there.
    #[serde(default)]
    pub(super) required: Vec<String>,
    /// The shape of a list's members.
    pub(super) member: Option<String>,
    /// The element that wraps each member of a list, in restXml.
    pub(super) name: Option<String>,
    /// The shape of a map's keys.
    pub(super) key: Option<String>,
    /// The shape of a map's values.
    pub(super) value: Option<String>,
    /// The least value or size.
    pub(super) min: Option<i64>,
    /// The greatest value or size.
    pub(super) max: Option<i64>,
    /// The pattern of the whole text, as the model has it.
    pub(super) pattern: Option<String>,
    /// The same pattern, if the model's is beyond the means of [`regex`].
    pub(super) rewritten: Option<String>,
    /// The values there are.
    #[serde(default, rename = "enum")]
    pub(super) choices: Vec<String>,
    /// Whether its value is never repeated in a message.
    #[serde(default)]
    pub(super) sensitive: bool,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl Shape {
    /// Says whether text fits the pattern, if there is one.
    pub(super) fn fits(&self, text: &str) -> bool {
        let Some(wanted) = self.rewritten.as_ref().or(self.pattern.as_ref()) else { return true };
        let compiled = self.compiled.get_or_init(|| pattern::compile(wanted));
        compiled.as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

type Lazy = LazyLock<Model>;

/// Each service's signing name with its constraints.
static MODELS: [(&str, Lazy); 16] = [
    ("acm", Lazy::new(|| read(include_str!("../../constraints/acm.json")))),
    (
        "application-autoscaling",
        Lazy::new(|| read(include_str!("../../constraints/autoscaling.json"))),
    ),
    ("ec2", Lazy::new(|| read(include_str!("../../constraints/ec2.json")))),
    ("ecr", Lazy::new(|| read(include_str!("../../constraints/ecr.json")))),
    ("ecs", Lazy::new(|| read(include_str!("../../constraints/ecs.json")))),
    ("elasticloadbalancing", Lazy::new(|| read(include_str!("../../constraints/elbv2.json")))),
    ("iam", Lazy::new(|| read(include_str!("../../constraints/iam.json")))),
    ("logs", Lazy::new(|| read(include_str!("../../constraints/logs.json")))),
    ("route53", Lazy::new(|| read(include_str!("../../constraints/route53.json")))),
    ("scheduler", Lazy::new(|| read(include_str!("../../constraints/scheduler.json")))),
    ("cloudtrail", Lazy::new(|| read(include_str!("../../constraints/cloudtrail.json")))),
    ("monitoring", Lazy::new(|| read(include_str!("../../constraints/cloudwatch.json")))),
    ("secretsmanager", Lazy::new(|| read(include_str!("../../constraints/secrets.json")))),
    ("ssm", Lazy::new(|| read(include_str!("../../constraints/ssm.json")))),
    ("sts", Lazy::new(|| read(include_str!("../../constraints/sts.json")))),
    ("tagging", Lazy::new(|| read(include_str!("../../constraints/tagging.json")))),
];

fn read(text: &str) -> Model {
    serde_json::from_str(text).expect("the generator writes what is read here; a test reads all")
}

/// Finds the constraints of a service by its signing name.
pub(super) fn model_of(service: &str) -> Option<&'static Model> {
    MODELS.iter().find(|(name, _)| *name == service).map(|(_, model)| &**model)
}
