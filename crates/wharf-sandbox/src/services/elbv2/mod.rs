//! Elastic Load Balancing.

pub mod state;

use self::state::Elbv2Event;
use super::{Operation, Protocol, Service, nothing_tagged};
use crate::world::World;

/// Elastic Load Balancing.
pub static SERVICE: Service = Service {
    name: "elasticloadbalancing",
    protocol: Protocol::Query {
        xmlns: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    },
    global: false,
    invalid: "ValidationError",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];

/// Lets an event of this service happen.
pub(crate) fn happen(_world: &mut World, _region: &str, event: Elbv2Event) {
    match event {}
}
