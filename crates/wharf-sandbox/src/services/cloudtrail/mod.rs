//! CloudTrail: who changed what. Every change that a request made is an event; reads are none.

mod lookup;
mod record;
pub mod state;

use super::{Operation, Protocol, Service, nothing_tagged, read};

pub(crate) use self::record::record;

/// CloudTrail.
pub static SERVICE: Service = Service {
    name: "cloudtrail",
    protocol: Protocol::Json,
    global: false,
    invalid: "InvalidParameterException",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[read("LookupEvents", lookup::lookup)];
