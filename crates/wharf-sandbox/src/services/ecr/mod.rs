//! ECR.

pub mod state;

use super::{Operation, Protocol, Service, nothing_tagged};

/// ECR.
pub static SERVICE: Service = Service {
    name: "ecr",
    protocol: Protocol::Json,
    global: false,
    invalid: "InvalidParameterException",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];
