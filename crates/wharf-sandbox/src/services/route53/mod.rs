//! Route 53.

pub mod state;

use self::state::Route53Event;
use super::{Operation, Protocol, Service, nothing_tagged};
use crate::world::World;

/// Route 53.
pub static SERVICE: Service = Service {
    name: "route53",
    protocol: Protocol::RestXml { xmlns: "https://route53.amazonaws.com/doc/2013-04-01/" },
    global: true,
    invalid: "InvalidInput",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];

/// Lets an event of this service happen.
pub(crate) fn happen(_world: &mut World, _region: &str, event: Route53Event) {
    match event {}
}
