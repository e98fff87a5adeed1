//! Systems Manager's parameter store.

pub mod state;

use super::{Operation, Protocol, Service, nothing_tagged};

/// Systems Manager's parameter store.
pub static SERVICE: Service = Service {
    name: "ssm",
    protocol: Protocol::Json,
    global: false,
    invalid: "ValidationException",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];
