//! CloudWatch Logs.

pub mod state;

use super::{Operation, Protocol, Service, nothing_tagged};

/// CloudWatch Logs.
pub static SERVICE: Service = Service {
    name: "logs",
    protocol: Protocol::Json,
    global: false,
    invalid: "InvalidParameterException",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];
