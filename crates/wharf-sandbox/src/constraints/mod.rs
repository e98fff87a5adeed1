//! The constraints of AWS's own service models, and the refusal of requests that break them.
//!
//! The models are in `constraints/*.json` beside `src`: of the operations that the sandbox answers,
//! the types, required members, sizes, ranges, patterns and enumerations. `just constraints` renews
//! them from botocore's.

mod check;
mod model;
mod pattern;
mod violation;

use serde_json::Value;

pub(crate) use self::violation::{Violation, refuse};
use self::{check::Checker, model::model_of};
use crate::{
    error::AwsError,
    services::{Operation, Service},
};

/// Refuses an input that breaks a constraint of its operation.
pub(crate) fn check(
    service: &Service,
    operation: &Operation,
    input: &Value,
) -> Result<(), AwsError> {
    let Some(model) = model_of(service.name) else { return Ok(()) };
    let Some(shape) = model.operations.get(operation.name) else { return Ok(()) };
    let violations = Checker::new(service, model).request(shape.as_deref(), input);
    if violations.is_empty() { Ok(()) } else { Err(refuse(service, &violations)) }
}

#[cfg(test)]
mod tests {
    use super::{model::model_of, pattern};
    use crate::services;

    #[test]
    fn every_operation_has_its_constraints_and_no_other_has() {
        for service in services::ALL {
            let model = model_of(service.name).expect("a service has a model");
            let known: Vec<&str> = model.operations.keys().map(String::as_str).collect();
            let mut answered: Vec<&str> = service.operations.iter().map(|it| it.name).collect();
            answered.sort_unstable();
            assert_eq!(known, answered, "{}: `just constraints` renews them", service.name);
        }
    }

    #[test]
    fn every_pattern_can_be_checked() {
        let mut count = 0;
        for service in services::ALL {
            for (name, shape) in &model_of(service.name).unwrap().shapes {
                let Some(pattern) = &shape.pattern else { continue };
                let wanted = shape.rewritten.as_ref().unwrap_or(pattern);
                assert!(pattern::compile(wanted).is_some(), "{} {name}: {wanted}", service.name);
                count += 1;
            }
        }
        assert!(count > 30, "{count}");
    }
}
