//! ACM: certificates.

mod lookup;
pub mod state;

use super::{Operation, Protocol, Service, nothing_tagged};
use crate::world::World;

use self::state::AcmEvent;

/// ACM.
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
pub(crate) fn happen(world: &mut World, region: &str, event: AcmEvent) {
    match event {
        AcmEvent::Released { certificate, balancer } => {
            lookup::released(world, region, &certificate, &balancer);
        }
        _ => {}
    }
}
