//! The rules by which the sandbox refuses what AWS refuses, each with its name and source.
//!
//! A handler that finds a rule broken answers with `Rule::refuse`; the name then stands in the
//! [`crate::CallRecord`], and the list of all rules is the reference of the documentation.

use crate::error::AwsError;

pub mod acm;
pub mod autoscaling;
pub mod cloudtrail;
pub mod cloudwatch;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod elbv2;
pub mod iam;
pub mod input;
pub mod logs;
pub mod route53;
pub mod scheduler;
pub mod secrets;
pub mod ssm;
pub mod tagging;
pub mod tags;
pub mod wire;

/// Something that AWS refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name: the service and what must hold, such as `ecs/target-group-has-balancer`.
    pub id: &'static str,
    /// The service, as people call it.
    pub service: &'static str,
    /// What must hold.
    pub what: &'static str,
    /// The error code of the refusal.
    pub code: &'static str,
    /// The HTTP status of the refusal.
    pub status: u16,
    /// Where AWS says so.
    pub source: &'static str,
}

impl Rule {
    /// Returns the refusal, in AWS's words.
    pub(crate) fn refuse(&'static self, message: impl Into<String>) -> AwsError {
        self.refuse_as(self.code, message)
    }

    /// Returns the refusal under a code of the service's own, for a rule of all services.
    pub(crate) fn refuse_as(
        &'static self,
        code: &'static str,
        message: impl Into<String>,
    ) -> AwsError {
        AwsError { rule: Some(self), ..AwsError::new(code, message) }.with_status(self.status)
    }
}

/// The code of a rule for which each service has one of its own.
pub const BY_SERVICE: &str = "by service";

/// Declares the rules of a service.
macro_rules! rules {
    ($service:literal $($name:ident: $id:literal, $status:literal $code:expr, $what:literal, $source:literal;)+) => {
        $(
            #[doc = $what]
            pub static $name: $crate::rules::Rule = $crate::rules::Rule {
                id: $id,
                service: $service,
                what: $what,
                code: $code,
                status: $status,
                source: $source,
            };
        )+

        /// Every rule of the service.
        pub static ALL: &[&$crate::rules::Rule] = &[$(&$name),+];
    };
}
pub(crate) use rules;

/// Returns every rule of every service.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [
        wire::ALL,
        input::ALL,
        tags::ALL,
        ecs::ALL,
        elbv2::ALL,
        ec2::ALL,
        iam::ALL,
        acm::ALL,
        route53::ALL,
        scheduler::ALL,
        ecr::ALL,
        logs::ALL,
        ssm::ALL,
        secrets::ALL,
        tagging::ALL,
        autoscaling::ALL,
        cloudtrail::ALL,
        cloudwatch::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}
