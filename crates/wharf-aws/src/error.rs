//! What AWS said when a call did not succeed.

use std::fmt;
use std::ops::{Deref, DerefMut};

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use wharf_graph::{ErrorClass, Failure};

/// A call that failed, or a wait that did. Boxed, so that results stay small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError(Box<Details>);

/// What is known of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The call, for example `ecs:CreateService`.
    pub operation: String,
    /// AWS's error code, or a word of ours for failures that never reached AWS.
    pub code: Option<String>,
    /// What was said.
    pub message: String,
    /// AWS's request id, for support.
    pub request_id: Option<String>,
    /// How the failure is treated by retries.
    pub(crate) retry: Retry,
    /// How it is reported in the end.
    pub class: ErrorClass,
    /// What to do about it, a line each.
    pub hints: Vec<String>,
}

/// Whether trying the same call again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Too many requests: back off for as long as there is time.
    Throttled,
    /// AWS failed, or the connection did: the call may have had its effect.
    Server,
    /// Somebody else is changing the same thing: back off shortly.
    Conflict,
    /// The same call will fail again.
    No,
}

impl AwsError {
    /// Builds a failure that no call reported.
    pub fn own(class: ErrorClass, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            operation: String::new(),
            code: None,
            message: message.into(),
            request_id: None,
            retry: Retry::No,
            class,
            hints: Vec::new(),
        }))
    }

    /// Adds a line on what to do.
    #[must_use]
    pub fn hint(mut self, line: impl Into<String>) -> Self {
        self.hints.push(line.into());
        self
    }

    /// Replaces the class.
    #[must_use]
    pub fn class(mut self, class: ErrorClass) -> Self {
        self.class = class;
        self
    }

    /// Says whether the error code is one of `codes`. A trailing `Exception` is ignored on both
    /// sides, since the wire and the models differ in it (botocore service models).
    pub fn is(&self, codes: &[&str]) -> bool {
        let Some(code) = &self.code else { return false };
        let bare = code.trim_end_matches("Exception");
        codes.iter().any(|wanted| wanted.trim_end_matches("Exception") == bare)
    }

    /// Says whether the message contains `text`, ignoring case.
    pub fn says(&self, text: &str) -> bool {
        self.message.to_lowercase().contains(&text.to_lowercase())
    }

    /// Turns what the SDK returned into an error of ours.
    pub(crate) fn from_sdk<E>(operation: &str, error: &SdkError<E, Response>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let service = error.as_service_error();
        let meta = service.map(ProvideErrorMetadata::meta);
        let code = meta.and_then(|meta| meta.code()).map(str::to_owned);
        let status = error.raw_response().map(|response| response.status().as_u16());
        let message =
            meta.and_then(|meta| meta.message()).map_or_else(|| chain(error), str::to_owned);
        let request_id = error
            .raw_response()
            .and_then(|response| {
                ["x-amzn-requestid", "x-amz-request-id"]
                    .into_iter()
                    .find_map(|name| response.headers().get(name))
            })
            .map(str::to_owned);
        let retry = match error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => Retry::Server,
            _ => classify(code.as_deref(), &message, status),
        };
        let credentials = service.is_none() && looks_like_credentials(&message);
        let class = match retry {
            _ if credentials || is_denied(code.as_deref(), status) => ErrorClass::Denied,
            Retry::Throttled | Retry::Server | Retry::Conflict => ErrorClass::Unavailable,
            Retry::No if in_use(code.as_deref()) => ErrorClass::InUse,
            Retry::No => ErrorClass::Invalid,
        };
        let retry = if credentials { Retry::No } else { retry };
        let hints = Vec::new();
        let operation = operation.to_owned();
        Self(Box::new(Details { operation, code, message, request_id, retry, class, hints }))
    }
}

impl Deref for AwsError {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl DerefMut for AwsError {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

/// Joins an error and its causes into one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let part = inner.to_string();
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = inner.source();
    }
    text
}

fn looks_like_credentials(message: &str) -> bool {
    let message = message.to_lowercase();
    ["credentials", "no providers in chain", "sso", "token expired"]
        .iter()
        .any(|word| message.contains(word))
}

/// Codes that mean the caller may not do this, across services (botocore service models).
fn is_denied(code: Option<&str>, status: Option<u16>) -> bool {
    code.is_some_and(|code| {
        matches!(
            code.trim_end_matches("Exception"),
            "AccessDenied"
                | "UnauthorizedOperation"
                | "UnrecognizedClient"
                | "InvalidClientTokenId"
                | "InvalidSignature"
                | "SignatureDoesNotMatch"
                | "ExpiredToken"
                | "AuthFailure"
                | "MissingAuthenticationToken"
                | "IncompleteSignature"
                | "NotAuthorized"
        )
    }) || (code.is_none() && status == Some(403))
}

fn in_use(code: Option<&str>) -> bool {
    code.is_some_and(|code| {
        matches!(
            code.trim_end_matches("Exception"),
            "DependencyViolation" | "ResourceInUse" | "DeleteConflict" | "InvalidGroup.InUse"
        )
    })
}

/// Sorts an answer into a retry class by code, text and HTTP status.
fn classify(code: Option<&str>, message: &str, status: Option<u16>) -> Retry {
    let bare = code.unwrap_or_default().trim_end_matches("Exception");
    match bare {
        "Throttling"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "ThrottledException"
        | "Throttled"
        | "SlowDown"
        | "RequestThrottled"
        | "ProvisionedThroughputExceeded" => {
            return Retry::Throttled;
        }
        "OperationAborted"
        | "ConcurrentUpdate"
        | "ConcurrentModification"
        | "Conflict"
        | "PriorRequestNotComplete"
        | "UpdateInProgress" => return Retry::Conflict,
        "Server" | "ServiceUnavailable" | "InternalFailure" | "InternalError"
        | "InternalServer" | "Unavailable" | "ServiceFailure" | "RequestTimeout" => {
            return Retry::Server;
        }
        _ => {}
    }
    if message.contains("Rate exceeded") || status == Some(429) {
        Retry::Throttled
    } else if message.contains("Too many concurrent attempts to create a new revision") {
        Retry::Conflict
    } else if status.is_some_and(|status| status >= 500) {
        Retry::Server
    } else {
        Retry::No
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Failure::from(self.clone()).fmt(f)
    }
}

impl std::error::Error for AwsError {}

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        let Details { operation, code, message, request_id, retry: _, class, hints } = *error.0;
        Self { class, operation, code, message, request_id, hints }
    }
}

impl From<wharf_graph::Unresolved> for AwsError {
    fn from(error: wharf_graph::Unresolved) -> Self {
        Self::own(ErrorClass::Other, format!("{error}; this is a bug in wharf"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_fall_into_their_retry_class() {
        let cases = [
            (Some("ThrottlingException"), "", None, Retry::Throttled),
            (Some("RequestLimitExceeded"), "", None, Retry::Throttled),
            (None, "Rate exceeded", Some(400), Retry::Throttled),
            (Some("ServerException"), "", Some(500), Retry::Server),
            (Some("OperationAbortedException"), "", Some(400), Retry::Conflict),
            (
                Some("ClientException"),
                "Too many concurrent attempts to create a new revision of the specified family.",
                Some(400),
                Retry::Conflict,
            ),
            (Some("ValidationError"), "", Some(400), Retry::No),
            (Some("AccessDenied"), "", Some(403), Retry::No),
        ];
        for (code, message, status, wanted) in cases {
            assert_eq!(classify(code, message, status), wanted, "{code:?} {message}");
        }
    }
}
