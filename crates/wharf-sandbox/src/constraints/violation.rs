//! A broken constraint, and how each service says so.

use crate::{
    error::AwsError,
    rules::{Rule, input as rules},
    services::{Protocol, Service},
};

/// A constraint that a member of a request breaks.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    /// Which kind of constraint.
    pub(crate) rule: &'static Rule,
    /// The member, with dots; list members are numbered.
    pub(crate) path: String,
    /// Its value, as far as messages repeat it.
    pub(crate) value: Option<String>,
    /// What must hold, in AWS's words.
    pub(crate) wanted: String,
}

impl Violation {
    /// A member that must be there and is not.
    pub(crate) fn missing(path: impl Into<String>) -> Self {
        let wanted = "Member must not be null".to_owned();
        Self { rule: &rules::REQUIRED, path: path.into(), value: None, wanted }
    }

    /// A member that should be something else.
    pub(crate) fn new(
        rule: &'static Rule,
        path: impl Into<String>,
        value: impl Into<String>,
        wanted: impl Into<String>,
    ) -> Self {
        Self { rule, path: path.into(), value: Some(value.into()), wanted: wanted.into() }
    }

    /// The common wording; `null` stands bare, every value in quotation marks.
    fn sentence(&self) -> String {
        let Self { path, wanted, .. } = self;
        match &self.value {
            Some(value) => {
                format!("Value '{value}' at '{path}' failed to satisfy constraint: {wanted}")
            }
            None => format!("Value null at '{path}' failed to satisfy constraint: {wanted}"),
        }
    }
}

/// Returns the refusal of a request that breaks constraints; there must be one at least.
///
/// | Protocol | Answer | Source |
/// |---|---|---|
/// | awsJson, awsQuery, restJson | `N validation errors detected: Value … at … failed to satisfy constraint: …` | texts in public logs of ACM, ELB, Lambda |
/// | ECR | `Invalid parameter at '…' failed to satisfy constraint: '…'` | texts in public logs of ECR |
/// | ec2Query | `MissingParameter`, `UnknownParameter`, `InvalidParameterValue` | EC2 API reference, error codes |
/// | restXml | `InvalidInput`; for elements, what the XML schema says | texts in public logs of Route 53 |
/// | awsJson, wrong type | `SerializationException` | API references, common errors |
pub(crate) fn refuse(service: &Service, violations: &[Violation]) -> AwsError {
    let first = &violations[0];
    let Violation { rule, path, .. } = first;
    let unknown = **rule == rules::MEMBER_KNOWN;
    match service.protocol {
        Protocol::Ec2 { .. } if **rule == rules::REQUIRED => {
            let text = format!("The request must contain the parameter {path}");
            rule.refuse_as("MissingParameter", text)
        }
        Protocol::Ec2 { .. } if unknown => {
            rule.refuse_as("UnknownParameter", format!("The parameter {path} is not recognized"))
        }
        Protocol::Ec2 { .. } => {
            let value = first.value.as_deref().unwrap_or_default();
            let text = format!("Value ({value}) for parameter {path} is invalid. {}", first.wanted);
            rule.refuse_as(service.invalid, text)
        }
        Protocol::RestXml { .. } if unknown => rule.refuse_as(
            service.invalid,
            format!(
                "Invalid XML ; cvc-complex-type.2.4.a: Invalid content was found starting with \
                 element '{path}'."
            ),
        ),
        Protocol::Json | Protocol::Cbor | Protocol::RestJson
            if unknown || **rule == rules::TYPE =>
        {
            rule.refuse_as("SerializationException", first.sentence())
        }
        _ if service.name == "ecr" => {
            let text = format!(
                "Invalid parameter at '{path}' failed to satisfy constraint: '{}'",
                first.wanted
            );
            rule.refuse_as(service.invalid, text)
        }
        _ => {
            let count = violations.len();
            let noun = if count == 1 { "error" } else { "errors" };
            let all: Vec<String> = violations.iter().map(Violation::sentence).collect();
            let text = format!("{count} validation {noun} detected: {}", all.join("; "));
            rule.refuse_as(service.invalid, text)
        }
    }
}
