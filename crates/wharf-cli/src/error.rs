//! The one place where errors become headings, hints and exit codes.

use std::collections::{BTreeMap, BTreeSet};

use wharf_apply::lease::LeaseError;
use wharf_graph::{ErrorClass, Failure};
use wharf_plan::{LoadError, Refusal};

use crate::exit::Exit;

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub(crate) struct CliError {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    /// What lies behind it, a line each.
    pub(crate) causes: Vec<String>,
    /// What to do, a line each.
    pub(crate) hints: Vec<String>,
}

impl CliError {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    pub(crate) fn cause(mut self, line: impl Into<String>) -> Self {
        self.causes.push(line.into());
        self
    }

    pub(crate) fn hint(mut self, line: impl Into<String>) -> Self {
        self.hints.push(line.into());
        self
    }

    /// Wraps an error and the chain behind it.
    pub(crate) fn from_error(exit: Exit, error: &dyn std::error::Error) -> Self {
        let mut wrapped = Self::new(exit, error.to_string());
        let mut source = error.source();
        while let Some(inner) = source {
            wrapped.causes.push(inner.to_string());
            source = inner.source();
        }
        wrapped
    }
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> Self {
        let hints = refusal.hints();
        let mut error = match &refusal {
            Refusal::Partial(failures) => {
                let denied = failures
                    .iter()
                    .any(|failure| is_denied(failure.code.as_deref(), &failure.message));
                let exit = if denied { Exit::Denied } else { Exit::Other };
                let mut error = Self::new(exit, "the account could not be read completely");
                // Without credentials every read fails in the same words; once is enough.
                let mut operations: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
                for failure in failures {
                    let code =
                        failure.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
                    let text = format!("{code}{}", failure.message);
                    operations.entry(text).or_default().insert(&failure.operation);
                }
                for (text, operations) in operations {
                    let first = operations.first().copied().unwrap_or_default();
                    let more = match operations.len() {
                        0 | 1 => String::new(),
                        many => format!(" and {} more", many - 1),
                    };
                    error = error.cause(format!("{first}{more}: {text}"));
                }
                if denied {
                    error = error
                        .hint("check which credentials are in use: aws sts get-caller-identity")
                        .hint("`wharf iam plan` prints a policy with all that reading needs");
                }
                error
            }
            Refusal::Foreign(found) => {
                let mut error =
                    Self::new(Exit::Refused, "objects that are not this stack's stand in the way");
                for one in found {
                    error = error.cause(format!("{}: `{}`, {}", one.address, one.id, one.owner));
                }
                error
            }
            Refusal::Protected(_) | Refusal::Guests(_) | Refusal::TwoApplies(_) => {
                Self::new(Exit::Refused, refusal.to_string())
            }
            Refusal::NoSuchAddress(_) => Self::new(Exit::Usage, refusal.to_string()),
            Refusal::Graph(_) | Refusal::Bug(_) => Self::new(Exit::Other, refusal.to_string()),
        };
        error.hints.extend(hints);
        error
    }
}

/// Words that mean missing or refused credentials, where no class survived (reads keep texts only).
fn is_denied(code: Option<&str>, message: &str) -> bool {
    let message = message.to_lowercase();
    code.is_some_and(|code| {
        [
            "AccessDenied",
            "UnauthorizedOperation",
            "UnrecognizedClient",
            "InvalidClientTokenId",
            "ExpiredToken",
            "AuthFailure",
            "SignatureDoesNotMatch",
        ]
        .iter()
        .any(|known| code.starts_with(known))
    }) || message.contains("credentials")
        || message.contains("not authorized")
}

impl From<LoadError> for CliError {
    fn from(error: LoadError) -> Self {
        let mut wrapped = Self::from_error(Exit::Usage, &error);
        wrapped.hints.push("make a new one with `wharf plan --out FILE`".to_owned());
        wrapped
    }
}

impl From<LeaseError> for CliError {
    fn from(error: LeaseError) -> Self {
        match &error {
            LeaseError::HeldBy { .. } => Self::new(Exit::Held, error.to_string())
                .hint("wait for it to finish; a lease whose holder died expires by itself"),
            LeaseError::Lost { .. } | LeaseError::Expired => {
                Self::new(Exit::Held, error.to_string())
                    .hint("run the same command again; it goes on where this run stopped")
            }
            LeaseError::Store(failure) => {
                let mut wrapped = Self::from(failure.clone());
                wrapped
                    .causes
                    .insert(0, std::mem::replace(&mut wrapped.message, error.to_string()));
                wrapped
            }
        }
    }
}

impl From<Failure> for CliError {
    fn from(failure: Failure) -> Self {
        let exit = match failure.class {
            ErrorClass::Denied => Exit::Denied,
            ErrorClass::TimedOut => Exit::TimedOut,
            ErrorClass::RolledBack => Exit::RolledBack,
            ErrorClass::Foreign => Exit::Refused,
            ErrorClass::Invalid
            | ErrorClass::Unavailable
            | ErrorClass::InUse
            | ErrorClass::RolloutFailed
            | ErrorClass::Other => Exit::Other,
        };
        let mut error = Self::new(exit, failure.to_string());
        if let Some(id) = &failure.request_id {
            error.causes.push(format!("request id {id}"));
        }
        error.hints = failure.hints;
        error
    }
}

impl From<wharf_aws::AwsError> for CliError {
    fn from(error: wharf_aws::AwsError) -> Self {
        Self::from(Failure::from(error))
    }
}
