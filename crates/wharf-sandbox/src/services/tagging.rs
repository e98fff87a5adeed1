//! The Resource Groups Tagging API: what carries a tag.

use super::{Operation, Protocol, Service, nothing_tagged};

/// The tagging API.
pub(super) static SERVICE: Service = Service {
    name: "tagging",
    protocol: Protocol::Json,
    global: false,
    invalid: "InvalidParameterException",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];
