//! Errors: those AWS would answer with, and those of the sandbox itself.

use std::{io, path::PathBuf};

use serde_json::{Map, Value};

use crate::rules::Rule;

/// Whose fault an error is, as the query protocols report it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller's.
    Sender,
    /// The service's.
    Receiver,
}

/// An error as a service reports it; the protocol decides how it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct AwsError {
    /// The code on the wire, such as `ClusterNotFoundException` or `InvalidGroup.NotFound`.
    pub code: String,
    /// The text for people.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// Whose fault it is.
    pub fault: Fault,
    /// Further members of the error's shape.
    pub details: Map<String, Value>,
    /// The rule that was broken, if it has a name.
    pub rule: Option<&'static Rule>,
}

impl AwsError {
    /// Returns an error that is the caller's fault, with status 400.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            status: 400,
            fault: Fault::Sender,
            details: Map::new(),
            rule: None,
        }
    }

    /// Returns an error that is the service's fault, with status 500.
    pub fn server(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: 500, fault: Fault::Receiver, ..Self::new(code, message) }
    }

    /// Sets another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a member to the error's shape.
    #[must_use]
    pub fn with_detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// Why a stored world cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The directory or its lock file cannot be made or locked.
    #[error("cannot lock the sandbox in {path}")]
    Lock {
        /// The sandbox's directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The stored world cannot be read.
    #[error("cannot read the sandbox's world from {path}")]
    Read {
        /// The file of the world.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The stored world is not one this version understands.
    #[error("cannot understand the sandbox's world in {path}")]
    Format {
        /// The file of the world.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The world cannot be stored.
    #[error("cannot save the sandbox's world to {path}")]
    Save {
        /// The file of the world.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
