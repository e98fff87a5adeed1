//! Secrets Manager.

pub mod state;

use super::{Operation, Protocol, Service, nothing_tagged};

/// Secrets Manager.
pub static SERVICE: Service = Service {
    name: "secretsmanager",
    protocol: Protocol::Json,
    global: false,
    invalid: "ValidationException",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];
