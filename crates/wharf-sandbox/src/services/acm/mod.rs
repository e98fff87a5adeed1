//! Certificate Manager.

pub mod state;

use self::state::AcmEvent;
use super::{Operation, Protocol, Service, nothing_tagged};
use crate::world::World;

/// Certificate Manager.
pub static SERVICE: Service = Service {
    name: "acm",
    protocol: Protocol::Json,
    global: false,
    invalid: "ValidationException",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];

/// Lets an event of this service happen.
pub(crate) fn happen(_world: &mut World, _region: &str, event: AcmEvent) {
    match event {}
}
