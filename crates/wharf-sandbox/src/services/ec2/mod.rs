//! EC2.

pub mod state;

use self::state::Ec2Event;
use super::{Operation, Protocol, Service, nothing_tagged};
use crate::world::World;

/// EC2.
pub static SERVICE: Service = Service {
    name: "ec2",
    protocol: Protocol::Ec2 { xmlns: "http://ec2.amazonaws.com/doc/2016-11-15/" },
    global: false,
    invalid: "InvalidParameterValue",
    operations: OPERATIONS,
    tagged: nothing_tagged,
};

const OPERATIONS: &[Operation] = &[];

/// Lets an event of this service happen.
pub(crate) fn happen(_world: &mut World, _region: &str, event: Ec2Event) {
    match event {}
}
