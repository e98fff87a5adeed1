//! The interface between a plan and whatever carries its steps out.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Address, Live};

/// Creates, changes and deletes objects. Each operation can be repeated: doing it twice is doing it once.
pub trait Provider: Send + Sync {
    /// Brings an object into being and waits until others can use it.
    ///
    /// `props` hold no references. An object of that name that is ours already counts as success.
    fn create<'a>(
        &'a self,
        cx: &'a StepContext,
        address: &'a Address,
        props: &'a Value,
        spec_hash: &'a str,
    ) -> BoxFuture<'a, Result<Outcome, Failure>>;

    /// Changes an object in place. `changed` lists the paths that differ; empty means that only the
    /// tag `wharf:spec` is to be renewed.
    fn update<'a>(
        &'a self,
        cx: &'a StepContext,
        live: &'a Live,
        props: &'a Value,
        changed: &'a [String],
        spec_hash: &'a str,
    ) -> BoxFuture<'a, Result<Outcome, Failure>>;

    /// Deletes an object and waits until its name and place are free. Absence is success.
    fn delete<'a>(
        &'a self,
        cx: &'a StepContext,
        live: &'a Live,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

/// What a step is given besides its object.
#[derive(Clone)]
pub struct StepContext {
    /// Identifies the step across retries of the same plan; source of AWS client tokens.
    pub token: String,
    /// How long the step may take before it is given up.
    pub budget: Duration,
    /// Whether the step is over as soon as AWS has begun what takes long and goes on by itself: the
    /// rollout of a service.
    pub detach: bool,
    /// Receives what happens while the step waits.
    pub notes: Arc<dyn Fn(Note) + Send + Sync>,
}

impl StepContext {
    /// Tells whoever watches what the step is waiting for.
    pub fn note(&self, note: Note) {
        (self.notes)(note);
    }

    /// Tells whoever watches something that matters after the step as well.
    pub fn remark(&self, message: impl Into<String>) {
        self.note(Note { message: message.into(), lasting: true, ..Note::default() });
    }

    /// Tells whoever watches, in one line.
    pub fn say(&self, message: impl Into<String>) {
        self.note(Note { message: message.into(), ..Note::default() });
    }
}

impl fmt::Debug for StepContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepContext")
            .field("token", &self.token)
            .field("budget", &self.budget)
            .field("detach", &self.detach)
            .finish_non_exhaustive()
    }
}

/// Something worth telling while a step runs. Equal notes in a row are told once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// One line: `1 of 2 targets healthy`.
    pub message: String,
    /// Further lines: a task each, an event each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// Whether it matters after the step as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lasting: bool,
}

/// How a create or an update ended, when it did not fail.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The object is as desired; these are its identity and outputs.
    Done {
        /// AWS's own identity for it.
        id: String,
        /// What AWS assigned.
        outputs: BTreeMap<String, String>,
    },
    /// Only somebody outside can go on: push an image, create a DNS record.
    Waiting {
        /// What is missing, in a sentence.
        what: String,
        /// Commands or records that provide it, a line each.
        how: Vec<String>,
    },
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// How to treat it.
    pub class: ErrorClass,
    /// The call, for example `ecs:CreateService`; empty when no call failed (a wait ran out).
    pub operation: String,
    /// AWS's error code.
    pub code: Option<String>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// AWS's request id, for support.
    pub request_id: Option<String>,
    /// What to do about it, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

impl Failure {
    /// Builds a failure that no AWS call reported.
    pub fn own(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            operation: String::new(),
            code: None,
            message: message.into(),
            request_id: None,
            hints: Vec::new(),
        }
    }

    /// Adds a line on what to do.
    #[must_use]
    pub fn hint(mut self, line: impl Into<String>) -> Self {
        self.hints.push(line.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.operation.is_empty() {
            write!(f, "{}: ", self.operation)?;
        }
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// How a failure is treated. Transient ones have been retried before they become a `Failure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The request can never succeed as it is.
    Invalid,
    /// Credentials are missing, expired or not allowed to do this.
    Denied,
    /// AWS kept throttling or failing until time ran out.
    Unavailable,
    /// Something else uses the object.
    InUse,
    /// A wait ran out of time.
    TimedOut,
    /// A rollout failed and the old release is live again.
    RolledBack,
    /// A rollout failed and there was nothing to go back to.
    RolloutFailed,
    /// An object of somebody else stands in the way.
    Foreign,
    /// Anything else.
    Other,
}
