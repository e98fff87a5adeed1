//! The plan as a document: what is printed, saved, reviewed and carried out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wharf_graph::props::short_hash;
use wharf_graph::{Address, Snapshot};

use crate::{Cost, Danger, Impact, Moved, Step, StepId, seal};

/// Version of the document. Minor additions never break a reader.
pub const FORMAT: &str = "wharf.plan/1";

/// The complete, ordered set of steps from an account as it is to a stack as it is desired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: String,
    /// Version of wharf that made it.
    pub wharf: String,
    /// Name of the stack.
    pub stack: String,
    /// Account id.
    pub account: String,
    /// Region.
    pub region: String,
    /// Hash of everything else in the document.
    pub id: String,
    /// Hash of everything that was read.
    pub facts: String,
    /// What is desired, summed up; see `Graph::seal`.
    pub seal: String,
    /// Counts by resource.
    pub summary: Summary,
    /// What users of the stack notice, over all steps.
    pub impact: Impact,
    /// What it does only with consent.
    #[serde(default)]
    pub consent: Vec<Danger>,
    /// What the stack costs, if somebody worked it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// The steps, each after the ones it needs.
    pub steps: Vec<Step>,
    /// What was noticed.
    pub checks: Vec<Check>,
    /// What only somebody outside can provide.
    pub waiting: Vec<Waiting>,
    /// What the plan was made from besides the spec's text.
    #[serde(default)]
    pub inputs: Inputs,
    /// Known outputs of the live resources that steps refer to.
    #[serde(default)]
    pub outputs: BTreeMap<Address, BTreeMap<String, String>>,
    /// Resources that are as desired.
    #[serde(default)]
    pub unchanged: Vec<Address>,
    /// Of these, the ones whose tag `wharf:spec` is that of another spelling of the same.
    #[serde(default)]
    pub stale_tags: Vec<Address>,
    /// A hash of each thing that was read, by address or by name of the fact.
    #[serde(default)]
    pub observed: BTreeMap<String, String>,
}

/// Counts by resource. `drift` counts some of the others again: those that only put something back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Resources to create.
    pub create: usize,
    /// Resources to change in place.
    pub update: usize,
    /// Resources to replace.
    pub replace: usize,
    /// Objects to delete.
    pub delete: usize,
    /// Objects to take over.
    pub adopt: usize,
    /// Resources that somebody changed outside wharf.
    pub drift: usize,
    /// Resources that are as desired.
    pub unchanged: usize,
}

/// How serious a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Likely to go wrong.
    Warning,
    /// Certain to go wrong.
    Error,
}

/// Something noticed while planning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its number, for `wharf explain`.
    pub code: String,
    /// How serious it is.
    pub level: Level,
    /// What is wrong and what to do, in a sentence or two.
    pub message: String,
    /// The resource concerned, if it is one.
    pub address: Option<Address>,
}

/// Something that only somebody outside can provide: an image to push, a record to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The resource that waits.
    pub address: Address,
    /// What is missing, in a sentence.
    pub what: String,
    /// Commands or records that provide it, a line each.
    #[serde(default)]
    pub how: Vec<String>,
}

/// What a plan was made from besides the spec's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The environment chosen.
    pub env: Option<String>,
    /// The declared environment that it is made like, where the spec does not declare it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Images given on the command line, by service.
    #[serde(default)]
    pub images: BTreeMap<String, String>,
    /// Whether it destroys the stack.
    #[serde(default)]
    pub destroy: bool,
    /// The addresses it was restricted to, if it was.
    #[serde(default)]
    pub only: Option<Vec<Address>>,
    /// Hash of the spec's text, so that a saved plan can name the spec it was made from.
    #[serde(default)]
    pub spec: Option<String>,
}

/// Why a text is not a plan.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not JSON, or not the JSON of a plan.
    #[error("the file is not a plan made by `wharf plan --out`")]
    Malformed(#[source] serde_json::Error),
    /// It is some other document.
    #[error("the plan has format `{0}`; this wharf reads `{FORMAT}`")]
    Format(String),
    /// Another version of wharf made it, which may mean other things by the same steps.
    #[error("the plan was made by wharf {0}; this is wharf {version}", version = env!("CARGO_PKG_VERSION"))]
    Version(String),
    /// Somebody edited it.
    #[error("the plan was changed after it was made: its id does not match its content")]
    Edited,
    /// A step needs one that does not come before it.
    #[error("step {0} needs {1}, which does not come before it")]
    Order(StepId, StepId),
}

impl Plan {
    /// Says whether the account is as desired: there is no step.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns one step.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// Writes the document as JSON on one line.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Writes the document as indented JSON.
    pub fn to_json_pretty(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// Reads a document back, and checks that it is whole and in order.
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            #[serde(default)]
            wharf: String,
        }
        let head: Head = serde_json::from_str(text).map_err(LoadError::Malformed)?;
        if head.format != FORMAT {
            return Err(LoadError::Format(head.format));
        }
        if head.wharf != env!("CARGO_PKG_VERSION") {
            return Err(LoadError::Version(head.wharf));
        }
        let plan: Self = serde_json::from_str(text).map_err(LoadError::Malformed)?;
        if plan.id != plan.hash() {
            return Err(LoadError::Edited);
        }
        let mut seen = std::collections::BTreeSet::new();
        for step in &plan.steps {
            if let Some(need) = step.needs.iter().find(|need| !seen.contains(*need)) {
                return Err(LoadError::Order(step.id.clone(), need.clone()));
            }
            seen.insert(&step.id);
        }
        Ok(plan)
    }

    /// Names what moved between the reading the plan was made from and `fresh`.
    pub fn verify(&self, fresh: &Snapshot) -> Result<(), Vec<Moved>> {
        let moved = seal::moved(&self.observed, &seal::observe(fresh));
        if moved.is_empty() { Ok(()) } else { Err(moved) }
    }

    /// Fills in [`Plan::id`], which is empty until then.
    pub(crate) fn seal(mut self) -> Self {
        self.id = self.hash_of_content();
        self
    }

    fn hash(&self) -> String {
        Self { id: String::new(), ..self.clone() }.hash_of_content()
    }

    /// Hashes a document whose id is empty.
    fn hash_of_content(&self) -> String {
        let text = self.to_json().expect("a plan holds only maps with text keys");
        short_hash(&text, 16)
    }
}
